/*
 * oci_notify.c - telling the service manager that a container is ready
 *
 * The manager's own socket is not for the container: whoever can write to it steers the service. So
 * the container gets a socket of ours, in a directory of its state that is mounted read-only, and
 * of what it says READY=1 alone is passed on. As with runc, which does the same, `create` makes the
 * directory, and whoever lets the program run makes the socket and waits; a `run` that stays
 * listens besides.
 */
#include "cmd/oci_notify.h"

#include "base/own.h"
#include "sys/file.h"

#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

static const char directory[] = "notify", socket_path[] = "notify/notify.sock",
		  inside[] = "/run/notify", ready[] = "READY=1", mark_file[] = "notify";

void oci_notify_cleanup(struct oci_notify *n)
{
	fd_cleanup(&n->fd);
}

static const char *host_socket(void)
{
	const char *path = getenv("NOTIFY_SOCKET");

	return str_is_empty(path) ? NULL : path;
}

static void add_mount(struct oci_cli *cli, const char *source, struct oci_config *config)
{
	struct oci_mount *all = arena_array(cli->a, config->mounts.n + 1, sizeof(*all));
	struct oci_mount *m = &all[config->mounts.n];
	static const char *const options[] = { "bind", "ro", "nosuid", "nodev", "noexec" };

	if (config->mounts.n)
		memcpy(all, config->mounts.items, config->mounts.n * sizeof(*all));
	*m = (struct oci_mount){ .destination = inside };
	m->source = source;
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		strv_add(&m->options, cli->a, options[i]);
	config->mounts.items = all;
	config->mounts.n++;
}

static int make_directory(struct oci_cli *cli, int state_dir, const char *id)
{
	if (mkdirat(state_dir, directory, 0755) < 0 || fchmodat(state_dir, directory, 0755, 0) < 0)
		return err_sys(&cli->err, "making %s/%s/%s", cli->root, id, directory);
	return 0;
}

int oci_notify_prepare(struct oci_cli *cli, int state_dir, const char *id,
		       struct oci_config *config)
{
	int r;

	if (!host_socket())
		return 0;
	r = make_directory(cli, state_dir, id);
	if (r < 0)
		return r;
	add_mount(cli, arena_printf(cli->a, "/proc/self/fd/%d/%s", state_dir, directory), config);
	strv_add(&config->process->env, cli->a, "NOTIFY_SOCKET=/run/notify/notify.sock");
	return 0;
}

/* By a path through our descriptor: that of the state may be longer than a socket's may be. */
static int bind_in(int fd, int state_dir)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	mode_t mask = umask(0); /* whatever user the program is */
	int r;

	(void)snprintf(at.sun_path, sizeof(at.sun_path), "/proc/self/fd/%d/%s", state_dir,
		       socket_path);
	r = bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0 ? -errno : 0;
	(void)umask(mask);
	return r;
}

int oci_notify_listen(struct oci_cli *cli, int state_dir, const char *id, struct oci_notify *ret)
{
	OWN(fd) int fd = -1;
	int r;

	/* Without the directory it was made by somebody who was not asked to tell. */
	if (!host_socket() || faccessat(state_dir, directory, F_OK, 0) < 0)
		return 0;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	r = fd < 0 ? -errno : 0;
	(void)unlinkat(state_dir, socket_path, 0);
	if (r == 0)
		r = bind_in(fd, state_dir);
	if (r < 0)
		return err_code(&cli->err, r, "making %s/%s/%s", cli->root, id, socket_path);
	*ret = (struct oci_notify){ .host = host_socket(), .fd = take_fd(&fd) };
	return 0;
}

int oci_notify_write(struct oci_cli *cli, int state_dir, int images_dir, struct oci_config *config)
{
	int r;

	if (faccessat(state_dir, directory, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	add_mount(cli, inside, config);
	r = file_write_at(images_dir, mark_file, "", 0, 0600, 0);
	return r < 0 ? err_code(&cli->err, r, "writing %s beside the images", mark_file) : 0;
}

int oci_notify_read(struct oci_cli *cli, int state_dir, const char *id, const char *place,
		    int images_dir, struct oci_config *config)
{
	int r;

	if (faccessat(images_dir, mark_file, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	r = make_directory(cli, state_dir, id);
	if (r == 0)
		add_mount(cli, arena_printf(cli->a, "%s/%s", place, directory), config);
	return r;
}

/* A path, or a name without a file when it begins with "@". */
static int send_to(const char *path, const char *text, size_t len)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	OWN(fd) int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	size_t n = strlen(path);

	if (fd < 0)
		return -errno;
	if (n >= sizeof(to.sun_path))
		return -ENAMETOOLONG;
	memcpy(to.sun_path, path, n);
	if (path[0] == '@')
		to.sun_path[0] = '\0';
	n += offsetof(struct sockaddr_un, sun_path);
	return sendto(fd, text, len, MSG_NOSIGNAL, (const struct sockaddr *)&to, (socklen_t)n) < 0
		       ? -errno
		       : 0;
}

static bool has_line(const char *text, const char *line)
{
	size_t len = strlen(line);

	for (; text; text = strchr(text, '\n')) {
		text += *text == '\n';
		if (strncmp(text, line, len) == 0 && (text[len] == '\n' || text[len] == '\0'))
			return true;
	}
	return false;
}

static void say_ready(struct oci_cli *cli, const char *host, pid_t main_pid)
{
	char text[64];
	int r;

	if (main_pid)
		(void)snprintf(text, sizeof(text), "%s\nMAINPID=%d", ready, (int)main_pid);
	else
		(void)snprintf(text, sizeof(text), "%s", ready);
	r = send_to(host, text, strlen(text));
	if (r < 0)
		oci_warn(cli, "NOTIFY_SOCKET %s: %s", host, strerror(-r));
}

void oci_notify_restored(struct oci_cli *cli, pid_t main_pid)
{
	if (host_socket())
		say_ready(cli, host_socket(), main_pid);
}

bool oci_notify_take(struct oci_cli *cli, struct oci_notify *n, pid_t main_pid)
{
	char text[4096];
	ssize_t len = recv(n->fd, text, sizeof(text) - 1, 0);

	if (len <= 0)
		return false;
	text[len] = '\0';
	if (!has_line(text, ready))
		return false;
	say_ready(cli, n->host, main_pid);
	oci_notify_cleanup(n);
	return true;
}

void oci_notify_wait(struct oci_cli *cli, struct oci_notify *n, int pidfd, pid_t main_pid)
{
	struct pollfd fds[] = { { .fd = n->fd, .events = POLLIN },
				{ .fd = pidfd, .events = POLLIN } };

	while (n->fd >= 0) {
		if (poll(fds, 2, -1) < 0)
			continue;
		if (fds[0].revents && oci_notify_take(cli, n, main_pid))
			return;
		if (fds[1].revents)
			return;
	}
}
