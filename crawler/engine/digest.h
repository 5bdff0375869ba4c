/* digest: an answer's raw bytes become a page: content decoding, hash, type, charset, HTML, links
 * with their verdicts, compression. Runs on a worker; pure but for the memory it is given. What may
 * be reused from one page to the next (buffers, compressor) hangs on a `struct digester`, one a
 * seat of the parse lane. */
#ifndef CRAWLER_ENGINE_DIGEST_H
#define CRAWLER_ENGINE_DIGEST_H

#include <stdbool.h>

#include "config/config.h"
#include "crawler/engine/executor.h"
#include "crawler/fetch/fetch.h"
#include "crawler/frontier/scope.h"
#include "crawler/page.h"

struct digester;
enum cw_err digester_new(struct digester **ret) MUST_CHECK;
void digester_free(struct digester *digester);

/* What the worker needs; every pointer is owned, or immutable and held, until the digest ends. */
struct digest_input {
    struct buf raw; /* owned */
    bool body_cut;
    struct fetch_headers headers; /* copies in the outcome's arena */
    struct scope *scope;          /* held */
    struct str agent;             /* product token; immutable while the engine lives */
    uint64_t max_size;            /* of the decoded body */
    enum config_store store;
    bool requisites; /* parts of pages belong to the crawl */
    bool prints;     /* page.print is wanted */
    int64_t now_unix_ms;
    int32_t hops;       /* redirects that led here, in a row */
    struct zdict *dict; /* held; for the frames of the host's HTML; NULL: none */
    bool makes_dict;    /* `dict` is NULL: an ordinary page becomes one, which is then set here */
    bool weighs_dict;   /* an ordinary page finds out what `dict` saves: */
    size_t bytes_alone, bytes_beside; /* of its frame, set here; 0: not that kind of page */
};

/* Fills outcome->page from `input`; outcome->url, depth, is_seed and attempt.status are set
 * already. Sets outcome->err (and detail) when the answer is unusable: CW_ETRUNCATED, CW_EBOMB,
 * CW_ETOOBIG, CW_EENCODING, CW_ENOMEM; then has_page stays false. */
void digest(struct digester *digester, struct outcome *outcome, struct digest_input *input);

void digest_input_release(struct digest_input *input);

#endif
