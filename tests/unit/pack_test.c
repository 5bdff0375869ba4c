/* Frames, decoded as the store does it; and who is given a dictionary for them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crawler/engine/dicts.h"
#include "crawler/engine/pack.h"
#include "storage/sqlite/dicts.h"

enum { PAGE_BYTES = 12000, LONG_BYTES = 200000 };

static void drop_dict(struct zdict **dict)
{
    zdict_drop(*dict);
}

/* A page of site `site`: half of it is what all of the site have, half its own. */
static struct str make_page(char *room, size_t size, char site, unsigned number)
{
    uint64_t state = number;
    for (size_t i = 0; i < size; i++) {
        if (i % 200 == 0)
            state = i / 200 % 2 == 0 ? (uint64_t)site + i : state + number;
        state = state * 6364136223846793005u + 1442695040888963407u;
        room[i] = (char)('a' + (state >> 33) % 26);
    }
    return str_from(room, size);
}

static struct zdict *make_dict(struct packer *packer, char site)
{
    char room[PAGE_BYTES];
    struct zdict *dict = NULL;
    assert_int_equal(pack_dict(packer, &dict, make_page(room, sizeof room, site, 1)), CW_OK);
    return dict;
}

/* Packs, and proves that the store can read it. Gives the size of the frame. */
static size_t pack_and_read(struct packer *packer, struct str body, struct zdict *dict)
{
    CLEANUP(buf_release) struct buf frame = BUF_INIT(1 << 20);
    CLEANUP(buf_release) struct buf read = BUF_INIT(1 << 20);
    struct stored_frame beside = {STR_NONE, 0};
    if (dict != NULL)
        beside = (struct stored_frame){zdict_frame(dict), (int64_t)zdict_content(dict).len};
    assert_int_equal(pack(packer, &frame, body, dict), CW_OK);
    assert_int_equal(frame.cap, frame.len + 1); /* no slack */
    const struct stored_frame stored = {buf_str(&frame), (int64_t)body.len};
    assert_int_equal(dicts_decode(&read, &stored, &beside), CW_OK);
    assert_true(str_eq(buf_str(&read), body));
    return frame.len;
}

static void whatever_came_before__a_frame_can_be_read(void **state)
{
    (void)state;
    /* Which dictionary comes after which: 0 is none. */
    static const char order[] = "0A0AA0AAABABBBA0BBB0AAAA";
    static const size_t sizes[] = {1, 7, 500, PAGE_BYTES, 32 * 1024 + 1, 64 * 1024, LONG_BYTES};
    static char room[LONG_BYTES];
    struct packer *packer;
    assert_int_equal(packer_new(&packer), CW_OK);
    CLEANUP(drop_dict) struct zdict *a = make_dict(packer, 'A');
    CLEANUP(drop_dict) struct zdict *b = make_dict(packer, 'B');
    for (size_t size = 0; size < ARRAY_LEN(sizes); size++)
        for (size_t i = 0; order[i] != '\0'; i++) {
            struct zdict *dict = order[i] == 'A' ? a : order[i] == 'B' ? b : NULL;
            for (char site = 'A'; site <= 'B'; site++)
                pack_and_read(packer, make_page(room, sizes[size], site, 2 + (unsigned)i), dict);
        }
    packer_free(packer);
    packer_free(NULL);
}

/* Letters at random are 4.7 bits each. */
static void text_that_never_repeats__is_packed_letter_by_letter(void **state)
{
    (void)state;
    static const size_t sizes[] = {PAGE_BYTES, 20 * 1024, 64 * 1024, LONG_BYTES};
    static char room[LONG_BYTES];
    struct packer *packer;
    assert_int_equal(packer_new(&packer), CW_OK);
    CLEANUP(drop_dict) struct zdict *dict = make_dict(packer, 'A');
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        struct str text = make_page(room, sizes[i], 'B', 2);
        assert_true(pack_and_read(packer, text, NULL) < text.len * 13 / 20);
        assert_true(pack_and_read(packer, text, dict) < text.len * 13 / 20);
    }
    packer_free(packer);
}

static void what_pages_share__is_stored_once(void **state)
{
    (void)state;
    struct packer *packer;
    char room[PAGE_BYTES];
    struct str page = make_page(room, sizeof room, 'A', 2);
    assert_int_equal(packer_new(&packer), CW_OK);
    CLEANUP(drop_dict) struct zdict *own = make_dict(packer, 'A');
    CLEANUP(drop_dict) struct zdict *other = make_dict(packer, 'B');
    size_t plain = pack_and_read(packer, page, NULL);
    for (int times = 1; times <= 3; times++) { /* seen anew, loaded, used again */
        assert_true(pack_and_read(packer, page, own) < plain * 6 / 10);
        if (times == 2) /* of another site: of no use, and harmless */
            assert_true(pack_and_read(packer, page, other) < plain + 20);
    }
    packer_free(packer);
}

/* Memory may come back under the same address: that is not the same dictionary. */
static void dictionary_that_nobody_holds__is_still_the_packers(void **state)
{
    (void)state;
    struct packer *packer;
    char room[PAGE_BYTES];
    assert_int_equal(packer_new(&packer), CW_OK);
    for (char site = 'A'; site <= 'Z'; site++) {
        struct zdict *dict = make_dict(packer, site);
        for (unsigned number = 2; number < 5; number++)
            pack_and_read(packer, make_page(room, sizeof room, site, number), dict);
        zdict_drop(dict);
    }
    packer_free(packer);
}

static void of_some_bodies__no_dictionary_is_made(void **state)
{
    (void)state;
    static char room[ZDICT_MAX_BYTES + 1];
    struct packer *packer;
    struct zdict *dict = NULL;
    assert_int_equal(packer_new(&packer), CW_OK);
    (void)make_page(room, sizeof room, 'A', 1);
    assert_int_equal(pack_dict(packer, &dict, str_from(room, sizeof room)), CW_EINVAL);
    assert_int_equal(pack_dict(packer, &dict, str_from(room, 100)), CW_EINVAL);
    assert_int_equal(pack_dict(packer, &dict, str_from(room, 0)), CW_EINVAL);
    memcpy(room, "\x37\xa4\x30\xec", 4); /* as a trained dictionary begins */
    assert_int_equal(pack_dict(packer, &dict, str_from(room, PAGE_BYTES)), CW_EINVAL);
    assert_null(dict);
    room[3] = 'x';
    assert_int_equal(pack_dict(packer, &dict, str_from(room, PAGE_BYTES)), CW_OK);
    zdict_drop(dict);
    packer_free(packer);
}

/* ---- who gets one ---- */

/* An answer of the host is digested; `is_ordinary`: it can become a dictionary. True when it was
 * asked to. */
static bool answer(struct dicts *dicts, struct host_dict *host, bool is_ordinary)
{
    struct digest_input input = {0};
    dicts_give(dicts, host, &input);
    bool was_asked = input.makes_dict;
    assert_false(was_asked && input.dict != NULL);
    if (was_asked && is_ordinary)
        assert_int_equal(zdict_new(&input.dict, STR("content"), STR("frame")), CW_OK);
    dicts_take(dicts, host, &input);
    digest_input_release(&input);
    return was_asked;
}

static void host_gets_a_dictionary__after_its_first_answers(void **state)
{
    (void)state;
    struct dicts dicts = {0};
    struct host_dict host = {0};
    for (int i = 0; i < DICTS_AFTER; i++)
        assert_false(answer(&dicts, &host, true));
    assert_true(answer(&dicts, &host, false)); /* an image: the next one is asked */
    assert_int_equal(dicts.count, 0);
    assert_true(answer(&dicts, &host, true));
    assert_non_null(host.dict);
    assert_int_equal(dicts.count, 1);
    assert_false(answer(&dicts, &host, true));
    dicts_forget(&dicts, &host);
    assert_int_equal(dicts.count, 0);
}

/* The next answer, if it is asked, says what the dictionary saves of its hundred thousand bytes;
 * -1: it is an image. True when it was asked. */
static bool weigh(struct dicts *dicts, struct host_dict *host, int saved)
{
    struct digest_input input = {0}, other = {0};
    dicts_give(dicts, host, &input);
    bool was_asked = input.weighs_dict, is_last = host->weighed + 1 == DICTS_WEIGHED;
    dicts_give(dicts, host, &other); /* several at a time, but no more than are needed */
    assert_false(other.makes_dict);
    assert_int_equal(other.weighs_dict, was_asked && !is_last);
    if (was_asked && saved >= 0) {
        input.bytes_alone = 100000;
        input.bytes_beside = 100000 - (size_t)saved;
    }
    dicts_take(dicts, host, &input);
    dicts_take(dicts, host, &other);
    digest_input_release(&input);
    digest_input_release(&other);
    return was_asked;
}

static void dictionary_that_saves_little__is_given_up_for_good(void **state)
{
    (void)state;
    struct dicts dicts = {0};
    struct host_dict useful = {.answers = DICTS_AFTER}, idle = {.answers = DICTS_AFTER};
    assert_true(answer(&dicts, &useful, true) && answer(&dicts, &idle, true));
    for (int i = 0; i < DICTS_WEIGHED; i++) {
        assert_true(weigh(&dicts, &useful, -1));
        assert_true(weigh(&dicts, &useful, i == 0 ? 50000 : 1000));
        assert_non_null(idle.dict);
        assert_true(weigh(&dicts, &idle, 3000));
    }
    assert_non_null(useful.dict);
    assert_null(idle.dict);
    assert_int_equal(dicts.count, 1);
    assert_false(weigh(&dicts, &useful, 0));
    assert_false(answer(&dicts, &idle, true));
    dicts_forget(&dicts, &useful);
    dicts_forget(&dicts, &idle);
    assert_int_equal(dicts.count, 0);
}

/* They answer in any order. */
static void weighing__asks_no_more_pages_than_it_needs(void **state)
{
    (void)state;
    struct dicts dicts = {0};
    struct host_dict host = {.answers = DICTS_AFTER};
    struct digest_input inputs[DICTS_WEIGHED + 2] = {0};
    assert_true(answer(&dicts, &host, true));
    for (int i = 0; i < DICTS_WEIGHED + 1; i++) {
        dicts_give(&dicts, &host, &inputs[i]);
        assert_int_equal(inputs[i].weighs_dict, i < DICTS_WEIGHED);
    }
    dicts_take(&dicts, &host, &inputs[3]); /* an image: one more is asked */
    dicts_give(&dicts, &host, &inputs[DICTS_WEIGHED + 1]);
    assert_true(inputs[DICTS_WEIGHED + 1].weighs_dict);
    for (int i = DICTS_WEIGHED + 1; i >= 0; i--) {
        assert_non_null(host.dict);
        inputs[i].bytes_alone = inputs[i].bytes_beside = 100000;
        if (i != 3)
            dicts_take(&dicts, &host, &inputs[i]);
    }
    assert_null(host.dict);
    for (size_t i = 0; i < ARRAY_LEN(inputs); i++)
        digest_input_release(&inputs[i]);
}

static void page_that_is_too_long__is_not_asked(void **state)
{
    (void)state;
    struct dicts dicts = {0};
    struct host_dict host = {.answers = DICTS_AFTER};
    struct digest_input input = {.raw.len = ZDICT_MAX_BYTES + 1};
    dicts_give(&dicts, &host, &input);
    assert_false(input.makes_dict);
    input.raw.len = ZDICT_MAX_BYTES;
    dicts_give(&dicts, &host, &input);
    assert_true(input.makes_dict);
    dicts_take(&dicts, &host, &input);
    dicts_forget(&dicts, &host);
}

static void while_one_digest_makes_it__no_other_does(void **state)
{
    (void)state;
    struct dicts dicts = {0};
    struct host_dict host = {.answers = DICTS_AFTER};
    struct digest_input first = {0}, second = {0}, third = {0};
    dicts_give(&dicts, &host, &first);
    dicts_give(&dicts, &host, &second);
    assert_true(first.makes_dict);
    assert_false(second.makes_dict);
    assert_int_equal(zdict_new(&first.dict, STR("content"), STR("frame")), CW_OK);
    struct zdict *made = first.dict;
    dicts_take(&dicts, &host, &first);
    dicts_take(&dicts, &host, &second);
    dicts_give(&dicts, &host, &third);
    assert_ptr_equal(third.dict, made);
    dicts_take(&dicts, &host, &third);
    assert_ptr_equal(third.dict, made); /* still held */
    dicts_forget(&dicts, &host);
    digest_input_release(&third);
}

static void dictionaries__are_no_more_than_their_ceiling(void **state)
{
    (void)state;
    struct dicts dicts = {0};
    static struct host_dict hosts[DICTS_MAX + 1];
    for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
        hosts[i].answers = DICTS_AFTER;
        assert_int_equal(answer(&dicts, &hosts[i], true), i < DICTS_MAX);
    }
    dicts_forget(&dicts, &hosts[0]); /* the host goes: there is room for another one's */
    assert_true(answer(&dicts, &hosts[DICTS_MAX], true));
    for (size_t i = 0; i < ARRAY_LEN(hosts); i++)
        dicts_forget(&dicts, &hosts[i]);
    assert_int_equal(dicts.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_came_before__a_frame_can_be_read),
        cmocka_unit_test(text_that_never_repeats__is_packed_letter_by_letter),
        cmocka_unit_test(what_pages_share__is_stored_once),
        cmocka_unit_test(dictionary_that_nobody_holds__is_still_the_packers),
        cmocka_unit_test(of_some_bodies__no_dictionary_is_made),
        cmocka_unit_test(host_gets_a_dictionary__after_its_first_answers),
        cmocka_unit_test(dictionary_that_saves_little__is_given_up_for_good),
        cmocka_unit_test(weighing__asks_no_more_pages_than_it_needs),
        cmocka_unit_test(page_that_is_too_long__is_not_asked),
        cmocka_unit_test(while_one_digest_makes_it__no_other_does),
        cmocka_unit_test(dictionaries__are_no_more_than_their_ceiling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
