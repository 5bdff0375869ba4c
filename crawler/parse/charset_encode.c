#include "crawler/parse/charset_encode.h"

#include "crawler/parse/charset_single.h"

enum { KATAKANA = 0xFF61, KATAKANA_LAST = 0xFF9F };

/* Writes nothing when the encoding lacks the character. */
typedef void write_fn(struct charset_encoder *e, uint32_t c, struct charset_written *w);

static void put_byte(struct charset_written *w, uint32_t byte)
{
    w->bytes[w->count++] = (unsigned char)byte;
}

static void put_indexed(struct charset_encoder *e, uint32_t c, struct charset_written *w)
{
    w->count += charset_index_find_bytes(&e->index, c, w->bytes + w->count);
}

static bool is_katakana(uint32_t c)
{
    return c >= KATAKANA && c <= KATAKANA_LAST;
}

static void write_single(struct charset_encoder *e, uint32_t c, struct charset_written *w)
{
    if (c < 0x80)
        put_byte(w, c);
    for (uint32_t i = 0; i < 0x80 && w->count == 0 && c != 0xFFFD; i++)
        if (e->upper[i] == c)
            put_byte(w, 0x80 + i);
}

static void write_x_user_defined(struct charset_encoder *e, uint32_t c, struct charset_written *w)
{
    (void)e;
    if (c < 0x80)
        put_byte(w, c);
    else if (c >= 0xF780 && c <= 0xF7FF)
        put_byte(w, c - 0xF780 + 0x80);
}

/* Big5 and EUC-KR. */
static void write_pairs(struct charset_encoder *e, uint32_t c, struct charset_written *w)
{
    if (c < 0x80)
        put_byte(w, c);
    else
        put_indexed(e, c, w);
}

/* "gb18030 encoder". U+E5E5 stands for itself nowhere: its bytes are a space. */
static void write_gb18030(struct charset_encoder *e, uint32_t c, struct charset_written *w)
{
    if (c != 0xE5E5)
        write_pairs(e, c, w);
}

static void write_gbk(struct charset_encoder *e, uint32_t c, struct charset_written *w)
{
    if (c == 0x20AC)
        put_byte(w, 0x80);
    else
        write_gb18030(e, c, w);
    if (w->count > 2)
        w->count = 0;
}

/* What the Japanese encoders have in common: yen and overline look like a backslash and a tilde,
 * the minus is the wide one. */
static void write_japanese(struct charset_encoder *e, uint32_t c, struct charset_written *w)
{
    if (c < 0x80 || c == 0xA5 || c == 0x203E)
        put_byte(w, c == 0xA5 ? 0x5C : c == 0x203E ? 0x7E : c);
    else
        put_indexed(e, c == 0x2212 ? 0xFF0D : c, w);
}

static void write_euc_jp(struct charset_encoder *e, uint32_t c, struct charset_written *w)
{
    if (!is_katakana(c)) {
        write_japanese(e, c, w);
        return;
    }
    put_byte(w, 0x8E);
    put_byte(w, c - KATAKANA + 0xA1);
}

static void write_shift_jis(struct charset_encoder *e, uint32_t c, struct charset_written *w)
{
    if (c == 0x80 || is_katakana(c))
        put_byte(w, c == 0x80 ? c : c - KATAKANA + 0xA1);
    else
        write_japanese(e, c, w);
}

/* ---- ISO-2022-JP */

enum jis_set { JIS_ASCII, JIS_ROMAN, JIS_KANJI };

/* Half-width letters and marks are written wide (index-iso-2022-jp-katakana.txt). */
static const uint16_t wide_katakana[] = {
    0x3002, 0x300C, 0x300D, 0x3001, 0x30FB, 0x30F2, 0x30A1, 0x30A3, 0x30A5, 0x30A7, 0x30A9,
    0x30E3, 0x30E5, 0x30E7, 0x30C3, 0x30FC, 0x30A2, 0x30A4, 0x30A6, 0x30A8, 0x30AA, 0x30AB,
    0x30AD, 0x30AF, 0x30B1, 0x30B3, 0x30B5, 0x30B7, 0x30B9, 0x30BB, 0x30BD, 0x30BF, 0x30C1,
    0x30C4, 0x30C6, 0x30C8, 0x30CA, 0x30CB, 0x30CC, 0x30CD, 0x30CE, 0x30CF, 0x30D2, 0x30D5,
    0x30D8, 0x30DB, 0x30DE, 0x30DF, 0x30E0, 0x30E1, 0x30E2, 0x30E4, 0x30E6, 0x30E8, 0x30E9,
    0x30EA, 0x30EB, 0x30EC, 0x30ED, 0x30EF, 0x30F3, 0x309B, 0x309C,
};

static void choose_set(struct charset_encoder *e, enum jis_set set, struct charset_written *w)
{
    static const char escapes[][4] = {"\x1B(B", "\x1B(J", "\x1B$B"};
    if (e->jis_set == (int)set)
        return;
    for (size_t i = 0; i < 3; i++)
        put_byte(w, (unsigned char)escapes[set][i]);
    e->jis_set = (int)set;
}

/* "ISO-2022-JP encoder". Controls that shift sets are not let through. */
static void write_iso_2022_jp(struct charset_encoder *e, uint32_t c, struct charset_written *w)
{
    struct charset_written kanji = {.count = 0};
    bool is_roman = c == 0xA5 || c == 0x203E;
    bool is_plain = c < 0x80 && c != 0x0E && c != 0x0F && c != 0x1B;
    if (is_plain && e->jis_set == JIS_ROMAN && c != 0x5C && c != 0x7E) {
        put_byte(w, c);
    } else if (is_plain || is_roman) {
        choose_set(e, is_roman ? JIS_ROMAN : JIS_ASCII, w);
        put_byte(w, c == 0xA5 ? 0x5C : c == 0x203E ? 0x7E : c);
    } else if (c >= 0x80) {
        uint32_t wide = is_katakana(c) ? wide_katakana[c - KATAKANA] : c;
        put_indexed(e, wide == 0x2212 ? 0xFF0D : wide, &kanji);
    }
    if (kanji.count == 0)
        return;
    choose_set(e, JIS_KANJI, w);
    put_byte(w, kanji.bytes[0] & 0x7F);
    put_byte(w, kanji.bytes[1] & 0x7F);
}

/* ---- all of them */

static const struct charset_writer {
    struct str encoding;
    write_fn *write;
    bool has_index;
    enum charset_table table;
} writers[] = {
    {STR("Big5"), write_pairs, true, TABLE_BIG5},
    {STR("EUC-JP"), write_euc_jp, true, TABLE_EUC_JP},
    {STR("EUC-KR"), write_pairs, true, TABLE_EUC_KR},
    {STR("GBK"), write_gbk, true, TABLE_GB18030},
    {STR("gb18030"), write_gb18030, true, TABLE_GB18030},
    {STR("ISO-2022-JP"), write_iso_2022_jp, true, TABLE_EUC_JP},
    {STR("Shift_JIS"), write_shift_jis, true, TABLE_SHIFT_JIS},
    {STR("x-user-defined"), write_x_user_defined, false, 0},
};
static const struct charset_writer single_writer = {STR(""), write_single, false, 0};

static const struct charset_writer *find_writer(struct str encoding)
{
    for (size_t i = 0; i < ARRAY_LEN(writers); i++)
        if (str_eq(writers[i].encoding, encoding))
            return &writers[i];
    return charset_single_upper(encoding) != NULL ? &single_writer : NULL;
}

bool charset_writes_legacy(struct str encoding)
{
    return encoding.len > 0 && !str_eq(encoding, STR("UTF-8")) && find_writer(encoding) != NULL;
}

enum cw_err charset_encoder_open(struct charset_encoder *ret, struct str encoding)
{
    struct charset_encoder e = {.writer = find_writer(encoding),
                                .upper = charset_single_upper(encoding)};
    if (e.writer->has_index) {
        enum cw_err err = charset_index_open(&e.index, e.writer->table);
        if (err != CW_OK)
            return err;
    }
    *ret = e;
    return CW_OK;
}

void charset_encoder_close(struct charset_encoder *e)
{
    if (e->writer->has_index)
        charset_index_close(&e->index);
}

struct charset_written charset_encoder_put(struct charset_encoder *e, uint32_t c)
{
    struct charset_written w = {.count = 0};
    e->writer->write(e, c, &w);
    if (w.count > 0)
        return w;
    w.lacked = c < 0x80 ? 0xFFFD : c; /* a control that ISO-2022-JP may not hold */
    if (e->jis_set == JIS_KANJI)
        choose_set(e, JIS_ASCII, &w);
    return w;
}

struct charset_written charset_encoder_finish(struct charset_encoder *e)
{
    struct charset_written w = {.count = 0};
    choose_set(e, JIS_ASCII, &w);
    return w;
}
