/*
 * answer.c - what a child cannot do itself and has done from outside
 *
 * The maps of its user namespace; interfaces of our network; files of procfs that stay the host's
 * root's, because the child cannot be traced; hooks that run in our namespaces; and handing the
 * descriptor of a seccomp filter to its listener, because any system call of the child may have to
 * wait for that listener.
 */
#include "runtime/answer.h"

#include "base/own.h"
#include "base/str.h"
#include "codec/json.h"
#include "runtime/hook.h"
#include "runtime/id_map.h"
#include "runtime/net_device.h"
#include "sys/fd_message.h"
#include "sys/file.h"
#include "sys/proc.h"
#include "sys/userns.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

bool answer_plan(struct answers *a, struct init_plan *p)
{
	if (p->become_root) {
		a->oom_score_adj = p->oom_score_adj;
		a->time_offsets = p->time_offsets;
		p->oom_score_adj = p->time_offsets = NULL;
	}
	p->ask_maps = a->uid_map || a->mappings || a->oom_score_adj || a->time_offsets ||
		      (a->net_devices && a->net_devices->n);
	a->notify = p->notify;
	return p->ask_maps || p->ask_hooks || p->notify;
}

static int put(pid_t pid, const char *file, const char *text, struct err *err)
{
	char path[64];
	int r;

	if (!text)
		return 0;
	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	r = file_put_at(AT_FDCWD, path, text, strlen(text));
	return r < 0 ? err_code(err, r, "%s", path) : 0;
}

static int maps(const struct answers *a, pid_t pid, struct err *err)
{
	int r = a->uid_map ? userns_write_maps(pid, a->uid_map, a->gid_map) : 0;

	if (r < 0)
		return err_code(err, r, "linux.uidMappings, linux.gidMappings");
	if (a->mappings)
		r = id_map_write(pid, a->mappings, err);
	if (r == 0)
		r = put(pid, "timens_offsets", a->time_offsets, err);
	if (r == 0)
		r = put(pid, "oom_score_adj", a->oom_score_adj, err);
	/* Until here an ordinary user had to be let at it. */
	if (a->mappings)
		(void)prctl(PR_SET_DUMPABLE, 0);
	return r < 0 || !a->net_devices ? r : net_device_move(a->net_devices, pid, err);
}

static int hooks(const struct answers *a, pid_t pid, struct err *err)
{
	struct runtime_state state = a->state;
	int r;

	state.pid = pid;
	r = runtime_run_hooks(&a->hooks->prestart, "prestart", &state, false, err);
	if (r == 0)
		r = runtime_run_hooks(&a->hooks->create_runtime, "createRuntime", &state, false,
				      err);
	return r;
}

/* -- the seccomp listener -- */

static bool lets_pass(const char *action)
{
	return str_eq(action, "SCMP_ACT_ALLOW") || str_eq(action, "SCMP_ACT_LOG");
}

/* Does a filter of these rules let the call pass, whatever its arguments are? */
static bool lets_call_pass(const struct oci_seccomp *s, const char *call)
{
	bool named = false;

	for (size_t i = 0; i < s->syscalls.n; i++) {
		const struct oci_syscall *rule = &s->syscalls.items[i];

		if (!strv_has(&rule->names, call))
			continue;
		if (rule->args.n || !lets_pass(rule->action))
			return false;
		named = true;
	}
	return named || lets_pass(s->default_action);
}

int answer_plan_notify(const struct oci_seccomp *rules, bool by_message, struct arena *a,
		       struct init_notify **ret, struct err *err)
{
	struct init_notify *n = arena_new(a, struct init_notify);
	struct fd_message *m;

	*n = (struct init_notify){ .fd = -1 };
	*ret = n;
	if (!by_message)
		return 0;
	if (!lets_call_pass(rules, "sendmsg"))
		return err_set(err, -ENOTSUP,
			       "linux.seccomp: an ordinary user's container hands the filter of "
			       "SCMP_ACT_NOTIFY over by sendmsg, which it would not let pass; "
			       "allow sendmsg");
	m = arena_new(a, struct fd_message);
	fd_message_init(m, INIT_ASK_NOTIFY, 1);
	n->message = &m->header;
	n->fds = m->fds;
	return 0;
}

static int connect_listener(const char *path, int *ret, struct err *err)
{
	OWN(fd) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un to = { .sun_family = AF_UNIX };

	if (fd < 0)
		return err_sys(err, "socket");
	if (strlen(path) >= sizeof(to.sun_path))
		return err_set(err, -ENAMETOOLONG,
			       "linux.seccomp.listenerPath: %s is longer than the %zu bytes of a "
			       "socket's path",
			       path, sizeof(to.sun_path) - 1);
	memcpy(to.sun_path, path, strlen(path) + 1);
	if (connect(fd, (const struct sockaddr *)&to, sizeof(to)) < 0)
		return err_sys(err, "linux.seccomp.listenerPath: %s", path);
	*ret = take_fd(&fd);
	return 0;
}

/* The child puts it in memory; it has died when it does not. */
static int wait_for_filter(struct init_notify *n, int pidfd)
{
	struct pollfd died = { .fd = pidfd, .events = POLLIN };
	int fd;

	while ((fd = __atomic_load_n(&n->fd, __ATOMIC_ACQUIRE)) < 0) {
		if (poll(&died, 1, 0) != 0)
			return -ECHILD;
		(void)nanosleep(&(struct timespec){ .tv_nsec = 50000 }, NULL);
	}
	fd = proc_take_fd(pidfd, fd);
	return fd;
}

/* https://github.com/opencontainers/runtime-spec/blob/main/config-linux.md, "The Container Process
 * State": the descriptor has its name in there. */
static void container_process_state(const struct answers *a, pid_t pid, struct buf *out)
{
	const char *metadata = a->seccomp->listener_metadata;
	OWN(buf) struct buf tail = { 0 };

	buf_printf(out,
		   "{\"ociVersion\":\"" OCI_RUNTIME_SPEC
		   "\",\"fds\":[\"seccompFd\"],\"pid\":%d,\"metadata\":",
		   (int)pid);
	json_quote(metadata ? metadata : "", metadata ? strlen(metadata) : 0, out);
	buf_adds(out, ",\"state\":");
	hook_state(&a->state, out, &tail);
	buf_printf(out, "%d%s}", (int)(a->state.pid ? a->state.pid : pid), buf_text(&tail));
}

static int send_filter(const struct answers *a, pid_t pid, int socket, int filter)
{
	OWN(buf) struct buf text = { 0 };
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { .header = { .cmsg_len = CMSG_LEN(sizeof(int)),
				  .cmsg_level = SOL_SOCKET,
				  .cmsg_type = SCM_RIGHTS } };
	struct iovec iov;
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = sizeof(control) };

	container_process_state(a, pid, &text);
	iov = (struct iovec){ text.data, text.len };
	memcpy(CMSG_DATA(&control.header), &filter, sizeof(filter));
	/* More than a stream takes at once would come without its beginning. */
	return sendmsg(socket, &msg, MSG_NOSIGNAL) == (ssize_t)text.len ? 0 : -errno;
}

static int notify(const struct answers *a, pid_t pid, int talk, struct err *err)
{
	OWN(fd) int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	OWN(fd) int socket = -1, filter = -1;
	int r = connect_listener(a->seccomp->listener_path, &socket, err);

	if (r < 0)
		return r;
	r = child_say_go(talk, err);
	if (r < 0)
		return r;
	if (a->notify->message)
		r = fd_message_receive(talk, &filter, 1);
	else
		r = filter = wait_for_filter(a->notify, pidfd);
	if (r == -ECHILD || r == -ECONNRESET)
		return 0; /* its report says why */
	r = r < 0 ? r : send_filter(a, pid, socket, filter);
	if (r < 0)
		return err_code(err, r, "handing the seccomp filter to %s",
				a->seccomp->listener_path);
	__atomic_store_n(&a->notify->taken, 1, __ATOMIC_RELEASE);
	return 0;
}

int answer(void *ctx, int what, pid_t pid, int talk, struct err *err)
{
	const struct answers *a = ctx;
	int r = -EIO;

	if (what == INIT_ASK_NOTIFY)
		return notify(a, pid, talk, err);
	if (what == INIT_ASK_MAPS)
		r = maps(a, pid, err);
	else if (what == INIT_ASK_HOOKS)
		r = hooks(a, pid, err);
	return r == 0 ? child_say_go(talk, err) : r;
}
