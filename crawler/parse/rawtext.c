#include "crawler/parse/rawtext.h"

/* The place of the next `</name` that ends the tag's raw text, or the end. */
static size_t find_end_tag(struct str html, size_t at, struct str name)
{
    for (;; at++) {
        at += str_find_char(str_skip(html, at), '<');
        struct str rest = str_skip(html, at);
        if (rest.len == 0)
            return html.len;
        struct str behind = str_skip(rest, 2 + name.len);
        if (rest.len > 2 + name.len && rest.ptr[1] == '/' &&
            str_starts_nocase(str_skip(rest, 2), name) && rawtext_ends_tag_name(behind.ptr[0]))
            return at;
    }
}

static bool starts_script_tag(struct str rest, struct str opening)
{
    return rest.len > opening.len && str_starts_nocase(rest, opening) &&
           rawtext_ends_tag_name(rest.ptr[opening.len]);
}

/* HTML, "script data (double) escaped state": after `<!--`, a <script> within the script has an end
 * tag of its own, until `-->`. */
static size_t find_script_end(struct str html, size_t start)
{
    bool is_escaped = false, is_double = false;
    for (size_t at = start; at < html.len; at++) {
        char c = html.ptr[at];
        if (c != '<' && c != '-')
            continue;
        struct str rest = str_skip(html, at);
        if (str_starts(rest, STR("-->"))) {
            is_escaped = is_double = false;
        } else if (!is_escaped && str_starts(rest, STR("<!--"))) {
            is_escaped = true;
            at++; /* of `<!-->` the dashes count twice */
        } else if (is_escaped && !is_double && starts_script_tag(rest, STR("<script"))) {
            is_double = true;
        } else if (starts_script_tag(rest, STR("</script"))) {
            if (!is_double)
                return at;
            is_double = false;
        }
    }
    return html.len;
}

size_t rawtext_end(struct str html, size_t at, struct str name)
{
    return str_eq(name, STR("script")) ? find_script_end(html, at) : find_end_tag(html, at, name);
}
