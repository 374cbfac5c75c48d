/*
 * merged_file.c - reading a file as overlayfs would show it, without mounting anything
 *
 * A directory of the merged tree is a list of directories of layers, the top one first. Looking up
 * a name goes down that list: a whiteout (character device 0:0) ends it, a directory joins the list
 * of the next level and ends it when it is opaque, anything else is what
 * is found unless a directory above hides it. A symbolic link starts the walk again with the path
 * that it stands for, from the roots; so no link is ever followed by the kernel, and ".." cannot
 * leave.
 */
#include "engine/merged_file.h"

#include "base/arena.h"
#include "base/own.h"
#include "engine/container_mounts.h"
#include "sys/file.h"
#include "sys/overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

enum { LAYERS_MAX = 512, LINKS_MAX = 40 };

/* A directory of the merged tree. */
struct level {
	int fds[LAYERS_MAX];
	size_t n;
	bool borrowed; /* the roots: not ours to close */
};

enum found { FOUND_NOTHING, FOUND_DIRECTORY, FOUND_LINK, FOUND_OTHER };

static void level_done(struct level *l)
{
	for (size_t i = 0; i < l->n && !l->borrowed; i++)
		(void)close(l->fds[i]);
	l->n = 0;
	l->borrowed = false;
}

static bool is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == 0;
}

static bool is_opaque(int dir)
{
	char value;

	return fgetxattr(dir, overlay_attribute(OVERLAY_OPAQUE), &value, 1) == 1 && value == 'y';
}

/* *ret_next: the directory found; *ret_layer: where something else was found. */
static enum found look_up(const struct level *at, const char *name, struct level *ret_next,
			  int *ret_layer)
{
	ret_next->n = 0;
	ret_next->borrowed = false;
	for (size_t i = 0; i < at->n; i++) {
		struct stat st;
		int dir;

		if (fstatat(at->fds[i], name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (is_whiteout(&st))
			break;
		if (!S_ISDIR(st.st_mode)) {
			*ret_layer = at->fds[i];
			if (ret_next->n > 0)
				break;
			return S_ISLNK(st.st_mode) ? FOUND_LINK : FOUND_OTHER;
		}
		dir = openat(at->fds[i], name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (dir < 0)
			break;
		ret_next->fds[ret_next->n++] = dir;
		if (is_opaque(dir))
			break;
	}
	return ret_next->n > 0 ? FOUND_DIRECTORY : FOUND_NOTHING;
}

/* The path that remains when name, at prefix, is a link: clean, from the root. */
static int expand_link(int layer, const char *name, const char *prefix, const char *rest,
		       struct arena *a, const char **ret_path)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(layer, name, target, sizeof(target) - 1);

	if (n < 0)
		return -errno;
	target[n] = '\0';
	*ret_path =
		container_mounts_clean(a, target[0] == '/' ? arena_printf(a, "%s/%s", target, rest)
							   : arena_printf(a, "%s/%s/%s", prefix,
									  target, rest));
	return 0;
}

/*
 * Walks a clean path. 0: read into *ret_text; 1: a link was met, *ret_path is where to go instead.
 */
static int walk(const struct level *roots, const char *path, size_t max, struct arena *a,
		const char **ret_path, char **ret_text, size_t *ret_len)
{
	struct level levels[2], *at = &levels[0], *next = &levels[1];
	const char *p = path + 1;
	int r = -ENOENT;

	memcpy(at->fds, roots->fds, roots->n * sizeof(*roots->fds));
	at->n = roots->n;
	at->borrowed = true;
	while (*p) {
		size_t len = strcspn(p, "/");
		const char *name = arena_strndup(a, p, len), *rest = p + len + (p[len] == '/');
		const char *prefix = arena_strndup(a, path, (size_t)(p - path));
		int layer = -1;
		enum found found = look_up(at, name, next, &layer);

		if (found == FOUND_LINK) {
			r = expand_link(layer, name, prefix, rest, a, ret_path);
			r = r < 0 ? r : 1;
		} else if (found == FOUND_OTHER) {
			r = *rest ? -ENOTDIR : file_read_at(layer, name, max, ret_text, ret_len);
		}
		level_done(at);
		if (found != FOUND_DIRECTORY)
			return r;

		struct level *was = at;

		at = next;
		next = was;
		p = rest;
	}
	level_done(at);
	return -EISDIR;
}

int merged_file_read(const int *roots, size_t n, const char *path, size_t max, char **ret_text,
		     size_t *ret_len)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct level top = { .borrowed = true };
	int r = 1;

	if (n > LAYERS_MAX)
		return -E2BIG;
	memcpy(top.fds, roots, n * sizeof(*roots));
	top.n = n;
	path = container_mounts_clean(&a, path);
	for (int links = 0; r == 1; links++) {
		if (links > LINKS_MAX)
			return -ELOOP;
		r = walk(&top, path, max, &a, &path, ret_text, ret_len);
	}
	return r;
}
