#include "crawler/parse/shingles.h"

#include <endian.h>

/* What a byte is part of. */
enum { BREAK, LETTER, DIGIT };
static const unsigned char kinds[256] = {
    ['0' ... '9'] = DIGIT,
    ['A' ... 'Z'] = LETTER,
    ['a' ... 'z'] = LETTER,
    [0x80 ... 0xFF] = LETTER,
};

enum {
    SEED = 0x811C9DC5, /* FNV-1a's; each word is short, and speed is what counts */
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

static void insert(struct shingles *s, uint32_t hash)
{
    uint32_t slot = (hash >> 9) & (SHINGLES_SLOTS - 1); /* low bits are all alike in a sample */
    while (s->slots[slot] != 0 && s->slots[slot] != hash)
        slot = (slot + 1) & (SHINGLES_SLOTS - 1);
    s->count += s->slots[slot] == 0;
    s->slots[slot] = hash;
}

/* Too many: every second one goes. Which ones, no processor could foresee: so no jump for each. */
static void thin_out(struct shingles *s)
{
    uint32_t left[SHINGLES_SLOTS];
    unsigned count = 0;
    s->mask = s->mask << 1 | 1;
    for (size_t i = 0; i < SHINGLES_SLOTS; i++) {
        uint32_t hash = s->slots[i];
        left[count] = hash; /* `count` never passes `i` */
        count += (unsigned)(hash != 0) & (unsigned)((hash & s->mask) == 0);
    }
    memset(s->slots, 0, sizeof s->slots);
    s->count = 0;
    for (unsigned i = 0; i < count; i++)
        insert(s, left[i]);
}

static void add_hash(struct shingles *s, uint32_t hash)
{
    if (hash == 0 || (hash & s->mask) != 0) /* words are mixed enough, and so is a sum of them */
        return;
    insert(s, hash);
    while (s->count > SHINGLES_MAX)
        thin_out(s);
}

static void add_heavy(struct shingles *s, uint32_t hash, unsigned weight)
{
    for (uint32_t i = 0; i < weight; i++)
        add_hash(s, hash + i * 0x9E3779B9);
}

/* ---- words ---- */

/* Eight bytes of text are looked at in one go, as one number; a word is hashed eight bytes at a
 * time, the last of them filled up with zeros. */
enum { GROUP_BYTES = 8 };
#define ONES     UINT64_C(0x0101010101010101)
#define TOPS     (ONES * 0x80)
#define WORD_MUL UINT64_C(0x9E3779B97F4A7C15)

/* The highest bit of each byte says whether it is ... */
struct marks {
    uint64_t letters, digits;
    uint64_t upper_or_lower; /* an ASCII letter */
};

/* No byte carries into the next: with the highest bit cleared, none gets beyond 0xFF. */
static struct marks classify(uint64_t group)
{
    uint64_t low = group & ~TOPS, folded = (group | ONES * 0x20) & ~TOPS;
    uint64_t from_a = folded + ONES * (0x80 - 'a'), after_z = folded + ONES * (0x80 - 'z' - 1);
    uint64_t from_0 = low + ONES * (0x80 - '0'), after_9 = low + ONES * (0x80 - '9' - 1);
    uint64_t ascii = ~group & TOPS, alpha = from_a & ~after_z & ascii;
    return (struct marks){.letters = alpha | (group & TOPS),
                          .digits = from_0 & ~after_9 & ascii,
                          .upper_or_lower = alpha};
}

/* How many bytes there are before the first one that is in no word. */
static unsigned bytes_of_word(const struct marks *marks)
{
    uint64_t breaks = ~(marks->letters | marks->digits) & TOPS;
    return breaks != 0 ? (unsigned)__builtin_ctzll(breaks) / 8 : GROUP_BYTES;
}

static uint64_t first_bytes(uint64_t group, unsigned count)
{
    return count < GROUP_BYTES ? group & ((UINT64_C(1) << count * 8) - 1) : group;
}

/* Up to eight bytes; those behind the end of the text are zero. */
static uint64_t group_at(struct str text, size_t at)
{
    uint64_t group = 0;
    if (text.len - at >= GROUP_BYTES)
        memcpy(&group, text.ptr + at, GROUP_BYTES);
    else
        memcpy(&group, text.ptr + at, text.len - at);
    return le64toh(group);
}

static uint64_t hash_group(uint64_t hash, uint64_t group)
{
    hash = (hash ^ group) * WORD_MUL;
    return hash ^ hash >> 32;
}

/* The word goes on with the first `count` bytes of `group`; the others are zero. */
static void word_add(struct shingle_word *w, uint64_t group, unsigned count)
{
    unsigned filled = w->group_bytes;
    w->group |= group << filled * 8;
    w->group_bytes += count;
    if (w->group_bytes < GROUP_BYTES)
        return;
    w->hash = hash_group(w->hash, w->group);
    w->group = filled > 0 ? group >> (GROUP_BYTES - filled) * 8 : 0;
    w->group_bytes -= GROUP_BYTES;
}

static uint32_t word_hash(const struct shingle_word *w)
{
    uint64_t hash = w->group_bytes > 0 ? hash_group(w->hash, w->group) : w->hash;
    return (uint32_t)(hash * WORD_MUL >> 32);
}

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

/* Of one word, as the text's words are hashed. */
static uint32_t hash_word(struct str word)
{
    struct shingle_word w = {.hash = SEED};
    for (size_t at = 0; at < word.len; at += GROUP_BYTES) {
        uint64_t group = group_at(word, at);
        const struct marks marks = classify(group);
        word_add(&w, group | marks.upper_or_lower >> 2,
                 (unsigned)MIN(word.len - at, (size_t)GROUP_BYTES));
    }
    return word_hash(&w);
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

static inline void add_word(struct shingles *s, uint32_t word)
{
    uint32_t hash = s->last[2] * UINT32_C(0x85EBCA77) + s->last[1] * UINT32_C(0xC2B2AE3D) +
                    s->last[0] * UINT32_C(0x27D4EB2F) + word;
    s->last[2] = s->last[1];
    s->last[1] = s->last[0];
    s->last[0] = word;
    s->run = (s->run ^ word) * PRIME;
    if (s->run_words == 0 && s->skims)
        s->is_skipped = word >> (32 - SKIM_BITS) != 0;
    if (++s->run_words >= SHINGLE_WORDS && !s->is_skipped)
        add_hash(s, hash);
}

static void begin_word(struct shingles *s)
{
    s->word = (struct shingle_word){.hash = SEED};
    s->number = s->letters = s->digits = 0;
}

static void end_word(struct shingles *s)
{
    if (s->letters + s->digits == 0)
        return;
    bool is_number = s->letters == 0;
    bool counts = s->digits == 0 || (is_number && s->digits < 10 && is_of_url(s, s->number));
    uint32_t word = counts ? word_hash(&s->word) : ANY_NUMBER;
    look_for_loss(s, s->digits > 0 ? ANY_NUMBER : word, is_number ? s->number : 0);
    add_word(s, word);
    begin_word(s);
}

void shingles_end_run(struct shingles *s)
{
    end_word(s);
    if (s->is_skipped)
        s->is_skipped = false;
    else if (s->run_words > 0 && s->run_words < SHINGLE_WORDS)
        add_hash(s, s->run);
    else if (s->run_words >= LONG_RUN_WORDS)
        add_heavy(s, s->run, LONG_RUN_WEIGHT);
    s->run_words = 0;
    s->run = SEED;
    s->skims = s->text_left < SHINGLES_TEXT_MAX - SHINGLES_WHOLE_MAX;
}

void shingles_init(struct shingles *s, struct str url)
{
    memset(s, 0, sizeof *s);
    s->text_left = SHINGLES_TEXT_MAX;
    begin_word(s);
    s->run = SEED;
    s->not_word = hash_word(STR("not"));
    s->found_word = hash_word(STR("found"));
    s->exist_word = hash_word(STR("exist"));
    read_numbers(s, url);
}

/* Most words have no digits and stand whole in the text: such a one at `at` is added in one go.
 * How many bytes that were; 0: it is none, or there is none. */
static inline size_t add_plain_word(struct shingles *s, struct str text, size_t at)
{
    uint64_t hash = SEED;
    for (size_t len = 0; text.len - at - len >= GROUP_BYTES; len += GROUP_BYTES) {
        uint64_t group = group_at(text, at + len);
        const struct marks marks = classify(group);
        unsigned count = bytes_of_word(&marks);
        uint64_t lower = first_bytes(group | marks.upper_or_lower >> 2, count);
        if (len + count == 0 || first_bytes(marks.digits, count) != 0)
            return 0;
        if (count > 0)
            hash = hash_group(hash, lower);
        if (count == GROUP_BYTES)
            continue;
        uint32_t word = (uint32_t)(hash * WORD_MUL >> 32);
        look_for_loss(s, word, 0);
        add_word(s, word);
        return len + count;
    }
    return 0;
}

void shingles_add(struct shingles *s, struct str text)
{
    text = str_first(text, s->text_left);
    s->text_left -= text.len;
    for (size_t at = 0; at < text.len && !s->is_skipped; at++) {
        unsigned count;
        size_t taken = s->letters + s->digits == 0 ? add_plain_word(s, text, at) : 0;
        at += taken;
        if (taken > 0 ||
            (s->letters + s->digits == 0 && kinds[(unsigned char)text.ptr[at]] == BREAK))
            continue;
        do {
            count = take_group(s, text, at);
            at += count;
        } while (count == GROUP_BYTES && at < text.len);
        if (at < text.len)
            end_word(s);
    }
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
    unsigned count = 0;
    uint32_t sum = 0;
    for (size_t i = 0; i < SHINGLES_SLOTS; i++) { /* packed in place: `count` never passes `i` */
        uint32_t hash = s->slots[i];
        sum += mix(hash ^ 0x5BD1E995) & (0 - (uint32_t)(hash != 0));
        s->slots[count] = hash;
        count += hash != 0;
    }
    *ret = (struct print){
        .items = s->slots,
        .count = count,
        .each = s->mask + 1,
        .title = title.len > 0 ? hash_title(s, title) : 0,
        .sum = sum,
        .is_lost = s->is_lost,
    };
}
