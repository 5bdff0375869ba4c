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
