#include "crawler/parse/tagrule.h"

#include <assert.h>

/* By their first letters; of each, the common ones come first. */
static const struct tagrule {
    struct str name;
    unsigned flags;
} tagrules[] = {
    {STR("a"), TAG_KEPT | TAG_INLINE},
    {STR("abbr"), TAG_INLINE},
    {STR("acronym"), TAG_INLINE},
    {STR("area"), TAG_KEPT},
    {STR("audio"), TAG_KEPT},
    {STR("b"), TAG_INLINE | TAG_BREAKOUT},
    {STR("br"), TAG_BREAKOUT},
    {STR("body"), TAG_KEPT | TAG_SPARSE | TAG_BREAKOUT},
    {STR("base"), TAG_KEPT | TAG_INLINE},
    {STR("bdi"), TAG_INLINE},
    {STR("bdo"), TAG_INLINE},
    {STR("big"), TAG_INLINE | TAG_BREAKOUT},
    {STR("blockquote"), TAG_KEPT | TAG_SPARSE | TAG_BREAKOUT},
    {STR("code"), TAG_INLINE | TAG_BREAKOUT},
    {STR("center"), TAG_BREAKOUT},
    {STR("cite"), TAG_INLINE},
    {STR("div"), TAG_BREAKOUT},
    {STR("dd"), TAG_BREAKOUT},
    {STR("dt"), TAG_BREAKOUT},
    {STR("dl"), TAG_BREAKOUT},
    {STR("data"), TAG_INLINE},
    {STR("del"), TAG_KEPT | TAG_SPARSE | TAG_INLINE},
    {STR("dfn"), TAG_INLINE},
    {STR("em"), TAG_INLINE | TAG_BREAKOUT},
    {STR("embed"), TAG_KEPT | TAG_BREAKOUT},
    {STR("font"), TAG_INLINE},
    {STR("form"), TAG_KEPT},
    {STR("frame"), TAG_KEPT},
    {STR("h2"), TAG_BREAKOUT},
    {STR("h3"), TAG_BREAKOUT},
    {STR("h1"), TAG_BREAKOUT},
    {STR("h4"), TAG_BREAKOUT},
    {STR("head"), TAG_BREAKOUT},
    {STR("html"), TAG_KEPT},
    {STR("h5"), TAG_BREAKOUT},
    {STR("h6"), TAG_BREAKOUT},
    {STR("hr"), TAG_BREAKOUT},
    {STR("i"), TAG_INLINE | TAG_BREAKOUT},
    {STR("img"), TAG_KEPT | TAG_INLINE | TAG_BREAKOUT},
    {STR("input"), TAG_KEPT},
    {STR("iframe"), TAG_KEPT | TAG_RAW},
    {STR("image"), TAG_KEPT | TAG_INLINE | TAG_SVG},
    {STR("ins"), TAG_KEPT | TAG_SPARSE | TAG_INLINE},
    {STR("kbd"), TAG_INLINE},
    {STR("li"), TAG_BREAKOUT},
    {STR("link"), TAG_KEPT | TAG_INLINE},
    {STR("label"), TAG_INLINE},
    {STR("listing"), TAG_BREAKOUT},
    {STR("meta"), TAG_KEPT | TAG_INLINE | TAG_BREAKOUT},
    {STR("mark"), TAG_INLINE},
    {STR("menu"), TAG_BREAKOUT},
    {STR("nobr"), TAG_INLINE | TAG_BREAKOUT},
    {STR("noembed"), TAG_RAW},
    {STR("noframes"), TAG_RAW},
    {STR("object"), TAG_KEPT},
    {STR("ol"), TAG_BREAKOUT},
    {STR("p"), TAG_BREAKOUT},
    {STR("pre"), TAG_BREAKOUT},
    {STR("q"), TAG_KEPT | TAG_SPARSE | TAG_INLINE},
    {STR("ruby"), TAG_INLINE | TAG_BREAKOUT},
    {STR("span"), TAG_INLINE | TAG_BREAKOUT},
    {STR("strong"), TAG_INLINE | TAG_BREAKOUT},
    {STR("script"), TAG_KEPT | TAG_INLINE | TAG_RAW},
    {STR("style"), TAG_INLINE | TAG_RAW},
    {STR("small"), TAG_INLINE | TAG_BREAKOUT},
    {STR("sup"), TAG_INLINE | TAG_BREAKOUT},
    {STR("s"), TAG_INLINE | TAG_BREAKOUT},
    {STR("samp"), TAG_INLINE},
    {STR("source"), TAG_KEPT | TAG_INLINE},
    {STR("strike"), TAG_INLINE | TAG_BREAKOUT},
    {STR("sub"), TAG_INLINE | TAG_BREAKOUT},
    {STR("td"), TAG_KEPT | TAG_SPARSE},
    {STR("table"), TAG_KEPT | TAG_SPARSE | TAG_BREAKOUT},
    {STR("th"), TAG_KEPT | TAG_SPARSE},
    {STR("title"), TAG_KEPT},
    {STR("tt"), TAG_INLINE | TAG_BREAKOUT},
    {STR("template"), TAG_INLINE},
    {STR("textarea"), TAG_RAW},
    {STR("time"), TAG_INLINE},
    {STR("track"), TAG_KEPT | TAG_INLINE},
    {STR("ul"), TAG_BREAKOUT},
    {STR("u"), TAG_INLINE | TAG_BREAKOUT},
    {STR("use"), TAG_SVG},
    {STR("var"), TAG_INLINE | TAG_BREAKOUT},
    {STR("video"), TAG_KEPT},
    {STR("wbr"), TAG_INLINE},
    {STR("xmp"), TAG_RAW},
};

/* Where the names of each letter begin, and the end: a few remain to be compared. */
static const unsigned char letter_starts['z' - 'a' + 2] = {
    0,  5,  13, 16, 23, 25, 28, 28, 37, 43, 43, 44, 48, 51,
    54, 56, 58, 59, 60, 71, 80, 83, 85, 86, 87, 87, 87,
};

static_assert(ARRAY_LEN(tagrules) == 87, "letter_starts must follow");

/* Names of the same letter. */
static inline bool is_same_name(struct str known, struct str name)
{
    if (known.len != name.len)
        return false;
    for (size_t i = 1; i < name.len; i++)
        if (known.ptr[i] != name.ptr[i])
            return false;
    return true;
}

unsigned tagrule_flags(struct str name)
{
    if (name.len == 0 || name.ptr[0] < 'a' || name.ptr[0] > 'z')
        return 0;
    unsigned letter = (unsigned)(name.ptr[0] - 'a');
    for (unsigned i = letter_starts[letter]; i < letter_starts[letter + 1]; i++)
        if (is_same_name(tagrules[i].name, name))
            return tagrules[i].flags;
    return 0;
}
