#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crawler/fetch/address.h"
#include "crawler/fetch/pins.h"
#include "crawler/fetch/resolver_cache.h"

static struct resolved *make(const char *first, const char *second, uint64_t serial)
{
    struct sockaddr_storage addresses[2];
    assert_true(address_read(first, &addresses[0]) && address_read(second, &addresses[1]));
    struct resolved *r = resolved_new(addresses, 2, serial);
    assert_non_null(r);
    return r;
}

/* Takes the pin and compares the commands, joined by spaces, with `expected`. */
static struct pin *take(struct pins *pins, struct str host_port, const struct resolved *r,
                        const char *expected)
{
    struct curl_slist *commands = NULL;
    struct pin *pin = NULL;
    char text[512] = "";
    assert_int_equal(pins_take(&pin, pins, host_port, r, &commands), CW_OK);
    for (const struct curl_slist *c = commands; c != NULL; c = c->next) {
        size_t len = strlen(text);
        (void)snprintf(text + len, sizeof text - len, "%s%s", len > 0 ? " " : "", c->data);
    }
    assert_string_equal(text, expected);
    curl_slist_free_all(commands);
    return pin;
}

static void addresses__are_told_until_they_are_loaded(void **state)
{
    (void)state;
    struct pins *pins = pins_new(10);
    struct resolved *r = make("192.0.2.1", "2001:db8::1", 7), *other = make("192.0.2.1", "::1", 8);
    struct pin *first = take(pins, STR("a.test:80"), r, "+a.test:80:192.0.2.1,[2001:db8::1]");
    /* the one before may never have reached libcurl, so it is told again */
    struct pin *second = take(pins, STR("a.test:80"), r, "+a.test:80:192.0.2.1,[2001:db8::1]");
    assert_ptr_equal(first, second);
    pin_set_loaded(first, r);
    pins_put(pins, second);
    pins_put(pins, first);
    pins_put(pins, take(pins, STR("a.test:80"), r, ""));
    pins_put(pins, take(pins, STR("a.test:81"), r, "+a.test:81:192.0.2.1,[2001:db8::1]"));
    pins_put(pins, take(pins, STR("a.test:80"), other, "+a.test:80:192.0.2.1,[::1]"));
    pins_put(pins, take(pins, STR("-b.test:80"), other, "+-b.test:80:192.0.2.1,[::1]"));
    pins_put(pins, NULL);
    pins_free(pins);
    resolved_drop(r);
    resolved_drop(other);
}

static void names_no_longer_used__are_taken_out(void **state)
{
    (void)state;
    struct pins *pins = pins_new(1);
    struct resolved *r = make("192.0.2.1", "192.0.2.2", 1);
    struct pin *held = take(pins, STR("held.test:80"), r, "+held.test:80:192.0.2.1,192.0.2.2");
    pins_put(pins, take(pins, STR("a.test:80"), r, "+a.test:80:192.0.2.1,192.0.2.2"));
    pins_put(pins, take(pins, STR("127.0.0.1:80"), NULL, "")); /* libcurl keeps literals too */
    assert_int_equal(pins_count(pins), 3);
    pins_put(pins, take(pins, STR("127.0.0.2:80"), NULL, "-a.test:80"));
    pins_put(pins, take(pins, STR("127.0.0.3:80"), NULL, "-127.0.0.1:80"));
    pin_set_loaded(held, r);
    pins_put(pins, take(pins, STR("held.test:80"), r, "-127.0.0.2:80"));
    pins_put(pins, held);
    pins_free(pins);
    resolved_drop(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses__are_told_until_they_are_loaded),
        cmocka_unit_test(names_no_longer_used__are_taken_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
