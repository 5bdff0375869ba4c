/* robots_line: the lines of a robots.txt (RFC 9309, 2.2), one by one. Private to robots.c.
 * Beyond the RFC, after Google's parser: a missing colon and common misspellings are forgiven, and
 * a line is cut at 16,663 octets. */
#ifndef CRAWLER_PARSE_ROBOTS_LINE_P_H
#define CRAWLER_PARSE_ROBOTS_LINE_P_H

#include "crawler/base/str.h"

enum robots_field {
    FIELD_OTHER,
    FIELD_AGENT,
    FIELD_ALLOW,
    FIELD_DISALLOW,
    FIELD_SITEMAP,
    FIELD_DELAY,
};

struct robots_line {
    enum robots_field field;
    struct str value; /* without comment and white space around it; borrowed */
    uint32_t number;  /* 1-based */
};

struct robots_lines {
    struct str rest;
    uint32_t count; /* lines read */
};

/* The lines of `body`. A byte order mark (of UTF-8) is skipped, also when only its first bytes are
 * there. */
struct robots_lines robots_lines(struct str body);

/* Reads a line; they end with LF, CR or CR LF. False when there are none left. */
bool robots_next_line(struct robots_lines *lines, struct robots_line *ret) MUST_CHECK;

#endif
