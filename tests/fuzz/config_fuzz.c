/* config_fuzz: any bytes are a configuration or have a problem, at a place within them. */
#include <assert.h>

#include "config/config.h"
#include "crawler/base/util.h"

static void check_problems(const struct config_report *report, struct str text)
{
    assert(report->count > 0 && report->count <= CONFIG_MAX_PROBLEMS + 1);
    for (size_t i = 0; i < report->count; i++) {
        const struct config_problem *p = &report->problems[i];
        assert(p->text[0] != '\0' && (p->line == 0) == (p->column == 0));
        assert(p->line <= text.len + 2 && p->column <= text.len + 2);
        assert(i == 0 || p->line == 0 || p->line >= report->problems[i - 1].line);
    }
}

static void check_config(const struct config *config)
{
    assert(config->user_agent != NULL && config->state_directory[0] == '/');
    assert(config->connections >= 1 && config->crawl_count <= CONFIG_MAX_CRAWLS);
    for (size_t i = 0; i < config->crawl_count; i++) {
        const struct crawl_config *crawl = &config->crawls[i];
        assert(crawl->name != NULL && crawl->seeds.count > 0);
        assert(crawl->per_host >= 1 && crawl->per_host <= config->per_address);
        assert(crawl->delay_ms >= CONFIG_DELAY_AUTO && crawl->timeout_ms > 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = str_from((const char *)data, size);
    struct config_report report;
    struct config *config = NULL;
    enum cw_err err = config_parse(&config, text, NULL, &report);
    assert(err == CW_OK || err == CW_ECONFIG);
    if (err == CW_OK)
        check_config(config);
    else
        check_problems(&report, text);
    assert((err == CW_OK) == (config != NULL));
    config_report_release(&report);
    config_free(config);
    return 0;
}
