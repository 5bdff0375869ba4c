#include "crawler/fetch/guard.h"

#include <netinet/in.h>

#include "crawler/fetch/address.h"

/* The IANA special-purpose address registries (IPv4: RFC 6890 and its successors; IPv6 likewise),
 * with multicast and what is deprecated but still answered by some stacks. Most specific first:
 * the first match wins. */
struct range {
    uint8_t prefix[16];
    uint8_t bits;
    enum guard_class class;
};

static const struct range ipv4_ranges[] = {
    {{0}, 8, GUARD_SPECIAL},             /* this host: connects to the local machine on Linux */
    {{10}, 8, GUARD_PRIVATE},            /* RFC 1918 */
    {{100, 64}, 10, GUARD_SPECIAL},      /* carrier-grade NAT, RFC 6598 */
    {{127}, 8, GUARD_LOOPBACK},          /* RFC 1122 */
    {{169, 254}, 16, GUARD_LINK_LOCAL},  /* RFC 3927; cloud metadata at .169.254 */
    {{172, 16}, 12, GUARD_PRIVATE},      /* RFC 1918 */
    {{192, 0, 0}, 24, GUARD_SPECIAL},    /* IETF protocol assignments */
    {{192, 0, 2}, 24, GUARD_SPECIAL},    /* documentation */
    {{192, 88, 99}, 24, GUARD_SPECIAL},  /* 6to4 relays, RFC 7526 */
    {{192, 168}, 16, GUARD_PRIVATE},     /* RFC 1918 */
    {{198, 18}, 15, GUARD_SPECIAL},      /* benchmarking */
    {{198, 51, 100}, 24, GUARD_SPECIAL}, /* documentation */
    {{203, 0, 113}, 24, GUARD_SPECIAL},  /* documentation */
    {{224}, 4, GUARD_SPECIAL},           /* multicast */
    {{240}, 4, GUARD_SPECIAL},           /* reserved, and broadcast */
};

static const struct range ipv6_ranges[] = {
    {{[15] = 1}, 128, GUARD_LOOPBACK},
    {{0xfe, 0x80}, 10, GUARD_LINK_LOCAL},
    {{0xfc}, 7, GUARD_PRIVATE},                    /* unique local, RFC 4193 */
    {{0x20, 0x01, 0, 0}, 32, GUARD_SPECIAL},       /* Teredo embeds IPv4 */
    {{0x20, 0x01, 0, 2, 0, 0}, 48, GUARD_SPECIAL}, /* benchmarking */
    {{0x20, 0x01, 0, 0x10}, 28, GUARD_SPECIAL},    /* ORCHID */
    {{0x20, 0x01, 0, 0x20}, 28, GUARD_SPECIAL},    /* ORCHIDv2 */
    {{0x20, 0x01, 0x0d, 0xb8}, 32, GUARD_SPECIAL}, /* documentation */
    {{0x20, 0x02}, 16, GUARD_SPECIAL},             /* 6to4 embeds IPv4 */
    {{0x3f, 0xff}, 20, GUARD_SPECIAL},             /* documentation */
    {{0x20}, 3, GUARD_PUBLIC},                     /* global unicast */
};

static const uint8_t ipv4_mapped[12] = {[10] = 0xff, [11] = 0xff};

static bool range_holds(const struct range *range, const uint8_t *address)
{
    size_t whole = range->bits / 8, rest = range->bits % 8;
    uint8_t mask = (uint8_t)(0xff00 >> rest);
    return memcmp(range->prefix, address, whole) == 0 &&
           (rest == 0 || ((range->prefix[whole] ^ address[whole]) & mask) == 0);
}

static enum guard_class find_class(const struct range *ranges, size_t count, const uint8_t *address,
                                   enum guard_class otherwise)
{
    for (size_t i = 0; i < count; i++)
        if (range_holds(&ranges[i], address))
            return ranges[i].class;
    return otherwise;
}

static enum guard_class classify_ipv4(const uint8_t address[4])
{
    return find_class(ipv4_ranges, ARRAY_LEN(ipv4_ranges), address, GUARD_PUBLIC);
}

/* What lies outside 2000::/3 is not handed out, so it is special: that covers the IPv4-compatible,
 * translated and NAT64 prefixes, discard-only, SRv6, site-local and multicast. */
static enum guard_class classify_ipv6(const uint8_t address[16])
{
    if (memcmp(address, ipv4_mapped, sizeof ipv4_mapped) == 0)
        return classify_ipv4(address + sizeof ipv4_mapped);
    return find_class(ipv6_ranges, ARRAY_LEN(ipv6_ranges), address, GUARD_SPECIAL);
}

enum guard_class guard_classify(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET)
        return classify_ipv4((const uint8_t *)&((const struct sockaddr_in *)address)->sin_addr);
    if (address->sa_family == AF_INET6)
        return classify_ipv6((const uint8_t *)&((const struct sockaddr_in6 *)address)->sin6_addr);
    return GUARD_SPECIAL;
}

bool guard_allows(const struct guard *guard, const struct sockaddr *address)
{
    return (guard->allowed & guard_classify(address)) != 0;
}

enum guard_class guard_class_of_name(struct str hostname)
{
    struct sockaddr_storage address;
    if (address_parse(hostname, &address))
        return guard_classify((const struct sockaddr *)&address);
    if (str_ends(hostname, STR(".")))
        hostname.len--;
    /* RFC 6761 6.3: localhost and every name below it mean this machine. */
    bool is_local = str_eq_nocase(hostname, STR("localhost")) ||
                    (hostname.len > 10 &&
                     str_eq_nocase(str_skip(hostname, hostname.len - 10), STR(".localhost")));
    return is_local ? GUARD_LOOPBACK : GUARD_PUBLIC;
}

const char *guard_class_name(enum guard_class c)
{
    switch (c) {
    case GUARD_PUBLIC: return "public";
    case GUARD_LOOPBACK: return "loopback";
    case GUARD_PRIVATE: return "private";
    case GUARD_LINK_LOCAL: return "link-local";
    case GUARD_SPECIAL: return "special";
    case GUARD_ALL: return "any";
    }
    return "unknown";
}

/* Fetch standard, "port blocking": bad ports; and two of services that take the lines of a request
 * for commands (Redis, memcached), which browsers reach no better. Ascending. */
static const uint16_t bad_ports[] = {
    0,    1,    7,    9,    11,   13,   15,   17,   19,    20,    21,   22,   23,   25,   37,
    42,   43,   53,   69,   77,   79,   87,   95,   101,   102,   103,  104,  109,  110,  111,
    113,  115,  117,  119,  123,  135,  137,  139,  143,   161,   179,  389,  427,  465,  512,
    513,  514,  515,  526,  530,  531,  532,  540,  548,   554,   556,  563,  587,  601,  636,
    989,  990,  993,  995,  1719, 1720, 1723, 2049, 3659,  4045,  4190, 5060, 5061, 6000, 6379,
    6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080, 11211,
};

bool guard_port_is_bad(uint16_t port)
{
    size_t low = 0, high = ARRAY_LEN(bad_ports);
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (bad_ports[middle] < port)
            low = middle + 1;
        else
            high = middle;
    }
    return low < ARRAY_LEN(bad_ports) && bad_ports[low] == port;
}
