/* crawld: one binary, one command a file. */
#include <locale.h>
#include <signal.h>
#include <sys/resource.h>

#include "crawler/cli/cmd.h"
#include "storage/store.h"

static const struct command *const commands[] = {
    &command_crawl,   &command_serve, &command_query, &command_cat,
    &command_explain, &command_audit, &command_check,
};

static void print_usage(FILE *out)
{
    (void)fprintf(out, "usage: crawld COMMAND [options] ...\n\n"
                       "A web crawler with a database that answers questions.\n\nCommands:\n");
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        (void)fprintf(out, "  %-8s %s\n", commands[i]->name, commands[i]->summary);
    (void)fprintf(out, "\n'crawld COMMAND --help' tells more, and so does crawld(1).\n");
}

/* Ten thousand connections need ten thousand descriptors: take what the system grants. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
        print_usage(stdout);
        return EXIT_DONE;
    }
    if (strcmp(name, "--version") == 0) {
        printf("crawld %s\n", CRAWLD_VERSION);
        return EXIT_DONE;
    }
    const struct command *command = find_command(name);
    if (command == NULL) {
        if (argc > 1)
            (void)fprintf(stderr, "crawld: unknown command \"%s\"\n", name);
        print_usage(stderr);
        return EXIT_USAGE;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    (void)setlocale(LC_CTYPE, ""); /* for the width of characters on a terminal, nothing else */
    raise_descriptor_limit();
    store_prepare_process();
    return command->run(argc - 1, argv + 1);
}
