/* util: the handful of macros that every file may lean on. */
#ifndef CRAWLER_BASE_UTIL_H
#define CRAWLER_BASE_UTIL_H

#include <stddef.h>
#include <sys/param.h> /* MIN, MAX */

#define MUST_CHECK        __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))
#define UNUSED            __attribute__((unused))

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* Runs fn(&variable) when the variable leaves its scope: `CLEANUP(buf_release) struct buf b = ...;`
 */
#define CLEANUP(fn) __attribute__((cleanup(fn)))

/* Hands an owned pointer over and leaves NULL behind: `sink_push(sink, STEAL(outcome))`. */
#define STEAL(p)                                                                                   \
    __extension__({                                                                                \
        __typeof__(p) stolen_ = (p);                                                               \
        (p) = NULL;                                                                                \
        stolen_;                                                                                   \
    })

#define CONTAINER_OF(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

#endif
