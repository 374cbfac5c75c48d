/*
 * seccomp_profile.c - Docker's seccomp profiles, resolved to OCI rules
 *
 * An OCI seccomp object is a profile without conditions, so one table reads both. The conditions of
 * each group of system calls are decided here, for this machine and the container's capabilities;
 * the groups that hold are taken over in their order.
 */
#include "model/seccomp_profile.h"

#include "codec/capability.h"
#include "model/seccomp_default.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>

/* Changes when the profile or the way it is compiled does, so that an old cache is not used. */
enum { PROFILE_VERSION = 2 };

/* As the OCI names the machine, and as Go does. */
#if defined(__x86_64__)
#define MACHINE    "SCMP_ARCH_X86_64"
#define MACHINE_GO "amd64"
#elif defined(__aarch64__)
#define MACHINE    "SCMP_ARCH_AARCH64"
#define MACHINE_GO "arm64"
#elif defined(__riscv) && __riscv_xlen == 64
#define MACHINE    "SCMP_ARCH_RISCV64"
#define MACHINE_GO "riscv64"
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
#define MACHINE    "SCMP_ARCH_PPC64LE"
#define MACHINE_GO "ppc64le"
#elif defined(__s390x__)
#define MACHINE    "SCMP_ARCH_S390X"
#define MACHINE_GO "s390x"
#else
#error "add this architecture's names here"
#endif

struct condition {
	struct strv caps, arches;
	const char *min_kernel;
};
#define T struct condition
SCHEMA_DECLARE(condition);
SCHEMA(condition, T, F_STRV(T, caps, "caps", OMIT_EMPTY), F_STRV(T, arches, "arches", OMIT_EMPTY),
       F_STR(T, min_kernel, "minKernel", OMIT_EMPTY));
#undef T

struct profile_syscall {
	struct strv names;
	const char *name;
	const char *action;
	uint32_t *errno_ret;
	LIST(struct oci_seccomp_arg) args;
	struct condition includes, excludes;
};
#define T struct profile_syscall
SCHEMA_DECLARE(profile_syscall);
SCHEMA(profile_syscall, T, F_STRV(T, names, "names", OMIT_EMPTY),
       F_STR(T, name, "name", OMIT_EMPTY), F_STR(T, action, "action", REQUIRED),
       F_OPT_U32(T, errno_ret, "errnoRet", OMIT_EMPTY),
       F_LIST(T, args, "args", oci_seccomp_arg, OMIT_EMPTY),
       F_OBJ(T, includes, "includes", condition, OMIT_EMPTY),
       F_OBJ(T, excludes, "excludes", condition, OMIT_EMPTY));
#undef T

struct arch_map {
	const char *architecture;
	struct strv sub;
};
#define T struct arch_map
SCHEMA_DECLARE(arch_map);
SCHEMA(arch_map, T, F_STR(T, architecture, "architecture", REQUIRED),
       F_STRV(T, sub, "subArchitectures", OMIT_EMPTY));
#undef T

struct profile {
	const char *default_action;
	uint32_t *default_errno_ret;
	struct strv architectures, flags;
	const char *listener_path;
	LIST(struct arch_map) arch_map;
	LIST(struct profile_syscall) syscalls;
};
#define T struct profile
SCHEMA_DECLARE(profile);
SCHEMA(profile, T, F_STR(T, default_action, "defaultAction", REQUIRED),
       F_OPT_U32(T, default_errno_ret, "defaultErrnoRet", OMIT_EMPTY),
       F_STRV(T, architectures, "architectures", OMIT_EMPTY), F_STRV(T, flags, "flags", OMIT_EMPTY),
       F_STR(T, listener_path, "listenerPath", OMIT_EMPTY),
       F_LIST(T, arch_map, "archMap", arch_map, OMIT_EMPTY),
       F_LIST(T, syscalls, "syscalls", profile_syscall, OMIT_EMPTY));
#undef T

static bool kernel_is_at_least(const char *want)
{
	struct utsname u;
	int major = 0, minor = 0, want_major = 0, want_minor = 0;

	if (uname(&u) < 0 || sscanf(u.release, "%d.%d", &major, &minor) != 2 ||
	    sscanf(want, "%d.%d", &want_major, &want_minor) < 1)
		return false;
	return major > want_major || (major == want_major && minor >= want_minor);
}

/* docker's meaning: every named capability (one that we do not know is one that we do not have),
 * any of the architectures, and the kernel. */
static bool includes(const struct condition *c, uint64_t caps)
{
	const char *unknown = NULL;
	uint64_t want = capability_mask(&c->caps, &unknown);

	return !unknown && (caps & want) == want &&
	       (c->arches.n == 0 || strv_has(&c->arches, MACHINE_GO)) &&
	       (str_is_empty(c->min_kernel) || kernel_is_at_least(c->min_kernel));
}

/* ... and any of them excludes. */
static bool excludes(const struct condition *c, uint64_t caps)
{
	return (caps & capability_mask(&c->caps, NULL)) != 0 || strv_has(&c->arches, MACHINE_GO) ||
	       (!str_is_empty(c->min_kernel) && kernel_is_at_least(c->min_kernel));
}

static struct strv machine_architectures(const struct profile *p, struct arena *a)
{
	struct strv v = { 0 };

	for (size_t i = 0; i < p->arch_map.n; i++) {
		const struct arch_map *m = &p->arch_map.items[i];

		if (!str_eq(m->architecture, MACHINE))
			continue;
		strv_add(&v, a, m->architecture);
		for (size_t s = 0; s < m->sub.n; s++)
			strv_add(&v, a, m->sub.items[s]);
	}
	return v.n ? v : p->architectures;
}

static struct oci_seccomp *resolve(const struct profile *p, uint64_t caps, struct arena *a)
{
	struct oci_seccomp *s = arena_new(a, struct oci_seccomp);

	s->default_action = p->default_action;
	s->default_errno_ret = p->default_errno_ret;
	s->architectures = machine_architectures(p, a);
	s->flags = p->flags;
	s->listener_path = p->listener_path;
	s->syscalls.items = arena_array(a, p->syscalls.n, sizeof(*s->syscalls.items));
	for (size_t i = 0; i < p->syscalls.n; i++) {
		const struct profile_syscall *from = &p->syscalls.items[i];
		struct oci_syscall *to = &s->syscalls.items[s->syscalls.n];

		if (!includes(&from->includes, caps) || excludes(&from->excludes, caps))
			continue;
		to->names = from->names;
		if (from->name)
			strv_add(&to->names, a, from->name);
		to->action = from->action;
		to->errno_ret = from->errno_ret;
		to->args.items = from->args.items;
		to->args.n = from->args.n;
		s->syscalls.n++;
	}
	return s;
}

/* Two ways to say the same, of which docker takes one. */
static int check(const struct profile *p, struct err *err)
{
	if (p->architectures.n && p->arch_map.n)
		return err_set(err, -EINVAL,
			       "architectures and archMap are both there; keep one of them");
	for (size_t i = 0; i < p->syscalls.n; i++)
		if (p->syscalls.items[i].name && p->syscalls.items[i].names.n)
			return err_set(err, -EINVAL,
				       "syscalls[%zu]: name and names are both there; keep one of "
				       "them",
				       i);
	return 0;
}

int seccomp_profile_parse(const char *text, size_t len, uint64_t caps, struct arena *a,
			  struct oci_seccomp **ret, struct err *err)
{
	struct profile p;
	int r;

	if (len > SECCOMP_PROFILE_MAX)
		return err_set(err, -EINVAL, "seccomp profile of %zu bytes is too large", len);
	r = schema_read(&profile_schema, text, len, a, &p, err);
	if (r == 0)
		r = check(&p, err);
	if (r < 0)
		return err_wrap(err, "seccomp profile");
	*ret = resolve(&p, caps, a);
	return 0;
}

int seccomp_profile_default(uint64_t caps, struct arena *a, struct oci_seccomp **ret,
			    struct err *err)
{
	return seccomp_profile_parse(seccomp_default_json,
				     (size_t)(seccomp_default_json_end - seccomp_default_json),
				     caps, a, ret, err);
}

void seccomp_profile_key(uint64_t caps, char out[SECCOMP_PROFILE_KEY_MAX])
{
	(void)snprintf(out, SECCOMP_PROFILE_KEY_MAX, "default-%d-%s-%s-%011llx", PROFILE_VERSION,
		       BERTH_VERSION, MACHINE_GO, (unsigned long long)caps);
}
