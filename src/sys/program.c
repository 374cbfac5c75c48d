/*
 * program.c - where our own programs are
 */
#include "sys/program.h"

#include "base/own.h"
#include "base/str.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The directory of this program, without a slash at its end. */
static int read_dir(char path[PATH_MAX])
{
	ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - 1);
	char *slash;

	if (n < 0)
		return -errno;
	path[n] = '\0';
	slash = strrchr(path, '/');
	if (slash)
		*slash = '\0';
	return 0;
}

int program_tell_libexec(void)
{
	char path[PATH_MAX];
	int r = read_dir(path);

	return r < 0 ? r : setenv("BERTH_LIBEXEC", path, false) < 0 ? -errno : 0;
}

int program_find(const char *name, struct arena *a, const char **ret_path, struct err *err)
{
	const char *dir = getenv("BERTH_LIBEXEC");
	char beside[PATH_MAX];
	int r;

	if (!str_is_empty(dir)) {
		*ret_path = arena_printf(a, "%s/%s", dir, name);
		return 0;
	}
	r = read_dir(beside);
	if (r < 0)
		return err_code(err, r, "/proc/self/exe");
	*ret_path = arena_printf(a, "%s/%s", beside, name);
	return 0;
}
