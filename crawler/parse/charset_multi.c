#include "crawler/parse/charset_multi.h"

#include "crawler/base/utf8.h"
#include "crawler/parse/charset_index.h"

enum { REPLACEMENT = 0xFFFD, KATAKANA = 0xFF61, KATAKANA_FIRST = 0xA1, KATAKANA_LAST = 0xDF };

struct decoder {
    struct charset_index index;
    struct str bytes;
    size_t at;        /* the next byte to read */
    uint32_t pending; /* the second code point of a pair that means two; 0: none */
    struct {          /* of ISO-2022-JP */
        enum jis_set { JIS_ASCII, JIS_ROMAN, JIS_KATAKANA, JIS_KANJI } set;
        bool was_escape; /* nothing came since the last escape */
    } jis;
};

enum { END = -1, NOTHING = -2 }; /* beside code points: no more input; nothing to write */

/* Takes one character, or error, off the front: a code point, REPLACEMENT, END or NOTHING. */
typedef int32_t decode_fn(struct decoder *d);

static int32_t peek(const struct decoder *d, size_t ahead)
{
    return ahead < d->bytes.len - d->at ? (unsigned char)d->bytes.ptr[d->at + ahead] : END;
}

static int32_t take(struct decoder *d)
{
    int32_t byte = peek(d, 0);
    if (byte != END)
        d->at++;
    return byte;
}

static bool is_between(int32_t byte, int32_t first, int32_t last)
{
    return byte >= first && byte <= last;
}

static int32_t find(struct decoder *d, int32_t first, int32_t second)
{
    const unsigned char bytes[] = {(unsigned char)first, (unsigned char)second};
    return (int32_t)charset_index_find(&d->index, bytes, sizeof bytes);
}

/* A sequence whose last byte, just taken, makes it wrong: ASCII stands for itself again, so that no
 * broken lead byte swallows a '<'. */
static int32_t fail_at(struct decoder *d, int32_t last)
{
    if (is_between(last, 0, 0x7F))
        d->at--;
    return REPLACEMENT;
}

/* "Big5 decoder", step 3: two letters with a mark that combines. */
static int32_t decode_big5_marked(struct decoder *d, int32_t trail)
{
    d->pending = trail == 0x62 || trail == 0xA3 ? 0x0304 : 0x030C;
    return trail < 0x80 ? 0xCA : 0xEA;
}

static int32_t decode_big5(struct decoder *d)
{
    int32_t lead = take(d);
    if (lead < 0x80)
        return lead;
    if (!is_between(lead, 0x81, 0xFE))
        return REPLACEMENT;
    int32_t trail = take(d), c = 0;
    if (lead == 0x88 && (trail == 0x62 || trail == 0x64 || trail == 0xA3 || trail == 0xA5))
        return decode_big5_marked(d, trail);
    if (is_between(trail, 0x40, 0x7E) || is_between(trail, 0xA1, 0xFE))
        c = find(d, lead, trail);
    return c != 0 ? c : fail_at(d, trail);
}

static int32_t decode_euc_kr(struct decoder *d)
{
    int32_t lead = take(d);
    if (lead < 0x80)
        return lead;
    if (!is_between(lead, 0x81, 0xFE))
        return REPLACEMENT;
    int32_t trail = take(d), c = 0;
    if (is_between(trail, 0x41, 0xFE))
        c = find(d, lead, trail);
    return c != 0 ? c : fail_at(d, trail);
}

static int32_t decode_shift_jis(struct decoder *d)
{
    int32_t lead = take(d);
    if (lead <= 0x80)
        return lead;
    if (is_between(lead, KATAKANA_FIRST, KATAKANA_LAST))
        return KATAKANA - KATAKANA_FIRST + lead;
    if (!is_between(lead, 0x81, 0x9F) && !is_between(lead, 0xE0, 0xFC))
        return REPLACEMENT;
    int32_t trail = take(d), c = 0;
    if (is_between(trail, 0x40, 0x7E) || is_between(trail, 0x80, 0xFC))
        c = find(d, lead, trail);
    return c != 0 ? c : fail_at(d, trail);
}

static int32_t decode_jis0212(struct decoder *d, int32_t lead)
{
    int32_t trail = take(d);
    const unsigned char bytes[] = {0x8F, (unsigned char)lead, (unsigned char)trail};
    int32_t c = 0;
    if (is_between(trail, 0xA1, 0xFE))
        c = (int32_t)charset_index_find(&d->index, bytes, sizeof bytes);
    return c != 0 ? c : fail_at(d, trail);
}

static int32_t decode_euc_jp(struct decoder *d)
{
    int32_t lead = take(d);
    if (lead < 0x80)
        return lead;
    if (lead != 0x8E && lead != 0x8F && !is_between(lead, 0xA1, 0xFE))
        return REPLACEMENT;
    int32_t trail = take(d), c = 0;
    if (lead == 0x8E && is_between(trail, KATAKANA_FIRST, KATAKANA_LAST))
        return KATAKANA - KATAKANA_FIRST + trail;
    if (lead == 0x8F && is_between(trail, 0xA1, 0xFE))
        return decode_jis0212(d, trail);
    if (is_between(lead, 0xA1, 0xFE) && is_between(trail, 0xA1, 0xFE))
        c = find(d, lead, trail);
    return c != 0 ? c : fail_at(d, trail);
}

/* "gb18030 decoder", steps 4 and 5: lead and second (a digit) are taken. Cut short it is one error;
 * wrong, the bytes after the lead are read again. */
static int32_t decode_four(struct decoder *d, int32_t lead)
{
    int32_t second = peek(d, 0), third = peek(d, 1), fourth = peek(d, 2);
    bool is_whole = is_between(third, 0x81, 0xFE) && is_between(fourth, '0', '9');
    bool is_cut = third == END || (is_between(third, 0x81, 0xFE) && fourth == END);
    if (is_cut)
        d->at = d->bytes.len;
    if (!is_whole)
        return REPLACEMENT;
    const unsigned char bytes[] = {(unsigned char)lead, (unsigned char)second, (unsigned char)third,
                                   (unsigned char)fourth};
    d->at += 3;
    int32_t c = (int32_t)charset_index_find(&d->index, bytes, sizeof bytes);
    return c != 0 ? c : REPLACEMENT;
}

/* GBK decodes as gb18030. */
static int32_t decode_gb18030(struct decoder *d)
{
    int32_t lead = take(d);
    if (lead < 0x80)
        return lead;
    if (!is_between(lead, 0x81, 0xFE))
        return lead == 0x80 ? 0x20AC : REPLACEMENT;
    if (is_between(peek(d, 0), '0', '9'))
        return decode_four(d, lead);
    int32_t trail = take(d), c = 0;
    if (is_between(trail, 0x40, 0x7E) || is_between(trail, 0x80, 0xFE))
        c = find(d, lead, trail);
    return c != 0 ? c : fail_at(d, trail);
}

/* ---- ISO-2022-JP */

/* "ISO-2022-JP decoder", "escape start" and "escape": the escape byte is taken. Two escapes in a
 * row are an error. */
static int32_t decode_escape(struct decoder *d)
{
    static const struct {
        char first, second;
        enum jis_set set;
    } escapes[] = {
        {'(', 'B', JIS_ASCII}, {'(', 'J', JIS_ROMAN}, {'(', 'I', JIS_KATAKANA},
        {'$', '@', JIS_KANJI}, {'$', 'B', JIS_KANJI},
    };
    for (size_t i = 0; i < ARRAY_LEN(escapes); i++) {
        if (peek(d, 0) != escapes[i].first || peek(d, 1) != escapes[i].second)
            continue;
        bool was_escape = d->jis.was_escape;
        d->at += 2;
        d->jis.set = escapes[i].set;
        d->jis.was_escape = true;
        return was_escape ? REPLACEMENT : NOTHING;
    }
    d->jis.was_escape = false;
    return REPLACEMENT;
}

/* "Trail byte". */
static int32_t decode_kanji(struct decoder *d, int32_t lead)
{
    int32_t trail = peek(d, 0);
    if (trail == 0x1B) /* the escape is read next */
        return REPLACEMENT;
    (void)take(d);
    int32_t c = is_between(trail, 0x21, 0x7E) ? find(d, lead | 0x80, trail | 0x80) : 0;
    return c != 0 ? c : REPLACEMENT;
}

static int32_t decode_iso_2022_jp(struct decoder *d)
{
    int32_t byte = take(d);
    if (byte == END)
        return END;
    if (byte == 0x1B)
        return decode_escape(d);
    d->jis.was_escape = false;
    switch (d->jis.set) {
    case JIS_ASCII: break;
    case JIS_ROMAN:
        if (byte == 0x5C || byte == 0x7E)
            return byte == 0x5C ? 0xA5 : 0x203E;
        break;
    case JIS_KATAKANA: return is_between(byte, 0x21, 0x5F) ? KATAKANA - 0x21 + byte : REPLACEMENT;
    case JIS_KANJI: return is_between(byte, 0x21, 0x7E) ? decode_kanji(d, byte) : REPLACEMENT;
    }
    return byte < 0x80 && byte != 0x0E && byte != 0x0F ? byte : REPLACEMENT;
}

/* ---- all of them */

static const struct multi {
    struct str encoding;
    enum charset_table table;
    decode_fn *decode;
} multis[] = {
    {STR("Big5"), TABLE_BIG5, decode_big5},
    {STR("EUC-JP"), TABLE_EUC_JP, decode_euc_jp},
    {STR("EUC-KR"), TABLE_EUC_KR, decode_euc_kr},
    {STR("GBK"), TABLE_GB18030, decode_gb18030},
    {STR("gb18030"), TABLE_GB18030, decode_gb18030},
    {STR("ISO-2022-JP"), TABLE_EUC_JP, decode_iso_2022_jp},
    {STR("Shift_JIS"), TABLE_SHIFT_JIS, decode_shift_jis},
};

static const struct multi *find_multi(struct str encoding)
{
    for (size_t i = 0; i < ARRAY_LEN(multis); i++)
        if (str_eq(multis[i].encoding, encoding))
            return &multis[i];
    return NULL;
}

bool charset_is_multi(struct str encoding)
{
    return find_multi(encoding) != NULL;
}

static enum cw_err put_char(struct buf *ret, int32_t c)
{
    char text[UTF8_CHAR_MAX];
    return c < 0 ? CW_OK : buf_add_bytes(ret, text, utf8_encode(text, (uint32_t)c));
}

/* Adds the run of plain ASCII at the front as it is. */
static enum cw_err copy_ascii(struct buf *ret, struct decoder *d)
{
    size_t start = d->at;
    while (d->at < d->bytes.len && (unsigned char)d->bytes.ptr[d->at] < 0x80)
        d->at++;
    struct str run = str_from(d->bytes.ptr + start, d->at - start);
    struct str head = str_first(run, ret->max - ret->len);
    enum cw_err err = buf_add(ret, head);
    return err == CW_OK && head.len < run.len ? CW_ETOOBIG : err;
}

enum cw_err charset_multi_decode(struct buf *ret, struct str bytes, struct str encoding)
{
    const struct multi *multi = find_multi(encoding);
    struct decoder d = {.bytes = bytes};
    bool has_states = multi->decode == decode_iso_2022_jp; /* ASCII means other things in them */
    enum cw_err err = charset_index_open(&d.index, multi->table);
    if (err != CW_OK)
        return err;
    while (err == CW_OK && d.at < bytes.len) {
        if (!has_states)
            err = copy_ascii(ret, &d);
        int32_t c = err == CW_OK ? multi->decode(&d) : END;
        if (err == CW_OK)
            err = put_char(ret, c);
        if (err == CW_OK && d.pending != 0)
            err = put_char(ret, (int32_t)d.pending);
        d.pending = 0;
    }
    charset_index_close(&d.index);
    return err;
}
