/*
 * resolver_names.c - the names that a container's resolver knows
 *
 * As docker has it: a name is looked for in the container's networks one after the other, first as
 * it is and then without ".NETWORK" at its end; the first that has an address of the kind that was
 * asked for answers. A name that has none of this kind is known all the same, so nobody else is
 * asked and the answer is empty.
 */
#include "shim/resolver_names.h"

#include "base/own.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

enum { TTL_S = 600 /* docker's */ };

/* -- files -- */

static void network_close(struct resolver_network *n)
{
	if (n->is_open)
		(void)munmap(n->map, n->len);
	n->is_open = false;
}

static void network_open(struct resolver_network *n, int dir)
{
	OWN(fd) int fd = openat(dir, n->id, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	void *at;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size <= 0)
		return;
	at = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		return;
	if (name_index_open(at, (size_t)st.st_size, &n->idx) < 0) {
		(void)munmap(at, (size_t)st.st_size);
		return;
	}
	n->map = at;
	n->len = (size_t)st.st_size;
	n->dev = st.st_dev;
	n->ino = st.st_ino;
	n->is_open = true;
}

static void network_refresh(struct resolver_network *n, int dir)
{
	struct stat st;
	bool there = fstatat(dir, n->id, &st, AT_SYMLINK_NOFOLLOW) == 0;

	if (n->is_open && there && st.st_ino == n->ino && st.st_dev == n->dev)
		return;
	network_close(n);
	if (there)
		network_open(n, dir);
}

static void close_networks(struct resolver_names *names)
{
	for (size_t i = 0; i < names->n; i++)
		network_close(&names->networks[i]);
	names->n = 0;
}

/* A line each; what is none is passed over. */
static void read_list(struct resolver_names *names)
{
	char text[NAMES_LIST_MAX + 1];
	ssize_t len = pread(names->list, text, NAMES_LIST_MAX, 0);

	close_networks(names);
	text[len < 0 ? 0 : len] = '\0';
	for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
		struct resolver_network *n = &names->networks[names->n];

		*end = '\0';
		if (names->n == NAMES_NETWORKS_MAX || !names_is_network_id(line))
			continue;
		memcpy(n->id, line, strlen(line) + 1);
		n->is_open = false;
		names->n++;
	}
}

static void refresh_list(struct resolver_names *names)
{
	struct stat st;
	bool there = fstatat(names->container, NAMES_LIST, &st, AT_SYMLINK_NOFOLLOW) == 0;

	if (there && names->list >= 0 && st.st_ino == names->list_ino)
		return;
	fd_cleanup(&names->list);
	if (there)
		names->list = openat(names->container, NAMES_LIST,
				     O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (names->list < 0 || fstat(names->list, &st) < 0) {
		close_networks(names);
		return;
	}
	names->list_ino = st.st_ino;
	read_list(names);
}

void resolver_names_refresh(struct resolver_names *names)
{
	refresh_list(names);
	for (size_t i = 0; i < names->n; i++)
		network_refresh(&names->networks[i], names->dir);
}

int resolver_names_open(struct resolver_names *names, const char *state_root, int container,
			const char *id, struct err *err)
{
	names->list = -1;
	names->n = 0;
	names->dir = names_open_dir(state_root);
	if (names->dir < 0)
		return err_code(err, names->dir, "%s/%s", state_root, NAMES_DIR);
	names->container = fcntl(container, F_DUPFD_CLOEXEC, 0);
	if (names->container < 0)
		return err_sys(err, "directory of the container");
	memset(names->id, 0, sizeof(names->id));
	memcpy(names->id, id, strnlen(id, sizeof(names->id)));
	return 0;
}

void resolver_names_close(struct resolver_names *names)
{
	if (names->dir < 0)
		return;
	close_networks(names);
	fd_cleanup(&names->list);
	fd_cleanup(&names->container);
	fd_cleanup(&names->dir);
}

bool resolver_names_lead_out(const struct resolver_names *names)
{
	for (size_t i = 0; i < names->n; i++)
		if (names->networks[i].is_open &&
		    !(names->networks[i].idx.head->flags & NAME_INDEX_INTERNAL))
			return true;
	return false;
}

/* -- addresses of a name -- */

/* A run of entries of one network. */
struct found {
	uint32_t first, n;
};

static bool has_names(const struct name_index *idx, struct found f)
{
	for (uint32_t i = 0; i < f.n; i++)
		if (name_index_endpoint(idx, f.first + i))
			return true;
	return false;
}

/* A link of ours stands for another name. */
static bool find_exact(const struct resolver_names *names, const struct name_index *idx,
		       const char *name, size_t len, struct found *ret)
{
	struct name_text target;

	if (name_index_link(idx, name, len, names->id, &target)) {
		name = target.at;
		len = target.len;
	}
	ret->first = name_index_find(idx, name, len, &ret->n);
	return has_names(idx, *ret);
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* How long a name is without ".NETWORK" at its end; 0: it ends otherwise. */
static size_t without_network(const char *name, size_t len, struct name_text network)
{
	size_t rest = len > network.len + 1 ? len - network.len - 1 : 0;

	if (rest == 0 || network.len == 0 || name[rest] != '.')
		return 0;
	for (size_t i = 0; i < network.len; i++)
		if (name[rest + 1 + i] != lower(network.at[i]))
			return 0;
	return rest;
}

static bool find(const struct resolver_names *names, const struct name_index *idx, const char *name,
		 size_t len, struct found *ret)
{
	size_t rest;

	if (idx->head->flags & NAME_INDEX_NAMELESS)
		return false;
	if (find_exact(names, idx, name, len, ret))
		return true;
	rest = without_network(name, len, name_index_network(idx));
	return rest && find_exact(names, idx, name, rest, ret);
}

/* Each time another one comes first. */
static void add_addresses(const struct name_index *idx, struct found f, uint32_t turn,
			  uint16_t type, struct dns_answer *a)
{
	for (uint32_t i = 0; i < f.n; i++) {
		const struct name_endpoint *e =
			name_index_endpoint(idx, f.first + (turn + i) % f.n);

		if (e && e->has_v4 && (type == DNS_A || type == DNS_ANY))
			dns_answer_add(a, DNS_A, TTL_S, e->v4, sizeof(e->v4));
		if (e && e->has_v6 && (type == DNS_AAAA || type == DNS_ANY))
			dns_answer_add(a, DNS_AAAA, TTL_S, e->v6, sizeof(e->v6));
	}
}

static bool answer_name(struct resolver_names *names, const struct dns_query *q,
			struct dns_answer *a)
{
	size_t len = strlen(q->name);
	bool is_known = false;

	for (size_t i = 0; i < names->n && a->records == 0; i++) {
		const struct resolver_network *n = &names->networks[i];
		struct found f;

		if (!n->is_open || !find(names, &n->idx, q->name, len, &f))
			continue;
		is_known = true;
		add_addresses(&n->idx, f, names->turn, q->type, a);
	}
	names->turn++;
	return is_known;
}

/* -- the name of an address -- */

/* "NAME.NETWORK", as docker has it. A name that DNS cannot carry is none. */
static void add_pointer(const struct name_index *idx, const struct name_endpoint *e,
			struct dns_answer *a)
{
	struct name_text name = name_index_name(idx, e), network = name_index_network(idx);
	char whole[DNS_NAME_MAX];
	int n = snprintf(whole, sizeof(whole), "%.*s.%.*s", (int)name.len, name.at,
			 (int)network.len, network.at);

	if (n > 0 && (size_t)n < sizeof(whole))
		(void)dns_answer_add_pointer(a, TTL_S, whole, (size_t)n);
}

static bool answer_address(const struct resolver_names *names, const struct dns_query *q,
			   struct dns_answer *a)
{
	uint8_t address[16];

	if (!dns_reverse_address(q->name, address))
		return false;
	for (size_t i = 0; i < names->n; i++) {
		const struct resolver_network *n = &names->networks[i];
		const struct name_endpoint *e;

		if (!n->is_open || (n->idx.head->flags & NAME_INDEX_NAMELESS))
			continue;
		e = name_index_reverse(&n->idx, address);
		if (!e)
			continue;
		if (q->type == DNS_PTR || q->type == DNS_ANY)
			add_pointer(&n->idx, e, a);
		return true;
	}
	return false;
}

bool resolver_names_answer(struct resolver_names *names, const struct dns_query *q,
			   struct dns_answer *a)
{
	if (q->class != DNS_IN || !q->is_plain || q->name[0] == '\0')
		return false;
	return answer_name(names, q, a) || answer_address(names, q, a);
}
