#include "crawler/fetch/pins.h"

#include <assert.h>
#include <stdlib.h>

#include <utlist.h>

#include "crawler/base/buf.h"
#include "crawler/base/table.h"
#include "crawler/fetch/address.h"

enum {
    COMMAND_MAX = 4096, /* name, port and RESOLVED_MAX addresses take far less */
    EVICTED_AT_ONCE = 16,
};

struct pin {
    struct pin *prev, *next; /* in `idle`, longest unused first */
    UT_hash_handle hh;
    unsigned users;
    bool is_loaded;
    uint64_t loaded_serial;
    size_t name_len;
    char name[]; /* "host:port" */
};

struct pins {
    struct pin *by_name;
    struct pin *idle; /* those without users */
    size_t idle_count, max_idle;
};

struct pins *pins_new(size_t max_idle)
{
    struct pins *pins = malloc(sizeof *pins);
    if (pins != NULL)
        *pins = (struct pins){.max_idle = max_idle};
    return pins;
}

static void pin_leave_idle(struct pins *pins, struct pin *pin)
{
    DL_DELETE(pins->idle, pin);
    pins->idle_count--;
}

static void pin_drop_idle(struct pins *pins, struct pin *pin)
{
    pin_leave_idle(pins, pin);
    HASH_DEL(pins->by_name, pin);
    free(pin);
}

void pins_free(struct pins *pins)
{
    if (pins == NULL)
        return;
    while (pins->idle != NULL)
        pin_drop_idle(pins, pins->idle);
    assert(pins->by_name == NULL);
    free(pins);
}

size_t pins_count(const struct pins *pins)
{
    return HASH_COUNT(pins->by_name);
}

static enum cw_err command_append(struct curl_slist **commands, const char *command)
{
    struct curl_slist *longer = curl_slist_append(*commands, command);
    if (longer == NULL)
        return CW_ENOMEM;
    *commands = longer;
    return CW_OK;
}

/* "+host:port:address,address". The plus says "until it expires", which is never; what counts is
 * that a host may begin with a minus, and "-host" alone would mean the other command. */
static enum cw_err command_pin(struct curl_slist **commands, struct str host_port,
                               const struct resolved *addresses)
{
    CLEANUP(buf_release) struct buf command = BUF_INIT(COMMAND_MAX);
    enum cw_err err = buf_addf(&command, "+" STR_FMT, STR_ARG(host_port));
    for (size_t i = 0; err == CW_OK && i < addresses->count; i++) {
        char text[ADDRESS_TEXT_SIZE];
        address_format((const struct sockaddr *)&addresses->addresses[i], text);
        bool is_ipv6 = addresses->addresses[i].ss_family == AF_INET6;
        err = buf_addf(&command, "%c%s%s%s", i == 0 ? ':' : ',', is_ipv6 ? "[" : "", text,
                       is_ipv6 ? "]" : "");
    }
    return err != CW_OK ? err : command_append(commands, command.ptr);
}

/* "-host:port". A few at a time, so that no request carries a long list. */
static enum cw_err command_evict(struct curl_slist **commands, struct pins *pins)
{
    for (int i = 0; i < EVICTED_AT_ONCE && pins->idle_count > pins->max_idle; i++) {
        CLEANUP(buf_release) struct buf command = BUF_INIT(COMMAND_MAX);
        enum cw_err err = buf_addf(&command, "-%s", pins->idle->name);
        if (err == CW_OK)
            err = command_append(commands, command.ptr);
        if (err != CW_OK)
            return err;
        pin_drop_idle(pins, pins->idle);
    }
    return CW_OK;
}

/* A new pin, without users and in no list yet. */
static struct pin *pin_add(struct pins *pins, struct str host_port)
{
    struct pin *pin = malloc(sizeof *pin + host_port.len + 1);
    if (pin == NULL)
        return NULL;
    *pin = (struct pin){.name_len = host_port.len};
    memcpy(pin->name, host_port.ptr, host_port.len);
    pin->name[host_port.len] = '\0';
    HASH_ADD_KEYPTR(hh, pins->by_name, pin->name, pin->name_len, pin);
    if (!table_took(pin)) {
        free(pin);
        return NULL;
    }
    return pin;
}

enum cw_err pins_take(struct pin **ret, struct pins *pins, struct str host_port,
                      const struct resolved *addresses, struct curl_slist **commands)
{
    struct pin *pin;
    HASH_FIND(hh, pins->by_name, host_port.ptr, host_port.len, pin);
    if (pin == NULL)
        pin = pin_add(pins, host_port);
    else if (pin->users == 0)
        pin_leave_idle(pins, pin);
    if (pin == NULL)
        return CW_ENOMEM;
    pin->users++;

    enum cw_err err = command_evict(commands, pins);
    bool is_known =
        addresses == NULL || (pin->is_loaded && pin->loaded_serial == addresses->serial);
    if (err == CW_OK && !is_known)
        err = command_pin(commands, host_port, addresses);
    if (err != CW_OK) {
        pins_put(pins, pin);
        return err;
    }
    *ret = pin;
    return CW_OK;
}

void pin_set_loaded(struct pin *pin, const struct resolved *addresses)
{
    pin->is_loaded = true;
    pin->loaded_serial = addresses->serial;
}

void pins_put(struct pins *pins, struct pin *pin)
{
    if (pin == NULL || --pin->users > 0)
        return;
    DL_APPEND(pins->idle, pin);
    pins->idle_count++;
}
