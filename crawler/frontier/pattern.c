#include "crawler/frontier/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "crawler/base/buf.h"

static bool part_fits(struct str part, const char *at)
{
    for (size_t i = 0; i < part.len; i++)
        if (part.ptr[i] != '?' && part.ptr[i] != at[i])
            return false;
    return true;
}

/* The first place in `s` where `part` fits, or s.len + 1. */
static size_t find_part(struct str s, struct str part)
{
    if (str_find_char(part, '?') == part.len) {
        size_t at = part.len > 0 ? str_find(s, part) : 0;
        return at < s.len || part.len == 0 ? at : s.len + 1;
    }
    for (size_t at = 0; at + part.len <= s.len; at++)
        if (part_fits(part, s.ptr + at))
            return at;
    return s.len + 1;
}

/* The first part must fit at the start and the last one at the end. Those between may take the
 * first place that they fit at: a later one never helps, so nothing is tried twice. */
static bool glob_matches(const struct pattern *p, struct str url)
{
    struct str first = p->parts[0], last = p->parts[p->part_count - 1];
    if (url.len < first.len || !part_fits(first, url.ptr))
        return false;
    if (p->part_count == 1)
        return url.len == first.len;
    url = str_skip(url, first.len);
    for (size_t i = 1; i + 1 < p->part_count; i++) {
        size_t at = find_part(url, p->parts[i]);
        if (at > url.len)
            return false;
        url = str_skip(url, at + p->parts[i].len);
    }
    return url.len >= last.len && part_fits(last, url.ptr + (url.len - last.len));
}

static enum cw_err split_glob(struct pattern *p, struct arena *arena)
{
    size_t stars = 0;
    for (size_t i = 0; i < p->text.len; i++)
        stars += p->text.ptr[i] == '*';
    p->parts = arena_alloc(arena, (stars + 1) * sizeof(struct str));
    if (p->parts == NULL)
        return CW_ENOMEM;
    for (struct str rest = p->text; !str_is_absent(rest);)
        p->parts[p->part_count++] = str_cut(&rest, '*');
    return CW_OK;
}

static enum cw_err compile_expression(struct pattern *p, struct str source,
                                      struct errmsg *reterr_msg)
{
    int code = 0;
    size_t offset = 0;
    p->code = pcre2_compile((PCRE2_SPTR)source.ptr, source.len,
                            PCRE2_NEVER_BACKSLASH_C | PCRE2_NEVER_UTF | PCRE2_NEVER_UCP, &code,
                            &offset, NULL);
    if (p->code == NULL) {
        char why[128] = "";
        (void)pcre2_get_error_message(code, (PCRE2_UCHAR *)why, sizeof why);
        return errmsg_set(reterr_msg, CW_EINVAL, "%s at character %zu of the pattern " STR_FMT, why,
                          p->text.len - source.len + offset + 1, STR_ARG(p->text));
    }
    (void)pcre2_jit_compile(p->code, PCRE2_JIT_COMPLETE); /* where there is none, it is slower */
    p->limits = pcre2_match_context_create(NULL);
    if (p->limits == NULL)
        return CW_ENOMEM;
    (void)pcre2_set_match_limit(p->limits, PATTERN_MAX_STEPS);
    (void)pcre2_set_depth_limit(p->limits, PATTERN_MAX_STEPS);
    (void)pcre2_set_heap_limit(p->limits, PATTERN_MAX_HEAP_KIB);
    return CW_OK;
}

static enum cw_err describe(struct pattern *p, struct arena *arena, struct str text)
{
    CLEANUP(buf_release) struct buf words = BUF_INIT(PATTERN_MAX_BYTES + 64);
    enum cw_err err =
        buf_addf(&words, STR_FMT " (gave up: too many steps or no memory)", STR_ARG(text));
    if (err != CW_OK)
        return err;
    p->text = text;
    p->gave_up = buf_str(&words);
    return arena_keep(arena, &p->text) && arena_keep(arena, &p->gave_up) ? CW_OK : CW_ENOMEM;
}

enum cw_err pattern_init(struct pattern *p, struct arena *arena, struct str text,
                         struct errmsg *reterr_msg)
{
    *p = (struct pattern){0};
    if (text.len == 0 || text.len > PATTERN_MAX_BYTES)
        return errmsg_set(reterr_msg, CW_EINVAL, "a pattern has 1 to %d characters, not %zu",
                          PATTERN_MAX_BYTES, text.len);
    enum cw_err err = describe(p, arena, text);
    if (err != CW_OK)
        return err;
    if (!str_starts(p->text, STR("re:")))
        return split_glob(p, arena);
    return compile_expression(p, str_skip(p->text, 3), reterr_msg);
}

void pattern_release(struct pattern *p)
{
    pcre2_match_context_free(p->limits);
    pcre2_code_free(p->code);
    *p = (struct pattern){0};
}

/* Match data is for one thread at a time, so each call has its own. */
static enum pattern_answer expression_matches(const struct pattern *p, struct str url)
{
    pcre2_match_data *data = pcre2_match_data_create(1, NULL);
    if (data == NULL)
        return PATTERN_GAVE_UP;
    PCRE2_SPTR subject = (PCRE2_SPTR)url.ptr;
    int rc = pcre2_match(p->code, subject, url.len, 0, 0, data, p->limits);
    if (rc == PCRE2_ERROR_JIT_STACKLIMIT) /* 32 KiB; the interpreter has our heap limit */
        rc = pcre2_match(p->code, subject, url.len, 0, PCRE2_NO_JIT, data, p->limits);
    pcre2_match_data_free(data);
    if (rc == PCRE2_ERROR_NOMATCH)
        return PATTERN_NO;
    return rc >= 0 ? PATTERN_YES : PATTERN_GAVE_UP;
}

enum pattern_answer pattern_match(const struct pattern *p, struct str url)
{
    if (p->code != NULL)
        return expression_matches(p, url);
    return glob_matches(p, url) ? PATTERN_YES : PATTERN_NO;
}
