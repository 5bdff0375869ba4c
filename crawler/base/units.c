#include "crawler/base/units.h"

#include <inttypes.h>

struct unit {
    struct str name;
    int64_t factor;
};

static const struct unit durations[] = {
    {{"ms", 2}, 1}, {{"s", 1}, 1000}, {{"m", 1}, 60000}, {{"h", 1}, 3600000}, {{"d", 1}, 86400000},
};
static const struct unit sizes[] = {
    {{"", 0}, 1},
    {{"K", 1}, 1 << 10},
    {{"M", 1}, 1 << 20},
    {{"G", 1}, 1 << 30},
};

static bool parse_with_unit(struct str text, const struct unit *units, size_t count, uint64_t max,
                            uint64_t *ret)
{
    size_t digits = 0;
    while (digits < text.len && ascii_is_digit(text.ptr[digits]))
        digits++;
    struct str unit = str_skip(text, digits);
    for (size_t i = 0; i < count; i++) {
        uint64_t value, factor = (uint64_t)units[i].factor;
        if (!str_eq_nocase(unit, units[i].name))
            continue;
        if (!str_to_u64(str_first(text, digits), max / factor, &value))
            return false;
        *ret = value * factor;
        return true;
    }
    return false;
}

bool units_parse_duration(struct str text, int64_t *ret_ms)
{
    const uint64_t ten_years = 3650ULL * 86400000;
    uint64_t ms;
    if (str_eq(text, STR("0")))
        return *ret_ms = 0, true;
    if (!parse_with_unit(text, durations, ARRAY_LEN(durations), ten_years, &ms))
        return false;
    *ret_ms = (int64_t)ms;
    return true;
}

bool units_parse_size(struct str text, uint64_t *ret_bytes)
{
    return parse_with_unit(text, sizes, ARRAY_LEN(sizes), 1ULL << 40, ret_bytes);
}

/* The largest unit that leaves no rest. */
static void write_with_unit(int64_t value, const struct unit *units, size_t count,
                            char ret_text[UNITS_TEXT_SIZE])
{
    size_t i = count - 1;
    while (i > 0 && value % units[i].factor != 0)
        i--;
    (void)snprintf(ret_text, UNITS_TEXT_SIZE, "%" PRId64 STR_FMT, value / units[i].factor,
                   STR_ARG(units[i].name));
}

void units_write_duration(int64_t ms, char ret_text[UNITS_TEXT_SIZE])
{
    if (ms == 0)
        (void)snprintf(ret_text, UNITS_TEXT_SIZE, "0");
    else
        write_with_unit(ms, durations, ARRAY_LEN(durations), ret_text);
}

void units_write_size(uint64_t bytes, char ret_text[UNITS_TEXT_SIZE])
{
    write_with_unit((int64_t)bytes, sizes, bytes > 0 ? ARRAY_LEN(sizes) : 1, ret_text);
}

void units_format_duration(int64_t ms, char ret_text[UNITS_TEXT_SIZE])
{
    int64_t seconds = ms / 1000;
    if (ms < 1000)
        (void)snprintf(ret_text, UNITS_TEXT_SIZE, "%" PRId64 "ms", ms);
    else if (seconds < 60)
        (void)snprintf(ret_text, UNITS_TEXT_SIZE, "%.1fs", (double)ms / 1000);
    else if (seconds < 3600)
        (void)snprintf(ret_text, UNITS_TEXT_SIZE, "%" PRId64 "m %02" PRId64 "s", seconds / 60,
                       seconds % 60);
    else
        (void)snprintf(ret_text, UNITS_TEXT_SIZE, "%" PRId64 "h %02" PRId64 "m", seconds / 3600,
                       seconds / 60 % 60);
}

void units_format_size(uint64_t bytes, char ret_text[UNITS_TEXT_SIZE])
{
    static const char *const names[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double value = (double)bytes;
    size_t unit = 0;
    for (; value >= 1024 && unit + 1 < ARRAY_LEN(names); unit++)
        value /= 1024;
    (void)snprintf(ret_text, UNITS_TEXT_SIZE, "%.*f %s", unit == 0 ? 0 : 1, value, names[unit]);
}
