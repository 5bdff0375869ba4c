#include "crawler/fetch/fetch_p.h"

enum {
    IDLE_SECONDS = 30, /* an unused connection is closed after */
    RECEIVE_BYTES = 32 * 1024,
};

#define SET(option, value) failed |= (int)curl_easy_setopt(easy, option, value)

static bool has_header(const char *const *headers, struct str name)
{
    for (; headers != NULL && *headers != NULL; headers++) {
        struct str rest = str_of(*headers);
        if (str_eq_nocase(str_trim(str_cut(&rest, ':')), name))
            return true;
    }
    return false;
}

static bool append(struct curl_slist **list, const char *text)
{
    struct curl_slist *longer = curl_slist_append(*list, text);
    if (longer == NULL)
        return false;
    *list = longer;
    return true;
}

/* The codings that crawler/parse decodes. They are named by hand because libcurl must not decode:
 * it does not notice a truncated gzip. */
static bool make_headers(struct fetch *f, const char *const *headers)
{
    bool fits = true;
    if (!has_header(headers, STR("accept-encoding")))
        fits = append(&f->headers, "Accept-Encoding: gzip, deflate, br, zstd");
    for (; fits && headers != NULL && *headers != NULL; headers++)
        fits = append(&f->headers, *headers);
    return fits;
}

/* What no request may do, whatever the environment says. */
static int forbid(CURL *easy)
{
    int failed = 0;
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_HTTP_CONTENT_DECODING, 0L);
    SET(CURLOPT_HTTP09_ALLOWED, 0L);
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_NOPROGRESS, 1L);
    SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    SET(CURLOPT_NOPROXY, ""); /* unset, it would be the environment's no_proxy */
    return failed;
}

static int set_callbacks(CURL *easy, struct fetch_pool *pool)
{
    int failed = 0;
    SET(CURLOPT_OPENSOCKETFUNCTION, fetch_on_open_socket);
    SET(CURLOPT_CLOSESOCKETFUNCTION, curl_loop_close_socket);
    SET(CURLOPT_CLOSESOCKETDATA, pool->glue);
    SET(CURLOPT_PREREQFUNCTION, fetch_on_connected);
    SET(CURLOPT_HEADERFUNCTION, fetch_on_head_line);
    SET(CURLOPT_WRITEFUNCTION, fetch_on_body);
    return failed;
}

/* Most pages come whole with one read. A handle that was canceled before it was connected still has
 * its buffer and keeps it, though the reset forgot its size: libcurl refuses then, and reads no
 * more into it than by default, which is less than it holds.
 * PIPEWAIT is off: libcurl 7.88 wakes one waiting transfer an event, whatever its host, so with
 * many hosts those behind a slow handshake would wait for nothing.
 * libcurl keeps the parsed certificate store between connections only when no certificate directory
 * (CAPATH) is set, and Debian's sets one: it would read some 140 certificates a handshake. */
enum cw_err fetch_set_constants(CURL *easy, struct fetch_pool *pool)
{
    int failed = forbid(easy);
    failed |= set_callbacks(easy, pool);
    (void)curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)RECEIVE_BYTES);
    SET(CURLOPT_PIPEWAIT, 0L);
    SET(CURLOPT_TCP_NODELAY, 1L);
    SET(CURLOPT_DNS_CACHE_TIMEOUT, -1L); /* pins.h says why */
    SET(CURLOPT_PATH_AS_IS, 1L);
    SET(CURLOPT_CAPATH, NULL);
    SET(CURLOPT_SSL_SESSIONID_CACHE, 0L); /* it belongs to the easy handle, which changes hosts */
    return failed == 0 ? CW_OK : CW_ENOMEM;
}

static int set_connection(CURL *easy, struct fetch *f, const struct fetch_request *request,
                          bool is_tls)
{
    int failed = 0;
    /* On plain http an h2 wish would only make libcurl look for something to multiplex on. */
    SET(CURLOPT_HTTP_VERSION, is_tls ? (long)CURL_HTTP_VERSION_2TLS : (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_MAXAGE_CONN, fetch_pool_is_tight(f->pool) ? 1L : (long)IDLE_SECONDS);
    SET(CURLOPT_FORBID_REUSE, 0L); /* until fetch_on_connected() knows better */
    SET(CURLOPT_RESOLVE, f->commands);
    SET(CURLOPT_SSL_VERIFYPEER, request->insecure ? 0L : 1L);
    SET(CURLOPT_SSL_VERIFYHOST, request->insecure ? 0L : 2L);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)MAX(request->limits.connect_ms, 1));
    SET(CURLOPT_TIMEOUT_MS, (long)MAX(request->limits.total_ms, 1));
    SET(CURLOPT_PROXY, request->proxy != NULL ? request->proxy : "");
    return failed;
}

/* Given the text alone, libcurl parses it and puts it together again, which takes longer than the
 * parsing. What it would refuse (hardly a canonical URL) it gets as text, for the error's sake. */
static int set_url(CURL *easy, struct fetch *f, struct str url)
{
    const unsigned flags = CURLU_PATH_AS_IS | CURLU_DISALLOW_USER;
    int failed = 0;
    char *text = str_dup(url);
    f->url = curl_url();
    if (text == NULL || f->url == NULL) {
        free(text);
        return 1;
    }
    bool is_good = curl_url_set(f->url, CURLUPART_URL, text, flags) == CURLUE_OK;
    SET(CURLOPT_CURLU, is_good ? f->url : NULL);
    SET(CURLOPT_URL, text);
    free(text); /* libcurl copies it */
    return failed;
}

static int set_request(CURL *easy, struct fetch *f, const struct fetch_request *request)
{
    int failed = set_url(easy, f, request->url);
    SET(CURLOPT_USERAGENT, request->user_agent);
    SET(CURLOPT_HTTPHEADER, f->headers);
    return failed;
}

/* Whom the callbacks are to tell. */
static int set_owner(CURL *easy, struct fetch *f)
{
    int failed = 0;
    SET(CURLOPT_ERRORBUFFER, f->curl_text);
    SET(CURLOPT_OPENSOCKETDATA, f);
    SET(CURLOPT_PREREQDATA, f);
    SET(CURLOPT_HEADERDATA, f);
    SET(CURLOPT_WRITEDATA, f);
    SET(CURLOPT_PRIVATE, f);
    return failed;
}

static int set_cookies(CURL *easy, struct fetch *f, const struct fetch_request *request)
{
    int failed = 0;
    CURLSH *share = NULL;
    if (request->cookie_file != NULL &&
        jars_find(&share, &f->pool->jars, request->jar, request->cookie_file) != CW_OK)
        return 1;
    SET(CURLOPT_SHARE, share);
    if (share != NULL)
        SET(CURLOPT_COOKIEFILE, ""); /* reads nothing, but switches the cookies on */
    return failed;
}

enum cw_err fetch_set_options(struct fetch *f, const struct fetch_request *request, bool is_tls)
{
    CURL *easy = f->easy;
    if (!make_headers(f, request->headers))
        return CW_ENOMEM;
    int failed = set_owner(easy, f);
    failed |= set_connection(easy, f, request, is_tls);
    failed |= set_request(easy, f, request);
    failed |= set_cookies(easy, f, request);
    return failed == 0 ? CW_OK : CW_ENOMEM;
}
