/*
 * oci_spec.c - spec and features: a configuration to begin with, and what this runtime knows
 */
#include "cmd/oci.h"
#include "cmd/oci_state.h"
#include "cmd/oci_unit.h"

#include "base/own.h"
#include "runtime/runtime.h"
#include "sys/file.h"

#include <fcntl.h>
#include <seccomp.h>
#include <unistd.h>

struct spec_opts {
	const char *bundle, *file;
	bool rootless;
};

static const struct opt spec_opts[] = {
	STR(struct spec_opts, bundle, 'b', "bundle", "dir", "Where to write it (default \".\")"),
	STR(struct spec_opts, file, 'f', "file", "path", "Write it to this file instead"),
	FLAG(struct spec_opts, rootless, 0, "rootless",
	     "Of a container that an ordinary user can run: you are its root"),
	OPT_END,
};

/* The parts of a configuration; some are an ordinary user's, some are not. */
enum part_of { ANYBODYS, ROOTS, ORDINARY };

static const struct {
	enum part_of of;
	const char *text;
} parts[] = {
	{ ANYBODYS,
	  "{\n"
	  "\t\"ociVersion\": \"" OCI_RUNTIME_SPEC "\",\n"
	  "\t\"process\": {\n"
	  "\t\t\"terminal\": true,\n"
	  "\t\t\"user\": { \"uid\": 0, \"gid\": 0 },\n"
	  "\t\t\"args\": [ \"sh\" ],\n"
	  "\t\t\"env\": [\n"
	  "\t\t\t\"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\",\n"
	  "\t\t\t\"TERM=xterm\"\n"
	  "\t\t],\n"
	  "\t\t\"cwd\": \"/\",\n"
	  "\t\t\"capabilities\": {\n"
	  "\t\t\t\"bounding\": [ \"CAP_AUDIT_WRITE\", \"CAP_KILL\", \"CAP_NET_BIND_SERVICE\" ],\n"
	  "\t\t\t\"effective\": [ \"CAP_AUDIT_WRITE\", \"CAP_KILL\", \"CAP_NET_BIND_SERVICE\" ],\n"
	  "\t\t\t\"permitted\": [ \"CAP_AUDIT_WRITE\", \"CAP_KILL\", \"CAP_NET_BIND_SERVICE\" ]\n"
	  "\t\t},\n"
	  "\t\t\"rlimits\": [ { \"type\": \"RLIMIT_NOFILE\", \"hard\": 1024, \"soft\": 1024 } ],\n"
	  "\t\t\"noNewPrivileges\": true\n"
	  "\t},\n"
	  "\t\"root\": { \"path\": \"rootfs\", \"readonly\": true },\n"
	  "\t\"hostname\": \"berth\",\n"
	  "\t\"mounts\": [\n"
	  "\t\t{ \"destination\": \"/proc\", \"type\": \"proc\", \"source\": \"proc\" },\n"
	  "\t\t{ \"destination\": \"/dev\", \"type\": \"tmpfs\", \"source\": \"tmpfs\",\n"
	  "\t\t  \"options\": [ \"nosuid\", \"strictatime\", \"mode=755\", \"size=65536k\" ] },\n"
	  "\t\t{ \"destination\": \"/dev/pts\", \"type\": \"devpts\", \"source\": \"devpts\",\n"
	  "\t\t  \"options\": [ \"nosuid\", \"noexec\", \"newinstance\", \"ptmxmode=0666\", "
	  "\"mode=0620\"" },
	{ ROOTS, ", \"gid=5\"" },
	{ ANYBODYS,
	  " ] },\n"
	  "\t\t{ \"destination\": \"/dev/shm\", \"type\": \"tmpfs\", \"source\": \"shm\",\n"
	  "\t\t  \"options\": [ \"nosuid\", \"noexec\", \"nodev\", \"mode=1777\", "
	  "\"size=65536k\" ] },\n"
	  "\t\t{ \"destination\": \"/dev/mqueue\", \"type\": \"mqueue\", \"source\": \"mqueue\",\n"
	  "\t\t  \"options\": [ \"nosuid\", \"noexec\", \"nodev\" ] },\n" },
	{ ROOTS,
	  "\t\t{ \"destination\": \"/sys\", \"type\": \"sysfs\", \"source\": \"sysfs\",\n"
	  "\t\t  \"options\": [ \"nosuid\", \"noexec\", \"nodev\", \"ro\" ] },\n"
	  "\t\t{ \"destination\": \"/sys/fs/cgroup\", \"type\": \"cgroup\", \"source\": \"cgroup\",\n"
	  "\t\t  \"options\": [ \"nosuid\", \"noexec\", \"nodev\", \"relatime\", \"ro\" ] }\n" },
	/* Of a network namespace that is the host's an ordinary user can mount no sysfs. */
	{ ORDINARY,
	  "\t\t{ \"destination\": \"/sys\", \"type\": \"none\", \"source\": \"/sys\",\n"
	  "\t\t  \"options\": [ \"rbind\", \"nosuid\", \"noexec\", \"nodev\", \"ro\" ] }\n" },
	{ ANYBODYS, "\t],\n"
		    "\t\"linux\": {\n" },
	{ ROOTS,
	  "\t\t\"resources\": { \"devices\": [ { \"allow\": false, \"access\": \"rwm\" } ] },\n" },
	{ ORDINARY,
	  "\t\t\"uidMappings\": [ { \"containerID\": 0, \"hostID\": @UID@, \"size\": 1 } ],\n"
	  "\t\t\"gidMappings\": [ { \"containerID\": 0, \"hostID\": @GID@, \"size\": 1 } ],\n" },
	{ ANYBODYS, "\t\t\"namespaces\": [\n"
		    "\t\t\t{ \"type\": \"pid\" }, { \"type\": \"ipc\" },\n" },
	{ ROOTS, "\t\t\t{ \"type\": \"network\" },\n" },
	{ ORDINARY, "\t\t\t{ \"type\": \"user\" },\n" },
	{ ANYBODYS,
	  "\t\t\t{ \"type\": \"uts\" }, { \"type\": \"mount\" }, { \"type\": \"cgroup\" }\n"
	  "\t\t],\n"
	  "\t\t\"maskedPaths\": [\n"
	  "\t\t\t\"/proc/acpi\", \"/proc/asound\", \"/proc/interrupts\", \"/proc/kcore\",\n"
	  "\t\t\t\"/proc/keys\", \"/proc/latency_stats\", \"/proc/timer_list\",\n"
	  "\t\t\t\"/proc/timer_stats\", \"/proc/sched_debug\", \"/proc/scsi\", \"/sys/firmware\",\n"
	  "\t\t\t\"/sys/devices/virtual/powercap\"\n"
	  "\t\t],\n"
	  "\t\t\"readonlyPaths\": [\n"
	  "\t\t\t\"/proc/bus\", \"/proc/fs\", \"/proc/irq\", \"/proc/sys\",\n"
	  "\t\t\t\"/proc/sysrq-trigger\"\n"
	  "\t\t]\n"
	  "\t}\n"
	  "}\n" },
};

static void add_ids(const char *text, struct buf *out)
{
	const char *uid = strstr(text, "@UID@"), *gid = strstr(text, "@GID@");

	buf_printf(out, "%.*s%u%.*s%u%s", (int)(uid - text), text, (unsigned)geteuid(),
		   (int)(gid - uid - 5), uid + 5, (unsigned)getegid(), gid + 5);
}

static void add_spec(bool rootless, struct buf *out)
{
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (parts[i].of == (rootless ? ROOTS : ORDINARY))
			continue;
		if (strstr(parts[i].text, "@UID@"))
			add_ids(parts[i].text, out);
		else
			buf_adds(out, parts[i].text);
	}
}

static int oci_spec(struct oci_cli *cli, const void *opts,
		    const struct strv *args __attribute__((unused)))
{
	const struct spec_opts *o = opts;
	const char *path =
		o->file ? o->file
			: arena_printf(cli->a, "%s/config.json", o->bundle ? o->bundle : ".");
	OWN(fd) int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	OWN(buf) struct buf text = { 0 };
	int r;

	if (fd < 0 && errno == EEXIST)
		return err_set(&cli->err, -EEXIST, "%s exists; remove it first", path);
	if (fd < 0)
		return err_sys(&cli->err, "%s", path);
	add_spec(o->rootless, &text);
	r = file_write_all(fd, text.data, text.len);
	return r < 0 ? err_code(&cli->err, r, "%s", path) : 0;
}

static void add_list(struct buf *out, const char *name, const struct strv *list)
{
	buf_printf(out, "\"%s\":[", name);
	for (size_t i = 0; i < list->n; i++)
		buf_printf(out, "%s\"%s\"", i ? "," : "", list->items[i]);
	buf_addc(out, ']');
}

struct named_list {
	const char *name;
	const struct strv *list;
};

static void add_lists(struct buf *out, const struct named_list *lists, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_addc(out, ',');
		add_list(out, lists[i].name, lists[i].list);
	}
}
#define ADD_LISTS(out, ...)                                                                        \
	add_lists(out, (const struct named_list[]){ __VA_ARGS__ },                                 \
		  sizeof((const struct named_list[]){ __VA_ARGS__ }) / sizeof(struct named_list))

static int oci_features(struct oci_cli *cli, const void *opts __attribute__((unused)),
			const struct strv *args __attribute__((unused)))
{
	OWN(buf) struct buf out = { 0 };
	const struct scmp_version *v = seccomp_version();
	struct runtime_features f;

	runtime_features(cli->a, &f);
	buf_adds(&out, "{\"ociVersionMin\":\"1.0.0\",\"ociVersionMax\":\"" OCI_RUNTIME_SPEC "\",");
	ADD_LISTS(&out, { "hooks", &f.hooks }, { "mountOptions", &f.mount_options });
	buf_adds(&out, ",\"linux\":{");
	ADD_LISTS(&out, { "namespaces", &f.namespaces }, { "capabilities", &f.capabilities });
	buf_printf(&out,
		   ",\"cgroup\":{\"v1\":true,\"v2\":true,\"systemd\":%s,"
		   "\"systemdUser\":false,\"rdma\":true},\"seccomp\":{\"enabled\":true,",
		   oci_unit_program(cli) ? "true" : "false");
	ADD_LISTS(&out, { "actions", &f.seccomp_actions }, { "operators", &f.seccomp_operators },
		  { "archs", &f.seccomp_arches }, { "knownFlags", &f.seccomp_flags },
		  { "supportedFlags", &f.seccomp_flags });
	buf_adds(&out, "},\"apparmor\":{\"enabled\":true},\"selinux\":{\"enabled\":true},"
		       "\"intelRdt\":{\"enabled\":true,\"schemata\":true,\"monitoring\":true},"
		       "\"mountExtensions\":{\"idmap\":{\"enabled\":true}},\"memoryPolicy\":{");
	ADD_LISTS(&out, { "modes", &f.memory_modes }, { "flags", &f.memory_flags });
	buf_printf(
		&out,
		"},\"netDevices\":{\"enabled\":true}},"
		"\"annotations\":{\"io.github.seccomp.libseccomp.version\":\"%u.%u.%u\","
		"\"org.opencontainers.runc.checkpoint.enabled\":\"true\"},"
		"\"potentiallyUnsafeConfigAnnotations\":[\"org.criu.config\",\"org.systemd.property.\"]}\n",
		v->major, v->minor, v->micro);
	return oci_print(cli, out.data, out.len);
}

const struct oci_cmd oci_spec_table[] = {
	{ "spec", "[OPTIONS]", "Write a config.json to begin with", spec_opts, NULL,
	  sizeof(struct spec_opts), oci_spec, 0, 0, OPT_ANYWHERE },
	{ "features", "", "Print what this runtime knows as JSON", NULL, NULL, 0, oci_features, 0,
	  0, OPT_ANYWHERE },
	{ 0 },
};
