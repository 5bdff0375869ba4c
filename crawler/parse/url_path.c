/* The path of a URL: a list of segments, held as it is written. */
#include "crawler/parse/url_parser_p.h"

static void cut(struct parser *p, size_t len)
{
    struct buf *href = &p->url->href;
    if (p->err != CW_OK)
        return;
    href->len = len;
    href->ptr[len] = '\0';
}

static struct str path_so_far(const struct parser *p)
{
    return str_skip(buf_str(&p->url->href), p->url->pathname_start);
}

bool url_path_is_drive_letter(struct str s)
{
    return s.len == 2 && ascii_is_alpha(s.ptr[0]) && (s.ptr[1] == ':' || s.ptr[1] == '|');
}

bool url_path_starts_with_drive_letter(struct str s)
{
    const unsigned enders = URL_BYTE_ENDS_PART | URL_BYTE_BACKSLASH;
    return url_path_is_drive_letter(str_first(s, 2)) &&
           (s.len == 2 || (url_byte_class(s.ptr[2]) & enders));
}

void url_path_empty(struct parser *p)
{
    cut(p, p->url->pathname_start);
}

void url_path_shorten(struct parser *p)
{
    struct str path = path_so_far(p);
    if (p->scheme == SCHEME_FILE && path.len == 3 && path.ptr[2] == ':' &&
        url_path_is_drive_letter(str_skip(path, 1)))
        return;
    const char *slash = path.len > 0 ? memrchr(path.ptr, '/', path.len) : NULL;
    if (slash != NULL)
        cut(p, p->url->pathname_start + (size_t)(slash - path.ptr));
}

/* How many dots the segment is: "." and ".." in any mix with "%2e"; 0 when it is anything else. */
static int count_dots(struct str segment)
{
    int dots = 0;
    while (segment.len > 0) {
        bool encoded = str_starts_nocase(segment, STR("%2e"));
        if (!encoded && segment.ptr[0] != '.')
            return 0;
        segment = str_skip(segment, encoded ? 3 : 1);
        if (++dots > 2)
            return 0;
    }
    return dots;
}

static void add_segment(struct parser *p, struct str segment, unsigned seen)
{
    parser_put(p, STR("/"));
    if (p->scheme == SCHEME_FILE && url_path_is_drive_letter(segment) && path_so_far(p).len == 1) {
        parser_put(p, str_first(segment, 1));
        parser_put(p, STR(":"));
    } else if (seen & URL_SET_PATH) {
        parser_put_encoded(p, segment, URL_SET_PATH);
    } else {
        parser_put(p, segment);
    }
}

void url_path_add_segments(struct parser *p)
{
    for (bool more = true; more && p->err == CW_OK;) {
        unsigned seen;
        struct str segment = parser_take_until(p, p->enders, &seen);
        int dots = count_dots(segment);
        more = parser_sees_slash(p);
        if (more)
            parser_skip(p, 1);
        if (dots == 2)
            url_path_shorten(p);
        if (dots == 0)
            add_segment(p, segment, seen);
        else if (!more)
            parser_put(p, STR("/"));
    }
}

void url_path_start(struct parser *p)
{
    bool has_path = p->rest.len > 0 && !parser_sees(p, '?') && !parser_sees(p, '#');
    if (!has_path && !parser_is_special(p))
        return;
    if (parser_sees_slash(p))
        parser_skip(p, 1);
    url_path_add_segments(p);
}

/* A space before the query or fragment would be lost when these are: it is encoded. */
void url_path_add_opaque(struct parser *p)
{
    struct str rest = p->rest;
    size_t len = MIN(str_find_char(rest, '?'), str_find_char(rest, '#'));
    bool ends_in_space = len > 0 && len < rest.len && rest.ptr[len - 1] == ' ';
    p->url->has_opaque_path = true;
    parser_put_encoded(p, str_first(rest, ends_in_space ? len - 1 : len), URL_SET_C0);
    if (ends_in_space)
        parser_put(p, STR("%20"));
    parser_skip(p, len);
}

void url_path_guard(struct parser *p)
{
    if (url_has_authority(p->url) || !str_starts(path_so_far(p), STR("//")))
        return;
    parser_put(p, STR("/."));
    if (p->err != CW_OK)
        return;
    char *path = p->url->href.ptr + p->url->pathname_start;
    memmove(path + 2, path, p->url->href.len - p->url->pathname_start - 2);
    memcpy(path, "/.", 2);
    p->url->pathname_start += 2;
}
