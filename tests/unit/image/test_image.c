/* test_image.c - finding, naming and removing images, on records alone */
#include "check.h"

#include "base/own.h"
#include "image/image.h"
#include "image/image_store.h"
#include "sys/rmtree.h"

#include <fcntl.h>
#include <sys/stat.h>

#define ID_A    "sha256:aaaa0000000000000000000000000000000000000000000000000000000000a1"
#define ID_B    "sha256:aaaa0000000000000000000000000000000000000000000000000000000000b2"
#define LAYER_1 "1111111111111111111111111111111111111111111111111111111111111111"
#define LAYER_2 "2222222222222222222222222222222222222222222222222222222222222222"

struct fixture {
	char root[64];
	struct state *st;
	struct image_store *is;
	struct arena a;
	struct err err;
	struct image_users users;
	const char *user;
	bool running;
};

static const char *find_user(void *ctx, struct state_txn *txn, const char *image_id,
			     bool *ret_running)
{
	struct fixture *f = ctx;

	(void)txn;
	*ret_running = f->running;
	return str_eq(image_id, ID_A) ? f->user : NULL;
}

/* A has layers 1 and 2 and two names, B only layer 1 and one name. */
static void put_image(struct fixture *f, const char *id, int64_t created, bool both)
{
	OWN(state_txn) struct state_txn *txn = NULL;
	struct image_doc doc = { .version = 1, .id = id, .created = created, .os = "linux" };
	struct layer_doc layer = { .version = 1, .diff_id = "sha256:" LAYER_1 };

	strv_add(&doc.diff_ids, &f->a, "sha256:" LAYER_1);
	if (both)
		strv_add(&doc.diff_ids, &f->a, "sha256:" LAYER_2);
	CHECK_OK(state_begin(f->st, STATE_NOSYNC, &txn, NULL));
	CHECK_OK(state_put_doc(txn, STATE_LAYERS, LAYER_1, &layer_doc_schema, &layer, NULL));
	CHECK_OK(state_put_doc(txn, STATE_LAYERS, LAYER_2, &layer_doc_schema, &layer, NULL));
	CHECK_OK(image_store_put(txn, &doc, NULL));
	CHECK_OK(state_commit(&txn, NULL));
}

static void fixture_init(struct fixture *f)
{
	struct image_dirs dirs;

	memset(f, 0, sizeof(*f));
	(void)snprintf(f->root, sizeof(f->root), "/tmp/test_image.XXXXXX");
	CHECK(mkdtemp(f->root));
	CHECK_OK(state_open(f->root, &f->st, NULL));
	CHECK_OK(image_store_open(f->root, f->st, &f->is, NULL));
	f->users = (struct image_users){ find_user, f };
	put_image(f, ID_A, 1, true);
	put_image(f, ID_B, 2, false);
	CHECK_OK(image_tag(f->is, ID_A, "one", NULL));
	CHECK_OK(image_tag(f->is, ID_A, "two:v2", NULL));
	CHECK_OK(image_tag(f->is, ID_B, "host:5000/b", NULL));
	CHECK_OK(image_dirs_open(f->is, true, &dirs, NULL));
	CHECK_OK(mkdirat(dirs.layers, LAYER_1, 0755));
	CHECK_OK(mkdirat(dirs.layers, LAYER_2, 0755));
	image_dirs_cleanup(&dirs);
}

static void fixture_cleanup(struct fixture *f)
{
	OWN(fd) int tmp = open("/tmp", O_RDONLY | O_DIRECTORY);

	image_store_close(f->is);
	state_close(f->st);
	arena_done(&f->a);
	CHECK_OK(rmtree_at(tmp, f->root + strlen("/tmp/")));
}

/* The last four digits of what a name finds, or what the failure says. */
static const char *find(struct fixture *f, const char *name)
{
	OWN(state_txn) struct state_txn *txn = NULL;
	struct image_doc doc;

	CHECK_OK(state_begin(f->st, STATE_READ, &txn, NULL));
	if (image_find(f->is, txn, name, &f->a, &doc, &f->err) < 0)
		return f->err.msg;
	return doc.id + strlen(doc.id) - 2;
}

static int remove_it(struct fixture *f, const char *name, bool force, struct image_removed *ret)
{
	memset(ret, 0, sizeof(*ret));
	return image_remove(f->is, name, force, false, &f->users, &f->a, ret, &f->err);
}

static bool has_layer(struct fixture *f, const char *hex)
{
	OWN(str) char *path = str_printf("%s/layers/%s", f->root, hex);

	return access(path, F_OK) == 0;
}

TEST(names_and_ids_find_images)
{
	OWN(fixture) struct fixture f;

	fixture_init(&f);
	CHECK_STR(find(&f, "one"), "a1");
	CHECK_STR(find(&f, "docker.io/library/one:latest"), "a1");
	CHECK_STR(find(&f, "two:v2"), "a1");
	CHECK_STR(find(&f, "host:5000/b"), "b2");
	CHECK_STR(find(&f, ID_A), "a1");
	CHECK_STR(find(&f, ID_B + 7), "b2");
	CHECK_STR(find(&f, "two"), "No such image: two:latest");
	CHECK_STR(find(&f, "Not A Name"), "No such image: Not A Name");
	CHECK_STR(find(&f, "aaaa"), "multiple IDs found with provided prefix: aaaa");
	CHECK_STR(find(&f, "bbbb"), "No such image: bbbb:latest");
}

TEST(a_shortened_id_is_enough_and_a_name_comes_before_it)
{
	OWN(fixture) struct fixture f;

	fixture_init(&f);
	CHECK_STR(find(&f, "aaaa0000000000000000000000000000000000000000000000000000000000b"),
		  "b2");
	CHECK_OK(image_tag(f.is, ID_B, "aaaa", &f.err));
	CHECK_STR(find(&f, "aaaa"), "b2");
}

TEST(the_list_begins_with_the_newest)
{
	OWN(fixture) struct fixture f;
	struct image_doc_list list;
	struct state_txn *txn = NULL;

	fixture_init(&f);
	CHECK_OK(state_begin(f.st, STATE_READ, &txn, NULL));
	CHECK_OK(image_list(f.is, txn, &f.a, &list, NULL));
	state_abort(&txn);
	CHECK_INT(list.n, 2);
	CHECK_STR(list.items[0].id, ID_B);
	CHECK_STR(list.items[1].repo_tags.items[0], "docker.io/library/one:latest");
	CHECK_STR(list.items[1].repo_tags.items[1], "docker.io/library/two:v2");
}

TEST(a_name_that_is_given_again_moves)
{
	OWN(fixture) struct fixture f;
	struct image_removed removed;

	fixture_init(&f);
	CHECK_OK(image_tag(f.is, "host:5000/b", "one", &f.err));
	CHECK_STR(find(&f, "one"), "b2");
	CHECK_OK(remove_it(&f, ID_A, false, &removed));
	CHECK_INT(removed.untagged.n, 1);
	CHECK_STR(removed.untagged.items[0], "two:v2");
	CHECK_STR(find(&f, "one"), "b2");
}

TEST(names_that_could_be_something_else_are_refused)
{
	OWN(fixture) struct fixture f;

	fixture_init(&f);
	CHECK_ERR(image_tag(f.is, "one", "UPPER", &f.err), -EINVAL, &f.err, "lowercase");
	CHECK_ERR(image_tag(f.is, "one", "x@" ID_A, &f.err), -EINVAL, &f.err, "digest reference");
	CHECK_ERR(image_tag(f.is, "one", "sha256:abc", &f.err), -EINVAL, &f.err, "ambiguous tag");
	CHECK_ERR(image_tag(f.is, "none", "x", &f.err), -ENOENT, &f.err, "No such image");
}

TEST(the_last_name_takes_the_image_and_the_layers_that_no_other_has)
{
	OWN(fixture) struct fixture f;
	struct image_removed removed;

	fixture_init(&f);
	CHECK_OK(remove_it(&f, "one", false, &removed));
	CHECK_STR(removed.untagged.items[0], "one:latest");
	CHECK_INT(removed.deleted.n, 0);
	CHECK_OK(remove_it(&f, "two:v2", false, &removed));
	CHECK_STR(removed.untagged.items[0], "two:v2");
	CHECK_INT(removed.deleted.n, 2);
	CHECK_STR(removed.deleted.items[0], ID_A);
	CHECK_STR(removed.deleted.items[1], "sha256:" LAYER_2);
	CHECK(has_layer(&f, LAYER_1));
	CHECK(!has_layer(&f, LAYER_2));
}

TEST(an_id_removes_an_image_of_one_name_but_not_one_of_several)
{
	OWN(fixture) struct fixture f;
	struct image_removed removed;

	fixture_init(&f);
	CHECK_ERR(remove_it(&f, ID_A, false, &removed), -EBUSY, &f.err,
		  "conflict: unable to delete aaaa00000000 (must be forced) - image is referenced "
		  "in multiple repositories");
	CHECK_OK(remove_it(&f, ID_A, true, &removed));
	CHECK_INT(removed.untagged.n, 2);
	CHECK_OK(remove_it(&f, ID_B, false, &removed));
	CHECK_STR(removed.untagged.items[0], "host:5000/b:latest");
	CHECK(!has_layer(&f, LAYER_1));
}

TEST(an_image_that_a_container_uses_is_removed_by_force_only)
{
	OWN(fixture) struct fixture f;
	struct image_removed removed;

	fixture_init(&f);
	f.user = "cccccccccccccccccccc";
	CHECK_OK(remove_it(&f, "one", false, &removed));
	CHECK_ERR(remove_it(&f, "two:v2", false, &removed), -EBUSY, &f.err,
		  "conflict: unable to remove repository reference \"two:v2\" (must force) - "
		  "container cccccccccccc is using its referenced image aaaa00000000");
	CHECK_ERR(remove_it(&f, ID_A, false, &removed), -EBUSY, &f.err,
		  "(must be forced) - image is being used by stopped container cccccccccccc");
	CHECK_OK(remove_it(&f, "two:v2", true, &removed));
	CHECK_STR(removed.deleted.items[0], ID_A);
}

TEST(an_image_that_runs_only_loses_its_name_by_force)
{
	OWN(fixture) struct fixture f;
	struct image_removed removed;

	fixture_init(&f);
	f.user = "cccccccccccccccccccc";
	f.running = true;
	CHECK_OK(remove_it(&f, "one", false, &removed));
	CHECK_ERR(remove_it(&f, ID_A, true, &removed), -EBUSY, &f.err,
		  "(cannot be forced) - image is being used by running container cccccccccccc");
	CHECK_OK(remove_it(&f, "two:v2", true, &removed));
	CHECK_INT(removed.deleted.n, 0);
	CHECK_STR(find(&f, ID_A), "a1");
}

TEST(a_sweep_removes_what_has_no_record_and_nothing_else)
{
	OWN(fixture) struct fixture f;
	OWN(image_dirs) struct image_dirs dirs = IMAGE_DIRS_INIT;

	fixture_init(&f);
	CHECK_OK(image_dirs_open(f.is, false, &dirs, NULL));
	CHECK_OK(mkdirat(dirs.tmp, "add.1", 0755));
	CHECK_OK(mkdirat(dirs.tmp, "add.1/0", 0755));
	CHECK_OK(mkdirat(dirs.layers, "unknown", 0755));
	CHECK_OK(mknodat(dirs.blobs[DIGEST_SHA256], "unknown", S_IFREG | 0600, 0));
	CHECK_OK(mknodat(dirs.blobs[DIGEST_SHA256], ID_A + 7, S_IFREG | 0600, 0));
	CHECK_OK(image_sweep(f.is, &f.err));
	CHECK_INT(faccessat(dirs.tmp, "add.1", F_OK, 0), -1);
	CHECK_INT(faccessat(dirs.layers, "unknown", F_OK, 0), -1);
	CHECK_INT(faccessat(dirs.blobs[DIGEST_SHA256], "unknown", F_OK, 0), -1);
	CHECK_OK(faccessat(dirs.blobs[DIGEST_SHA256], ID_A + 7, F_OK, 0));
	CHECK(has_layer(&f, LAYER_1));
	CHECK(has_layer(&f, LAYER_2));
}

TESTS(T(names_and_ids_find_images), T(a_shortened_id_is_enough_and_a_name_comes_before_it),
      T(the_list_begins_with_the_newest), T(a_name_that_is_given_again_moves),
      T(names_that_could_be_something_else_are_refused),
      T(the_last_name_takes_the_image_and_the_layers_that_no_other_has),
      T(an_id_removes_an_image_of_one_name_but_not_one_of_several),
      T(an_image_that_a_container_uses_is_removed_by_force_only),
      T(an_image_that_runs_only_loses_its_name_by_force),
      T(a_sweep_removes_what_has_no_record_and_nothing_else))
