/* command_line: the words that a person typed as one text, quoted as a shell reads them back. */
#ifndef CRAWLER_CLI_COMMAND_LINE_H
#define CRAWLER_CLI_COMMAND_LINE_H

/* "crawld" and the words, for the database: passwords and secret headers are *** there (see
 * engine/credentials.h). Owned by the caller; NULL: over 256 KiB, or out of memory. */
char *command_line_to_keep(int argc, char **argv);

/* The same for the terminal it was typed on: secrets included, without the words that equal `skip`.
 */
char *command_line_to_repeat(int argc, char **argv, const char *skip);

#endif
