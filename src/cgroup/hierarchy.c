/*
 * hierarchy.c - which control group trees this machine has, and which controller is in which
 *
 * A machine has v1 trees (one or several controllers each), the v2 tree, or both. When
 * /sys/fs/cgroup itself is the v2 tree there is nothing else to look for. Otherwise the mounts say
 * it; of a tree that is mounted twice the first one counts. A group is made beneath the mount
 * point, whatever group the mount's root is: in a container with a cgroup namespace, or with its
 * own group bound over /sys/fs/cgroup, that is the only part of the tree one may write to.
 *
 * The result is kept in memory of fixed size, for the shim allocates nothing once its container
 * runs, and looks here again when the container has ended.
 */
#include "cgroup/hierarchy.h"

#include "base/own.h"
#include "base/str.h"
#include "cgroup/cgroup.h"
#include "cgroup/group_file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>

static const struct {
	const char *v1, *v2;
} names[CONTROLLERS] = {
	[CONTROLLER_CPU] = { "cpu", "cpu" },
	[CONTROLLER_CPUACCT] = { "cpuacct", NULL },
	[CONTROLLER_CPUSET] = { "cpuset", "cpuset" },
	[CONTROLLER_MEMORY] = { "memory", "memory" },
	[CONTROLLER_PIDS] = { "pids", "pids" },
	[CONTROLLER_BLKIO] = { "blkio", "io" },
	[CONTROLLER_DEVICES] = { "devices", NULL },
	[CONTROLLER_FREEZER] = { "freezer", NULL },
	[CONTROLLER_HUGETLB] = { "hugetlb", "hugetlb" },
	[CONTROLLER_NET_CLS] = { "net_cls", NULL },
	[CONTROLLER_NET_PRIO] = { "net_prio", NULL },
	[CONTROLLER_RDMA] = { "rdma", "rdma" },
	[CONTROLLER_SYSTEMD] = { "name=systemd", NULL },
};

static struct {
	struct hierarchy items[CGROUP_HIERARCHIES_MAX];
	size_t n;
	bool done;
} found;

const char *hierarchy_controller_name(enum controller c)
{
	return names[c].v1;
}

/* Bits of the names in text that are separated by sep. */
static uint32_t parse_names(const char *text, char sep, bool v2)
{
	uint32_t bits = 0;

	while (*text) {
		size_t len = strcspn(text, sep == ',' ? "," : " \n");

		for (size_t c = 0; c < CONTROLLERS; c++) {
			const char *name = v2 ? names[c].v2 : names[c].v1;

			if (name && strlen(name) == len && memcmp(name, text, len) == 0)
				bits |= 1U << c;
		}
		text += len;
		text += *text != '\0';
	}
	return bits;
}

uint32_t hierarchy_parse_v2(const char *text)
{
	return parse_names(text, ' ', true);
}

/* mountinfo writes space, tab, newline and backslash as "\040". */
static void unescape(char *s)
{
	char *out = s;

	for (; *s; s++) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] && s[3]) {
			*out++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 3;
		} else {
			*out++ = *s;
		}
	}
	*out = '\0';
}

/* The next field of a line, cut off; NULL at its end. */
static char *next_field(char **line)
{
	char *field = *line;

	if (!field || !*field)
		return NULL;
	*line = strchrnul(field, ' ');
	if (**line)
		*(*line)++ = '\0';
	return field;
}

/* Few containers have limits of these, and each tree that is joined costs every start. */
static const uint32_t optional =
	1U << CONTROLLER_NET_CLS | 1U << CONTROLLER_NET_PRIO | 1U << CONTROLLER_RDMA;

bool hierarchy_split_mount(char *line, struct hierarchy_mount *ret)
{
	struct hierarchy_mount m = { 0 };
	char *field;
	int at = 0;

	/* ID parent major:minor root MOUNT options optional... - TYPE source OPTIONS */
	while ((field = next_field(&line)) && !str_eq(field, "-"))
		if (++at == 5)
			m.place = field;
	m.type = next_field(&line);
	(void)next_field(&line);
	m.options = next_field(&line);
	if (!m.place || !m.type || !m.options)
		return false;
	unescape(m.place);
	*ret = m;
	return true;
}

bool hierarchy_parse_mount(char *line, struct hierarchy *ret)
{
	struct hierarchy_mount m;

	if (!hierarchy_split_mount(line, &m))
		return false;
	*ret = (struct hierarchy){ .is_v2 = str_eq(m.type, "cgroup2") };
	if (!ret->is_v2) {
		if (!str_eq(m.type, "cgroup"))
			return false;
		ret->controllers = parse_names(m.options, ',', false);
		if (ret->controllers == 0)
			return false;
		ret->optional = !(ret->controllers & ~optional);
	}
	if (strlen(m.place) >= sizeof(ret->mount))
		return false;
	memcpy(ret->mount, m.place, strlen(m.place) + 1);
	return true;
}

static bool is_known(const struct hierarchy *h)
{
	for (size_t i = 0; i < found.n; i++)
		if (found.items[i].is_v2 == h->is_v2 &&
		    (h->is_v2 || (found.items[i].controllers & h->controllers)))
			return true;
	return false;
}

static void read_v2_controllers(struct hierarchy *h)
{
	char text[256];

	if (group_file_read(h, "", "cgroup.controllers", text, sizeof(text)) > 0)
		h->controllers = hierarchy_parse_v2(text);
}

static void add_line(char *line)
{
	struct hierarchy h;

	if (found.n < CGROUP_HIERARCHIES_MAX && hierarchy_parse_mount(line, &h) && !is_known(&h))
		found.items[found.n++] = h;
}

/* Line by line through a buffer of fixed size; a line that is longer is not one of ours. */
static void read_mountinfo(void)
{
	OWN(fd) int fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	char buf[8192];
	size_t have = 0;
	ssize_t n;

	while (fd >= 0 && (n = read(fd, buf + have, sizeof(buf) - have)) > 0) {
		char *line = buf, *end;

		have += (size_t)n;
		while ((end = memchr(line, '\n', have - (size_t)(line - buf)))) {
			*end = '\0';
			add_line(line);
			line = end + 1;
		}
		have -= (size_t)(line - buf);
		memmove(buf, line, have);
		if (have == sizeof(buf))
			have = 0;
	}
}

static void put_v2_last(void)
{
	for (size_t i = 0; i + 1 < found.n; i++) {
		if (found.items[i].is_v2) {
			struct hierarchy h = found.items[i];

			found.items[i] = found.items[i + 1];
			found.items[i + 1] = h;
		}
	}
}

static void find(void)
{
	struct statfs fs;

	if (statfs("/sys/fs/cgroup", &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC) {
		found.items[0] = (struct hierarchy){ .mount = "/sys/fs/cgroup", .is_v2 = true };
		found.n = 1;
	} else {
		read_mountinfo();
		put_v2_last();
	}
	if (found.n > 0 && found.items[found.n - 1].is_v2)
		read_v2_controllers(&found.items[found.n - 1]);
	found.done = true;
}

const struct hierarchy *hierarchy_all(size_t *ret_n)
{
	if (!found.done)
		find();
	*ret_n = found.n;
	return found.items;
}

const struct hierarchy *hierarchy_of(enum controller c)
{
	size_t n;
	const struct hierarchy *all = hierarchy_all(&n);

	for (size_t i = 0; i < n; i++)
		if (all[i].controllers & 1U << c)
			return &all[i];
	return NULL;
}

const struct hierarchy *hierarchy_v2(void)
{
	size_t n;
	const struct hierarchy *all = hierarchy_all(&n);

	return n > 0 && all[n - 1].is_v2 ? &all[n - 1] : NULL;
}

int hierarchy_path(const struct hierarchy *h, const char *group, const char *file,
		   char out[PATH_MAX])
{
	int len = snprintf(out, PATH_MAX, "%s%s%s%s", h->mount, group, file ? "/" : "",
			   file ? file : "");

	return len < 0 || len >= PATH_MAX ? -ENAMETOOLONG : 0;
}
