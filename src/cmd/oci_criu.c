/*
 * oci_criu.c - what checkpoint and restore have in common: what of a container is not its own
 *
 * Names are those of runc where it has one, so that images of either can be restored by the other.
 */
#include "cmd/oci_criu.h"

#include "base/own.h"
#include "cgroup/cgroup.h"
#include "codec/json.h"
#include "sys/file.h"
#include "sys/openat2.h"
#include "sys/rmtree.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

enum { STREAMS = 3, STREAMS_MAX = 64 << 10, NAMESPACES = 2 };

static const char yard_name[] = "criu-cgroups";
static const char descriptors_file[] = "descriptors.json", null_prefix[] = "/dev/null ",
		  terminal_prefix[] = "tty[";

const struct opt oci_criu_opts[] = {
	STR(struct oci_criu_opts, image_path, 0, "image-path", "dir",
	    "Directory of the images (default \"./checkpoint\")"),
	STR(struct oci_criu_opts, work_path, 0, "work-path", "dir",
	    "Directory of criu's log and statistics (default: that of the images)"),
	STR(struct oci_criu_opts, cgroups_mode, 0, "manage-cgroups-mode", "mode",
	    "What is kept of control groups: \"soft\", \"full\", \"strict\" or \"ignore\" "
	    "(default: criu's)"),
	STR(struct oci_criu_opts, network_lock, 0, "network-lock", "method",
	    "How packets are held back meanwhile: \"iptables\", \"nftables\" or \"skip\" "
	    "(default: criu's)"),
	STRS(struct oci_criu_opts, empty_ns, 0, "empty-ns", "type",
	     "Do not keep what is in this namespace; only \"network\", for which it is always so: "
	     "hooks fill it again"),
	FLAG(struct oci_criu_opts, tcp_established, 0, "tcp-established",
	     "Keep open TCP connections"),
	FLAG(struct oci_criu_opts, ext_unix_sk, 0, "ext-unix-sk",
	     "Allow Unix sockets that are connected to outside"),
	FLAG(struct oci_criu_opts, shell_job, 0, "shell-job",
	     "Allow a terminal from outside as standard streams; restore gives its own for it"),
	FLAG(struct oci_criu_opts, file_locks, 0, "file-locks", "Keep locks on files"),
	FLAG(struct oci_criu_opts, auto_dedup, 0, "auto-dedup",
	     "Drop from older images what a newer one has"),
	FLAG(struct oci_criu_opts, lazy_pages, 0, "lazy-pages",
	     "Load memory when it is first used (userfaultfd)"),
	OPT_END,
};

void oci_criu_cleanup(struct oci_criu *c)
{
	fd_cleanup(&c->images_fd);
	fd_cleanup(&c->work_fd);
	fd_cleanup(&c->terminal_fd);
}

/* The user's path: nobody else's links are on it. */
static int make_directories(struct oci_cli *cli, const char *path)
{
	char *part = arena_strdup(cli->a, path);

	for (char *at = strchr(part + 1, '/'); at; at = strchr(at + 1, '/')) {
		*at = '\0';
		(void)mkdir(part, 0700);
		*at = '/';
	}
	return mkdir(path, 0700) < 0 && errno != EEXIST ? err_sys(&cli->err, "making %s", path) : 0;
}

static int open_directory(struct oci_cli *cli, const char *path, bool make, int *ret)
{
	int r = make ? make_directories(cli, path) : 0;

	if (r < 0)
		return r;
	*ret = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *ret < 0 ? err_sys(&cli->err, "%s", path) : 0;
}

static int take_cgroups_mode(struct oci_cli *cli, const char *name, int *ret)
{
	static const struct {
		const char *name;
		int mode;
	} modes[] = { { "soft", CRIU_CGROUPS_SOFT },
		      { "full", CRIU_CGROUPS_FULL },
		      { "strict", CRIU_CGROUPS_STRICT },
		      { "ignore", CRIU_CGROUPS_IGNORE } };

	*ret = CRIU_CGROUPS_DEFAULT;
	for (size_t i = 0; name && i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (str_eq(name, modes[i].name)) {
			*ret = modes[i].mode;
			return 0;
		}
	}
	return !name ? 0
		     : opt_invalid(oci_criu_opts, "manage-cgroups-mode", name,
				   "must be soft, full, strict or ignore", &cli->err);
}

static int take_network_lock(struct oci_cli *cli, const char *name, int *ret)
{
	static const char *const names[] = { [CRIU_LOCK_IPTABLES] = "iptables",
					     [CRIU_LOCK_NFTABLES] = "nftables",
					     [CRIU_LOCK_SKIP] = "skip" };

	*ret = CRIU_LOCK_DEFAULT;
	for (int i = 1; name && i < (int)(sizeof(names) / sizeof(names[0])); i++) {
		if (str_eq(name, names[i])) {
			*ret = i;
			return 0;
		}
	}
	return !name ? 0
		     : opt_invalid(oci_criu_opts, "network-lock", name,
				   "must be iptables, nftables or skip", &cli->err);
}

static int take_empty_ns(struct oci_cli *cli, const struct strv *types)
{
	for (size_t i = 0; i < types->n; i++)
		if (!str_eq(types->items[i], "network"))
			return opt_invalid(oci_criu_opts, "empty-ns", types->items[i],
					   "only network namespaces can be left empty", &cli->err);
	return 0;
}

/* As runc: an annotation names criu's configuration for this container, or, empty, forbids it. */
static const char *config_file(const struct oci_config *config)
{
	const char *own = str_map_get(&config->annotations, "org.criu.config");

	if (own)
		return *own ? own : NULL;
	return "/etc/criu/runc.conf";
}

int oci_criu_init(struct oci_cli *cli, const struct oci_criu_opts *opts,
		  const struct oci_config *config, bool restore, const char *log_file,
		  struct oci_criu *ret)
{
	struct criu_options *o = &ret->options;
	int r;

	if (cli->rootless)
		return err_set(&cli->err, -EPERM,
			       "criu writes and restores containers of root's only; run as root");
	ret->cli = cli;
	ret->config = config;
	ret->images = opts->image_path ? opts->image_path : "checkpoint";
	ret->work = opts->work_path ? opts->work_path : ret->images;
	*o = (struct criu_options){ .log_file = log_file,
				    .config_file = config_file(config),
				    .ext_unix_sk = opts->ext_unix_sk,
				    .tcp_established = opts->tcp_established,
				    .shell_job = opts->shell_job,
				    .file_locks = opts->file_locks,
				    .auto_dedup = opts->auto_dedup,
				    .lazy_pages = opts->lazy_pages,
				    .empty_network = true,
				    .inherit = arena_array(cli->a, STREAMS + NAMESPACES,
							   sizeof(*o->inherit)) };
	r = take_cgroups_mode(cli, opts->cgroups_mode, &o->cgroups_mode);
	if (r == 0)
		r = take_network_lock(cli, opts->network_lock, &o->network_lock);
	if (r == 0)
		r = take_empty_ns(cli, &opts->empty_ns);
	if (r == 0)
		r = open_directory(cli, ret->images, !restore, &ret->images_fd);
	if (r == 0)
		r = open_directory(cli, ret->work, true, &ret->work_fd);
	o->images_fd = ret->images_fd;
	o->work_fd = ret->work_fd;
	return r;
}

int oci_criu_failed(struct oci_criu *c)
{
	struct err *err = &c->cli->err;
	struct err why = *err;

	if (faccessat(c->work_fd, c->options.log_file, F_OK, 0) < 0)
		return err->code;
	return err_set(err, why.code, "%s; see %s/%s", why.msg, c->work, c->options.log_file);
}

/* -- mounts -- */

/*
 * Where a path of config.json is in the container when its links are followed. What is not there
 * is taken as it is written: a mount will bring it.
 */
static const char *resolve(struct oci_cli *cli, int root, const char *path)
{
	char place[PATH_MAX], link[64], base[PATH_MAX];
	char *front = arena_strdup(cli->a, path), *cut;
	const char *rest = "", *in;
	ssize_t n, n_base;
	int fd;

	while ((fd = openat2_open(root, front, O_PATH, 0, RESOLVE_IN_ROOT)) < 0) {
		cut = strrchr(front, '/');
		if (!cut || cut == front)
			return path;
		rest = path + (cut - front);
		*cut = '\0';
	}
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, place, sizeof(place) - 1);
	(void)close(fd);
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", root);
	n_base = readlink(link, base, sizeof(base) - 1);
	if (n <= 0 || n_base <= 0)
		return path;
	place[n] = base[n_base] = '\0';
	in = n_base == 1 ? place : str_after(place, base);
	return in ? arena_printf(cli->a, "%s%s", str_eq(in, "/") && *rest ? "" : in, rest) : path;
}

static void add(struct oci_criu *c, const char *key, const char *value)
{
	str_map_set(&c->options.mounts, c->cli->a, key, value);
}

static bool is_bind(const struct oci_mount *m)
{
	struct stat st;

	/* Neither one that is there already, nor a link in place of one. */
	if (strv_has(&m->options, "remount") ||
	    (strv_has(&m->options, "copy-symlink") && m->source && lstat(m->source, &st) == 0 &&
	     S_ISLNK(st.st_mode)))
		return false;
	return str_eq(m->type, "bind") || strv_has(&m->options, "bind") ||
	       strv_has(&m->options, "rbind");
}

static void add_bind(struct oci_criu *c, int root, const struct oci_mount *m, const char *bundle,
		     bool restore)
{
	struct oci_cli *cli = c->cli;
	const char *key = resolve(cli, root, m->destination), *source = m->source;

	if (source && source[0] != '/')
		source = arena_printf(cli->a, "%s/%s", bundle, source);
	add(c, key, restore ? source : key);
}

/* The groups are those of the container as it is now, whatever they were at the checkpoint. */
static int add_cgroups(struct oci_criu *c, int root, const char *where, const char *cgroup,
		       bool restore)
{
	struct oci_cli *cli = c->cli;
	struct cgroup_tree *trees;
	const char *at = resolve(cli, root, where), *key;
	size_t n;
	int r = cgroup_trees(cgroup, cli->a, &trees, &n, &cli->err);

	for (size_t i = 0; r == 0 && i < n; i++) {
		if (trees[i].is_v2 && n > 1)
			continue; /* next to v1 it is not shown */
		key = trees[i].is_v2 ? at : arena_printf(cli->a, "%s/%s", at, trees[i].name);
		add(c, key, restore ? trees[i].dir : key);
	}
	return r;
}

/* Directories are covered by what is the container's own, files by the host's null device. */
static void add_masks(struct oci_criu *c, int root, bool restore)
{
	const struct strv *paths = &c->config->linux_->masked_paths;
	struct stat st;

	if (restore && paths->n > 0)
		add(c, "/dev/null", "/dev/null");
	for (size_t i = 0; !restore && i < paths->n; i++) {
		OWN(fd) int fd = openat2_open(root, paths->items[i], O_PATH, 0, RESOLVE_IN_ROOT);

		if (fd >= 0 && fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode))
			add(c, resolve(c->cli, root, paths->items[i]), "/dev/null");
	}
}

/* In a user namespace devices are bind mounts of the host's. */
static void add_devices(struct oci_criu *c, int root)
{
	static const char *const usual[] = { "/dev/null",   "/dev/zero",    "/dev/full",
					     "/dev/random", "/dev/urandom", "/dev/tty" };
	const char *path;

	if (!oci_runtime_has_namespace(c->config, "user"))
		return;
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		add(c, usual[i], usual[i]);
	for (size_t i = 0; i < c->config->linux_->devices.n; i++) {
		path = resolve(c->cli, root, c->config->linux_->devices.items[i].path);
		add(c, path, path);
	}
}

int oci_criu_mounts(struct oci_criu *c, int root, const char *cgroup, const char *bundle,
		    bool restore)
{
	int r = 0;

	add_devices(c, root);
	add_masks(c, root, restore);
	for (size_t i = 0; r == 0 && i < c->config->mounts.n; i++) {
		const struct oci_mount *m = &c->config->mounts.items[i];

		if (is_bind(m))
			add_bind(c, root, m, bundle, restore);
		else if (str_eq(m->type, "cgroup") || str_eq(m->type, "cgroup2"))
			r = add_cgroups(c, root, m->destination, cgroup, restore);
	}
	return r;
}

/* -- control groups -- */

const char *oci_criu_place(struct oci_cli *cli, const struct oci_container *container,
			   const char *name)
{
	char link[64], path[PATH_MAX];
	ssize_t n;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", container->dir);
	n = readlink(link, path, sizeof(path) - 1);
	path[n > 0 ? n : 0] = '\0';
	return arena_printf(cli->a, "%s/%s", path, name);
}

void oci_criu_cgroup_yard_remove(const struct oci_container *container)
{
	(void)rmtree_at(container->dir, yard_name);
}

int oci_criu_cgroup_yard(struct oci_criu *c, const struct oci_container *container,
			 const char **ret_mount)
{
	struct oci_cli *cli = c->cli;
	const struct oci_state *s = &container->state;
	struct cgroup_tree *trees;
	size_t n;
	int r = cgroup_trees(s->cgroup, cli->a, &trees, &n, &cli->err);

	*ret_mount = NULL;
	if (r < 0 || n != 1 || !trees[0].is_v2 || !str_ends(trees[0].dir, s->cgroup))
		return r;
	oci_criu_cgroup_yard_remove(container);
	if (mkdirat(container->dir, yard_name, 0700) < 0)
		return err_sys(&cli->err, "making %s/%s/%s", cli->root, s->id, yard_name);
	c->options.cgroup_yard = oci_criu_place(cli, container, yard_name);
	*ret_mount = arena_strndup(cli->a, trees[0].dir, strlen(trees[0].dir) - strlen(s->cgroup));
	return 0;
}

/* -- standard streams -- */

static bool read_mount_id(int fd, unsigned *ret)
{
	char path[64], text[1024];
	struct statx st;
	const char *at;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &st) == 0 && (st.stx_mask & STATX_MNT_ID)) {
		*ret = (unsigned)st.stx_mnt_id;
		return true;
	}
	/* Before Linux 5.8. */
	(void)snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	if (file_read_into(AT_FDCWD, path, text, sizeof(text)) < 0)
		return false;
	at = strstr(text, "mnt_id:");
	return at && sscanf(at, "mnt_id: %u", ret) == 1;
}

/*
 * criu's names: "pipe:[inode]" as procfs says it, "file[mount:inode]" and "tty[number:device]" in
 * hexadecimal.
 */
static const char *stream_name(struct oci_cli *cli, int fd)
{
	struct stat st;
	unsigned mount;
	bool is_null;

	if (fstat(fd, &st) < 0)
		return "";
	if (S_ISFIFO(st.st_mode)) /* a FIFO with a name is found again by that */
		return arena_printf(cli->a, "pipe:[%" PRIu64 "]", (uint64_t)st.st_ino);
	if (isatty(fd))
		return arena_printf(cli->a, "%s%" PRIx64 ":%" PRIx64 "]", terminal_prefix,
				    (uint64_t)st.st_rdev, (uint64_t)st.st_dev);
	is_null = S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3);
	if ((!S_ISREG(st.st_mode) && !is_null) || !read_mount_id(fd, &mount))
		return "";
	return arena_printf(cli->a, "%sfile[%x:%" PRIx64 "]", is_null ? null_prefix : "", mount,
			    (uint64_t)st.st_ino);
}

void oci_criu_streams(struct oci_cli *cli, struct strv *ret)
{
	*ret = (struct strv){ 0 };
	for (int fd = 0; fd < STREAMS; fd++)
		strv_add(ret, cli->a, stream_name(cli, fd));
}

static bool is_terminal(const char *stream)
{
	return str_after(stream, terminal_prefix) != NULL;
}

static const char *file_name(const char *stream)
{
	const char *after_null = str_after(stream, null_prefix);
	const char *name = after_null ? after_null : stream;

	return str_after(name, "file[") ? name : NULL;
}

/* Whoever restores it must have another one to give, so both ends say that they know. */
static int check_terminal(struct oci_criu *c, const char *stream)
{
	if (!is_terminal(stream) || c->options.shell_job)
		return 0;
	return err_set(&c->cli->err, -EINVAL,
		       "its standard streams are a terminal from outside; give --shell-job to "
		       "checkpoint and restore, whose own terminal it then gets");
}

int oci_criu_streams_write(struct oci_criu *c, const struct strv *streams)
{
	OWN(buf) struct buf text = { 0 };
	int r = 0;

	buf_addc(&text, '[');
	for (size_t i = 0; r == 0 && i < streams->n; i++) {
		const char *stream = streams->items[i];
		const char *file = is_terminal(stream) ? stream : file_name(stream);

		r = check_terminal(c, stream);
		buf_adds(&text, i ? "," : "");
		json_quote(stream, strlen(stream), &text);
		if (file && !strv_has(&c->options.external, file))
			strv_add(&c->options.external, c->cli->a, file);
	}
	buf_addc(&text, ']');
	if (r < 0)
		return r;
	r = file_write_at(c->images_fd, descriptors_file, text.data, text.len, 0600, 0);
	return r < 0 ? err_code(&c->cli->err, r, "writing %s/%s", c->images, descriptors_file) : 0;
}

/* One for input and output, whichever way this stream is open, since criu takes one for all. */
static int open_terminal(struct oci_criu *c, int stream, int *ret)
{
	char path[32];

	if (!isatty(stream))
		return err_set(&c->cli->err, -ENOTTY,
			       "standard stream %d is to be a terminal, as the container's was",
			       stream);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", stream);
	fd_cleanup(&c->terminal_fd);
	c->terminal_fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	*ret = c->terminal_fd;
	return *ret < 0 ? err_sys(&c->cli->err, "the terminal of standard stream %d", stream) : 0;
}

static int inherit(struct oci_criu *c, const char *stream, int fd, int *null)
{
	struct criu_options *o = &c->options;
	bool keeps_name = str_after(stream, "pipe:") || is_terminal(stream);
	const char *key = keeps_name ? stream : file_name(stream);
	int r = check_terminal(c, stream);

	if (r < 0 || !key)
		return r;
	for (size_t i = 0; i < o->n_inherit; i++)
		if (str_eq(o->inherit[i].key, key))
			return 0;
	if (is_terminal(stream))
		r = open_terminal(c, fd, &fd);
	if (r < 0)
		return r;
	if (str_after(stream, null_prefix)) {
		if (*null < 0)
			*null = open("/dev/null", O_RDWR | O_CLOEXEC);
		if (*null < 0)
			return err_sys(&c->cli->err, "/dev/null");
		fd = *null;
	}
	o->inherit[o->n_inherit++] = (struct criu_inherit_fd){ arena_strdup(c->cli->a, key), fd };
	return 0;
}

int oci_criu_streams_read(struct oci_criu *c, int *ret_null)
{
	struct oci_cli *cli = c->cli;
	OWN(str) char *text = NULL;
	OWN(json) struct json_object *tree = NULL;
	size_t len;
	int r = file_read_at(c->images_fd, descriptors_file, STREAMS_MAX, &text, &len);

	if (r < 0)
		return err_code(&cli->err, r, "%s/%s, which a checkpoint leaves", c->images,
				descriptors_file);
	r = json_parse(text, len, &tree, &cli->err);
	if (r == 0 && (!json_object_is_type(tree, json_type_array) ||
		       json_object_array_length(tree) > STREAMS))
		r = err_set(&cli->err, -EINVAL, "must be an array of at most %d names", STREAMS);
	if (r < 0)
		return err_wrap(&cli->err, "%s/%s", c->images, descriptors_file);
	for (size_t i = 0; r == 0 && i < json_object_array_length(tree); i++) {
		const char *name = json_object_get_string(json_object_array_get_idx(tree, i));

		r = inherit(c, name ? name : "", (int)i, ret_null);
	}
	/* criu would look for one at its own standard input, which it moves away to be inherited.
	 */
	for (size_t i = 0; i < c->options.n_inherit; i++)
		if (is_terminal(c->options.inherit[i].key))
			c->options.shell_job = false;
	return r;
}

/* -- namespaces -- */

const char *oci_criu_namespace_key(const char *type)
{
	return str_eq(type, "network") ? "extRootNetNS"
	       : str_eq(type, "pid")   ? "extRootPidNS"
				       : NULL;
}
