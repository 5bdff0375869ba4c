/* tree: YAML 1.1 text (libyaml) to a tree of plain values with their places. Bounded: depth,
 * number of values, and with them memory and time. Anchors may stand in the file but aliases, tags
 * and further documents are refused: a configuration needs none of them, and without aliases the
 * tree is never larger than the text. */
#ifndef CONFIG_TREE_P_H
#define CONFIG_TREE_P_H

#include "config/report_p.h"
#include "crawler/base/arena.h"

enum node_kind {
    NODE_TEXT,
    NODE_LIST,
    NODE_MAPPING,
    NODE_REFUSED, /* reported already: expect nothing of it */
};

struct node {
    enum node_kind kind;
    struct place place;
    struct str text;           /* of TEXT, NUL-terminated */
    bool is_null;              /* TEXT: plain `null`, `~` or nothing */
    struct node *first, *last; /* children of LIST and MAPPING */
    struct node *next;         /* sibling */
    struct node *key;          /* of a MAPPING's child; TEXT or REFUSED */
};

/* Parses `text` into *ret_root, which lives in `arena`; NULL when the file holds no value. Problems
 * go into `report`. CW_ECONFIG: it is not YAML, or over a limit, and *ret_root is untouched.
 * CW_ENOMEM. */
enum cw_err tree_parse(struct node **ret_root, struct arena *arena, struct str text,
                       struct config_report *report) MUST_CHECK;

#endif
