/* terminal: what the output is shown on. */
#ifndef CRAWLER_CLI_TERMINAL_H
#define CRAWLER_CLI_TERMINAL_H

#include <stdbool.h>
#include <stdio.h>

bool terminal_is(FILE *out);    /* one that understands escapes, that is */
bool terminal_may_colour(void); /* NO_COLOR is not set (no-color.org) */

#endif
