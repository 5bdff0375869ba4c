/* input: URLs, one a line, from a file or standard input, read on the loop as they come. Blank
 * lines and lines that start with # are skipped. A line over INPUT_LINE_MAX bytes is reported and
 * skipped. Reading pauses while the owner has no room. Thread: the loop's. */
#ifndef CRAWLER_CLI_INPUT_H
#define CRAWLER_CLI_INPUT_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "crawler/base/buf.h"
#include "crawler/base/err.h"

enum { INPUT_LINE_MAX = 64 * 1024 };

struct input;
struct input_options {
    uv_loop_t *loop;
    const char *path; /* "-": standard input */
    void *arg;
    /* One line; false: no room for more, read on after input_resume(). */
    bool (*on_line)(void *arg, struct str line, uint64_t number);
    void (*on_long_line)(void *arg, uint64_t number); /* one over INPUT_LINE_MAX was skipped */
    void (*on_end)(void *arg, const char *error);     /* once; error: NULL, or what went wrong */
};

enum cw_err input_open(struct input **ret, const struct input_options *options,
                       struct errmsg *reterr_msg) MUST_CHECK;
void input_resume(struct input *input);
void input_close(struct input *input); /* NULL is fine; on_end does not come any more */

#endif
