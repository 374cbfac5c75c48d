/*
 * group_file.c - the small files of a control group
 */
#include "cgroup/group_file.h"

#include "base/own.h"
#include "base/str.h"
#include "sys/file.h"

#include <errno.h>
#include <fcntl.h>

int group_file_open(const struct hierarchy *h, const char *group, const char *file, int flags)
{
	char path[PATH_MAX];
	int r = hierarchy_path(h, group, file, path);

	if (r < 0)
		return r;
	r = open(path, flags | O_CLOEXEC);
	return r < 0 ? -errno : r;
}

ssize_t group_file_read(const struct hierarchy *h, const char *group, const char *file, char *buf,
			size_t size)
{
	OWN(fd) int fd = group_file_open(h, group, file, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return fd;
	n = read(fd, buf, size - 1);
	if (n < 0)
		return -errno;
	buf[n] = '\0';
	return n;
}

int group_file_write(const struct hierarchy *h, const char *group, const char *file,
		     const char *text)
{
	char path[PATH_MAX];
	int r = hierarchy_path(h, group, file, path);

	return r < 0 ? r : file_put_at(AT_FDCWD, path, text, strlen(text));
}

int64_t group_file_value(const char *text, const char *key)
{
	size_t len = strlen(key);

	for (const char *line = text; *line; line += *line != '\0') {
		if (strncmp(line, key, len) == 0 && line[len] == ' ')
			return strtoll(line + len + 1, NULL, 10);
		line = strchrnul(line, '\n');
	}
	return -1;
}
