/*
 * streams.c - the container's stdin, stdout and stderr: pipes, or one terminal
 *
 * A terminal's master says "input/output error" whenever no process has the other side open, which
 * is no end: the next process may open it again. So the other side is held open here until the
 * container's processes are gone.
 */
#include "shim/streams.h"

#include "base/own.h"

#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>

/* A pipe whose end `ours` is returned, whose other end is the container's. */
static int open_pipe(int ours, uid_t owner, int *ret_ours, int *ret_child)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	*ret_ours = ends[ours];
	*ret_child = ends[1 - ours];
	/* Programs open /dev/stdout again by its path, which asks for its owner. */
	return owner != 0 && fchown(ends[0], owner, (gid_t)-1) < 0 ? -errno : 0;
}

int streams_open(struct streams *s, bool with_input, uid_t owner, int ret_child[3], struct err *err)
{
	int r = 0;

	*s = (struct streams)STREAMS_NONE;
	ret_child[0] = ret_child[1] = ret_child[2] = -1;
	if (with_input)
		r = open_pipe(1, owner, &s->input, &ret_child[0]);
	else
		ret_child[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	/* Its other end blocks; ours must not. */
	if (r == 0 && with_input && fcntl(s->input, F_SETFL, O_NONBLOCK) < 0)
		r = -errno;
	for (int i = 0; r == 0 && i < STREAMS_OUTPUTS; i++)
		r = open_pipe(0, owner, &s->output[i], &ret_child[1 + i]);
	if (r == 0 && ret_child[0] < 0)
		r = -errno;
	return r < 0 ? err_code(err, r, "pipes for the container's output") : 0;
}

void streams_open_terminal(struct streams *s, int console, bool with_input)
{
	*s = (struct streams)STREAMS_NONE;
	s->terminal = true;
	s->output[0] = console;
	s->input = with_input ? console : -1;
	(void)fcntl(console, F_SETFL, O_NONBLOCK);
	s->peer = ioctl(console, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
}

void streams_close(struct streams *s)
{
	if (!s->terminal)
		fd_cleanup(&s->input);
	s->input = -1;
	for (int i = 0; i < STREAMS_OUTPUTS; i++)
		fd_cleanup(&s->output[i]);
	fd_cleanup(&s->peer);
}

static bool is_end(const struct streams *s, ssize_t n, int error)
{
	if (n > 0)
		return false;
	return n == 0 || error != EAGAIN || (s->terminal && s->ending);
}

ssize_t streams_read(struct streams *s, int output, void *buf, size_t size)
{
	ssize_t n;

	do
		n = read(s->output[output], buf, size);
	while (n < 0 && errno == EINTR);
	if (!is_end(s, n, errno))
		return n < 0 ? -errno : n;
	if (s->terminal)
		s->input = -1;
	fd_cleanup(&s->output[output]);
	return 0;
}

ssize_t streams_write(struct streams *s, const void *data, size_t len)
{
	ssize_t n;

	if (s->input < 0)
		return (ssize_t)len;
	do
		n = write(s->input, data, len);
	while (n < 0 && errno == EINTR);
	if (n >= 0)
		return n;
	if (errno == EAGAIN)
		return -EAGAIN;
	streams_end_input(s);
	return (ssize_t)len;
}

void streams_end_input(struct streams *s)
{
	if (!s->terminal)
		fd_cleanup(&s->input);
}

void streams_end(struct streams *s)
{
	streams_end_input(s);
	fd_cleanup(&s->peer);
	s->ending = true;
}

void streams_resize(const struct streams *s, uint16_t height, uint16_t width)
{
	struct winsize size = { .ws_row = height, .ws_col = width };

	if (s->terminal && s->output[0] >= 0)
		(void)ioctl(s->output[0], TIOCSWINSZ, &size);
}
