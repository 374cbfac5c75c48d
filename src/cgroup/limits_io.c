/*
 * limits_io.c - limits of block devices, v1 and v2
 *
 * Which scheduler counts weights depends on the kernel: v1 had CFQ until Linux 5.0 (blkio.weight,
 * with leaf weights), now both have BFQ (its own file names) and v2 iocost (io.weight). The file
 * that is there says it.
 */
#include "cgroup/limits.h"

#include "base/str.h"
#include "cgroup/group_file.h"

#include <inttypes.h>

enum { LINE_MAX_ = 96 };

uint64_t limits_io_weight(uint32_t weight)
{
	return 1 + ((uint64_t)weight - 10) * 9999 / 990;
}

static int write_device(const struct hierarchy *h, const char *group, const char *file,
			int64_t major, int64_t minor, const char *value, struct err *err)
{
	char line[LINE_MAX_];

	(void)snprintf(line, sizeof(line), "%" PRId64 ":%" PRId64 " %s", major, minor, value);
	return limits_write(h, group, file, line, err);
}

static bool given(const uint32_t *weight)
{
	return weight && *weight;
}

/* -- v1 -- */

static int write_weights_v1(const struct hierarchy *h, const char *group,
			    const struct cgroup_limits *l, struct err *err)
{
	bool bfq = limits_has(h, group, "blkio.bfq.weight");
	const char *device = bfq ? "blkio.bfq.weight_device" : "blkio.weight_device";
	char value[16];
	int r = 0;

	if (given(l->io_weight))
		r = limits_write_number(h, group, bfq ? "blkio.bfq.weight" : "blkio.weight",
					*l->io_weight, err);
	if (r == 0 && given(l->io_leaf_weight))
		r = limits_write_number(h, group, "blkio.leaf_weight", *l->io_leaf_weight, err);
	for (size_t i = 0; i < l->n_io_weights && r == 0; i++) {
		const struct cgroup_weight_device *d = &l->io_weights[i];

		(void)snprintf(value, sizeof(value), "%" PRIu32, given(d->weight) ? *d->weight : 0);
		if (given(d->weight))
			r = write_device(h, group, device, d->major, d->minor, value, err);
		if (r < 0 || !given(d->leaf_weight))
			continue;
		(void)snprintf(value, sizeof(value), "%" PRIu32, *d->leaf_weight);
		r = write_device(h, group, "blkio.leaf_weight_device", d->major, d->minor, value,
				 err);
	}
	return r;
}

int limits_io_v1(const struct hierarchy *h, const char *group, const struct cgroup_limits *l,
		 struct err *err)
{
	static const char *const files[CGROUP_THROTTLES] = {
		[CGROUP_READ_BPS] = "blkio.throttle.read_bps_device",
		[CGROUP_WRITE_BPS] = "blkio.throttle.write_bps_device",
		[CGROUP_READ_IOPS] = "blkio.throttle.read_iops_device",
		[CGROUP_WRITE_IOPS] = "blkio.throttle.write_iops_device",
	};
	int r = write_weights_v1(h, group, l, err);

	for (size_t k = 0; k < CGROUP_THROTTLES; k++) {
		for (size_t i = 0; i < l->n_io_throttles[k] && r == 0; i++) {
			const struct cgroup_throttle *t = &l->io_throttles[k][i];
			char rate[24];

			(void)snprintf(rate, sizeof(rate), "%" PRIu64, t->rate);
			r = write_device(h, group, files[k], t->major, t->minor, rate, err);
		}
	}
	return r;
}

/* -- v2 -- */

static int no_leaf_weights(const struct cgroup_limits *l, struct err *err)
{
	bool leaf = given(l->io_leaf_weight);

	for (size_t i = 0; i < l->n_io_weights; i++)
		leaf = leaf || given(l->io_weights[i].leaf_weight);
	return leaf ? err_set(err, -ENOTSUP,
			      "blockIO.leafWeight: cgroup v2 has no weights of a group's own "
			      "processes; remove it")
		    : 0;
}

static int write_weights_v2(const struct hierarchy *h, const char *group,
			    const struct cgroup_limits *l, struct err *err)
{
	bool bfq = limits_has(h, group, "io.bfq.weight");
	const char *file = bfq ? "io.bfq.weight" : "io.weight";
	int r = no_leaf_weights(l, err);

	if (r == 0 && given(l->io_weight))
		r = limits_write_number(h, group, file,
					bfq ? *l->io_weight
					    : (int64_t)limits_io_weight(*l->io_weight),
					err);
	for (size_t i = 0; i < l->n_io_weights && r == 0; i++) {
		const struct cgroup_weight_device *d = &l->io_weights[i];
		char value[24];

		if (!given(d->weight))
			continue;
		(void)snprintf(value, sizeof(value), "%" PRIu64,
			       bfq ? *d->weight : limits_io_weight(*d->weight));
		r = write_device(h, group, file, d->major, d->minor, value, err);
	}
	return r;
}

int limits_io_v2(const struct hierarchy *h, const char *group, const struct cgroup_limits *l,
		 struct err *err)
{
	static const char *const keys[CGROUP_THROTTLES] = {
		[CGROUP_READ_BPS] = "rbps",
		[CGROUP_WRITE_BPS] = "wbps",
		[CGROUP_READ_IOPS] = "riops",
		[CGROUP_WRITE_IOPS] = "wiops",
	};
	int r = write_weights_v2(h, group, l, err);

	for (size_t k = 0; k < CGROUP_THROTTLES; k++) {
		for (size_t i = 0; i < l->n_io_throttles[k] && r == 0; i++) {
			const struct cgroup_throttle *t = &l->io_throttles[k][i];
			char rate[40];

			/* 0 takes a limit away, in v1's words. */
			if (t->rate)
				(void)snprintf(rate, sizeof(rate), "%s=%" PRIu64, keys[k], t->rate);
			else
				(void)snprintf(rate, sizeof(rate), "%s=max", keys[k]);
			r = write_device(h, group, "io.max", t->major, t->minor, rate, err);
		}
	}
	return r;
}
