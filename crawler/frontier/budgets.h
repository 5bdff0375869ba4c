/* budgets: how many pages a host and a registrable domain may have, and how many hosts a domain
 * (wildcard DNS makes them without end). Pure policy; counts of what is stored come from the
 * database when a host comes in, what is under way is added here, so no limit is passed. Memory:
 * the hosts that somebody holds, and their domains. Thread: the loop's. */
#ifndef CRAWLER_FRONTIER_BUDGETS_H
#define CRAWLER_FRONTIER_BUDGETS_H

#include <stdbool.h>
#include <stdint.h>

#include "crawler/base/err.h"
#include "crawler/base/str.h"
#include "crawler/page.h"

struct budget_limits { /* -1: unlimited */
    int64_t host_pages, domain_pages, domain_hosts;
};

struct budgets;
struct budget; /* a host's */

enum cw_err budgets_new(struct budgets **ret, const struct budget_limits *limits) MUST_CHECK;
void budgets_free(struct budgets *budgets); /* every host must have been let go of */

/* Holds a host. Of what is stored (page.h) the domain's counts are believed of the first host that
 * is held of it; its name is copied. NULL when memory is out. */
struct budget *budgets_hold(struct budgets *budgets, const struct budget_stored *stored) MUST_CHECK;
void budgets_drop(struct budgets *budgets, struct budget *budget); /* NULL is fine */

enum { BUDGET_DETAIL_MAX = 320 };

/* May a page of the host be asked for at all? `is_seed`: a person named it, so the number of hosts
 * does not count. False: *ret_detail names the limit. */
bool budgets_allow(struct budgets *budgets, struct budget *budget, bool is_seed,
                   char ret_detail[BUDGET_DETAIL_MAX]) MUST_CHECK;

/* One page is asked for; none came of it. */
void budgets_take(struct budget *budget);
void budgets_give_back(struct budget *budget);

#endif
