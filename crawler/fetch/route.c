/* Is there a way out? A connected UDP socket makes the kernel choose a route and sends nothing. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "crawler/fetch/fetch.h"

/* False only when the kernel says so: any other trouble proves nothing. */
static bool may_reach(const struct sockaddr *address, socklen_t size)
{
    int fd = socket(address->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno != EAFNOSUPPORT;
    bool is_lost = connect(fd, address, size) != 0 &&
                   (errno == ENETUNREACH || errno == ENETDOWN || errno == EADDRNOTAVAIL);
    (void)close(fd);
    return !is_lost;
}

/* Addresses of documentation (RFC 5737, RFC 3849): nobody's, but routed like anybody's. */
bool fetch_has_route(void)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(9)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(9)};
    (void)inet_pton(AF_INET, "192.0.2.1", &v4.sin_addr);
    (void)inet_pton(AF_INET6, "2001:db8::1", &v6.sin6_addr);
    return may_reach((const struct sockaddr *)&v4, sizeof v4) ||
           may_reach((const struct sockaddr *)&v6, sizeof v6);
}
