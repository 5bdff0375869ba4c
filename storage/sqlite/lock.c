#include "storage/sqlite/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crawler/base/str.h"

static enum cw_err fail(const struct lock *lock, struct errmsg *reterr_msg)
{
    int number = errno;
    enum cw_err err = number == ENOSPC || number == EDQUOT ? CW_EDISKFULL : CW_ESTORAGE;
    return errmsg_set(reterr_msg, err, "cannot lock %s: %s", lock->path, strerror(number));
}

/* 0: caught between its lock and its writing. */
static int read_pid(int fd)
{
    char text[32];
    uint64_t pid = 0;
    ssize_t got = pread(fd, text, sizeof text, 0);
    struct str line = str_trim(str_from(text, got > 0 ? (size_t)got : 0));
    return str_to_u64(line, INT32_MAX, &pid) ? (int)pid : 0;
}

static enum cw_err refuse(const struct lock *lock, const char *database, struct errmsg *reterr_msg)
{
    int pid = read_pid(lock->fd);
    if (pid == 0)
        return errmsg_set(reterr_msg, CW_ELOCKED,
                          "%s is being written by another crawld; wait for it, stop it, or use "
                          "another --output",
                          database);
    return errmsg_set(reterr_msg, CW_ELOCKED,
                      "%s is being written by crawld process %d; wait for it, stop it, or use "
                      "another --output",
                      database, pid);
}

/* The holder may have removed the file between our open() and our lock: then we hold a lock that
 * nobody else will ever meet. */
static bool is_still_the_file(const struct lock *lock)
{
    struct stat ours, named;
    return fstat(lock->fd, &ours) == 0 && lstat(lock->path, &named) == 0 &&
           ours.st_ino == named.st_ino && ours.st_dev == named.st_dev;
}

static bool write_pid(const struct lock *lock)
{
    char text[32];
    int len = snprintf(text, sizeof text, "%d\n", (int)getpid());
    return ftruncate(lock->fd, 0) == 0 && pwrite(lock->fd, text, (size_t)len, 0) == len;
}

static void let_go(struct lock *lock)
{
    close(lock->fd);
    lock->fd = -1;
}

static enum cw_err try_lock(struct lock *lock, const char *database, struct errmsg *reterr_msg)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    lock->fd = open(lock->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (lock->fd < 0)
        return fail(lock, reterr_msg);
    if (fcntl(lock->fd, F_OFD_SETLK, &whole) == 0)
        return CW_OK;
    bool is_held = errno == EAGAIN || errno == EACCES;
    enum cw_err err = is_held ? refuse(lock, database, reterr_msg) : fail(lock, reterr_msg);
    let_go(lock);
    return err;
}

enum cw_err lock_take(struct lock *lock, const char *database, struct errmsg *reterr_msg)
{
    enum { TRIES = 100 };
    *lock = LOCK_INIT;
    if (asprintf(&lock->path, "%s-lock", database) < 0) {
        lock->path = NULL;
        return errmsg_set(reterr_msg, CW_ENOMEM, "%s", cw_err_text(CW_ENOMEM));
    }
    for (int i = 0; i < TRIES; i++) {
        enum cw_err err = try_lock(lock, database, reterr_msg);
        if (err != CW_OK)
            return err;
        if (is_still_the_file(lock))
            return write_pid(lock) ? CW_OK : fail(lock, reterr_msg);
        let_go(lock);
    }
    return errmsg_set(reterr_msg, CW_ESTORAGE, "%s is removed again and again by someone else",
                      lock->path);
}

bool lock_is_held(const char *database, int *ret_pid)
{
    char *path = NULL;
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    *ret_pid = 0;
    if (asprintf(&path, "%s-lock", database) < 0)
        return false;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    free(path);
    if (fd < 0)
        return false;
    bool is_held = fcntl(fd, F_OFD_GETLK, &whole) == 0 && whole.l_type != F_UNLCK;
    if (is_held)
        *ret_pid = read_pid(fd);
    close(fd);
    return is_held;
}

void lock_release(struct lock *lock)
{
    if (lock->fd >= 0) {
        unlink(lock->path); /* while still locked, so that it is ours */
        let_go(lock);
    }
    free(lock->path);
    *lock = LOCK_INIT;
}
