/* Each decoder writes straight into the target buffer, a window at a time. The window ends where
 * the ceiling or the honest ratio ends; once it has no room left, a few octets beside the buffer
 * take its place, so that "exactly full" and "more than full" can be told apart.
 *
 * The ratio is counted against what came over the wire, also for stacked codings: gzip in gzip
 * would otherwise get a thousandfold twice. gzip cannot do more than 1,032 : 1, brotli and zstd
 * can do millions. */
#include "crawler/parse/decode.h"

#include <brotli/decode.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

const char decode_accept_encoding[] = "gzip, deflate, br, zstd";

enum {
    CODINGS_MAX = 5,
    HONEST_RATIO = 1000,
    HONEST_BYTES = 1 << 20,
    WINDOW_BYTES = 64 * 1024,
    ZSTD_WINDOW_LOG_MAX = 23, /* 8 MiB, RFC 9659 */
};

/* Where decoded octets go. */
struct target {
    struct buf *buf;
    size_t start;      /* buf->len when decoding began */
    size_t honest_max; /* more than this from `start` is a bomb */
    char *window;      /* where the decoder may write now ... */
    size_t room;       /* ... and how much */
    char beyond[16];
};

/* Opens a window for the decoder. */
static enum cw_err open_window(struct target *target)
{
    struct buf *buf = target->buf;
    size_t honest = target->honest_max - (buf->len - target->start);
    size_t room = MIN(MIN(honest, buf->max - buf->len), (size_t)WINDOW_BYTES);
    enum cw_err err = buf_reserve(buf, room);
    target->window = room > 0 ? buf->ptr + buf->len : target->beyond;
    target->room = room > 0 ? room : sizeof target->beyond;
    return err;
}

/* Takes what the decoder has written into the window. */
static enum cw_err close_window(struct target *target, size_t written)
{
    struct buf *buf = target->buf;
    if (target->window == target->beyond) {
        bool is_bomb = buf->len - target->start >= target->honest_max;
        return written == 0 ? CW_OK : is_bomb ? CW_EBOMB : CW_ETOOBIG;
    }
    buf->len += written;
    buf->ptr[buf->len] = '\0';
    return CW_OK;
}

/* --- gzip and deflate --- */

static enum cw_err err_from_zlib(const z_stream *z, int code)
{
    bool wrong_sum = z->msg != NULL && (strcmp(z->msg, "incorrect data check") == 0 ||
                                        strcmp(z->msg, "incorrect length check") == 0);
    switch (code) {
    case Z_OK:
    case Z_STREAM_END: return CW_OK;
    case Z_BUF_ERROR: return CW_ETRUNCATED; /* no progress: the input is used up */
    case Z_MEM_ERROR: return CW_ENOMEM;
    default: return wrong_sum ? CW_ETRUNCATED : CW_EENCODING;
    }
}

/* Whether another gzip member follows (RFC 1952, 2.2). Anything else behind a member is junk. */
static bool has_next_member(const z_stream *z)
{
    return z->avail_in >= 2 && z->next_in[0] == 0x1F && z->next_in[1] == 0x8B;
}

static enum cw_err inflate_all(struct target *target, z_stream *z, bool many_members)
{
    for (;;) {
        enum cw_err err = open_window(target);
        if (err != CW_OK)
            return err;
        z->next_out = (unsigned char *)target->window;
        z->avail_out = (uInt)target->room;
        int code = inflate(z, Z_NO_FLUSH);
        err = close_window(target, target->room - z->avail_out);
        if (err == CW_OK)
            err = err_from_zlib(z, code);
        if (err != CW_OK)
            return err;
        if (code == Z_STREAM_END && !(many_members && has_next_member(z)))
            return CW_OK;
        if (code == Z_STREAM_END && inflateReset(z) != Z_OK)
            return CW_EENCODING;
    }
}

/* `window_bits` as for inflateInit2(): it names the wrapper. */
static enum cw_err inflate_wrapped(struct target *target, struct str raw, int window_bits)
{
    z_stream z = {.next_in = (z_const Bytef *)raw.ptr, .avail_in = (uInt)raw.len};
    if (raw.len > UINT32_MAX)
        return CW_ETOOBIG;
    int code = inflateInit2(&z, window_bits);
    if (code != Z_OK)
        return err_from_zlib(&z, code);
    enum cw_err err = inflate_all(target, &z, window_bits > MAX_WBITS);
    (void)inflateEnd(&z);
    return err;
}

static enum cw_err decode_gzip(struct target *target, struct str raw)
{
    return inflate_wrapped(target, raw, MAX_WBITS + 16);
}

/* "deflate" means the zlib wrapper (RFC 9110, 8.4.1.2), but "some non-conformant implementations
 * send the deflate compressed data without the zlib wrapper". */
static enum cw_err decode_deflate(struct target *target, struct str raw)
{
    enum cw_err err = inflate_wrapped(target, raw, MAX_WBITS);
    bool nothing_came = target->buf->len == target->start;
    return err == CW_EENCODING && nothing_came ? inflate_wrapped(target, raw, -MAX_WBITS) : err;
}

/* --- brotli --- */

static enum cw_err err_from_brotli(const BrotliDecoderState *state, BrotliDecoderResult result)
{
    BrotliDecoderErrorCode code = BrotliDecoderGetErrorCode(state);
    bool no_memory = code <= BROTLI_DECODER_ERROR_ALLOC_CONTEXT_MODES &&
                     code >= BROTLI_DECODER_ERROR_ALLOC_BLOCK_TYPE_TREES;
    switch (result) {
    case BROTLI_DECODER_RESULT_SUCCESS:
    case BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT: return CW_OK;
    case BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT: return CW_ETRUNCATED;
    default: return no_memory ? CW_ENOMEM : CW_EENCODING;
    }
}

static enum cw_err decode_brotli(struct target *target, struct str raw)
{
    BrotliDecoderState *state = BrotliDecoderCreateInstance(NULL, NULL, NULL);
    const uint8_t *next_in = (const uint8_t *)raw.ptr;
    BrotliDecoderResult result = BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT;
    enum cw_err err = state != NULL ? CW_OK : CW_ENOMEM;
    while (err == CW_OK && result == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT) {
        err = open_window(target);
        if (err != CW_OK)
            break;
        uint8_t *next_out = (uint8_t *)target->window;
        size_t room = target->room;
        result = BrotliDecoderDecompressStream(state, &raw.len, &next_in, &room, &next_out, NULL);
        err = close_window(target, target->room - room);
        if (err == CW_OK)
            err = err_from_brotli(state, result);
    }
    if (state != NULL)
        BrotliDecoderDestroyInstance(state);
    return err;
}

/* --- zstd --- */

static enum cw_err err_from_zstd(size_t code)
{
    if (!ZSTD_isError(code))
        return CW_OK;
    switch (ZSTD_getErrorCode(code)) {
    case ZSTD_error_memory_allocation: return CW_ENOMEM;
    case ZSTD_error_frameParameter_windowTooLarge: return CW_EBOMB;
    case ZSTD_error_checksum_wrong: return CW_ETRUNCATED;
    default: return CW_EENCODING;
    }
}

/* Whether another frame follows, skippable ones included (RFC 8878, 3.1). */
static bool has_next_frame(const ZSTD_inBuffer *in)
{
    struct str rest = str_from((const char *)in->src + in->pos, in->size - in->pos);
    return str_starts(rest, STR("\x28\xB5\x2F\xFD")) ||
           (rest.len >= 4 && (rest.ptr[0] & 0xF0) == 0x50 &&
            str_starts(str_skip(rest, 1), STR("\x2A\x4D\x18")));
}

static enum cw_err unzstd_all(struct target *target, ZSTD_DCtx *context, struct str raw)
{
    ZSTD_inBuffer in = {raw.ptr, raw.len, 0};
    for (;;) {
        enum cw_err err = open_window(target);
        if (err != CW_OK)
            return err;
        ZSTD_outBuffer out = {target->window, target->room, 0};
        size_t left = ZSTD_decompressStream(context, &out, &in);
        err = close_window(target, out.pos);
        if (err == CW_OK)
            err = err_from_zstd(left);
        if (err != CW_OK)
            return err;
        if (left == 0 && !has_next_frame(&in))
            return CW_OK;
        if (left != 0 && in.pos == in.size && out.pos < out.size)
            return CW_ETRUNCATED;
    }
}

static enum cw_err decode_zstd(struct target *target, struct str raw)
{
    ZSTD_DCtx *context = ZSTD_createDCtx();
    if (context == NULL)
        return CW_ENOMEM;
    enum cw_err err =
        err_from_zstd(ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG_MAX));
    if (err == CW_OK)
        err = unzstd_all(target, context, raw);
    (void)ZSTD_freeDCtx(context);
    return err;
}

/* --- the header --- */

typedef enum cw_err decode_fn(struct target *target, struct str raw);

static decode_fn *decoder_of(struct str coding)
{
    static const struct {
        struct str name;
        decode_fn *decode;
    } codings[] = {
        {{"gzip", 4}, decode_gzip},       {{"x-gzip", 6}, decode_gzip}, /* RFC 9110, 8.4.1.3 */
        {{"deflate", 7}, decode_deflate}, {{"br", 2}, decode_brotli},   {{"zstd", 4}, decode_zstd},
    };
    for (size_t i = 0; i < ARRAY_LEN(codings); i++)
        if (str_eq_nocase(coding, codings[i].name))
            return codings[i].decode;
    return NULL;
}

struct chain {
    decode_fn *decoders[CODINGS_MAX]; /* in the order in which they were applied */
    size_t count;
};

static enum cw_err parse_chain(struct chain *ret, struct str content_encoding)
{
    while (!str_is_absent(content_encoding)) {
        struct str coding = str_trim(str_cut(&content_encoding, ','));
        if (coding.len == 0 || str_eq_nocase(coding, STR("identity")))
            continue;
        decode_fn *decoder = decoder_of(coding);
        if (decoder == NULL || ret->count == CODINGS_MAX)
            return CW_EENCODING;
        ret->decoders[ret->count++] = decoder;
    }
    return CW_OK;
}

static enum cw_err add_head(struct buf *ret, struct str raw)
{
    size_t room = ret->max - ret->len;
    enum cw_err err = buf_add(ret, str_first(raw, room));
    return err == CW_OK && raw.len > room ? CW_ETOOBIG : err;
}

/* Undoes the codings from the last to the first; all but the last step go to a buffer of their own,
 * which is as bounded as *ret. */
static enum cw_err undo_chain(struct buf *ret, struct str raw, const struct chain *chain)
{
    CLEANUP(buf_release) struct buf between = BUF_INIT(ret->max - ret->len);
    size_t honest_max = MAX((size_t)HONEST_BYTES, raw.len * HONEST_RATIO);
    enum cw_err err = CW_OK;
    for (size_t left = chain->count; err == CW_OK && left > 0; left--) {
        CLEANUP(buf_release) struct buf input = between;
        between = BUF_INIT(ret->max - ret->len);
        struct buf *to = left == 1 ? ret : &between;
        struct target target = {.buf = to, .start = to->len, .honest_max = honest_max};
        err = chain->decoders[left - 1](&target, left == chain->count ? raw : buf_str(&input));
    }
    return err;
}

enum cw_err decode_content(struct buf *ret, struct str raw, struct str content_encoding)
{
    struct chain chain = {.count = 0};
    enum cw_err err = parse_chain(&chain, content_encoding);
    if (err != CW_OK)
        return err;
    /* Servers send "Content-Encoding: gzip" with answers that have no body at all. */
    if (chain.count == 0 || raw.len == 0)
        return add_head(ret, raw);
    return undo_chain(ret, raw, &chain);
}
