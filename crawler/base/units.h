/* units: durations and sizes as people write them, in options and in the configuration alike. */
#ifndef CRAWLER_BASE_UNITS_H
#define CRAWLER_BASE_UNITS_H

#include <stdint.h>

#include "crawler/base/str.h"

/* `500ms`, `2s`, `5m`, `6h`, `7d`; `0` needs no unit. At most ten years. False: not one of these.
 */
bool units_parse_duration(struct str text, int64_t *ret_ms) MUST_CHECK;

/* `512`, `64K`, `10M`, `1G` (powers of 1024). At most 1 TiB. */
bool units_parse_size(struct str text, uint64_t *ret_bytes) MUST_CHECK;

enum { UNITS_TEXT_SIZE = 32 };
/* What the two above read as the same: "90s", "6h", "64K". */
void units_write_duration(int64_t ms, char ret_text[UNITS_TEXT_SIZE]);
void units_write_size(uint64_t bytes, char ret_text[UNITS_TEXT_SIZE]);

/* For people, rounded. */
void units_format_duration(int64_t ms,
                           char ret_text[UNITS_TEXT_SIZE]); /* "1.5s", "2m 05s", "3h 10m" */
void units_format_size(uint64_t bytes, char ret_text[UNITS_TEXT_SIZE]); /* "512 B", "1.5 MiB" */

#endif
