/* address: socket addresses and their texts. Pure. */
#ifndef CRAWLER_FETCH_ADDRESS_H
#define CRAWLER_FETCH_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

#include "crawler/base/str.h"

enum { ADDRESS_TEXT_SIZE = 64 };

/* Reads a canonical host that is an IP literal ("192.0.2.1", "[2001:db8::1]"); port 0. False, and
 * *ret untouched, when it is a name. */
bool address_parse(struct str hostname, struct sockaddr_storage *ret) MUST_CHECK;

/* Reads what address_format() writes: IPv6 without brackets. */
bool address_read(const char *text, struct sockaddr_storage *ret) MUST_CHECK;

/* "192.0.2.1", "2001:db8::1"; "" for a family that is neither IPv4 nor IPv6. */
void address_format(const struct sockaddr *address, char ret_text[ADDRESS_TEXT_SIZE]);

/* Same family and address; ports do not count. */
bool address_equals(const struct sockaddr *a, const struct sockaddr *b);

#endif
