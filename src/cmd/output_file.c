/*
 * output_file.c - a file that is there whole or not at all
 */
#include "cmd/output_file.h"

#include "base/own.h"

#include <fcntl.h>
#include <sys/stat.h>

int output_file_open(struct output_file *o, const char *path, const char *what, struct err *err)
{
	struct stat st;

	*o = (struct output_file){ .fd = STDOUT_FILENO, .direct = true };
	if (!path) {
		if (isatty(STDOUT_FILENO))
			return err_set(err, -EINVAL,
				       "cowardly refusing to %s to a terminal. Use the -o flag or "
				       "redirect",
				       what);
		return 0;
	}
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return err_set(err, -EISDIR, "invalid output path: %.300s is a directory", path);
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
		o->fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
		return o->fd < 0 ? err_sys(err, "invalid output path: %.300s", path) : 0;
	}
	o->direct = false;
	o->path = str_dup(path);
	o->temporary = str_printf("%s.%d.tmp", path, (int)getpid());
	o->fd = open(o->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (o->fd < 0) {
		free(take(&o->temporary));
		return err_sys(err, "invalid output path: %.300s", path);
	}
	return 0;
}

int output_file_commit(struct output_file *o, struct err *err)
{
	if (o->direct)
		return 0;
	if (close(take_fd(&o->fd)) < 0 || rename(o->temporary, o->path) < 0)
		return err_sys(err, "%.300s", o->path);
	free(take(&o->temporary));
	return 0;
}

void output_file_cleanup(struct output_file *o)
{
	if (o->temporary)
		(void)unlink(o->temporary);
	if (o->fd > STDERR_FILENO)
		fd_cleanup(&o->fd);
	free(take(&o->temporary));
	free(take(&o->path));
}
