#include "config/checks_p.h"

#include <arpa/inet.h>
#include <limits.h>

enum { MAX_NAME = 64, MAX_TEXT = 4096 };

static bool is_control(char c)
{
    return (unsigned char)c < 0x20 || c == 0x7F;
}

static bool has_control(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (is_control(text.ptr[i]))
            return true;
    return false;
}

static bool is_name_start(char c)
{
    return ascii_is_digit(c) || (c >= 'a' && c <= 'z');
}

bool check_crawl_name(struct str text)
{
    if (text.len == 0 || text.len > MAX_NAME || !is_name_start(text.ptr[0]))
        return false;
    for (size_t i = 1; i < text.len; i++)
        if (!is_name_start(text.ptr[i]) && text.ptr[i] != '_' && text.ptr[i] != '-')
            return false;
    return true;
}

/* Is `text` one of `schemes`, "://", and at least one byte of a host? What else makes a URL is
 * the URL parser's business, which this room may not know. */
static bool has_scheme(struct str text, const struct str *schemes, size_t count)
{
    size_t colon = str_find(text, STR("://"));
    struct str host = str_skip(text, colon + 3);
    if (text.len > MAX_TEXT || has_control(text) || str_find_char(text, ' ') < text.len)
        return false;
    if (colon + 3 >= text.len || strchr("/?#:", host.ptr[0]) != NULL)
        return false;
    for (size_t i = 0; i < count; i++)
        if (str_eq_nocase(str_first(text, colon), schemes[i]))
            return true;
    return false;
}

bool check_web_url(struct str text)
{
    static const struct str schemes[] = {{"http", 4}, {"https", 5}};
    return has_scheme(text, schemes, ARRAY_LEN(schemes));
}

bool check_proxy_url(struct str text)
{
    static const struct str schemes[] = {{"http", 4},    {"https", 5},  {"socks4", 6},
                                         {"socks4a", 7}, {"socks5", 6}, {"socks5h", 7}};
    return has_scheme(text, schemes, ARRAY_LEN(schemes));
}

static bool is_token_char(char c)
{
    return ascii_is_alpha(c) || ascii_is_digit(c) || (c != '\0' && strchr("!#$%&'*+-.^_`|~", c));
}

bool check_header(struct str text)
{
    size_t colon = str_find_char(text, ':');
    if (colon == 0 || colon == text.len)
        return false;
    for (size_t i = 0; i < colon; i++)
        if (!is_token_char(text.ptr[i]))
            return false;
    return check_header_value(str_trim(str_skip(text, colon + 1)));
}

bool check_header_value(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (is_control(text.ptr[i]) && text.ptr[i] != '\t')
            return false;
    return text.len > 0 && text.len <= MAX_TEXT;
}

bool check_pattern(struct str text)
{
    return text.len > 0 && text.len <= MAX_TEXT && !has_control(text);
}

bool check_path(struct str text)
{
    return text.len > 0 && text.len < PATH_MAX && !has_control(text);
}

bool check_absolute_path(struct str text)
{
    return check_path(text) && text.ptr[0] == '/';
}

static bool is_address(int family, struct str text)
{
    char address[INET6_ADDRSTRLEN], binary[sizeof(struct in6_addr)];
    if (text.len >= sizeof address)
        return false;
    (void)snprintf(address, sizeof address, STR_FMT, STR_ARG(text));
    return inet_pton(family, address, binary) == 1;
}

static bool is_port(struct str text)
{
    uint64_t port;
    return str_to_u64(text, 65535, &port) && port > 0;
}

/* "192.0.2.1", "192.0.2.1:53", "2001:db8::1", "[2001:db8::1]" or "[2001:db8::1]:53". */
static bool is_server(struct str text)
{
    if (is_address(AF_INET6, text))
        return true;
    bool is_bracketed = str_starts(text, STR("["));
    size_t end = str_find_char(text, is_bracketed ? ']' : ':');
    struct str rest = str_skip(text, end + is_bracketed);
    struct str address = is_bracketed ? str_skip(str_first(text, end), 1) : str_first(text, end);
    if (is_bracketed && end == text.len)
        return false;
    if (end + is_bracketed < text.len && (rest.ptr[0] != ':' || !is_port(str_skip(rest, 1))))
        return false;
    return is_address(is_bracketed ? AF_INET6 : AF_INET, address);
}

bool check_servers(struct str text)
{
    if (text.len == 0 || text.len > MAX_TEXT)
        return false;
    while (!str_is_absent(text))
        if (!is_server(str_trim(str_cut(&text, ','))))
            return false;
    return true;
}
