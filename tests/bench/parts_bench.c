/* What the bare parts of a crawler cost, CPU microseconds a page: fetching by libcurl's
 * multi-socket interface on libuv, parsing, compressing, storing a page with its links. Nothing is
 * judged, logged or scheduled: no crawler made of these parts can cost less than their sum.
 *
 * usage: parts_bench PAGES_FILE ASIDES_FILE CONNECTIONS DATABASE   prints lines "part microseconds"
 *        parts_bench PAGES_FILE CONNECTIONS                        only fetches them
 * Files hold a URL a line. Asides are no pages (robots.txt, redirects, what is not there), but a
 * crawl must ask for them: what they cost is counted to the pages. */
#include <curl/curl.h>
#include <stdio.h>
#include <time.h>

#include "crawler/base/util.h"
#include "tests/bench/parts.h"

enum { CONNECTIONS_MAX = 20000 };

static double cpu_seconds(void)
{
    struct timespec now;
    must(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) == 0, "clock");
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Prints what has been used since *start, and starts anew. */
static void print_lap(const char *part, size_t count, double *start)
{
    double used = cpu_seconds() - *start;
    printf("%s %.2f\n", part, used * 1e6 / (double)count);
    (void)fflush(stdout);
    *start = cpu_seconds();
}

static size_t read_connections(const char *text)
{
    uint64_t connections = 0;
    must(str_to_u64(str_of(text), CONNECTIONS_MAX, &connections) && connections > 0, "CONNECTIONS");
    return (size_t)connections;
}

static void fetch_once_more(struct pages *pages, struct pages *asides, size_t connections)
{
    for (size_t i = 0; i < pages->count; i++)
        buf_clear(&pages->bodies[i].bytes);
    parts_fetch(pages, true, connections, CONNECT_ANEW);
    parts_fetch(asides, false, connections, CONNECT_ANEW);
}

static void run_all(const char *pages_file, const char *asides_file, size_t connections,
                    const char *database)
{
    struct pages pages, asides;
    pages_load(&pages, pages_file);
    pages_load(&asides, asides_file);
    double start = cpu_seconds();
    parts_fetch(&pages, true, connections, KEEP_ALIVE);
    parts_fetch(&asides, false, connections, KEEP_ALIVE);
    print_lap("fetch", pages.count, &start);
    fetch_once_more(&pages, &asides, connections);
    print_lap("connect", pages.count, &start);
    parts_read(&pages);
    print_lap("libxml2", pages.kept, &start);
    parts_parse(&pages);
    print_lap("parse", pages.kept, &start);
    parts_compress(&pages);
    print_lap("compress", pages.kept, &start);
    parts_store(&pages, database);
    print_lap("store", pages.kept, &start);
    pages_release(&pages);
    pages_release(&asides);
}

static void fetch_only(const char *pages_file, size_t connections)
{
    struct pages pages;
    pages_load(&pages, pages_file);
    parts_fetch(&pages, true, connections, KEEP_ALIVE);
    pages_release(&pages);
}

int main(int argc, char **argv)
{
    must(argc == 3 || argc == 5, "usage: parts_bench PAGES_FILE ASIDES_FILE CONNECTIONS DATABASE\n"
                                 "       parts_bench PAGES_FILE CONNECTIONS");
    must(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK, "libcurl");
    if (argc == 5)
        run_all(argv[1], argv[2], read_connections(argv[3]), argv[4]);
    else
        fetch_only(argv[1], read_connections(argv[2]));
    curl_global_cleanup();
    return 0;
}
