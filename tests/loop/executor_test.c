#include "crawler/engine/executor.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crawler/base/util.h"
#include "tests/support/looptest.h"

enum { PARSE = 3, STORE = 2, JOBS = 200 };

/* What workers and the test share is under a lock of its own. */
struct meeting {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned running[LANE_COUNT], most[LANE_COUNT];
    bool seat_taken[LANE_COUNT][64];
    bool gate_is_shut, seats_clash;
    pthread_t loop_thread;
};

struct task {
    struct job job;
    struct meeting *meeting;
    enum lane lane;
    unsigned number;
    unsigned *next_done; /* the order in which they must end; NULL: any */
    unsigned *done_count;
    bool *all_done;
    unsigned all;
    bool worked_off_the_loop;
};

static void work(struct job *job)
{
    struct task *t = CONTAINER_OF(job, struct task, job);
    struct meeting *m = t->meeting;
    (void)pthread_mutex_lock(&m->lock);
    t->worked_off_the_loop = !pthread_equal(pthread_self(), m->loop_thread);
    m->seats_clash |= m->seat_taken[t->lane][job->seat];
    m->seat_taken[t->lane][job->seat] = true;
    m->running[t->lane]++;
    m->most[t->lane] = MAX(m->most[t->lane], m->running[t->lane]);
    while (t->lane == LANE_STORE && m->gate_is_shut)
        (void)pthread_cond_wait(&m->changed, &m->lock);
    m->running[t->lane]--;
    m->seat_taken[t->lane][job->seat] = false;
    (void)pthread_mutex_unlock(&m->lock);
}

static void done(struct job *job)
{
    struct task *t = CONTAINER_OF(job, struct task, job);
    assert_true(pthread_equal(pthread_self(), t->meeting->loop_thread));
    assert_true(t->worked_off_the_loop);
    if (t->next_done != NULL)
        assert_int_equal(t->number, (*t->next_done)++);
    if (++*t->done_count == t->all)
        *t->all_done = true;
}

struct fixture {
    struct looptest loop;
    struct executor *executor;
    struct meeting meeting;
};

static void begin(struct fixture *f, unsigned parse, unsigned store)
{
    looptest_begin(&f->loop);
    f->meeting = (struct meeting){.lock = PTHREAD_MUTEX_INITIALIZER,
                                  .changed = PTHREAD_COND_INITIALIZER,
                                  .loop_thread = pthread_self()};
    assert_int_equal(executor_new(&f->executor, &f->loop.loop, parse, store), CW_OK);
}

static void end(struct fixture *f)
{
    assert_int_equal(executor_waiting(f->executor, LANE_PARSE), 0);
    assert_int_equal(executor_waiting(f->executor, LANE_STORE), 0);
    executor_free(f->executor);
    looptest_end(&f->loop);
}

static void shut_gate(struct meeting *m, bool shut)
{
    assert_int_equal(pthread_mutex_lock(&m->lock), 0);
    m->gate_is_shut = shut;
    (void)pthread_cond_broadcast(&m->changed);
    (void)pthread_mutex_unlock(&m->lock);
}

static void run_tasks(struct fixture *f, struct task *tasks, unsigned count, struct task like)
{
    for (unsigned i = 0; i < count; i++) {
        tasks[i] = like;
        tasks[i].meeting = &f->meeting;
        tasks[i].number = i;
        tasks[i].all = count;
        unsigned before = *like.done_count;
        executor_run(f->executor, like.lane, &tasks[i].job, work, done);
        assert_int_equal(*like.done_count, before); /* never before it returns */
    }
}

static void a_lane__runs_as_many_as_it_has_seats_and_each_once(void **state)
{
    (void)state;
    struct fixture f;
    static struct task tasks[JOBS];
    unsigned count = 0;
    bool all_done = false;
    begin(&f, PARSE, STORE);
    run_tasks(&f, tasks, JOBS,
              (struct task){.lane = LANE_PARSE, .done_count = &count, .all_done = &all_done});
    assert_int_equal(executor_waiting(f.executor, LANE_PARSE), JOBS - PARSE);
    looptest_run_until(&f.loop, &all_done);
    assert_int_equal(count, JOBS);
    assert_in_range(f.meeting.most[LANE_PARSE], 1, PARSE);
    assert_false(f.meeting.seats_clash);
    end(&f);
}

static void with_one_seat__jobs_run_in_order_of_arrival(void **state)
{
    (void)state;
    struct fixture f;
    static struct task tasks[JOBS];
    unsigned count = 0, next = 0;
    bool all_done = false;
    begin(&f, 1, 1);
    run_tasks(
        &f, tasks, JOBS,
        (struct task){
            .lane = LANE_PARSE, .done_count = &count, .all_done = &all_done, .next_done = &next});
    looptest_run_until(&f.loop, &all_done);
    assert_int_equal(next, JOBS);
    end(&f);
}

static void a_blocked_store_lane__does_not_stop_parsing(void **state)
{
    (void)state;
    struct fixture f;
    static struct task stores[3 * STORE], parses[JOBS];
    unsigned stored = 0, parsed = 0;
    bool all_stored = false, all_parsed = false;
    begin(&f, PARSE, STORE);
    shut_gate(&f.meeting, true);
    run_tasks(&f, stores, ARRAY_LEN(stores),
              (struct task){.lane = LANE_STORE, .done_count = &stored, .all_done = &all_stored});
    run_tasks(&f, parses, JOBS,
              (struct task){.lane = LANE_PARSE, .done_count = &parsed, .all_done = &all_parsed});
    looptest_run_until(&f.loop, &all_parsed);
    assert_int_equal(stored, 0);
    assert_int_equal(executor_waiting(f.executor, LANE_STORE), ARRAY_LEN(stores) - STORE);
    shut_gate(&f.meeting, false);
    looptest_run_until(&f.loop, &all_stored);
    assert_false(f.meeting.seats_clash);
    end(&f);
}

struct chain {
    struct job job;
    struct executor *executor;
    unsigned left;
    bool is_over;
};

static void idle_work(struct job *job)
{
    (void)job;
}

static void run_again(struct job *job)
{
    struct chain *c = CONTAINER_OF(job, struct chain, job);
    if (c->left-- > 0)
        executor_run(c->executor, LANE_STORE, &c->job, idle_work, run_again);
    else
        c->is_over = true;
}

/* A crawl uses one job for opening and for closing. */
static void a_job__may_be_run_again_from_its_own_end(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, 1, 1);
    struct chain c = {.executor = f.executor, .left = 20};
    executor_run(f.executor, LANE_STORE, &c.job, idle_work, run_again);
    looptest_run_until(&f.loop, &c.is_over);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lane__runs_as_many_as_it_has_seats_and_each_once),
        cmocka_unit_test(with_one_seat__jobs_run_in_order_of_arrival),
        cmocka_unit_test(a_blocked_store_lane__does_not_stop_parsing),
        cmocka_unit_test(a_job__may_be_run_again_from_its_own_end),
    };
    executor_prepare_pool(PARSE, STORE);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
