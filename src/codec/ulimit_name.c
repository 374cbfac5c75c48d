/*
 * ulimit_name.c - resource limits by name
 */
#include "codec/ulimit_name.h"

#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/resource.h>

static const char *const names[] = {
	[RLIMIT_AS] = "as",
	[RLIMIT_CORE] = "core",
	[RLIMIT_CPU] = "cpu",
	[RLIMIT_DATA] = "data",
	[RLIMIT_FSIZE] = "fsize",
	[RLIMIT_LOCKS] = "locks",
	[RLIMIT_MEMLOCK] = "memlock",
	[RLIMIT_MSGQUEUE] = "msgqueue",
	[RLIMIT_NICE] = "nice",
	[RLIMIT_NOFILE] = "nofile",
	[RLIMIT_NPROC] = "nproc",
	[RLIMIT_RSS] = "rss",
	[RLIMIT_RTPRIO] = "rtprio",
	[RLIMIT_RTTIME] = "rttime",
	[RLIMIT_SIGPENDING] = "sigpending",
	[RLIMIT_STACK] = "stack",
};
_Static_assert(sizeof(names) / sizeof(names[0]) == RLIM_NLIMITS, "a name for every limit");

int ulimit_name_parse(const char *name)
{
	if (strncasecmp(name, "RLIMIT_", 7) == 0)
		name += 7;
	for (int i = 0; i < RLIM_NLIMITS; i++)
		if (strcasecmp(name, names[i]) == 0)
			return i;
	return -EINVAL;
}

const char *ulimit_name(int resource)
{
	return resource >= 0 && resource < RLIM_NLIMITS ? names[resource] : NULL;
}

static int number(const char *s, const char **ret_end, int64_t *ret)
{
	char *end;

	errno = 0;
	*ret = strtoll(s, &end, 10);
	*ret_end = end;
	return end == s || errno || *ret < -1 ? -EINVAL : 0;
}

static int malformed(struct err *err, const char *s)
{
	return err_set(err, -EINVAL, "invalid ulimit argument: %s (want NAME=SOFT[:HARD])", s);
}

int ulimit_parse(const char *s, int *ret_resource, int64_t *ret_soft, int64_t *ret_hard,
		 struct err *err)
{
	const char *value = strchr(s, '='), *end;
	int64_t soft, hard;
	char name[32];
	int resource;

	if (!value || value == s)
		return malformed(err, s);
	(void)snprintf(name, sizeof(name), "%.*s", (int)(value - s), s);
	resource = ulimit_name_parse(name);
	if (resource < 0)
		return err_set(err, -EINVAL, "invalid ulimit type: %s", name);
	if (number(value + 1, &end, &soft) < 0)
		return malformed(err, s);
	hard = soft;
	if (*end == ':' && number(end + 1, &end, &hard) < 0)
		return malformed(err, s);
	if (*end)
		return malformed(err, s);
	if (hard != -1 && (soft == -1 || soft > hard))
		return err_set(err, -EINVAL,
			       "ulimit soft limit must be less than or equal to hard limit: %s", s);
	*ret_resource = resource;
	*ret_soft = soft;
	*ret_hard = hard;
	return 0;
}
