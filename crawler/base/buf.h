/* buf: a growing run of bytes with a ceiling. No buffer in crawld grows without one.
 * Invariants: ptr is NULL exactly while cap is 0; len < cap otherwise, and ptr[len] is NUL, so the
 * content can be printed. A failed call leaves the content as it was. */
#ifndef CRAWLER_BASE_BUF_H
#define CRAWLER_BASE_BUF_H

#include <stdint.h>

#include "crawler/base/err.h"
#include "crawler/base/str.h"

struct buf {
    char *ptr;  /* owned */
    size_t len; /* bytes held */
    size_t cap; /* bytes allocated */
    size_t max; /* the ceiling of len */
};

/* A valid empty buffer that may grow to `max_bytes`. */
#define BUF_INIT(max_bytes) ((struct buf){.max = (max_bytes)})

void buf_release(struct buf *b); /* frees the content; the buffer is empty and usable again */
void buf_clear(struct buf *b);   /* empties it, keeps the room */

/* Each returns CW_OK, CW_ETOOBIG (the ceiling would be passed) or CW_ENOMEM. */
enum cw_err buf_reserve(struct buf *b, size_t more) MUST_CHECK;
enum cw_err buf_add(struct buf *b, struct str s) MUST_CHECK;
enum cw_err buf_add_bytes(struct buf *b, const void *bytes, size_t count) MUST_CHECK;
enum cw_err buf_add_char(struct buf *b, char c) MUST_CHECK;
enum cw_err buf_add_u64(struct buf *b, uint64_t value) MUST_CHECK; /* in decimal */
enum cw_err buf_addf(struct buf *b, const char *format, ...) MUST_CHECK PRINTF_LIKE(2, 3);

/* Adds `s` as a JSON string, quotes included. What is not UTF-8 becomes U+FFFD; absent becomes
 * null. */
enum cw_err buf_add_json(struct buf *b, struct str s) MUST_CHECK;

/* The content, borrowed until the next call that changes the buffer. */
struct str buf_str(const struct buf *b);

/* Hands over the content (NUL-terminated, owned by the caller) and leaves the buffer empty. NULL
 * when it never held anything. */
char *buf_take(struct buf *b, size_t *ret_len) MUST_CHECK;

#endif
