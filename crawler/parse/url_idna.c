/* The wall to ICU's UTS 46. */
#include <unicode/uidna.h>
#include <unicode/ustring.h>

#include "crawler/parse/url_host_p.h"

/* Nothing that ends at 253 bytes is honestly written with more, and Punycode is quadratic. */
enum { UNICODE_MAX = 2048, ASCII_MAX = 512 };

/* The URL Standard calls ToASCII with CheckHyphens and VerifyDnsLength false; ICU has no switch for
 * these, but tells each error apart. (Lengths are checked in url_host.c, alike for every name.) */
enum {
    TOLERATED = UIDNA_ERROR_LEADING_HYPHEN | UIDNA_ERROR_TRAILING_HYPHEN | UIDNA_ERROR_HYPHEN_3_4 |
                UIDNA_ERROR_EMPTY_LABEL | UIDNA_ERROR_LABEL_TOO_LONG |
                UIDNA_ERROR_DOMAIN_NAME_TOO_LONG
};

/* What UTS 46 maps since Unicode 15.1 and 16, and ICU before 76 does not: some capitals to their
 * small letters, some invisible characters to nothing. Harmless where ICU knows it too. */
static const struct later_mapping {
    UChar first, last, to; /* `first` becomes `to`, and so on; 0: removed */
} later_mappings[] = {
    {0x04C0, 0x04C0, 0x04CF}, /* Cyrillic palochka */
    {0x10A0, 0x10C5, 0x2D00}, /* Georgian capitals */
    {0x10C7, 0x10C7, 0x2D27}, /* Georgian capital yn */
    {0x10CD, 0x10CD, 0x2D2D}, /* Georgian capital aen */
    {0x115F, 0x1160, 0},      /* Hangul fillers */
    {0x17B4, 0x17B5, 0},      /* Khmer inherent vowels */
    {0x180E, 0x180E, 0},      /* Mongolian vowel separator */
    {0x1E9E, 0x1E9E, 0x00DF}, /* capital sharp s */
    {0x206A, 0x206F, 0},      /* deprecated format characters */
    {0x2132, 0x2132, 0x214E}, /* turned capital F */
    {0x2183, 0x2183, 0x2184}, /* reversed Roman numeral one hundred */
    {0x3164, 0x3164, 0},      /* Hangul filler */
    {0xFFA0, 0xFFA0, 0},      /* halfwidth Hangul filler */
};

static UChar map_later(UChar c)
{
    for (size_t i = 0; i < ARRAY_LEN(later_mappings); i++) {
        const struct later_mapping *m = &later_mappings[i];
        if (c >= m->first && c <= m->last)
            return m->to != 0 ? (UChar)(m->to + (c - m->first)) : 0;
    }
    return c;
}

/* In place; all of these lie in the first plane, so they are single units. */
static int32_t apply_later_mappings(UChar *text, int32_t len)
{
    int32_t kept = 0;
    for (int32_t i = 0; i < len; i++) {
        UChar mapped = map_later(text[i]);
        if (mapped != 0 || text[i] == 0)
            text[kept++] = mapped;
    }
    return kept;
}

static void close_idna(UIDNA **idna)
{
    uidna_close(*idna);
}

enum cw_err url_idna_add(struct buf *ret, struct str domain)
{
    UChar unicode[UNICODE_MAX], ascii[ASCII_MAX];
    UErrorCode code = U_ZERO_ERROR;
    UIDNAInfo info = UIDNA_INFO_INITIALIZER;
    int32_t len = 0;
    if (domain.len > UNICODE_MAX)
        return CW_EURL;
    u_strFromUTF8WithSub(unicode, UNICODE_MAX, &len, domain.ptr, (int32_t)domain.len, 0xFFFD, NULL,
                         &code);
    len = apply_later_mappings(unicode, len);
    /* Opened for each name, since nothing global may live here: ICU shares its tables, so this is
     * one small allocation, and only for names that need it. */
    CLEANUP(close_idna)
    UIDNA *idna = uidna_openUTS46(
        UIDNA_CHECK_BIDI | UIDNA_CHECK_CONTEXTJ | UIDNA_NONTRANSITIONAL_TO_ASCII, &code);
    len = uidna_nameToASCII(idna, unicode, len, ascii, ASCII_MAX, &info, &code);
    if (code == U_MEMORY_ALLOCATION_ERROR)
        return CW_ENOMEM;
    if (U_FAILURE(code) || (info.errors & ~(uint32_t)TOLERATED) != 0)
        return CW_EURL;
    char narrow[ASCII_MAX];
    for (int32_t i = 0; i < len; i++) /* u_UCharsToChars() knows neither '{' nor '~' */
        narrow[i] = (char)ascii[i];
    return buf_add_bytes(ret, narrow, (size_t)len);
}
