/*
 * oci_spec.c - spec and features: a configuration to begin with, and what this runtime knows
 */
#include "cmd/oci.h"
#include "cmd/oci_state.h"

#include "base/own.h"
#include "codec/capability.h"
#include "sys/file.h"

#include <fcntl.h>
#include <seccomp.h>
#include <unistd.h>

struct spec_opts {
	const char *bundle;
};

static const struct opt spec_opts[] = {
	STR(struct spec_opts, bundle, 'b', "bundle", "dir", "Where to write it (default \".\")"),
	REFUSED_FLAG(0, "rootless", "this runtime needs root"),
	OPT_END,
};

static const char spec_text[] =
	"{\n"
	"\t\"ociVersion\": \"" OCI_STATE_SPEC "\",\n"
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
	"\"mode=0620\", \"gid=5\" ] },\n"
	"\t\t{ \"destination\": \"/dev/shm\", \"type\": \"tmpfs\", \"source\": \"shm\",\n"
	"\t\t  \"options\": [ \"nosuid\", \"noexec\", \"nodev\", \"mode=1777\", "
	"\"size=65536k\" ] },\n"
	"\t\t{ \"destination\": \"/dev/mqueue\", \"type\": \"mqueue\", \"source\": \"mqueue\",\n"
	"\t\t  \"options\": [ \"nosuid\", \"noexec\", \"nodev\" ] },\n"
	"\t\t{ \"destination\": \"/sys\", \"type\": \"sysfs\", \"source\": \"sysfs\",\n"
	"\t\t  \"options\": [ \"nosuid\", \"noexec\", \"nodev\", \"ro\" ] },\n"
	"\t\t{ \"destination\": \"/sys/fs/cgroup\", \"type\": \"cgroup\", \"source\": \"cgroup\",\n"
	"\t\t  \"options\": [ \"nosuid\", \"noexec\", \"nodev\", \"relatime\", \"ro\" ] }\n"
	"\t],\n"
	"\t\"linux\": {\n"
	"\t\t\"resources\": { \"devices\": [ { \"allow\": false, \"access\": \"rwm\" } ] },\n"
	"\t\t\"namespaces\": [\n"
	"\t\t\t{ \"type\": \"pid\" }, { \"type\": \"network\" }, { \"type\": \"ipc\" },\n"
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
	"}\n";

static int oci_spec(struct oci_cli *cli, const void *opts,
		    const struct strv *args __attribute__((unused)))
{
	const struct spec_opts *o = opts;
	const char *path = arena_printf(cli->a, "%s/config.json", o->bundle ? o->bundle : ".");
	OWN(fd) int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	int r;

	if (fd < 0 && errno == EEXIST)
		return err_set(&cli->err, -EEXIST, "%s exists; remove it first", path);
	if (fd < 0)
		return err_sys(&cli->err, "%s", path);
	r = file_write_all(fd, spec_text, sizeof(spec_text) - 1);
	return r < 0 ? err_code(&cli->err, r, "%s", path) : 0;
}

static const char *const mount_options[] = {
	"async",         "atime",       "bind",        "defaults",   "dev",
	"diratime",      "dirsync",     "exec",        "lazytime",   "noatime",
	"nodev",         "nodiratime",  "noexec",      "nolazytime", "norelatime",
	"nostrictatime", "nosuid",      "nosymfollow", "private",    "rbind",
	"relatime",      "ro",          "rprivate",    "rro",        "rrw",
	"rshared",       "rslave",      "runbindable", "rw",         "shared",
	"slave",         "strictatime", "suid",        "symfollow",  "sync",
	"unbindable",
};
static const char *const namespaces[] = { "cgroup", "ipc", "mount", "network", "pid", "uts" };
static const char *const actions[] = {
	"SCMP_ACT_ALLOW",       "SCMP_ACT_ERRNO", "SCMP_ACT_KILL",  "SCMP_ACT_KILL_PROCESS",
	"SCMP_ACT_KILL_THREAD", "SCMP_ACT_LOG",   "SCMP_ACT_TRACE", "SCMP_ACT_TRAP",
};
static const char *const operators[] = {
	"SCMP_CMP_EQ", "SCMP_CMP_GE",        "SCMP_CMP_GT", "SCMP_CMP_LE",
	"SCMP_CMP_LT", "SCMP_CMP_MASKED_EQ", "SCMP_CMP_NE",
};
static const char *const arches[] = {
	"SCMP_ARCH_AARCH64",   "SCMP_ARCH_ARM",    "SCMP_ARCH_MIPS",     "SCMP_ARCH_MIPS64",
	"SCMP_ARCH_MIPS64N32", "SCMP_ARCH_MIPSEL", "SCMP_ARCH_MIPSEL64", "SCMP_ARCH_MIPSEL64N32",
	"SCMP_ARCH_PPC",       "SCMP_ARCH_PPC64",  "SCMP_ARCH_PPC64LE",  "SCMP_ARCH_RISCV64",
	"SCMP_ARCH_S390",      "SCMP_ARCH_S390X",  "SCMP_ARCH_X32",      "SCMP_ARCH_X86",
	"SCMP_ARCH_X86_64",
};
static const char *const filter_flags[] = { "SECCOMP_FILTER_FLAG_LOG",
					    "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
					    "SECCOMP_FILTER_FLAG_TSYNC" };

static void add_list(struct buf *out, const char *name, const char *const *items, size_t n)
{
	buf_printf(out, "\"%s\":[", name);
	for (size_t i = 0; i < n; i++)
		buf_printf(out, "%s\"%s\"", i ? "," : "", items[i]);
	buf_addc(out, ']');
}
#define ADD_LIST(out, name, table) add_list(out, name, table, sizeof(table) / sizeof((table)[0]))

static int oci_features(struct oci_cli *cli, const void *opts __attribute__((unused)),
			const struct strv *args __attribute__((unused)))
{
	OWN(buf) struct buf out = { 0 };
	const struct scmp_version *v = seccomp_version();
	struct strv caps = capability_names(CAPABILITY_ALL, cli->a);

	buf_adds(&out, "{\"ociVersionMin\":\"1.0.0\",\"ociVersionMax\":\"" OCI_STATE_SPEC
		       "\",\"hooks\":[],");
	ADD_LIST(&out, "mountOptions", mount_options);
	buf_adds(&out, ",\"linux\":{");
	ADD_LIST(&out, "namespaces", namespaces);
	buf_addc(&out, ',');
	add_list(&out, "capabilities", caps.items, caps.n);
	buf_adds(&out, ",\"cgroup\":{\"v1\":true,\"v2\":true,\"systemd\":false,"
		       "\"systemdUser\":false,\"rdma\":false},\"seccomp\":{\"enabled\":true,");
	ADD_LIST(&out, "actions", actions);
	buf_addc(&out, ',');
	ADD_LIST(&out, "operators", operators);
	buf_addc(&out, ',');
	ADD_LIST(&out, "archs", arches);
	buf_addc(&out, ',');
	ADD_LIST(&out, "knownFlags", filter_flags);
	buf_addc(&out, ',');
	ADD_LIST(&out, "supportedFlags", filter_flags);
	buf_adds(&out, "},\"apparmor\":{\"enabled\":true},\"selinux\":{\"enabled\":false},"
		       "\"intelRdt\":{\"enabled\":false},\"mountExtensions\":{\"idmap\":"
		       "{\"enabled\":false}},\"netDevices\":{\"enabled\":false}},");
	buf_printf(&out,
		   "\"annotations\":{\"io.github.seccomp.libseccomp.version\":\"%u.%u.%u\"},"
		   "\"potentiallyUnsafeConfigAnnotations\":[]}\n",
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
