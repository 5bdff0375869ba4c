/* web: a synthetic web of any size, of which nothing is kept: what is true of host or address
 * number N follows from the seed and N.
 *
 * Sizes of hosts and how often they are linked to follow power laws (Broder et al., "Graph
 * structure in the Web", 2000). Host 0 is the largest there may be. Many hosts share an address,
 * and with it a server. Some hosts are dead, some are down for minutes, some ask for a Crawl-delay, some
 * have an endless calendar. */
#ifndef TESTS_SIM_SUPPORT_WEB_H
#define TESTS_SIM_SUPPORT_WEB_H

#include "crawler/frontier/hosts.h"
#include "tests/sim/support/origin.h"

struct web {
    uint64_t seed;
    uint32_t hosts;
};

enum web_trouble { WEB_FINE, WEB_NO_NAME, WEB_REFUSES, WEB_SILENT };

struct web_host {
    uint32_t number, pages; /* pages of a trap: UINT32_MAX */
    uint32_t address;
    enum web_trouble trouble;
    float error_rate;       /* the part of its pages that answer 500, every time */
    int64_t crawl_delay_ms; /* -1: none */
};

struct web_host web_host(const struct web *web, uint32_t number);

/* The server at an address; its fields are drawn, its name is empty. */
struct origin_kind web_server(const struct web *web, uint32_t address);

/* Whether a host that is fine otherwise is down in these five minutes. */
bool web_is_down(const struct web *web, uint32_t host, int64_t now_us);

/* A host that some page links to; the popular ones have low numbers. */
uint32_t web_link(const struct web *web, struct chance *chance);

#endif
