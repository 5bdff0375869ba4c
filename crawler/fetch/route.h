/* route: do packets leave this machine? Asks the kernel, sends nothing. */
#ifndef CRAWLER_FETCH_ROUTE_H
#define CRAWLER_FETCH_ROUTE_H

#include <stdbool.h>
#include <sys/socket.h>

/* Is there a route to `address`? Of another family than IPv4 and IPv6: yes, for nobody knows. */
bool route_leads_to(const struct sockaddr *address);

/* Is there a route to the outside at all, of either family? */
bool route_leads_out(void);

#endif
