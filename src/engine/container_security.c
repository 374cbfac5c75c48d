/*
 * container_security.c - --security-opt, --privileged and capabilities: what a process may do
 */
#include "engine/container_security.h"

#include "codec/capability.h"
#include "model/seccomp_profile.h"

/* https://github.com/moby/moby, daemon/pkg/oci/defaults.go; the later ones close side channels. */
static const char *const masked[] = {
	"/proc/asound",
	"/proc/acpi",
	"/proc/interrupts",
	"/proc/kcore",
	"/proc/keys",
	"/proc/latency_stats",
	"/proc/timer_list",
	"/proc/timer_stats",
	"/proc/sched_debug",
	"/proc/scsi",
	"/sys/firmware",
	"/sys/devices/virtual/powercap",
	NULL,
};
static const char *const readonly[] = {
	"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger", NULL,
};

static bool is_default(const struct strv *list)
{
	return list->n == 1 && str_eq(list->items[0], CONTAINER_SECURITY_PATHS);
}

static struct strv paths(const char *const *list, struct arena *a)
{
	struct strv out = { 0 };

	for (; *list; list++)
		strv_add(&out, a, *list);
	return out;
}

struct strv container_security_masked(const struct host_config *h, int throttled_cpus,
				      struct arena *a)
{
	struct strv out;

	if (!is_default(&h->masked_paths))
		return h->masked_paths;
	out = paths(masked, a);
	for (int i = 0; i < throttled_cpus; i++)
		strv_add(&out, a,
			 arena_printf(a, "/sys/devices/system/cpu/cpu%d/thermal_throttle", i));
	return out;
}

struct strv container_security_readonly(const struct host_config *h, struct arena *a)
{
	return is_default(&h->readonly_paths) ? paths(readonly, a) : h->readonly_paths;
}

static bool is_true(const char *value)
{
	return str_eq(value, "true") || str_eq(value, "1");
}

static bool is_bool(const char *value)
{
	return is_true(value) || str_eq(value, "false") || str_eq(value, "0");
}

static int set_seccomp(struct security *s, const char *value)
{
	if (str_eq(value, "unconfined"))
		s->seccomp = SECURITY_SECCOMP_NONE;
	else if (str_eq(value, "builtin"))
		s->seccomp = SECURITY_SECCOMP_DEFAULT;
	else {
		s->seccomp = SECURITY_SECCOMP_PROFILE;
		s->profile = value;
	}
	return 0;
}

static int set_no_new_privileges(struct security *s, const char *value)
{
	if (!is_bool(value))
		return -EINVAL;
	s->no_new_privileges = is_true(value);
	return 0;
}

static int set_apparmor(struct security *s, const char *value)
{
	s->apparmor = value;
	return *value ? 0 : -EINVAL;
}

static int set_label(struct security *s, const char *value)
{
	(void)s;
	return str_eq(value, "disable") ? 0 : -ENOTSUP;
}

static int set_system_paths(struct security *s, const char *value)
{
	s->system_paths = true;
	return str_eq(value, "unconfined") ? 0 : -EINVAL;
}

static int set_writable_cgroups(struct security *s, const char *value)
{
	if (!is_bool(value))
		return -EINVAL;
	s->writable_cgroups = is_true(value);
	return 0;
}

static const struct {
	const char *key;
	int (*set)(struct security *s, const char *value);
	const char *instead; /* what to do when the value is not supported */
} options[] = {
	{ "seccomp", set_seccomp, NULL },
	{ "no-new-privileges", set_no_new_privileges, NULL },
	{ "apparmor", set_apparmor, NULL },
	{ "label", set_label, "SELinux labels are not applied; use label=disable" },
	{ "systempaths", set_system_paths, NULL },
	{ "writable-cgroups", set_writable_cgroups, NULL },
};

/* "key=value" or, as docker still takes it, "key:value"; the key alone means true. */
static int parse_one(struct security *s, const char *option, struct err *err)
{
	size_t len = strcspn(option, "=:");
	const char *value = option[len] ? option + len + 1 : "true";

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		int r;

		if (strlen(options[i].key) != len || memcmp(options[i].key, option, len) != 0)
			continue;
		r = options[i].set(s, value);
		if (r == -ENOTSUP)
			return err_set(err, -EINVAL, "--security-opt %s: %s", option,
				       options[i].instead);
		if (r < 0)
			return err_set(err, -EINVAL, "invalid --security-opt: \"%s\"", option);
		return 0;
	}
	return err_set(err, -EINVAL, "invalid --security-opt: \"%.100s\"", option);
}

int container_security_parse(const struct host_config *host, struct security *ret, struct err *err)
{
	*ret = (struct security){ .system_paths = host->privileged };
	if (host->privileged)
		ret->seccomp = SECURITY_SECCOMP_NONE;
	for (size_t i = 0; i < host->security_opt.n; i++) {
		int r = parse_one(ret, host->security_opt.items[i], err);

		if (r < 0)
			return r;
	}
	return 0;
}

int container_security_caps(const struct host_config *host, const struct host_facts *facts,
			    uint64_t *ret_caps, uint64_t *ret_lost, struct err *err)
{
	uint64_t wanted = CAPABILITY_ALL;
	int r = host->privileged
			? 0
			: capability_resolve(&host->cap_add, &host->cap_drop, &wanted, err);

	if (r < 0)
		return r;
	*ret_caps = wanted & facts->caps;
	*ret_lost = wanted & ~facts->caps;
	return 0;
}

const char *container_security_apparmor(const struct security *s, bool privileged,
					const struct host_facts *facts)
{
	if (s->apparmor)
		return str_eq(s->apparmor, "unconfined") ? NULL : s->apparmor;
	return facts->apparmor_default && !privileged ? HOST_FACTS_APPARMOR : NULL;
}

struct oci_capabilities *container_security_sets(uint64_t caps, uint32_t uid, struct arena *a)
{
	struct oci_capabilities *sets = arena_new(a, struct oci_capabilities);

	sets->bounding = capability_names(caps, a);
	/* What execve(2) would leave to another user anyway. */
	if (uid == 0)
		sets->effective = sets->permitted = sets->bounding;
	return sets;
}

int container_security_filter(const struct security *security, uint64_t caps, const char *root,
			      bool compiled, struct arena *a, struct security_filter *ret,
			      struct err *err)
{
	char key[SECCOMP_PROFILE_KEY_MAX];

	*ret = (struct security_filter){ 0 };
	switch (security->seccomp) {
	case SECURITY_SECCOMP_NONE:
		return 0;
	case SECURITY_SECCOMP_PROFILE:
		return seccomp_profile_parse(security->profile, strlen(security->profile), caps, a,
					     &ret->rules, err);
	case SECURITY_SECCOMP_DEFAULT:
		break;
	}
	seccomp_profile_key(caps, key);
	ret->cache = root;
	ret->key = arena_strdup(a, key);
	return compiled ? 0 : seccomp_profile_default(caps, a, &ret->rules, err);
}
