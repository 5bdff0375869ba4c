/* guard: which addresses may be connected to. Decided at the socket, on the address really about to
 * be connected to, for every new connection: rebinding and odd spellings change nothing (design,
 * section 3). Pure. Ranges: the IANA special-purpose address registries. */
#ifndef CRAWLER_FETCH_GUARD_H
#define CRAWLER_FETCH_GUARD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "crawler/base/str.h"

/* The class of an address. IPv4 inside IPv6 (mapped, NAT64, 6to4, Teredo ...) that the registries
 * forbid is GUARD_SPECIAL; an IPv4-mapped address is judged as the IPv4 address inside it. */
enum guard_class {
    GUARD_PUBLIC = 1 << 0,
    GUARD_LOOPBACK = 1 << 1,
    GUARD_PRIVATE = 1 << 2,    /* RFC 1918, unique local */
    GUARD_LINK_LOCAL = 1 << 3, /* cloud metadata lives here */
    GUARD_SPECIAL = 1 << 4,    /* everything else that is not global unicast */
    GUARD_ALL = (1 << 5) - 1,
};

struct guard {
    unsigned allowed; /* of enum guard_class */
};
#define GUARD_DEFAULT ((struct guard){.allowed = GUARD_PUBLIC})

enum guard_class guard_classify(const struct sockaddr *address);
bool guard_allows(const struct guard *guard, const struct sockaddr *address);

/* The class that a URL's host names by itself: that of an IP literal; GUARD_LOOPBACK for
 * `localhost` and names below it; GUARD_PUBLIC for any other name. `hostname` is canonical, IPv6 in
 * brackets. A start URL that a person typed opens its own class: `guard.allowed |=
 * guard_class_of_name(...)`. */
enum guard_class guard_class_of_name(struct str hostname);
const char *guard_class_name(enum guard_class c); /* "loopback", "private", ... */

/* Is `port` one of another protocol: on the Fetch standard's list of bad ports ("port blocking"),
 * or Redis's or memcached's? */
bool guard_port_is_bad(uint16_t port);

#endif
