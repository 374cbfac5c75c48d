/*
 * certs.c - certificates that belong to one registry: certs.d/HOST[:PORT]/
 *
 * libcurl takes either its built-in bundle or one that it is given, so the system's is put in front
 * of what a directory adds.
 */
#include "registry/certs.h"

#include "base/own.h"
#include "base/str.h"
#include "registry/place.h"
#include "sys/file.h"

#include <curl/curl.h>
#include <dirent.h>
#include <fcntl.h>

enum { PEM_MAX = 4 << 20 };

struct loading {
	struct arena *a;
	struct err *err;
	struct buf authorities; /* without the system's */
	struct certs certs;
};

static void loading_cleanup(struct loading *l)
{
	buf_done(&l->authorities);
}

static int add_authority(struct loading *l, const char *path)
{
	OWN(str) char *text = NULL;
	size_t len;
	int r = file_read_path(AT_FDCWD, path, PEM_MAX, &text, &len);

	if (r < 0)
		return err_code(l->err, r, "certificate %s", path);
	buf_add(&l->authorities, text, len);
	buf_addc(&l->authorities, '\n');
	return 0;
}

/* NAME.cert and NAME.key are a pair. */
static int add_own(struct loading *l, const char *path)
{
	const char *stem = arena_strndup(l->a, path, strlen(path) - strlen(".cert"));
	const char *key = arena_printf(l->a, "%s.key", stem);

	if (access(key, R_OK) < 0)
		return err_sys(l->err,
			       "%s is the certificate of a client, whose key is missing (those of "
			       "authorities end in .crt): %s",
			       path, key);
	if (l->certs.cert)
		return err_set(l->err, -EINVAL,
			       "%s: there is a second certificate of a client, %s; only one can be "
			       "shown",
			       path, l->certs.cert);
	l->certs.cert = path;
	l->certs.key = key;
	return 0;
}

static int check_key(struct loading *l, const char *path)
{
	const char *stem = arena_strndup(l->a, path, strlen(path) - strlen(".key"));

	if (access(arena_printf(l->a, "%s.cert", stem), R_OK) < 0)
		return err_sys(l->err,
			       "%s is the key of a client, whose certificate is missing: "
			       "%s.cert",
			       path, stem);
	return 0;
}

/* What it says of mirrors, certificates and fields must not be passed over in silence. */
static int refuse_hosts(struct loading *l, const char *path)
{
	return err_set(l->err, -ENOTSUP,
		       "%s: containerd's form is not read: name mirrors among registry-mirrors in "
		       "%s, put authorities beside it as NAME.crt, a client's certificate as "
		       "NAME.cert and NAME.key, and remove it",
		       path, place_settings());
}

static int add_file(struct loading *l, const char *path)
{
	if (str_ends(path, "/hosts.toml"))
		return refuse_hosts(l, path);
	if (str_ends(path, ".crt"))
		return add_authority(l, path);
	if (str_ends(path, ".cert"))
		return add_own(l, path);
	return str_ends(path, ".key") ? check_key(l, path) : 0;
}

/* 1: there is such a directory, and no other counts. */
static int load_dir(struct loading *l, const char *dir)
{
	struct dirent **entries = NULL;
	int n = scandir(dir, &entries, NULL, alphasort), r = 1;

	if (n < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (n < 0)
		return err_sys(l->err, "certificates in %s", dir);
	for (int i = 0; i < n; i++) {
		const char *name = entries[i]->d_name;

		if (r > 0 && *name != '.') {
			int added = add_file(l, arena_printf(l->a, "%s/%s", dir, name));

			r = added < 0 ? added : r;
		}
		free(entries[i]);
	}
	free(entries);
	return r;
}

/* The system's bundle, which SSL_CERT_FILE may name, in front. */
static int with_system(struct loading *l, const char **ret)
{
	const char *named = getenv("SSL_CERT_FILE");
	const char *path = named ? named : curl_version_info(CURLVERSION_NOW)->cainfo;
	OWN(str) char *text = NULL;
	size_t len = 0;
	int r = path ? file_read_path(AT_FDCWD, path, PEM_MAX, &text, &len) : 0;

	if (r < 0 && (named || r != -ENOENT))
		return err_code(l->err, r, "certificates of authorities in %s", path);
	if (named || l->authorities.len > 0)
		*ret = arena_printf(l->a, "%s\n%s", text ? text : "", buf_text(&l->authorities));
	return 0;
}

int certs_load(const char *host, struct arena *a, struct certs *ret, struct err *err)
{
	OWN(loading) struct loading l = { .a = a, .err = err };
	struct strv dirs = place_certs(a);
	int r = 0;

	for (size_t i = 0; r == 0 && i < dirs.n; i++)
		r = load_dir(&l, arena_printf(a, "%s/%s", dirs.items[i], host));
	if (r >= 0)
		r = with_system(&l, &l.certs.authorities);
	if (r == 0)
		*ret = l.certs;
	return r;
}
