/*
 * oci_update.c - new limits for a container
 *
 * Limits are given as options or as the configuration's linux.resources. Both are a JSON tree that
 * is laid over the configuration's. What is in it is set in the kernel by the code that a start
 * uses, and the configuration is kept. What the tree holds and this file does not know is the
 * business of the configuration's schema alone.
 */
#include "cmd/oci_state.h"
#include "cmd/oci_unit.h"

#include "base/own.h"
#include "codec/json.h"
#include "codec/size.h"
#include "runtime/runtime.h"
#include "sys/file.h"

#include <fcntl.h>

enum { RESOURCES_MAX = 1 << 20 };

struct update_opts {
	const char *resources, *cpuset_cpus, *cpuset_mems, *l3, *mem_bw;
	int64_t cpu_period, cpu_quota, cpu_burst, cpu_share, cpu_idle, cpu_rt_period,
		cpu_rt_runtime;
	int64_t blkio_weight, pids_limit;
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
	I64(struct update_opts, blkio_weight, 0, "blkio-weight", "n",
	    "Weight of block I/O, 10 to 1000"),
	I64(struct update_opts, cpu_burst, 0, "cpu-burst", "us",
	    "CPU time that may be saved up beyond the quota"),
	I64(struct update_opts, cpu_idle, 0, "cpu-idle", "n", "1: only idle CPU time, 0: as usual"),
	I64(struct update_opts, cpu_rt_period, 0, "cpu-rt-period", "us",
	    "Period of the realtime CPU time"),
	I64(struct update_opts, cpu_rt_runtime, 0, "cpu-rt-runtime", "us",
	    "Realtime CPU time in a period"),
	REFUSED(0, "kernel-memory", "kernels have no such limit any more; use --memory"),
	REFUSED(0, "kernel-memory-tcp", "kernels have no such limit any more; use --memory"),
	STR(struct update_opts, l3, 0, "l3-cache-schema", "line",
	    "Parts of caches, as in linux.intelRdt: \"L3:0=f;1=f0\""),
	STR(struct update_opts, mem_bw, 0, "mem-bw-schema", "line",
	    "Parts of memory bandwidth: \"MB:0=20;1=70\""),
	OPT_END,
};

static const struct update_opts update_defaults = {
	.cpu_period = OPT_UNSET,
	.cpu_burst = OPT_UNSET,
	.cpu_idle = OPT_UNSET,
	.cpu_rt_period = OPT_UNSET,
	.cpu_rt_runtime = OPT_UNSET,
	.blkio_weight = OPT_UNSET,
	.cpu_quota = OPT_UNSET,
	.cpu_share = OPT_UNSET,
	.pids_limit = OPT_UNSET,
	.memory = OPT_UNSET,
	.memory_reservation = OPT_UNSET,
	.memory_swap = OPT_UNSET,
};

/* Numbers of update_opts, and the members of linux.resources that they are. */
static const struct {
	size_t offset;
	const char *group, *member;
} numbers[] = {
	{ offsetof(struct update_opts, cpu_period), "cpu", "period" },
	{ offsetof(struct update_opts, cpu_quota), "cpu", "quota" },
	{ offsetof(struct update_opts, cpu_share), "cpu", "shares" },
	{ offsetof(struct update_opts, cpu_burst), "cpu", "burst" },
	{ offsetof(struct update_opts, cpu_idle), "cpu", "idle" },
	{ offsetof(struct update_opts, cpu_rt_period), "cpu", "realtimePeriod" },
	{ offsetof(struct update_opts, cpu_rt_runtime), "cpu", "realtimeRuntime" },
	{ offsetof(struct update_opts, blkio_weight), "blockIO", "weight" },
	{ offsetof(struct update_opts, memory), "memory", "limit" },
	{ offsetof(struct update_opts, memory_reservation), "memory", "reservation" },
	{ offsetof(struct update_opts, memory_swap), "memory", "swap" },
	{ offsetof(struct update_opts, pids_limit), "pids", "limit" },
};

static int read_input(struct oci_cli *cli, struct buf *ret)
{
	char chunk[4096];
	ssize_t n;

	while ((n = read(STDIN_FILENO, chunk, sizeof(chunk))) > 0 && ret->len < RESOURCES_MAX)
		buf_add(ret, chunk, (size_t)n);
	return n == 0 ? 0
		      : err_set(&cli->err, -EINVAL,
				"--resources: cannot read all of standard input");
}

static int read_resources(struct oci_cli *cli, const char *path, struct json_object **ret)
{
	OWN(str) char *text = NULL;
	OWN(buf) struct buf input = { 0 };
	size_t len;
	int r;

	if (str_eq(path, "-")) {
		r = read_input(cli, &input);
		len = input.len;
	} else {
		r = file_read_at(AT_FDCWD, path, RESOURCES_MAX, &text, &len);
		if (r < 0)
			(void)err_code(&cli->err, r, "--resources %s", path);
	}
	if (r < 0)
		return r;
	r = json_parse(text ? text : buf_text(&input), len, ret, &cli->err);
	return r < 0 ? err_wrap(&cli->err, "--resources") : 0;
}

/* The object that is this member, made when there is none. */
static struct json_object *member(struct json_object *of, const char *name)
{
	struct json_object *found = NULL;

	if (!json_object_object_get_ex(of, name, &found) || !found) {
		found = json_object_new_object();
		(void)json_object_object_add(of, name, found);
	}
	return found;
}

static void set(struct json_object *resources, const char *group, const char *name,
		struct json_object *value)
{
	(void)json_object_object_add(member(resources, group), name, value);
}

static struct json_object *take_options(const struct update_opts *o)
{
	struct json_object *tree = json_object_new_object();

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		int64_t value;

		memcpy(&value, (const char *)o + numbers[i].offset, sizeof(value));
		if (value != OPT_UNSET)
			set(tree, numbers[i].group, numbers[i].member,
			    json_object_new_int64(value));
	}
	if (o->cpuset_cpus)
		set(tree, "cpu", "cpus", json_object_new_string(o->cpuset_cpus));
	if (o->cpuset_mems)
		set(tree, "cpu", "mems", json_object_new_string(o->cpuset_mems));
	return tree;
}

static int check(struct oci_cli *cli, struct json_object *changed, struct oci_resources *ret)
{
	int r = schema_read_tree(&oci_resources_schema, changed, cli->a, ret, &cli->err);

	if (r < 0)
		return err_wrap(&cli->err, "linux.resources");
	if (ret->devices.n > 0)
		return err_set(&cli->err, -ENOTSUP,
			       "linux.resources.devices: rules are set when a container is created "
			       "and cannot be changed");
	/* The old limit of both together would be below the new one of memory. */
	if (ret->memory && ret->memory->limit && *ret->memory->limit == -1 && !ret->memory->swap) {
		ret->memory->swap = ret->memory->limit;
		set(changed, "memory", "swap", json_object_new_int64(-1));
	}
	return oci_runtime_check_resources(ret, &cli->err);
}

/* What is in from stands in to afterwards, member by member; null is nothing. */
static void merge(struct json_object *to, struct json_object *from)
{
	json_object_object_foreach(from, name, value)
	{
		if (json_object_is_type(value, json_type_object))
			merge(member(to, name), value);
		else if (value)
			(void)json_object_object_add(to, name, json_object_get(value));
	}
}

static int find(struct oci_cli *cli, const char *id, struct oci_container *c)
{
	int r = oci_state_open(cli, id, true, c);
	enum oci_status is;

	if (r < 0)
		return r;
	is = oci_state_status(c);
	if (is == OCI_STOPPED || is == OCI_CREATING)
		return err_set(&cli->err, -ESRCH, "container %s is %s: it has no limits to change",
			       id, oci_status_names[is]);
	return 0;
}

/* What only makes sense to the kernel together with what stays: pairs of limits. */
static void complete(struct oci_resources *changed, const struct oci_resources *all)
{
	struct oci_memory *memory = changed->memory;
	struct oci_cpu *cpu = changed->cpu;

	if (memory && (memory->limit || memory->swap)) {
		memory->limit = all->memory->limit;
		memory->swap = all->memory->swap;
	}
	if (cpu && (cpu->quota || cpu->period)) {
		cpu->quota = all->cpu->quota;
		cpu->period = all->cpu->period;
	}
}

/* Sets what is changed; c holds the configuration with it. */
static int apply(struct oci_cli *cli, const struct oci_container *c, struct oci_resources *changed)
{
	struct oci_config *config;
	int r = oci_state_config(cli, c, &config);

	if (r < 0)
		return r;
	complete(changed, config->linux_->resources);
	/* First, for systemd writes its files of the group when it is told. */
	if (c->state.unit)
		r = oci_unit_set(cli, c->state.unit, changed);
	return r < 0 ? r : runtime_update(c->state.cgroup, changed, cli->a, &cli->err);
}

/* A class is not made here: what runs would have to be moved there process by process. */
static int check_class(struct oci_cli *cli, const struct oci_container *c,
		       const struct update_opts *o)
{
	if ((o->l3 || o->mem_bw) && !c->state.class)
		return err_set(&cli->err, -ENOTSUP,
			       "--l3-cache-schema, --mem-bw-schema: container %s was made without "
			       "linux.intelRdt and is in no class of its own; make it anew",
			       c->state.id);
	return oci_runtime_check_rdt_lines(o->l3, o->mem_bw, &cli->err);
}

static int update_class(struct oci_cli *cli, const struct oci_container *c,
			const struct update_opts *o, struct json_object *config)
{
	struct json_object *rdt = member(member(config, "linux"), "intelRdt");

	if (!o->l3 && !o->mem_bw)
		return 0;
	if (o->l3)
		(void)json_object_object_add(rdt, "l3CacheSchema", json_object_new_string(o->l3));
	if (o->mem_bw)
		(void)json_object_object_add(rdt, "memBwSchema", json_object_new_string(o->mem_bw));
	return cgroup_class_update(c->state.class, o->l3, o->mem_bw, &cli->err);
}

static int oci_update(struct oci_cli *cli, const void *opts, const struct strv *args)
{
	const struct update_opts *o = opts;
	OWN(oci_container) struct oci_container c = OCI_CONTAINER_INIT;
	OWN(json) struct json_object *changed = NULL, *config = NULL;
	OWN(buf) struct buf text = { 0 };
	struct oci_resources resources = { 0 };
	int r = 0;

	if (o->resources)
		r = read_resources(cli, o->resources, &changed);
	else
		changed = take_options(o);
	if (r == 0)
		r = check(cli, changed, &resources);
	if (r == 0)
		r = find(cli, args->items[0], &c);
	if (r == 0)
		r = check_class(cli, &c, o);
	if (r == 0 && json_object_object_length(changed) > 0)
		r = oci_state_need_cgroup(cli, &c, "update");
	if (r == 0)
		r = json_parse(c.state.config, strlen(c.state.config), &config, &cli->err);
	if (r < 0)
		return r;
	merge(member(member(config, "linux"), "resources"), changed);
	r = update_class(cli, &c, o, config);
	json_write(config, &text);
	c.state.config = buf_text(&text);
	if (r == 0 && json_object_object_length(changed) > 0)
		r = apply(cli, &c, &resources);
	return r < 0 ? r : oci_state_save(cli, &c);
}

const struct oci_cmd oci_update_table[] = {
	{ "update", "[OPTIONS] ID", "Change a container's limits", update_opts, &update_defaults,
	  sizeof(struct update_opts), oci_update, 1, 1, OPT_ANYWHERE },
	{ 0 },
};
