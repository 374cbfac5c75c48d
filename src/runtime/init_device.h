/*
 * init_device.h - device nodes of a container
 */
#ifndef RUNTIME_INIT_DEVICE_H
#define RUNTIME_INIT_DEVICE_H

#include "runtime/init_kernel.h"
#include "runtime/init_mount.h"
#include "runtime/init_plan.h"

#include "sys/raw.h"
#include "sys/raw_path.h"

/* A node that the image has already is fine when it is the same device, and nothing else is. */
static inline long init_device_check(int dir, const char *name, const struct init_device *d)
{
	struct statx st;
	long r = RAW(statx, dir, name, AT_SYMLINK_NOFOLLOW, STATX_TYPE, &st);
	unsigned major = st.stx_rdev_major, minor = st.stx_rdev_minor;
	bool same = r >= 0 && (st.stx_mode & S_IFMT) == (d->mode & S_IFMT) &&
		    ((minor & 0xff) | major << 8 | (minor & ~0xffU) << 12) == (unsigned)d->dev;

	return r < 0 ? r : same ? 0 : -EEXIST;
}

/* Where nodes cannot be made, the host's is put in its place. */
static inline long init_device_bind(const struct init_plan *p, int dir, const char *name,
				    const struct init_device *d)
{
	long target, r = RAW(mknodat, dir, name, S_IFREG | RAW_PATH_FILE_MODE, 0);

	if (r < 0 && r != -EEXIST)
		return r;
	target = RAW(openat, dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (target < 0)
		return target;
	r = init_mount_move(d->tree_fd, target);
	if (r >= 0)
		r = init_mount_private(p, d->tree_fd);
	(void)RAW(close, target);
	return r;
}

static inline long init_device_make(const struct init_plan *p, int dir, const char *name,
				    const struct init_device *d)
{
	long r;

	if (d->tree_fd >= 0)
		return init_device_bind(p, dir, name, d);
	r = RAW(mknodat, dir, name, d->mode, d->dev);

	if (r == -EEXIST)
		return init_device_check(dir, name, d);
	if (r < 0 || (!d->uid && !d->gid))
		return r;
	return RAW(fchownat, dir, name, d->uid, d->gid, AT_SYMLINK_NOFOLLOW);
}

/* A device anywhere: makes its directory first. */
static inline long init_device_make_at(const struct init_plan *p, char *path,
				       const struct init_device *d)
{
	size_t slash = 0;
	long dir, r;

	for (size_t i = 0; path[i]; i++)
		if (path[i] == '/')
			slash = i;
	if (!slash)
		return init_device_make(p, AT_FDCWD, path, d);
	path[slash] = '\0';
	dir = raw_path_open_or_make(path, true, false);
	path[slash] = '/';
	if (dir < 0)
		return dir;
	r = init_device_make(p, (int)dir, path + slash + 1, d);
	(void)RAW(close, dir);
	return r;
}

/* What follows "dev/" when that is a plain name. */
static inline const char *init_device_name(const char *path)
{
	if (path[0] != 'd' || path[1] != 'e' || path[2] != 'v' || path[3] != '/')
		return 0;
	for (const char *at = path + 4; *at; at++)
		if (*at == '/')
			return 0;
	return path + 4;
}

#endif
