#include "crawler/fetch/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

static bool read_family(const char *text, int family, struct sockaddr_storage *ret)
{
    struct sockaddr_storage address = {.ss_family = (sa_family_t)family};
    void *bytes = family == AF_INET6 ? (void *)&((struct sockaddr_in6 *)&address)->sin6_addr
                                     : (void *)&((struct sockaddr_in *)&address)->sin_addr;
    if (inet_pton(family, text, bytes) != 1)
        return false;
    *ret = address;
    return true;
}

bool address_read(const char *text, struct sockaddr_storage *ret)
{
    return read_family(text, AF_INET, ret) || read_family(text, AF_INET6, ret);
}

bool address_parse(struct str hostname, struct sockaddr_storage *ret)
{
    char text[ADDRESS_TEXT_SIZE];
    bool is_ipv6 = str_starts(hostname, STR("[")) && str_ends(hostname, STR("]"));
    struct str inner = is_ipv6 ? str_first(str_skip(hostname, 1), hostname.len - 2) : hostname;

    if (inner.len == 0 || inner.len >= sizeof text)
        return false;
    memcpy(text, inner.ptr, inner.len);
    text[inner.len] = '\0';
    return read_family(text, is_ipv6 ? AF_INET6 : AF_INET, ret);
}

/* The address bytes inside, and how many; NULL for other families. */
static const void *bytes_of(const struct sockaddr *address, size_t *ret_size)
{
    if (address->sa_family == AF_INET) {
        *ret_size = sizeof(struct in_addr);
        return &((const struct sockaddr_in *)address)->sin_addr;
    }
    if (address->sa_family == AF_INET6) {
        *ret_size = sizeof(struct in6_addr);
        return &((const struct sockaddr_in6 *)address)->sin6_addr;
    }
    return NULL;
}

void address_format(const struct sockaddr *address, char ret_text[ADDRESS_TEXT_SIZE])
{
    size_t size;
    const void *bytes = bytes_of(address, &size);
    if (bytes == NULL || inet_ntop(address->sa_family, bytes, ret_text, ADDRESS_TEXT_SIZE) == NULL)
        ret_text[0] = '\0';
}

bool address_equals(const struct sockaddr *a, const struct sockaddr *b)
{
    size_t size_a = 0, size_b = 0;
    const void *bytes_a = bytes_of(a, &size_a), *bytes_b = bytes_of(b, &size_b);
    return bytes_a != NULL && bytes_b != NULL && a->sa_family == b->sa_family &&
           memcmp(bytes_a, bytes_b, size_a) == 0;
}
