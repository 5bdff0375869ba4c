#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <zlib.h>
#include <zstd.h>

#include "crawler/engine/digest.h"
#include "crawler/frontier/priority.h"

#define SELF "http://a.example/d/page"

enum packing { PLAIN, GZIP, GZIP_CUT };

/* One answer and what must come of it. NULL: not looked at. */
static const struct digested {
    const char *name;
    int status;
    const char *body, *type, *location, *robots, *encoding;
    enum packing packing;
    bool is_seed;
    enum cw_err err;
    const char *got_type, *charset, *title, *redirect, *detail;
    enum exclude_reason redirect_reason;
    int64_t size;
    int links; /* -1: not looked at */
    bool noindex, nofollow;
} cases[] = {
    {"a page", 200, "<title>t</title><a href=x>x</a>", "text/html", .got_type = "text/html",
     .title = "t", .charset = "windows-1252", .size = 31, .links = 1},
    {"gzip", 200, "<title>t</title>", "text/html", .encoding = "gzip", .packing = GZIP,
     .title = "t", .size = 16, .links = -1},
    {"x-gzip (RFC 9110 8.4.1.3)", 200, "<title>t</title>", "text/html", .encoding = "x-gzip",
     .packing = GZIP, .title = "t", .size = 16, .links = -1},
    {"gzip that ends early", 200, "<title>t</title>", "text/html", .encoding = "gzip",
     .packing = GZIP_CUT, .err = CW_ETRUNCATED, .links = -1},
    {"gzip that is none", 200, "<title>t</title>", "text/html", .encoding = "gzip",
     .err = CW_EENCODING, .links = -1},
    {"an encoding that nobody knows", 200, "x", "text/html", .encoding = "foo", .err = CW_EENCODING,
     .links = -1},
    {"text", 200, "plain <a href=x>", "text/plain; charset=iso-8859-1", .got_type = "text/plain",
     .charset = "windows-1252", .size = 16, .links = 0},
    {"the charset of the header", 200, "<title>\xe4</title>", "text/html; charset=ISO-8859-15",
     .charset = "ISO-8859-15", .title = "\xc3\xa4", .size = 16, .links = -1},
    {"the charset of the page", 200, "<meta charset=koi8-r><title>\xc1</title>", "text/html",
     .charset = "KOI8-R", .title = "\xd0\xb0", .size = 37, .links = -1},
    {"an empty body", 200, "", "text/html", .size = 0, .links = 0},
    {"no type at all", 200, "<!doctype html><title>t</title>", NULL, .got_type = "text/html",
     .title = "t", .size = 31, .links = -1},
    {"what claims to be something else is not read", 200, "<title>t</title><a href=x>", "image/png",
     .got_type = "image/png", .title = "", .size = 26, .links = 0},
    {"links of an error page are its navigation", 404, "<title>t</title><a href=x>x</a>",
     "text/html", .title = "t", .size = 31, .links = 0},
    {"noindex in the header", 200, "x", "text/html", .robots = "noindex", .size = 1,
     .noindex = true, .links = -1},
    {"nofollow for us alone", 200, "x", "text/html", .robots = "crawld: nofollow", .size = 1,
     .nofollow = true, .links = -1},
    {"nofollow for another", 200, "x", "text/html", .robots = "other: nofollow", .size = 1,
     .links = -1},
    {"noindex in the page", 200, "<meta name=robots content=noindex>", "text/html", .size = 34,
     .noindex = true, .links = -1},
    {"header and page add up", 200, "<meta name=robots content=noindex>", "text/html",
     .robots = "nofollow", .size = 34, .noindex = true, .nofollow = true, .links = -1},
    {"a redirect", 301, "", NULL, "http://a.example/x", .redirect = "http://a.example/x",
     .links = -1},
    {"a relative one", 302, "", NULL, "../x?q", .redirect = "http://a.example/x?q", .links = -1},
    {"without its fragment", 303, "", NULL, "/x#f", .redirect = "http://a.example/x", .links = -1},
    {"307", 307, "", NULL, "//a.example/y", .redirect = "http://a.example/y", .links = -1},
    {"308", 308, "", NULL, "y", .redirect = "http://a.example/d/y", .links = -1},
    {"to itself", 301, "", NULL, SELF, .redirect = SELF, .links = -1},
    {"an empty Location is none", 302, "", NULL, "", .links = -1},
    {"out of scope", 301, "", NULL, "http://b.example/", .redirect = "http://b.example/",
     .redirect_reason = EXCLUDE_SCOPE, .links = -1},
    {"a seed's target is a seed", 301, "", NULL, "http://b.example/", .is_seed = true,
     .redirect = "http://b.example/", .links = -1},
    {"unless its port is bad", 301, "", NULL, "http://b.example:22/", .is_seed = true,
     .redirect = "http://b.example:22/", .redirect_reason = EXCLUDE_PORT, .links = -1},
    {"another scheme", 301, "", NULL, "ftp://a.example/", .err = CW_EREDIRECT,
     .detail = "ftp://a.example/", .links = -1},
    {"no URL", 301, "", NULL, "http://[", .err = CW_EREDIRECT, .detail = "http://[", .links = -1},
    {"a 301 without a target is a page", 301, "x", "text/html", .size = 1, .links = -1},
    {"300 and 304 lead nowhere", 300, "x", "text/html", "/x", .size = 1, .links = -1},
    {"nor does a 201", 201, "x", "text/html", "/x", .size = 1, .links = -1},
};

static struct scope *make_scope(void)
{
    const struct str seeds[] = {STR("http://a.example/")}, exclude[] = {STR("*/no*")};
    const struct scope_options options = {
        .seeds = seeds, .seed_count = 1, .exclude = exclude, .exclude_count = 1, .max_depth = 3};
    struct scope *scope;
    assert_int_equal(scope_new(&scope, &options, NULL), CW_OK);
    return scope;
}

static void pack(struct buf *raw, const char *body, size_t len, enum packing packing)
{
    *raw = BUF_INIT(64 << 20);
    if (packing == PLAIN) {
        assert_int_equal(buf_add_bytes(raw, body, len), CW_OK);
        return;
    }
    z_stream z = {.next_in = (Bytef *)body, .avail_in = (uInt)len};
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
    size_t bound = deflateBound(&z, (uLong)len);
    assert_int_equal(buf_reserve(raw, bound), CW_OK);
    z.next_out = (Bytef *)raw->ptr;
    z.avail_out = (uInt)bound;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    raw->len = bound - z.avail_out;
    raw->len -= packing == GZIP_CUT ? 9 : 0;
    assert_int_equal(deflateEnd(&z), Z_OK);
}

static struct outcome *new_outcome(int status, bool is_seed)
{
    struct outcome *o = outcome_new();
    assert_non_null(o);
    o->url = STR(SELF);
    o->host = STR("a.example");
    o->depth = 2;
    o->is_seed = is_seed;
    o->attempt.status = status;
    return o;
}

static struct digest_input new_input(enum config_store store)
{
    return (struct digest_input){.scope = make_scope(),
                                 .agent = STR("crawld"),
                                 .max_size = 1 << 20,
                                 .store = store,
                                 .now_unix_ms = 1700000000000};
}

static void expect_text(const char *name, const char *what, struct str got, const char *expected)
{
    if (expected != NULL && !str_eq(str_is_absent(got) ? STR("") : got, str_of(expected)))
        fail_msg("%s: %s is \"" STR_FMT "\"", name, what, STR_ARG(got));
}

static void expect(const struct digested *c, const struct outcome *o)
{
    const struct page *page = &o->page;
    if (o->err != c->err || o->has_page != (c->err == CW_OK))
        fail_msg("%s: %s", c->name, cw_err_name(o->err));
    expect_text(c->name, "detail", o->detail, c->detail);
    if (c->err != CW_OK)
        return;
    expect_text(c->name, "content type", page->content_type, c->got_type);
    expect_text(c->name, "charset", page->charset, c->charset);
    expect_text(c->name, "title", page->title, c->title);
    expect_text(c->name, "redirect", page->redirect != NULL ? page->redirect->url : STR_NONE,
                c->redirect != NULL ? c->redirect : "");
    if (page->size != c->size || page->noindex != c->noindex || page->nofollow != c->nofollow ||
        page->status != c->status)
        fail_msg("%s: size %d, noindex %d, nofollow %d", c->name, (int)page->size, page->noindex,
                 page->nofollow);
    if (page->redirect != NULL) {
        assert_int_equal(page->redirect->verdict.reason, c->redirect_reason);
        assert_int_equal(page->redirect->depth, o->depth); /* a hop is no step deeper */
    }
    if (c->links != -1)
        assert_int_equal(page->link_count, c->links);
}

static void an_answer__becomes_a_page(void **state)
{
    (void)state;
    struct digester *d;
    assert_int_equal(digester_new(&d), CW_OK);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) { /* one digester for all, as in a crawl */
        const struct digested *c = &cases[i];
        struct outcome *o = new_outcome(c->status, c->is_seed);
        struct digest_input input = new_input(CONFIG_STORE_BODIES);
        pack(&input.raw, c->body, strlen(c->body), c->packing);
        input.headers = (struct fetch_headers){.content_type = str_of(c->type),
                                               .location = str_of(c->location),
                                               .x_robots_tag = str_of(c->robots),
                                               .content_encoding = str_of(c->encoding)};
        digest(d, o, &input);
        expect(c, o);
        digest_input_release(&input);
        outcome_free(o);
    }
    digester_free(d);
    digester_free(NULL);
}

/* What is kept of a page, decompressed; released by the caller. */
static struct buf kept_of(const struct page *page)
{
    struct buf kept = BUF_INIT(1 << 20);
    if (page->body.len == 0)
        return kept;
    unsigned long long size = ZSTD_getFrameContentSize(page->body.ptr, page->body.len);
    assert_true(size < (1 << 20));
    assert_int_equal(buf_reserve(&kept, size), CW_OK);
    assert_int_equal(ZSTD_decompress(kept.ptr, size, page->body.ptr, page->body.len), size);
    kept.len = size;
    return kept;
}

static void of_a_page__is_kept_what_the_settings_say(void **state)
{
    (void)state;
    static const struct {
        enum config_store store;
        const char *type, *body, *kept;
    } kept_cases[] = {
        {CONFIG_STORE_BODIES, "text/html", "<p>a</p><b>b\xe4</b>", "<p>a</p><b>b\xe4</b>"},
        {CONFIG_STORE_TEXT, "text/html", "<title>t</title><p>a</p><p>b</p>", NULL},
        {CONFIG_STORE_NONE, "text/html", "<p>a</p>", ""},
        {CONFIG_STORE_BODIES, "image/png", "\x89PNG", "\x89PNG"},
        {CONFIG_STORE_TEXT, "image/png", "\x89PNG", ""},
        {CONFIG_STORE_BODIES, "text/plain", "", ""},
    };
    struct digester *d;
    uint8_t none[16] = {0};
    assert_int_equal(digester_new(&d), CW_OK);
    for (size_t i = 0; i < ARRAY_LEN(kept_cases); i++) {
        struct outcome *o = new_outcome(200, false);
        struct digest_input input = new_input(kept_cases[i].store);
        pack(&input.raw, kept_cases[i].body, strlen(kept_cases[i].body), PLAIN);
        input.headers.content_type = str_of(kept_cases[i].type);
        digest(d, o, &input);
        assert_int_equal(o->err, CW_OK);
        assert_memory_not_equal(o->page.body_hash, none, sizeof none);
        struct buf kept = kept_of(&o->page);
        if (kept_cases[i].kept != NULL)
            expect_text(kept_cases[i].type, "kept", buf_str(&kept), kept_cases[i].kept);
        else
            assert_true(str_find(buf_str(&kept), STR("a")) < kept.len &&
                        str_find(buf_str(&kept), STR("<")) == kept.len);
        buf_release(&kept);
        digest_input_release(&input);
        outcome_free(o);
    }
    digester_free(d);
}

/* Digests `body` with a dictionary, or as the page that is to become one. */
static struct outcome *digest_beside(struct digester *d, const char *type, int status,
                                     struct str body, struct zdict **dict, bool makes_dict)
{
    struct outcome *o = new_outcome(status, false);
    struct digest_input input = new_input(CONFIG_STORE_BODIES);
    pack(&input.raw, body.ptr, body.len, PLAIN);
    input.headers.content_type = str_of(type);
    input.dict = zdict_hold(*dict);
    input.makes_dict = makes_dict;
    digest(d, o, &input);
    assert_int_equal(o->err, CW_OK);
    if (makes_dict)
        *dict = zdict_hold(input.dict);
    digest_input_release(&input);
    return o;
}

static void an_ordinary_page__becomes_the_dictionary_of_its_host(void **state)
{
    (void)state;
    static char room[100000];
    memset(room, 'x', sizeof room);
    static const struct {
        const char *name, *type;
        int status;
        size_t size;
        bool becomes_one, is_beside;
    } pages[] = {
        {"an error's page", "text/html", 404, 5000, false, true},
        {"a short one", "text/html", 200, 1000, false, true},
        {"a long one", "text/html", 200, 40000, false, true},
        {"a very long one", "text/html", 200, 70000, false, true},
        {"text", "text/plain", 200, 5000, false, false},
        {"an image", "image/png", 200, 5000, false, false},
        {"an ordinary page", "text/html", 200, 5000, true, true},
    };
    struct digester *d;
    struct zdict *dict = NULL;
    assert_int_equal(digester_new(&d), CW_OK);
    for (size_t i = 0; i < ARRAY_LEN(pages); i++) {
        struct outcome *o = digest_beside(d, pages[i].type, pages[i].status,
                                          str_from(room, pages[i].size), &dict, true);
        if ((dict != NULL) != pages[i].becomes_one || o->page.body_dict != dict)
            fail_msg("%s", pages[i].name);
        outcome_free(o);
    }
    for (size_t i = 0; i < ARRAY_LEN(pages); i++) {
        struct outcome *o = digest_beside(d, pages[i].type, pages[i].status,
                                          str_from(room, pages[i].size), &dict, false);
        if (o->page.body_dict != (pages[i].is_beside ? dict : NULL))
            fail_msg("%s", pages[i].name);
        outcome_free(o);
    }
    zdict_drop(dict);
    digester_free(d);
}

static void what_expands_beyond_any_ratio__is_a_bomb(void **state)
{
    (void)state;
    static const struct {
        size_t size;
        uint64_t max_size;
        enum cw_err err;
    } bombs[] = {{16 << 20, 64 << 20, CW_EBOMB}, {1 << 16, 1000, CW_ETOOBIG}};
    struct digester *d;
    assert_int_equal(digester_new(&d), CW_OK);
    for (size_t i = 0; i < ARRAY_LEN(bombs); i++) {
        struct outcome *o = new_outcome(200, false);
        struct digest_input input = new_input(CONFIG_STORE_BODIES);
        char *zeros = calloc(1, bombs[i].size);
        assert_non_null(zeros);
        for (size_t n = 0; bombs[i].err == CW_ETOOBIG && n < bombs[i].size; n++)
            zeros[n] = (char)(n * n >> 3);
        pack(&input.raw, zeros, bombs[i].size, GZIP);
        free(zeros);
        input.max_size = bombs[i].max_size;
        input.headers.content_encoding = STR("gzip");
        digest(d, o, &input);
        assert_int_equal(o->err, bombs[i].err);
        assert_false(o->has_page);
        digest_input_release(&input);
        outcome_free(o);
    }
    digester_free(d);
}

static void a_huge_location__is_no_target(void **state)
{
    (void)state;
    struct digester *d;
    char location[4000];
    assert_int_equal(digester_new(&d), CW_OK);
    memset(location, 'x', sizeof location);
    struct outcome *o = new_outcome(301, false);
    struct digest_input input = new_input(CONFIG_STORE_BODIES);
    input.headers.location = str_from(location, sizeof location);
    digest(d, o, &input);
    assert_int_equal(o->err, CW_EREDIRECT);
    assert_null(o->page.redirect);
    assert_int_equal(o->detail.len, 200);
    digest_input_release(&input);
    outcome_free(o);
    digester_free(d);
}

static void each_link__has_its_verdict_depth_and_priority(void **state)
{
    (void)state;
    static const char body[] = "<a href=/in>1</a><a href=/no>2</a><a href=http://b.example/>3</a>"
                               "<a href=/nf rel=nofollow>4</a><img src=/i.png alt=5>"
                               "<a href=http://a.example:22/>6</a>";
    static const enum exclude_reason reasons[] = {EXCLUDE_NONE,      EXCLUDE_PATTERN,
                                                  EXCLUDE_SCOPE,     EXCLUDE_NOFOLLOW,
                                                  EXCLUDE_REQUISITE, EXCLUDE_SCOPE};
    struct digester *d;
    assert_int_equal(digester_new(&d), CW_OK);
    for (int nofollow = 0; nofollow <= 1; nofollow++) {
        struct outcome *o = new_outcome(200, true);
        struct digest_input input = new_input(CONFIG_STORE_NONE);
        pack(&input.raw, body, strlen(body), PLAIN);
        input.headers.content_type = STR("text/html");
        input.headers.x_robots_tag = nofollow ? STR("nofollow") : STR_NONE;
        digest(d, o, &input);
        assert_int_equal(o->page.link_count, ARRAY_LEN(reasons));
        for (size_t i = 0; i < ARRAY_LEN(reasons); i++) {
            const struct page_link *link = &o->page.links[i];
            enum exclude_reason expected = nofollow && link->follow ? EXCLUDE_NOFOLLOW : reasons[i];
            assert_int_equal(link->priority, priority_of_depth(3));
            if (link->verdict.reason != expected || link->depth != 3)
                fail_msg("link %zu: %s", i + 1, exclude_reason_name(link->verdict.reason));
        }
        digest_input_release(&input);
        outcome_free(o);
    }
    digester_free(d);
}

/* Words that repeat nothing; those of one seed are the same. */
static void write_prose(char *room, size_t size, uint32_t seed)
{
    for (size_t i = 0; i < size; i++) {
        seed = seed * 1664525 + 1013904223;
        room[i] = (seed >> 29) == 0 ? ' ' : (char)('a' + (seed >> 24) % 26);
    }
}

static void what_a_dictionary_saves__is_weighed(void **state)
{
    (void)state;
    enum { BYTES = 8000 };
    static const struct {
        const char *name;
        int status;
        uint32_t seed;
        bool is_weighed, saves_half;
    } pages[] = {
        {"of the same template", 200, 1, true, true},
        {"that shares nothing", 200, 2, true, false},
        {"an error's page", 404, 1, false, false},
    };
    char room[BYTES];
    struct digester *d;
    struct zdict *dict = NULL;
    assert_int_equal(digester_new(&d), CW_OK);
    write_prose(room, sizeof room, 1);
    outcome_free(digest_beside(d, "text/html", 200, str_from(room, sizeof room), &dict, true));
    assert_non_null(dict);
    for (size_t i = 0; i < ARRAY_LEN(pages); i++) {
        struct outcome *o = new_outcome(pages[i].status, false);
        struct digest_input input = new_input(CONFIG_STORE_BODIES);
        write_prose(room, sizeof room, pages[i].seed);
        memcpy(room, "<p>", 3);
        pack(&input.raw, room, sizeof room, PLAIN);
        input.headers.content_type = STR("text/html");
        input.dict = zdict_hold(dict);
        input.weighs_dict = true;
        digest(d, o, &input);
        if (o->err != CW_OK || (input.bytes_alone > 0) != pages[i].is_weighed ||
            (input.bytes_beside < input.bytes_alone / 2) != pages[i].saves_half)
            fail_msg("%s: %zu, %zu", pages[i].name, input.bytes_alone, input.bytes_beside);
        digest_input_release(&input);
        outcome_free(o);
    }
    zdict_drop(dict);
    digester_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer__becomes_a_page),
        cmocka_unit_test(of_a_page__is_kept_what_the_settings_say),
        cmocka_unit_test(an_ordinary_page__becomes_the_dictionary_of_its_host),
        cmocka_unit_test(what_a_dictionary_saves__is_weighed),
        cmocka_unit_test(what_expands_beyond_any_ratio__is_a_bomb),
        cmocka_unit_test(a_huge_location__is_no_target),
        cmocka_unit_test(each_link__has_its_verdict_depth_and_priority),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
