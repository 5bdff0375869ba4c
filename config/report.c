#include "config/report_p.h"

#include <stdarg.h>

void config_report_release(struct config_report *report)
{
    free(report->problems);
    *report = (struct config_report){0};
}

static enum cw_err make_room(struct config_report *report)
{
    size_t room = report->count > 0 ? report->count * 2 : 1;
    if ((report->count & (report->count - 1)) != 0) /* room doubles at 0, 1, 2, 4, 8, ... */
        return CW_OK;
    void *grown = reallocarray(report->problems, room, sizeof *report->problems);
    if (grown == NULL)
        return CW_ENOMEM;
    report->problems = grown;
    return CW_OK;
}

enum cw_err report_add(struct config_report *report, struct place place, const char *format, ...)
{
    if (report->count > CONFIG_MAX_PROBLEMS)
        return CW_OK;
    enum cw_err err = make_room(report);
    if (err != CW_OK)
        return err;
    struct config_problem *problem = &report->problems[report->count++];
    *problem = (struct config_problem){.line = place.line, .column = place.column};
    va_list args;
    va_start(args, format);
    (void)vsnprintf(problem->text, sizeof problem->text, format, args);
    va_end(args);
    return CW_OK;
}

static int compare_places(const void *left, const void *right)
{
    const struct config_problem *a = left, *b = right;
    if (a->line != b->line)
        return a->line < b->line ? -1 : 1;
    if (a->column != b->column)
        return a->column < b->column ? -1 : 1;
    return strcmp(a->text, b->text);
}

void report_finish(struct config_report *report)
{
    bool is_over = report->count > CONFIG_MAX_PROBLEMS;
    if (report->count > 1)
        qsort(report->problems, MIN(report->count, CONFIG_MAX_PROBLEMS), sizeof *report->problems,
              compare_places);
    if (!is_over)
        return;
    struct config_problem *last = &report->problems[CONFIG_MAX_PROBLEMS];
    *last = (struct config_problem){0};
    (void)snprintf(last->text, sizeof last->text, "more problems follow; these are the first %d",
                   CONFIG_MAX_PROBLEMS);
}
