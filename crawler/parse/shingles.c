#include "crawler/parse/shingles.h"

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

/* Too many: every second one goes. */
static void thin_out(struct shingles *s)
{
    uint32_t old[SHINGLES_SLOTS];
    memcpy(old, s->slots, sizeof old);
    memset(s->slots, 0, sizeof s->slots);
    s->mask = s->mask << 1 | 1;
    s->count = 0;
    for (size_t i = 0; i < SHINGLES_SLOTS; i++)
        if (old[i] != 0 && (old[i] & s->mask) == 0)
            insert(s, old[i]);
}

static inline void add_hash(struct shingles *s, uint32_t hash)
{
    hash = mix(hash);
    if (hash == 0 || (hash & s->mask) != 0)
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

/* ---- words and runs ---- */

static const uint32_t NOT =
    ((((SEED ^ 'n') * (uint32_t)PRIME ^ 'o') * (uint32_t)PRIME ^ 't') * (uint32_t)PRIME);

static uint32_t hash_word(struct str word)
{
    uint32_t hash = SEED;
    for (size_t i = 0; i < word.len; i++)
        hash = (hash ^ (unsigned char)ascii_lower(word.ptr[i])) * PRIME;
    return hash;
}

/* "404" and "not found", "not exist": the page may well say that there is none. */
static void look_for_loss(struct shingles *s, uint32_t word, uint32_t number)
{
    if (word == ANY_NUMBER)
        s->is_lost |= number == 404;
    else if (s->after_not)
        s->is_lost |= word == hash_word(STR("found")) || word == hash_word(STR("exist"));
    s->after_not = word == NOT;
}

static void add_word(struct shingles *s, uint32_t word)
{
    s->last[s->run_words % SHINGLE_WORDS] = word;
    s->run = (s->run ^ word) * PRIME;
    s->run_words++;
    if (s->run_words < SHINGLE_WORDS)
        return;
    uint32_t hash = 0;
    for (unsigned i = 0; i < SHINGLE_WORDS; i++)
        hash = (hash ^ s->last[(s->run_words + i) % SHINGLE_WORDS]) * PRIME;
    add_hash(s, hash);
}

static void end_word(struct shingles *s)
{
    if (s->letters + s->digits == 0)
        return;
    uint32_t word = s->word;
    if (s->digits > 0)
        word = ANY_NUMBER;
    look_for_loss(s, word, s->letters == 0 ? s->number : 0);
    if (s->letters == 0 && s->digits < 10 && is_of_url(s, s->number))
        word = s->word;
    add_word(s, word);
    s->word = SEED;
    s->number = s->letters = s->digits = 0;
}

void shingles_end_run(struct shingles *s)
{
    end_word(s);
    if (s->run_words > 0 && s->run_words < SHINGLE_WORDS)
        add_hash(s, s->run);
    else if (s->run_words >= LONG_RUN_WORDS)
        add_heavy(s, s->run, LONG_RUN_WEIGHT);
    s->run_words = 0;
    s->run = SEED;
}

void shingles_init(struct shingles *s, struct str url)
{
    memset(s, 0, sizeof *s);
    s->word = s->run = SEED;
    s->text_left = SHINGLES_TEXT_MAX;
    read_numbers(s, url);
}

void shingles_add(struct shingles *s, struct str text)
{
    text = str_first(text, s->text_left);
    s->text_left -= text.len;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        switch (kinds[c]) {
        case LETTER:
            s->letters++;
            s->word = (s->word ^ (unsigned char)ascii_lower((char)c)) * PRIME;
            break;
        case DIGIT:
            s->digits++;
            s->number = s->number * 10 + (c - '0');
            s->word = (s->word ^ c) * PRIME;
            break;
        default: end_word(s); break;
        }
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
    s->text_left = MAX(s->text_left, TITLE_MAX);
    shingles_add(s, title);
    shingles_end_run(s);
    unsigned count = 0;
    uint32_t sum = 0;
    for (size_t i = 0; i < SHINGLES_SLOTS; i++) { /* packed in place: `count` never passes `i` */
        uint32_t hash = s->slots[i];
        if (hash == 0)
            continue;
        sum += mix(hash ^ 0x5BD1E995);
        s->slots[count++] = hash;
    }
    *ret = (struct print){
        .items = s->slots,
        .count = count,
        .title = title.len > 0 ? hash_title(s, title) : 0,
        .sum = sum,
        .is_lost = s->is_lost,
    };
}
