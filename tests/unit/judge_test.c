#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crawler/engine/judge.h"

enum { NOW = 1000000 };

static const struct judged {
    const char *name;
    enum cw_err err;
    int32_t status, attempt, retries;
    int64_t retry_after_ms;
    enum url_state state;
    int64_t pause_ms; /* of QUEUED */
    bool has_page, has_attempt;
} cases[] = {
    {"an answer is kept", CW_OK, 200, 1, 2, -1, URL_DONE, 0, true, true},
    {"a redirect is an answer", CW_OK, 301, 1, 2, -1, URL_DONE, 0, true, true},
    {"what is gone stays so", CW_OK, 404, 1, 2, -1, URL_DONE, 0, true, true},
    {"501 will not pass", CW_OK, 501, 1, 2, -1, URL_DONE, 0, true, true},
    {"408 may pass", CW_OK, 408, 1, 2, -1, URL_QUEUED, 1000, false, true},
    {"429 may pass", CW_OK, 429, 1, 2, -1, URL_QUEUED, 1000, false, true},
    {"500 may pass", CW_OK, 500, 1, 2, -1, URL_QUEUED, 1000, false, true},
    {"502 may pass", CW_OK, 502, 1, 2, -1, URL_QUEUED, 1000, false, true},
    {"503 may pass", CW_OK, 503, 1, 2, -1, URL_QUEUED, 1000, false, true},
    {"504 may pass", CW_OK, 504, 1, 2, -1, URL_QUEUED, 1000, false, true},
    {"the pause doubles", CW_OK, 503, 2, 9, -1, URL_QUEUED, 2000, false, true},
    {"and doubles again", CW_OK, 503, 3, 9, -1, URL_QUEUED, 4000, false, true},
    {"up to five minutes", CW_OK, 503, 50, 99, -1, URL_QUEUED, 300000, false, true},
    {"the server knows better", CW_OK, 503, 1, 2, 7000, URL_QUEUED, 7000, false, true},
    {"but not that it wants more", CW_OK, 503, 3, 9, 1, URL_QUEUED, 4000, false, true},
    {"Retry-After beyond five minutes counts", CW_OK, 429, 1, 2, 3600000, URL_QUEUED, 3600000,
     false, true},
    {"the last try's answer is kept", CW_OK, 503, 3, 2, -1, URL_DONE, 0, true, true},
    {"no retries at all", CW_OK, 503, 1, 0, -1, URL_DONE, 0, true, true},
    {"a lost connection may pass", CW_ERESET, 0, 1, 2, -1, URL_QUEUED, 1000, false, true},
    {"until the tries are used up", CW_ERESET, 0, 3, 2, -1, URL_FAILED, 0, false, true},
    {"a name that does not exist will not", CW_EDNS, 0, 1, 2, -1, URL_FAILED, 0, false, true},
    {"nor what was refused by us", CW_EBLOCKED, 0, 1, 2, -1, URL_FAILED, 0, false, true},
    {"a broken body of a 200 may pass", CW_ETRUNCATED, 200, 1, 2, -1, URL_QUEUED, 1000, false,
     true},
    {"a bomb will not", CW_EBOMB, 200, 1, 2, -1, URL_FAILED, 0, false, true},
    {"an error counts before the status", CW_ETLS, 503, 1, 2, -1, URL_FAILED, 0, false, true},
    {"what we cancelled never happened", CW_ECANCELED, 0, 3, 0, -1, URL_QUEUED, 0, false, false},
    {"even behind an answer", CW_ECANCELED, 200, 1, 2, -1, URL_QUEUED, 0, false, false},
    {"nor does our own trouble count, however often", CW_EFILES, 0, 9, 0, -1, URL_QUEUED, 1000,
     false, false},
};

static void an_answer__decides_on_its_url(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct judged *c = &cases[i];
        const struct judge_rules rules = {.retries = c->retries,
                                          .now_unix_ms = NOW,
                                          .retry_after_ms = c->retry_after_ms,
                                          .excused = c->err == CW_EFILES};
        struct outcome o = {.err = c->err,
                            .has_attempt = true,
                            .has_page = c->err == CW_OK,
                            .attempt = {.attempt = c->attempt, .status = c->status}};
        judge_outcome(&o, &rules);
        if (o.state != c->state || o.has_page != c->has_page || o.has_attempt != c->has_attempt ||
            (o.state == URL_QUEUED && o.due_unix_ms != NOW + c->pause_ms))
            fail_msg("%s: state %d, page %d, attempt %d, pause %lld", c->name, (int)o.state,
                     o.has_page, o.has_attempt, (long long)(o.due_unix_ms - NOW));
    }
}

/* Every class of error that retry class LATER has is tried again, no other is. */
static void each_error__follows_its_retry_class(void **state)
{
    (void)state;
    const struct judge_rules rules = {.retries = 1, .now_unix_ms = NOW, .retry_after_ms = -1};
    for (int e = CW_OK + 1; e < CW_ERR_COUNT; e++) {
        struct outcome o = {.err = (enum cw_err)e, .attempt = {.attempt = 1}};
        if (e == CW_ECANCELED)
            continue;
        judge_outcome(&o, &rules);
        assert_int_equal(o.state, cw_err_retry(o.err) == CW_RETRY_LATER ? URL_QUEUED : URL_FAILED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer__decides_on_its_url),
        cmocka_unit_test(each_error__follows_its_retry_class),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
