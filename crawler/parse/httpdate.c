/* RFC 9110, 5.6.7 asks recipients to be "robust in parsing timestamps". So the text is read as a
 * bag of parts (weekday, day, month, year, time, zone) in any order, the way curl_getdate() and the
 * cookie rules of RFC 6265, 5.1.1 do, and everything between them is a separator. A word that is
 * none of these makes it no date. */
#include "crawler/parse/httpdate.h"

enum { PARTS_MAX = 6, YEAR_MIN = 1583, YEAR_MAX = 9999, UNSET = -1 };

struct date {
    int year, month, day; /* UNSET until read; month and day are 1-based */
    int hour, minute, second;
    int zone_minutes; /* to be taken from the time to have UTC */
    bool has_weekday, has_time, has_zone;
    bool day_comes_next; /* of day and year, which of them a number is first taken for */
};

/* --- the calendar --- */

/* Days since 1970-01-01 in the Gregorian calendar; a day beyond its month runs into the next. */
static int64_t days_from_civil(int64_t year, int month, int day)
{
    year -= month <= 2;
    int64_t era = year / 400, year_of_era = year % 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
           719468;
}

static int year_of(int64_t unix_ms)
{
    time_t seconds = (time_t)(unix_ms / 1000);
    struct tm parts;
    return gmtime_r(&seconds, &parts) != NULL ? parts.tm_year + 1900 : 1970;
}

static bool date_to_unix_ms(const struct date *date, int64_t *ret_unix_ms)
{
    if (date->year < YEAR_MIN || date->year > YEAR_MAX || date->month < 1 || date->month > 12 ||
        date->day < 1 || date->day > 31)
        return false;
    int64_t minutes = days_from_civil(date->year, date->month, date->day) * 1440 + date->hour * 60 +
                      date->minute - date->zone_minutes;
    *ret_unix_ms = (minutes * 60 + date->second) * 1000;
    return true;
}

/* --- words --- */

struct word {
    struct str name;
    int value;
};

static const struct word months[] = {
    {{"jan", 3}, 1}, {{"feb", 3}, 2},  {{"mar", 3}, 3},  {{"apr", 3}, 4},
    {{"may", 3}, 5}, {{"jun", 3}, 6},  {{"jul", 3}, 7},  {{"aug", 3}, 8},
    {{"sep", 3}, 9}, {{"oct", 3}, 10}, {{"nov", 3}, 11}, {{"dec", 3}, 12},
};

static const struct word weekdays[] = {
    {{"mon", 3}, 1},      {{"tue", 3}, 2},       {{"wed", 3}, 3},      {{"thu", 3}, 4},
    {{"fri", 3}, 5},      {{"sat", 3}, 6},       {{"sun", 3}, 7},      {{"monday", 6}, 1},
    {{"tuesday", 7}, 2},  {{"wednesday", 9}, 3}, {{"thursday", 8}, 4}, {{"friday", 6}, 5},
    {{"saturday", 8}, 6}, {{"sunday", 6}, 7},
};

/* Minutes east of Greenwich: RFC 5322, 4.3, and the European ones. */
static const struct word zones[] = {
    {{"gmt", 3}, 0},    {{"utc", 3}, 0},    {{"ut", 2}, 0},     {{"z", 1}, 0},
    {{"wet", 3}, 0},    {{"bst", 3}, 60},   {{"cet", 3}, 60},   {{"cest", 4}, 120},
    {{"eet", 3}, 120},  {{"eest", 4}, 180}, {{"est", 3}, -300}, {{"edt", 3}, -240},
    {{"cst", 3}, -360}, {{"cdt", 3}, -300}, {{"mst", 3}, -420}, {{"mdt", 3}, -360},
    {{"pst", 3}, -480}, {{"pdt", 3}, -420},
};

static const struct word *find_word(struct str name, const struct word *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq_nocase(name, words[i].name))
            return &words[i];
    return NULL;
}

static bool take_word(struct date *date, struct str name)
{
    const struct word *word = find_word(name, weekdays, ARRAY_LEN(weekdays));
    if (word != NULL && !date->has_weekday)
        return date->has_weekday = true; /* nobody checks whether it is the right one */
    word = find_word(name, months, ARRAY_LEN(months));
    if (word != NULL && date->month == UNSET) {
        date->month = word->value;
        return true;
    }
    word = find_word(name, zones, ARRAY_LEN(zones));
    if (word == NULL || date->has_zone)
        return false;
    date->zone_minutes = word->value;
    return date->has_zone = true;
}

/* --- numbers --- */

static size_t count_digits(struct str s)
{
    size_t count = 0;
    while (count < s.len && ascii_is_digit(s.ptr[count]))
        count++;
    return count;
}

/* Takes one or two digits off the front of *rest. */
static bool take_two_digits(struct str *rest, int max, int *ret)
{
    uint64_t value;
    size_t digits = MIN(count_digits(*rest), (size_t)2);
    if (!str_to_u64(str_first(*rest, digits), (uint64_t)max, &value))
        return false;
    *ret = (int)value;
    *rest = str_skip(*rest, digits);
    return true;
}

static bool take_colon(struct str *rest)
{
    if (rest->len < 2 || rest->ptr[0] != ':' || !ascii_is_digit(rest->ptr[1]))
        return false;
    *rest = str_skip(*rest, 1);
    return true;
}

/* Takes "8:49:37" or "08:49" off the front of *rest; a leap second counts as the next one. */
static bool take_time(struct date *date, struct str *rest)
{
    struct str after = *rest;
    int hour, minute, second = 0;
    if (date->has_time || !take_two_digits(&after, 23, &hour) || !take_colon(&after) ||
        !take_two_digits(&after, 59, &minute))
        return false;
    if (take_colon(&after) && !take_two_digits(&after, 60, &second))
        return false;
    date->hour = hour;
    date->minute = minute;
    date->second = second;
    *rest = after;
    return date->has_time = true;
}

/* RFC 9110, 5.6.7: "a timestamp that appears to be more than 50 years in the future [is] the most
 * recent year in the past that had the same last two digits". */
static int full_year(int year, int now_year)
{
    if (year >= 100)
        return year;
    year += now_year / 100 * 100;
    if (year <= now_year - 50)
        return year + 100;
    return year > now_year + 50 ? year - 100 : year;
}

/* Takes a number of `digits` digits: "+0200", "20110623", a day or a year. */
static bool take_number(struct date *date, int number, size_t digits, char before, int now_year)
{
    if (digits == 4 && number <= 1400 && (before == '+' || before == '-') && !date->has_zone) {
        int minutes = number / 100 * 60 + number % 100;
        date->zone_minutes = before == '+' ? minutes : -minutes;
        return date->has_zone = true;
    }
    if (digits == 8 && date->year == UNSET && date->month == UNSET && date->day == UNSET) {
        date->year = number / 10000;
        date->month = number / 100 % 100;
        date->day = number % 100;
        return true;
    }
    if (date->day_comes_next && date->day == UNSET) {
        date->day_comes_next = false;
        if (number >= 1 && number <= 31) {
            date->day = number;
            return true;
        }
    }
    if (date->year != UNSET)
        return false;
    date->year = full_year(number, now_year);
    date->day_comes_next = date->day == UNSET;
    return true;
}

/* --- the calls --- */

/* Takes the part that *rest starts with; it starts with a letter or a digit. */
static bool take_part(struct date *date, struct str *rest, char before, int now_year)
{
    uint64_t number;
    size_t letters = 0, digits = count_digits(*rest);
    while (letters < rest->len && ascii_is_alpha(rest->ptr[letters]))
        letters++;
    struct str part = str_first(*rest, letters + digits);
    if (letters > 0) {
        *rest = str_skip(*rest, letters);
        return take_word(date, part);
    }
    if (take_time(date, rest))
        return true;
    *rest = str_skip(*rest, digits);
    return str_to_u64(part, INT32_MAX, &number) &&
           take_number(date, (int)number, digits, before, now_year);
}

bool httpdate_parse(struct str text, int64_t now_unix_ms, int64_t *ret_unix_ms)
{
    struct date date = {.year = UNSET, .month = UNSET, .day = UNSET, .day_comes_next = true};
    int now_year = year_of(now_unix_ms);
    char before = '\0';
    for (int parts = 0; text.len > 0 && parts < PARTS_MAX;) {
        if (!ascii_is_alpha(text.ptr[0]) && !ascii_is_digit(text.ptr[0])) {
            before = text.ptr[0];
            text = str_skip(text, 1);
            continue;
        }
        if (!take_part(&date, &text, before, now_year))
            return false;
        before = '\0';
        parts++;
    }
    return date_to_unix_ms(&date, ret_unix_ms);
}

/* Takes `digits` digits off the front of *rest, and the `separator` before them unless it is 0. */
static bool take_field(struct str *rest, char separator, size_t digits, int *ret)
{
    uint64_t value;
    size_t skip = separator != '\0';
    if (skip > 0 && (rest->len == 0 || rest->ptr[0] != separator))
        return false;
    if (rest->len < skip + digits ||
        !str_to_u64(str_first(str_skip(*rest, skip), digits), 9999, &value))
        return false;
    *rest = str_skip(*rest, skip + digits);
    *ret = (int)value;
    return true;
}

static bool take_iso_time(struct date *date, struct str *rest)
{
    *rest = str_skip(*rest, 1); /* "T" or a space */
    if (!take_field(rest, '\0', 2, &date->hour) || !take_field(rest, ':', 2, &date->minute))
        return false;
    if (take_field(rest, ':', 2, &date->second) && rest->len > 0 && rest->ptr[0] == '.')
        *rest = str_skip(*rest, 1 + count_digits(str_skip(*rest, 1)));
    return date->hour <= 24 && date->minute <= 59 && date->second <= 60;
}

/* "Z", "+02:00", "+0200" or nothing. */
static bool take_iso_zone(struct date *date, struct str rest)
{
    int hours, minutes;
    if (rest.len == 0 || str_eq_nocase(rest, STR("Z")))
        return true;
    int sign = rest.ptr[0] == '-' ? -1 : 1;
    if (!take_field(&rest, sign < 0 ? '-' : '+', 2, &hours) ||
        !(take_field(&rest, ':', 2, &minutes) || take_field(&rest, '\0', 2, &minutes)))
        return false;
    date->zone_minutes = sign * (hours * 60 + minutes);
    return rest.len == 0;
}

bool httpdate_parse_iso(struct str text, int64_t *ret_unix_ms)
{
    struct date date = {.hour = 0};
    struct str rest = str_trim(text);
    if (!take_field(&rest, '\0', 4, &date.year) || !take_field(&rest, '-', 2, &date.month) ||
        !take_field(&rest, '-', 2, &date.day))
        return false;
    if (rest.len > 0 && !take_iso_time(&date, &rest))
        return false;
    return take_iso_zone(&date, rest) && date_to_unix_ms(&date, ret_unix_ms);
}

static bool is_all_digits(struct str s)
{
    return s.len > 0 && count_digits(s) == s.len;
}

int64_t httpdate_retry_after_ms(struct str value, int64_t now_unix_ms, int64_t max_ms)
{
    uint64_t seconds;
    int64_t when;
    value = str_trim(value);
    if (is_all_digits(value))
        return str_to_u64(value, (uint64_t)max_ms / 1000, &seconds) ? (int64_t)seconds * 1000
                                                                    : max_ms;
    if (!httpdate_parse(value, now_unix_ms, &when))
        return -1;
    return when <= now_unix_ms ? 0 : MIN(when - now_unix_ms, max_ms);
}
