#include "storage/sqlite/holder.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where SQLite's locks lie: in the WAL's index the writer's byte and those of five readers
 * (walformat.html, 2.3.1), in the database itself from PENDING on (os.h). */
enum { WAL_WRITE = 120, WAL_READ_FIRST = 123, WAL_READ_LAST = 127, FILE_FIRST = 0x40000000 };

/* A line of the list. */
struct held {
    int32_t pid;
    uint64_t inode;
    int64_t first;
    bool writes;
};

/* "2: POSIX  ADVISORY  WRITE 4711 fd:01:131105 120 120"; one that waits has an arrow before its
 * kind, so it is none of these. */
static bool read_line(const char *line, struct held *ret)
{
    char mode[8];
    struct held h = {0};
    if (sscanf(line, "%*d: POSIX %*s %7s %" SCNd32 " %*x:%*x:%" SCNu64 " %" SCNd64, mode, &h.pid,
               &h.inode, &h.first) != 4)
        return false;
    h.writes = mode[0] == 'W';
    *ret = h;
    return true;
}

static bool is_meant(const struct held *h, uint64_t file, uint64_t index, enum holder_of what)
{
    bool in_index = index != 0 && h->inode == index;
    if (what == HOLDER_READS)
        return in_index && h->first >= WAL_READ_FIRST && h->first <= WAL_READ_LAST;
    return h->writes &&
           ((in_index && h->first == WAL_WRITE) || (h->inode == file && h->first >= FILE_FIRST));
}

static uint64_t inode_of(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? (uint64_t)st.st_ino : 0;
}

int32_t holder_find(const char *path, enum holder_of what)
{
    char line[256], index_path[4096];
    int32_t found = 0, ours = (int32_t)getpid();
    (void)snprintf(index_path, sizeof index_path, "%s-shm", path);
    uint64_t file = inode_of(path), index = inode_of(index_path);
    FILE *locks = fopen("/proc/locks", "re");
    if (locks == NULL)
        return 0;
    while (found == 0 && fgets(line, sizeof line, locks) != NULL) {
        struct held h;
        if (read_line(line, &h) && h.pid > 0 && h.pid != ours && is_meant(&h, file, index, what))
            found = h.pid;
    }
    (void)fclose(locks);
    return found;
}
