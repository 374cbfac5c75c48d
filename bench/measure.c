/*
 * measure.c - runs several commands in turn and prints what each costs, as ratios to the first
 *
 *	measure ROUNDS[:PAUSE] NAME GROUP COMMAND… [:: NAME GROUP COMMAND…]…
 *
 * GROUP is a cpuacct control group (beneath the hierarchy, "bench/berth") that the command is
 * born in. What belongs to a contestant but is not its child (a daemon, the container itself) is
 * in groups below the same one, so the group's usage is the CPU time of everything involved.
 *
 * Wall time is taken for each round; the median and the minimum are printed, and the largest
 * resident set of the command and of whom it waited for. CPU time is the group's usage over all
 * rounds, divided by their number, after a second for what a command leaves to be done behind it;
 *and the median of what it grew by from one start to the next, which what happens seldom does not
 *touch. PAUSE milliseconds (0) before each command let the kernel finish, unmeasured, what the one
 *before left to it: network namespaces, control groups. The commands take turns, so a machine whose
 *speed drifts is fair to all.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CONTESTANTS_MAX = 16, ROUNDS_MAX = 2000, FAILED = 111 };

struct contestant {
	const char *name;
	char dir[PATH_MAX];
	char **argv;
	double wall_ms[ROUNDS_MAX];
	uint64_t cpu_before_ns[ROUNDS_MAX + 1]; /* each round, and after the last */
	long peak_kb;
	int failures;
};

static const char *cpuacct(void)
{
	return access("/sys/fs/cgroup/cpuacct", F_OK) == 0 ? "/sys/fs/cgroup/cpuacct"
							   : "/sys/fs/cgroup/cpu,cpuacct";
}

static double now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static uint64_t usage_ns(const struct contestant *c)
{
	char path[PATH_MAX + 32], text[64] = "";
	int fd;

	(void)snprintf(path, sizeof(path), "%s/cpuacct.usage", c->dir);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		(void)!read(fd, text, sizeof(text) - 1);
		(void)close(fd);
	}
	return strtoull(text, NULL, 10);
}

static void make_group(struct contestant *c, const char *group)
{
	char *slash;

	(void)snprintf(c->dir, sizeof(c->dir), "%s/%s", cpuacct(), group);
	for (slash = c->dir + strlen(cpuacct()) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		(void)mkdir(c->dir, 0755);
		*slash = '/';
	}
	if (mkdir(c->dir, 0755) < 0 && errno != EEXIST) {
		perror(c->dir);
		exit(1);
	}
}

_Noreturn static void child(const struct contestant *c)
{
	char path[PATH_MAX + 32];
	int fd, null = open("/dev/null", O_RDWR);

	/* Not cgroup.procs, which waits for every processor and would count for the command. */
	(void)snprintf(path, sizeof(path), "%s/tasks", c->dir);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "0", 1) != 1)
		_exit(FAILED);
	(void)dup2(null, STDIN_FILENO);
	(void)dup2(null, STDOUT_FILENO);
	(void)execvp(c->argv[0], c->argv);
	_exit(FAILED);
}

static void run(struct contestant *c, int round, long pause_ms)
{
	double start;
	pid_t pid;
	struct rusage usage = { .ru_maxrss = 0 };
	int status = 0;

	(void)usleep((useconds_t)(pause_ms * 1000));
	c->cpu_before_ns[round] = usage_ns(c);
	start = now_ms();
	pid = fork();
	if (pid == 0)
		child(c);
	if (pid < 0 || wait4(pid, &status, 0, &usage) != pid || status != 0)
		c->failures++;
	if (usage.ru_maxrss > c->peak_kb)
		c->peak_kb = usage.ru_maxrss;
	c->wall_ms[round] = now_ms() - start;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static int parse(char **argv, struct contestant *c)
{
	int n = 0;

	while (*argv) {
		if (n == CONTESTANTS_MAX || !argv[1] || !argv[2]) {
			(void)fprintf(stderr, "measure: want NAME GROUP COMMAND…\n");
			exit(2);
		}
		c[n].name = argv[0];
		make_group(&c[n], argv[1]);
		c[n].argv = argv + 2;
		for (argv += 2; *argv && strcmp(*argv, "::") != 0; argv++)
			;
		if (*argv)
			*argv++ = NULL;
		n++;
	}
	return n;
}

static double cpu_ms(const struct contestant *c, int from, int to)
{
	return (double)(c->cpu_before_ns[to] - c->cpu_before_ns[from]) / 1e6;
}

static double cpu_median(const struct contestant *c, int rounds)
{
	double each[ROUNDS_MAX];

	for (int r = 0; r < rounds; r++)
		each[r] = cpu_ms(c, r, r + 1);
	qsort(each, (size_t)rounds, sizeof(double), by_value);
	return each[rounds / 2];
}

static void report(struct contestant *c, int n, int rounds)
{
	double base_wall = 0, base_cpu = 0;

	(void)printf("%-16s %10s %10s %10s %10s   %8s %8s %8s\n", "", "wall ms", "min ms", "cpu ms",
		     "median", "wall x", "cpu x", "peak KB");
	for (int i = 0; i < n; i++) {
		double wall, cpu = cpu_ms(&c[i], 0, rounds) / rounds,
			     median = cpu_median(&c[i], rounds);

		qsort(c[i].wall_ms, (size_t)rounds, sizeof(double), by_value);
		wall = c[i].wall_ms[rounds / 2];
		if (i == 0) {
			base_wall = wall;
			base_cpu = cpu;
		}
		(void)printf("%-16s %10.2f %10.2f %10.2f %10.2f   %8.2f %8.2f %8ld", c[i].name,
			     wall, c[i].wall_ms[0], cpu, median, wall / base_wall, cpu / base_cpu,
			     c[i].peak_kb);
		if (c[i].failures)
			(void)printf("   %d of %d failed", c[i].failures, rounds);
		(void)printf("\n");
	}
}

int main(int argc, char **argv)
{
	static struct contestant contestants[CONTESTANTS_MAX];
	char *end = NULL;
	long rounds = argc > 1 ? strtol(argv[1], &end, 10) : 0;
	long pause_ms = end && *end == ':' ? strtol(end + 1, NULL, 10) : 0;
	int n, failures = 0;

	if (rounds < 1 || rounds > ROUNDS_MAX || pause_ms < 0 || pause_ms > 1000 || argc < 5) {
		(void)fprintf(stderr, "usage: measure ROUNDS[:PAUSE] NAME GROUP COMMAND… [:: …]\n");
		return 2;
	}
	n = parse(argv + 2, contestants);
	for (int i = 0; i < n; i++) {
		run(&contestants[i], 0, pause_ms); /* a warm-up that does not count */
		contestants[i].failures = 0;
	}
	(void)sleep(1);
	for (int r = 0; r < (int)rounds; r++)
		for (int i = 0; i < n; i++)
			run(&contestants[i], r, pause_ms);
	(void)sleep(1);
	for (int i = 0; i < n; i++) {
		contestants[i].cpu_before_ns[rounds] = usage_ns(&contestants[i]);
		failures += contestants[i].failures;
	}
	report(contestants, n, (int)rounds);
	return failures ? 1 : 0;
}
