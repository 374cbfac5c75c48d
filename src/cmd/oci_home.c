/*
 * oci_home.c - the home directory that a process finds in its environment
 */
#include "cmd/oci_home.h"

#include "base/mem.h"
#include "base/own.h"
#include "codec/passwd.h"
#include "sys/openat2.h"

#include <fcntl.h>
#include <sys/stat.h>

/* Links lead nowhere but into the container, and what is no file, or too large, is not there. */
static char *read_passwd(const char *root)
{
	const unsigned long long confined = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
	OWN(fd) int dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	OWN(fd) int fd = dir < 0 ? -1 : openat2_open(dir, "etc/passwd", O_PATH, 0, confined);
	struct stat st;
	char path[32], *text;
	size_t len = 0, room;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > PASSWD_FILE_MAX)
		return NULL;
	/* Only now, since opening another thing than a file could wait or have effects. */
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);

	OWN(fd) int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (file < 0)
		return NULL;
	room = (size_t)st.st_size;
	text = mem_alloc(room + 1);
	while (len < room && (n = read(file, text + len, room - len)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	return text;
}

void oci_home_add(struct oci_cli *cli, const char *root, struct oci_process *process)
{
	OWN(str) char *passwd = NULL;
	const struct strv none = { 0 };
	struct passwd_user user;
	struct err err = ERR_INIT;
	const char *home = "/";

	for (size_t i = 0; i < process->env.n; i++)
		if (str_after(process->env.items[i], "HOME="))
			return;
	passwd = read_passwd(root);
	if (passwd && passwd_resolve(arena_printf(cli->a, "%u", process->user.uid), passwd, "",
				     &none, cli->a, &user, &err) == 0)
		home = user.home;
	strv_add(&process->env, cli->a, arena_printf(cli->a, "HOME=%s", home));
}
