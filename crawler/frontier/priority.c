#include "crawler/frontier/priority.h"

int32_t priority_of_depth(int32_t depth)
{
    return MIN(depth, PRIORITY_LATE / PRIORITY_LEVEL - 1) * PRIORITY_LEVEL;
}

int32_t priority_of_announced(int32_t depth, int32_t per_mille)
{
    return MAX(priority_of_depth(depth) + (500 - per_mille) * PRIORITY_LEVEL / 1000, PRIORITY_SEED);
}
