#include "crawler/parse/shingles.h"

#include <assert.h>

#include "crawler/parse/shingle_words_p.h"

enum {
    PRIME = 0x01000193,
    ANY_NUMBER = 0x23232323,
    PART_WEIGHT = 4,     /* a picture says as much as a short sentence */
    LONG_RUN_WEIGHT = 4, /* and so does a long one in words known before */
    SKIM_BITS = 2,       /* far down a page one run in four is read */
    LARGEST_NUMBER = 999999999,
    SHORT_VALUE = 12,
};

static uint32_t mix(uint32_t hash)
{
    hash ^= hash >> 16;
    hash *= 0x85EBCA6B; /* the end of MurmurHash3 */
    hash ^= hash >> 13;
    hash *= 0xC2B2AE35;
    return hash ^ hash >> 16;
}

/* ---- numbers of the URL ---- */

/* Does a word of the URL say that its numbers are dates? Short ones do as the name of a query's
 * value only. */
static bool names_a_date(struct str word, bool is_key)
{
    static const char *const names[] = {"y",        "yr",   "year", "m",     "mo",  "mon",
                                        "month",    "w",    "week", "d",     "day", "cal",
                                        "calendar", "date", "time", "events"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if ((is_key || word.len > 2) && str_eq_nocase(word, str_of(names[i])))
            return true;
    return false;
}

static bool is_year(uint64_t number, size_t digits)
{
    return digits == 4 && number >= 1900 && number < 2200;
}

/* Takes a run of letters and digits off the front. */
static struct str take_word(struct str *rest)
{
    size_t start = 0, end;
    while (start < rest->len && kinds[(unsigned char)rest->ptr[start]] == BREAK)
        start++;
    for (end = start; end < rest->len && kinds[(unsigned char)rest->ptr[end]] != BREAK;)
        end++;
    struct str word = str_from(rest->ptr + start, end - start);
    *rest = str_skip(*rest, end);
    return word;
}

static void read_numbers(struct shingles *s, struct str url)
{
    struct str rest = str_skip(url, str_find(url, STR("//")) + 2);
    rest = str_skip(rest, str_find_char(rest, '/'));
    while (rest.len > 0) {
        uint64_t number;
        struct str word = take_word(&rest);
        bool is_number = str_to_u64(word, LARGEST_NUMBER, &number);
        if (names_a_date(word, str_starts(rest, STR("="))) ||
            (is_number && is_year(number, word.len))) {
            s->number_count = 0;
            return;
        }
        if (is_number && s->number_count < SHINGLES_URL_NUMBERS)
            s->numbers[s->number_count++] = (uint32_t)number;
    }
}

static bool is_of_url(const struct shingles *s, uint32_t number)
{
    for (unsigned i = 0; i < s->number_count; i++)
        if (s->numbers[i] == number)
            return true;
    return false;
}

/* ---- the set ---- */

static_assert(SHINGLES_MAX + 1 <= UINT8_MAX, "a slot names a place");

static unsigned slot_of(uint32_t hash)
{
    return (hash >> 9) & (SHINGLES_SLOTS - 1); /* low bits are all alike in a sample */
}

/* Too many: every second one goes. Which ones, no processor could foresee: so no jump for each. */
static void thin_out(struct shingles *s)
{
    unsigned count = 0;
    s->mask = s->mask << 1 | 1;
    for (unsigned i = 0; i < s->count; i++) {
        uint32_t hash = s->items[i];
        s->items[count] = hash; /* `count` never passes `i` */
        count += (hash & s->mask) == 0;
    }
    memset(s->slots, 0, sizeof s->slots);
    s->count = count;
    for (unsigned i = 0; i < count; i++) {
        unsigned slot = slot_of(s->items[i]);
        while (s->slots[slot] != 0)
            slot = (slot + 1) & (SHINGLES_SLOTS - 1);
        s->slots[slot] = (uint8_t)(i + 1);
    }
}

static void insert(struct shingles *s, uint32_t hash)
{
    unsigned slot = slot_of(hash), place;
    for (; (place = s->slots[slot]) != 0; slot = (slot + 1) & (SHINGLES_SLOTS - 1))
        if (s->items[place - 1] == hash)
            return;
    s->items[s->count++] = hash;
    s->slots[slot] = (uint8_t)s->count;
    while (s->count > SHINGLES_MAX)
        thin_out(s);
}

static inline void add_hash(struct shingles *s, uint32_t hash)
{
    if ((hash & s->mask) == 0 && hash != 0) /* words are mixed enough, and so is a sum of them */
        insert(s, hash);
}

static void add_heavy(struct shingles *s, uint32_t hash, unsigned weight)
{
    for (uint32_t i = 0; i < weight; i++)
        add_hash(s, hash + i * 0x9E3779B9);
}

/* ---- words ---- */

/* Few words have digits. */
static void add_digits(struct shingles *s, uint64_t group, uint64_t digits)
{
    for (; digits != 0; digits &= digits - 1) {
        unsigned shift = (unsigned)__builtin_ctzll(digits) & ~7U;
        s->number = s->number * 10 + (uint32_t)(group >> shift & 0xFF) - '0';
        s->digits++;
        s->letters--;
    }
}

/* Takes what the text at `at` has of a word, at most eight bytes, and says how many. */
static unsigned take_group(struct shingles *s, struct str text, size_t at)
{
    uint64_t group = group_at(text, at);
    const struct marks marks = classify(group);
    unsigned count = bytes_of_word(&marks);
    if (count == 0)
        return 0;
    uint64_t lower = group | marks.upper_or_lower >> 2; /* 0x80 >> 2 is what parts the cases */
    word_add(&s->word, first_bytes(lower, count), count);
    s->letters += count;
    add_digits(s, group, first_bytes(marks.digits, count));
    return count;
}

/* ---- runs ---- */

/* "404" and "not found", "not exist": the page may well say that there is none. */
static void look_for_loss(struct shingles *s, uint32_t word, uint32_t number)
{
    if (word == ANY_NUMBER)
        s->is_lost |= number == 404;
    else if (s->after_not)
        s->is_lost |= word == s->found_word || word == s->exist_word;
    s->after_not = word == s->not_word;
}

/* The run goes on with `word`. Returns the hash of its last SHINGLE_WORDS words. */
static inline uint32_t run_add(struct shingle_run *run, uint32_t word)
{
    uint32_t hash = run->last[2] * UINT32_C(0x85EBCA77) + run->last[1] * UINT32_C(0xC2B2AE3D) +
                    run->last[0] * UINT32_C(0x27D4EB2F) + word;
    run->last[2] = run->last[1];
    run->last[1] = run->last[0];
    run->last[0] = word;
    run->hash = (run->hash ^ word) * PRIME;
    run->words++;
    return hash;
}

/* The run's first word says whether it is read. */
static inline bool is_read(const struct shingles *s, uint32_t first_word)
{
    return !s->skims || first_word >> (32 - SKIM_BITS) == 0;
}

static void add_word(struct shingles *s, uint32_t word)
{
    uint32_t hash = run_add(&s->run, word);
    if (s->run.words == 1)
        s->is_skipped = !is_read(s, word);
    if (s->run.words >= SHINGLE_WORDS && !s->is_skipped)
        add_hash(s, hash);
}

static void begin_word(struct shingles *s)
{
    s->word = (struct shingle_word){.hash = SEED};
    s->number = s->letters = s->digits = 0;
}

static void end_word(struct shingles *s)
{
    bool is_number = s->letters == 0;
    bool counts = s->digits == 0 || (is_number && s->digits < 10 && is_of_url(s, s->number));
    uint32_t word = counts ? word_hash(&s->word) : ANY_NUMBER;
    look_for_loss(s, s->digits > 0 ? ANY_NUMBER : word, is_number ? s->number : 0);
    add_word(s, word);
    begin_word(s);
}

static void add_whole_run(struct shingles *s)
{
    if (s->letters + s->digits > 0)
        end_word(s);
    if (!s->is_skipped && s->run.words < SHINGLE_WORDS)
        add_hash(s, s->run.hash);
    else if (!s->is_skipped && s->run.words >= LONG_RUN_WORDS)
        add_heavy(s, s->run.hash, LONG_RUN_WEIGHT);
    s->is_skipped = false;
    s->run.words = 0;
    s->run.hash = SEED;
}

void shingles_end_run(struct shingles *s)
{
    if (s->run.words + s->letters + s->digits > 0)
        add_whole_run(s);
    s->skims = s->text_left < SHINGLES_TEXT_MAX - SHINGLES_WHOLE_MAX;
}

void shingles_init(struct shingles *s, struct str url)
{
    memset(s, 0, sizeof *s);
    s->text_left = SHINGLES_TEXT_MAX;
    begin_word(s);
    s->run.hash = SEED;
    s->not_word = hash_word(STR("not"));
    s->found_word = hash_word(STR("found"));
    s->exist_word = hash_word(STR("exist"));
    read_numbers(s, url);
}

/* Most words are plain: ASCII letters alone; and here most of the time is spent. The same as
 * add_any_word(), with the run in registers. Returns the place of the first word that is not plain,
 * or the end of the text, where a word may be open. */
static size_t add_plain_words(struct shingles *s, struct str text, size_t at)
{
    struct shingle_run run = s->run;
    for (size_t end;; at = end + 1) {
        end = at = skip_breaks(text, at);
        struct shingle_word w = read_letters(text, &end);
        if (end == text.len && end > at) {
            s->word = w;
            s->letters = (unsigned)(end - at);
            at = end;
        }
        if (end == at || !is_break(text.ptr[end]))
            break;
        uint32_t word = word_hash(&w), shingle = run_add(&run, word);
        if (s->after_not || word == s->not_word)
            look_for_loss(s, word, 0);
        if (run.words >= SHINGLE_WORDS) {
            add_hash(s, shingle);
        } else if (run.words == 1 && !is_read(s, word)) {
            s->is_skipped = true;
            break;
        }
    }
    s->run = run;
    return at;
}

/* Adds the word at `at`, or what the text has of it. Returns the place behind it. */
static size_t add_any_word(struct shingles *s, struct str text, size_t at)
{
    unsigned count;
    do {
        count = take_group(s, text, at);
        at += count;
    } while (count == GROUP_BYTES && at < text.len);
    if (at < text.len && s->letters + s->digits > 0)
        end_word(s);
    return at;
}

static void add_words(struct shingles *s, struct str text)
{
    char room[2 * GROUP_BYTES];
    size_t at = 0;
    text = with_room(text, room);
    if (s->letters + s->digits > 0) /* it may go on */
        at = add_any_word(s, text, at);
    while (!s->is_skipped && (at = skip_breaks(text, at)) < text.len) {
        at = add_plain_words(s, text, at);
        if (at < text.len && !s->is_skipped)
            at = add_any_word(s, text, at);
    }
}

void shingles_add(struct shingles *s, struct str text)
{
    text = str_first(text, s->text_left);
    s->text_left -= text.len;
    bool is_open = s->letters + s->digits > 0;
    if (text.len == 0 || s->is_skipped || (text.len == 1 && !is_open && is_break(text.ptr[0])))
        return;
    add_words(s, text);
}

void shingles_add_part(struct shingles *s, struct str url)
{
    size_t query = str_find_char(url, '?'), slash = query;
    while (slash > 0 && url.ptr[slash - 1] != '/')
        slash--;
    uint32_t hash = hash_word(str_from(url.ptr + slash, query - slash));
    for (struct str rest = str_skip(url, query + 1); query < url.len && !str_is_absent(rest);) {
        struct str pair = str_cut(&rest, '&');
        if (pair.len > 0 &&
            pair.len - str_find_char(pair, '=') <= SHORT_VALUE + 1) /* longer: a session, a key */
            hash = (hash ^ hash_word(pair)) * PRIME;
    }
    add_heavy(s, hash, PART_WEIGHT);
}

/* The title as the text is read: what numbers say there, they say here. */
static uint32_t hash_title(const struct shingles *s, struct str title)
{
    uint32_t hash = SEED;
    while (title.len > 0) {
        uint64_t number;
        struct str word = take_word(&title);
        bool has_digit = false;
        for (size_t i = 0; i < word.len; i++)
            has_digit |= ascii_is_digit(word.ptr[i]);
        bool is_said = !has_digit || (str_to_u64(word, LARGEST_NUMBER, &number) &&
                                      is_of_url(s, (uint32_t)number));
        hash = (hash ^ (is_said ? hash_word(word) : ANY_NUMBER)) * PRIME;
    }
    return mix(hash);
}

void shingles_finish(struct shingles *s, struct str title, struct print *ret)
{
    shingles_end_run(s);
    s->skims = false;
    s->text_left = MAX(s->text_left, TITLE_MAX);
    shingles_add(s, title);
    shingles_end_run(s);
    uint32_t sum = 0;
    for (unsigned i = 0; i < s->count; i++)
        sum += mix(s->items[i] ^ 0x5BD1E995);
    *ret = (struct print){
        .items = s->items,
        .count = s->count,
        .each = s->mask + 1,
        .title = title.len > 0 ? hash_title(s, title) : 0,
        .sum = sum,
        .is_lost = s->is_lost,
    };
}
