#include "crawler/frontier/pace.h"

enum {
    REST_BASE_MS = 1000,   /* the first rest; each further one is twice as long */
    FAILURES_FORGIVEN = 2, /* lost connections that do not yet make a host rest */
    JITTER_PART = 4,       /* a rest grows by up to one in four */
};

void pace_init(struct pace *pace, const struct hosts_limits *limits,
               const struct host_policy *policy)
{
    *pace = (struct pace){
        .limits = limits,
        .last_start_ms = INT64_MIN,
        .last_end_ms = INT64_MIN,
        .not_before_ms = INT64_MIN,
        .backoff_until_ms = INT64_MIN,
    };
    throttle_init(&pace->throttle);
    pace_set_policy(pace, policy);
}

void pace_set_policy(struct pace *pace, const struct host_policy *policy)
{
    pace->per_host = MAX(policy->per_host, 1U);
    pace->is_auto = policy->delay_ms == HOST_DELAY_AUTO;
    pace->fixed_ms = MAX(policy->delay_ms, 0);
}

void pace_join_policy(struct pace *pace, const struct host_policy *policy)
{
    pace->per_host = MIN(pace->per_host, MAX(policy->per_host, 1U));
    pace->is_auto |= policy->delay_ms == HOST_DELAY_AUTO;
    pace->fixed_ms = MAX(pace->fixed_ms, policy->delay_ms);
}

void pace_restore(struct pace *pace, int64_t delay_ms, int64_t next_ms)
{
    throttle_restore(&pace->throttle, delay_ms);
    pace->not_before_ms = MAX(pace->not_before_ms, next_ms);
}

int64_t pace_delay_ms(const struct pace *pace)
{
    int64_t asked_ms =
        pace->is_auto ? throttle_delay_us(&pace->throttle, pace->per_host) / 1000 : 0;
    asked_ms = MIN(MAX(asked_ms, pace->crawl_delay_ms), pace->limits->max_crawl_delay_ms);
    return MAX(asked_ms, pace->fixed_ms);
}

unsigned pace_slots(const struct pace *pace)
{
    return pace->is_auto ? throttle_slots(&pace->throttle, pace->per_host) : pace->per_host;
}

int64_t pace_interval_ms(const struct pace *pace)
{
    int64_t delay_ms = pace_delay_ms(pace);
    if (!pace->throttle.is_measured)
        return delay_ms;
    int64_t answer_ms = pace->throttle.mean_us / 1000;
    if (answer_ms <= delay_ms)
        return delay_ms + answer_ms;
    return MAX(delay_ms, (delay_ms + answer_ms) / pace_slots(pace));
}

int64_t pace_start_ms(const struct pace *pace)
{
    int64_t latest_ms = MAX(pace->last_start_ms, pace->last_end_ms);
    if (latest_ms != INT64_MIN)
        latest_ms += pace_delay_ms(pace);
    return MAX(latest_ms, MAX(pace->not_before_ms, pace->backoff_until_ms));
}

void pace_on_start(struct pace *pace, int64_t now_ms)
{
    pace->last_start_ms = now_ms;
}

/* What a request's end says about the host's health. */
enum sign { SIGN_NONE, SIGN_ANSWERED, SIGN_REFUSED, SIGN_UNREACHED };

static enum sign read_sign(const struct turn_result *result)
{
    if (result->status == 429 || result->status == 503)
        return SIGN_REFUSED;
    switch (result->err) {
    case CW_EDNS:
    case CW_EDNSTEMP:
    case CW_ERESOLVER:
    case CW_ECONNECT:
    case CW_ECONNTIMEO:
    case CW_EFIRSTBYTE:
    case CW_ETIMEOUT:
    case CW_EEMPTY:
    case CW_ERESET: return SIGN_UNREACHED;
    default: return result->status != 0 ? SIGN_ANSWERED : SIGN_NONE;
    }
}

/* The rest after `count` blows in a row. The jitter is a hash, so that tests and audits can repeat
 * it; it differs between hosts, so those that fell together do not come back together. */
static int64_t choose_rest_ms(struct str name, unsigned count, int64_t max_ms)
{
    int64_t rest_ms = (int64_t)REST_BASE_MS << MIN(count - 1, 30U);
    uint64_t hash = (str_hash(name) + count) * 0x9E3779B97F4A7C15ULL;
    rest_ms += (int64_t)((hash >> 32) % (uint64_t)(rest_ms / JITTER_PART + 1));
    return MIN(rest_ms, max_ms);
}

/* Requests that end while the host already rests belong to the blow that made it rest: they do not
 * count again, nor does a late answer among them prove it healthy. They may only prolong the rest.
 */
static void back_off(struct pace *pace, struct str name, const struct turn_result *result,
                     int64_t now_ms)
{
    int64_t max_ms = pace->limits->max_backoff_ms;
    bool is_resting = now_ms < pace->backoff_until_ms;
    int64_t rest_ms = 0;
    switch (read_sign(result)) {
    case SIGN_NONE: return;
    case SIGN_ANSWERED:
        if (!is_resting) {
            pace->refusals = pace->failures = 0;
            pace->backoff_until_ms = INT64_MIN;
        }
        return;
    case SIGN_REFUSED:
        pace->refusals += !is_resting;
        rest_ms = choose_rest_ms(name, MAX(pace->refusals, 1U), max_ms);
        if (result->retry_after_ms >= 0) /* a 0 from a host that refuses is not taken literally */
            rest_ms = MIN(MAX(result->retry_after_ms, REST_BASE_MS), max_ms);
        break;
    case SIGN_UNREACHED:
        pace->failures += !is_resting;
        if (pace->failures <= FAILURES_FORGIVEN)
            return;
        rest_ms = choose_rest_ms(name, pace->failures - FAILURES_FORGIVEN, max_ms);
        break;
    }
    pace->rest_err = result->err;
    pace->rest_status = result->err == CW_OK ? result->status : 0;
    pace->backoff_until_ms = MAX(pace->backoff_until_ms, now_ms + rest_ms);
    throttle_on_refusal(&pace->throttle, pace->per_host, rest_ms, !is_resting, now_ms);
}

void pace_on_end(struct pace *pace, struct str name, const struct turn_result *result,
                 int64_t now_ms)
{
    if (result->sent) {
        pace->last_end_ms = now_ms;
        bool is_good = result->err == CW_OK && result->status < 400;
        throttle_on_answer(&pace->throttle, pace->per_host, MAX(result->elapsed_ms, 0) * 1000,
                           is_good, now_ms);
    }
    back_off(pace, name, result, now_ms);
}

void pace_rest(struct pace *pace, int64_t now_ms)
{
    pace->backoff_until_ms = MAX(pace->backoff_until_ms, now_ms + REST_BASE_MS);
}
