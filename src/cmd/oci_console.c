/*
 * oci_console.c - terminals: handed to an engine, or relayed to ours; and waiting for a process
 */
#include "cmd/oci_console.h"

#include "base/own.h"
#include "sys/fd_send.h"
#include "sys/file.h"
#include "sys/proc.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>

enum { STATUS_LOST = 255 };

static int connect_to(struct oci_cli *cli, const char *option, const char *path, int *ret)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	OWN(fd) int fd = -1;

	if (strlen(path) >= sizeof(to.sun_path))
		return err_set(&cli->err, -ENAMETOOLONG, "%s %s: longer than %zu", option, path,
			       sizeof(to.sun_path) - 1);
	memcpy(to.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		return err_sys(&cli->err, "connecting to %s %s", option, path);
	*ret = take_fd(&fd);
	return 0;
}

int oci_console_open(struct oci_cli *cli, const char *path, bool terminal, bool detached, int *ret)
{
	*ret = -1;
	if (terminal && detached && !path)
		return err_set(&cli->err, -EINVAL,
			       "process.terminal is set and nobody would hold the terminal: give "
			       "--console-socket");
	if (path && !(terminal && detached))
		return err_set(&cli->err, -EINVAL,
			       "--console-socket is for a process with a terminal that is left "
			       "alone: set process.terminal, or leave it out");
	return path ? connect_to(cli, "--console-socket", path, ret) : 0;
}

int oci_console_send(struct oci_cli *cli, int socket, int master)
{
	int r = fd_send(socket, "/dev/ptmx", strlen("/dev/ptmx"), master);

	return r < 0 ? err_code(&cli->err, r, "sending the terminal over --console-socket") : 0;
}

int oci_console_send_pidfd(struct oci_cli *cli, const char *path, const char *role, int pidfd)
{
	OWN(fd) int fd = -1;
	int r = connect_to(cli, "--pidfd-socket", path, &fd);

	if (r == 0 && (r = fd_send(fd, role, strlen(role), pidfd)) < 0)
		(void)err_code(&cli->err, r, "sending over --pidfd-socket %s", path);
	return r;
}

int oci_console_adopt(struct oci_cli *cli)
{
	return prctl(PR_SET_CHILD_SUBREAPER, 1) < 0
		       ? err_sys(&cli->err, "becoming a subreaper; try --no-subreaper")
		       : 0;
}

int oci_console_signals(void)
{
	sigset_t all;

	(void)sigfillset(&all);
	(void)sigprocmask(SIG_BLOCK, &all, NULL);
	return signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
}

struct relay {
	struct oci_cli *cli;
	struct oci_notify *notify; /* or NULL */
	int signals, pidfd, master;
	pid_t pid;
	bool our_terminal; /* standard input is one, and raw */
	bool input_open;
	struct termios saved;
};

static void take_size(const struct relay *r)
{
	struct winsize size;

	if (r->master >= 0 && ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0)
		(void)ioctl(r->master, TIOCSWINSZ, &size);
}

static void make_raw(struct relay *r)
{
	struct termios raw;

	if (r->master < 0 || tcgetattr(STDIN_FILENO, &r->saved) < 0)
		return;
	raw = r->saved;
	cfmakeraw(&raw);
	r->our_terminal = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
	take_size(r);
}

/* Orphans that came to us; the process that we wait for is looked at later, so it stays. */
static void reap_orphans(pid_t but)
{
	siginfo_t info;

	for (;;) {
		info.si_pid = 0;
		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == 0 ||
		    info.si_pid == but)
			return;
		(void)waitid(P_PID, (id_t)info.si_pid, &info, WEXITED | WNOHANG);
	}
}

static void pass_signals(const struct relay *r)
{
	struct signalfd_siginfo info;

	while (read(r->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGWINCH && r->master >= 0)
			take_size(r);
		else if (info.ssi_signo == SIGCHLD)
			reap_orphans(r->pid);
		else if (info.ssi_signo != SIGPIPE)
			(void)proc_signal(r->pidfd, (int)info.ssi_signo);
	}
}

/* What was read, 0 at the end: a master whose other side is closed says EIO. */
static ssize_t copy(int from, int to)
{
	char buf[8192];
	ssize_t n = read(from, buf, sizeof(buf));

	if (n > 0 && file_write_all(to, buf, (size_t)n) < 0)
		return 0;
	return n < 0 && (errno == EINTR || errno == EAGAIN) ? 1 : n > 0 ? n : 0;
}

static void end_of_input(struct relay *r)
{
	static const char eof = 4; /* ^D: a terminal cannot be half closed */

	r->input_open = false;
	(void)!write(r->master, &eof, 1);
}

static void relay_until_exit(struct relay *r)
{
	for (;;) {
		struct pollfd fds[] = {
			{ .fd = r->signals, .events = POLLIN },
			{ .fd = r->pidfd, .events = POLLIN },
			{ .fd = r->master, .events = POLLIN },
			{ .fd = r->input_open ? STDIN_FILENO : -1, .events = POLLIN },
			{ .fd = r->notify ? r->notify->fd : -1, .events = POLLIN },
		};

		if (poll(fds, sizeof(fds) / sizeof(fds[0]), -1) < 0 && errno != EINTR)
			return;
		if (fds[0].revents)
			pass_signals(r);
		if (fds[3].revents && copy(STDIN_FILENO, r->master) == 0)
			end_of_input(r);
		if (fds[2].revents && copy(r->master, STDOUT_FILENO) == 0)
			fd_cleanup(&r->master), r->input_open = false;
		if (fds[4].revents)
			(void)oci_notify_take(r->cli, r->notify, 0);
		if (fds[1].revents)
			return;
	}
}

/* What it wrote last is in the terminal still. */
static void drain(const struct relay *r)
{
	struct pollfd rest = { .fd = r->master, .events = POLLIN };

	while (r->master >= 0 && poll(&rest, 1, 0) > 0 && (rest.revents & POLLIN) &&
	       copy(r->master, STDOUT_FILENO) > 0)
		;
}

int oci_console_wait(struct oci_cli *cli, int signals, struct runtime_process *process,
		     struct oci_notify *notify)
{
	struct relay r = { .cli = cli,
			   .notify = notify,
			   .signals = signals,
			   .pidfd = process->pidfd,
			   .pid = process->pid,
			   .master = take_fd(&process->console_fd) };
	siginfo_t info = { 0 };

	r.input_open = r.master >= 0;
	make_raw(&r);
	relay_until_exit(&r);
	drain(&r);
	fd_cleanup(&r.master);
	if (r.our_terminal)
		(void)tcsetattr(STDIN_FILENO, TCSADRAIN, &r.saved);
	if (waitid(P_PIDFD, (id_t)process->pidfd, &info, WEXITED) < 0)
		return STATUS_LOST;
	return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}
