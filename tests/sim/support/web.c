#include "tests/sim/support/web.h"

#include "tests/sim/support/agenda.h"

static const uint32_t PAGES_MAX = 1000000;

static uint32_t draw_pages(struct chance *c)
{
    if (chance_happens(c, 0.002))
        return UINT32_MAX;
    double pages = 2 * pow(chance_unit(c), -1 / 1.15); /* Pareto */
    return (uint32_t)MIN(pages, (double)PAGES_MAX);
}

/* Two hosts of five have an address of their own; the rest share, up to hundreds of them one. */
static uint32_t draw_address(const struct web *web, struct chance *c, uint32_t number)
{
    if (chance_happens(c, 0.4))
        return number;
    double place = pow(chance_unit(c), 2);
    return web->hosts + (uint32_t)(place * web->hosts / 20);
}

static enum web_trouble draw_trouble(struct chance *c)
{
    double dice = chance_unit(c);
    return dice < 0.03   ? WEB_NO_NAME
           : dice < 0.05 ? WEB_REFUSES
           : dice < 0.06 ? WEB_SILENT
                         : WEB_FINE;
}

struct web_host web_host(const struct web *web, uint32_t number)
{
    struct chance c = chance_of(web->seed, 'H', number);
    struct web_host host = {.number = number};
    host.pages = number == 0 ? PAGES_MAX : draw_pages(&c);
    host.address = draw_address(web, &c, number);
    host.trouble = number == 0 ? WEB_FINE : draw_trouble(&c);
    host.error_rate = chance_happens(&c, 0.1) ? 0.2F : 0.002F;
    host.crawl_delay_ms = chance_happens(&c, 0.05) ? 500 * (1 + (int)chance_below(&c, 20)) : -1;
    return host;
}

struct origin_kind web_server(const struct web *web, uint32_t address)
{
    struct chance c = chance_of(web->seed, 'A', address);
    struct origin_kind kind = {
        .name = "",
        .workers = 1 + (unsigned)chance_below(&c, 8),
        .queue = (unsigned)chance_below(&c, 12),
        .service_ms = chance_lognormal(&c, 300, 1.2),
        .noise = 0.5,
        .network_ms = 5 + 150 * chance_unit(&c),
        .thrash = 0.1,
        .breath = 2 * chance_unit(&c),
        .retry_after_s = chance_happens(&c, 0.5) ? -1 : 1 + (int)chance_below(&c, 30),
    };
    if (chance_happens(&c, 0.1)) {
        kind.rate = 0.5 + 10 * chance_unit(&c);
        kind.burst = 2 + (unsigned)chance_below(&c, 10);
        kind.is_strict = true;
    }
    return kind;
}

bool web_is_down(const struct web *web, uint32_t host, int64_t now_us)
{
    struct chance c = chance_of(web->seed ^ host, 'D', (uint64_t)(now_us / (300 * SECOND_US)));
    return chance_happens(&c, 0.02);
}

uint32_t web_link(const struct web *web, struct chance *chance)
{
    return (uint32_t)(pow(chance_unit(chance), 2.5) * (web->hosts - 1));
}
