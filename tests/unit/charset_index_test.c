/* Every sequence of every legacy encoding, both ways. The standard's indexes are half a megabyte,
 * so what they give is kept as hashes. These were taken from encoding_rs 0.8.31, an implementation
 * of the standard that shares nothing with ICU, with the 18 characters of GB 18030-2022 put in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "crawler/parse/charset.h"
#include "crawler/parse/charset_encode.h"
#include "crawler/parse/charset_labels.h"

static void add(struct buf *b, const unsigned char *bytes, size_t count)
{
    assert_int_equal(buf_add_bytes(b, bytes, count), CW_OK);
}

static void add_single_bytes(struct buf *b)
{
    for (unsigned i = 0; i < 256; i++)
        add(b, (unsigned char[]){(unsigned char)i, 'A'}, 2);
}

static void add_pairs(struct buf *b)
{
    for (unsigned i = 0x8000; i < 0x10000; i++)
        add(b, (unsigned char[]){(unsigned char)(i >> 8), (unsigned char)i, '\n'}, 3);
}

static void add_jis0212(struct buf *b)
{
    for (unsigned i = 0xA100; i < 0x10000; i++)
        add(b, (unsigned char[]){0x8F, (unsigned char)(i >> 8), (unsigned char)i, '\n'}, 4);
}

/* All of the BMP, and the borders of what lies above it. */
static void add_fours(struct buf *b)
{
    static const char borders[] =
        "\x90\x30\x81\x30\xE3\x32\x9A\x35\xE3\x32\x9A\x36\xE4\x30\x81\x30";
    for (unsigned i = 0; i < 4 * 10 * 126 * 10; i++)
        add(b,
            (unsigned char[]){(unsigned char)(0x81 + i / 12600),
                              (unsigned char)('0' + i / 1260 % 10),
                              (unsigned char)(0x81 + i / 10 % 126), (unsigned char)('0' + i % 10)},
            4);
    add(b, (const unsigned char *)borders, sizeof borders - 1);
}

static void add_escapes(struct buf *b)
{
    static const char *const sets[] = {"(B", "(J", "(I", "$@", "$B", "(A"};
    for (size_t set = 0; set < ARRAY_LEN(sets); set++)
        for (unsigned i = 0; i < 0x8000; i++)
            assert_int_equal(buf_addf(b, "\x1B%s%c%c", sets[set], (int)(i >> 8), (int)(i & 0xFF)),
                             CW_OK);
}

static struct buf all_sequences(struct str encoding)
{
    struct buf b = BUF_INIT(8 << 20);
    add_single_bytes(&b);
    if (str_eq(encoding, STR("ISO-2022-JP")))
        add_escapes(&b);
    else
        add_pairs(&b);
    if (str_eq(encoding, STR("EUC-JP")))
        add_jis0212(&b);
    if (str_eq(encoding, STR("gb18030")))
        add_fours(&b);
    return b;
}

static struct buf encode_all(struct str encoding)
{
    struct buf b = BUF_INIT(8 << 20);
    struct charset_encoder e;
    assert_int_equal(charset_encoder_open(&e, encoding), CW_OK);
    for (uint32_t c = 1; c < 0x30000; c += c == 0xD7FF ? 0x801 : 1) {
        struct charset_written w = charset_encoder_put(&e, c);
        add(&b, w.bytes, w.count);
        if (w.lacked != 0)
            assert_int_equal(buf_addf(&b, "&#%u;", (unsigned)w.lacked), CW_OK);
    }
    struct charset_written w = charset_encoder_finish(&e);
    add(&b, w.bytes, w.count);
    charset_encoder_close(&e);
    return b;
}

static const struct {
    struct str encoding;
    uint64_t decoded, encoded;
} cases[] = {
    {STR("Big5"), 0x90E9A94203A515DB, 0x272409A89816058A},
    {STR("EUC-JP"), 0xA4218307AAD7A216, 0xB92F897681514056},
    {STR("EUC-KR"), 0xB6575D0DDCF66B6F, 0x0C28F9FD5E2E04EE},
    {STR("GBK"), 0x20DC775F0E33B773, 0x45C65907661A74B9},
    {STR("IBM866"), 0x718A12F6DC4DAA9B, 0x534BD9390DC3553F},
    {STR("ISO-2022-JP"), 0x0AB9C5F7B658F4D5, 0x22B6FC0F049642D1},
    {STR("ISO-8859-10"), 0xF0AE9F5CB7385BDA, 0xB743B01A24C3C2F3},
    {STR("ISO-8859-13"), 0xBCBBD1D481E92673, 0x1FE430E6CE05761C},
    {STR("ISO-8859-14"), 0xADC5C664E7E3BC09, 0x273070A3AD39799E},
    {STR("ISO-8859-15"), 0x05023BE7923227A4, 0x380C76782F86B061},
    {STR("ISO-8859-16"), 0xF08683F83C14CB5A, 0xAFE634BF860A15E8},
    {STR("ISO-8859-2"), 0x6BB6D37DFB637DED, 0xF830CC9FF1D9DCF2},
    {STR("ISO-8859-3"), 0xDAD7CF27185C0E76, 0x77C5F07FB92C4779},
    {STR("ISO-8859-4"), 0x2D18910731A9AD40, 0x4798DF335B187217},
    {STR("ISO-8859-5"), 0x6B0931A6D4688CB1, 0x2612CB7B89A8F7D6},
    {STR("ISO-8859-6"), 0xB36B0D9B394937E1, 0x78EF64E4AA94EA0D},
    {STR("ISO-8859-7"), 0x2ABC42351B8E55B8, 0x3465742FEC0966FF},
    {STR("ISO-8859-8"), 0x68D44F824C0F4C79, 0xF5CEB8A86C7247EC},
    {STR("ISO-8859-8-I"), 0x68D44F824C0F4C79, 0xF5CEB8A86C7247EC},
    {STR("KOI8-R"), 0xC018B7971C7FABEA, 0x3C0AAF8D21191E6D},
    {STR("KOI8-U"), 0x1D55AC8A0FF4540D, 0x29A530663BE3FF96},
    {STR("Shift_JIS"), 0x67DFFA14A08734A6, 0xCBBA1A4862152609},
    {STR("gb18030"), 0x9111F2A764D46608, 0x4CD5C6F78A9DB41A},
    {STR("macintosh"), 0x50BCF09CFE6BBB4C, 0xF163BE42EA104A7F},
    {STR("windows-1250"), 0x5B52C105824B467F, 0xB0FE877D352F812A},
    {STR("windows-1251"), 0xAD7A7CC6B8E45FB1, 0x02DAE30DA0541F02},
    {STR("windows-1252"), 0x1E706101C1C2DDB4, 0xB508F0977E5D1A3A},
    {STR("windows-1253"), 0x735CCC0C150A68DD, 0xA2692F4A4761C6D2},
    {STR("windows-1254"), 0xD7E9FDAAFCA92B1C, 0x14BE129EE4E93EAA},
    {STR("windows-1255"), 0x2AFBF70186036039, 0xAF31301A5D8A87CF},
    {STR("windows-1256"), 0x7E2C051F333F8360, 0xAD2EFD40615A62C2},
    {STR("windows-1257"), 0x4F1F7BCFC1A1A5C6, 0x919B976043127E0E},
    {STR("windows-1258"), 0x17A1819A2A20A93A, 0xAB016FF7C43FE377},
    {STR("windows-874"), 0x79C56858BB29228D, 0xD48C5C160D2B66EB},
    {STR("x-mac-cyrillic"), 0x302AFF55DD3C6478, 0x934D04100B8D82A8},
    {STR("x-user-defined"), 0xBCB095C25F95B5BF, 0xB7CDDC679261584A},
};

static void every_sequence__is_decoded_as_the_standard_has_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf in = all_sequences(cases[i].encoding), out = BUF_INIT(32 << 20);
        assert_int_equal(charset_to_utf8(&out, buf_str(&in), cases[i].encoding), CW_OK);
        uint64_t hash = XXH3_64bits(out.ptr, out.len);
        print_message(STR_FMT ": 0x%016llX\n", STR_ARG(cases[i].encoding),
                      (unsigned long long)hash);
        assert_true(hash == cases[i].decoded);
        buf_release(&in);
        buf_release(&out);
    }
}

static void every_character__is_encoded_as_the_standard_has_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf out = encode_all(cases[i].encoding);
        uint64_t hash = XXH3_64bits(out.ptr, out.len);
        print_message(STR_FMT ": 0x%016llX\n", STR_ARG(cases[i].encoding),
                      (unsigned long long)hash);
        assert_true(hash == cases[i].encoded);
        buf_release(&out);
    }
}

/* Each name in the table of labels has a case above, but those that Unicode's own forms make. */
static void every_legacy_encoding__has_a_case(void **state)
{
    (void)state;
    for (size_t i = 0; i < CHARSET_LABEL_COUNT; i++) {
        struct str name = charset_labels[i].name;
        bool found = str_starts(name, STR("UTF-")) || str_eq(name, STR("replacement"));
        assert_int_equal(charset_writes_legacy(name), !found);
        for (size_t k = 0; k < ARRAY_LEN(cases); k++)
            found |= str_eq(cases[k].encoding, name);
        assert_true(found);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_sequence__is_decoded_as_the_standard_has_it),
        cmocka_unit_test(every_character__is_encoded_as_the_standard_has_it),
        cmocka_unit_test(every_legacy_encoding__has_a_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
