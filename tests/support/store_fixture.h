/* store_fixture: a store in a folder of its own, outcomes made by hand, and questions asked in SQL
 * through store_query(), so that what is checked is what a reader sees. */
#ifndef TESTS_SUPPORT_STORE_FIXTURE_H
#define TESTS_SUPPORT_STORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "storage/store.h"

#define FX_NOW INT64_C(1700000000123) /* 2023-11-14T22:13:20.123Z */

enum { FX_FOLDER_SIZE = 64 };

struct fixture {
    char folder[FX_FOLDER_SIZE], path[80];
    struct store *store;
    struct store_reply reply; /* of the last fx_commit() */
    struct store_batch batch; /* is sent and emptied by fx_commit() */
    struct outcome *outcomes[64];
    struct store_seed seeds[64];
    struct str wanted[8];
    int64_t now_unix_ms;
    bool revisits;   /* for the next fx_open() */
    struct buf text; /* of the last fx_text() */
};

int fx_setup(void **state);    /* a folder and an open store */
int fx_teardown(void **state); /* closes it and removes the folder */
void fx_open(struct fixture *f);
void fx_close(struct fixture *f, const char *end_reason);
bool fx_make_folder(char ret_path[FX_FOLDER_SIZE]) MUST_CHECK; /* an empty one of its own */
void fx_remove_folder(const char *folder);

/* Adds to the batch. URLs are borrowed. */
void fx_seed(struct fixture *f, const char *url);
void fx_want(struct fixture *f, const char *host);
struct outcome *fx_outcome(struct fixture *f, const struct store_lease *lease,
                           enum url_state url_state);
struct outcome *fx_page(struct fixture *f, const struct store_lease *lease, int status);
struct page_link *fx_link(struct outcome *o, const char *url);
struct page_link *fx_redirect(struct outcome *o, const char *url);
void fx_body(struct outcome *o, const char *text);
/* The same, kept beside a dictionary. */
void fx_body_beside(struct outcome *o, const char *text, struct zdict *dict);
struct zdict *fx_dict(const char *content); /* to be dropped */

enum cw_err fx_try_commit(struct fixture *f, size_t new_hosts, struct errmsg *msg);
/* Commits, fails the test on an error, and checks that the counters agree with the rows. */
void fx_commit(struct fixture *f, size_t new_hosts);
/* fx_commit() after fx_seed(url), and the one lease that comes of it. */
struct store_lease fx_lease(struct fixture *f, const char *url);

/* All rows, columns parted by '|', rows by ' '. Valid until the next call. */
const char *fx_text(struct fixture *f, const char *sql);
int64_t fx_int(struct fixture *f, const char *sql);
#define fx_expect(f, sql, expected) assert_string_equal(fx_text((f), (sql)), (expected))
void fx_check_counters(struct fixture *f);

void fx_run_sql(const char *path, const char *sql); /* by a connection of its own */
struct str fx_host_of(const char *url);

#endif
