/* forecast: how long a crawl takes to get through what is queued, politeness included, and what
 * that rests on. It is the longer of two: the slowest host's queue, one request at each of its
 * intervals; and the whole queue, at the speed of the last minute. What will yet be found is not in
 * it. Pure. */
#ifndef CRAWLER_ENGINE_FORECAST_H
#define CRAWLER_ENGINE_FORECAST_H

#include <stdbool.h>
#include <stdint.h>

#include "crawler/engine/diagnosis.h"

struct forecast {
    int64_t left_ms; /* -1: not known */
    bool by_host;    /* it rests on one host; else on the speed of all */
    char host[HOST_TEXT_SIZE];
    int64_t queued;      /* of that host, or of all */
    int64_t interval_ms; /* by_host: between its requests */
    int64_t per_minute;  /* of all, in the last minute; 0: nothing went */
};
#define FORECAST_INIT ((struct forecast){.left_ms = -1})

/* One host's queue. `rest_ms`: how long it is to be let alone first. An interval of 0 is not known
 * yet and says nothing. */
void forecast_add_host(struct forecast *f, const char *host, int64_t queued, int64_t interval_ms,
                       int64_t rest_ms);

/* The whole queue. `ended`: URLs that came to an end in the last `window_ms` (at most a minute). */
void forecast_add_all(struct forecast *f, int64_t queued, int64_t ended, int64_t window_ms);

enum { FORECAST_TEXT_SIZE = 224 };
/* "about 2h 10m left: example.org has 7,800 queued at one each 1.0s"; "" when nothing is known. */
void forecast_text(const struct forecast *f, char ret_text[FORECAST_TEXT_SIZE]);

#endif
