#include "tests/support/dnsserver.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "crawler/base/str.h"

/* RFC 1035 4.1.1 and 3.2.2 */
enum {
    HEADER_BYTES = 12,
    TYPE_A = 1,
    TYPE_AAAA = 28,
    RCODE_SERVFAIL = 2,
    RCODE_NXDOMAIN = 3,
    PACKET_MAX = 512,
    ADDRESSES_MAX = 16,
};

struct record {
    struct record *next;
    char name[256];
    enum dnsserver_mode mode;
    uint32_t ttl_s;
    unsigned questions;
    size_t count;
    struct in6_addr bytes[ADDRESSES_MAX]; /* IPv4 in the first four */
    bool is_ipv6[ADDRESSES_MAX];
};

struct dnsserver {
    uv_loop_t *loop;
    uv_udp_t *udp; /* NULL while it is away */
    uint16_t port;
    struct record *records;
    char input[PACKET_MAX];
};

struct packet {
    uint8_t bytes[PACKET_MAX];
    size_t len;
};

static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
    struct dnsserver *server = handle->data;
    (void)suggested;
    *ret = uv_buf_init(server->input, sizeof server->input);
}

static struct record *record_find(const struct dnsserver *server, const char *name)
{
    struct record *r = server->records;
    while (r != NULL && !str_eq_nocase(str_of(r->name), str_of(name)))
        r = r->next;
    return r;
}

/* Reads the question's name (RFC 1035 3.1, labels without compression) and type; returns where it
 * ends, 0 when it is not one. */
static size_t read_question(const uint8_t *bytes, size_t len, char ret_name[256], int *ret_type)
{
    size_t at = HEADER_BYTES, out = 0;
    while (at < len && bytes[at] != 0) {
        size_t label = bytes[at++];
        if (label > 63 || at + label > len || out + label + 2 > 256)
            return 0;
        memcpy(ret_name + out, bytes + at, label);
        out += label;
        at += label;
        ret_name[out++] = '.';
    }
    if (at + 5 > len)
        return 0;
    ret_name[out > 0 ? out - 1 : 0] = '\0';
    *ret_type = bytes[at + 1] << 8 | bytes[at + 2];
    return at + 5;
}

static void put16(struct packet *p, unsigned value)
{
    assert_true(p->len + 2 <= sizeof p->bytes);
    p->bytes[p->len++] = (uint8_t)(value >> 8);
    p->bytes[p->len++] = (uint8_t)value;
}

static void put_address(struct packet *p, const struct record *r, size_t i)
{
    size_t size = r->is_ipv6[i] ? 16 : 4;
    put16(p, 0xc000 | HEADER_BYTES); /* the question's name */
    put16(p, r->is_ipv6[i] ? TYPE_AAAA : TYPE_A);
    put16(p, 1); /* class IN */
    put16(p, r->ttl_s >> 16);
    put16(p, r->ttl_s & 0xffff);
    put16(p, (unsigned)size);
    assert_true(p->len + size <= sizeof p->bytes);
    memcpy(p->bytes + p->len, &r->bytes[i], size);
    p->len += size;
}

static void make_answer(struct packet *p, const uint8_t *question, size_t question_len,
                        const struct record *r, int type)
{
    unsigned count = 0, rcode = 0;
    if (r == NULL || r->mode == DNSSERVER_NXDOMAIN)
        rcode = RCODE_NXDOMAIN;
    else if (r->mode == DNSSERVER_SERVFAIL)
        rcode = RCODE_SERVFAIL;
    memcpy(p->bytes, question, question_len);
    p->len = question_len;
    for (size_t i = 0; rcode == 0 && i < r->count; i++)
        if (type == (r->is_ipv6[i] ? TYPE_AAAA : TYPE_A)) {
            put_address(p, r, i);
            count++;
        }
    p->bytes[2] = 0x81; /* an answer; recursion was desired */
    p->bytes[3] = (uint8_t)(0x80 | rcode);
    p->bytes[6] = 0;
    p->bytes[7] = (uint8_t)count;
    memset(p->bytes + 8, 0, 4); /* no authority, no additional records */
}

static void on_question(uv_udp_t *udp, ssize_t got, const uv_buf_t *buf,
                        const struct sockaddr *from, unsigned flags)
{
    struct dnsserver *server = udp->data;
    struct packet packet = {.len = 0};
    char name[256];
    int type = 0;
    (void)flags;
    if (got <= 0 || from == NULL)
        return;
    size_t end = read_question((const uint8_t *)buf->base, (size_t)got, name, &type);
    assert_true(end > 0);
    struct record *r = record_find(server, name);
    if (r != NULL && type == TYPE_A)
        r->questions++;
    if (r != NULL && r->mode == DNSSERVER_SILENCE)
        return;
    make_answer(&packet, (const uint8_t *)buf->base, end, r, type);
    uv_buf_t out = uv_buf_init((char *)packet.bytes, (unsigned)packet.len);
    assert_int_equal(uv_udp_try_send(udp, &out, 1, from), (int)packet.len);
}

static void on_handle_closed(uv_handle_t *handle)
{
    free(handle);
}

static void listen_at(struct dnsserver *server, uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int size = sizeof address;
    server->udp = calloc(1, sizeof *server->udp);
    assert_non_null(server->udp);
    assert_int_equal(uv_udp_init(server->loop, server->udp), 0);
    server->udp->data = server;
    assert_int_equal(uv_udp_bind(server->udp, (struct sockaddr *)&address, 0), 0);
    assert_int_equal(uv_udp_getsockname(server->udp, (struct sockaddr *)&address, &size), 0);
    assert_int_equal(uv_udp_recv_start(server->udp, on_room, on_question), 0);
    server->port = ntohs(address.sin_port);
}

struct dnsserver *dnsserver_open(uv_loop_t *loop)
{
    struct dnsserver *server = calloc(1, sizeof *server);
    assert_non_null(server);
    server->loop = loop;
    listen_at(server, 0);
    return server;
}

void dnsserver_leave(struct dnsserver *server)
{
    uv_close((uv_handle_t *)server->udp, on_handle_closed);
    server->udp = NULL;
}

void dnsserver_return(struct dnsserver *server)
{
    listen_at(server, server->port);
}

void dnsserver_text(const struct dnsserver *server, char ret_text[DNSSERVER_TEXT_SIZE])
{
    (void)snprintf(ret_text, DNSSERVER_TEXT_SIZE, "127.0.0.1:%u", server->port);
}

static struct record *record_want(struct dnsserver *server, const char *name)
{
    struct record *r = record_find(server, name);
    if (r != NULL)
        return r;
    r = calloc(1, sizeof *r);
    assert_non_null(r);
    assert_true(strlen(name) < sizeof r->name);
    memcpy(r->name, name, strlen(name));
    r->next = server->records;
    return server->records = r;
}

static void record_add(struct record *r, struct str text)
{
    char address[INET6_ADDRSTRLEN];
    assert_true(r->count < ADDRESSES_MAX && text.len < sizeof address);
    memcpy(address, text.ptr, text.len);
    address[text.len] = '\0';
    r->is_ipv6[r->count] = strchr(address, ':') != NULL;
    int family = r->is_ipv6[r->count] ? AF_INET6 : AF_INET;
    assert_int_equal(inet_pton(family, address, &r->bytes[r->count++]), 1);
}

void dnsserver_set(struct dnsserver *server, const char *name, const char *addresses,
                   uint32_t ttl_s)
{
    struct record *r = record_want(server, name);
    struct str rest = str_of(addresses);
    r->mode = DNSSERVER_ANSWER;
    r->ttl_s = ttl_s;
    r->count = 0;
    while (!str_is_absent(rest)) {
        struct str text = str_cut(&rest, ' ');
        if (text.len > 0)
            record_add(r, text);
    }
}

void dnsserver_set_mode(struct dnsserver *server, const char *name, enum dnsserver_mode mode)
{
    record_want(server, name)->mode = mode;
}

unsigned dnsserver_questions(const struct dnsserver *server, const char *name)
{
    const struct record *r = record_find(server, name);
    return r != NULL ? r->questions : 0;
}

void dnsserver_close(struct dnsserver *server)
{
    if (server->udp != NULL)
        dnsserver_leave(server);
    while (server->records != NULL) {
        struct record *r = server->records;
        server->records = r->next;
        free(r);
    }
    free(server);
}
