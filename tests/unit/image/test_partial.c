/* test_partial.c - blobs of which a part is there */
#include "check.h"

#include "image/partial.h"
#include "sys/file.h"
#include "sys/rmtree.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define HEX "1111111111111111111111111111111111111111111111111111111111111111"

static const int64_t size = 2 * (int64_t)PARTIAL_CHUNK + 1000;

struct fixture {
	char root[64];
	struct image_dirs dirs;
	struct err err;
};

static void fixture_init(struct fixture *f)
{
	*f = (struct fixture){ .dirs = IMAGE_DIRS_INIT };
	(void)snprintf(f->root, sizeof(f->root), "/tmp/test_partial.XXXXXX");
	CHECK(mkdtemp(f->root));
	f->dirs.partial = open(f->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK_OK(mkdirat(f->dirs.partial, "blobs", 0700));
	f->dirs.blobs[DIGEST_SHA256] =
		openat(f->dirs.partial, "blobs", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void fixture_cleanup(struct fixture *f)
{
	OWN(fd) int tmp = open("/tmp", O_RDONLY | O_DIRECTORY);

	fd_cleanup(&f->dirs.blobs[DIGEST_SHA256]);
	fd_cleanup(&f->dirs.partial);
	CHECK_OK(rmtree_at(tmp, f->root + strlen("/tmp/")));
}

static void open_it(struct fixture *f, struct partial *p)
{
	CHECK_OK(partial_open(&f->dirs, "sha256:" HEX, size, p, &f->err));
}

static void write_some(struct partial *p, size_t chunk, size_t n)
{
	char bytes[1000];

	memset(bytes, 'x', sizeof(bytes));
	CHECK_OK(partial_write(p, chunk, bytes, n, NULL));
	p->done[chunk] += (int64_t)n;
	partial_note(p, chunk);
}

TEST(what_was_noted_is_there_when_it_is_opened_again)
{
	OWN(fixture) struct fixture f;
	struct partial p;

	fixture_init(&f);
	open_it(&f, &p);
	CHECK_INT(p.n_chunks, 3);
	CHECK_INT(partial_chunk_size(&p, 2), 1000);
	CHECK_INT(partial_ready(&p), 0);
	write_some(&p, 0, 300);
	write_some(&p, 2, 1000);
	partial_close(&p);
	open_it(&f, &p);
	CHECK_INT(p.done[0], 300);
	CHECK_INT(p.done[1], 0);
	CHECK_INT(p.done[2], 1000);
	CHECK_INT(partial_ready(&p), 300);
	partial_close(&p);
}

TEST(more_bytes_than_a_chunk_has_are_refused)
{
	OWN(fixture) struct fixture f;
	struct partial p;
	char bytes[600] = { 0 };

	fixture_init(&f);
	open_it(&f, &p);
	write_some(&p, 2, 600);
	CHECK_ERR(partial_write(&p, 2, bytes, 401, &f.err), -EBADMSG, &f.err, "more bytes");
	partial_close(&p);
	CHECK_ERR(partial_open(&f.dirs, "sha256:" HEX, -1, &p, &f.err), -EFBIG, &f.err, "bytes");
	CHECK_ERR(partial_open(&f.dirs, "sha256:" HEX, partial_size_max + 1, &p, &f.err), -EFBIG,
		  &f.err, "bytes");
}

TEST(a_file_that_says_nothing_sound_says_nothing)
{
	OWN(fixture) struct fixture f;
	struct partial p;
	int64_t lie = INT64_MAX;

	fixture_init(&f);
	open_it(&f, &p);
	write_some(&p, 0, 300);
	/* The first count, behind the blob's pages and the trailer's head. */
	CHECK_INT(pwrite(p.fd, &lie, sizeof(lie), (size + 4095) / 4096 * 4096 + 16), sizeof(lie));
	partial_close(&p);
	open_it(&f, &p);
	CHECK_INT(p.done[0], 0);
	/* One of another size is of another blob. */
	write_some(&p, 0, 300);
	partial_close(&p);
	CHECK_OK(partial_open(&f.dirs, "sha256:" HEX, 5000, &p, &f.err));
	CHECK_INT(p.done[0], 0);
	partial_close(&p);
}

TEST(a_file_that_another_process_has_is_not_opened)
{
	OWN(fixture) struct fixture f;
	struct partial p;
	int status;
	pid_t pid;

	fixture_init(&f);
	open_it(&f, &p);
	pid = fork();
	if (pid == 0) {
		struct partial other;

		_exit(partial_open(&f.dirs, "sha256:" HEX, size, &other, NULL) == -EWOULDBLOCK ? 7
											       : 1);
	}
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK_INT(WEXITSTATUS(status), 7);
	partial_remove(&f.dirs, &p);
	CHECK_INT(faccessat(f.dirs.partial, "sha256-" HEX, F_OK, 0), -1);
}

TEST(the_complete_file_is_the_blob_and_nothing_else)
{
	OWN(fixture) struct fixture f;
	struct partial p;
	struct stat st;

	fixture_init(&f);
	CHECK_OK(partial_open(&f.dirs, "sha256:" HEX, 1000, &p, &f.err));
	write_some(&p, 0, 1000);
	CHECK_INT(partial_ready(&p), 1000);
	CHECK_OK(partial_complete(&p, &f.err));
	CHECK_OK(partial_place(&f.dirs, "sha256:" HEX));
	CHECK_OK(partial_place(&f.dirs, "sha256:" HEX));
	CHECK_OK(fstatat(f.dirs.blobs[DIGEST_SHA256], HEX, &st, 0));
	CHECK_INT(st.st_size, 1000);
	/* Completed and not yet forgotten: nothing of it is fetched again. */
	partial_close(&p);
	CHECK_OK(partial_open(&f.dirs, "sha256:" HEX, 1000, &p, &f.err));
	CHECK_INT(partial_ready(&p), 1000);
	partial_forget(&f.dirs, "sha256:" HEX);
	partial_close(&p);
	CHECK_OK(unlinkat(f.dirs.blobs[DIGEST_SHA256], HEX, 0));
	CHECK_INT(partial_place(&f.dirs, "sha256:" HEX), -ENOENT);
}

TEST(only_what_is_old_is_swept)
{
	OWN(fixture) struct fixture f;
	const struct timespec old[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };
	struct partial p;
	int64_t freed = 0;

	fixture_init(&f);
	open_it(&f, &p);
	write_some(&p, 0, 300);
	partial_close(&p);
	CHECK_OK(rmtree_at(f.dirs.partial, "blobs"));
	partial_sweep(&f.dirs, PARTIAL_AGE_S, &freed);
	CHECK_INT(freed, 0);
	CHECK_OK(utimensat(f.dirs.partial, "sha256-" HEX, old, 0));
	partial_sweep(&f.dirs, PARTIAL_AGE_S, &freed);
	CHECK(freed > 0);
	CHECK_INT(faccessat(f.dirs.partial, "sha256-" HEX, F_OK, 0), -1);
}

TESTS(T(what_was_noted_is_there_when_it_is_opened_again),
      T(more_bytes_than_a_chunk_has_are_refused), T(a_file_that_says_nothing_sound_says_nothing),
      T(a_file_that_another_process_has_is_not_opened),
      T(the_complete_file_is_the_blob_and_nothing_else), T(only_what_is_old_is_swept))
