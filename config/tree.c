#include "config/tree_p.h"

#include <yaml.h>

#include "config/keys.h"

struct composer {
    yaml_parser_t parser;
    struct str text;
    struct arena *arena;          /* borrowed */
    struct config_report *report; /* borrowed */
    size_t count;                 /* values so far */
};

/* libyaml counts from 0. */
static struct place place_of(yaml_mark_t mark)
{
    return (struct place){(unsigned)mark.line + 1, (unsigned)mark.column + 1};
}

/* Where the byte at `offset` stands; the reader knows no lines yet. Columns count characters. */
static struct place place_at(struct str text, size_t offset)
{
    struct place place = {1, 1};
    for (size_t i = 0; i < offset && i < text.len; i++) {
        bool is_break = text.ptr[i] == '\n' || (text.ptr[i] == '\r' && text.ptr[i + 1] != '\n');
        if (is_break)
            place = (struct place){place.line + 1, 1};
        else
            place.column += ((unsigned char)text.ptr[i] & 0xC0) != 0x80;
    }
    return place;
}

static enum cw_err report_byte(struct composer *c)
{
    struct place place = place_at(c->text, c->parser.problem_offset);
    return report_add(c->report, place, "not UTF-8 text: %s (0x%02X)", c->parser.problem,
                      (unsigned)c->parser.problem_value);
}

static enum cw_err report_syntax(struct composer *c)
{
    const yaml_parser_t *p = &c->parser;
    struct place place = place_of(p->problem_mark), context = place_of(p->context_mark);
    const char *problem = p->problem != NULL ? p->problem : "syntax error";
    if (p->context == NULL)
        return report_add(c->report, place, "not YAML: %s", problem);
    return report_add(c->report, place, "not YAML: %s, %s that begins at %u:%u", problem,
                      p->context, context.line, context.column);
}

/* Takes the next event. CW_ECONFIG: there is none, the text is not YAML; reported. */
static enum cw_err next_event(struct composer *c, yaml_event_t *ret)
{
    if (yaml_parser_parse(&c->parser, ret))
        return CW_OK;
    enum cw_err err = CW_ENOMEM;
    if (c->parser.error == YAML_READER_ERROR)
        err = report_byte(c);
    else if (c->parser.error != YAML_MEMORY_ERROR)
        err = report_syntax(c);
    return err == CW_OK ? CW_ECONFIG : err;
}

static enum cw_err refuse(struct composer *c, struct node *node, const char *what)
{
    node->kind = NODE_REFUSED;
    return report_add(c->report, node->place, "%s are not supported here", what);
}

static bool is_null(const yaml_event_t *event, struct str text)
{
    bool is_plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    return is_plain && (text.len == 0 || str_eq(text, STR("~")) || str_eq(text, STR("null")));
}

static enum cw_err take_scalar(struct composer *c, struct node *node, const yaml_event_t *event)
{
    node->kind = NODE_TEXT;
    node->text = str_from((const char *)event->data.scalar.value, event->data.scalar.length);
    node->is_null = is_null(event, node->text);
    return arena_keep(c->arena, &node->text) ? CW_OK : CW_ENOMEM;
}

/* What the event says about the node itself; its children come in later events. */
static enum cw_err take_event(struct composer *c, struct node *node, const yaml_event_t *event)
{
    const yaml_char_t *tag = NULL;
    enum cw_err err = CW_OK;
    switch (event->type) {
    case YAML_ALIAS_EVENT: return refuse(c, node, "aliases (*name)");
    case YAML_SCALAR_EVENT:
        err = take_scalar(c, node, event);
        tag = event->data.scalar.tag;
        break;
    case YAML_SEQUENCE_START_EVENT:
        node->kind = NODE_LIST;
        tag = event->data.sequence_start.tag;
        break;
    default: /* nothing else begins a node */
        node->kind = NODE_MAPPING;
        tag = event->data.mapping_start.tag;
        break;
    }
    return err == CW_OK && tag != NULL ? refuse(c, node, "tags (!name)") : err;
}

static enum cw_err compose(struct composer *c, const yaml_event_t *event, unsigned depth,
                           struct node **ret);

static void append(struct node *parent, struct node *child)
{
    if (parent->last != NULL)
        parent->last->next = child;
    else
        parent->first = child;
    parent->last = child;
}

static enum cw_err check_key(struct composer *c, struct node *key)
{
    if (key->kind == NODE_TEXT || key->kind == NODE_REFUSED)
        return CW_OK;
    key->kind = NODE_REFUSED;
    return report_add(c->report, key->place, "a key must be a word");
}

/* The children of a list or mapping, up to its end event. */
static enum cw_err compose_children(struct composer *c, struct node *parent, bool is_mapping,
                                    unsigned depth)
{
    struct node *key = NULL;
    for (;;) {
        yaml_event_t event;
        struct node *child = NULL;
        enum cw_err err = next_event(c, &event);
        if (err != CW_OK)
            return err;
        bool is_end = event.type == YAML_SEQUENCE_END_EVENT || event.type == YAML_MAPPING_END_EVENT;
        if (!is_end)
            err = compose(c, &event, depth + 1, &child);
        yaml_event_delete(&event);
        if (is_end || err != CW_OK)
            return err;
        if (is_mapping && key == NULL) {
            key = child;
            err = check_key(c, key);
        } else {
            child->key = STEAL(key);
            append(parent, child);
        }
        if (err != CW_OK)
            return err;
    }
}

static enum cw_err check_limits(struct composer *c, struct place place, bool is_deep)
{
    enum cw_err err = CW_OK;
    if (is_deep)
        err = report_add(c->report, place, "nested deeper than %d levels", CONFIG_MAX_DEPTH);
    else if (++c->count > CONFIG_MAX_VALUES)
        err = report_add(c->report, place, "more than %d values in the file", CONFIG_MAX_VALUES);
    else
        return CW_OK;
    return err == CW_OK ? CW_ECONFIG : err;
}

/* The node that `event` begins. Recursion is bounded by CONFIG_MAX_DEPTH. */
static enum cw_err compose(struct composer *c, const yaml_event_t *event, unsigned depth,
                           struct node **ret)
{
    struct place place = place_of(event->start_mark);
    bool is_mapping = event->type == YAML_MAPPING_START_EVENT;
    bool has_children = is_mapping || event->type == YAML_SEQUENCE_START_EVENT;
    enum cw_err err = check_limits(c, place, has_children && depth > CONFIG_MAX_DEPTH);
    struct node *node = err == CW_OK ? arena_alloc(c->arena, sizeof *node) : NULL;
    if (node == NULL)
        return err != CW_OK ? err : CW_ENOMEM;
    node->place = place;
    err = take_event(c, node, event);
    if (err == CW_OK && has_children)
        err = compose_children(c, node, is_mapping, depth);
    *ret = node;
    return err;
}

/* Begins a further document? Only one is read. */
static enum cw_err check_document(struct composer *c, const yaml_event_t *event,
                                  const struct node *root)
{
    if (event->type != YAML_DOCUMENT_START_EVENT || root == NULL)
        return CW_OK;
    enum cw_err err = report_add(c->report, place_of(event->start_mark),
                                 "a second document; the configuration is one");
    return err == CW_OK ? CW_ECONFIG : err;
}

static enum cw_err compose_stream(struct composer *c, struct node **ret_root)
{
    struct node *root = NULL;
    for (;;) {
        yaml_event_t event;
        enum cw_err err = next_event(c, &event);
        if (err != CW_OK)
            return err;
        yaml_event_type_t type = event.type;
        err = check_document(c, &event, root);
        bool is_node = type == YAML_ALIAS_EVENT || type == YAML_SCALAR_EVENT ||
                       type == YAML_SEQUENCE_START_EVENT || type == YAML_MAPPING_START_EVENT;
        if (err == CW_OK && is_node)
            err = compose(c, &event, 1, &root);
        yaml_event_delete(&event);
        if (err != CW_OK)
            return err;
        if (type == YAML_STREAM_END_EVENT)
            break;
    }
    *ret_root = root;
    return CW_OK;
}

enum cw_err tree_parse(struct node **ret_root, struct arena *arena, struct str text,
                       struct config_report *report)
{
    struct composer c = {.text = text, .arena = arena, .report = report};
    if (!yaml_parser_initialize(&c.parser))
        return CW_ENOMEM;
    yaml_parser_set_encoding(&c.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&c.parser, (const unsigned char *)text.ptr, text.len);
    enum cw_err err = compose_stream(&c, ret_root);
    yaml_parser_delete(&c.parser);
    return err;
}
