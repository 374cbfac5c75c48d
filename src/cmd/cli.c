/*
 * cli.c - what every command works with: the engine, its output, its error
 */
#include "cmd/cli.h"

#include "base/own.h"
#include "cmd/rootless.h"

#include <fcntl.h>
#include <limits.h>
#include <time.h>
#include <unistd.h>

int cli_engine(struct cli *cli, struct engine **ret)
{
	int r = cli->engine ? 0 : rootless_enter(cli);

	if (r == 0 && !cli->engine)
		r = rootless_enter_network(cli);
	if (r == 0 && !cli->engine)
		r = engine_open(&cli->paths, &cli->engine, &cli->err);
	if (r == 0)
		*ret = cli->engine;
	return r;
}

void cli_print(struct cli *cli, const char *fmt, ...)
{
	char *text;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	va_end(ap);
	buf_adds(&cli->out, text);
	free(text);
}

static int write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

int cli_flush(struct cli *cli)
{
	int r = write_all(STDOUT_FILENO, buf_text(&cli->out), cli->out.len);

	cli->out.len = 0;
	return r < 0 ? err_code(&cli->err, r, "write /dev/stdout") : 0;
}

void cli_complain(const char *text)
{
	OWN(str) char *line = str_printf("berth: %s\n", text);

	/* One write, so that lines of several processes do not mix; there is nobody else to tell.
	 */
	(void)!write(STDERR_FILENO, line, strlen(line));
}

int cli_fail(struct cli *cli)
{
	cli_complain(cli->err.msg);
	cli->err = (struct err)ERR_INIT;
	return 1;
}

int cli_each(struct cli *cli, const struct strv *names,
	     int (*act)(struct cli *cli, const char *name, const void *opts), const void *opts)
{
	int status = 0;

	for (size_t i = 0; i < names->n; i++) {
		int r = act(cli, names->items[i], opts);

		if (r == 0) {
			cli_print(cli, "%s\n", names->items[i]);
			r = cli_flush(cli);
		}
		if (r < 0)
			status = cli_fail(cli);
	}
	return status;
}

int cli_read_file(const char *path, size_t max, struct arena *a, const char **ret, size_t *ret_len,
		  struct err *err)
{
	OWN(fd) int opened = -1;
	OWN(buf) struct buf text = { 0 };
	char block[16384];
	int fd = STDIN_FILENO;

	if (!str_eq(path, "-"))
		fd = opened = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_code(err, -errno, "open %s", path);
	for (;;) {
		ssize_t n = read(fd, block, sizeof(block));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_code(err, -errno, "read %s", path);
		if (n == 0)
			break;
		buf_add(&text, block, (size_t)n);
		if (text.len > max)
			return err_set(err, -EFBIG, "%s: longer than %zu bytes", path, max);
	}
	*ret = arena_memdup(a, text.len ? text.data : "", text.len + 1);
	*ret_len = text.len;
	return 0;
}

bool cli_confirm(struct cli *cli, const char *question)
{
	char answer[16];
	ssize_t n;

	cli_print(cli, "%s [y/N] ", question);
	if (cli_flush(cli) < 0)
		return false;
	n = read(STDIN_FILENO, answer, sizeof(answer) - 1);
	if (n <= 0)
		return false;
	answer[n] = '\0';
	answer[strcspn(answer, "\r\n")] = '\0';
	return strcasecmp(answer, "y") == 0 || strcasecmp(answer, "yes") == 0;
}

int64_t cli_now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

int32_t cli_zone(int64_t at_s, char ret_name[TIMESTAMP_ZONE_MAX])
{
	time_t at = at_s;
	struct tm tm;

	if (!localtime_r(&at, &tm))
		return 0;
	(void)snprintf(ret_name, TIMESTAMP_ZONE_MAX, "%s", tm.tm_zone);
	return (int32_t)tm.tm_gmtoff;
}
