/* A connected UDP socket makes the kernel choose a route and sends nothing. */
#include "crawler/fetch/route.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <unistd.h>

static socklen_t size_of(const struct sockaddr *address)
{
    switch (address->sa_family) {
    case AF_INET: return sizeof(struct sockaddr_in);
    case AF_INET6: return sizeof(struct sockaddr_in6);
    default: return 0;
    }
}

/* False only when the kernel says so: any other trouble proves nothing. */
bool route_leads_to(const struct sockaddr *address)
{
    socklen_t size = size_of(address);
    if (size == 0)
        return true;
    int fd = socket(address->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno != EAFNOSUPPORT;
    bool is_lost = connect(fd, address, size) != 0 &&
                   (errno == ENETUNREACH || errno == ENETDOWN || errno == EADDRNOTAVAIL);
    (void)close(fd);
    return !is_lost;
}

/* Addresses of documentation (RFC 5737, RFC 3849): nobody's, but routed like anybody's. */
bool route_leads_out(void)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(9)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(9)};
    (void)inet_pton(AF_INET, "192.0.2.1", &v4.sin_addr);
    (void)inet_pton(AF_INET6, "2001:db8::1", &v6.sin6_addr);
    return route_leads_to((const struct sockaddr *)&v4) ||
           route_leads_to((const struct sockaddr *)&v6);
}
