/* charset_prescan: the encoding that a document's own first bytes declare (HTML, "prescan a byte
 * stream to determine its encoding"). Pure, linear. */
#ifndef CRAWLER_PARSE_CHARSET_PRESCAN_H
#define CRAWLER_PARSE_CHARSET_PRESCAN_H

#include "crawler/base/str.h"

/* The WHATWG name of the encoding that a <meta> or an XML declaration within `head` names; absent
 * when none does. Static. */
struct str charset_prescan_meta(struct str head);
struct str charset_prescan_xml(struct str head);

#endif
