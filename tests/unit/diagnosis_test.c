#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "crawler/engine/diagnosis.h"

enum { HOSTS_MAX = 3 };
#define NOW INT64_C(1700000000000) /* 2023-11-14T22:13:20Z */

/* `hosts` of `cause`, all resting or none, the first until `until_s` from now. */
struct held {
    enum stall_cause cause;
    unsigned hosts;
    bool resting;
    int64_t until_s;
};

static const struct story {
    const char *name;
    struct held held[HOSTS_MAX];
    struct vitals vitals; /* all but its hosts */
    const char *shares, *text;
    bool is_crippled;
} stories[] = {
    {.name = "nothing is known: nothing is said", .shares = "", .text = ""},
    {.name = "one host is named",
     .held = {{CAUSE_BACKOFF, 1, true, 50}},
     .shares = "back-off 100",
     .text = "host0.test in back-off until 22:14:10Z",
     .is_crippled = true},
    {.name = "several are counted, and the first to come back is told",
     .held = {{CAUSE_BACKOFF, 217, true, 50}, {CAUSE_SLOTS, 3, false, 0}},
     .shares = "back-off 98, host-slots 1",
     .text = "217 hosts in back-off, the first until 22:14:10Z; 3 hosts with all slots in use",
     .is_crippled = true},
    {.name = "a time of tomorrow has its date",
     .held = {{CAUSE_DELAY, 1, false, 86400}},
     .shares = "delay 100",
     .text = "host0.test in the pause between requests until 2023-11-15T22:13:20Z"},
    {.name = "what holds the most hosts comes first",
     .held = {{CAUSE_CONNECT, 2, false, 0}, {CAUSE_SILENT, 6, false, 0}, {CAUSE_TLS, 2, false, 0}},
     .shares = "no-answer 60, connect-timeout 20, tls 20",
     .text = "6 hosts not answering; 2 hosts accepting no connection; 2 hosts not getting through "
             "the TLS handshake"},
    {.name = "look-ups that time out have their share",
     .held = {{CAUSE_DNS_TIMEOUT, 50, false, 0}},
     .vitals = {.lookups = 200, .lookups_unanswered = 196},
     .shares = "dns-timeout 100",
     .text = "DNS timing out for 98 %",
     .is_crippled = true},
    {.name = "before any look-up has ended the hosts are counted",
     .held = {{CAUSE_DNS_TIMEOUT, 50, false, 0}},
     .shares = "dns-timeout 100",
     .text = "50 hosts waiting for an address"},
    {.name = "names that servers fail to know are another trouble",
     .held = {{CAUSE_DNS_FAILURE, 2, true, 0}},
     .vitals = {.lookups = 4, .lookups_failed = 3},
     .shares = "dns-failure 100",
     .text = "DNS failing for 75 %",
     .is_crippled = true},
    {.name = "a writer that is behind holds up everything",
     .held = {{CAUSE_CONNECTIONS, 9, false, 0}},
     .vitals = {.writer_behind_ms = 4100},
     .shares = "writer 100, connections 100",
     .text = "writer behind by 4.1s; 9 hosts waiting for a free connection"},
    {.name = "a batch that was just begun is not behind",
     .vitals = {.writer_behind_ms = 100},
     .shares = "",
     .text = ""},
    {.name = "hosts that wait for the writer need no second word",
     .held = {{CAUSE_WRITER, 9, false, 0}},
     .vitals = {.writer_behind_ms = 2000},
     .shares = "writer 100",
     .text = "writer behind by 2.0s"},
    {.name = "who holds the lock is named",
     .vitals = {.writer_behind_ms = 2500, .locked_ms = 2400, .locked_by = 4711},
     .shares = "database-locked 100",
     .text = "database locked by process 4711 for 2.4s"},
    {.name = "unless nobody knows",
     .vitals = {.writer_behind_ms = 2500, .locked_ms = 2400},
     .shares = "database-locked 100",
     .text = "database locked by another program for 2.4s"},
    {.name = "a full disk",
     .vitals = {.database_err = CW_EDISKFULL, .draining = true},
     .shares = "disk-full 100",
     .text = "the disk is full"},
    {.name = "a database that takes its time to open",
     .vitals = {.at_database = true},
     .shares = "database 100",
     .text = "opening the database"},
    {.name = "no network, and a host that waits for its next try",
     .vitals = {.network_down = true, .later = 1, .ended = 5, .failed = {[CW_ENETDOWN] = 5}},
     .shares = "network-down 100",
     .text = "the network is down",
     .is_crippled = true},
    {.name = "descriptors",
     .vitals = {.short_of_descriptors = true, .connections = 8, .connections_limit = 64},
     .shares = "descriptors 100",
     .text = "out of descriptors or ports: 8 of 64 connections in use"},
    {.name = "hosts in the database suffer from what most requests failed of",
     .vitals = {.later = 10,
                .later_resting = 7,
                .later_until_unix_ms = NOW + 5000,
                .ended = 20,
                .failed = {[CW_ECONNECT] = 10, [CW_ERESET] = 3}},
     .shares = "connection-refused 100",
     .text = "10 hosts refusing connections, the first until 22:13:25Z",
     .is_crippled = true},
    {.name = "when few failed they rest, or wait for the next try",
     .vitals = {.later = 10,
                .later_resting = 7,
                .later_until_unix_ms = NOW + 5000,
                .ended = 20,
                .failed = {[CW_ECONNECT] = 9}},
     .shares = "back-off 70, retry-pause 30",
     .text = "7 hosts in back-off, the first until 22:13:25Z; 3 hosts waiting for the next try, "
             "the first until 22:13:25Z",
     .is_crippled = true},
    {.name = "errors of one kind add up: silence and failures of names are one trouble",
     .vitals = {.later = 1,
                .ended = 10,
                .lookups = 6,
                .lookups_unanswered = 6,
                .failed = {[CW_EDNSTEMP] = 3, [CW_ERESOLVER] = 3}},
     .shares = "dns-timeout 100",
     .text = "DNS timing out for 100 %",
     .is_crippled = true},
    {.name = "behind a proxy the proxy is at fault",
     .vitals = {.proxied = true, .later = 1, .ended = 2, .failed = {[CW_ECONNECT] = 2}},
     .shares = "proxy 100",
     .text = "1 host not reached through the proxy",
     .is_crippled = true},
    {.name = "an open input, when nothing is queued",
     .vitals = {.input_open = true},
     .shares = "input 100",
     .text = "the queue is empty, the input still open"},
    {.name = "an open input is no cause while hosts wait",
     .held = {{CAUSE_SILENT, 1, false, 0}},
     .vitals = {.input_open = true},
     .shares = "no-answer 100",
     .text = "host0.test not answering"},
    {.name = "sitemaps",
     .vitals = {.sitemaps = 2},
     .shares = "sitemaps 100",
     .text = "2 sitemaps still to come"},
    {.name = "the end of it",
     .vitals = {.draining = true},
     .shares = "draining 100",
     .text = "finishing what is under way"},
    {.name = "a crawl whose connections are busy is not crippled",
     .held = {{CAUSE_BACKOFF, 217, true, 50}, {CAUSE_SILENT, 32, false, 0}},
     .vitals = {.active = 32},
     .shares = "back-off 87, no-answer 12",
     .text = "217 hosts in back-off, the first until 22:14:10Z; 32 hosts not answering"},
    {.name = "other crawls' names are not this one's trouble",
     .held = {{CAUSE_SLOTS, 9, false, 0}},
     .vitals = {.lookups = 100, .lookups_failed = 100},
     .shares = "host-slots 100",
     .text = "9 hosts with all slots in use"},
    {.name = "a few failed look-ups cripple nothing",
     .held = {{CAUSE_SLOTS, 9, false, 0}},
     .vitals = {.lookups = 9, .lookups_failed = 9},
     .shares = "host-slots 100",
     .text = "9 hosts with all slots in use"},
};

static void fill(struct vitals *v, const struct story *s)
{
    *v = s->vitals;
    v->now_unix_ms = NOW;
    if (v->connections == 0)
        v->connections = v->connections_limit = 64;
    for (size_t i = 0; i < HOSTS_MAX; i++) {
        const struct held *h = &s->held[i];
        for (unsigned n = 0; n < h->hosts; n++) {
            char name[32];
            (void)snprintf(name, sizeof name, "host%u.test", n);
            vitals_add(v, h->cause, name, h->resting,
                       h->until_s > 0 ? NOW + (h->until_s + n) * 1000 : 0);
        }
    }
}

static void a_stall__has_causes_with_shares_and_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(stories); i++) {
        const struct story *s = &stories[i];
        struct vitals v;
        struct diagnosis d;
        char shares[DIAGNOSIS_TEXT_SIZE], text[DIAGNOSIS_TEXT_SIZE];
        fill(&v, s);
        diagnose(&v, &d);
        diagnosis_shares(&d, shares);
        diagnosis_text(&d, text);
        if (strcmp(shares, s->shares) != 0 || strcmp(text, s->text) != 0 ||
            d.is_crippled != s->is_crippled)
            fail_msg("%s: %s: %s%s", s->name, shares, text, d.is_crippled ? " (crippled)" : "");
    }
}

/* However many causes and however long the names: the texts hold what there is room for. */
static void too_many_causes__leave_out_the_smallest(void **state)
{
    struct vitals v = {.now_unix_ms = NOW};
    struct diagnosis d;
    char text[DIAGNOSIS_TEXT_SIZE], name[4 * HOST_TEXT_SIZE];
    (void)state;
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    for (int cause = 0; cause < CAUSE_COUNT; cause++)
        for (int n = 0; n <= cause; n++)
            vitals_add(&v, (enum stall_cause)cause, name, false, NOW + 86400000);
    diagnose(&v, &d);
    assert_int_equal(d.count, DIAGNOSIS_MAX);
    assert_int_equal(diagnosis_cause(&d), CAUSE_COUNT - 1);
    diagnosis_text(&d, text);
    memset(&v.waiting, 0, sizeof v.waiting);
    vitals_add(&v, CAUSE_TLS, name, false, NOW + 86400000);
    diagnose(&v, &d);
    diagnosis_text(&d, text);
    assert_non_null(strstr(text, "TLS handshake"));
}

static void each_cause__has_a_word_of_its_own(void **state)
{
    (void)state;
    for (int i = 0; i < CAUSE_COUNT; i++) {
        assert_true(strlen(stall_cause_word((enum stall_cause)i)) > 0);
        for (int j = 0; j < i; j++)
            assert_string_not_equal(stall_cause_word((enum stall_cause)i),
                                    stall_cause_word((enum stall_cause)j));
    }
    assert_string_equal(stall_cause_word(CAUSE_COUNT), "");
    assert_false(stall_cause_is_fault(CAUSE_COUNT));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stall__has_causes_with_shares_and_words),
        cmocka_unit_test(too_many_causes__leave_out_the_smallest),
        cmocka_unit_test(each_cause__has_a_word_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
