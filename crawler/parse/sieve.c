#include "crawler/parse/sieve.h"

#include <assert.h>

#include "crawler/base/buf.h"
#include "crawler/parse/charref.h"
#include "crawler/parse/rawtext.h"
#include "crawler/parse/tagrule.h"

enum { NAME_MAX_BYTES = 16 }; /* more than the longest name that we know */

/* The attributes that html.c reads. */
static const struct str kept_attributes[] = {
    STR("href"),    STR("src"),      STR("rel"),        STR("alt"),         STR("name"),
    STR("content"), STR("lang"),     STR("data"),       STR("srcset"),      STR("http-equiv"),
    STR("action"),  STR("poster"),   STR("xml:lang"),   STR("srcdoc"),      STR("ping"),
    STR("cite"),    STR("longdesc"), STR("background"), STR("imagesrcset"), STR("xlink:href"),
};

static_assert(ARRAY_LEN(kept_attributes) == SIEVE_ATTRIBUTES_MAX, "one place for each");

struct sieve {
    struct str html;
    const struct sieve_reader *reader; /* borrowed */
    bool is_xhtml;
    size_t at;                      /* the next byte to read */
    struct charref_lookout lookout; /* on `html` */
    struct buf decoded; /* what the reader is shown, where the text itself will not do */
    bool a_is_open;
    size_t svg_depth;       /* of <svg>; its tags are not HTML's */
    bool in_foreign_object; /* HTML inside SVG */
    size_t template_depth;  /* of <template>; its text is not visible */
    bool after_border;      /* a space was passed for a tag, and no word since */
    enum cw_err err;        /* the first one; nothing is passed after it */
};

struct tag {
    unsigned flags;
    bool is_kept;     /* flags as they apply here */
    bool is_svg;      /* an element of SVG */
    struct str style; /* the style attribute, raw; absent when it cannot hold a URL */
    bool is_self_closing;
    unsigned seen; /* a bit for each kept attribute */
    char name_bytes[NAME_MAX_BYTES];
    struct sieve_tag passed; /* its name is empty when longer than any that matters */
};

/* ---- text and values ---- */

static void decode(struct sieve *s, struct str text, bool in_attribute)
{
    if (s->err == CW_OK)
        s->err = charref_decode_text(&s->decoded, text, in_attribute);
}

static struct str decode_text(struct sieve *s, struct str text)
{
    buf_clear(&s->decoded);
    decode(s, text, false);
    return buf_str(&s->decoded);
}

static void pass(struct sieve *s, struct str text)
{
    if (s->reader->on_text == NULL || text.len == 0)
        return;
    if (charref_lookout_sees(&s->lookout, text)) {
        text = decode_text(s, text);
        if (text.len == 0 || s->err != CW_OK)
            return;
    }
    s->after_border = s->after_border && text.len == 1 && ascii_is_space(text.ptr[0]);
    s->err = s->reader->on_text(s->reader->arg, text);
}

static inline void pass_text(struct sieve *s, struct str text)
{
    if (s->template_depth == 0 && text.len > 0)
        pass(s, text);
}

/* A tag that parts words. */
static void pass_space(struct sieve *s)
{
    if (s->after_border || s->template_depth > 0 || s->reader->on_text == NULL || s->err != CW_OK)
        return;
    s->after_border = true;
    s->err = s->reader->on_text(s->reader->arg, STR(" "));
}

/* Values are decoded once the whole tag is read: the room for all of them is made first, so that
 * none moves. */
static void decode_values(struct sieve *s, struct sieve_tag *tag)
{
    unsigned encoded = 0; /* a bit for each */
    size_t bytes = 0;
    for (size_t i = 0; i < tag->attribute_count; i++) {
        struct str value = tag->attributes[i].value;
        if (value.len == 0 || !charref_lookout_sees(&s->lookout, value))
            continue;
        encoded |= 1U << i;
        bytes += value.len;
    }
    if (encoded == 0)
        return;
    buf_clear(&s->decoded);
    if (s->err == CW_OK)
        s->err = buf_reserve(&s->decoded, bytes * CHARREF_GROWTH_MAX);
    for (size_t i = 0; i < tag->attribute_count && s->err == CW_OK; i++) {
        struct str *value = &tag->attributes[i].value;
        size_t start = s->decoded.len;
        if ((encoded & 1U << i) == 0)
            continue;
        decode(s, *value, true);
        *value = str_skip(buf_str(&s->decoded), start);
    }
}

static void pass_start(struct sieve *s, struct sieve_tag *tag)
{
    decode_values(s, tag);
    if (s->err == CW_OK)
        s->err = s->reader->on_start(s->reader->arg, tag);
}

static void pass_style(struct sieve *s, struct str css)
{
    if (s->err == CW_OK && s->reader->on_style != NULL)
        s->err = s->reader->on_style(s->reader->arg, css);
}

static void pass_style_attribute(struct sieve *s, struct str value)
{
    buf_clear(&s->decoded);
    decode(s, value, true);
    pass_style(s, buf_str(&s->decoded));
}

static void pass_end(struct sieve *s, struct str name)
{
    if (s->err == CW_OK && s->reader->on_end != NULL)
        s->err = s->reader->on_end(s->reader->arg, name);
}

/* ---- tags ---- */

static struct str remaining(const struct sieve *s)
{
    return str_skip(s->html, s->at);
}

static bool in_svg(const struct sieve *s)
{
    return s->svg_depth > 0 && !s->in_foreign_object;
}

/* Moves behind the next `end` at or after `from`, or to the end of the text. */
static void skip_past(struct sieve *s, size_t from, struct str end)
{
    size_t at = from + str_find(str_skip(s->html, from), end);
    s->at = MIN(at + end.len, s->html.len);
}

/* Begins a tag: of its attributes only those counted are ever looked at. */
static inline void read_tag_name(struct sieve *s, struct tag *tag)
{
    struct str rest = str_skip(s->html, s->at);
    tag->is_self_closing = tag->is_kept = tag->is_svg = false;
    tag->style = STR_NONE;
    tag->seen = 0;
    tag->passed.attribute_count = 0;
    size_t len = 0;
    for (; len < rest.len && !rawtext_ends_tag_name(rest.ptr[len]); len++)
        if (len < sizeof tag->name_bytes)
            tag->name_bytes[len] = ascii_lower(rest.ptr[len]);
    s->at += len;
    tag->passed.name = str_from(tag->name_bytes, len <= sizeof tag->name_bytes ? len : 0);
    tag->flags = tagrule_flags(tag->passed.name);
}

/* Is it the name, in any case, that we know in lower case? */
static inline bool is_named(struct str name, struct str known)
{
    if (name.len != known.len)
        return false;
    for (size_t i = 0; i < name.len; i++)
        if (ascii_lower(name.ptr[i]) != known.ptr[i])
            return false;
    return true;
}

/* Keeps an attribute that html.c reads, if it is the first of its name. */
static void keep_attribute(struct tag *tag, struct str name, struct str value)
{
    for (size_t i = 0; i < ARRAY_LEN(kept_attributes); i++) {
        if (!is_named(name, kept_attributes[i]))
            continue;
        if ((tag->seen & 1U << i) == 0)
            tag->passed.attributes[tag->passed.attribute_count++] =
                (struct sieve_attribute){kept_attributes[i], value};
        tag->seen |= 1U << i;
        return;
    }
}

static inline void skip_space(struct sieve *s)
{
    while (s->at < s->html.len && ascii_is_space(s->html.ptr[s->at]))
        s->at++;
}

static struct str read_attribute_name(struct sieve *s)
{
    size_t start = s->at, at = start + 1; /* an equals sign there belongs to the name */
    while (at < s->html.len && !rawtext_ends_tag_name(s->html.ptr[at]) && s->html.ptr[at] != '=')
        at++;
    s->at = at;
    return str_from(s->html.ptr + start, at - start);
}

static struct str read_attribute_value(struct sieve *s)
{
    skip_space(s);
    if (s->at == s->html.len || s->html.ptr[s->at] != '=')
        return STR("");
    s->at++;
    skip_space(s);
    char quote = s->at < s->html.len ? s->html.ptr[s->at] : '\0';
    if (quote == '"' || quote == '\'') {
        struct str inner = str_skip(s->html, s->at + 1);
        struct str value = str_first(inner, str_find_char(inner, quote));
        s->at = MIN(s->at + value.len + 2, s->html.len);
        return value;
    }
    size_t start = s->at;
    while (s->at < s->html.len && !ascii_is_space(s->html.ptr[s->at]) && s->html.ptr[s->at] != '>')
        s->at++;
    return str_from(s->html.ptr + start, s->at - start);
}

/* A style attribute can hold a URL only in parentheses, written so or as a reference. */
static bool may_hold_url(struct str style)
{
    return str_find_char(style, '(') < style.len || str_find_char(style, '&') < style.len;
}

static void read_attribute(struct sieve *s, struct tag *tag)
{
    struct str name = read_attribute_name(s), value = read_attribute_value(s);
    if (tag->is_kept)
        keep_attribute(tag, name, value);
    if (str_is_absent(tag->style) && is_named(name, STR("style")) && may_hold_url(value))
        tag->style = value;
}

/* Is it its '>' that comes next? Then moves behind it. */
static inline bool ends_tag(struct sieve *s)
{
    if (s->at == s->html.len || s->html.ptr[s->at] != '>')
        return false;
    s->at++;
    return true;
}

/* Reads up to and with the '>' that ends the tag, and keeps what matters of its attributes. False:
 * the text ends inside the tag. */
static bool read_attributes(struct sieve *s, struct tag *tag)
{
    while (s->at < s->html.len) {
        char c = s->html.ptr[s->at];
        if (ends_tag(s))
            return true;
        if (c == '/' || ascii_is_space(c)) {
            s->at++;
            tag->is_self_closing = c == '/' && s->at < s->html.len && s->html.ptr[s->at] == '>';
        } else {
            read_attribute(s, tag);
        }
    }
    return false;
}

/* Does "/>" end the element? In XHTML, and of HTML in SVG; else HTML ignores it. */
static bool is_empty(const struct sieve *s, const struct tag *tag)
{
    return tag->is_self_closing && (s->is_xhtml || tag->is_svg);
}

/* A start tag inside <svg>: may end it, or open HTML inside it. */
static void track_foreign_start(struct sieve *s, const struct tag *tag)
{
    if (in_svg(s) && (tag->flags & TAG_BREAKOUT) != 0)
        s->svg_depth = 0;
    if (tag->is_self_closing)
        return;
    if (str_eq(tag->passed.name, STR("svg")))
        s->svg_depth++;
    else if (in_svg(s) && str_eq(tag->passed.name, STR("foreignobject")))
        s->in_foreign_object = true;
    if (s->svg_depth == 0)
        s->in_foreign_object = false;
}

static void track_foreign_end(struct sieve *s, const struct tag *tag)
{
    if (str_eq(tag->passed.name, STR("foreignobject")))
        s->in_foreign_object = false;
    else if (str_eq(tag->passed.name, STR("svg")) && s->svg_depth > 0)
        s->svg_depth--;
    else if (in_svg(s) && (tag->flags & TAG_BREAKOUT) != 0)
        s->svg_depth = 0; /* the end of what holds the <svg> */
}

static void skip_raw_text(struct sieve *s, const struct tag *tag)
{
    size_t start = s->at;
    s->at = rawtext_end(s->html, start, tag->passed.name);
    if (str_eq(tag->passed.name, STR("style")))
        pass_style(s, str_from(s->html.ptr + start, s->at - start));
}

/* All that follows is text. */
static void pass_plaintext(struct sieve *s)
{
    pass_text(s, remaining(s));
    s->at = s->html.len;
}

/* SVG has these two as well, and nobody sees what they hold. */
static bool is_code(const struct tag *tag)
{
    return str_eq(tag->passed.name, STR("script")) || str_eq(tag->passed.name, STR("style"));
}

/* Of elements whose content is not plain markup. */
static void enter_content(struct sieve *s, const struct tag *tag)
{
    if (str_eq(tag->passed.name, STR("template")))
        s->template_depth++;
    else if (str_eq(tag->passed.name, STR("plaintext")))
        pass_plaintext(s);
    else if ((tag->flags & TAG_RAW) != 0 && (!in_svg(s) || is_code(tag)))
        skip_raw_text(s, tag);
}

static void close_a(struct sieve *s)
{
    if (s->a_is_open)
        pass_end(s, STR("a"));
    s->a_is_open = false;
}

/* What the tag is decides how its element ends: an <a> holds text until its end tag, a title is
 * read here, of all others nobody asks. */
static void pass_tag(struct sieve *s, struct tag *tag)
{
    bool is_a = str_eq(tag->passed.name, STR("a")), has_content = !is_empty(s, tag);
    if (is_a)
        close_a(s);
    if (str_eq(tag->passed.name, STR("image")) && !tag->is_svg)
        tag->passed.name = STR("img");
    pass_start(s, &tag->passed);
    s->a_is_open |= is_a;
    if (is_a && !has_content)
        close_a(s);
    if (!str_eq(tag->passed.name, STR("title")))
        return;
    if (has_content) {
        size_t end = rawtext_end(s->html, s->at, tag->passed.name);
        pass(s, str_from(s->html.ptr + s->at, end - s->at));
        s->at = end;
    }
    pass_end(s, tag->passed.name);
}

static void sieve_start_tag(struct sieve *s)
{
    struct tag tag;
    s->at++;
    read_tag_name(s, &tag);
    tag.is_svg = in_svg(s) && (tag.flags & TAG_BREAKOUT) == 0;
    tag.is_kept = (tag.flags & (tag.is_svg ? TAG_SVG : TAG_KEPT)) != 0;
    if (!ends_tag(s) && !read_attributes(s, &tag))
        return;
    if ((tag.flags & TAG_SPARSE) != 0 && tag.passed.attribute_count == 0)
        tag.is_kept = false;
    if ((tag.flags & TAG_INLINE) == 0)
        pass_space(s);
    bool has_content = !is_empty(s, &tag);
    if (tag.is_kept)
        pass_tag(s, &tag);
    if (!str_is_absent(tag.style))
        pass_style_attribute(s, tag.style);
    track_foreign_start(s, &tag);
    if (has_content)
        enter_content(s, &tag);
}

static void sieve_end_tag(struct sieve *s)
{
    struct tag tag;
    s->at += 2;
    read_tag_name(s, &tag);
    if (!ends_tag(s) && !read_attributes(s, &tag))
        return;
    if ((tag.flags & TAG_INLINE) == 0)
        pass_space(s);
    if (str_eq(tag.passed.name, STR("a")) && !in_svg(s))
        close_a(s);
    else if (str_eq(tag.passed.name, STR("template")) && s->template_depth > 0)
        s->template_depth--;
    track_foreign_end(s, &tag);
}

/* HTML, "comment start state" and on: `<!-->` and `<!--->` are whole, `--!>` ends one too. */
static void skip_comment(struct sieve *s)
{
    size_t body = s->at + 4;
    struct str rest = str_skip(s->html, body);
    if (str_starts(rest, STR(">")) || str_starts(rest, STR("->"))) {
        skip_past(s, body, STR(">"));
        return;
    }
    for (s->at = body; s->at < s->html.len; s->at++) {
        s->at += str_find(remaining(s), STR("--"));
        struct str end = str_skip(remaining(s), 2);
        if (str_starts(end, STR(">")) || str_starts(end, STR("!>"))) {
            skip_past(s, s->at, STR(">"));
            return;
        }
    }
    s->at = s->html.len;
}

static void sieve_cdata(struct sieve *s)
{
    size_t start = s->at + sizeof "<![CDATA[" - 1;
    skip_past(s, start, STR("]]>"));
    struct str text = str_from(s->html.ptr + start, s->at - start);
    if (str_ends(text, STR("]]>")))
        text.len -= 3;
    pass_text(s, text);
}

/* What starts with '<': a tag, a comment, or text after all. */
static void sieve_markup(struct sieve *s)
{
    struct str rest = remaining(s);
    char second = rest.len > 1 ? rest.ptr[1] : '\0', third = rest.len > 2 ? rest.ptr[2] : '\0';
    if (ascii_is_alpha(second)) {
        sieve_start_tag(s);
    } else if (second == '/' && ascii_is_alpha(third)) {
        sieve_end_tag(s);
    } else if (str_starts(rest, STR("<!--"))) {
        skip_comment(s);
    } else if ((in_svg(s) || s->is_xhtml) && str_starts(rest, STR("<![CDATA["))) {
        sieve_cdata(s);
    } else if (second == '!' || second == '?' || (second == '/' && rest.len > 2)) {
        skip_past(s, s->at, STR(">"));
    } else {
        pass_text(s, str_first(rest, 1));
        s->at++;
    }
}

static inline void sieve_text(struct sieve *s)
{
    struct str rest = remaining(s);
    bool is_one = rest.len > 1 && rest.ptr[1] == '<'; /* every other text is a line's end */
    struct str text = str_first(rest, is_one ? 1 : str_find_char(rest, '<'));
    s->at += text.len;
    pass_text(s, text);
}

enum cw_err sieve_html(struct str html, bool is_xhtml, const struct sieve_reader *reader)
{
    struct sieve s = {.html = html,
                      .is_xhtml = is_xhtml,
                      .reader = reader,
                      .lookout = charref_lookout_on(html),
                      .decoded = BUF_INIT(html.len * CHARREF_GROWTH_MAX)};
    while (s.at < html.len && s.err == CW_OK) {
        if (html.ptr[s.at] == '<')
            sieve_markup(&s);
        else
            sieve_text(&s);
    }
    close_a(&s);
    buf_release(&s.decoded);
    return s.err;
}
