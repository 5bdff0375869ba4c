#include "crawler/cli/database.h"

#include <unistd.h>

#include "config/config.h"

void database_find(const char *operand, const char *config_path, char ret_path[DATABASE_PATH_MAX])
{
    struct config *config = NULL;
    struct config_report report = {0};
    (void)snprintf(ret_path, DATABASE_PATH_MAX, "%s", operand);
    if (access(operand, F_OK) == 0 || strchr(operand, '/') != NULL)
        return;
    if (config_load(&config, config_path, NULL, &report) == CW_OK) {
        (void)snprintf(ret_path, DATABASE_PATH_MAX, "%s/%s.db", config->state_directory, operand);
        if (access(ret_path, F_OK) != 0)
            (void)snprintf(ret_path, DATABASE_PATH_MAX, "%s", operand);
        config_free(config);
    }
    config_report_release(&report);
}
