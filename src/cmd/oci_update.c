/*
 * oci_update.c - new limits for a container
 *
 * Limits are given as options or as the configuration's linux.resources. They are set in the kernel
 * first and then kept in the container's configuration.
 */
#include "cmd/oci_state.h"

#include "base/own.h"
#include "cgroup/cgroup.h"
#include "codec/size.h"
#include "sys/file.h"

#include <fcntl.h>

enum { RESOURCES_MAX = 1 << 20 };

struct update_opts {
	const char *resources, *cpuset_cpus, *cpuset_mems;
	int64_t cpu_period, cpu_quota, cpu_share, pids_limit;
	int64_t memory, memory_reservation, memory_swap;
};

/* "512m"; -1 is no limit. */
static int convert_size(const char *text, int64_t *ret, struct err *err)
{
	if (str_eq(text, "-1")) {
		*ret = -1;
		return 0;
	}
	return size_parse(text, ret, err);
}

static const struct opt update_opts[] = {
	STR(struct update_opts, resources, 'r', "resources", "file",
	    "linux.resources as JSON; \"-\" is standard input"),
	I64(struct update_opts, cpu_period, 0, "cpu-period", "us", "CPU period of the quota"),
	I64(struct update_opts, cpu_quota, 0, "cpu-quota", "us", "CPU time in a period, -1: any"),
	I64(struct update_opts, cpu_share, 0, "cpu-share", "n", "CPU weight; 1024 is the usual"),
	STR(struct update_opts, cpuset_cpus, 0, "cpuset-cpus", "list", "CPUs to use"),
	STR(struct update_opts, cpuset_mems, 0, "cpuset-mems", "list", "Memory nodes to use"),
	CONVERT(struct update_opts, memory, 0, "memory", "bytes", convert_size, "Memory limit"),
	CONVERT(struct update_opts, memory_reservation, 0, "memory-reservation", "bytes",
		convert_size, "Memory that is kept for it"),
	CONVERT(struct update_opts, memory_swap, 0, "memory-swap", "bytes", convert_size,
		"Memory and swap together, -1: any"),
	I64(struct update_opts, pids_limit, 0, "pids-limit", "n", "Number of processes, -1: any"),
	REFUSED(0, "blkio-weight", "block I/O is not limited by this runtime"),
	REFUSED(0, "cpu-burst", "CPU bursts are not set by this runtime"),
	REFUSED(0, "cpu-idle", "idle groups are not set by this runtime"),
	REFUSED(0, "cpu-rt-period", "realtime CPU time is not limited by this runtime"),
	REFUSED(0, "cpu-rt-runtime", "realtime CPU time is not limited by this runtime"),
	REFUSED(0, "kernel-memory", "kernels have no such limit any more; use --memory"),
	REFUSED(0, "kernel-memory-tcp", "kernels have no such limit any more; use --memory"),
	REFUSED(0, "l3-cache-schema", "caches are not divided by this runtime"),
	REFUSED(0, "mem-bw-schema", "memory bandwidth is not divided by this runtime"),
	OPT_END,
};

static const struct update_opts update_defaults = {
	.cpu_period = OPT_UNSET,
	.cpu_quota = OPT_UNSET,
	.cpu_share = OPT_UNSET,
	.pids_limit = OPT_UNSET,
	.memory = OPT_UNSET,
	.memory_reservation = OPT_UNSET,
	.memory_swap = OPT_UNSET,
};

static int read_resources(struct oci_cli *cli, const char *path, struct oci_resources *ret)
{
	OWN(str) char *text = NULL;
	OWN(buf) struct buf input = { 0 };
	char chunk[4096];
	size_t len;
	ssize_t n;
	int r;

	if (!str_eq(path, "-")) {
		r = file_read_at(AT_FDCWD, path, RESOURCES_MAX, &text, &len);
		if (r < 0)
			return err_code(&cli->err, r, "--resources %s", path);
	} else {
		while ((n = read(STDIN_FILENO, chunk, sizeof(chunk))) > 0 &&
		       input.len < RESOURCES_MAX)
			buf_add(&input, chunk, (size_t)n);
		if (n != 0)
			return err_set(&cli->err, -EINVAL,
				       "--resources: cannot read all of "
				       "standard input");
		len = input.len;
	}
	r = schema_read(&oci_resources_schema, text ? text : buf_text(&input), len, cli->a, ret,
			&cli->err);
	return r < 0 ? err_wrap(&cli->err, "--resources") : 0;
}

static int64_t *number(struct oci_cli *cli, int64_t value)
{
	return value == OPT_UNSET ? NULL : arena_memdup(cli->a, &value, sizeof(value));
}

static int natural(struct oci_cli *cli, const char *option, int64_t value, uint64_t **ret)
{
	if (value != OPT_UNSET && value < 0)
		return err_set(&cli->err, -EINVAL, "--%s: must not be negative", option);
	*ret = value == OPT_UNSET ? NULL : arena_memdup(cli->a, &value, sizeof(value));
	return 0;
}

static int take_options(struct oci_cli *cli, const struct update_opts *o, struct oci_resources *r)
{
	r->memory = arena_new(cli->a, struct oci_memory);
	r->cpu = arena_new(cli->a, struct oci_cpu);
	*r->memory = (struct oci_memory){ .limit = number(cli, o->memory),
					  .reservation = number(cli, o->memory_reservation),
					  .swap = number(cli, o->memory_swap) };
	*r->cpu = (struct oci_cpu){ .quota = number(cli, o->cpu_quota),
				    .cpus = o->cpuset_cpus,
				    .mems = o->cpuset_mems };
	if (o->pids_limit != OPT_UNSET) {
		r->pids = arena_new(cli->a, struct oci_pids);
		r->pids->limit = o->pids_limit;
	}
	if (natural(cli, "cpu-period", o->cpu_period, &r->cpu->period) < 0 ||
	    natural(cli, "cpu-share", o->cpu_share, &r->cpu->shares) < 0)
		return -EINVAL;
	return 0;
}

static int check(struct oci_cli *cli, const struct oci_resources *r)
{
	if (r->devices.n > 0)
		return err_set(&cli->err, -ENOTSUP,
			       "linux.resources.devices: rules are set when a container is created "
			       "and cannot be changed");
	return oci_runtime_check_resources(r, &cli->err);
}

static struct cgroup_limits limits_of(const struct oci_resources *r)
{
	struct cgroup_limits l = { 0 };

	if (r->memory) {
		l.memory = r->memory->limit;
		l.memory_reservation = r->memory->reservation;
		l.memory_swap = r->memory->swap;
		l.memory_swappiness = r->memory->swappiness;
		l.disable_oom_killer =
			r->memory->disable_oom_killer && *r->memory->disable_oom_killer;
	}
	if (r->cpu) {
		l.cpu_shares = r->cpu->shares;
		l.cpu_period = r->cpu->period;
		l.cpu_quota = r->cpu->quota;
		l.cpuset_cpus = r->cpu->cpus;
		l.cpuset_mems = r->cpu->mems;
	}
	if (r->pids)
		l.pids = &r->pids->limit;
	return l;
}

/* What is new in from stands in to afterwards. */
static void merge_memory(struct oci_memory *to, const struct oci_memory *from)
{
	to->limit = from->limit ? from->limit : to->limit;
	to->reservation = from->reservation ? from->reservation : to->reservation;
	to->swap = from->swap ? from->swap : to->swap;
	to->swappiness = from->swappiness ? from->swappiness : to->swappiness;
	to->disable_oom_killer =
		from->disable_oom_killer ? from->disable_oom_killer : to->disable_oom_killer;
}

static void merge_cpu(struct oci_cpu *to, const struct oci_cpu *from)
{
	to->shares = from->shares ? from->shares : to->shares;
	to->period = from->period ? from->period : to->period;
	to->quota = from->quota ? from->quota : to->quota;
	to->cpus = from->cpus ? from->cpus : to->cpus;
	to->mems = from->mems ? from->mems : to->mems;
}

static void merge(struct oci_cli *cli, struct oci_config *config, const struct oci_resources *from)
{
	struct oci_resources *to = config->linux_->resources;

	if (!to)
		to = config->linux_->resources = arena_new(cli->a, struct oci_resources);
	if (!to->memory)
		to->memory = arena_new(cli->a, struct oci_memory);
	if (!to->cpu)
		to->cpu = arena_new(cli->a, struct oci_cpu);
	if (from->memory)
		merge_memory(to->memory, from->memory);
	if (from->cpu)
		merge_cpu(to->cpu, from->cpu);
	if (from->pids)
		to->pids = from->pids;
}

static int keep(struct oci_cli *cli, struct oci_container *c, const struct oci_config *config)
{
	OWN(buf) struct buf text = { 0 };

	schema_write(&oci_config_schema, config, SCHEMA_FULL, &text);
	c->state.config = buf_text(&text);
	return oci_state_save(cli, c);
}

static int find(struct oci_cli *cli, const char *id, struct oci_container *c,
		struct oci_config **ret)
{
	int r = oci_state_open(cli, id, true, c);
	enum oci_status is;

	if (r < 0)
		return r;
	is = oci_state_status(c);
	if (is == OCI_STOPPED || is == OCI_CREATING)
		return err_set(&cli->err, -ESRCH, "container %s is %s: it has no limits to change",
			       id, oci_status_names[is]);
	return oci_state_config(cli, c, ret);
}

static int oci_update(struct oci_cli *cli, const void *opts, const struct strv *args)
{
	const struct update_opts *o = opts;
	OWN(oci_container) struct oci_container c = OCI_CONTAINER_INIT;
	struct oci_resources changed = { 0 };
	struct oci_config *config;
	struct cgroup_limits limits;
	int r = o->resources ? read_resources(cli, o->resources, &changed)
			     : take_options(cli, o, &changed);

	if (r == 0)
		r = check(cli, &changed);
	if (r == 0)
		r = find(cli, args->items[0], &c, &config);
	if (r < 0)
		return r;
	merge(cli, config, &changed);
	limits = limits_of(&changed);
	/* v2 needs both to make sense of one. */
	if (limits.memory || limits.memory_swap) {
		limits.memory = config->linux_->resources->memory->limit;
		limits.memory_swap = config->linux_->resources->memory->swap;
	}
	r = cgroup_update(c.state.cgroup, &limits, &cli->err);
	return r < 0 ? r : keep(cli, &c, config);
}

const struct oci_cmd oci_update_table[] = {
	{ "update", "[OPTIONS] ID", "Change a container's limits", update_opts, &update_defaults,
	  sizeof(struct update_opts), oci_update, 1, 1, OPT_ANYWHERE },
	{ 0 },
};
