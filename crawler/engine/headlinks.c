#include "crawler/engine/headlinks.h"

#include "crawler/parse/linkheader.h"
#include "crawler/parse/links.h"

enum {
    LEADS_ON = LINKHEADER_CANONICAL | LINKHEADER_NEXT | LINKHEADER_PREV | LINKHEADER_ALTERNATE,
};

/* Resolves the target into `scratch`. False: nothing that can be crawled. */
static bool resolve(struct url *scratch, struct str target, const struct url *base)
{
    return url_parse(scratch, target, base) == CW_OK && url_is_http(scratch) &&
           url_canonicalize(scratch) == CW_OK && url_href(scratch).len <= URL_MAX_BYTES;
}

static bool keep_lower(struct arena *arena, struct str *s)
{
    *s = str_first(*s, LINK_TEXT_MAX);
    if (!arena_keep(arena, s))
        return false;
    char *copy = (char *)s->ptr; /* our own, in the arena */
    for (size_t i = 0; i < s->len; i++)
        copy[i] = ascii_lower(copy[i]);
    return true;
}

static bool page_has(const struct page *page, struct str url)
{
    for (size_t i = 0; i < page->link_count; i++)
        if (str_eq(page->links[i].element, STR("link")) && str_eq(page->links[i].url, url))
            return true;
    return false;
}

/* Room for the header's links behind those of the page. */
static enum cw_err make_room(struct page *page, struct arena *arena)
{
    struct page_link *links = arena_take(arena, (page->link_count + HEADLINKS_MAX) * sizeof *links);
    if (links == NULL)
        return CW_ENOMEM;
    if (page->link_count > 0)
        memcpy(links, page->links, page->link_count * sizeof *links);
    page->links = links;
    return CW_OK;
}

static enum cw_err add(struct page *page, struct arena *arena, const struct linkheader_link *found,
                       const struct url *url, struct str own_host)
{
    struct page_link link = {
        .url = url_href(url),
        .host = url_host_key(url),
        .element = STR("link"),
        .rel = found->rel,
        .nofollow = page->nofollow || (found->rels & LINKHEADER_NOFOLLOW) != 0,
    };
    if (!arena_keep(arena, &link.url) || !arena_keep(arena, &link.host) ||
        !keep_lower(arena, &link.rel))
        return CW_ENOMEM;
    link.internal = str_eq(link.host, own_host);
    link.follow = links_use_of_rel(link.rel) == LINK_PAGE;
    link.requisite = links_use_of_rel(link.rel) == LINK_PART;
    page->links[page->link_count++] = link;
    if ((found->rels & LINKHEADER_CANONICAL) != 0 && str_is_absent(page->canonical_url))
        page->canonical_url = link.url;
    return CW_OK;
}

enum cw_err headlinks_add(struct page *page, struct arena *arena, struct str value,
                          const struct url *base, struct url *scratch)
{
    struct linkheader_link found;
    size_t before = page->link_count;
    enum cw_err err = make_room(page, arena);
    while (err == CW_OK && linkheader_next(&value, &found)) {
        if ((found.rels & LEADS_ON) == 0 || found.is_about_other ||
            !resolve(scratch, found.target, base) || page_has(page, url_href(scratch)))
            continue;
        if (page->link_count - before == HEADLINKS_MAX) {
            page->links_cut = true;
            break;
        }
        err = add(page, arena, &found, scratch, url_host_key(base));
    }
    return err;
}
