/*
 * filter_cache.c - compiled seccomp filters that no container needs any more
 *
 * A filter is kept by what it is made from, the capabilities among them, so each new set of these
 * leaves a file, and each new version of Berth all of them. A start that finds its filter gives its
 * shim no rules to make it from. So nothing is removed that a container's record leads to, and
 * nothing at all while one runs; and what is removed is removed in a writing transaction: whoever
 * has no record yet looks for a filter after that.
 */
#include "base/own.h"
#include "engine/container_security.h"
#include "engine/room.h"
#include "model/seccomp_profile.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

struct needs {
	struct arena a;
	struct strv keys;
	bool all;
};

static void needs_cleanup(struct needs *n)
{
	arena_done(&n->a);
}

/* A record that cannot be read may need anything. */
static int add_needs(void *ctx, const char *id, const void *data, size_t len)
{
	struct needs *n = ctx;
	char key[SECCOMP_PROFILE_KEY_MAX];
	struct container c;
	struct host_facts facts;
	uint64_t caps, lost;

	(void)id;
	if (schema_read(&container_schema, data, len, &n->a, &c, NULL) < 0 || c.state.running ||
	    c.state.restarting) {
		n->all = true;
		return 0;
	}
	host_facts_gather(&c.host_config, &n->a, &facts);
	if (container_security_caps(&c.host_config, &facts, &caps, &lost, NULL) < 0)
		return 0; /* it cannot be started either */
	seccomp_profile_key(caps, key);
	strv_add(&n->keys, &n->a, arena_strdup(&n->a, key));
	return 0;
}

static void remove_others(int fd, const struct needs *n, int64_t *ret_freed)
{
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	while (dir && (e = readdir(dir))) {
		struct stat st;

		if (e->d_name[0] != '.' && !strv_has(&n->keys, e->d_name) &&
		    fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    unlinkat(fd, e->d_name, 0) == 0)
			*ret_freed += st.st_size;
	}
	if (dir)
		(void)closedir(dir);
	else if (fd >= 0)
		(void)close(fd);
}

int engine_filters_prune(struct engine *e, int64_t *ret_freed, struct err *err)
{
	OWN(state_txn) struct state_txn *txn = NULL;
	OWN(needs) struct needs n = { .a = ARENA_INIT };
	int r = state_begin(e->st, STATE_WRITE, &txn, err);

	*ret_freed = 0;
	if (r == 0)
		r = state_each(txn, STATE_CONTAINERS, "", add_needs, &n);
	if (r == 0 && !n.all)
		remove_others(openat(e->root_fd, "seccomp", O_RDONLY | O_DIRECTORY | O_CLOEXEC), &n,
			      ret_freed);
	return r < 0 ? err_code(err, r, "reading the containers") : 0;
}
