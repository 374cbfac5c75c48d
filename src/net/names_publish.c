/*
 * names_publish.c - who is called what in a network: writing it down
 *
 * One lock, on the directory of all indexes, is held for some 0.2 ms a change. A change writes its
 * network's file anew: with a thousand containers that is some 200 KB of memory to copy, less than
 * a tenth of what it takes to start a container, and readers have one sorted piece of memory.
 */
#include "net/names.h"

#include "base/own.h"
#include "base/str.h"
#include "sys/file.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/mman.h>
#include <sys/stat.h>

enum { SHORT_ID = 12, INDEX_MAX = 1 << 30 };

/* A file's contents, or memory to write in; {0} is none. */
struct piece {
	void *at;
	size_t len;
};

static void piece_cleanup(struct piece *p)
{
	if (p->at)
		(void)munmap(p->at, p->len);
	p->at = NULL;
}

bool names_is_network_id(const char *id)
{
	size_t n = 0;

	for (; id[n]; n++)
		if (n == NAMES_NETWORK_ID_MAX ||
		    !((id[n] >= '0' && id[n] <= '9') || (id[n] >= 'a' && id[n] <= 'z') ||
		      (id[n] >= 'A' && id[n] <= 'Z')))
			return false;
	return n > 0;
}

int names_open_dir(const char *state_root)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s/%s", state_root, NAMES_DIR), fd;

	if (n < 0 || (size_t)n >= sizeof(path))
		return -ENAMETOOLONG;
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return -errno;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int open_container(const char *state_root, const char *id)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s/c/%s", state_root, id), fd;

	if (n < 0 || (size_t)n >= sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* -- the index of a network -- */

/* Nothing when there is none, or when it is not one: then it is made anew. */
static void read_index(int dir, const char *network, struct piece *ret, struct name_index *idx,
		       const struct name_index **ret_old)
{
	OWN(fd) int fd = openat(dir, network, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	void *at;

	*ret_old = NULL;
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size <= 0 ||
	    st.st_size > INDEX_MAX)
		return;
	at = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		return;
	*ret = (struct piece){ at, (size_t)st.st_size };
	if (name_index_open(at, ret->len, idx) == 0)
		*ret_old = idx;
}

/* One temporary name for all, under the lock: what a killed process left is written over. */
static int replace(int dir, const char *network, const void *data, size_t len)
{
	static const char temporary[] = ".new";
	OWN(fd) int fd =
		openat(dir, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r = fd < 0 ? -errno : file_write_all(fd, data, len);

	if (r == 0 && renameat(dir, temporary, dir, network) < 0)
		r = -errno;
	if (r < 0)
		(void)unlinkat(dir, temporary, 0);
	return r;
}

static int change_index(int dir, const char *network, struct name_index_change *change)
{
	OWN(piece) struct piece file = { 0 }, room = { 0 };
	struct name_index idx;
	size_t size, len;
	void *at;

	read_index(dir, network, &file, &idx, &change->old);
	size = name_index_size(change);
	at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at == MAP_FAILED)
		return -errno;
	room = (struct piece){ at, size };
	len = name_index_build(change, at);
	if (((const struct name_index_head *)at)->endpoints > 0)
		return replace(dir, network, at, len);
	return unlinkat(dir, network, 0) < 0 && errno != ENOENT ? -errno : 0;
}

static int remove_from_index(int dir, const char *network, const char *container)
{
	OWN(piece) struct piece file = { 0 };
	struct name_index_change change = { .network = "", .without = container };
	const struct name_index *old;
	char name[NAME_INDEX_TEXT_MAX + 1];
	struct name_index idx;
	struct name_text text;

	read_index(dir, network, &file, &idx, &old);
	if (!old)
		return unlinkat(dir, network, 0) < 0 && errno != ENOENT ? -errno : 0;
	text = name_index_network(old);
	(void)snprintf(name, sizeof(name), "%.*s", (int)text.len, text.at);
	change.network = name;
	change.flags = old->head->flags;
	return change_index(dir, network, &change);
}

/* -- the list of a container's networks -- */

struct list {
	char text[NAMES_LIST_MAX + 1]; /* lines; ended by a NUL */
	size_t len;
};

/* Where the network's line is, or NULL. */
static char *list_find(struct list *l, const char *network)
{
	size_t n = strlen(network);

	for (char *line = l->text, *end; (end = strchr(line, '\n')); line = end + 1)
		if ((size_t)(end - line) == n && memcmp(line, network, n) == 0)
			return line;
	return NULL;
}

static int list_read(int dir, struct list *l)
{
	ssize_t n = file_read_into(dir, NAMES_LIST, l->text, sizeof(l->text));

	if (n < 0)
		l->text[0] = '\0';
	l->len = strlen(l->text);
	return n < 0 && n != -ENOENT ? (int)n : 0;
}

static int list_write(int dir, const struct list *l)
{
	if (l->len)
		return file_write_at(dir, NAMES_LIST, l->text, l->len, 0600, 0);
	return unlinkat(dir, NAMES_LIST, 0) < 0 && errno != ENOENT ? -errno : 0;
}

static size_t list_count(const struct list *l)
{
	size_t n = 0;

	for (const char *end = l->text; (end = strchr(end, '\n')); end++)
		n++;
	return n;
}

static int list_add(int dir, const char *network)
{
	struct list l;
	size_t n = strlen(network) + 1;
	int r = list_read(dir, &l);

	if (r < 0 || list_find(&l, network))
		return r;
	if (list_count(&l) >= NAMES_NETWORKS_MAX || l.len + n > NAMES_LIST_MAX)
		return -E2BIG;
	(void)snprintf(l.text + l.len, sizeof(l.text) - l.len, "%s\n", network);
	l.len += n;
	return list_write(dir, &l);
}

static int list_remove(int dir, const char *network)
{
	struct list l;
	size_t n = strlen(network) + 1;
	int r = list_read(dir, &l);
	char *line = r < 0 ? NULL : list_find(&l, network);

	if (!line)
		return r;
	memmove(line, line + n, l.len - (size_t)(line - l.text) - n + 1);
	l.len -= n;
	return list_write(dir, &l);
}

/* -- changes -- */

struct places {
	int names, container; /* container: -1 when it is gone */
};

static void places_cleanup(struct places *p)
{
	fd_cleanup(&p->names);
	fd_cleanup(&p->container);
}

/* Both directories, and the lock for as long as they are open. */
static int lock(const char *state_root, const char *container, struct places *ret, struct err *err)
{
	int r;

	ret->names = names_open_dir(state_root);
	if (ret->names < 0)
		return err_code(err, ret->names, "%s/%s", state_root, NAMES_DIR);
	ret->container = open_container(state_root, container);
	r = file_lock(ret->names, true);
	return r < 0 ? err_code(err, r, "locking %s/%s", state_root, NAMES_DIR) : 0;
}

static bool is_container_id(const char *id)
{
	return strnlen(id, NAME_INDEX_ID_LEN + 1) == NAME_INDEX_ID_LEN && names_is_network_id(id);
}

static int check(const struct names_network *network, const struct name_index_new *e,
		 struct err *err)
{
	const char *name = "";

	if (!is_container_id(e->id))
		return err_set(err, -EINVAL, "not the ID of a container: %.80s", e->id);
	if (!names_is_network_id(network->id))
		return err_set(err, -EINVAL, "not the ID of a network: %.80s", network->id);
	if (e->n_names >= NAME_INDEX_NAMES_MAX || name_index_check(e, &name) < 0)
		return err_set(
			err, -EINVAL,
			"container %.12s has %zu names and links in network %s, one of them "
			"\"%.32s\": a name has 1 to %d characters, and a container at most %d",
			e->id, e->n_names + e->n_links, network->name, name, NAME_INDEX_TEXT_MAX,
			NAME_INDEX_NAMES_MAX - 1);
	return 0;
}

int names_publish(const char *state_root, const struct names_network *network,
		  const struct name_index_new *endpoint, struct err *err)
{
	OWN(places) struct places p = { -1, -1 };
	const char *names[NAME_INDEX_NAMES_MAX];
	struct name_index_new added = *endpoint;
	struct name_index_change change = {
		.network = network->name,
		.flags = (network->is_internal ? NAME_INDEX_INTERNAL : 0) |
			 (network->is_nameless ? NAME_INDEX_NAMELESS : 0),
		.without = endpoint->id,
		.added = &added,
	};
	char short_id[SHORT_ID + 1];
	int r = check(network, endpoint, err);

	if (r == 0)
		r = lock(state_root, endpoint->id, &p, err);
	if (r < 0)
		return r;
	if (p.container < 0)
		return err_code(err, p.container, "%s/c/%s", state_root, endpoint->id);
	(void)snprintf(short_id, sizeof(short_id), "%.*s", SHORT_ID, endpoint->id);
	memcpy(names, endpoint->names, endpoint->n_names * sizeof(*names));
	names[added.n_names++] = short_id;
	added.names = names;
	r = list_add(p.container, network->id);
	if (r == -E2BIG)
		return err_set(err, r,
			       "container %.12s has names in %d networks, which is the most",
			       endpoint->id, NAMES_NETWORKS_MAX);
	if (r == 0)
		r = change_index(p.names, network->id, &change);
	return r < 0 ? err_code(err, r, "names of container %.12s in network %s", endpoint->id,
				network->name)
		     : 0;
}

static int withdraw(const struct places *p, const char *network, const char *container,
		    struct err *err)
{
	int r = remove_from_index(p->names, network, container);

	if (r == 0 && p->container >= 0)
		r = list_remove(p->container, network);
	return r < 0 ? err_code(err, r, "names of container %.12s in network %.12s", container,
				network)
		     : 0;
}

int names_withdraw(const char *state_root, const char *network, const char *container,
		   struct err *err)
{
	OWN(places) struct places p = { -1, -1 };
	int r;

	if (!is_container_id(container) || !names_is_network_id(network))
		return err_set(err, -EINVAL,
			       "not the IDs of a container and a network: %.80s, %.80s", container,
			       network);
	r = lock(state_root, container, &p, err);
	return r < 0 ? r : withdraw(&p, network, container, err);
}

int names_withdraw_all(const char *state_root, const char *container, struct err *err)
{
	OWN(places) struct places p = { -1, -1 };
	struct err first = ERR_INIT;
	struct list l;
	int r;

	if (!is_container_id(container))
		return err_set(err, -EINVAL, "not the ID of a container: %.80s", container);
	p.container = open_container(state_root, container);
	/* Most have none, and need no lock to know. */
	if (p.container < 0 || faccessat(p.container, NAMES_LIST, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	fd_cleanup(&p.container);
	r = lock(state_root, container, &p, err);
	if (r == 0)
		r = p.container < 0 ? 0 : list_read(p.container, &l);
	if (r < 0 || p.container < 0)
		return r;
	for (char *line = l.text, *end; (end = strchr(line, '\n')); line = end + 1) {
		struct err why = ERR_INIT;

		*end = '\0';
		if (names_is_network_id(line) && withdraw(&p, line, container, &why) < 0)
			(void)err_also(&first, &why);
	}
	if (first.code == 0)
		(void)unlinkat(p.container, NAMES_LIST, 0);
	return first.code < 0 ? err_set(err, first.code, "%s", first.msg) : 0;
}
