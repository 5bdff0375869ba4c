/* charset: which encoding a text is in, and its decoding to valid UTF-8 (WHATWG Encoding Standard;
 * labels from its table, decoders after its text, see DESIGN.md). Order: BOM, HTTP charset, meta
 * prescan of the first 1,024 bytes, XML declaration, a later meta (first 64 KiB), then detection.
 * Pure; never depends on the locale. */
#ifndef CRAWLER_PARSE_CHARSET_H
#define CRAWLER_PARSE_CHARSET_H

#include "crawler/base/buf.h"
#include "crawler/base/err.h"
#include "crawler/base/str.h"

/* The WHATWG name of the encoding for a label ("latin1" -> "windows-1252"); absent when unknown.
 * Static. */
struct str charset_of_label(struct str label);

/* The encoding of `bytes`. `http_charset` is the label from Content-Type, or absent; `is_html`
 * allows the meta prescan. Always a known encoding name. Static. */
struct str charset_sniff(struct str bytes, struct str http_charset, bool is_html);

/* The text of `bytes` where it stands in them as it is, without a BOM: valid UTF-8, or the ASCII of
 * a single-byte encoding, as most pages are. Absent: charset_to_utf8() must decode it. */
struct str charset_text_within(struct str bytes, struct str encoding);

/* Decodes `bytes` from `encoding` and appends valid UTF-8 to *ret, without a BOM; what cannot be
 * decoded becomes U+FFFD. CW_ETOOBIG when *ret is full (it holds the head), CW_EENCODING when
 * `encoding` is no label of the standard. */
enum cw_err charset_to_utf8(struct buf *ret, struct str bytes, struct str encoding) MUST_CHECK;

#endif
