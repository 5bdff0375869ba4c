#include "crawler/engine/hint.h"

const char *hint_about(enum cw_err err)
{
    switch (err) {
    case CW_EDNS: return "is the name right?";
    case CW_EBLOCKED: return "--allow-private (allow_private: true) permits it";
    case CW_ETLS: return "--insecure (insecure: true) skips the check of certificates";
    case CW_EROBOTS: return "--no-robots (robots: false), on your own site only";
    case CW_ETOOBIG: return "--max-size (max_size) allows more";
    case CW_ETIMEOUT: return "--timeout (timeout) allows more";
    default: return "is the server up?";
    }
}
