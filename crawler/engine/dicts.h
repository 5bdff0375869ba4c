/* dicts: which hosts' pages are packed beside a dictionary. The body of an ordinary page of a host,
 * one of those after its first DICTS_AFTER answers, becomes the host's dictionary, and serves for
 * as long as the crawl holds the host, unless the next pages say that it does not pay. Small hosts
 * never pay for one. Memory: DICTS_MAX in a process, each at most twice ZDICT_MAX_BYTES, and what
 * the batches under way still hold. While there are so many, other hosts do without. Thread: the
 * loop's. */
#ifndef CRAWLER_ENGINE_DICTS_H
#define CRAWLER_ENGINE_DICTS_H

#include "crawler/engine/digest.h"

enum { DICTS_MAX = 64, DICTS_AFTER = 8, DICTS_WEIGHED = 8 };

struct dicts { /* of a process; zero it */
    unsigned count;
};

struct host_dict { /* of a host; zero it */
    struct zdict *dict;
    unsigned answers;
    unsigned asked; /* digests under way that are to make it, or to weigh it */
    unsigned weighed;
    double saved;    /* sum of the shares that those frames saved */
    bool is_weighed; /* it pays, or is gone for good */
};

/* Before the digest of an answer of the host: what it is to use, to make or to weigh. */
void dicts_give(struct dicts *dicts, struct host_dict *host, struct digest_input *input);
/* After it: what it made, or found. */
void dicts_take(struct dicts *dicts, struct host_dict *host, struct digest_input *input);

void dicts_forget(struct dicts *dicts, struct host_dict *host); /* no digest may be under way */

#endif
