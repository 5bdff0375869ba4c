/* dnsserver: a name server on 127.0.0.1 (UDP) for tests, in the loop of what it serves. It answers
 * A and AAAA questions from a script and counts them. A name without a script does not exist
 * (NXDOMAIN); one with addresses of the other family only has no data. Failures of its own are
 * cmocka's. */
#ifndef TESTS_SUPPORT_DNSSERVER_H
#define TESTS_SUPPORT_DNSSERVER_H

#include <stdint.h>
#include <uv.h>

enum dnsserver_mode {
    DNSSERVER_ANSWER,
    DNSSERVER_NXDOMAIN,
    DNSSERVER_SERVFAIL,
    DNSSERVER_SILENCE, /* hears the question and says nothing */
};

struct dnsserver;
struct dnsserver *dnsserver_open(uv_loop_t *loop);
void dnsserver_close(struct dnsserver *server); /* frees it; it leaves the loop by itself */

enum { DNSSERVER_TEXT_SIZE = 32 };
/* "127.0.0.1:PORT", for struct resolver_options. */
void dnsserver_text(const struct dnsserver *server, char ret_text[DNSSERVER_TEXT_SIZE]);

/* From now on `name` has these addresses: "192.0.2.1 2001:db8::1" ("": no data). */
void dnsserver_set(struct dnsserver *server, const char *name, const char *addresses,
                   uint32_t ttl_s);
void dnsserver_set_mode(struct dnsserver *server, const char *name, enum dnsserver_mode mode);

/* Nobody listens at its port until it returns: whoever asks is refused. */
void dnsserver_leave(struct dnsserver *server);
void dnsserver_return(struct dnsserver *server);

/* A questions heard for `name` (each look-up asks one, and one AAAA beside it). */
unsigned dnsserver_questions(const struct dnsserver *server, const char *name);

#endif
