/*
 * program.c - where our own programs are
 */
#include "sys/program.h"

#include "base/own.h"
#include "base/str.h"

#include <limits.h>

int program_self(struct arena *a, const char **ret_path, struct err *err)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (n < 0)
		return err_sys(err, "/proc/self/exe");
	path[n] = '\0';
	*ret_path = arena_strdup(a, path);
	return 0;
}

int program_find(const char *name, struct arena *a, const char **ret_path, struct err *err)
{
	const char *dir = getenv("BERTH_LIBEXEC"), *self;
	int r;

	if (!str_is_empty(dir)) {
		*ret_path = arena_printf(a, "%s/%s", dir, name);
		return 0;
	}
	r = program_self(a, &self, err);
	if (r < 0)
		return r;
	*ret_path = arena_printf(a, "%.*s/%s", (int)(strrchr(self, '/') - self), self, name);
	return 0;
}
