/* make_schema: runs while crawld is being built, and prints C source: the empty database that the
 * migrations make, from the first to the last, compressed. schema_create() lays it down.
 *
 * Going through the migrations takes 47 million instructions, half of what a crawl of one page
 * took, most of it ALTER TABLE reading the whole schema again. Here nobody waits for that, and what
 * a new file holds is still written down once. */
#include <stdio.h>
#include <stdlib.h>
#include <zstd.h>

#include "storage/sqlite/schema.h"

enum { LEVEL = 19, BYTES_A_LINE = 20 };

static void print_bytes(const unsigned char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        printf("%d,%c", bytes[i], (i + 1) % BYTES_A_LINE == 0 ? '\n' : ' ');
}

static bool print_image(struct db *db)
{
    sqlite3_int64 size = 0;
    unsigned char *image = sqlite3_serialize(db->handle, "main", &size, 0);
    size_t bound = ZSTD_compressBound((size_t)size);
    unsigned char *packed = malloc(bound);
    size_t count = 0;
    bool is_made = image != NULL && packed != NULL;
    if (is_made) {
        count = ZSTD_compress(packed, bound, image, (size_t)size, LEVEL);
        is_made = !ZSTD_isError(count);
    }
    if (is_made) {
        printf("#include \"storage/sqlite/schema.h\"\n\n"
               "const size_t schema_image_bytes = %zu, schema_packed_bytes = %zu;\n"
               "const unsigned char schema_packed[] = {\n",
               (size_t)size, count);
        print_bytes(packed, count);
        printf("};\n");
    }
    free(packed);
    sqlite3_free(image);
    return is_made && fflush(stdout) == 0;
}

int main(void)
{
    struct db db;
    struct errmsg why;
    db_open(&db, ":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, 0);
    db_exec(&db, "PRAGMA page_size = 4096");
    schema_migrate(&db);
    db_exec(&db, "VACUUM"); /* what the migrations have put aside */
    enum cw_err err = db_error(&db, &why);
    if (err != CW_OK)
        (void)fprintf(stderr, "make_schema: %s\n", why.text);
    bool is_made = err == CW_OK && print_image(&db);
    db_close(&db);
    return is_made ? EXIT_SUCCESS : EXIT_FAILURE;
}
