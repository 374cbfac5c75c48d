/*
 * credential.c - the user's names and secrets: the client's configuration and its helpers
 */
#include "registry/credential.h"

#include "base/own.h"
#include "registry/helper.h"
#include "registry/place.h"
#include "sys/file.h"

#include <fcntl.h>
#include <sys/stat.h>

enum { PRIVATE_MODE = 0600, PRIVATE_DIR_MODE = 0700 };

/* The text, or "" when there is no file. */
static int read_text(const char *path, char **ret, size_t *ret_len, struct err *err)
{
	int r = path ? file_read_path(AT_FDCWD, path, CLIENT_CONFIG_MAX, ret, ret_len) : -ENOENT;

	if (r == -ENOENT || r == -ENOTDIR) {
		*ret = str_dup("");
		*ret_len = 0;
		return 0;
	}
	return r < 0 ? err_code(err, r, "read %s", path) : 0;
}

int credential_config(struct arena *a, struct client_config *ret, struct err *err)
{
	const char *path = place_client_config(a);
	OWN(str) char *text = NULL;
	size_t len;
	int r = read_text(path, &text, &len, err);

	*ret = (struct client_config){ 0 };
	if (r == 0 && len > 0 && client_config_read(text, len, a, ret, err) < 0)
		return err_wrap(err, "%s", path);
	return r;
}

/* -- reading -- */

static void adopt(struct client_auth *ret, const struct client_auth *from)
{
	const char *key = ret->key;

	*ret = *from;
	ret->key = key;
}

static int from_environment(const char *key, struct arena *a, struct client_auth *ret,
			    bool *ret_found, struct err *err)
{
	const char *text = getenv("DOCKER_AUTH_CONFIG");
	const struct client_auth *auth;
	struct client_config c;

	*ret_found = false;
	if (str_is_empty(text))
		return 0;
	if (client_config_read(text, strlen(text), a, &c, err) < 0)
		return err_wrap(err, "DOCKER_AUTH_CONFIG");
	auth = client_config_auth(&c, key, a);
	*ret_found = auth != NULL;
	if (auth)
		adopt(ret, auth);
	return 0;
}

static int from_helper(const char *helper, const char *key, struct arena *a,
		       struct client_auth *ret, struct err *err)
{
	OWN(buf) struct buf out = { 0 };
	struct client_auth auth;
	bool ran;
	int r = helper_run(helper, "get", key, &out, &ran, err);

	if (r == -ENOENT && ran)
		return 0;
	if (r < 0)
		return r;
	if (client_config_read_helper(buf_text(&out), out.len, a, &auth, err) < 0)
		return err_wrap(err, "docker-credential-%s", helper);
	adopt(ret, &auth);
	return 0;
}

int credential_get(const char *key, struct arena *a, struct client_auth *ret, struct err *err)
{
	struct client_auth auth = { .key = key };
	const struct client_auth *kept;
	struct client_config c;
	const char *helper;
	bool found;
	int r = from_environment(key, a, &auth, &found, err);

	if (r == 0 && !found) {
		r = credential_config(a, &c, err);
		helper = r == 0 ? client_config_helper(&c, key) : NULL;
		kept = r == 0 ? client_config_auth(&c, key, a) : NULL;
		if (helper)
			r = from_helper(helper, key, a, &auth, err);
		else if (kept)
			adopt(&auth, kept);
	}
	if (r == 0)
		*ret = auth;
	return r;
}

/* -- writing -- */

/* Where the file is, when its name is a link; replacing the link would part it from its target. */
static const char *target_of(const char *path, struct arena *a)
{
	OWN(str) char *real = realpath(path, NULL);

	return real ? arena_strdup(a, real) : path;
}

static int make_dir(const char *dir, struct err *err)
{
	if (mkdir(dir, PRIVATE_DIR_MODE) < 0 && errno != EEXIST)
		return err_sys(err, "make %s", dir);
	return 0;
}

/* One change at a time: another `login` would lose what this one adds. */
static int lock_dir(const char *dir, int *ret_fd, struct err *err)
{
	OWN(fd) int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return err_sys(err, "open %s", dir);
	r = file_lock(fd, true);
	if (r < 0)
		return err_code(err, r, "lock %s", dir);
	*ret_fd = take_fd(&fd);
	return 0;
}

static int write_text(const char *path, const struct buf *text, struct arena *a, struct err *err)
{
	const char *target = target_of(path, a), *slash = strrchr(target, '/');
	const char *dir = slash ? arena_strndup(a, target, (size_t)(slash - target)) : ".";
	OWN(fd) int fd = open(*dir ? dir : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = fd < 0 ? -errno
		       : file_write_at(fd, slash ? slash + 1 : target, text->data, text->len,
				       PRIVATE_MODE, FILE_SYNC);

	return r < 0 ? err_code(err, r, "write %s", path) : 0;
}

/* auth NULL: takes the key's entry out. */
static int change(const char *key, const struct client_auth *auth, bool secrets, struct arena *a,
		  bool *ret_had, struct err *err)
{
	const char *dir = place_client_dir(a), *path = place_client_config(a);
	OWN(str) char *text = NULL;
	OWN(buf) struct buf changed = { 0 };
	OWN(fd) int lock = -1;
	size_t len;
	int r;

	*ret_had = false;
	if (!dir)
		return err_set(err, -ENOENT, "there is no home directory; set DOCKER_CONFIG");
	if (!auth && access(path, F_OK) < 0 && errno == ENOENT)
		return 0;
	r = make_dir(dir, err);
	if (r == 0)
		r = lock_dir(dir, &lock, err);
	if (r == 0)
		r = read_text(path, &text, &len, err);
	if (r == 0 &&
	    client_config_change(text, len, key, auth, secrets, &changed, ret_had, err) < 0)
		return err_wrap(err, "%s", path);
	if (r < 0 || (!auth && !*ret_had))
		return r;
	return write_text(path, &changed, a, err);
}

int credential_store(const struct client_auth *auth, struct arena *a, const char **ret_file,
		     struct err *err)
{
	OWN(buf) struct buf input = { 0 };
	OWN(buf) struct buf out = { 0 };
	struct client_config c;
	const char *helper;
	bool ran, had;
	int r = credential_config(a, &c, err);

	if (r < 0)
		return r;
	helper = client_config_helper(&c, auth->key);
	if (helper) {
		client_config_write_helper(auth, &input);
		r = helper_run(helper, "store", buf_text(&input), &out, &ran, err);
	}
	if (r == 0)
		r = change(auth->key, auth, !helper, a, &had, err);
	if (r == 0)
		*ret_file = helper ? NULL : place_client_config(a);
	return r;
}

int credential_erase(const char *key, struct arena *a, bool *ret_had, struct err *err)
{
	OWN(buf) struct buf out = { 0 };
	struct client_config c;
	const char *helper;
	bool ran = false;
	int r = credential_config(a, &c, err);

	if (r < 0)
		return r;
	helper = client_config_helper(&c, key);
	if (helper)
		r = helper_run(helper, "erase", key, &out, &ran, err);
	/* What a helper does not have is erased. */
	if (r == -ENOENT && ran)
		r = 0;
	return r == 0 ? change(key, NULL, false, a, ret_had, err) : r;
}
