#include "crawler/parse/charset_index.h"

#include <assert.h>
#include <stdbool.h>
#include <unicode/ucnv.h>
#include <unicode/utf16.h>

enum { SEQUENCE_MAX = 4 };

/* Where ICU has the standard's index under another name, in the order of enum charset_table. */
static const char *const icu_names[] = {
    [TABLE_BIG5] = "Big5-HKSCS", [TABLE_EUC_JP] = "euc-jp-2007",    [TABLE_EUC_KR] = "windows-949",
    [TABLE_GB18030] = "gb18030", [TABLE_SHIFT_JIS] = "windows-31j",
};

struct own_pair {
    uint16_t bytes, c;
};

/* In the order of bytes. ICU has no character for these, or one for private use. */
/* clang-format off */
static const struct own_pair big5_pairs[] = {
    {0x87A4, 0x9F97}, {0x87AC, 0x9F96}, {0x8840, 0x31C0}, {0x8841, 0x31C1}, {0x8842, 0x31C2},
    {0x8843, 0x31C3}, {0x8844, 0x31C4}, {0x8846, 0x31C5}, {0x8849, 0x31C6}, {0x884A, 0x31C7},
    {0x884D, 0x31C8}, {0x884F, 0x31C9}, {0x8850, 0x31CA}, {0x8851, 0x31CB}, {0x8852, 0x31CC},
    {0x8854, 0x31CD}, {0x8855, 0x31CE}, {0x88A9, 0x23DA}, {0x88AA, 0x23DB}, {0x8C43, 0x9FA6},
    {0x8C6D, 0x9FA7}, {0x8C74, 0x9FA8}, {0x8CB7, 0x9FA9}, {0x8CB9, 0x9FAA}, {0x8CBB, 0x9FAB},
    {0x8CC0, 0x9FAC}, {0x8CD7, 0x9FAD}, {0x8CD8, 0x9FAE}, {0x8CDA, 0x9FAF}, {0x8CED, 0x9FB2},
    {0x8D48, 0x9FB3}, {0x8E69, 0x7BB8}, {0x8E6F, 0x7C06}, {0x8E7E, 0x7CCE}, {0x8EAB, 0x7DD2},
    {0x8EB4, 0x7E1D}, {0x8ECD, 0x8005}, {0x8ED0, 0x8028}, {0x8F57, 0x83C1}, {0x8F69, 0x84A8},
    {0x8F6E, 0x840F}, {0x8FCB, 0x89A6}, {0x8FCC, 0x89A9}, {0x8FFE, 0x8D77}, {0x906D, 0x90FD},
    {0x907A, 0x92B9}, {0x90DC, 0x975C}, {0x90F1, 0x97FF}, {0x91BF, 0x9F16}, {0x9244, 0x8503},
    {0x92AF, 0x5159}, {0x92B0, 0x515B}, {0x92B1, 0x515D}, {0x92B2, 0x515E}, {0x92C8, 0x936E},
    {0x92D1, 0x7479}, {0x9447, 0x6D67}, {0x94CA, 0x799B}, {0x95D9, 0x9097}, {0x9644, 0x975D},
    {0x96ED, 0x701E}, {0x96FC, 0x5B28}, {0x9B76, 0x7201}, {0x9B78, 0x77D7}, {0x9B7B, 0x7E87},
    {0x9BC6, 0x99D6}, {0x9BDE, 0x91D4}, {0x9BEC, 0x60DE}, {0x9BF6, 0x6FB6}, {0x9C42, 0x8F36},
    {0x9C53, 0x4FBB}, {0x9C62, 0x71DF}, {0x9C68, 0x9104}, {0x9C6B, 0x9DF0}, {0x9C77, 0x83CF},
    {0x9CBC, 0x5C10}, {0x9CBD, 0x79E3}, {0x9CD0, 0x5A67}, {0x9D57, 0x8F0B}, {0x9D5A, 0x7B51},
    {0x9DC4, 0x62D0}, {0x9EA9, 0x6062}, {0x9EEF, 0x75F9}, {0x9EFD, 0x6C4A}, {0x9F60, 0x9B2E},
    {0x9F66, 0x9F17}, {0x9FCB, 0x50ED}, {0x9FD8, 0x5F0C}, {0xA063, 0x880F}, {0xA077, 0x62CE},
    {0xA0D5, 0x7468}, {0xA0DF, 0x7162}, {0xA0E4, 0x7250}, {0xA3C0, 0x2400}, {0xA3C1, 0x2401},
    {0xA3C2, 0x2402}, {0xA3C3, 0x2403}, {0xA3C4, 0x2404}, {0xA3C5, 0x2405}, {0xA3C6, 0x2406},
    {0xA3C7, 0x2407}, {0xA3C8, 0x2408}, {0xA3C9, 0x2409}, {0xA3CA, 0x240A}, {0xA3CB, 0x240B},
    {0xA3CC, 0x240C}, {0xA3CD, 0x240D}, {0xA3CE, 0x240E}, {0xA3CF, 0x240F}, {0xA3D0, 0x2410},
    {0xA3D1, 0x2411}, {0xA3D2, 0x2412}, {0xA3D3, 0x2413}, {0xA3D4, 0x2414}, {0xA3D5, 0x2415},
    {0xA3D6, 0x2416}, {0xA3D7, 0x2417}, {0xA3D8, 0x2418}, {0xA3D9, 0x2419}, {0xA3DA, 0x241A},
    {0xA3DB, 0x241B}, {0xA3DC, 0x241C}, {0xA3DD, 0x241D}, {0xA3DE, 0x241E}, {0xA3DF, 0x241F},
    {0xA3E0, 0x2421}, {0xC6CF, 0x5EF4}, {0xC6D3, 0x65E0}, {0xC6D5, 0x7676}, {0xC6D7, 0x96B6},
    {0xC6DE, 0x3003}, {0xC6DF, 0x4EDD}, {0xC879, 0x31CF}, {0xC8A1, 0x9FB0}, {0xC8A3, 0x9FB1},
    {0xFA5F, 0x5029}, {0xFA66, 0x507D}, {0xFABD, 0x5305}, {0xFAC5, 0x5344}, {0xFAD5, 0x537F},
    {0xFB48, 0x5605}, {0xFBB8, 0x5A77}, {0xFBF3, 0x5E75}, {0xFBF9, 0x5ED0}, {0xFC4F, 0x5F58},
    {0xFC6C, 0x60A4}, {0xFCB9, 0x6490}, {0xFCE2, 0x6674}, {0xFCF1, 0x675E}, {0xFDB7, 0x6C9C},
    {0xFDB8, 0x6E1D}, {0xFDBB, 0x6E2F}, {0xFDF1, 0x716E}, {0xFE52, 0x732A}, {0xFE6F, 0x745C},
    {0xFEAA, 0x74E9}, {0xFEDD, 0x7809},
};
/* clang-format on */

/* GB 18030-2022 gave these characters of their own; and 0xA3A0 is a space in the standard. */
static const struct own_pair gb18030_pairs[] = {
    {0xA3A0, 0x3000}, {0xA6D9, 0xFE10}, {0xA6DA, 0xFE12}, {0xA6DB, 0xFE11}, {0xA6DC, 0xFE13},
    {0xA6DD, 0xFE14}, {0xA6DE, 0xFE15}, {0xA6DF, 0xFE16}, {0xA6EC, 0xFE17}, {0xA6ED, 0xFE18},
    {0xA6F3, 0xFE19}, {0xFE59, 0x9FB4}, {0xFE61, 0x9FB5}, {0xFE66, 0x9FB6}, {0xFE67, 0x9FB7},
    {0xFE6D, 0x9FB8}, {0xFE7E, 0x9FB9}, {0xFE90, 0x9FBA}, {0xFEA0, 0x9FBB},
};

static const struct own_pair *own_pairs(enum charset_table table, size_t *ret_count)
{
    switch (table) {
    case TABLE_BIG5: *ret_count = ARRAY_LEN(big5_pairs); return big5_pairs;
    case TABLE_GB18030: *ret_count = ARRAY_LEN(gb18030_pairs); return gb18030_pairs;
    default: *ret_count = 0; return NULL;
    }
}

static uint32_t find_own(enum charset_table table, const unsigned char *bytes, size_t count)
{
    size_t low = 0, high;
    const struct own_pair *pairs = own_pairs(table, &high);
    int wanted = count == 2 ? bytes[0] << 8 | bytes[1] : 0;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (pairs[middle].bytes == wanted)
            return pairs[middle].c;
        if (pairs[middle].bytes < wanted)
            low = middle + 1;
        else
            high = middle;
    }
    return 0;
}

enum cw_err charset_index_open(struct charset_index *ret, enum charset_table table)
{
    UErrorCode error = U_ZERO_ERROR;
    UConverter *icu = ucnv_open(icu_names[table], &error);
    if (U_SUCCESS(error))
        ucnv_setToUCallBack(icu, UCNV_TO_U_CALLBACK_STOP, NULL, NULL, NULL, &error);
    if (U_SUCCESS(error))
        ucnv_setFromUCallBack(icu, UCNV_FROM_U_CALLBACK_STOP, NULL, NULL, NULL, &error);
    if (U_FAILURE(error)) {
        ucnv_close(icu);
        return CW_ENOMEM;
    }
    *ret = (struct charset_index){.table = table, .icu = icu};
    return CW_OK;
}

void charset_index_close(struct charset_index *index)
{
    ucnv_close(index->icu);
    index->icu = NULL;
}

/* 0 when ICU cannot. */
static uint32_t ask_icu(struct charset_index *index, const unsigned char *bytes, size_t count)
{
    UErrorCode error = U_ZERO_ERROR;
    const char *at = (const char *)bytes, *end = at + count;
    UChar32 c = ucnv_getNextUChar(index->icu, &at, end, &error);
    if (U_SUCCESS(error) && at == end)
        return (uint32_t)c;
    ucnv_resetToUnicode(index->icu);
    return 0;
}

static bool is_private(uint32_t c)
{
    return c >= 0xE000 && c <= 0xF8FF;
}

/* Rows of JIS X 0212 that ICU fills and the standard does not: 0xF3A1 to 0xF3B7. */
static bool is_beyond_jis0212(const unsigned char *bytes, size_t count)
{
    return count == 3 && bytes[1] == 0xF3 && bytes[2] <= 0xB7;
}

uint32_t charset_index_find(struct charset_index *index, const unsigned char *bytes, size_t count)
{
    enum charset_table table = index->table;
    uint32_t c = ask_icu(index, bytes, count);
    if (c != 0 && !is_private(c))
        return table == TABLE_EUC_JP && is_beyond_jis0212(bytes, count) ? 0 : c;
    uint32_t own = find_own(table, bytes, count);
    if (own != 0)
        return own;
    return table == TABLE_GB18030 || table == TABLE_SHIFT_JIS ? c : 0;
}

/* What the standard decodes, but does not write. */
static bool is_never_written(enum charset_table table, uint32_t c, const unsigned char *bytes,
                             size_t count)
{
    switch (table) {
    case TABLE_BIG5: return bytes[0] < 0xA1; /* what Hong Kong added */
    case TABLE_EUC_JP: return count != 2;    /* JIS X 0212 */
    case TABLE_SHIFT_JIS: return is_private(c);
    default: return false;
    }
}

static size_t find_own_bytes(enum charset_table table, uint32_t c, unsigned char ret[SEQUENCE_MAX])
{
    size_t count;
    const struct own_pair *pairs = own_pairs(table, &count);
    for (size_t i = 0; i < count; i++)
        if (pairs[i].c == c) {
            ret[0] = (unsigned char)(pairs[i].bytes >> 8);
            ret[1] = (unsigned char)pairs[i].bytes;
            return is_never_written(table, c, ret, 2) ? 0 : 2;
        }
    return 0;
}

/* 0 when ICU cannot. */
static size_t ask_icu_for_bytes(struct charset_index *index, uint32_t c,
                                unsigned char ret[SEQUENCE_MAX])
{
    UChar units[U16_MAX_LENGTH];
    int32_t unit_count = 0;
    UErrorCode error = U_ZERO_ERROR;
    U16_APPEND_UNSAFE(units, unit_count, c);
    int32_t count =
        ucnv_fromUChars(index->icu, (char *)ret, SEQUENCE_MAX, units, unit_count, &error);
    return U_SUCCESS(error) && count >= 2 && count <= SEQUENCE_MAX ? (size_t)count : 0;
}

/* Does what ICU wrote read as `c` again? Of GB 18030's private characters ICU's own word counts. */
static bool reads_back(struct charset_index *index, uint32_t c, const unsigned char *bytes,
                       size_t count)
{
    bool by_icu = index->table == TABLE_GB18030 && is_private(c);
    return (by_icu ? ask_icu(index, bytes, count) : charset_index_find(index, bytes, count)) == c;
}

size_t charset_index_find_bytes(struct charset_index *index, uint32_t c, unsigned char ret[4])
{
    size_t count = ask_icu_for_bytes(index, c, ret);
    if (count > 0 &&
        (!reads_back(index, c, ret, count) || is_never_written(index->table, c, ret, count)))
        count = 0;
    unsigned char own[SEQUENCE_MAX];
    if (find_own_bytes(index->table, c, own) == 0)
        return count;
    if (count == 2 && memcmp(ret, own, 2) < 0) /* the lowest sequence counts */
        return count;
    memcpy(ret, own, 2);
    return 2;
}
