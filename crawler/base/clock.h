/* clock: three clocks that never mix. Monotonic milliseconds time everything that waits. Wall
 * milliseconds (UTC, since 1970) are for rows that people read; anybody may set that clock. Boot
 * milliseconds count since the machine started, sleep included, and nobody can set them: for time
 * across restarts of the process. */
#ifndef CRAWLER_BASE_CLOCK_H
#define CRAWLER_BASE_CLOCK_H

#include <stdint.h>

enum { CLOCK_TEXT_SIZE = 25 };

int64_t clock_mono_ms(void);
int64_t clock_boot_ms(void);
int64_t clock_unix_ms(void);

/* Writes `YYYY-MM-DDTHH:MM:SS.mmmZ` and a NUL. Times outside the years 0 to 9999 are clamped. */
void clock_format(int64_t unix_ms, char ret_text[CLOCK_TEXT_SIZE]);

#endif
