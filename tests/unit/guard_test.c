#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crawler/fetch/address.h"
#include "crawler/fetch/guard.h"

static const struct class_case {
    const char *why, *host;
    enum guard_class class;
} class_cases[] = {
    {"RFC 1122 3.2.1.3: 127/8 is the loopback", "127.0.0.1", GUARD_LOOPBACK},
    {"all of it", "127.255.255.255", GUARD_LOOPBACK},
    {"RFC 4291 2.5.3", "[::1]", GUARD_LOOPBACK},
    {"RFC 1918", "10.0.0.0", GUARD_PRIVATE},
    {"RFC 1918", "172.16.0.0", GUARD_PRIVATE},
    {"RFC 1918: the last one", "172.31.255.255", GUARD_PRIVATE},
    {"RFC 1918: one more", "172.32.0.0", GUARD_PUBLIC},
    {"RFC 1918", "192.168.1.1", GUARD_PRIVATE},
    {"RFC 4193: unique local", "[fd00:ec2::254]", GUARD_PRIVATE},
    {"RFC 3927: where cloud metadata lives", "169.254.169.254", GUARD_LINK_LOCAL},
    {"RFC 4291 2.5.6", "[fe80::1]", GUARD_LINK_LOCAL},
    {"RFC 4291 2.5.6: the last one", "[febf:ffff::]", GUARD_LINK_LOCAL},
    {"RFC 1122: this network", "0.0.0.0", GUARD_SPECIAL},
    {"RFC 6598", "100.64.0.1", GUARD_SPECIAL},
    {"RFC 1112: multicast", "224.0.0.1", GUARD_SPECIAL},
    {"limited broadcast", "255.255.255.255", GUARD_SPECIAL},
    {"RFC 4291 2.5.5.2: judged as the IPv4 address inside", "[::ffff:10.0.0.1]", GUARD_PRIVATE},
    {"RFC 4291 2.5.5.2: public inside", "[::ffff:8.8.8.8]", GUARD_PUBLIC},
    {"RFC 6052: NAT64 embeds IPv4", "[64:ff9b::7f00:1]", GUARD_SPECIAL},
    {"RFC 3056: 6to4 embeds IPv4", "[2002:7f00:1::1]", GUARD_SPECIAL},
    {"RFC 4380: Teredo", "[2001:0:1::]", GUARD_SPECIAL},
    {"behind Teredo's prefix", "[2001:1::]", GUARD_PUBLIC},
    {"RFC 4291 2.4: global unicast", "[2606:4700:4700::1111]", GUARD_PUBLIC},
    {"nothing is handed out above 3fff", "[4000::1]", GUARD_SPECIAL},
    {"RFC 6761 6.3: localhost", "localhost", GUARD_LOOPBACK},
    {"RFC 6761 6.3: case does not count", "LocalHost.", GUARD_LOOPBACK},
    {"RFC 6761 6.3: names below localhost", "a.b.localhost", GUARD_LOOPBACK},
    {"a name that only ends alike", "notlocalhost", GUARD_PUBLIC},
    {"any other name: the socket decides", "example.org", GUARD_PUBLIC},
    {"an empty name", "", GUARD_PUBLIC},
    {"brackets around nothing", "[]", GUARD_PUBLIC},
};

static void each_host__has_its_class(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(class_cases); i++) {
        const struct class_case *c = &class_cases[i];
        enum guard_class got = guard_class_of_name(str_of(c->host));
        if (got != c->class)
            fail_msg("%s (%s): expected %s, got %s", c->host, c->why, guard_class_name(c->class),
                     guard_class_name(got));
    }
}

static void an_unknown_family__is_special(void **state)
{
    (void)state;
    struct sockaddr address = {.sa_family = AF_UNIX};
    assert_int_equal(guard_classify(&address), GUARD_SPECIAL);
}

static void a_guard__allows_the_classes_it_names(void **state)
{
    (void)state;
    struct sockaddr_storage loopback, public;
    struct guard guard = GUARD_DEFAULT;
    assert_true(address_parse(STR("127.0.0.1"), &loopback));
    assert_true(address_parse(STR("192.0.1.1"), &public));
    assert_true(guard_allows(&guard, (struct sockaddr *)&public));
    assert_false(guard_allows(&guard, (struct sockaddr *)&loopback));
    guard.allowed |= guard_class_of_name(STR("localhost"));
    assert_true(guard_allows(&guard, (struct sockaddr *)&loopback));
    assert_true(guard_allows(&guard, (struct sockaddr *)&public));
}

static void ports_of_other_protocols__are_bad(void **state)
{
    (void)state;
    static const uint16_t bad[] = {0, 1, 22, 25, 587, 6000, 6379, 6667, 10080, 11211};
    static const uint16_t good[] = {2, 80, 443, 8080, 6001, 10081, 65535};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_true(guard_port_is_bad(bad[i]));
    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        assert_false(guard_port_is_bad(good[i]));
}

static void addresses__read_what_they_write(void **state)
{
    (void)state;
    static const char *const texts[] = {"192.0.2.1",       "0.0.0.0",     "10.99.100.9",
                                        "255.255.255.255", "2001:db8::1", "::1"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct sockaddr_storage address;
        char text[ADDRESS_TEXT_SIZE];
        assert_true(address_read(texts[i], &address));
        address_format((struct sockaddr *)&address, text);
        assert_string_equal(text, texts[i]);
    }
    struct sockaddr_storage untouched = {0};
    assert_false(address_read("[::1]", &untouched));
    assert_false(address_parse(STR("::1"), &untouched));
    assert_false(address_parse(STR("[127.0.0.1]"), &untouched));
    assert_false(address_parse(STR("127.1"), &untouched));
    assert_int_equal(untouched.ss_family, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_host__has_its_class),
        cmocka_unit_test(an_unknown_family__is_special),
        cmocka_unit_test(a_guard__allows_the_classes_it_names),
        cmocka_unit_test(ports_of_other_protocols__are_bad),
        cmocka_unit_test(addresses__read_what_they_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
