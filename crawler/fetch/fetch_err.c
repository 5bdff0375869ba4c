#include "crawler/fetch/fetch_err.h"

#include <errno.h>

#include "crawler/base/str.h"

/* What a code says by itself. A code that is not here is one that crawld's requests do not lead to:
 * it counts as an answer that breaks HTTP. */
static const struct {
    CURLcode code;
    enum cw_err err;
} codes[] = {
    {CURLE_OK, CW_OK},
    {CURLE_OUT_OF_MEMORY, CW_ENOMEM},
    {CURLE_URL_MALFORMAT, CW_EURL},
    {CURLE_COULDNT_RESOLVE_HOST, CW_EDNS},
    {CURLE_COULDNT_RESOLVE_PROXY, CW_EDNS},
    {CURLE_COULDNT_CONNECT, CW_ECONNECT},
    {CURLE_PROXY, CW_ECONNECT},
    {CURLE_OPERATION_TIMEDOUT, CW_ETIMEOUT},
    {CURLE_UNSUPPORTED_PROTOCOL, CW_EPROTOCOL}, /* HTTP/0.9, HTTP/9.9 */
    {CURLE_WEIRD_SERVER_REPLY, CW_EPROTOCOL},
    {CURLE_GOT_NOTHING, CW_EEMPTY},
    {CURLE_PARTIAL_FILE, CW_ETRUNCATED},
    {CURLE_SEND_ERROR, CW_ERESET},
    {CURLE_RECV_ERROR, CW_EPROTOCOL}, /* without an errno: chunks that are none */
    {CURLE_HTTP2, CW_EHTTP2},
    {CURLE_HTTP2_STREAM, CW_EHTTP2},
    {CURLE_SSL_CONNECT_ERROR, CW_ETLS},
    {CURLE_SSL_ENGINE_NOTFOUND, CW_ETLS},
    {CURLE_SSL_ENGINE_SETFAILED, CW_ETLS},
    {CURLE_SSL_ENGINE_INITFAILED, CW_ETLS},
    {CURLE_SSL_CERTPROBLEM, CW_ETLS},
    {CURLE_SSL_CIPHER, CW_ETLS},
    {CURLE_SSL_CACERT_BADFILE, CW_ETLS},
    {CURLE_SSL_CRL_BADFILE, CW_ETLS},
    {CURLE_SSL_ISSUER_ERROR, CW_ETLS},
    {CURLE_SSL_INVALIDCERTSTATUS, CW_ETLS},
    {CURLE_SSL_CLIENTCERT, CW_ETLS},
    {CURLE_SSL_PINNEDPUBKEYNOTMATCH, CW_ETLS},
    {CURLE_PEER_FAILED_VERIFICATION, CW_ETLS},
    {CURLE_USE_SSL_FAILED, CW_ETLS},
};

static enum cw_err err_from_code(CURLcode code)
{
    for (size_t i = 0; i < ARRAY_LEN(codes); i++)
        if (codes[i].code == code)
            return codes[i].err;
    return CW_EPROTOCOL;
}

enum cw_err fetch_err_from_errno(int os_errno)
{
    switch (os_errno) {
    case EMFILE:
    case ENFILE:
    case EADDRNOTAVAIL: /* no local port is left */
    case EADDRINUSE: return CW_EFILES;
    case ENETUNREACH:
    case ENETDOWN:
    case EAFNOSUPPORT: return CW_ENETDOWN;
    case ENOBUFS:
    case ENOMEM: return CW_ENOMEM;
    case ETIMEDOUT: return CW_ECONNTIMEO;
    default: return CW_ECONNECT;
    }
}

static bool connection_broke(const struct fetch_failure *f)
{
    return f->os_errno == ECONNRESET || f->os_errno == EPIPE || f->os_errno == ECONNABORTED ||
           f->os_errno == ETIMEDOUT;
}

/* The few codes of which the moment, or the system, tells more. */
enum cw_err fetch_err_from_curl(const struct fetch_failure *f)
{
    switch (f->code) {
    case CURLE_COULDNT_CONNECT: return fetch_err_from_errno(f->os_errno);
    case CURLE_OPERATION_TIMEDOUT: return f->was_sent ? CW_ETIMEOUT : CW_ECONNTIMEO;
    case CURLE_OUT_OF_MEMORY:
        /* libcurl's word for a header line over its own limit of 100 KiB */
        return f->was_sent && !f->head_was_complete ? CW_EHEADERS : CW_ENOMEM;
    case CURLE_SSL_CONNECT_ERROR: return connection_broke(f) ? CW_ERESET : CW_ETLS;
    case CURLE_RECV_ERROR:
        if (connection_broke(f))
            return CW_ERESET;
        /* TLS that ends without its close_notify may have been cut */
        if (f->text != NULL && str_starts(str_of(f->text), STR("OpenSSL")))
            return f->head_was_complete ? CW_ETRUNCATED : CW_ERESET;
        return CW_EPROTOCOL;
    default: return err_from_code(f->code);
    }
}
