/* log: one line an event, with named fields; text for people or JSON for machines. What strangers
 * sent (URLs, titles, header values) goes into fields, where it is quoted and escaped: one event is
 * always one line. Rooms below engine do not log; they return. Thread: the one that made it (the
 * loop's). */
#ifndef CRAWLER_BASE_LOG_H
#define CRAWLER_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "crawler/base/str.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

struct log {
    FILE *out;                /* borrowed */
    enum log_level threshold; /* finer events are dropped */
    enum log_format format;
    bool with_time;    /* off where the journal adds it */
    const char *clear; /* written first, to take a progress line away; NULL: nothing to take */
};

struct log_field {
    const char *name;
    struct str text; /* used when `is_number` is false */
    int64_t number;
    bool is_number;
};

#define F_STR(field, value)  ((struct log_field){.name = (field), .text = (value)})
#define F_TEXT(field, value) ((struct log_field){.name = (field), .text = str_of(value)})
#define F_INT(field, value)                                                                        \
    ((struct log_field){.name = (field), .number = (value), .is_number = true})

void log_emit(const struct log *log, enum log_level level, const char *event,
              const struct log_field *fields, size_t count);

#define LOG_(log, level, event, ...)                                                               \
    log_emit(log, level, event, (const struct log_field[]){__VA_ARGS__},                           \
             sizeof((const struct log_field[]){__VA_ARGS__}) / sizeof(struct log_field))
#define log_error(log, event, ...) LOG_(log, LOG_ERROR, event, __VA_ARGS__)
#define log_warn(log, event, ...)  LOG_(log, LOG_WARN, event, __VA_ARGS__)
#define log_info(log, event, ...)  LOG_(log, LOG_INFO, event, __VA_ARGS__)
#define log_debug(log, event, ...) LOG_(log, LOG_DEBUG, event, __VA_ARGS__)

#endif
