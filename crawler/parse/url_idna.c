/* The wall to ICU's UTS 46. */
#include <unicode/uidna.h>

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

static void close_idna(UIDNA **idna)
{
    uidna_close(*idna);
}

enum cw_err url_idna_add(struct buf *ret, struct str domain)
{
    char ascii[ASCII_MAX];
    UErrorCode code = U_ZERO_ERROR;
    UIDNAInfo info = UIDNA_INFO_INITIALIZER;
    if (domain.len > UNICODE_MAX)
        return CW_EURL;
    /* Opened for each name, since nothing global may live here: ICU shares its tables, so this is
     * one small allocation, and only for names that need it. */
    CLEANUP(close_idna)
    UIDNA *idna = uidna_openUTS46(
        UIDNA_CHECK_BIDI | UIDNA_CHECK_CONTEXTJ | UIDNA_NONTRANSITIONAL_TO_ASCII, &code);
    int32_t len = uidna_nameToASCII_UTF8(idna, domain.ptr, (int32_t)domain.len, ascii, ASCII_MAX,
                                         &info, &code);
    if (code == U_MEMORY_ALLOCATION_ERROR)
        return CW_ENOMEM;
    if (U_FAILURE(code) || (info.errors & ~(uint32_t)TOLERATED) != 0)
        return CW_EURL;
    return buf_add_bytes(ret, ascii, (size_t)len);
}
