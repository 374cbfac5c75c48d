/*
 * oci_bundle.c - what a container is made from: config.json, root file system, passed descriptors
 */
#include "cmd/oci_bundle.h"

#include "base/own.h"
#include "cgroup/cgroup.h"
#include "codec/capability.h"
#include "sys/file.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { CONFIG_MAX = 8 << 20, FDS_MAX = 1024 };

static const char *absolute(struct oci_cli *cli, const char *path)
{
	char whole[PATH_MAX];

	return realpath(path, whole) ? arena_strdup(cli->a, whole) : NULL;
}

/*
 * The group above our own, where v2 is all there is: in a subtree that was delegated to an ordinary
 * user, ours has processes and so cannot hand controllers on. NULL: not known.
 */
static const char *beside_own(struct oci_cli *cli)
{
	const char *own = cgroup_own_v2(cli->a);

	return own ? arena_strndup(cli->a, own, (size_t)(strrchr(own, '/') - own)) : NULL;
}

/* As the drivers of runc take it: a unit of systemd's, or beneath the root of every hierarchy. */
static int find_cgroup(struct oci_cli *cli, struct oci_bundle *b, const char *id)
{
	const char *path = b->config->linux_->cgroups_path;
	const char *beside = cli->rootless && !cli->systemd ? beside_own(cli) : NULL;
	int r;

	if (cli->systemd) {
		r = cgroup_unit_parse(path, id, cli->a, &b->unit, &cli->err);
		b->cgroup = b->unit.group;
		return r;
	}
	if (str_is_empty(path))
		b->cgroup = beside ? arena_printf(cli->a, "%s/berth-%s", beside, id)
				   : arena_printf(cli->a, "/berth/%s", id);
	else
		b->cgroup = path[0] == '/'
				    ? path
				    : arena_printf(cli->a, "%s/%s", beside ? beside : "", path);
	return 0;
}

static int find_rootfs(struct oci_cli *cli, struct oci_bundle *b)
{
	const struct oci_root *root = b->config->root;
	const char *path;
	struct stat st;

	if (!root || str_is_empty(root->path))
		return err_set(&cli->err, -EINVAL, "root.path: is required");
	path = root->path[0] == '/' ? root->path
				    : arena_printf(cli->a, "%s/%s", b->path, root->path);
	b->rootfs = absolute(cli, path);
	if (!b->rootfs || stat(b->rootfs, &st) < 0)
		return err_sys(&cli->err, "root.path: %s", path);
	if (!S_ISDIR(st.st_mode))
		return err_set(&cli->err, -ENOTDIR, "root.path: %s is not a directory", path);
	return 0;
}

/* Newer kernels and misspellings: the specification wants them passed over, aloud. */
static void warn_of_capabilities(struct oci_cli *cli, const struct oci_capabilities *c)
{
	const struct strv *sets[] = { &c->bounding, &c->effective, &c->permitted, &c->inheritable,
				      &c->ambient };

	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		const char *unknown = NULL;

		(void)capability_mask(sets[i], &unknown);
		if (!unknown)
			continue;
		oci_warn(cli, "process.capabilities: no capability is called %s; it is left out",
			 unknown);
		return;
	}
}

int oci_bundle_load(struct oci_cli *cli, const char *dir, const char *config, const char *id,
		    struct oci_bundle *ret)
{
	OWN(str) char *text = NULL;
	struct oci_bundle b = { .config = arena_new(cli->a, struct oci_config) };
	const char *file;
	size_t len;
	int r;

	b.path = absolute(cli, dir);
	if (!b.path)
		return err_sys(&cli->err, "bundle %s", dir);
	file = config ? config : arena_printf(cli->a, "%s/config.json", b.path);
	r = file_read_at(AT_FDCWD, file, CONFIG_MAX, &text, &len);
	if (r < 0)
		return err_code(&cli->err, r, "%s", file);
	r = schema_read(&oci_config_schema, text, len, cli->a, b.config, &cli->err);
	if (r == 0)
		r = oci_runtime_check(b.config, &cli->err);
	if (r < 0)
		return err_wrap(&cli->err, "%s", file);
	if (b.config->process->capabilities)
		warn_of_capabilities(cli, b.config->process->capabilities);
	b.text = arena_strndup(cli->a, text, len);
	r = find_cgroup(cli, &b, id);
	if (r == 0)
		r = find_rootfs(cli, &b);
	if (r < 0)
		return r;
	*ret = b;
	return 0;
}

int oci_bundle_fds(struct oci_cli *cli, int64_t n, struct oci_process *process, const int **ret,
		   size_t *ret_n)
{
	const char *listen = getenv("LISTEN_FDS");
	char *end = "";
	int64_t listen_fds = listen ? strtoll(listen, &end, 10) : 0;
	int *fds;

	if (*end)
		return err_set(&cli->err, -EINVAL, "LISTEN_FDS: %s is not a number", listen);
	if (n < 0 || n > FDS_MAX || listen_fds < 0 || listen_fds > FDS_MAX)
		return err_set(&cli->err, -EINVAL,
			       "--preserve-fds and LISTEN_FDS must be from 0 to %d", FDS_MAX);
	if (listen_fds > 0) {
		strv_add(&process->env, cli->a,
			 arena_printf(cli->a, "LISTEN_FDS=%d", (int)listen_fds));
		strv_add(&process->env, cli->a, "LISTEN_PID=1");
		n += listen_fds;
	}
	fds = arena_array(cli->a, (size_t)n, sizeof(*fds));
	for (int i = 0; i < n; i++) {
		fds[i] = 3 + i;
		if (fcntl(fds[i], F_GETFD) < 0)
			return err_set(&cli->err, -EBADF,
				       "descriptor %d is to be passed on but is not open", fds[i]);
	}
	*ret = fds;
	*ret_n = (size_t)n;
	return 0;
}

int oci_bundle_preserve_fds(struct oci_cli *cli, struct oci_bundle *b, int64_t n)
{
	return oci_bundle_fds(cli, n, b->config->process, &b->preserve_fds, &b->n_preserve_fds);
}

int oci_bundle_pid_file(struct oci_cli *cli, const char *path, pid_t pid)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%d", (int)pid);
	int r = file_write_at(AT_FDCWD, path, text, (size_t)len, 0644, 0);

	return r < 0 ? err_code(&cli->err, r, "writing --pid-file %s", path) : 0;
}
