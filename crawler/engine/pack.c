#include "crawler/engine/pack.h"

#define ZSTD_STATIC_LINKING_ONLY /* for ZSTD_c_literalCompressionMode */
#include <zstd.h>

/* Level 1: 70 us for a 21 KB page where level 3 takes 92, for 4 % more bytes. */
enum { LEVEL = 1, OF_LEVEL = 0 };

/* Small pages are searched for matches at two places in three, and the larger of them with a table
 * of 2,048 places: that misses some of five or six bytes, which save next to nothing. Against the
 * level's own ways, pages of Debian's documentation take
 *   to 16 KB:  6 % less time for 2 % more bytes (with the small table it would be none)
 *   to 32 KB:  9 % less time for 5 % more bytes
 * and prose, whose matches nobody can foresee, 19 % and 37 % less time for 0 and 4 % more bytes.
 * From 64 KB on a small table would cost 10 %. */
static const struct tuning {
    size_t body_max;
    int hash_log, target_length; /* of 2: two places in three */
} tunings[] = {
    {16 * 1024, OF_LEVEL, 2},
    {32 * 1024, 11, 2},
    {SIZE_MAX, OF_LEVEL, OF_LEVEL},
};

/* Beside a dictionary the table of 2,048 places serves all small pages. Against frames that need
 * none, these are half as large in 33 us instead of 48 (Python's documentation), a seventh smaller
 * in 44 instead of 46 (PostgreSQL's), and where pages are prose and share nothing, 4 % smaller in
 * 60 instead of 53. Twice the places would save 5 % more, for 2 to 5 us. Pages of 64 to 128 KB
 * become a sixth smaller in 168 us instead of 157. Matches of six bytes instead of five take 6 %
 * less time below 16 KB, where the level looks for five. */
enum { BESIDE_MAX_BYTES = 32 * 1024, BESIDE_HASH_LOG = 11, BESIDE_MATCH = 6 };
enum { DICT_MIN_BYTES = 2 * 1024 };

struct packer {
    ZSTD_CCtx *any;     /* one body is nothing to it for the next */
    ZSTD_CCtx *beside;  /* small ones beside `dict` */
    struct zdict *dict; /* held */
    bool is_loaded;     /* `beside` has it ready for further frames */
    bool packs_letters; /* whatever the target length */
};

static ZSTD_CCtx *new_context(void)
{
    ZSTD_CCtx *zstd = ZSTD_createCCtx();
    if (zstd == NULL)
        return NULL;
    (void)ZSTD_CCtx_setParameter(zstd, ZSTD_c_compressionLevel, LEVEL);
    return zstd;
}

enum cw_err packer_new(struct packer **ret)
{
    struct packer *packer = malloc(sizeof *packer);
    if (packer == NULL)
        return CW_ENOMEM;
    *packer = (struct packer){.any = new_context(), .beside = new_context()};
    if (packer->any == NULL || packer->beside == NULL) {
        packer_free(packer);
        return CW_ENOMEM;
    }
    /* Or libzstd takes a target length as a wish not to pack letters, either: text would become
     * half as long again. An experimental parameter: one that does not know it gets no target
     * length. */
    packer->packs_letters = !ZSTD_isError(
        ZSTD_CCtx_setParameter(packer->any, ZSTD_c_literalCompressionMode, ZSTD_ps_enable));
    (void)ZSTD_CCtx_setParameter(packer->beside, ZSTD_c_hashLog, BESIDE_HASH_LOG);
    (void)ZSTD_CCtx_setParameter(packer->beside, ZSTD_c_minMatch, BESIDE_MATCH);
    *ret = packer;
    return CW_OK;
}

void packer_free(struct packer *packer)
{
    if (packer == NULL)
        return;
    ZSTD_freeCCtx(packer->any);
    ZSTD_freeCCtx(packer->beside);
    zdict_drop(packer->dict);
    free(packer);
}

/* Batches hold many bodies: the slack goes back. */
static void fit(struct buf *b)
{
    char *fitted = realloc(b->ptr, b->len + 1);
    if (fitted == NULL)
        return;
    b->ptr = fitted;
    b->cap = b->len + 1;
}

/* For the next frame alone; NULL: it needs none. */
static size_t refer(ZSTD_CCtx *zstd, const struct zdict *dict)
{
    struct str content = dict != NULL ? zdict_content(dict) : STR_NONE;
    return ZSTD_CCtx_refPrefix(zstd, content.ptr, content.len);
}

/* To read a dictionary costs 8 us, to keep what was read for further frames 25: that is done for
 * one that comes twice in a row. */
static size_t load(struct packer *packer, struct zdict *dict)
{
    struct str content = zdict_content(dict);
    if (dict != packer->dict) {
        zdict_drop(packer->dict);
        packer->dict = zdict_hold(dict);
        packer->is_loaded = false;
        return refer(packer->beside, dict);
    }
    if (packer->is_loaded)
        return 0;
    size_t done = ZSTD_CCtx_loadDictionary(packer->beside, content.ptr, content.len);
    packer->is_loaded = !ZSTD_isError(done);
    return done;
}

/* *ret is what is ready to make the frame. */
static size_t choose(struct packer *packer, size_t body_len, struct zdict *dict, ZSTD_CCtx **ret)
{
    const struct tuning *tuning = tunings;
    *ret = dict != NULL && body_len <= BESIDE_MAX_BYTES ? packer->beside : packer->any;
    if (*ret == packer->beside)
        return load(packer, dict);
    while (body_len > tuning->body_max)
        tuning++;
    (void)ZSTD_CCtx_setParameter(*ret, ZSTD_c_hashLog, tuning->hash_log);
    (void)ZSTD_CCtx_setParameter(*ret, ZSTD_c_targetLength,
                                 packer->packs_letters ? tuning->target_length : OF_LEVEL);
    return refer(*ret, dict);
}

enum cw_err pack(struct packer *packer, struct buf *ret, struct str body, struct zdict *dict)
{
    ZSTD_CCtx *zstd;
    enum cw_err err = buf_reserve(ret, ZSTD_compressBound(body.len));
    if (err != CW_OK)
        return err;
    size_t size = choose(packer, body.len, dict, &zstd);
    if (!ZSTD_isError(size))
        size = ZSTD_compress2(zstd, ret->ptr, ret->cap, body.ptr, body.len);
    if (ZSTD_isError(size))
        return CW_ENOMEM; /* the only way to fail with room enough */
    ret->len = size;
    ret->ptr[size] = '\0';
    fit(ret);
    return CW_OK;
}

/* Else ZSTD_CCtx_loadDictionary() would read headers and tables in it, and whoever decodes with
 * ZSTD_DCtx_refPrefix() would not. */
static bool looks_trained(struct str body)
{
    static const char magic[] = {0x37, (char)0xa4, 0x30, (char)0xec}; /* RFC 8878, 5 */
    return str_starts(body, str_from(magic, sizeof magic));
}

enum cw_err pack_dict(struct packer *packer, struct zdict **ret, struct str body)
{
    CLEANUP(buf_release) struct buf frame = BUF_INIT(SIZE_MAX / 2);
    if (body.len < DICT_MIN_BYTES || body.len > ZDICT_MAX_BYTES || looks_trained(body))
        return CW_EINVAL;
    enum cw_err err = pack(packer, &frame, body, NULL);
    return err == CW_OK ? zdict_new(ret, body, buf_str(&frame)) : err;
}
