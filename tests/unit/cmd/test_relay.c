/* test_relay.c - between our standard streams and a shim that is a child of this test */
#include "base/own.h"
#include "cmd/relay.h"

#include "check.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MEGABYTE = 1 << 20 };

static struct err err;
static int saved[3];
static char in_path[] = "/tmp/test_relay.in.XXXXXX", out_path[] = "/tmp/test_relay.out.XXXXXX";

static bool read_full(int fd, void *data, size_t len)
{
	while (len) {
		ssize_t n = read(fd, data, len);

		if (n <= 0)
			return false;
		data = (char *)data + n;
		len -= (size_t)n;
	}
	return true;
}

static void put(int fd, unsigned type, const void *data, size_t len)
{
	unsigned char header[SHIM_FRAME_HEADER] = { (unsigned char)type,
						    0,
						    0,
						    0,
						    0,
						    (unsigned char)(len >> 16),
						    (unsigned char)(len >> 8),
						    (unsigned char)len };

	if (write(fd, header, sizeof(header)) != (ssize_t)sizeof(header) ||
	    write(fd, data, len) != (ssize_t)len)
		_exit(1);
}

static void put_exit(int fd, int code)
{
	struct shim_status status = { .exit_code = code };

	put(fd, SHIM_EXITED, &status, sizeof(status));
}

/* Shims. Each is the body of a child with its end of the socket. */

static void says_and_ends(int fd)
{
	put(fd, SHIM_STDOUT, "out", 3);
	put(fd, SHIM_STDERR, "err", 3);
	put_exit(fd, 7);
}

static void goes_without_a_word(int fd)
{
	put(fd, SHIM_STDOUT, "x", 1);
}

/* Answers each byte at once and waits for its answer to be taken, as cat does; then takes more. */
static void echoes(int fd)
{
	static unsigned char header[SHIM_FRAME_HEADER], data[SHIM_FRAME_MAX];

	while (read_full(fd, header, sizeof(header)) && header[0] == SHIM_STDIN) {
		size_t len = (size_t)header[5] << 16 | (size_t)header[6] << 8 | header[7];

		if (!read_full(fd, data, len))
			_exit(1);
		put(fd, SHIM_STDOUT, data, len);
		put(fd, SHIM_STDIN_TAKEN, "", 0);
	}
	put_exit(fd, header[0] == SHIM_STDIN_EOF ? 0 : 1);
}

/* Ends with the number of the signal that it is asked to send. */
static void awaits_a_signal(int fd)
{
	unsigned char header[SHIM_FRAME_HEADER];
	struct shim_kill kill_frame;

	(void)usleep(100000);
	(void)kill(getppid(), SIGUSR1);
	if (!read_full(fd, header, sizeof(header)) || header[0] != SHIM_KILL ||
	    !read_full(fd, &kill_frame, sizeof(kill_frame)))
		_exit(1);
	put_exit(fd, kill_frame.signal);
}

static void waits_for_ever(int fd)
{
	char c;

	while (read(fd, &c, 1) > 0)
		;
}

static enum relay_end end;
static struct shim_status status;

static int relay(void (*shim)(int fd), const struct relay_opts *opts)
{
	OWN(shim_client) struct shim_client *client = NULL;
	int pair[2], r;
	pid_t child;

	CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
	child = fork();
	if (child == 0) {
		(void)close(pair[0]);
		shim(pair[1]);
		_exit(0);
	}
	(void)close(pair[1]);
	client = shim_client_new(pair[0]);
	r = relay_run(client, opts, &end, &status, &err);
	shim_client_close(take(&client));
	(void)waitpid(child, NULL, 0);
	return r;
}

/* stdin becomes a file of n bytes of text, stdout another. */
static void redirect(const char *text, size_t n)
{
	int in = mkstemp(in_path), out = mkstemp(out_path);

	for (int i = 0; i < 3; i++)
		saved[i] = dup(i);
	while (n) {
		size_t len = strlen(text) < n ? strlen(text) : n;

		CHECK(write(in, text, len) == (ssize_t)len);
		n -= len;
	}
	(void)lseek(in, 0, SEEK_SET);
	(void)dup2(in, 0);
	(void)dup2(out, 1);
	(void)close(in);
	(void)close(out);
}

/* The streams as before; the number of bytes that came out. */
static off_t restore(void)
{
	off_t size = lseek(1, 0, SEEK_END);

	for (int i = 0; i < 3; i++) {
		(void)dup2(saved[i], i);
		(void)close(saved[i]);
	}
	(void)unlink(in_path);
	(void)unlink(out_path);
	memcpy(in_path + sizeof(in_path) - 7, "XXXXXX", 6);
	memcpy(out_path + sizeof(out_path) - 7, "XXXXXX", 6);
	return size;
}

TEST(output_is_passed_on_until_the_exit)
{
	off_t size;
	int r;

	redirect("", 0);
	r = relay(says_and_ends, &(struct relay_opts){ 0 });
	size = restore();
	CHECK_OK(r);
	CHECK_INT(end, RELAY_EXITED);
	CHECK_INT(status.exit_code, 7);
	CHECK_INT(size, 3);
}

TEST(a_shim_that_goes_is_noticed)
{
	int r;

	redirect("", 0);
	r = relay(goes_without_a_word, &(struct relay_opts){ 0 });
	(void)restore();
	CHECK_OK(r);
	CHECK_INT(end, RELAY_LOST);
}

TEST(a_megabyte_through_a_program_that_answers_at_once_does_not_block)
{
	off_t size;
	int r;

	redirect("0123456789abcdef", MEGABYTE);
	r = relay(echoes, &(struct relay_opts){ .stdin_open = true });
	size = restore();
	CHECK_OK(r);
	CHECK_INT(end, RELAY_EXITED);
	CHECK_INT(status.exit_code, 0);
	CHECK_INT(size, MEGABYTE);
}

TEST(signals_are_proxied)
{
	CHECK_OK(relay(awaits_a_signal, &(struct relay_opts){ .sig_proxy = true }));
	CHECK_INT(end, RELAY_EXITED);
	CHECK_INT(status.exit_code, SIGUSR1);
}

TEST(the_detach_keys_end_it_when_there_is_a_terminal)
{
	int r;

	redirect("ab\x10\x11", 4);
	r = relay(waits_for_ever, &(struct relay_opts){ .stdin_open = true, .tty = true });
	(void)restore();
	CHECK_OK(r);
	CHECK_INT(end, RELAY_DETACHED);
}

TEST(an_output_that_cannot_be_written_is_an_error)
{
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC), before = dup(1), r;

	(void)dup2(full, 1);
	r = relay(says_and_ends, &(struct relay_opts){ 0 });
	(void)dup2(before, 1);
	(void)close(full);
	(void)close(before);
	CHECK_ERR(r, -ENOSPC, &err, "write /dev/stdout: No space left on device");
}

TESTS(T(output_is_passed_on_until_the_exit), T(a_shim_that_goes_is_noticed),
      T(a_megabyte_through_a_program_that_answers_at_once_does_not_block), T(signals_are_proxied),
      T(the_detach_keys_end_it_when_there_is_a_terminal),
      T(an_output_that_cannot_be_written_is_an_error))
