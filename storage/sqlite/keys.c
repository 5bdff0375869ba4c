#include "storage/sqlite/keys.h"

#define HOST_MASK ((INT64_C(1) << KEY_HOST_BITS) - 1)
#define URL_MASK  ((INT64_C(1) << KEY_URL_BITS) - 1)

static int64_t low_bits(struct str s, int64_t mask)
{
    return (int64_t)(str_hash(s) & (uint64_t)mask);
}

int64_t key_host(struct str name)
{
    return low_bits(name, HOST_MASK);
}

int64_t key_host_next(int64_t id)
{
    return (id + 1) & HOST_MASK;
}

int64_t key_url(int64_t host_id, struct str url)
{
    return host_id << KEY_URL_BITS | low_bits(url, URL_MASK);
}

int64_t key_first_url(int64_t host_id)
{
    return host_id << KEY_URL_BITS;
}

int64_t key_last_url(int64_t host_id)
{
    return host_id << KEY_URL_BITS | URL_MASK;
}

int64_t key_url_next(int64_t id)
{
    return (id & ~URL_MASK) | ((id + 1) & URL_MASK);
}

int64_t key_url_offset(int64_t from, int64_t to)
{
    return to - (from & ~URL_MASK);
}

struct str key_host_of_url(struct str url)
{
    struct str rest = str_skip(url, str_find(url, STR("//")));
    rest = str_skip(rest, 2);
    size_t end = 0;
    while (end < rest.len && rest.ptr[end] != '/' && rest.ptr[end] != '?' && rest.ptr[end] != '#')
        end++;
    return str_first(rest, end);
}
