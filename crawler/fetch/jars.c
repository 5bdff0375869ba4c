#include "crawler/fetch/jars.h"

#include <assert.h>
#include <stdlib.h>

#include "crawler/base/str.h"

struct jar {
    struct jar *next;
    CURLSH *share; /* without locks: one thread uses it */
    uint64_t number;
    char *cookie_file;
};

static void jar_free(struct jar *jar)
{
    CURLSHcode code = curl_share_cleanup(jar->share);
    assert(code == CURLSHE_OK);
    (void)code;
    free(jar->cookie_file);
    free(jar);
}

void jars_free(struct jar *jars)
{
    while (jars != NULL) {
        struct jar *jar = jars;
        jars = jar->next;
        jar_free(jar);
    }
}

/* Reads the file at once (RELOAD), so that no transfer has to. */
static bool load(struct jar *jar)
{
    CURL *easy = curl_easy_init();
    if (easy == NULL)
        return false;
    int failed = (int)curl_share_setopt(jar->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_COOKIE);
    failed |= (int)curl_easy_setopt(easy, CURLOPT_SHARE, jar->share);
    failed |= (int)curl_easy_setopt(easy, CURLOPT_COOKIEFILE, jar->cookie_file);
    failed |= (int)curl_easy_setopt(easy, CURLOPT_COOKIELIST, "RELOAD");
    curl_easy_cleanup(easy);
    return failed == 0;
}

static struct jar *jar_new(uint64_t number, const char *cookie_file)
{
    struct jar *jar = malloc(sizeof *jar);
    if (jar == NULL)
        return NULL;
    *jar = (struct jar){
        .share = curl_share_init(), .number = number, .cookie_file = str_dup(str_of(cookie_file))};
    if (jar->share == NULL || jar->cookie_file == NULL || !load(jar)) {
        jar_free(jar);
        return NULL;
    }
    return jar;
}

enum cw_err jars_find(CURLSH **ret, struct jar **jars, uint64_t number, const char *cookie_file)
{
    struct jar *jar = *jars;
    while (jar != NULL && (jar->number != number || strcmp(jar->cookie_file, cookie_file) != 0))
        jar = jar->next;
    if (jar == NULL) {
        jar = jar_new(number, cookie_file);
        if (jar == NULL)
            return CW_ENOMEM;
        jar->next = *jars;
        *jars = jar;
    }
    *ret = jar->share;
    return CW_OK;
}

/* ---- too many of them ---- */

/* A line of libcurl's list: domain, subdomains too?, path, secure?, expires, name, value. */
enum { COOKIE_FIELDS = 7, COOKIE_MAX_BYTES = 8192 };

struct cookie {
    struct str fields[COOKIE_FIELDS];
};

static bool read_cookie(struct cookie *ret, const char *line)
{
    struct str rest = str_of(line);
    size_t count = 0;
    for (; count < COOKIE_FIELDS - 1 && !str_is_absent(rest); count++)
        ret->fields[count] = str_cut(&rest, '\t');
    ret->fields[COOKIE_FIELDS - 1] = rest;
    return count == COOKIE_FIELDS - 1 && !str_is_absent(rest);
}

/* Of the request; its URL is canonical. */
static struct str hostname_of(CURL *easy)
{
    const char *text = NULL;
    if (curl_easy_getinfo(easy, CURLINFO_EFFECTIVE_URL, &text) != CURLE_OK || text == NULL)
        return STR("");
    struct str rest = str_skip(str_of(text), str_find(str_of(text), STR("//")));
    rest = str_skip(rest, strlen("//"));
    struct str authority = str_cut(&rest, '/');
    size_t end = authority.len;
    while (end > 0 && ascii_is_digit(authority.ptr[end - 1]))
        end--;
    bool has_port = end > 0 && authority.ptr[end - 1] == ':';
    return has_port ? str_first(authority, end - 1) : authority;
}

static bool is_sent_to(const struct cookie *c, struct str hostname)
{
    struct str domain = c->fields[0];
    if (str_starts(domain, STR("#HttpOnly_")))
        domain = str_skip(domain, strlen("#HttpOnly_"));
    if (str_starts(domain, STR(".")))
        domain = str_skip(domain, 1);
    if (str_eq_nocase(domain, hostname))
        return true;
    return str_eq(c->fields[1], STR("TRUE")) && hostname.len > domain.len &&
           hostname.ptr[hostname.len - domain.len - 1] == '.' &&
           str_eq_nocase(str_skip(hostname, hostname.len - domain.len), domain);
}

static size_t count_bytes(const struct curl_slist *list, struct str hostname)
{
    size_t bytes = 0;
    for (; list != NULL; list = list->next) {
        struct cookie c;
        if (read_cookie(&c, list->data) && is_sent_to(&c, hostname))
            bytes += c.fields[5].len + c.fields[6].len + strlen("=; ");
    }
    return bytes;
}

/* As if the host had set it again, with a date that is past. */
static void drop_cookie(CURL *easy, const struct cookie *c)
{
    char line[COOKIE_MAX_BYTES];
    int len = snprintf(line, sizeof line,
                       STR_FMT "\t" STR_FMT "\t" STR_FMT "\t" STR_FMT "\t1\t" STR_FMT "\t" STR_FMT,
                       STR_ARG(c->fields[0]), STR_ARG(c->fields[1]), STR_ARG(c->fields[2]),
                       STR_ARG(c->fields[3]), STR_ARG(c->fields[5]), STR_ARG(c->fields[6]));
    if (len > 0 && (size_t)len < sizeof line)
        (void)curl_easy_setopt(easy, CURLOPT_COOKIELIST, line);
}

void jars_after_answer(CURL *easy, int status)
{
    struct curl_slist *list = NULL;
    if ((status != 431 && status != 400) ||
        curl_easy_getinfo(easy, CURLINFO_COOKIELIST, &list) != CURLE_OK)
        return;
    struct str hostname = hostname_of(easy);
    bool is_much = status == 431 || count_bytes(list, hostname) > COOKIES_MUCH_BYTES;
    for (const struct curl_slist *item = list; is_much && item != NULL; item = item->next) {
        struct cookie c;
        if (read_cookie(&c, item->data) && is_sent_to(&c, hostname))
            drop_cookie(easy, &c);
    }
    curl_slist_free_all(list);
}
