/* place: where each host stands, and the slots of addresses, whose coming free moves hosts. */
#include "crawler/frontier/hosts_p.h"

#include <assert.h>
#include <utlist.h>

static void leave(struct hosts *hosts, struct host *host)
{
    if (host->place == HOST_READY)
        heap_remove(&hosts->ready, &host->ready);
    else if (host->place == HOST_CROWDED)
        DL_DELETE(host->address->crowd, host);
    hosts->resting -= host->is_resting;
    host->is_resting = false;
    hosts->place_counts[host->place]--;
}

static void arrive(struct hosts *hosts, struct host *host, enum host_place place)
{
    if (place == HOST_READY) {
        enum cw_err err = heap_push(&hosts->ready, &host->ready, host->due_ms);
        assert(err == CW_OK); /* hosts_get() made room for every host */
        host->is_resting = host->pace.backoff_until_ms == host->due_ms;
        hosts->resting += host->is_resting;
    } else if (place == HOST_CROWDED) {
        DL_APPEND(host->address->crowd, host);
    }
    host->place = place;
    hosts->place_counts[place]++;
}

void host_enter(struct hosts *hosts, struct host *host, enum host_place place)
{
    bool gives_back = host->keeps_slot;
    leave(hosts, host);
    host->keeps_slot = false;
    arrive(hosts, host, place);
    if (gives_back) {
        host->address->taken--;
        address_call(hosts, host->address);
    }
}

/* Its clock may allow it long ago: then it stands in line since it began to wait, or since its last
 * turn, so that no host that is asked for often overtakes the others. */
static int64_t next_due_ms(const struct host *host)
{
    return MAX(pace_start_ms(&host->pace), host->in_line_ms);
}

void host_settle(struct hosts *hosts, struct host *host)
{
    int64_t due_ms = next_due_ms(host);
    enum host_place place = HOST_READY;
    if (host->waiting == NULL)
        place = HOST_IDLE;
    else if (host->locating != NULL || host->running >= pace_slots(&host->pace))
        place = HOST_FULL;
    else if (host->place == HOST_CROWDED && due_ms <= host->due_ms)
        place = HOST_CROWDED;
    if (place == host->place && (place != HOST_READY || due_ms == host->due_ms))
        return;
    if (place == HOST_READY)
        host->due_ms = due_ms;
    host_enter(hosts, host, place);
}

static struct address *address_new(struct hosts *hosts, struct str name)
{
    struct address *address = malloc(sizeof *address + name.len);
    if (address == NULL)
        return NULL;
    *address = (struct address){.name_len = name.len};
    memcpy(address->name, name.ptr, name.len);
    HASH_ADD_KEYPTR(hh, hosts->addresses, address->name, name.len, address);
    if (!table_took(address)) {
        free(address);
        return NULL;
    }
    return address;
}

struct address *address_hold(struct hosts *hosts, struct str name)
{
    struct address *address = NULL;
    HASH_FIND(hh, hosts->addresses, name.ptr, name.len, address);
    if (address == NULL)
        address = address_new(hosts, name);
    if (address != NULL)
        address->users++;
    return address;
}

void address_drop(struct hosts *hosts, struct address *address)
{
    if (address == NULL || --address->users > 0)
        return;
    assert(address->taken == 0 && address->crowd == NULL);
    HASH_DELETE(hh, hosts->addresses, address);
    free(address);
}

void address_call(struct hosts *hosts, struct address *address)
{
    while (address->crowd != NULL && address->taken < hosts->limits.per_address) {
        struct host *host = address->crowd;
        host_enter(hosts, host, HOST_READY);
        host->keeps_slot = true;
        address->taken++;
    }
}

bool turn_take_slot(struct hosts *hosts, struct turn *turn, struct address *address)
{
    if (address == NULL)
        return true;
    if (address->taken >= hosts->limits.per_address)
        return false;
    address->taken++;
    address->users++;
    turn->address = address;
    return true;
}

void turn_give_slot(struct hosts *hosts, struct turn *turn)
{
    struct address *address = STEAL(turn->address);
    if (address == NULL)
        return;
    address->taken--;
    address_call(hosts, address);
    address_drop(hosts, address);
}
