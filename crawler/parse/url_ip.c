/* IP addresses in hosts: the many ways to write IPv4 that browsers know, and IPv6. */
#include <arpa/inet.h>

#include "crawler/parse/url_host_p.h"

enum { V4_PARTS_MAX = 4 };

/* "IPv4 number parser". Saturates: what is over 32 bits stays so. */
static bool parse_number(struct str text, uint64_t *ret)
{
    const uint64_t too_big = UINT64_C(1) << 40;
    int radix = 10;
    if (text.len == 0)
        return false;
    if (str_starts_nocase(text, STR("0x"))) {
        radix = 16;
        text = str_skip(text, 2);
    } else if (text.len > 1 && text.ptr[0] == '0') {
        radix = 8;
        text = str_skip(text, 1);
    }
    uint64_t value = 0;
    for (size_t i = 0; i < text.len; i++) {
        int digit = ascii_hex_value(text.ptr[i]);
        if (digit < 0 || digit >= radix)
            return false;
        value = MIN(value * (uint64_t)radix + (uint64_t)digit, too_big);
    }
    *ret = value;
    return true;
}

static bool is_all_digits(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!ascii_is_digit(s.ptr[i]))
            return false;
    return s.len > 0;
}

static struct str without_last_dot(struct str domain)
{
    return str_ends(domain, STR(".")) ? str_first(domain, domain.len - 1) : domain;
}

bool url_ip_looks_like_v4(struct str domain)
{
    domain = without_last_dot(domain);
    const char *dot = domain.len > 0 ? memrchr(domain.ptr, '.', domain.len) : NULL;
    struct str last = dot != NULL ? str_skip(domain, (size_t)(dot - domain.ptr) + 1) : domain;
    uint64_t value;
    return last.len > 0 && ascii_is_digit(last.ptr[0]) &&
           (is_all_digits(last) || parse_number(last, &value));
}

bool url_ip_parse_v4(struct str domain, uint32_t *ret)
{
    uint64_t parts[V4_PARTS_MAX], address = 0;
    size_t count = 0;
    for (struct str rest = without_last_dot(domain); !str_is_absent(rest);)
        if (count == V4_PARTS_MAX || !parse_number(str_cut(&rest, '.'), &parts[count++]))
            return false;
    for (size_t i = 0; i + 1 < count; i++) {
        if (parts[i] > 255)
            return false;
        address |= parts[i] << (8 * (3 - i));
    }
    if (parts[count - 1] >= UINT64_C(1) << (8 * (5 - count)))
        return false;
    *ret = (uint32_t)(address | parts[count - 1]);
    return true;
}

enum cw_err url_ip_add_v4(struct buf *ret, uint32_t address)
{
    enum cw_err err = CW_OK;
    for (int shift = 24; err == CW_OK && shift >= 0; shift -= 8) {
        err = buf_add_u64(ret, address >> shift & 255);
        if (err == CW_OK && shift > 0)
            err = buf_add_char(ret, '.');
    }
    return err;
}

/* inet_pton() reads exactly the standard's grammar: at most four digits a piece, one "::", and
 * decimal octets without leading zeros in an IPv4 tail. */
bool url_ip_parse_v6(struct str text, uint16_t ret[8])
{
    char copy[INET6_ADDRSTRLEN];
    struct in6_addr address;
    if (text.len >= sizeof copy || str_find_char(text, '\0') < text.len)
        return false;
    (void)snprintf(copy, sizeof copy, STR_FMT, STR_ARG(text));
    if (inet_pton(AF_INET6, copy, &address) != 1)
        return false;
    for (size_t i = 0; i < 8; i++)
        ret[i] = (uint16_t)(address.s6_addr[i * 2] << 8 | address.s6_addr[i * 2 + 1]);
    return true;
}

/* The first longest run of zeros, of two pieces or more, is what "::" stands for. */
static size_t find_longest_zeros(const uint16_t pieces[8], size_t *ret_count)
{
    size_t best = 0, best_count = 1;
    for (size_t i = 0, count = 0; i < 8; i++) {
        count = pieces[i] == 0 ? count + 1 : 0;
        if (count > best_count) {
            best_count = count;
            best = i + 1 - count;
        }
    }
    *ret_count = best_count > 1 ? best_count : 0;
    return best;
}

enum cw_err url_ip_add_v6(struct buf *ret, const uint16_t pieces[8])
{
    size_t zero_count, zeros = find_longest_zeros(pieces, &zero_count);
    enum cw_err err = buf_add_char(ret, '[');
    for (size_t i = 0; err == CW_OK && i < 8;) {
        if (zero_count > 0 && i == zeros) {
            err = buf_add(ret, i == 0 ? STR("::") : STR(":"));
            i += zero_count;
        } else {
            err = buf_addf(ret, i < 7 ? "%x:" : "%x", pieces[i]);
            i++;
        }
    }
    return err == CW_OK ? buf_add_char(ret, ']') : err;
}
