/*
 * tree_walk.c - from one directory of a tree to the next, a step at a time
 *
 * The names of an archive come sorted, nearly always: most entries are in the directory of the one
 * before. So the walk keeps the descriptors of all directories down to where it stands, leaves
 * those that the next path does not share, and opens the rest, each by one name beneath its parent.
 * No path is ever resolved, no link followed, and a file costs no walk at all.
 */
#include "image/tree_walk.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

void tree_walk_init(struct tree_walk *w, int root)
{
	w->root = root;
	w->depth = 0;
	w->path[0] = '\0';
}

static void leave(struct tree_walk *w, int depth)
{
	while (w->depth > depth)
		(void)close(w->fds[--w->depth]);
}

void tree_walk_reset(struct tree_walk *w)
{
	leave(w, 0);
}

int tree_walk_normalize(const char *path, char out[PATH_MAX])
{
	size_t at = 0;

	for (const char *next = path; *next;) {
		size_t len = strcspn(next, "/");

		if (len == 2 && next[0] == '.' && next[1] == '.')
			return -EINVAL;
		if (len > NAME_MAX || at + len + 2 > PATH_MAX)
			return -ENAMETOOLONG;
		if (len > 0 && !(len == 1 && next[0] == '.')) {
			if (at)
				out[at++] = '/';
			memcpy(out + at, next, len);
			at += len;
		}
		next += len + (next[len] == '/');
	}
	out[at] = '\0';
	return 0;
}

int tree_walk_fd(const struct tree_walk *w)
{
	return w->depth ? w->fds[w->depth - 1] : w->root;
}

int tree_walk_open(int parent, const char *name)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* How many directories the path shares with where the walk stands. */
static int shared_depth(const struct tree_walk *w, const char *path, size_t len)
{
	int depth = 0;

	while (depth < w->depth) {
		size_t end = w->ends[depth];

		if (end > len || memcmp(w->path, path, end) != 0 || (end < len && path[end] != '/'))
			break;
		depth++;
	}
	return depth;
}

int tree_walk_to(struct tree_walk *w, const char *path, size_t len, size_t *ret_reached)
{
	size_t at;

	leave(w, shared_depth(w, path, len));
	at = w->depth ? w->ends[w->depth - 1] : 0;
	while (at < len) {
		size_t start = at + (at > 0), n = strcspn(path + start, "/");
		char name[NAME_MAX + 1];
		int fd;

		*ret_reached = at;
		if (w->depth == TREE_WALK_DEPTH)
			return -E2BIG;
		memcpy(name, path + start, n);
		name[n] = '\0';
		fd = tree_walk_open(tree_walk_fd(w), name);
		if (fd < 0)
			return fd == -ELOOP ? -ENOTDIR : fd;
		at = start + n;
		memcpy(w->path, path, at);
		w->ends[w->depth] = (unsigned short)at;
		w->fds[w->depth++] = fd;
	}
	*ret_reached = len;
	return tree_walk_fd(w);
}
