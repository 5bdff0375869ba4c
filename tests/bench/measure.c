/* Runs a command and prints what it cost, one line: exit status (128 + signal if one ended it),
 * wall seconds, CPU seconds, peak resident KiB; CPU and peak are the kernel's, with children that
 * it waited for. A program of its own because a process inherits the peak of what it was forked
 * from: under Python nothing would ever take less than Python.
 *
 * usage: measure RESULT_FILE COMMAND [ARGUMENT ...] */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double wall_seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double seconds_of(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

int main(int argc, char **argv)
{
    struct rusage usage;
    int status;
    if (argc < 3)
        return 2;
    double start = wall_seconds();
    pid_t pid = fork();
    if (pid == 0) {
        (void)execvp(argv[2], argv + 2);
        perror(argv[2]);
        _exit(127);
    }
    if (pid < 0 || wait4(pid, &status, 0, &usage) < 0) {
        perror("measure");
        return 1;
    }
    double seconds = wall_seconds() - start;
    FILE *file = fopen(argv[1], "w");
    if (file == NULL) {
        perror(argv[1]);
        return 1;
    }
    (void)fprintf(file, "%d %.6f %.6f %ld\n",
                  WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), seconds,
                  seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime), usage.ru_maxrss);
    return fclose(file) == 0 ? 0 : 1;
}
