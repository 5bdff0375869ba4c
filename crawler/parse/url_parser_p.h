/* url_parser_p: the state of one parse, shared by url_parse.c and url_path.c. Private to them. */
#ifndef CRAWLER_PARSE_URL_PARSER_P_H
#define CRAWLER_PARSE_URL_PARSER_P_H

#include "crawler/parse/url_p.h"
#include "crawler/parse/url_percent_p.h"

struct parser {
    struct url *url;        /* being written, front to back */
    struct str rest;        /* what is left of the input */
    const struct url *base; /* NULL: none */
    struct str charset;     /* of the document, for queries; absent: UTF-8 */
    enum url_scheme scheme;
    unsigned enders; /* byte classes that end an authority or a path segment in this scheme */
    enum cw_err err; /* the first failure; once set, nothing is written any more */
};

static inline bool parser_is_special(const struct parser *p)
{
    return p->scheme != SCHEME_OTHER;
}

/* Is the next byte `c`? False at the end. */
static inline bool parser_sees(const struct parser *p, char c)
{
    return p->rest.len > 0 && p->rest.ptr[0] == c;
}

/* A slash, or in special schemes a backslash. */
static inline bool parser_sees_slash(const struct parser *p)
{
    return parser_sees(p, '/') || (parser_is_special(p) && parser_sees(p, '\\'));
}

static inline void parser_skip(struct parser *p, size_t count)
{
    p->rest = str_skip(p->rest, count);
}

static inline uint32_t parser_offset(const struct parser *p)
{
    return (uint32_t)p->url->href.len;
}

static inline void parser_put(struct parser *p, struct str s)
{
    if (p->err == CW_OK)
        p->err = buf_add(&p->url->href, s);
}

static inline void parser_put_encoded(struct parser *p, struct str s, enum url_byte_class set)
{
    if (p->err == CW_OK)
        p->err = url_percent_encode(&p->url->href, s, set);
}

static inline void parser_fail(struct parser *p)
{
    if (p->err == CW_OK)
        p->err = CW_EURL;
}

/* Takes the run of bytes before the next one that is in `classes`, and says what it holds. */
static inline struct str parser_take_until(struct parser *p, unsigned classes, unsigned *ret_seen)
{
    size_t count = 0;
    unsigned seen = 0;
    for (unsigned class; count < p->rest.len; count++, seen |= class)
        if ((class = url_byte_class(p->rest.ptr[count])) & classes)
            break;
    struct str run = str_first(p->rest, count);
    parser_skip(p, count);
    if (ret_seen != NULL)
        *ret_seen = seen;
    return run;
}

/* ---- url_path.c */

/* "path start state": after an authority. */
void url_path_start(struct parser *p);
/* "path state": the segments from here on, appended to what the path holds. */
void url_path_add_segments(struct parser *p);
/* "opaque path state". */
void url_path_add_opaque(struct parser *p);
/* "shorten a URL's path". */
void url_path_shorten(struct parser *p);
void url_path_empty(struct parser *p);
/* Writes "/." before a path that would otherwise read as an authority. */
void url_path_guard(struct parser *p);

/* Two bytes, "C:" or "C|". */
bool url_path_is_drive_letter(struct str s);
/* "starts with a Windows drive letter". */
bool url_path_starts_with_drive_letter(struct str s);

#endif
