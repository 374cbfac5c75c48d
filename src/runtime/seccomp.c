/*
 * seccomp.c - system call filters: compiled once, kept as files, mapped
 *
 * A kept filter is a header and the instructions as the kernel takes them. It is renamed into
 * place when it is whole, so a reader never sees a part; its name changes with whatever it is
 * made from. The directory is root's alone.
 */
#include "runtime/seccomp.h"

#include "base/own.h"
#include "runtime/seccomp_compile.h"
#include "sys/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct header {
	char magic[4];
	uint32_t flags;
};

static const char magic[4] = { 'B', 'S', 'F', '1' };

enum { FILE_MODE = 0600 };

/* A file that is not one of ours, or not whole, is -EBADMSG. */
static int map(int fd, struct seccomp_filter *ret)
{
	const struct header *h;
	struct stat st;
	size_t size, n;
	void *at;

	if (fstat(fd, &st) < 0)
		return -errno;
	size = (size_t)st.st_size;
	n = size < sizeof(*h) ? 0 : (size - sizeof(*h)) / sizeof(struct sock_filter);
	if (n == 0 || n > BPF_MAXINSNS || size != sizeof(*h) + n * sizeof(struct sock_filter))
		return -EBADMSG;
	at = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	if (at == MAP_FAILED)
		return -errno;
	h = at;
	if (memcmp(h->magic, magic, sizeof(magic)) != 0) {
		(void)munmap(at, size);
		return -EBADMSG;
	}
	*ret = (struct seccomp_filter){ .code = (const void *)(h + 1),
					.len = (uint16_t)n,
					.flags = h->flags,
					.map = at,
					.map_size = size };
	return 0;
}

static int open_kept(int dir, const char *key, struct seccomp_filter *ret)
{
	OWN(fd) int fd = openat(dir, key, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	return fd < 0 ? -errno : map(fd, ret);
}

/* In a child: leaves file and exit status, and the error in shared memory. */
_Noreturn static void compile_into(const struct oci_seccomp *rules, int fd, struct err *shared)
{
	struct header h;
	struct buf code = { 0 };
	int r;

	memcpy(h.magic, magic, sizeof(magic));
	r = seccomp_compile(rules, &code, &h.flags, shared);
	if (r == 0)
		r = file_write_all(fd, &h, sizeof(h));
	if (r == 0)
		r = file_write_all(fd, code.data, code.len);
	if (r < 0 && !shared->code)
		(void)err_code(shared, r, "writing the seccomp filter");
	_exit(r < 0);
}

static int compile(const struct oci_seccomp *rules, int fd, struct err *err)
{
	struct err *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
				  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status = 0, r = 0;
	pid_t pid;

	if (shared == MAP_FAILED)
		return err_sys(err, "compiling the seccomp filter");
	pid = fork();
	if (pid == 0)
		compile_into(rules, fd, shared);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (pid < 0)
		r = err_sys(err, "fork");
	else if (shared->code)
		r = err_set(err, shared->code, "%s", shared->msg);
	else if (status != 0)
		r = err_set(err, -EIO, "compiling the seccomp filter: died (status %d)", status);
	(void)munmap(shared, sizeof(*shared));
	return r;
}

int seccomp_open(const struct oci_seccomp *rules, const char *cache, const char *key,
		 struct seccomp_filter *ret, struct err *err)
{
	OWN(fd) int dir = -1;
	OWN(fd) int fd = -1;
	int r;

	*ret = (struct seccomp_filter){ 0 };
	if (cache && key) {
		dir = open(cache, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (dir >= 0 && open_kept(dir, key, ret) == 0)
			return 0;
	}
	if (!rules || !rules->default_action)
		return cache && key
			       ? err_set(err, -ENOENT,
					 "seccomp filter %s is not kept and there are no rules "
					 "to make it from",
					 key)
			       : 0;
	fd = memfd_create("seccomp", MFD_CLOEXEC);
	if (fd < 0)
		return err_sys(err, "memfd_create");
	r = compile(rules, fd, err);
	if (r < 0)
		return r;
	r = map(fd, ret);
	if (r < 0)
		return err_code(err, r, "mapping the seccomp filter");
	/*
	 * What cannot be kept is compiled again next time. Synced, once for all containers: whoever
	 * finds the name trusts that the filter is there, also after a power cut.
	 */
	if (dir >= 0)
		(void)file_write_at(dir, key, ret->map, ret->map_size, FILE_MODE, FILE_SYNC);
	return 0;
}

void seccomp_close(struct seccomp_filter *f)
{
	if (f->map)
		(void)munmap(f->map, f->map_size);
	*f = (struct seccomp_filter){ 0 };
}
