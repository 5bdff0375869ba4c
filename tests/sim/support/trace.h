/* trace: a fingerprint of everything that happened, in order. Two runs with the same seed must end
 * with the same one; FNV-1a over whole words, with a mix, since one is made for each event. */
#ifndef TESTS_SIM_SUPPORT_TRACE_H
#define TESTS_SIM_SUPPORT_TRACE_H

#include "tests/sim/support/chance.h"

struct trace {
    uint64_t hash;
    uint64_t count; /* of things noted */
};

#define TRACE_INIT ((struct trace){.hash = 0xCBF29CE484222325ULL})

static inline void trace_note(struct trace *t, uint64_t what, uint64_t who, int64_t when)
{
    t->hash = (t->hash ^ what) * 0x100000001B3ULL;
    t->hash = (t->hash ^ who) * 0x100000001B3ULL;
    t->hash = chance_mix(t->hash ^ (uint64_t)when);
    t->count++;
}

#endif
