#include "storage/sqlite/linkpack.h"

#include "storage/sqlite/keys.h"

/* The number, and what parts it from the link before: {"123 or ,"123 */
static enum cw_err add_number(struct buf *b, int64_t offset)
{
    char text[sizeof "{\"-9223372036854775808"];
    size_t at = sizeof text;
    uint64_t rest = offset < 0 ? -(uint64_t)offset : (uint64_t)offset;
    do {
        text[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (offset < 0)
        text[--at] = '-';
    text[--at] = '"';
    text[--at] = b->len == 0 ? '{' : ',';
    return buf_add_bytes(b, text + at, sizeof text - at);
}

/* Goes on within a string: `first` takes the place of the quote that `more` would begin with. The
 * quote behind it stays. */
static enum cw_err add_within(struct buf *b, char first, struct str more)
{
    size_t at = b->len;
    enum cw_err err = buf_add_json(b, more);
    if (err == CW_OK)
        b->ptr[at] = first;
    return err;
}

/* What the number does not say of a link that is more than a plain <a>. */
static enum cw_err add_kind(struct buf *b, const struct page_link *link)
{
    enum cw_err err = buf_add_char(b, ' ');
    if (err == CW_OK)
        err = add_within(b, link->nofollow ? '1' : '0', link->element);
    if (err != CW_OK || str_is_absent(link->rel))
        return err;
    b->len--; /* the quote */
    return add_within(b, ' ', link->rel);
}

static enum cw_err add_link(struct buf *b, int64_t offset, const struct page_link *link)
{
    bool is_plain = str_eq(link->element, STR("a")) && str_is_absent(link->rel) && !link->nofollow;
    enum cw_err err = add_number(b, offset);
    if (err == CW_OK && !is_plain)
        err = add_kind(b, link);
    if (err == CW_OK)
        err = is_plain ? buf_add(b, STR("\":")) : buf_add_char(b, ':');
    return err == CW_OK ? buf_add_json(b, link->text) : err;
}

enum cw_err linkpack_write(struct buf *ret, int64_t from_id, const struct page_link *links,
                           const int64_t *target_ids, size_t count)
{
    enum cw_err err = CW_OK;
    buf_clear(ret);
    for (size_t i = 0; err == CW_OK && i < count; i++)
        err = add_link(ret, key_url_offset(from_id, target_ids[i]), &links[i]);
    return err == CW_OK ? buf_add_char(ret, '}') : err;
}

int64_t linkpack_count(int64_t links)
{
    return (links + LINKS_A_PACK - 1) / LINKS_A_PACK;
}
