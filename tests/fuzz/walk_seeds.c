/* walk_seeds: feeds every file of the folders named on the command line to the fuzz target, so that
 * each seed, and each crash ever found, is an ordinary test. */
#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool feed(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return false;
    size_t cap = 1 << 20, len;
    uint8_t *data = malloc(cap);
    len = data != NULL ? fread(data, 1, cap, file) : 0;
    (void)fclose(file);
    if (data != NULL)
        (void)LLVMFuzzerTestOneInput(data, len);
    free(data);
    return data != NULL;
}

static int walk(const char *folder)
{
    DIR *dir = opendir(folder);
    int count = 0;
    if (dir == NULL)
        return 0;
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        char path[4096];
        if (entry->d_name[0] == '.')
            continue;
        (void)snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        count += feed(path);
    }
    (void)closedir(dir);
    return count;
}

int main(int argc, char **argv)
{
    int count = 0;
    for (int i = 1; i < argc; i++)
        count += walk(argv[i]);
    printf("%d seeds\n", count);
    return count > 0 ? 0 : 1;
}
