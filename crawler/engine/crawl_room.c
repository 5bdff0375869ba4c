/* What may be fetched now: back-pressure, and how many pages a crawl may have. */
#include "crawler/engine/crawl_p.h"
#include "crawler/engine/visit.h"

enum {
    DIGESTING_MAX_BYTES = 32 * 1024 * 1024,
    IN_FLIGHT_PER_CONNECTION = 2,
};

/* How many more requests may be under way now. */
static size_t room_in_flight(const struct crawl *crawl)
{
    size_t in_flight = crawl->going + sink_unlanded(crawl->sink);
    size_t window = IN_FLIGHT_PER_CONNECTION * (size_t)crawl->engine->connections;
    if (crawl->state != CRAWL_RUNNING || in_flight >= window || sink_is_full(crawl->sink) ||
        crawl->digesting_bytes >= DIGESTING_MAX_BYTES)
        return 0;
    return window - in_flight;
}

/* What --max-pages counts: pages in the database; of a run that asks for all of them again, the
 * answers of this run. */
static int64_t counted_pages(const struct crawl *crawl)
{
    return crawl->revisits.kind == REVISITS_ONCE ? crawl->run_pages + crawl->run_unchanged
                                                 : crawl->stored_pages;
}

bool crawl_has_all_pages(const struct crawl *crawl)
{
    return crawl->config->max_pages != CONFIG_UNLIMITED &&
           counted_pages(crawl) >= crawl->config->max_pages;
}

static size_t pages_left(const struct crawl *crawl)
{
    if (crawl->config->max_pages == CONFIG_UNLIMITED)
        return SIZE_MAX;
    int64_t under_way = crawl->unlanded_pages + crawl->going;
    return (size_t)MAX(crawl->config->max_pages - counted_pages(crawl) - under_way, 0);
}

bool crawl_may_fetch(const struct crawl *crawl, bool is_known)
{
    bool is_exempt = is_known && revisits_go_on(&crawl->revisits);
    return room_in_flight(crawl) > 0 && (is_exempt || pages_left(crawl) > 0);
}

bool crawl_puts_off(const struct crawl *crawl, const struct store_lease *lease)
{
    return revisits_go_on(&crawl->revisits) && lease->known.status == 0 &&
           crawl_has_all_pages(crawl);
}

void crawl_wake_aside(struct crawl *crawl)
{
    size_t room = room_in_flight(crawl);
    visits_resume(crawl, revisits_go_on(&crawl->revisits) ? room : MIN(room, pages_left(crawl)));
}
