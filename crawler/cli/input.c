#include "crawler/cli/input.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { READ_BYTES = 64 * 1024 };

/* A descriptor that may be a file (always ready: epoll refuses it) or a pipe, terminal or socket
 * (polled). */
struct input {
    struct input_options options;
    int fd;
    bool is_polled, ended, skipping, closing;
    uv_poll_t poll;
    uv_idle_t idle;  /* reads a chunk a turn of the loop, for files */
    struct buf line; /* the start of a line whose end has not come yet, or lines not taken yet */
    uint64_t number;
};

static void on_readable(uv_poll_t *poll, int status, int events);
static void on_idle(uv_idle_t *idle);
static void on_closed(uv_handle_t *handle);

static void go(struct input *input)
{
    if (input->is_polled)
        (void)uv_poll_start(&input->poll, UV_READABLE, on_readable);
    else
        (void)uv_idle_start(&input->idle, on_idle);
}

static void pause_reading(struct input *input)
{
    if (input->is_polled)
        (void)uv_poll_stop(&input->poll);
    else
        (void)uv_idle_stop(&input->idle);
}

static int open_path(const char *path)
{
    return strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
}

enum cw_err input_open(struct input **ret, const struct input_options *options,
                       struct errmsg *reterr_msg)
{
    int fd = open_path(options->path);
    if (fd < 0)
        return errmsg_set(reterr_msg, CW_EINVAL, "--input %s: %s", options->path, strerror(errno));
    struct input *input = malloc(sizeof *input);
    if (input == NULL)
        return errmsg_set(reterr_msg, CW_ENOMEM, "out of memory");
    *input = (struct input){
        .options = *options,
        .fd = fd,
        .is_polled = uv_guess_handle(fd) != UV_FILE && uv_guess_handle(fd) != UV_UNKNOWN_HANDLE,
        .line = BUF_INIT(INPUT_LINE_MAX + READ_BYTES),
    };
    int r = input->is_polled ? uv_poll_init(options->loop, &input->poll, fd)
                             : uv_idle_init(options->loop, &input->idle);
    if (r != 0) {
        free(input);
        return errmsg_set(reterr_msg, CW_EINVAL, "--input %s: %s", options->path, uv_strerror(r));
    }
    go(input);
    *ret = input;
    return CW_OK;
}

/* Hands one line over. False: no room for more. */
static bool give_line(struct input *input, struct str line)
{
    bool is_long = input->skipping || line.len > INPUT_LINE_MAX;
    input->number++;
    input->skipping = false;
    if (is_long) {
        input->options.on_long_line(input->options.arg, input->number);
        return true;
    }
    line = str_trim(line);
    if (line.len == 0 || line.ptr[0] == '#')
        return true;
    return input->options.on_line(input->options.arg, line, input->number);
}

/* Hands over the whole lines that were read; keeps the rest. False: no room for more. */
static bool give_lines(struct input *input)
{
    bool room = true;
    size_t done = 0;
    struct str rest = buf_str(&input->line);
    for (size_t end; room && (end = str_find_char(rest, '\n')) < rest.len;) {
        room = give_line(input, str_first(rest, end));
        done += end + 1;
        rest = str_skip(rest, end + 1);
    }
    if (done > 0) {
        memmove(input->line.ptr, input->line.ptr + done, input->line.len - done);
        input->line.len -= done;
    }
    if (room && input->line.len > INPUT_LINE_MAX) { /* its end is still to come */
        input->skipping = true;
        buf_clear(&input->line);
    }
    return room;
}

static void end_input(struct input *input, const char *error)
{
    pause_reading(input);
    if (input->line.len > 0 || input->skipping)
        (void)give_line(input, buf_str(&input->line));
    buf_clear(&input->line);
    input->ended = true;
    input->options.on_end(input->options.arg, error);
}

static void read_some(struct input *input)
{
    if (buf_reserve(&input->line, READ_BYTES) != CW_OK) {
        end_input(input, "out of memory");
        return;
    }
    ssize_t got = read(input->fd, input->line.ptr + input->line.len, READ_BYTES);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        end_input(input, got < 0 ? strerror(errno) : NULL);
        return;
    }
    input->line.len += (size_t)got;
    if (!give_lines(input))
        pause_reading(input);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct input *input = CONTAINER_OF(poll, struct input, poll);
    (void)status;
    (void)events; /* read() says what is the matter */
    read_some(input);
}

static void on_idle(uv_idle_t *idle)
{
    read_some(CONTAINER_OF(idle, struct input, idle));
}

void input_resume(struct input *input)
{
    if (input->ended || input->closing)
        return;
    if (give_lines(input))
        go(input);
}

void input_close(struct input *input)
{
    if (input == NULL)
        return;
    input->closing = true;
    uv_handle_t *handle =
        input->is_polled ? (uv_handle_t *)&input->poll : (uv_handle_t *)&input->idle;
    handle->data = input;
    uv_close(handle, on_closed);
}

static void on_closed(uv_handle_t *handle)
{
    struct input *input = handle->data;
    if (input->fd != STDIN_FILENO)
        (void)close(input->fd);
    buf_release(&input->line);
    free(input);
}
