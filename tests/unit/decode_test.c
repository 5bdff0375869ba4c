/* Content codings, undone; rows C1 to C6 of the hostile servers. The real encoders make the
 * streams. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <brotli/encode.h>
#include <zlib.h>
#include <zstd.h>

#include "crawler/parse/decode.h"

enum { MIB = 1 << 20, STREAM_MAX = 80 * MIB };

static struct buf encode_zlib(struct str content, int window_bits)
{
    struct buf out = BUF_INIT(STREAM_MAX);
    z_stream z = {.next_in = (z_const Bytef *)content.ptr, .avail_in = (uInt)content.len};
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, window_bits, 9, Z_DEFAULT_STRATEGY), Z_OK);
    size_t bound = deflateBound(&z, content.len);
    assert_int_equal(buf_reserve(&out, bound), CW_OK);
    z.next_out = (Bytef *)out.ptr;
    z.avail_out = (uInt)bound;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    out.len = z.total_out;
    assert_int_equal(deflateEnd(&z), Z_OK);
    return out;
}

static struct buf encode_gzip(struct str content)
{
    return encode_zlib(content, 31);
}

static struct buf encode_deflate(struct str content)
{
    return encode_zlib(content, 15);
}

static struct buf encode_raw_deflate(struct str content)
{
    return encode_zlib(content, -15);
}

static struct buf encode_brotli(struct str content)
{
    struct buf out = BUF_INIT(STREAM_MAX);
    size_t size = BrotliEncoderMaxCompressedSize(content.len);
    assert_int_equal(buf_reserve(&out, size), CW_OK);
    assert_true(BrotliEncoderCompress(5, 22, BROTLI_MODE_GENERIC, content.len,
                                      (const uint8_t *)content.ptr, &size, (uint8_t *)out.ptr));
    out.len = size;
    return out;
}

static struct buf encode_zstd(struct str content)
{
    struct buf out = BUF_INIT(STREAM_MAX);
    ZSTD_CCtx *context = ZSTD_createCCtx();
    assert_non_null(context);
    assert_false(ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)));
    assert_false(ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, 20)));
    assert_int_equal(buf_reserve(&out, ZSTD_compressBound(content.len)), CW_OK);
    /* In two steps, so that the frame does not know its size and needs a real window. */
    ZSTD_inBuffer in = {content.ptr, content.len, 0};
    ZSTD_outBuffer to = {out.ptr, out.cap, 0};
    assert_false(ZSTD_isError(ZSTD_compressStream2(context, &to, &in, ZSTD_e_continue)));
    while (ZSTD_compressStream2(context, &to, &in, ZSTD_e_end) != 0)
        assert_true(to.pos < to.size);
    out.len = to.pos;
    (void)ZSTD_freeCCtx(context);
    return out;
}

static const struct coding {
    const char *header;
    struct buf (*encode)(struct str content);
} codings[] = {
    {"gzip", encode_gzip}, {"X-GZIP", encode_gzip}, {"deflate", encode_deflate},
    {"br", encode_brotli}, {"zstd", encode_zstd},
};

/* Bytes that do not compress to nothing. */
static struct buf make_content(size_t len)
{
    struct buf content = BUF_INIT(STREAM_MAX);
    uint32_t seed = 1952;
    for (size_t i = 0; i < len; i++) {
        seed = seed * 1664525 + 1013904223;
        assert_int_equal(buf_add_char(&content, (char)('a' + (seed >> 24) % 20)), CW_OK);
    }
    return content;
}

static void each_coding__gives_back_what_was_encoded(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 2, 1000, 65535, 65536, 65537, 300000};
    for (size_t i = 0; i < ARRAY_LEN(codings) * ARRAY_LEN(sizes); i++) {
        const struct coding *coding = &codings[i / ARRAY_LEN(sizes)];
        CLEANUP(buf_release) struct buf content = make_content(sizes[i % ARRAY_LEN(sizes)]);
        CLEANUP(buf_release) struct buf stream = coding->encode(buf_str(&content));
        CLEANUP(buf_release) struct buf out = BUF_INIT(STREAM_MAX);
        assert_int_equal(decode_content(&out, buf_str(&stream), str_of(coding->header)), CW_OK);
        assert_true(str_eq(buf_str(&out), buf_str(&content)));
    }
}

static void decoded_bytes__are_appended(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf stream = encode_gzip(STR("world"));
    CLEANUP(buf_release) struct buf out = BUF_INIT(100);
    assert_int_equal(buf_add(&out, STR("hello ")), CW_OK);
    assert_int_equal(decode_content(&out, buf_str(&stream), STR("gzip")), CW_OK);
    assert_string_equal(out.ptr, "hello world");
}

static void identity_and_empty_names__change_nothing(void **state)
{
    (void)state;
    static const struct str headers[] = {
        STR_NONE, {"", 0}, {"identity", 8}, {" Identity , identity ,", 22}};
    for (size_t i = 0; i < ARRAY_LEN(headers); i++) {
        CLEANUP(buf_release) struct buf out = BUF_INIT(5);
        assert_int_equal(decode_content(&out, STR("plain"), headers[i]), CW_OK);
        assert_string_equal(out.ptr, "plain");
        assert_int_equal(decode_content(&out, STR("more"), headers[i]), CW_ETOOBIG);
    }
    CLEANUP(buf_release) struct buf out = BUF_INIT(5);
    assert_int_equal(decode_content(&out, STR("plain text"), STR_NONE), CW_ETOOBIG);
    assert_string_equal(out.ptr, "plain");
}

static void an_answer_without_a_body__is_empty_whatever_it_claims(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(codings); i++) {
        CLEANUP(buf_release) struct buf out = BUF_INIT(10);
        assert_int_equal(decode_content(&out, STR(""), str_of(codings[i].header)), CW_OK);
        assert_int_equal(out.len, 0);
    }
}

/* RFC 9110, 8.4.1.2: "Some non-conformant implementations send the deflate compressed data without
 * the zlib wrapper." */
static void deflate_without_its_wrapper__is_understood(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf content = make_content(100000);
    CLEANUP(buf_release) struct buf stream = encode_raw_deflate(buf_str(&content));
    CLEANUP(buf_release) struct buf out = BUF_INIT(STREAM_MAX);
    assert_int_equal(decode_content(&out, buf_str(&stream), STR("deflate")), CW_OK);
    assert_true(str_eq(buf_str(&out), buf_str(&content)));
}

static void a_body_of_exactly_the_ceiling__is_whole_and_one_more_byte_is_not(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 1000, 65536, 200000};
    for (size_t i = 0; i < ARRAY_LEN(codings) * ARRAY_LEN(sizes); i++) {
        const struct coding *coding = &codings[i / ARRAY_LEN(sizes)];
        size_t size = sizes[i % ARRAY_LEN(sizes)];
        CLEANUP(buf_release) struct buf content = make_content(size);
        CLEANUP(buf_release) struct buf stream = coding->encode(buf_str(&content));
        CLEANUP(buf_release) struct buf fits = BUF_INIT(size), head = BUF_INIT(size - 1);
        assert_int_equal(decode_content(&fits, buf_str(&stream), str_of(coding->header)), CW_OK);
        assert_true(str_eq(buf_str(&fits), buf_str(&content)));
        assert_int_equal(decode_content(&head, buf_str(&stream), str_of(coding->header)),
                         CW_ETOOBIG);
        assert_true(str_eq(buf_str(&head), str_first(buf_str(&content), size - 1)));
    }
}

/* C1, C2. */
static void a_bomb__stops_at_the_ceiling_or_at_the_ratio(void **state)
{
    (void)state;
    size_t size = 64 * MIB;
    char *zeros = calloc(1, size);
    assert_non_null(zeros);
    for (size_t i = 0; i < ARRAY_LEN(codings); i++) {
        CLEANUP(buf_release) struct buf bomb = codings[i].encode(str_from(zeros, size));
        CLEANUP(buf_release) struct buf small = BUF_INIT(MIB / 2), large = BUF_INIT(2 * size);
        struct str header = str_of(codings[i].header);
        assert_int_equal(decode_content(&small, buf_str(&bomb), header), CW_ETOOBIG);
        assert_int_equal(small.len, MIB / 2);
        assert_true(small.cap <= small.max + 1);
        assert_int_equal(decode_content(&large, buf_str(&bomb), header), CW_EBOMB);
        assert_int_equal(large.len, MAX((size_t)MIB, bomb.len * 1000));
    }
    free(zeros);
}

/* Each layer by itself is honest; together they are not. */
static void a_bomb_in_layers__is_measured_against_the_wire(void **state)
{
    (void)state;
    size_t size = 16 * MIB;
    char *zeros = calloc(1, size);
    assert_non_null(zeros);
    CLEANUP(buf_release) struct buf inner = encode_gzip(str_from(zeros, size));
    CLEANUP(buf_release) struct buf outer = encode_gzip(buf_str(&inner));
    CLEANUP(buf_release) struct buf out = BUF_INIT(2 * size);
    free(zeros);
    assert_true(outer.len < 1000);
    assert_int_equal(decode_content(&out, buf_str(&outer), STR("gzip, gzip")), CW_EBOMB);
    assert_int_equal(out.len, MIB);
}

/* Up to 1 MiB any ratio is fine: a long run of blanks is no attack. */
static void a_small_body__may_have_any_ratio(void **state)
{
    (void)state;
    char *zeros = calloc(1, MIB);
    assert_non_null(zeros);
    CLEANUP(buf_release) struct buf stream = encode_brotli(str_from(zeros, MIB));
    CLEANUP(buf_release) struct buf out = BUF_INIT(2 * MIB);
    assert_true(stream.len < 100);
    assert_int_equal(decode_content(&out, buf_str(&stream), STR("br")), CW_OK);
    assert_int_equal(out.len, MIB);
    free(zeros);
}

/* C2; RFC 8878, 3.1.1.1.2: exponent 21 is a window of 2 GiB. RFC 9659 allows 8 MiB. */
static void a_zstd_window_over_8_mib__is_a_bomb(void **state)
{
    (void)state;
    static const struct str frames[] = {
        {"\x28\xB5\x2F\xFD\x00\xA8\x01\x00\x00", 9}, /* 2 GiB */
        {"\x28\xB5\x2F\xFD\x00\x69\x01\x00\x00", 9}, /* 9 MiB */
    };
    for (size_t i = 0; i < ARRAY_LEN(frames); i++) {
        CLEANUP(buf_release) struct buf out = BUF_INIT(10 * MIB);
        assert_int_equal(decode_content(&out, frames[i], STR("zstd")), CW_EBOMB);
    }
    CLEANUP(buf_release) struct buf out = BUF_INIT(10 * MIB);
    struct str of_8_mib = {"\x28\xB5\x2F\xFD\x00\x68\x01\x00\x00", 9};
    assert_int_equal(decode_content(&out, of_8_mib, STR("zstd")), CW_OK);
}

static struct buf encode_times(int times)
{
    struct buf stream = BUF_INIT(STREAM_MAX);
    assert_int_equal(buf_add(&stream, STR("inside")), CW_OK);
    for (int i = 0; i < times; i++) {
        struct buf inner = stream;
        stream = encode_gzip(buf_str(&inner));
        buf_release(&inner);
    }
    return stream;
}

/* C3. */
static void five_codings__are_undone_and_six_are_refused(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf five = encode_times(5), six = encode_times(6);
    CLEANUP(buf_release) struct buf out = BUF_INIT(STREAM_MAX);
    assert_int_equal(decode_content(&out, buf_str(&five), STR("gzip,gzip,gzip,gzip,gzip")), CW_OK);
    assert_string_equal(out.ptr, "inside");
    assert_int_equal(decode_content(&out, buf_str(&six), STR("gzip,gzip,gzip,gzip,gzip,gzip")),
                     CW_EENCODING);
}

/* RFC 9110, 8.4: "listed in the order in which they were applied". */
static void several_codings__are_undone_from_the_last(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf content = make_content(5000);
    CLEANUP(buf_release) struct buf inner = encode_brotli(buf_str(&content));
    CLEANUP(buf_release) struct buf outer = encode_zstd(buf_str(&inner));
    CLEANUP(buf_release) struct buf out = BUF_INIT(STREAM_MAX), wrong = BUF_INIT(STREAM_MAX);
    assert_int_equal(decode_content(&out, buf_str(&outer), STR("br , identity, zstd")), CW_OK);
    assert_true(str_eq(buf_str(&out), buf_str(&content)));
    assert_int_not_equal(decode_content(&wrong, buf_str(&outer), STR("zstd, br")), CW_OK);
}

/* C4. libcurl takes a cut gzip stream for a whole one. */
static void a_stream_cut_anywhere__is_truncated(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf content = make_content(300);
    for (size_t i = 0; i < ARRAY_LEN(codings); i++) {
        CLEANUP(buf_release) struct buf stream = codings[i].encode(buf_str(&content));
        for (size_t len = 1; len < stream.len; len++) {
            CLEANUP(buf_release) struct buf out = BUF_INIT(STREAM_MAX);
            enum cw_err err =
                decode_content(&out, str_first(buf_str(&stream), len), str_of(codings[i].header));
            if (err != CW_ETRUNCATED)
                fail_msg("%s cut at %zu: %s", codings[i].header, len, cw_err_name(err));
        }
    }
}

/* C4. The last four bytes: length (gzip), checksum (deflate, zstd); before them, gzip's CRC. */
static void a_wrong_checksum__is_noticed(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        struct buf (*encode)(struct str content);
        size_t from_end;
    } cases[] = {
        {"gzip", encode_gzip, 1},
        {"gzip", encode_gzip, 5},
        {"deflate", encode_deflate, 1},
        {"zstd", encode_zstd, 1},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(buf_release) struct buf stream = cases[i].encode(STR("some content"));
        CLEANUP(buf_release) struct buf out = BUF_INIT(STREAM_MAX);
        stream.ptr[stream.len - cases[i].from_end] ^= 1;
        assert_int_equal(decode_content(&out, buf_str(&stream), str_of(cases[i].header)),
                         CW_ETRUNCATED);
    }
}

/* C5. libcurl fails on it. */
static void junk_behind_a_stream__is_ignored(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(codings); i++) {
        CLEANUP(buf_release) struct buf stream = codings[i].encode(STR("content"));
        CLEANUP(buf_release) struct buf out = BUF_INIT(STREAM_MAX);
        assert_int_equal(buf_add(&stream, STR("\0\0\0junk")), CW_OK);
        assert_int_equal(decode_content(&out, buf_str(&stream), str_of(codings[i].header)), CW_OK);
        assert_string_equal(out.ptr, "content");
    }
}

/* RFC 1952, 2.2: "A gzip file consists of a series of members"; RFC 8878, 3: of frames. */
static void several_members__are_one_body(void **state)
{
    (void)state;
    static const struct coding many[] = {{"gzip", encode_gzip}, {"zstd", encode_zstd}};
    for (size_t i = 0; i < ARRAY_LEN(many); i++) {
        CLEANUP(buf_release) struct buf one = many[i].encode(STR("one "));
        CLEANUP(buf_release) struct buf two = many[i].encode(STR("two"));
        CLEANUP(buf_release) struct buf out = BUF_INIT(STREAM_MAX);
        assert_int_equal(buf_add(&one, buf_str(&two)), CW_OK);
        assert_int_equal(decode_content(&out, buf_str(&one), str_of(many[i].header)), CW_OK);
        assert_string_equal(out.ptr, "one two");
        one.len--;
        assert_int_equal(decode_content(&out, buf_str(&one), str_of(many[i].header)),
                         CW_ETRUNCATED);
    }
}

/* RFC 8878, 3.1.2. */
static void skippable_zstd_frames__hold_no_content(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf stream = encode_zstd(STR("content"));
    CLEANUP(buf_release) struct buf out = BUF_INIT(STREAM_MAX);
    assert_int_equal(buf_add(&stream, STR("\x5F\x2A\x4D\x18\x03\x00\x00\x00"
                                          "abc")),
                     CW_OK);
    assert_int_equal(decode_content(&out, buf_str(&stream), STR("zstd")), CW_OK);
    assert_string_equal(out.ptr, "content");
}

/* C6. */
static void what_is_not_what_it_says__is_an_encoding_error(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        struct str body;
    } cases[] = {
        {"foo", {"anything", 8}},
        {"gzip, foo", {"anything", 8}},
        {"compress", {"\x1F\x9D", 2}},
        {"gzip", {"<html>plain</html>", 18}},
        {"deflate", {"<html>plain", 11}},
        {"br", {"<html>plain text, not brotli", 28}},
        {"zstd", {"<html>plain</html>", 18}},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(buf_release) struct buf out = BUF_INIT(STREAM_MAX);
        enum cw_err err = decode_content(&out, cases[i].body, str_of(cases[i].header));
        if (err != CW_EENCODING)
            fail_msg("%s: %s", cases[i].header, cw_err_name(err));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_coding__gives_back_what_was_encoded),
        cmocka_unit_test(decoded_bytes__are_appended),
        cmocka_unit_test(identity_and_empty_names__change_nothing),
        cmocka_unit_test(an_answer_without_a_body__is_empty_whatever_it_claims),
        cmocka_unit_test(deflate_without_its_wrapper__is_understood),
        cmocka_unit_test(a_body_of_exactly_the_ceiling__is_whole_and_one_more_byte_is_not),
        cmocka_unit_test(a_bomb__stops_at_the_ceiling_or_at_the_ratio),
        cmocka_unit_test(a_bomb_in_layers__is_measured_against_the_wire),
        cmocka_unit_test(a_small_body__may_have_any_ratio),
        cmocka_unit_test(a_zstd_window_over_8_mib__is_a_bomb),
        cmocka_unit_test(five_codings__are_undone_and_six_are_refused),
        cmocka_unit_test(several_codings__are_undone_from_the_last),
        cmocka_unit_test(a_stream_cut_anywhere__is_truncated),
        cmocka_unit_test(a_wrong_checksum__is_noticed),
        cmocka_unit_test(junk_behind_a_stream__is_ignored),
        cmocka_unit_test(several_members__are_one_body),
        cmocka_unit_test(skippable_zstd_frames__hold_no_content),
        cmocka_unit_test(what_is_not_what_it_says__is_an_encoding_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
