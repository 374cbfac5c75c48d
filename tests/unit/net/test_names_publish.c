/* net/names: what is published is in the index and on the container's list, and nothing stays. */
#include "net/names.h"

#include "base/str.h"
#include "check.h"
#include "sys/rmtree.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define WEB "1111111111111111111111111111111111111111111111111111111111111111"
#define DB  "2222222222222222222222222222222222222222222222222222222222222222"

static const struct names_network front = { "f00", "front", false, false };
static const struct names_network back = { "b00", "back", true, false };
static const uint8_t ten[4] = { 10, 0, 0, 1 };

/* A STATE of its own, in which both containers have their directories. */
static char state[] = "/tmp/berth-names-XXXXXX";

static void setup(void)
{
	memcpy(state + sizeof(state) - 7, "XXXXXX", 6);
	CHECK(mkdtemp(state) != NULL);
	CHECK_OK(chdir(state));
	CHECK_OK(mkdir("c", 0700));
	CHECK_OK(mkdir("c/" WEB, 0700));
	CHECK_OK(mkdir("c/" DB, 0700));
}

static void teardown(void)
{
	CHECK_OK(chdir("/tmp"));
	CHECK_OK(rmtree_at(AT_FDCWD, state + sizeof("/tmp/") - 1));
}

static int publish(const struct names_network *network, const char *id, const char *name,
		   struct err *err)
{
	const char *names[] = { name };
	struct name_index_new e = { .id = id, .names = names, .n_names = 1, .v4 = ten };

	return names_publish(state, network, &e, err);
}

static char text[1 << 20];

/* A file's text; "" when there is none. */
static const char *read_text(const char *path, size_t *ret_len)
{
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		(void)close(fd);
	text[n > 0 ? n : 0] = '\0';
	if (ret_len)
		*ret_len = n > 0 ? (size_t)n : 0;
	return text;
}

static uint32_t count(const char *network, const char *name)
{
	char path[64];
	struct name_index idx;
	size_t len;
	uint32_t n;

	(void)snprintf(path, sizeof(path), "names/%s", network);
	(void)read_text(path, &len);
	CHECK_OK(name_index_open(text, len, &idx));
	(void)name_index_find(&idx, name, strlen(name), &n);
	return n;
}

TEST(what_is_published_has_its_short_id_too_and_is_on_the_list)
{
	struct err err = ERR_INIT;

	setup();
	CHECK_OK(publish(&front, WEB, "web", &err));
	CHECK_OK(publish(&back, WEB, "web", &err));
	CHECK_OK(publish(&front, WEB, "renamed", &err));
	CHECK_INT(count("f00", "renamed"), 1);
	CHECK_INT(count("f00", "web"), 0);
	CHECK_INT(count("b00", "111111111111"), 1);
	CHECK_STR(read_text("c/" WEB "/names", NULL), "f00\nb00\n");
	teardown();
}

TEST(what_is_withdrawn_leaves_no_file)
{
	struct err err = ERR_INIT;

	setup();
	CHECK_OK(publish(&front, WEB, "web", &err));
	CHECK_OK(publish(&front, DB, "db", &err));
	CHECK_OK(publish(&back, WEB, "web", &err));
	CHECK_OK(names_withdraw(state, "b00", WEB, &err));
	CHECK_OK(names_withdraw(state, "b00", WEB, &err));
	CHECK(access("names/b00", F_OK) < 0);
	CHECK_STR(read_text("c/" WEB "/names", NULL), "f00\n");
	CHECK_OK(names_withdraw_all(state, WEB, &err));
	CHECK(access("c/" WEB "/names", F_OK) < 0);
	CHECK_INT(count("f00", "db"), 1);
	CHECK_OK(names_withdraw_all(state, DB, &err));
	CHECK_OK(names_withdraw_all(state, DB, &err));
	CHECK_OK(rmdir("names")); /* so it is empty */
	CHECK_OK(rmdir("c/" DB));
	teardown();
}

TEST(a_network_stays_internal_when_somebody_leaves)
{
	struct err err = ERR_INIT;
	struct name_index idx;
	size_t len;

	setup();
	CHECK_OK(publish(&back, WEB, "web", &err));
	CHECK_OK(publish(&back, DB, "db", &err));
	CHECK_OK(names_withdraw(state, "b00", WEB, &err));
	(void)read_text("names/b00", &len);
	CHECK_OK(name_index_open(text, len, &idx));
	CHECK_INT(idx.head->flags, NAME_INDEX_INTERNAL);
	CHECK_INT(name_index_network(&idx).len, 4);
	teardown();
}

TEST(a_file_that_is_no_index_is_replaced)
{
	struct err err = ERR_INIT;
	int fd;

	setup();
	CHECK_OK(publish(&front, WEB, "web", &err));
	fd = open("names/f00", O_WRONLY | O_TRUNC);
	CHECK_INT(write(fd, "foreign", 7), 7);
	(void)close(fd);
	CHECK_OK(publish(&front, DB, "db", &err));
	CHECK_INT(count("f00", "db"), 1);
	/* A link in its place is not followed. */
	CHECK_OK(unlink("names/f00"));
	CHECK_OK(symlink("../c/elsewhere", "names/f00"));
	CHECK_OK(publish(&front, DB, "db", &err));
	CHECK(access("c/elsewhere", F_OK) < 0);
	CHECK_INT(count("f00", "db"), 1);
	teardown();
}

TEST(what_cannot_be_a_name_or_an_id_is_refused)
{
	struct names_network wrong = { "../up", "front", false, false };
	struct err err = ERR_INIT;

	setup();
	CHECK_ERR(publish(&front, WEB, "", &err), -EINVAL, &err, "1 to 253 characters");
	CHECK_ERR(publish(&front, "web", "web", &err), -EINVAL, &err, "not the ID of a container");
	CHECK_ERR(publish(&wrong, WEB, "web", &err), -EINVAL, &err, "not the ID of a network");
	CHECK_ERR(names_withdraw(state, "../up", WEB, &err), -EINVAL, &err, "../up");
	CHECK_ERR(names_withdraw_all(state, "..", &err), -EINVAL, &err, "not the ID");
	CHECK_OK(rmdir("c/" WEB));
	CHECK_ERR(publish(&front, WEB, "web", &err), -ENOENT, &err, WEB);
	CHECK(access("names/f00", F_OK) < 0);
	teardown();
}

TEST(a_container_has_names_in_64_networks_at_most)
{
	struct err err = ERR_INIT;
	char id[8];
	struct names_network network = { id, "n", false, false };

	setup();
	for (int i = 0; i < NAMES_NETWORKS_MAX; i++) {
		(void)snprintf(id, sizeof(id), "n%d", i);
		CHECK_OK(publish(&network, WEB, "web", &err));
	}
	CHECK_ERR(publish(&front, WEB, "web", &err), -E2BIG, &err, "64 networks");
	CHECK_OK(names_withdraw_all(state, WEB, &err));
	CHECK_OK(rmdir("names"));
	teardown();
}

/* Each of several processes adds and removes; what one has done the other does not undo. */
TEST(changes_at_the_same_time_lose_nothing)
{
	enum { PROCESSES = 4, ROUNDS = 50 };
	struct err err = ERR_INIT;
	int status, failed = 0;

	setup();
	for (int p = 0; p < PROCESSES; p++) {
		if (fork() > 0)
			continue;
		for (int i = 0; i < ROUNDS; i++) {
			char id[80], dir[96];

			(void)snprintf(id, sizeof(id), "%032d%032d", p, i);
			(void)snprintf(dir, sizeof(dir), "c/%s", id);
			if (mkdir(dir, 0700) < 0 || publish(&front, id, "all", &err) < 0 ||
			    (i % 2 && names_withdraw_all(state, id, &err) < 0))
				_exit(1);
		}
		_exit(0);
	}
	while (wait(&status) > 0)
		failed += status != 0;
	CHECK_INT(failed, 0);
	CHECK_INT(count("f00", "all"), PROCESSES * ROUNDS / 2);
	teardown();
}

TESTS(T(what_is_published_has_its_short_id_too_and_is_on_the_list),
      T(what_is_withdrawn_leaves_no_file), T(a_network_stays_internal_when_somebody_leaves),
      T(a_file_that_is_no_index_is_replaced), T(what_cannot_be_a_name_or_an_id_is_refused),
      T(a_container_has_names_in_64_networks_at_most), T(changes_at_the_same_time_lose_nothing))
