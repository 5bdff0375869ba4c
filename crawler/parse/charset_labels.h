/* charset_labels: which encoding a label means. Static data, sorted by label for a binary search.
 */
#ifndef CRAWLER_PARSE_CHARSET_LABELS_H
#define CRAWLER_PARSE_CHARSET_LABELS_H

#include "crawler/base/str.h"

enum { CHARSET_LABEL_COUNT = 228 };

struct charset_label {
    struct str label, name; /* label in lower case; the encoding's name as the standard spells it */
};
extern const struct charset_label charset_labels[CHARSET_LABEL_COUNT];

#endif
