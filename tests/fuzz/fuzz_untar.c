/*
 * fuzz_untar.c - hostile tars taken apart beneath a directory, as cp does: nothing outside changes
 */
#include "base/own.h"
#include "image/image.h"
#include "sys/rmtree.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A tmpfs that is mounted nowhere, so nothing has to be removed; in it a file beside the directory
 * that tars go into. */
static int place_fd = -1;
static struct stat before, beside;

static void setup(void)
{
	OWN(fd) int fs = fsopen("tmpfs", FSOPEN_CLOEXEC);
	OWN(fd) int file = -1;

	if (fs < 0 || fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		abort();
	place_fd = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	file = openat(place_fd, "victim", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (file < 0 || mkdirat(place_fd, "in", 0755) < 0 || fstat(place_fd, &before) < 0 ||
	    fstat(file, &beside) < 0)
		abort();
}

static void check(void)
{
	struct stat now, victim;

	if (fstat(place_fd, &now) < 0 || fstatat(place_fd, "victim", &victim, 0) < 0 ||
	    now.st_mode != before.st_mode || now.st_uid != before.st_uid ||
	    now.st_nlink != before.st_nlink || victim.st_nlink != 1 || victim.st_size != 0 ||
	    victim.st_mode != beside.st_mode || victim.st_uid != beside.st_uid ||
	    victim.st_mtim.tv_sec != beside.st_mtim.tv_sec ||
	    victim.st_mtim.tv_nsec != beside.st_mtim.tv_nsec)
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWN(fd) int fd = memfd_create("tar", MFD_CLOEXEC);
	OWN(fd) int in = -1;
	struct tree_untar_spec spec = { .from = fd, .owners = true };
	struct err err = ERR_INIT;
	int64_t bytes;
	int r;

	if (place_fd < 0)
		setup();
	in = openat(place_fd, "in", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || in < 0 || write(fd, data, size) != (ssize_t)size ||
	    lseek(fd, 0, SEEK_SET) != 0)
		abort();
	spec.dir = in;
	r = tree_untar(&spec, &bytes, &err);
	if (r < 0 && !err.msg[0])
		__builtin_trap();
	check();
	if (rmtree_contents(in) < 0)
		__builtin_trap();
	return 0;
}
