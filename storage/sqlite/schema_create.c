#include <zstd.h>

#include "storage/sqlite/schema.h"

/* As one transaction. The backup takes the file's locks and keeps its journal as any other writer
 * would. */
static void copy_database(struct db *to, sqlite3 *from)
{
    sqlite3_backup *copy = sqlite3_backup_init(to->handle, "main", from, "main");
    if (copy != NULL)
        (void)sqlite3_backup_step(copy, -1);
    if (copy == NULL || sqlite3_backup_finish(copy) != SQLITE_OK)
        db_fail_sqlite(to);
}

/* `image` is borrowed by the connection that is closed here, too. */
static void write_image(struct db *db, unsigned char *image)
{
    const sqlite3_int64 size = (sqlite3_int64)schema_image_bytes;
    struct db memory;
    db_open(&memory, ":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, 0);
    if (memory.err == CW_OK && sqlite3_deserialize(memory.handle, "main", image, size, size,
                                                   SQLITE_DESERIALIZE_READONLY) != SQLITE_OK)
        db_fail_sqlite(&memory);
    if (memory.err == CW_OK)
        copy_database(db, memory.handle);
    else
        db_fail(db, memory.err, "%s: %s", db->path, memory.msg.text);
    db_close(&memory);
}

void schema_create(struct db *db)
{
    if (db->err != CW_OK)
        return;
    unsigned char *image = malloc(schema_image_bytes);
    if (image == NULL) {
        db_fail(db, CW_ENOMEM, "%s", cw_err_text(CW_ENOMEM));
        return;
    }
    size_t size = ZSTD_decompress(image, schema_image_bytes, schema_packed, schema_packed_bytes);
    if (ZSTD_isError(size)) /* of our own bytes: memory is out */
        db_fail(db, CW_ENOMEM, "%s", ZSTD_getErrorName(size));
    else
        write_image(db, image);
    free(image);
}
