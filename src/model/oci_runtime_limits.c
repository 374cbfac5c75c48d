/*
 * oci_runtime_limits.c - rules of limits
 */
#include "model/oci_runtime.h"

enum { WEIGHT_MIN = 10, WEIGHT_MAX = 1000 };

static int check_device_rules(const struct oci_resources *r, struct err *err)
{
	for (size_t i = 0; i < r->devices.n; i++) {
		const struct oci_device_rule *d = &r->devices.items[i];

		if (d->type && (strlen(d->type) != 1 || !strchr("acb", d->type[0])))
			return err_set(err, -EINVAL,
				       "linux.resources.devices[%zu].type: %s is none of a, c, b",
				       i, d->type);
		if (d->allow && str_is_empty(d->access))
			return err_set(err, -EINVAL,
				       "linux.resources.devices[%zu].access: is needed by a rule "
				       "that allows",
				       i);
		if (d->access && d->access[strspn(d->access, "rwm")])
			return err_set(
				err, -EINVAL,
				"linux.resources.devices[%zu].access: %s has others than r, w, m",
				i, d->access);
	}
	return 0;
}

/* 0 is no weight at all, as engines write it. */
static int check_weight(const uint32_t *weight, const char *member, struct err *err)
{
	if (!weight || *weight == 0 || (*weight >= WEIGHT_MIN && *weight <= WEIGHT_MAX))
		return 0;
	return err_set(err, -EINVAL, "linux.resources.blockIO.%s: must be from %d to %d", member,
		       WEIGHT_MIN, WEIGHT_MAX);
}

static int check_block_io(const struct oci_block_io *b, struct err *err)
{
	int r;

	if (!b)
		return 0;
	r = check_weight(b->weight, "weight", err);
	if (r == 0)
		r = check_weight(b->leaf_weight, "leafWeight", err);
	for (size_t i = 0; i < b->weight_device.n && r == 0; i++) {
		r = check_weight(b->weight_device.items[i].weight, "weightDevice.weight", err);
		if (r == 0)
			r = check_weight(b->weight_device.items[i].leaf_weight,
					 "weightDevice.leafWeight", err);
	}
	return r;
}

/* "2MB": it becomes part of a file's name. */
static bool is_page_size(const char *size)
{
	size_t digits = strspn(size, "0123456789");

	return digits > 0 && size[0] != '0' && strlen(size) == digits + 2 &&
	       strchr("KMG", size[digits]) && size[digits + 1] == 'B';
}

static int check_hugepages(const struct oci_resources *r, struct err *err)
{
	for (size_t i = 0; i < r->hugepage_limits.n; i++)
		if (!is_page_size(r->hugepage_limits.items[i].page_size))
			return err_set(err, -EINVAL,
				       "linux.resources.hugepageLimits[%zu].pageSize: %s is not a "
				       "size like 2MB",
				       i, r->hugepage_limits.items[i].page_size);
	return 0;
}

/* Names of files in the group's directory, nowhere else. */
static int check_unified(const struct oci_resources *r, struct err *err)
{
	for (size_t i = 0; i < r->unified.n; i++) {
		const char *file = r->unified.items[i].key;

		if (!*file || strchr(file, '/') || !strchr(file, '.') || file[0] == '.')
			return err_set(err, -EINVAL,
				       "linux.resources.unified: %s is not the name of a control "
				       "group's file",
				       file);
		if (strncmp(file, "cgroup.", 7) == 0)
			return err_set(err, -EINVAL,
				       "linux.resources.unified: %s does not limit resources",
				       file);
	}
	return 0;
}

/* A line of these files is "NAME VALUE". */
static bool is_word(const char *name)
{
	return *name && !name[strcspn(name, " \t\n")];
}

static int check_names(const struct oci_resources *r, struct err *err)
{
	for (size_t i = 0; r->network && i < r->network->priorities.n; i++)
		if (!is_word(r->network->priorities.items[i].name))
			return err_set(err, -EINVAL,
				       "linux.resources.network.priorities[%zu].name: is not the "
				       "name of an interface",
				       i);
	for (size_t i = 0; i < r->rdma.n; i++)
		if (!is_word(r->rdma.items[i].device))
			return err_set(err, -EINVAL,
				       "linux.resources.rdma: \"%s\" is not the name of a device",
				       r->rdma.items[i].device);
	return 0;
}

int oci_runtime_check_resources(const struct oci_resources *r, struct err *err)
{
	int res = check_device_rules(r, err);

	if (res == 0 && r->cpu && r->cpu->idle && (*r->cpu->idle < 0 || *r->cpu->idle > 1))
		res = err_set(err, -EINVAL, "linux.resources.cpu.idle: must be 0 or 1");
	if (res == 0 && r->memory && r->memory->swappiness && *r->memory->swappiness > 200)
		res = err_set(err, -EINVAL,
			      "linux.resources.memory.swappiness: must be from 0 to "
			      "200");
	if (res == 0)
		res = check_block_io(r->block_io, err);
	if (res == 0)
		res = check_hugepages(r, err);
	if (res == 0)
		res = check_unified(r, err);
	return res == 0 ? check_names(r, err) : res;
}
