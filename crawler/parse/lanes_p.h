/* lanes: many bytes at a time, in whatever registers the compiler finds for them. */
#ifndef CRAWLER_PARSE_LANES_P_H
#define CRAWLER_PARSE_LANES_P_H

#include <stdint.h>
#include <string.h>

enum { LANES = 16 };
typedef uint8_t lanes __attribute__((vector_size(LANES)));

/* The LANES bytes from `bytes` on, wherever they stand. */
static inline lanes lanes_at(const char *bytes)
{
    lanes v;
    memcpy(&v, bytes, sizeof v);
    return v;
}

#endif
