/*
 * floor.c - the cheapest way to a default container: bare system calls, no engine
 *
 *	floor [-p] [-b BRIDGE [-t]] ROOTFS CGROUP [COMMAND…]
 *	floor -p -c STATE ROOTFS CGROUP [COMMAND…]; floor -s STATE; floor -d STATE
 *
 * Makes what `run --rm --network none` needs and nothing else: an overlay over ROOTFS with an upper
 * directory beside it, six namespaces, a control group in every hierarchy, rules for devices, a
 * loopback interface, /proc, /dev with its nodes, devpts, sysfs, cgroup mounts, mqueue, shm, masked
 * and read-only paths, capabilities, a seccomp filter, pivot_root; runs COMMAND (/bin/true) and
 * removes everything. What an engine adds (a store, a name, a log, somebody who watches) is
 *measured against it.
 *
 * With -p (plain) ROOTFS itself is the root and there is no filter: what an OCI runtime does for a
 * bundle, which is not asked for an overlay.
 *
 * With -b it has an interface at BRIDGE, with -t besides a published port (floor_net.h). Somebody
 *has made the bridge and, of the table "ip floor", the map "ports" of inet_proto . inet_service to
 *ipv4_addr . inet_service.
 *
 * With -c it is made and held, by -s it is let go, by -d it ends and is removed: three programs, as
 * an OCI runtime's create, start, delete are three. What the later ones must know is in STATE.
 *
 * The child is born with CLONE_VM and CLONE_VFORK, as a runtime that wants to be fast does it.
 */
#include "floor_net.h"
#include "sys/clone3.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#define V1 "/sys/fs/cgroup/"

enum { STACK = 65536, FILTER_CALLS = 360, HIERARCHIES = 11, DEVICES = 4, UNIFIED = 9 };

static const char *const hierarchies[HIERARCHIES] = {
	"cpu",   "cpuacct", "cpuset",  "memory",  "devices", "freezer",
	"blkio", "pids",    "systemd", "unified", ".",
};

static struct {
	bool plain, port;
	const char *group, *state, *bridge;
	int hold, ready[2]; /* a held one waits at a FIFO, and says in a pipe that it does */
	char **argv;
	char lower[512], upper[512], work[512];
	char groups[HIERARCHIES][256];
	int procs[HIERARCHIES];
	int born; /* the directory of its v2 group, or -1 */
	struct sock_filter filter[FILTER_CALLS + 8];
	struct sock_fprog program;
} plan;

static _Alignas(16) char child_stack[STACK];

static void must(long result, const char *what)
{
	if (result < 0) {
		perror(what);
		_exit(1);
	}
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd >= 0) {
		(void)!write(fd, text, strlen(text));
		(void)close(fd);
	}
}

/* The group that holds the container's, made by the first run and kept. */
static void make_parents(const char *hierarchy)
{
	char path[300];

	for (const char *end = plan.group; *end; end += strcspn(end, "/")) {
		end += *end == '/';
		(void)snprintf(path, sizeof(path), V1 "%s%.*s", hierarchy,
			       (int)(end + strcspn(end, "/") - plan.group), plan.group);
		if (mkdir(path, 0755) == 0 && strcmp(hierarchy, "cpuset") == 0) {
			char file[340];

			(void)snprintf(file, sizeof(file), "%s/cpuset.cpus", path);
			put(file, "0");
			(void)snprintf(file, sizeof(file), "%s/cpuset.mems", path);
			put(file, "0");
		}
	}
}

/* The devices that a container may use; /dev alone would not stop its mknod. */
static void allow_devices(void)
{
	static const char *const allowed[] = { "c *:* m",   "b *:* m",   "c 1:3 rwm",  "c 1:5 rwm",
					       "c 1:7 rwm", "c 1:8 rwm", "c 1:9 rwm",  "c 5:0 rwm",
					       "c 5:1 rwm", "c 5:2 rwm", "c 136:* rwm" };
	char path[340];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/devices.deny", plan.groups[DEVICES]);
	put(path, "a");
	(void)snprintf(path, sizeof(path), "%s/devices.allow", plan.groups[DEVICES]);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	must(fd, path);
	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
		must(write(fd, allowed[i], strlen(allowed[i])), allowed[i]);
	(void)close(fd);
}

/* What each control group costs: its directory, its descriptor; cpuset wants its parent's values.
 */
static void make_groups(void)
{
	plan.born = -1;
	for (int i = 0; i < HIERARCHIES; i++) {
		char path[300];

		plan.procs[i] = -1;
		(void)snprintf(path, sizeof(path), V1 "%s/cgroup.procs", hierarchies[i]);
		if (access(path, F_OK) < 0)
			continue;
		(void)snprintf(plan.groups[i], sizeof(plan.groups[i]), V1 "%s%s-%d", hierarchies[i],
			       plan.group, (int)getpid());
		make_parents(hierarchies[i]);
		must(mkdir(plan.groups[i], 0755), plan.groups[i]);
		if (strcmp(hierarchies[i], "cpuset") == 0) {
			(void)snprintf(path, sizeof(path), "%s/cpuset.cpus", plan.groups[i]);
			put(path, "0");
			(void)snprintf(path, sizeof(path), "%s/cpuset.mems", plan.groups[i]);
			put(path, "0");
		}
		if (i >= UNIFIED) {
			plan.born = open(plan.groups[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
			must(plan.born, plan.groups[i]);
			continue;
		}
		(void)snprintf(path, sizeof(path), "%s/tasks", plan.groups[i]);
		plan.procs[i] = open(path, O_WRONLY | O_CLOEXEC);
	}
	if (plan.procs[DEVICES] >= 0)
		allow_devices();
}

/* As long as a real allow list, compared one by one for calls that are not in front. */
static void make_filter(void)
{
	struct sock_filter *f = plan.filter;

	*f++ = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
					    offsetof(struct seccomp_data, nr));
	for (unsigned i = 0; i < FILTER_CALLS; i += 2) {
		*f++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1000 + i, 0, 1);
		*f++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	}
	*f++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	plan.program.len = (unsigned short)(f - plan.filter);
	plan.program.filter = plan.filter;
}

static void mount_root(void)
{
	char options[2048];

	(void)snprintf(options, sizeof(options), "lowerdir=%s,upperdir=%s,workdir=%s,volatile",
		       plan.lower, plan.upper, plan.work);
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "private");
	if (plan.plain)
		must(mount(plan.lower, plan.lower, NULL, MS_BIND | MS_REC, NULL), "bind");
	else
		must(mount("overlay", plan.lower, "overlay", 0, options), "overlay");
	must(chdir(plan.lower), "chdir");
}

static void make_dev(void)
{
	static const struct {
		const char *path;
		unsigned major, minor;
	} nodes[] = { { "dev/null", 1, 3 },   { "dev/zero", 1, 5 },    { "dev/full", 1, 7 },
		      { "dev/random", 1, 8 }, { "dev/urandom", 1, 9 }, { "dev/tty", 5, 0 } };
	static const char *const links[][2] = { { "/proc/self/fd", "dev/fd" },
						{ "/proc/self/fd/0", "dev/stdin" },
						{ "/proc/self/fd/1", "dev/stdout" },
						{ "/proc/self/fd/2", "dev/stderr" },
						{ "pts/ptmx", "dev/ptmx" } };

	must(mount("tmpfs", "dev", "tmpfs", MS_NOSUID, "mode=755,size=65536k"), "dev");
	must(mkdir("dev/pts", 0755), "pts");
	must(mount("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC,
		   "newinstance,ptmxmode=0666,mode=0620,gid=5"),
	     "devpts");
	must(mkdir("dev/mqueue", 0755), "mqueue");
	must(mount("mqueue", "dev/mqueue", "mqueue", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL),
	     "mqueue");
	must(mkdir("dev/shm", 0755), "shm");
	must(mount("shm", "dev/shm", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
		   "mode=1777,size=65536k"),
	     "shm");
	for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++)
		must(mknod(nodes[i].path, S_IFCHR | 0666, makedev(nodes[i].major, nodes[i].minor)),
		     nodes[i].path);
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		must(symlink(links[i][0], links[i][1]), links[i][1]);
}

static void mount_system(void)
{
	must(mount("proc", "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL), "proc");
	must(mount("sysfs", "sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY, NULL),
	     "sysfs");
	must(mount("tmpfs", "sys/fs/cgroup", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=755"),
	     "cgroup");
	for (int i = 0; i < HIERARCHIES; i++) {
		char target[300];

		if (plan.procs[i] < 0)
			continue;
		(void)snprintf(target, sizeof(target), "sys/fs/cgroup/%s", hierarchies[i]);
		(void)mkdir(target, 0755);
		must(mount(plan.groups[i], target, NULL, MS_BIND, NULL), target);
		must(mount(NULL, target, NULL,
			   MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
			   NULL),
		     target);
	}
}

static void mask(void)
{
	static const char *const readonly[] = { "proc/bus", "proc/fs", "proc/irq", "proc/sys" };
	static const char *const files[] = { "proc/kcore", "proc/keys", "proc/timer_list",
					     "proc/interrupts" };
	static const char *const directories[] = { "proc/acpi", "proc/scsi", "sys/firmware" };

	for (size_t i = 0; i < sizeof(readonly) / sizeof(readonly[0]); i++) {
		if (mount(readonly[i], readonly[i], NULL, MS_BIND, NULL) == 0)
			(void)mount(NULL, readonly[i], NULL, MS_BIND | MS_REMOUNT | MS_RDONLY,
				    NULL);
	}
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		(void)mount("dev/null", files[i], NULL, MS_BIND, NULL);
	for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++)
		(void)mount("tmpfs", directories[i], "tmpfs", MS_RDONLY, NULL);
}

static void drop_privileges(void)
{
	const uint64_t keep = 0x00000000a80425fbULL;
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2] = { { (uint32_t)keep, (uint32_t)keep, 0 },
						  { 0, 0, 0 } };

	if (!plan.plain)
		must(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &plan.program), "seccomp");
	for (int bit = 0; bit <= 40; bit++)
		if (!(keep & (1ULL << bit)))
			(void)prctl(PR_CAPBSET_DROP, bit, 0, 0, 0);
	must(syscall(SYS_capset, &header, data), "capset");
}

static void loopback_up(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	must(fd, "socket");
	must(ioctl(fd, SIOCSIFFLAGS, &lo), "lo");
	(void)close(fd);
}

static int child(void *unused)
{
	(void)unused;
	for (int i = 0; i < HIERARCHIES; i++)
		if (plan.procs[i] >= 0)
			must(write(plan.procs[i], "0", 1), plan.groups[i]);
	must(unshare(CLONE_NEWCGROUP), "unshare");
	must(sethostname("floor", 5), "sethostname");
	if (plan.bridge)
		floor_net_attach();
	else
		loopback_up();
	mount_root();
	make_dev();
	mount_system();
	must(syscall(SYS_pivot_root, ".", "."), "pivot_root");
	must(umount2(".", MNT_DETACH), "umount");
	must(chdir("/"), "chdir");
	mask();
	drop_privileges();
	if (plan.state) {
		char go;

		must(write(plan.ready[1], "r", 1), "ready");
		must(read(plan.hold, &go, 1), "go");
	}
	(void)execv(plan.argv[0], plan.argv);
	_exit(127);
}

static void remove_all(void)
{
	char path[600];

	for (int i = 0; i < HIERARCHIES; i++)
		for (int n = 0;
		     *plan.groups[i] && rmdir(plan.groups[i]) < 0 && errno == EBUSY && n < 1000;
		     n++)
			(void)usleep(500);
	if (plan.plain)
		return;
	(void)rmdir(plan.upper);
	(void)snprintf(path, sizeof(path), "%s/work/incompat/volatile/dirty", plan.work);
	(void)unlink(path);
	(void)snprintf(path, sizeof(path), "%s/work/incompat/volatile", plan.work);
	(void)rmdir(path);
	(void)snprintf(path, sizeof(path), "%s/work/incompat", plan.work);
	(void)rmdir(path);
	(void)snprintf(path, sizeof(path), "%s/work", plan.work);
	(void)rmdir(path);
	(void)rmdir(plan.work);
}

/* -- create, start, delete -- */

static const char *in_state(const char *name)
{
	static char path[600];

	(void)snprintf(path, sizeof(path), "%s/%s", plan.state, name);
	return path;
}

static void prepare_hold(void)
{
	must(mkdir(plan.state, 0700), plan.state);
	must(mkfifo(in_state("go"), 0600), "mkfifo");
	plan.hold = open(in_state("go"), O_RDWR | O_CLOEXEC);
	must(plan.hold, "go");
	must(pipe2(plan.ready, O_CLOEXEC), "pipe");
}

/* Its process, and its groups. */
static void keep(pid_t pid)
{
	FILE *f;
	char ready;

	must(read(plan.ready[0], &ready, 1) == 1 ? 0 : -1, "container");
	f = fopen(in_state("made"), "we");
	must(f ? 0 : -1, "made");
	(void)fprintf(f, "%d\n", (int)pid);
	for (int i = 0; i < HIERARCHIES; i++)
		if (*plan.groups[i])
			(void)fprintf(f, "%s\n", plan.groups[i]);
	(void)fclose(f);
}

static int start(void)
{
	int fd = open(in_state("go"), O_WRONLY | O_CLOEXEC);

	must(fd, "go");
	must(write(fd, "g", 1), "go");
	return 0;
}

static int delete (void)
{
	FILE *f = fopen(in_state("made"), "re");
	struct pollfd ended = { .events = POLLIN };
	char line[256];

	must(f && fgets(line, sizeof(line), f) ? 0 : -1, "made");
	ended.fd = (int)syscall(SYS_pidfd_open, strtol(line, NULL, 10), 0);
	if (ended.fd >= 0) {
		(void)syscall(SYS_pidfd_send_signal, ended.fd, SIGKILL, NULL, 0);
		(void)poll(&ended, 1, 1000);
	}
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		for (int n = 0; rmdir(line) < 0 && errno == EBUSY && n < 1000; n++)
			(void)usleep(500);
	}
	(void)fclose(f);
	(void)unlink(in_state("go"));
	(void)unlink(in_state("made"));
	return rmdir(plan.state);
}

static int usage(void)
{
	(void)fprintf(stderr,
		      "usage: floor [-p [-c STATE]] [-b BRIDGE [-t]] ROOTFS CGROUP [COMMAND…]\n"
		      "       floor -s STATE | -d STATE\n");
	return 2;
}

int main(int argc, char **argv)
{
	static char *truth[] = { "/bin/true", NULL };
	struct clone3_request birth = { .flags = CLONE_VM | CLONE_VFORK | CLONE_NEWNS |
						 CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWUTS |
						 CLONE_NEWIPC,
					.stack = child_stack,
					.stack_size = STACK,
					.run = child };
	int status = 0, option, todo = 0;
	pid_t pid;

	while ((option = getopt(argc, argv, "+ptb:c:s:d:")) >= 0) {
		if (option == '?')
			return usage();
		if (option == 'p') {
			plan.plain = true;
		} else if (option == 't') {
			plan.port = true;
		} else if (option == 'b') {
			plan.bridge = optarg;
		} else {
			todo = option;
			plan.state = optarg;
		}
	}
	if (todo == 's' || todo == 'd')
		return todo == 's' ? start() : delete ();
	if (argc - optind < 2)
		return usage();
	argv += optind;
	plan.group = argv[1];
	plan.argv = argv[2] ? argv + 2 : truth;
	(void)snprintf(plan.lower, sizeof(plan.lower), "%s", argv[0]);
	(void)snprintf(plan.upper, sizeof(plan.upper), "%s.upper.%d", argv[0], (int)getpid());
	(void)snprintf(plan.work, sizeof(plan.work), "%s.work.%d", argv[0], (int)getpid());
	if (plan.state) {
		prepare_hold();
		birth.flags &= ~(uint64_t)(CLONE_VM | CLONE_VFORK);
	}
	make_groups();
	if (!plan.plain) {
		must(mkdir(plan.upper, 0755), "upper");
		must(mkdir(plan.work, 0755), "work");
		make_filter();
	}
	if (plan.bridge)
		floor_net_open(plan.bridge, plan.port);
	if (plan.port)
		floor_net_publish();
	birth.cgroup_dir = plan.born;
	pid = clone3_start(&birth);
	must(pid, "clone");
	if (plan.state) {
		keep(pid);
		return 0;
	}
	must(waitpid(pid, &status, 0), "wait");
	if (plan.port)
		floor_net_unpublish();
	remove_all();
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}
