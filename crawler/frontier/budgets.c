#include "crawler/frontier/budgets.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "crawler/base/table.h"

struct domain {
    UT_hash_handle hh;
    char *name;           /* owned; the key */
    unsigned held;        /* budgets below */
    int64_t pages, hosts; /* stored, and under way */
};

struct budget {
    struct domain *domain; /* NULL: none */
    int64_t pages;         /* stored, and under way */
    bool is_counted;       /* among the domain's hosts */
};

struct budgets {
    struct budget_limits limits;
    struct domain *domains; /* owned */
    size_t held;
};

enum cw_err budgets_new(struct budgets **ret, const struct budget_limits *limits)
{
    struct budgets *budgets = malloc(sizeof *budgets);
    if (budgets == NULL)
        return CW_ENOMEM;
    *budgets = (struct budgets){.limits = *limits};
    *ret = budgets;
    return CW_OK;
}

void budgets_free(struct budgets *budgets)
{
    assert(budgets == NULL || budgets->held == 0);
    free(budgets);
}

static struct domain *add_domain(struct budgets *budgets, const struct budget_stored *stored)
{
    struct domain *domain = malloc(sizeof *domain);
    char *name = str_dup(stored->domain);
    if (domain != NULL && name != NULL) {
        *domain = (struct domain){
            .name = name, .pages = stored->domain_pages, .hosts = stored->domain_hosts};
        HASH_ADD_KEYPTR(hh, budgets->domains, domain->name, stored->domain.len, domain);
        if (table_took(domain))
            return domain;
    }
    free(name);
    free(domain);
    return NULL;
}

static struct domain *hold_domain(struct budgets *budgets, const struct budget_stored *stored)
{
    struct domain *domain;
    HASH_FIND(hh, budgets->domains, stored->domain.ptr, stored->domain.len, domain);
    if (domain == NULL)
        domain = add_domain(budgets, stored);
    if (domain != NULL)
        domain->held++;
    return domain;
}

struct budget *budgets_hold(struct budgets *budgets, const struct budget_stored *stored)
{
    struct budget *budget = malloc(sizeof *budget);
    if (budget == NULL)
        return NULL;
    *budget = (struct budget){.pages = stored->pages, .is_counted = stored->pages > 0};
    if (!str_is_absent(stored->domain) && (budget->domain = hold_domain(budgets, stored)) == NULL) {
        free(budget);
        return NULL;
    }
    budgets->held++;
    return budget;
}

/* A host without a page does not count any longer. */
void budgets_drop(struct budgets *budgets, struct budget *budget)
{
    if (budget == NULL)
        return;
    struct domain *domain = budget->domain;
    if (domain != NULL && budget->is_counted && budget->pages == 0)
        domain->hosts--;
    if (domain != NULL && --domain->held == 0) {
        HASH_DEL(budgets->domains, domain);
        free(domain->name);
        free(domain);
    }
    budgets->held--;
    free(budget);
}

static bool is_reached(int64_t limit, int64_t count)
{
    return limit >= 0 && count >= limit;
}

static bool allow_in_domain(const struct budgets *budgets, struct budget *budget, bool is_seed,
                            char detail[BUDGET_DETAIL_MAX])
{
    struct domain *domain = budget->domain;
    const struct budget_limits *limits = &budgets->limits;
    if (is_reached(limits->domain_pages, domain->pages)) {
        (void)snprintf(detail, BUDGET_DETAIL_MAX, "%lld pages of %s, the most of a domain",
                       (long long)limits->domain_pages, domain->name);
        return false;
    }
    if (budget->is_counted)
        return true;
    if (!is_seed && is_reached(limits->domain_hosts, domain->hosts)) {
        (void)snprintf(detail, BUDGET_DETAIL_MAX, "%lld hosts of %s, the most of a domain",
                       (long long)limits->domain_hosts, domain->name);
        return false;
    }
    budget->is_counted = true;
    domain->hosts++;
    return true;
}

bool budgets_allow(struct budgets *budgets, struct budget *budget, bool is_seed,
                   char ret_detail[BUDGET_DETAIL_MAX])
{
    if (is_reached(budgets->limits.host_pages, budget->pages)) {
        (void)snprintf(ret_detail, BUDGET_DETAIL_MAX, "%lld pages, the most of a host",
                       (long long)budgets->limits.host_pages);
        return false;
    }
    return budget->domain == NULL || allow_in_domain(budgets, budget, is_seed, ret_detail);
}

void budgets_take(struct budget *budget)
{
    budget->pages++;
    if (budget->domain != NULL)
        budget->domain->pages++;
}

void budgets_give_back(struct budget *budget)
{
    assert(budget->pages > 0);
    budget->pages--;
    if (budget->domain != NULL)
        budget->domain->pages--;
}
