/* report: the problems found so far. At most CONFIG_MAX_PROBLEMS are kept. */
#ifndef CONFIG_REPORT_P_H
#define CONFIG_REPORT_P_H

#include "config/config.h"

/* A place in the file, as config_problem has it. */
struct place {
    unsigned line, column;
};

/* Adds a problem. CW_ENOMEM; CW_OK also when the report is full. */
enum cw_err report_add(struct config_report *report, struct place place, const char *format,
                       ...) MUST_CHECK PRINTF_LIKE(3, 4);

/* Brings the problems into the order of the file, and says so when there were more. */
void report_finish(struct config_report *report);

#endif
