/*
 * cmd_top.c - berth top: a container's processes, as ps(1) of the host shows them
 *
 * docker runs the host's ps; we read /proc ourselves and know the columns that people ask for:
 * the default (-ef), aux, and -o with names. Anything else is refused.
 */
#include "base/own.h"
#include "cmd/cmd.h"
#include "cmd/table.h"

#include <ctype.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

enum { TOP_CELL_LEAST = 20, STAT_FIELDS = 52 };

struct process {
	int pid, uid, ppid, tty;
	char state;
	uint64_t ticks, start;             /* CPU time; start after boot, in ticks */
	int64_t vsize, rss, nice, threads; /* bytes, bytes */
	const char *comm, *cmd, *user;
};

struct machine {
	struct arena *a;
	int64_t now, boot; /* seconds since 1970 */
	int64_t memory_kb;
	long hz;
};

/* -- reading -- */

static const char *read_proc(struct arena *a, const char *path, size_t *ret_len)
{
	OWN(fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
	char block[4096];
	ssize_t n = fd < 0 ? -1 : read(fd, block, sizeof(block) - 1);

	if (n < 0)
		return NULL;
	block[n] = '\0';
	*ret_len = (size_t)n;
	return arena_memdup(a, block, (size_t)n + 1);
}

static int64_t after_key(const char *text, const char *key)
{
	const char *at = text ? strstr(text, key) : NULL;

	return at ? strtoll(at + strlen(key), NULL, 10) : 0;
}

static void read_machine(struct machine *m, struct arena *a)
{
	size_t len;
	const char *uptime = read_proc(a, "/proc/uptime", &len);

	*m = (struct machine){ .a = a, .now = cli_now() / 1000000000, .hz = sysconf(_SC_CLK_TCK) };
	m->boot = m->now - (uptime ? strtoll(uptime, NULL, 10) : 0);
	m->memory_kb = after_key(read_proc(a, "/proc/meminfo", &len), "MemTotal:");
}

/* Field n of proc_pid_stat(5) behind the name in parentheses, which may hold anything. */
static void read_stat(struct process *p, const char *stat, struct arena *a)
{
	const char *open = strchr(stat, '('), *close = strrchr(stat, ')');
	int64_t field[STAT_FIELDS] = { 0 };
	const char *s;

	if (!open || !close || close < open || close[1] != ' ')
		return;
	p->comm = arena_strndup(a, open + 1, (size_t)(close - open - 1));
	p->state = close[2];
	s = close + 3;
	for (int i = 4; i < STAT_FIELDS && *s; i++) {
		char *end;

		field[i] = strtoll(s, &end, 10);
		if (end == s)
			break;
		s = end;
	}
	p->ppid = (int)field[4];
	p->tty = (int)field[7];
	p->ticks = (uint64_t)(field[14] + field[15]);
	p->nice = field[19];
	p->threads = field[20];
	p->start = (uint64_t)field[22];
	p->vsize = field[23];
	p->rss = field[24] * sysconf(_SC_PAGESIZE);
}

/* The host's name of a user: the files alone, for a static program loads no name services. */
static const char *user_name(int uid, struct arena *a)
{
	FILE *f = fopen("/etc/passwd", "re");
	char line[1024];
	const char *name = NULL;

	while (f && !name && fgets(line, sizeof(line), f)) {
		const char *second = strchr(line, ':'),
			   *third = second ? strchr(second + 1, ':') : NULL;

		if (third && isdigit((unsigned char)third[1]) && strtol(third + 1, NULL, 10) == uid)
			name = arena_strndup(a, line, (size_t)(second - line));
	}
	if (f)
		(void)fclose(f);
	return name ? name : arena_printf(a, "%d", uid);
}

/* Terminals' escapes in a command line must not reach ours. */
static const char *clean(const char *text, size_t len, struct arena *a)
{
	char *copy = arena_strndup(a, text, len);

	for (size_t i = 0; i < len; i++) {
		if (copy[i] == '\0')
			copy[i] = ' ';
		else if (iscntrl((unsigned char)copy[i]))
			copy[i] = '?';
	}
	while (len && copy[len - 1] == ' ')
		copy[--len] = '\0';
	return copy;
}

static bool read_process(struct process *p, int pid, struct arena *a)
{
	struct stat st;
	size_t len;
	const char *dir = arena_printf(a, "/proc/%d", pid), *text;

	*p = (struct process){ .pid = pid, .comm = "?" };
	if (stat(dir, &st) < 0)
		return false;
	p->uid = (int)st.st_uid;
	text = read_proc(a, arena_printf(a, "%s/stat", dir), &len);
	if (!text)
		return false;
	read_stat(p, text, a);
	p->comm = clean(p->comm, strlen(p->comm), a);
	text = read_proc(a, arena_printf(a, "%s/cmdline", dir), &len);
	p->cmd = text && len ? clean(text, len, a) : arena_printf(a, "[%s]", p->comm);
	p->user = user_name(p->uid, a);
	return true;
}

/* -- columns -- */

static int64_t seconds(const struct process *p, const struct machine *m)
{
	return (int64_t)(p->ticks / (uint64_t)m->hz);
}

static int64_t age(const struct process *p, const struct machine *m)
{
	int64_t s = m->now - m->boot - (int64_t)(p->start / (uint64_t)m->hz);

	return s > 0 ? s : 0;
}

static const char *col_pid(const struct process *p, const struct machine *m)
{
	return arena_printf(m->a, "%d", p->pid);
}

static const char *col_ppid(const struct process *p, const struct machine *m)
{
	return arena_printf(m->a, "%d", p->ppid);
}

static const char *col_user(const struct process *p, const struct machine *m)
{
	(void)m;
	return p->user;
}

static const char *col_uid(const struct process *p, const struct machine *m)
{
	return arena_printf(m->a, "%d", p->uid);
}

static const char *col_cpu_whole(const struct process *p, const struct machine *m)
{
	int64_t total = age(p, m);

	return arena_printf(m->a, "%lld", (long long)(total ? seconds(p, m) * 100 / total : 0));
}

static const char *col_cpu(const struct process *p, const struct machine *m)
{
	int64_t total = age(p, m);

	return arena_printf(m->a, "%.1f",
			    total ? (double)p->ticks * 100 / (double)m->hz / (double)total : 0.0);
}

static const char *col_mem(const struct process *p, const struct machine *m)
{
	return arena_printf(m->a, "%.1f",
			    m->memory_kb ? (double)p->rss * 100 / 1024 / (double)m->memory_kb
					 : 0.0);
}

static const char *col_vsz(const struct process *p, const struct machine *m)
{
	return arena_printf(m->a, "%lld", (long long)(p->vsize / 1024));
}

static const char *col_rss(const struct process *p, const struct machine *m)
{
	return arena_printf(m->a, "%lld", (long long)(p->rss / 1024));
}

static const char *col_stime(const struct process *p, const struct machine *m)
{
	time_t start = (time_t)(m->boot + (int64_t)(p->start / (uint64_t)m->hz));
	struct tm tm;
	char text[16];

	(void)localtime_r(&start, &tm);
	(void)strftime(text, sizeof(text), m->now - (int64_t)start < 86400 ? "%H:%M" : "%b%d", &tm);
	return arena_strdup(m->a, text);
}

static const char *col_tty(const struct process *p, const struct machine *m)
{
	unsigned int device = (unsigned int)p->tty;

	if (!p->tty)
		return "?";
	/* Unix98 terminals have majors 136 to 143, 256 minors each. */
	if (major(device) >= 136 && major(device) <= 143)
		return arena_printf(m->a, "pts/%u", (major(device) - 136) * 256 + minor(device));
	return arena_printf(m->a, "tty%u", minor(device));
}

static const char *col_time(const struct process *p, const struct machine *m)
{
	int64_t s = seconds(p, m);

	return arena_printf(m->a, "%02lld:%02lld:%02lld", (long long)(s / 3600),
			    (long long)(s / 60 % 60), (long long)(s % 60));
}

static const char *col_time_short(const struct process *p, const struct machine *m)
{
	int64_t s = seconds(p, m);

	return arena_printf(m->a, "%lld:%02lld", (long long)(s / 60), (long long)(s % 60));
}

static const char *col_etime(const struct process *p, const struct machine *m)
{
	int64_t s = age(p, m);

	if (s >= 86400)
		return arena_printf(m->a, "%lld-%02lld:%02lld:%02lld", (long long)(s / 86400),
				    (long long)(s / 3600 % 24), (long long)(s / 60 % 60),
				    (long long)(s % 60));
	if (s >= 3600)
		return arena_printf(m->a, "%02lld:%02lld:%02lld", (long long)(s / 3600),
				    (long long)(s / 60 % 60), (long long)(s % 60));
	return arena_printf(m->a, "%02lld:%02lld", (long long)(s / 60), (long long)(s % 60));
}

static const char *col_state(const struct process *p, const struct machine *m)
{
	return arena_printf(m->a, "%c", p->state ? p->state : '?');
}

static const char *col_nice(const struct process *p, const struct machine *m)
{
	return arena_printf(m->a, "%lld", (long long)p->nice);
}

static const char *col_threads(const struct process *p, const struct machine *m)
{
	return arena_printf(m->a, "%lld", (long long)p->threads);
}

static const char *col_comm(const struct process *p, const struct machine *m)
{
	(void)m;
	return p->comm;
}

static const char *col_cmd(const struct process *p, const struct machine *m)
{
	(void)m;
	return p->cmd;
}

struct column {
	const char *name, *heading;
	const char *(*value)(const struct process *p, const struct machine *m);
};

/* ps(1)'s names. */
static const struct column columns[] = {
	{ "pid", "PID", col_pid },
	{ "ppid", "PPID", col_ppid },
	{ "user", "USER", col_user },
	{ "euser", "EUSER", col_user },
	{ "uname", "USER", col_user },
	{ "uid", "UID", col_uid },
	{ "euid", "EUID", col_uid },
	{ "c", "C", col_cpu_whole },
	{ "%cpu", "%CPU", col_cpu },
	{ "pcpu", "%CPU", col_cpu },
	{ "%mem", "%MEM", col_mem },
	{ "pmem", "%MEM", col_mem },
	{ "vsz", "VSZ", col_vsz },
	{ "vsize", "VSZ", col_vsz },
	{ "rss", "RSS", col_rss },
	{ "rssize", "RSS", col_rss },
	{ "stime", "STIME", col_stime },
	{ "start", "STARTED", col_stime },
	{ "tty", "TT", col_tty },
	{ "tt", "TT", col_tty },
	{ "tname", "TTY", col_tty },
	{ "time", "TIME", col_time },
	{ "cputime", "TIME", col_time },
	{ "etime", "ELAPSED", col_etime },
	{ "stat", "STAT", col_state },
	{ "state", "S", col_state },
	{ "s", "S", col_state },
	{ "ni", "NI", col_nice },
	{ "nice", "NI", col_nice },
	{ "nlwp", "NLWP", col_threads },
	{ "thcount", "THCNT", col_threads },
	{ "comm", "COMMAND", col_comm },
	{ "ucmd", "CMD", col_comm },
	{ "args", "COMMAND", col_cmd },
	{ "command", "COMMAND", col_cmd },
	{ "cmd", "CMD", col_cmd },
};

static const struct column full[] = {
	{ "uid", "UID", col_user },   { "pid", "PID", col_pid },       { "ppid", "PPID", col_ppid },
	{ "c", "C", col_cpu_whole },  { "stime", "STIME", col_stime }, { "tty", "TTY", col_tty },
	{ "time", "TIME", col_time }, { "cmd", "CMD", col_cmd },
};

static const struct column bsd[] = {
	{ "user", "USER", col_user },    { "pid", "PID", col_pid },
	{ "cpu", "%CPU", col_cpu },      { "mem", "%MEM", col_mem },
	{ "vsz", "VSZ", col_vsz },       { "rss", "RSS", col_rss },
	{ "tty", "TTY", col_tty },       { "stat", "STAT", col_state },
	{ "start", "START", col_stime }, { "time", "TIME", col_time_short },
	{ "args", "COMMAND", col_cmd },
};

enum { COLUMNS_MAX = 32 };

struct chosen {
	struct column items[COLUMNS_MAX];
	size_t n;
};

#define CHOOSE(c, table)                                                                           \
	do {                                                                                       \
		memcpy((c)->items, table, sizeof(table));                                          \
		(c)->n = sizeof(table) / sizeof(table[0]);                                         \
	} while (0)

/* "pid,user=NAME,cmd": ps gives the rest of the list to a heading behind "=". */
static int choose_names(struct cli *cli, const char *list, struct chosen *c)
{
	struct strv names = strv_split(cli->a, list, ',');

	for (size_t i = 0; i < names.n; i++) {
		const char *name = names.items[i], *equals = strchr(name, '=');
		size_t len = equals ? (size_t)(equals - name) : strlen(name), k = 0;

		while (k < sizeof(columns) / sizeof(columns[0]) &&
		       !(strlen(columns[k].name) == len && memcmp(columns[k].name, name, len) == 0))
			k++;
		if (k == sizeof(columns) / sizeof(columns[0]) || c->n == COLUMNS_MAX)
			return err_set(&cli->err, -EINVAL, "ps column \"%.60s\" is not supported",
				       name);
		c->items[c->n] = columns[k];
		if (equals)
			c->items[c->n].heading = equals + 1;
		c->n++;
	}
	return 0;
}

static int choose(struct cli *cli, const struct strv *options, struct chosen *c)
{
	static const char *const full_forms[] = { "-ef", "-e", "-f", "-A", "-Af", "ef" };

	for (size_t i = 0; i < options->n; i++) {
		const char *o = options->items[i], *list = NULL;
		size_t k = 0;
		int r;

		while (k < sizeof(full_forms) / sizeof(full_forms[0]) && !str_eq(full_forms[k], o))
			k++;
		if (k < sizeof(full_forms) / sizeof(full_forms[0]))
			continue;
		if (str_eq(o, "aux") || str_eq(o, "-aux") || str_eq(o, "u")) {
			CHOOSE(c, bsd);
			continue;
		}
		if (str_eq(o, "-o") || str_eq(o, "-eo") || str_eq(o, "o") || str_eq(o, "-Ao"))
			list = i + 1 < options->n ? options->items[++i] : "";
		else if (str_after(o, "-o"))
			list = str_after(o, "-o");
		else if (str_after(o, "-eo"))
			list = str_after(o, "-eo");
		if (!list)
			return err_set(
				&cli->err, -EINVAL,
				"ps option %.60s is not supported; use -ef, aux or -o COLUMN,...",
				o);
		r = choose_names(cli, list, c);
		if (r < 0)
			return r;
	}
	if (c->n == 0)
		CHOOSE(c, full);
	return 0;
}

static void print_processes(struct cli *cli, const struct chosen *c, const int *pids, size_t n)
{
	OWN(buf) struct buf text = { 0 };
	struct machine m;

	read_machine(&m, cli->a);
	for (size_t k = 0; k < c->n; k++)
		buf_printf(&text, "%s%s", k ? "\t" : "", c->items[k].heading);
	buf_addc(&text, '\n');
	for (size_t i = 0; i < n; i++) {
		struct process p;

		if (!read_process(&p, pids[i], cli->a))
			continue;
		for (size_t k = 0; k < c->n; k++)
			buf_printf(&text, "%s%s", k ? "\t" : "", c->items[k].value(&p, &m));
		buf_addc(&text, '\n');
	}
	table_write(buf_text(&text), TOP_CELL_LEAST, &cli->out);
}

static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static int top(struct cli *cli, const void *opts, const struct strv *args)
{
	struct strv options = { args->items + 1, args->n - 1 };
	struct chosen c = { 0 };
	struct engine *e;
	int *pids;
	size_t n;
	int r = choose(cli, &options, &c);

	(void)opts;
	if (r == 0)
		r = cli_engine(cli, &e);
	if (r == 0)
		r = container_pids(e, args->items[0], cli->a, &pids, &n, &cli->err);
	if (r < 0)
		return r;
	if (n)
		qsort(pids, n, sizeof(*pids), by_number);
	print_processes(cli, &c, pids, n);
	return 0;
}

const struct cmd cmd_top_table[] = {
	{ "top", "container", "top", "CONTAINER [ps OPTIONS]",
	  "Display the running processes of a container", NULL, NULL, 0, top, 1, -1,
	  OPT_BEFORE_ARGUMENTS, CMD_ARGS_RUNNING, 0 },
	{ 0 },
};
