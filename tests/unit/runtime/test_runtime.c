/*
 * test_runtime.c - real containers: what they see, what hostile images reach, what is left
 *
 * Needs root and a static busybox; without them every test is skipped.
 */
#include "check.h"

#include "base/own.h"
#include "cgroup/cgroup.h"
#include "runtime/runtime.h"
#include "sys/file.h"
#include "sys/rmtree.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define CGROUP_PARENT "/berth-unit"
#define CGROUP        CGROUP_PARENT "/c"
#define BUSYBOX       "/bin/busybox"
#define PATH_ENV      "\"PATH=/bin:/sbin\""

static char scratch[] = "/tmp/runtime.XXXXXX";
static int dir = -1, rootfs = -1;
static struct arena a;
static struct err err;
static int exit_code;
static struct runtime_process process;
static struct runtime_overlay overlay;
static char output[16384];

/* What varies from test to test; NULL: nothing more than the usual. */
struct box {
	const char *script;                    /* run by sh, unless args is given */
	const char *args;                      /* JSON array */
	const char *user, *cwd;                /* JSON object; absolute path */
	const char *process, *mounts, *linux_; /* JSON members to add; mounts begin with a comma */
	bool hold, die_with_parent, overlay;
	const int *preserve_fds;
	size_t n_preserve_fds;
};

static const char *or_empty(const char *s)
{
	return s ? s : "";
}

/* A script as a JSON array of arguments. The scripts hold no quotes that JSON would mind. */
static const char *arguments(const struct box *b)
{
	return b->args ? b->args : arena_printf(&a, "[\"sh\",\"-c\",\"%s\"]", b->script);
}

static struct oci_config *config_of(const struct box *b)
{
	struct oci_config *c = arena_new(&a, struct oci_config);
	const char *json = arena_printf(
		&a,
		"{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"rootfs\"},\"hostname\":\"box\","
		"\"process\":{\"user\":%s,\"cwd\":\"%s\",\"env\":[" PATH_ENV
		"],\"args\":%s%s},\"mounts\":["
		"{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\"},"
		"{\"destination\":\"/dev\",\"type\":\"tmpfs\",\"options\":[\"mode=755\"]},"
		"{\"destination\":\"/dev/pts\",\"type\":\"devpts\",\"options\":[\"newinstance\","
		"\"ptmxmode=0666\",\"mode=0620\",\"gid=5\"]},"
		"{\"destination\":\"/sys\",\"type\":\"sysfs\",\"options\":[\"ro\"]},"
		"{\"destination\":\"/sys/fs/cgroup\",\"type\":\"cgroup\",\"options\":[\"ro\"]}%s],"
		"\"linux\":{\"namespaces\":[{\"type\":\"mount\"},{\"type\":\"pid\"},"
		"{\"type\":\"network\"},{\"type\":\"uts\"},{\"type\":\"ipc\"},{\"type\":\"cgroup\"}]"
		"%s}}",
		b->user ? b->user : "{\"uid\":0,\"gid\":0}", b->cwd ? b->cwd : "/", arguments(b),
		or_empty(b->process), or_empty(b->mounts), or_empty(b->linux_));

	CHECK_OK(schema_read(&oci_config_schema, json, strlen(json), &a, c, &err));
	return c;
}

static int start(const struct box *b, int out)
{
	OWN(fd) int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct runtime_start s = {
		.config = config_of(b),
		.bundle = scratch,
		.overlay = b->overlay ? &overlay : NULL,
		.cgroup = CGROUP,
		.stdin_fd = null,
		.stdout_fd = out,
		.stderr_fd = out,
		.hold = b->hold,
		.die_with_parent = b->die_with_parent,
		.preserve_fds = b->preserve_fds,
		.n_preserve_fds = b->n_preserve_fds,
	};

	err = (struct err)ERR_INIT;
	return runtime_start(&s, &a, &process, &exit_code, &err);
}

static void read_output(int fd)
{
	size_t len = 0;
	ssize_t n;

	while (len < sizeof(output) - 1 &&
	       (n = read(fd, output + len, sizeof(output) - 1 - len)) > 0)
		len += (size_t)n;
	output[len] = '\0';
}

/* The exit status of what runs in process, which is gone afterwards with its control group. */
static int finish(void)
{
	int status;

	CHECK_INT(waitpid(process.pid, &status, 0), process.pid);
	(void)close(process.pidfd);
	CHECK_OK(cgroup_teardown(CGROUP, &err));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Runs a box to its end; what it wrote is in output. -1: did not start, see err and exit_code. */
static int run(const struct box *b)
{
	int pipe_fds[2];
	int r;

	CHECK_OK(pipe2(pipe_fds, O_CLOEXEC));
	r = start(b, pipe_fds[1]);
	(void)close(pipe_fds[1]);
	if (r == 0)
		read_output(pipe_fds[0]);
	(void)close(pipe_fds[0]);
	return r == 0 ? finish() : -1;
}

static int run_script(const char *script)
{
	return run(&(struct box){ .script = script });
}

static void check_contains(const char *text)
{
	if (!strstr(output, text))
		fail_msg("output \"%s\" lacks \"%s\"", output, text);
}

static void check_nothing_left(void)
{
	OWN(str) char *mounts = NULL;
	pid_t *pids;
	size_t n;

	CHECK_INT(cgroup_pids(CGROUP, &a, &pids, &n, NULL), -ENOENT);
	CHECK_INT(waitpid(-1, NULL, WNOHANG), -1);
	CHECK_OK(file_read_at(AT_FDCWD, "/proc/self/mountinfo", 1 << 20, &mounts, NULL));
	CHECK_NULL(strstr(mounts, scratch));
}

TEST(a_program_runs_and_its_status_comes_back)
{
	CHECK_INT(run_script("echo hello; exit 7"), 7);
	CHECK_STR(output, "hello\n");
	check_nothing_left();
}

TEST(a_container_is_alone)
{
	CHECK_INT(run_script("echo pid $$; hostname; cat /proc/1/comm; ip -o link | wc -l; "
			     "cat /proc/self/cgroup | grep -vc ':/$'; ls /proc/self/fd | wc -l"),
		  0);
	/* ls has the directory open that it lists. */
	CHECK_STR(output, "pid 1\nbox\nsh\n1\n0\n4\n");
}

TEST(the_loopback_device_is_up)
{
	CHECK_INT(run_script("ip -o link show lo"), 0);
	check_contains("LOOPBACK,UP");
}

TEST(devices_and_their_links_are_there)
{
	CHECK_INT(
		run_script(
			"for d in null zero full random urandom tty; do [ -c /dev/$d ] || "
			"exit 1; done; readlink /dev/ptmx; readlink /dev/stdout; echo x >/dev/null"),
		0);
	CHECK_STR(output, "pts/ptmx\n/proc/self/fd/1\n");
}

TEST(what_does_not_run_is_said_as_docker_says_it)
{
	static const struct {
		const char *args, *words;
		int code;
	} rows[] = {
		{ "[\"nosuch\"]", "exec: \"nosuch\": executable file not found in $PATH", 127 },
		{ "[\"/nosuch\"]", "exec: \"/nosuch\": stat /nosuch: no such file or directory",
		  127 },
		{ "[\"/bin\"]", "exec: \"/bin\": is a directory", 126 },
		{ "[\"/plain\"]", "exec: \"/plain\": permission denied", 126 },
		{ "[\"/garbage\"]", "exec /garbage: exec format error", 126 },
		{ "[\"/orphan\"]", "exec /orphan: no such file or directory", 127 },
	};

	CHECK_OK(file_write_at(rootfs, "plain", "x", 1, 0644, 0));
	CHECK_OK(file_write_at(rootfs, "garbage", "x", 1, 0755, 0));
	CHECK_OK(file_write_at(rootfs, "orphan", "#!/nowhere\n", 11, 0755, 0));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CHECK_INT(run(&(struct box){ .args = rows[i].args }), -1);
		CHECK_INT(exit_code, rows[i].code);
		CHECK(strstr(err.msg, rows[i].words));
	}
	check_nothing_left();
}

TEST(a_user_has_its_ids_and_no_capabilities)
{
	CHECK_INT(run(&(struct box){
			  .script = "id -u; id -g; id -G; umask; grep CapEff /proc/self/status",
			  .user = "{\"uid\":1000,\"gid\":100,\"umask\":63,"
				  "\"additionalGids\":[7]}" }),
		  0);
	CHECK_STR(output, "1000\n100\n100 7\n0077\nCapEff:\t0000000000000000\n");
}

TEST(capabilities_are_what_was_asked_for)
{
	CHECK_INT(run(&(struct box){
			  .script = "grep Cap /proc/self/status | cut -f2 | tr -d 0 | tr '\\n' ,",
			  .process = ",\"capabilities\":{\"bounding\":[\"CAP_CHOWN\",\"CAP_KILL\"],"
				     "\"permitted\":[\"CAP_CHOWN\",\"CAP_KILL\"],"
				     "\"effective\":[\"CAP_CHOWN\"]}" }),
		  0);
	/* inheritable, permitted, effective (root regains it by execve), bounding, ambient */
	CHECK_STR(output, ",21,21,21,,");
}

TEST(a_working_directory_is_made)
{
	CHECK_INT(run(&(struct box){ .script = "pwd", .cwd = "/made/for/it" }), 0);
	CHECK_STR(output, "/made/for/it\n");
}

TEST(masks_and_read_only_paths_hold)
{
	CHECK_INT(
		run(&(struct box){
			.script = "cat /proc/keys | wc -c; ls /proc/acpi | wc -l; "
				  "echo 1 >/proc/sys/kernel/panic || echo denied",
			.linux_ =
				",\"maskedPaths\":[\"/proc/keys\",\"/proc/acpi\",\"/sys/firmware\","
				"\"/proc/nosuch\"],\"readonlyPaths\":[\"/proc/sys\"]" }),
		0);
	CHECK_INT(strncmp(output, "0\n0\n", 4), 0);
	check_contains("denied");
}

TEST(a_device_that_is_something_else_is_refused)
{
	CHECK_OK(file_write_at(rootfs, "fake", "fake", 4, 0644, 0));
	CHECK_INT(run(&(struct box){
			  .script = "true",
			  .mounts = ",{\"destination\":\"/dev/null\",\"source\":\"rootfs/fake\","
				    "\"options\":[\"bind\"]}",
			  .linux_ = ",\"maskedPaths\":[\"/proc/keys\"]" }),
		  -1);
	CHECK(strstr(err.msg, "make device /dev/null: File exists"));
	CHECK_INT(run(&(struct box){
			  .script = "true",
			  .mounts = ",{\"destination\":\"/dev/null\",\"source\":\"/dev/null\","
				    "\"options\":[\"bind\"]}" }),
		  0);
}

TEST(a_read_only_bind_is_read_only)
{
	CHECK_OK(mkdirat(dir, "volume", 0755));
	CHECK_INT(run(&(struct box){
			  .script = "echo x >/data/deep/file && exit 1; touch /rw/file",
			  .mounts = ",{\"destination\":\"/data/deep\",\"source\":\"volume\","
				    "\"options\":[\"rbind\",\"ro\"]},"
				    "{\"destination\":\"/rw\",\"source\":\"volume\","
				    "\"options\":[\"bind\"]}" }),
		  0);
	CHECK_OK(faccessat(dir, "volume/file", F_OK, 0));
}

TEST(a_link_in_the_image_does_not_lead_a_mount_outside)
{
	CHECK_OK(symlinkat("/../../../../tmp/inside", rootfs, "trap"));
	CHECK_INT(run(&(struct box){ .script = "cat /tmp/inside/secret",
				     .mounts = ",{\"destination\":\"/trap\",\"source\":\"volume\","
					       "\"options\":[\"bind\"]}" }),
		  1);
	CHECK_OK(faccessat(rootfs, "tmp/inside", F_OK, 0));
	CHECK_INT(access("/tmp/inside", F_OK), -1);
}

TEST(a_link_through_procfs_leads_nowhere)
{
	CHECK_OK(symlinkat("/proc/self/fd/3/x", rootfs, "magic"));
	CHECK_INT(run(&(struct box){ .script = "true",
				     .mounts = ",{\"destination\":\"/magic\",\"source\":\"volume\","
					       "\"options\":[\"bind\"]}" }),
		  -1);
	CHECK_INT(run(&(struct box){ .script = "true", .cwd = "/proc/self/fd/3" }), -1);
	CHECK(strstr(err.msg, "working directory"));
	check_nothing_left();
}

TEST(a_preserved_directory_is_no_working_directory)
{
	OWN(fd) int host = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	CHECK_INT(run(&(struct box){ .script = "true",
				     .cwd = "/proc/self/fd/3",
				     .preserve_fds = &host,
				     .n_preserve_fds = 1 }),
		  -1);
}

TEST(preserved_descriptors_arrive_in_order)
{
	OWN(fd) int one = openat(rootfs, "fake", O_RDONLY | O_CLOEXEC);
	OWN(fd) int two = openat(rootfs, "plain", O_RDONLY | O_CLOEXEC);
	const int fds[] = { two, one };

	CHECK_INT(run(&(struct box){ .script = "cat <&3; cat <&4; ls /proc/self/fd | wc -l",
				     .preserve_fds = fds,
				     .n_preserve_fds = 2 }),
		  0);
	CHECK_STR(output, "xfake6\n");
}

/* The image's own directory is put aside and back again. */
static void check_refused_as_link(const char *name, const char *target, const char *words)
{
	CHECK_OK(renameat(rootfs, name, rootfs, "aside"));
	CHECK_OK(symlinkat(target, rootfs, name));
	CHECK_INT(run_script("true"), -1);
	CHECK(strstr(err.msg, words));
	CHECK_OK(unlinkat(rootfs, name, 0));
	CHECK_OK(renameat(rootfs, "aside", rootfs, name));
}

TEST(system_directories_must_be_real)
{
	check_refused_as_link("proc", "/tmp", "mount /proc: the image has a link there");
	check_refused_as_link("dev", "/tmp", "mount /dev: the image has a link there");
	check_refused_as_link("sys", "/tmp", "mount /sys: the image has a link there");
	CHECK_INT(faccessat(rootfs, "tmp/null", F_OK, 0), -1);
}

TEST(nothing_is_mounted_over_procfs)
{
	CHECK_OK(symlinkat("/proc/sys", rootfs, "sneaky"));
	CHECK_INT(run(&(struct box){ .script = "true",
				     .mounts =
					     ",{\"destination\":\"/sneaky\",\"source\":\"volume\","
					     "\"options\":[\"bind\"]}" }),
		  -1);
	CHECK(strstr(err.msg, "in procfs"));
	CHECK_INT(run(&(struct box){ .script = "cat /proc/meminfo",
				     .mounts = ",{\"destination\":\"/proc/meminfo\",\"source\":"
					       "\"rootfs/fake\",\"options\":[\"bind\"]}" }),
		  0);
	CHECK_STR(output, "fake");
}

TEST(an_overlay_takes_what_is_written)
{
	const char *lower[] = { arena_printf(&a, "%s/rootfs", scratch), NULL };
	struct strv layers = { lower, 1 };

	CHECK_OK(mkdirat(dir, "upper", 0755));
	CHECK_OK(mkdirat(dir, "work", 0755));
	overlay = (struct runtime_overlay){ .lower = &layers,
					    .upper = arena_printf(&a, "%s/upper", scratch),
					    .work = arena_printf(&a, "%s/work", scratch),
					    .is_volatile = true };
	CHECK_INT(run(&(struct box){ .script = "echo x >/written", .overlay = true }), 0);
	CHECK_OK(faccessat(dir, "upper/written", F_OK, 0));
	CHECK_INT(faccessat(rootfs, "written", F_OK, 0), -1);
	check_nothing_left();
}

TEST(a_terminal_is_the_containers_own)
{
	CHECK_OK(start(
		&(struct box){ .script =
				       "tty; stty size; test -c /dev/console && echo hi >/dev/tty",
			       .process = ",\"terminal\":true,\"consoleSize\":{\"height\":33,"
					  "\"width\":77}" },
		-1));
	CHECK(process.console_fd >= 0);
	read_output(process.console_fd);
	(void)close(process.console_fd);
	CHECK_INT(finish(), 0);
	CHECK_STR(output, "/dev/pts/0\r\n33 77\r\nhi\r\n");
}

TEST(a_held_container_runs_when_it_is_released)
{
	int pipe_fds[2];

	CHECK_OK(pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK));
	CHECK_OK(start(&(struct box){ .script = "echo now", .hold = true }, pipe_fds[1]));
	(void)close(pipe_fds[1]);
	(void)usleep(50000);
	CHECK_INT(read(pipe_fds[0], output, sizeof(output)), -1);
	CHECK_OK(runtime_release(&process, &exit_code, &err));
	CHECK_INT(finish(), 0);
	read_output(pipe_fds[0]);
	(void)close(pipe_fds[0]);
	CHECK_STR(output, "now\n");
}

TEST(somebody_else_can_release_it_once)
{
	struct runtime_process other;
	struct err e = ERR_INIT;

	CHECK_OK(start(&(struct box){ .script = "exit 3", .hold = true }, STDERR_FILENO));
	(void)close(process.hold_fd);
	CHECK_INT(runtime_reattach(process.pid, process.start_time + 1, -1, &other, &e), -ESRCH);
	CHECK_OK(runtime_reattach(process.pid, process.start_time, -1, &other, &err));
	CHECK_OK(runtime_release(&other, &exit_code, &err));
	(void)close(other.pidfd);
	CHECK_INT(finish(), 3);
}

TEST(a_program_that_is_not_there_is_named_before_it_is_held)
{
	CHECK_ERR(start(&(struct box){ .args = "[\"nosuch\"]", .hold = true }, STDERR_FILENO),
		  -ENOENT, &err, "exec: \"nosuch\": executable file not found in $PATH");
	CHECK_INT(exit_code, 127);
}

/* Runs a script in the container of process, with the given uid. */
static int exec_script(const char *script, unsigned uid)
{
	struct runtime_process p = { .pidfd = -1 };
	struct oci_process *wanted = arena_new(&a, struct oci_process);
	const char *json =
		arena_printf(&a,
			     "{\"user\":{\"uid\":%u,\"gid\":0},\"cwd\":\"/\",\"env\":[" PATH_ENV
			     "],\"args\":[\"sh\",\"-c\",\"%s\"]}",
			     uid, script);
	struct runtime_exec x = { .init_pid = process.pid,
				  .init_start = process.start_time,
				  .cgroup = CGROUP,
				  .process = wanted,
				  .stdin_fd = STDIN_FILENO };
	int pipe_fds[2], status, r;

	CHECK_OK(schema_read(&oci_process_schema, json, strlen(json), &a, wanted, &err));
	CHECK_OK(pipe2(pipe_fds, O_CLOEXEC));
	x.stdout_fd = x.stderr_fd = pipe_fds[1];
	r = runtime_exec(&x, &a, &p, &exit_code, &err);
	(void)close(pipe_fds[1]);
	if (r == 0) {
		read_output(pipe_fds[0]);
		CHECK_INT(waitpid(p.pid, &status, 0), p.pid);
		r = WEXITSTATUS(status);
		(void)close(p.pidfd);
	}
	(void)close(pipe_fds[0]);
	return r;
}

TEST(another_process_joins_a_container)
{
	OWN(fd) int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	CHECK_OK(start(&(struct box){ .args = "[\"sleep\",\"1000\"]" }, null));
	CHECK_INT(
		exec_script(
			"hostname; id -u; cat /proc/1/comm; cat /proc/self/cgroup | grep -vc ':/$';"
			"readlink /proc/self/exe; ls /proc/self/fd | wc -l; exit 9",
			1000),
		9);
	CHECK_STR(output, "box\n1000\nsleep\n0\n/bin/busybox\n4\n");
	CHECK_OK(cgroup_freeze(CGROUP, true, &err));
	CHECK_INT(exec_script("true", 0), -EBUSY);
	CHECK_OK(cgroup_freeze(CGROUP, false, &err));
	CHECK_OK(kill(process.pid, SIGKILL));
	CHECK_INT(finish(), 128 + SIGKILL);
	CHECK_INT(exec_script("true", 0), -ESRCH);
	/* We are still in our own PID namespace. */
	CHECK_INT(run_script("true"), 0);
}

TEST(a_container_dies_with_its_parent)
{
	OWN(fd) int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	pid_t parent, orphan;
	int status;

	CHECK_OK(prctl(PR_SET_CHILD_SUBREAPER, 1));
	parent = fork();
	if (parent == 0) {
		if (start(&(struct box){ .args = "[\"sleep\",\"1000\"]", .die_with_parent = true },
			  null) < 0)
			_exit(1);
		(void)raise(SIGKILL);
	}
	CHECK_INT(waitpid(parent, &status, 0), parent);
	CHECK(WIFSIGNALED(status));
	orphan = waitpid(-1, &status, 0);
	CHECK(orphan > 0 && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	CHECK_OK(prctl(PR_SET_CHILD_SUBREAPER, 0));
	CHECK_OK(cgroup_teardown(CGROUP, &err));
}

TEST(ignored_signals_and_masks_are_not_inherited)
{
	sigset_t blocked, before;

	(void)sigemptyset(&blocked);
	(void)sigaddset(&blocked, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &blocked, &before);
	(void)signal(SIGPIPE, SIG_IGN);
	CHECK_INT(run_script("grep -e SigIgn -e SigBlk /proc/self/status | cut -f2 | tr -d 0"), 0);
	(void)signal(SIGPIPE, SIG_DFL);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	CHECK_STR(output, "\n\n");
}

/* -- the image -- */

static int copy_busybox(void)
{
	OWN(fd) int from = open(BUSYBOX, O_RDONLY | O_CLOEXEC);
	OWN(fd) int to = openat(rootfs, "bin/busybox", O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	struct stat st;
	off_t at = 0;

	if (from < 0 || to < 0 || fstat(from, &st) < 0)
		return -1;
	while (at < st.st_size)
		if (sendfile(to, from, &at, (size_t)(st.st_size - at)) <= 0)
			return -1;
	return 0;
}

static int setup(void **state)
{
	static const char *const dirs[] = { "bin", "proc", "dev", "sys", "tmp" };
	static const char *const tools[] = { "sh",    "cat",      "ls",       "id",   "ip",
					     "wc",    "grep",     "cut",      "tr",   "tty",
					     "stty",  "echo",     "true",     "pwd",  "sleep",
					     "umask", "hostname", "readlink", "test", "touch" };
	char path[64];

	(void)state;
	if (!mkdtemp(scratch))
		return -1;
	dir = open(scratch, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	if (dir < 0 || chmod(scratch, 0755) < 0 || mkdirat(dir, "rootfs", 0755) < 0)
		return -1;
	rootfs = openat(dir, "rootfs", O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		if (mkdirat(rootfs, dirs[i], 0755) < 0)
			return -1;
	for (size_t i = 0; i < sizeof(tools) / sizeof(tools[0]); i++) {
		(void)snprintf(path, sizeof(path), "bin/%s", tools[i]);
		if (symlinkat("busybox", rootfs, path) < 0)
			return -1;
	}
	return copy_busybox();
}

static int teardown(void **state)
{
	(void)state;
	(void)rmtree_contents(dir);
	(void)close(rootfs);
	(void)close(dir);
	(void)cgroup_teardown(CGROUP_PARENT, NULL);
	arena_done(&a);
	return rmdir(scratch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_program_runs_and_its_status_comes_back),
		T(a_container_is_alone),
		T(the_loopback_device_is_up),
		T(devices_and_their_links_are_there),
		T(what_does_not_run_is_said_as_docker_says_it),
		T(a_user_has_its_ids_and_no_capabilities),
		T(capabilities_are_what_was_asked_for),
		T(a_working_directory_is_made),
		T(masks_and_read_only_paths_hold),
		T(a_device_that_is_something_else_is_refused),
		T(a_read_only_bind_is_read_only),
		T(a_link_in_the_image_does_not_lead_a_mount_outside),
		T(a_link_through_procfs_leads_nowhere),
		T(a_preserved_directory_is_no_working_directory),
		T(preserved_descriptors_arrive_in_order),
		T(system_directories_must_be_real),
		T(nothing_is_mounted_over_procfs),
		T(an_overlay_takes_what_is_written),
		T(a_terminal_is_the_containers_own),
		T(a_held_container_runs_when_it_is_released),
		T(somebody_else_can_release_it_once),
		T(a_program_that_is_not_there_is_named_before_it_is_held),
		T(another_process_joins_a_container),
		T(a_container_dies_with_its_parent),
		T(ignored_signals_and_masks_are_not_inherited),
	};

	if (geteuid() != 0 || access(BUSYBOX, X_OK) < 0) {
		(void)printf("skipped: needs root and " BUSYBOX "\n[  PASSED  ] 0 test(s).\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, setup, teardown);
}
