#include "tests/bench/parts.h"

#include <stdio.h>
#include <stdlib.h>

#include "crawler/base/util.h"

enum { PAGE_MAX_BYTES = 16 << 20 };

void must(bool ok, const char *what)
{
    if (ok)
        return;
    (void)fprintf(stderr, "parts_bench: %s\n", what);
    exit(1);
}

static void read_file(struct buf *text, const char *path)
{
    char chunk[1 << 16];
    size_t count;
    FILE *file = fopen(path, "r");
    must(file != NULL, path);
    while ((count = fread(chunk, 1, sizeof chunk, file)) > 0)
        must(buf_add_bytes(text, chunk, count) == CW_OK, "the list of URLs is too long");
    (void)fclose(file);
}

void pages_load(struct pages *p, const char *path)
{
    *p = (struct pages){.urls_text = BUF_INIT((size_t)1 << 30)};
    read_file(&p->urls_text, path);
    for (size_t i = 0; i < p->urls_text.len; i++)
        p->count += p->urls_text.ptr[i] == '\n';
    must(p->count > 0, "no URLs");
    p->urls = calloc(p->count, sizeof *p->urls);
    p->bodies = calloc(p->count, sizeof *p->bodies);
    must(p->urls != NULL && p->bodies != NULL, "out of memory");
    struct str rest = buf_str(&p->urls_text);
    for (size_t i = 0; i < p->count; i++) {
        struct str line = str_cut(&rest, '\n');
        p->urls[i] = (char *)line.ptr;
        p->urls[i][line.len] = '\0';
        p->bodies[i] = (struct body){.bytes = BUF_INIT(PAGE_MAX_BYTES),
                                     .packed = BUF_INIT(PAGE_MAX_BYTES),
                                     .arena = ARENA_INIT(PAGE_MAX_BYTES)};
    }
}

void pages_release(struct pages *p)
{
    for (size_t i = 0; i < p->count; i++) {
        buf_release(&p->bodies[i].bytes);
        buf_release(&p->bodies[i].packed);
        arena_release(&p->bodies[i].arena);
    }
    free(p->bodies);
    free(p->urls);
    buf_release(&p->urls_text);
}
