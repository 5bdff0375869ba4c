#include "crawler/frontier/shapes.h"

#include <stdlib.h>

#include "crawler/page.h"

enum { SEGMENTS_READ = SHAPE_SEGMENTS_MAX + 1, NAMES_MAX = 8, GROUP_MAX = 8, EXTENSION_MAX = 5 };

/* A URL taken apart; everything is borrowed from it. */
struct parts {
    struct str segments[SEGMENTS_READ]; /* without slashes; the last one is the leaf */
    unsigned count;                     /* SEGMENTS_READ: or more */
    bool ends_in_slash, has_query;
    struct str names[NAMES_MAX]; /* of the query, sorted */
    unsigned name_count;
};

static int by_name(const void *a, const void *b)
{
    return str_compare(*(const struct str *)a, *(const struct str *)b);
}

static void read_names(struct parts *p, struct str query)
{
    while (!str_is_absent(query) && p->name_count < NAMES_MAX) {
        struct str pair = str_cut(&query, '&');
        struct str name = str_first(pair, str_find_char(pair, '='));
        if (pair.len > 0)
            p->names[p->name_count++] = name;
    }
    qsort(p->names, p->name_count, sizeof p->names[0], by_name);
    unsigned kept = 0;
    for (unsigned i = 0; i < p->name_count; i++)
        if (kept == 0 || !str_eq(p->names[i], p->names[kept - 1]))
            p->names[kept++] = p->names[i];
    p->name_count = kept;
}

static struct parts take_apart(struct str url)
{
    struct parts p = {0};
    struct str path = str_skip(url, str_find(url, STR("//")) + 2);
    path = str_skip(path, str_find_char(path, '/'));
    size_t end = str_find_char(path, '?');
    if (end < path.len) {
        p.has_query = true;
        read_names(&p, str_skip(path, end + 1));
    }
    path = str_skip(str_first(path, end), 1);
    p.ends_in_slash = str_ends(path, STR("/"));
    for (struct str rest = path; !str_is_absent(rest) && p.count < SEGMENTS_READ;) {
        struct str segment = str_cut(&rest, '/');
        if (segment.len > 0)
            p.segments[p.count++] = segment;
    }
    return p;
}

/* ---- tokens ---- */

/* What a string is made of. */
struct makeup {
    size_t digits, letters, hex_letters, hyphens, others;
};

/* All four counts in one number, 16 bits each: URLs are short. */
#define DIGIT      UINT64_C(1)
#define LETTER     (UINT64_C(1) << 16)
#define HEX_LETTER (LETTER | UINT64_C(1) << 32)
#define HYPHEN     (UINT64_C(1) << 48)

static const uint64_t kinds[256] = {
    ['-'] = HYPHEN,         ['0' ... '9'] = DIGIT,      ['A' ... 'F'] = HEX_LETTER,
    ['G' ... 'Z'] = LETTER, ['a' ... 'f'] = HEX_LETTER, ['g' ... 'z'] = LETTER,
};

static struct makeup make_up(struct str s)
{
    _Static_assert(URL_MAX_BYTES <= UINT16_MAX, "a count has 16 bits");
    uint64_t counts = 0;
    for (size_t i = 0; i < s.len; i++)
        counts += kinds[(unsigned char)s.ptr[i]];
    struct makeup m = {.digits = counts & UINT16_MAX,
                       .letters = counts >> 16 & UINT16_MAX,
                       .hex_letters = counts >> 32 & UINT16_MAX,
                       .hyphens = counts >> 48};
    m.others = s.len - m.digits - m.letters - m.hyphens;
    return m;
}

bool shapes_is_token(struct str s)
{
    struct makeup m = make_up(s);
    if (m.others > 0 || m.digits < 2 || m.letters == 0)
        return false;
    if (m.hyphens > 0)
        return s.len == 36 && m.hyphens == 4 && m.hex_letters == m.letters; /* a UUID */
    return s.len >= 16 || (s.len >= 8 && m.hex_letters == m.letters);
}

/* ---- text ---- */

struct pen {
    char *room;
    size_t len;
};

static void write_str(struct pen *pen, struct str s)
{
    size_t len = MIN(s.len, SHAPE_TEXT_MAX - pen->len);
    if (len > 0)
        memcpy(pen->room + pen->len, s.ptr, len);
    pen->len += len;
}

/* Each run of digits as `#`. */
static void write_digitless(struct pen *pen, struct str s)
{
    for (size_t i = 0, start; i < s.len;) {
        for (start = i; i < s.len && !ascii_is_digit(s.ptr[i]);)
            i++;
        write_str(pen, str_from(s.ptr + start, i - start));
        if (i < s.len)
            write_str(pen, STR("#"));
        while (i < s.len && ascii_is_digit(s.ptr[i]))
            i++;
    }
}

/* "sid-8f3a01c2" and ";jsessionid=8f3a01c2": what stands before the token stays. */
static void write_folder(struct pen *pen, struct str s)
{
    size_t start = s.len, end = s.len;
    while (end > 0 && s.ptr[end - 1] == ')')
        end--;
    for (start = end; start > 0 && s.ptr[start - 1] != '=' && s.ptr[start - 1] != '(';)
        start--;
    if (start == 0 && !shapes_is_token(s)) /* a UUID has hyphens of its own */
        for (start = end; start > 0 && s.ptr[start - 1] != '-' && s.ptr[start - 1] != '_';)
            start--;
    if (!shapes_is_token(str_from(s.ptr + start, end - start))) {
        write_digitless(pen, s);
        return;
    }
    write_digitless(pen, str_first(s, start));
    write_str(pen, STR("~"));
}

/* ".html", or nothing. */
static struct str extension_of(struct str leaf)
{
    size_t dot = leaf.len;
    while (dot > 0 && leaf.ptr[dot - 1] != '.')
        dot--;
    struct makeup m = make_up(str_skip(leaf, dot));
    bool is_one = dot > 1 && m.letters > 0 && m.digits + m.letters <= EXTENSION_MAX &&
                  m.others + m.hyphens == 0;
    return is_one ? str_skip(leaf, dot - 1) : STR("");
}

/* "7", "page-7", "item_7": a word of letters at most, and a number behind it. */
static bool is_numbered(struct str stem)
{
    size_t i = 0, digits = 0;
    while (i < stem.len && ascii_is_alpha(stem.ptr[i]))
        i++;
    if (i > 0 && i < stem.len && (stem.ptr[i] == '-' || stem.ptr[i] == '_'))
        i++;
    for (; i < stem.len && ascii_is_digit(stem.ptr[i]); i++)
        digits++;
    return digits > 0 && i == stem.len;
}

static void write_leaf_kind(struct pen *pen, struct str leaf)
{
    struct str extension = extension_of(leaf);
    struct str stem = str_first(leaf, leaf.len - extension.len);
    struct makeup m = make_up(stem);
    if (shapes_is_token(stem))
        write_str(pen, STR("~"));
    else if (m.letters == 0 && m.digits > 0) /* "2024-05-17", too */
        write_digitless(pen, stem);
    else if (is_numbered(stem))
        write_str(pen, STR("%#"));
    else
        write_str(pen, STR("%"));
    write_str(pen, extension);
}

/* The text of the first folders, however many: "/", "/a/", "/a/b/". */
struct folders {
    char room[SHAPE_TEXT_MAX];
    size_t ends[SEGMENTS_READ];
};

static void write_folders(struct folders *ret, const struct parts *p)
{
    struct pen pen = {.room = ret->room};
    write_str(&pen, STR("/"));
    ret->ends[0] = pen.len;
    for (unsigned i = 0; i + 1 < p->count; i++) {
        write_folder(&pen, p->segments[i]);
        write_str(&pen, STR("/"));
        ret->ends[i + 1] = pen.len;
    }
}

static void write_names(struct pen *pen, const struct parts *p)
{
    for (unsigned i = 0; i < p->name_count; i++) {
        write_str(pen, i == 0 ? STR("?") : STR("&"));
        write_digitless(pen, p->names[i]);
    }
}

/* ---- classes ---- */

enum class_kind { WITH_NAMES, ANY_NAMES, KIND_AND_NAMES, LEAF_KIND, TWICE, BELOW };
struct class_of {
    enum class_kind kind;
    unsigned folders; /* of BELOW */
};

static bool names_a_folder_twice(const struct parts *p)
{
    for (unsigned i = 1; i < p->count; i++)
        for (unsigned j = 0; j < i; j++)
            if (str_eq(p->segments[i], p->segments[j]) && make_up(p->segments[i]).letters > 0)
                return true;
    return false;
}

static unsigned list_classes(const struct parts *p, struct class_of list[SHAPES_MAX])
{
    unsigned n = 0, folders = p->count > 0 ? p->count - 1 : 0;
    if (p->has_query) {
        list[n++] = (struct class_of){.kind = WITH_NAMES};
        list[n++] = (struct class_of){.kind = ANY_NAMES};
        list[n++] = (struct class_of){.kind = KIND_AND_NAMES};
    } else {
        list[n++] = (struct class_of){.kind = LEAF_KIND};
    }
    if (names_a_folder_twice(p))
        list[n++] = (struct class_of){.kind = TWICE};
    for (unsigned depth = MIN(folders, 3); n < SHAPES_MAX; depth--) {
        list[n++] = (struct class_of){BELOW, depth};
        if (depth == 0)
            break;
    }
    return n;
}

static struct str write_class(const struct parts *p, const struct folders *folders,
                              struct class_of what, char *room)
{
    struct pen pen = {.room = room};
    struct str leaf = p->count > 0 ? p->segments[p->count - 1] : STR("");
    unsigned depth = what.kind == BELOW ? what.folders : p->count > 0 ? p->count - 1 : 0;
    if (what.kind == TWICE) {
        write_str(&pen, STR("a folder twice in the path"));
        return str_from(room, pen.len);
    }
    write_str(&pen, str_from(folders->room, folders->ends[depth]));
    if (what.kind == BELOW)
        write_str(&pen, STR("..."));
    else if (what.kind == WITH_NAMES || what.kind == ANY_NAMES)
        write_folder(&pen, leaf);
    else
        write_leaf_kind(&pen, leaf);
    if (what.kind != BELOW && p->ends_in_slash && p->count > 0)
        write_str(&pen, STR("/"));
    if (what.kind == ANY_NAMES)
        write_str(&pen, STR("?*"));
    else if (what.kind == WITH_NAMES || what.kind == KIND_AND_NAMES)
        write_names(&pen, p);
    return str_from(room, pen.len);
}

/* A page's number within a list. */
static bool is_page_number(struct str name)
{
    static const char *const names[] = {"page", "p",     "paged",  "pg",
                                        "pn",   "start", "offset", "pagenum"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (str_eq_nocase(name, str_of(names[i])))
            return true;
    return false;
}

static bool is_listing(const struct parts *p)
{
    unsigned words = 0;
    for (unsigned i = 0; i + 1 < p->count; i++) {
        words += make_up(p->segments[i]).letters > 0;
        if (shapes_is_token(p->segments[i]))
            return false;
    }
    bool has_token = p->count > 0 && shapes_is_token(p->segments[p->count - 1]);
    return words <= 1 && !has_token && !names_a_folder_twice(p) &&
           (p->name_count == 0 || (p->name_count == 1 && is_page_number(p->names[0])));
}

void shapes_of(struct str url, struct shapes *ret)
{
    char room[SHAPE_TEXT_MAX];
    struct class_of list[SHAPES_MAX];
    struct folders folders;
    const struct parts p = take_apart(url);
    write_folders(&folders, &p);
    *ret = (struct shapes){.query_names = p.name_count, .is_listing = is_listing(&p)};
    unsigned count = list_classes(&p, list);
    for (unsigned i = 0; i < count; i++)
        ret->keys[ret->count++] = str_hash(write_class(&p, &folders, list[i], room));
}

struct str shapes_text(struct str url, unsigned which, char room[SHAPE_TEXT_MAX])
{
    struct class_of list[SHAPES_MAX];
    struct folders folders;
    const struct parts p = take_apart(url);
    write_folders(&folders, &p);
    unsigned count = list_classes(&p, list);
    return write_class(&p, &folders, list[MIN(which, count - 1)], room);
}

/* ---- what the path alone gives away ---- */

/* Are the SHAPE_REPEATS_MAX groups of `size` segments that end before `end` equal? */
static bool ends_in_repeats(const struct parts *p, unsigned end, unsigned size)
{
    unsigned start = end - size * SHAPE_REPEATS_MAX;
    for (unsigned i = start + size; i < end; i++)
        if (!str_eq(p->segments[i], p->segments[i - size]))
            return false;
    return true;
}

struct str shapes_refuse(struct str url)
{
    struct str rest = url;
    for (size_t slashes = 0; slashes < 2 + SHAPE_REPEATS_MAX; slashes++) {
        size_t at = str_find_char(rest, '/');
        if (at == rest.len) /* nearly all have fewer */
            return STR_NONE;
        rest = str_skip(rest, at + 1);
    }
    const struct parts p = take_apart(url);
    if (p.count > SHAPE_SEGMENTS_MAX)
        return STR("more than 32 segments in the path");
    for (unsigned end = SHAPE_REPEATS_MAX; end <= p.count; end++)
        for (unsigned size = 1; size <= GROUP_MAX && size * SHAPE_REPEATS_MAX <= end; size++)
            if (ends_in_repeats(&p, end, size))
                return STR("segments that repeat 4 times in a row in the path");
    return STR_NONE;
}
