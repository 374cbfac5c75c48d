/*
 * seccomp_compile.c - from OCI rules to a BPF program
 *
 * libseccomp makes the program, as a binary tree: the kernel runs a filter for every system call
 * number when it is loaded, so a tree loads faster, not only runs faster.
 *
 * In front of it stand a few instructions of our own. A profile that lists what is allowed cannot
 * know system calls newer than itself. Programs try those and fall back on ENOSYS, but not on the
 * EPERM of a profile's default; so numbers above the highest that the profile names get ENOSYS.
 */
#include "runtime/seccomp_compile.h"

#include "base/own.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Of Linux 5.19, which older headers lack. */
enum { WAIT_KILLABLE_RECV = 1 << 5 };

enum { ARGS_MAX = 6, X32_BIT = 0x40000000, PREFIX_PER_ARCH = 6, ARCHES_MAX = 16 };

static const struct {
	const char *name;
	uint32_t action;
	bool takes_errno;
} actions[] = {
	{ "SCMP_ACT_ALLOW", SCMP_ACT_ALLOW, false },
	{ "SCMP_ACT_ERRNO", SCMP_ACT_ERRNO(0), true },
	{ "SCMP_ACT_KILL", SCMP_ACT_KILL_THREAD, false },
	{ "SCMP_ACT_KILL_THREAD", SCMP_ACT_KILL_THREAD, false },
	{ "SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS, false },
	{ "SCMP_ACT_TRAP", SCMP_ACT_TRAP, false },
	{ "SCMP_ACT_TRACE", SCMP_ACT_TRACE(0), true },
	{ "SCMP_ACT_LOG", SCMP_ACT_LOG, false },
	{ "SCMP_ACT_NOTIFY", SCMP_ACT_NOTIFY, false },
};

static const struct {
	const char *name;
	enum scmp_compare op;
} operators[] = {
	{ "SCMP_CMP_NE", SCMP_CMP_NE },
	{ "SCMP_CMP_LT", SCMP_CMP_LT },
	{ "SCMP_CMP_LE", SCMP_CMP_LE },
	{ "SCMP_CMP_EQ", SCMP_CMP_EQ },
	{ "SCMP_CMP_GE", SCMP_CMP_GE },
	{ "SCMP_CMP_GT", SCMP_CMP_GT },
	{ "SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ },
};

static const struct {
	const char *name;
	uint32_t flag;
} flags[] = {
	{ "SECCOMP_FILTER_FLAG_TSYNC", 0 }, /* there is one thread */
	{ "SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG },
	{ "SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW },
	{ "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", WAIT_KILLABLE_RECV },
};

static void ctx_cleanup(scmp_filter_ctx *ctx)
{
	if (*ctx)
		seccomp_release(*ctx);
}

static int action_of(const char *name, const uint32_t *errno_ret, uint32_t *ret, struct err *err)
{
	for (size_t i = 0; i < COUNT(actions); i++) {
		if (!str_eq(name, actions[i].name))
			continue;
		*ret = actions[i].action;
		if (actions[i].takes_errno)
			*ret |= (errno_ret ? *errno_ret : EPERM) & 0xffff;
		return 0;
	}
	return err_set(err, -ENOTSUP, "seccomp action %s is not supported", name);
}

/* "SCMP_ARCH_X86_64" is "x86_64" to libseccomp; 0 when it does not know it. */
static uint32_t arch_of(const char *name)
{
	const char *rest = str_after(name, "SCMP_ARCH_");
	char lower[32];
	size_t i = 0;

	for (; rest && rest[i] && i < sizeof(lower) - 1; i++)
		lower[i] = (char)(rest[i] >= 'A' && rest[i] <= 'Z' ? rest[i] - 'A' + 'a' : rest[i]);
	lower[i] = '\0';
	return seccomp_arch_resolve_name(lower);
}

static int add_arches(scmp_filter_ctx ctx, const struct oci_seccomp *s, struct err *err)
{
	for (size_t i = 0; i < s->architectures.n; i++) {
		uint32_t arch = arch_of(s->architectures.items[i]);
		int r = arch ? seccomp_arch_add(ctx, arch) : -EINVAL;

		if (r < 0 && r != -EEXIST)
			return err_code(err, r, "seccomp architecture %s",
					s->architectures.items[i]);
	}
	return 0;
}

static int read_arg(const struct oci_seccomp_arg *from, struct scmp_arg_cmp *to, struct err *err)
{
	if (from->index >= ARGS_MAX)
		return err_set(err, -EINVAL, "seccomp argument %u: a system call has %d",
			       from->index, ARGS_MAX);
	for (size_t i = 0; i < COUNT(operators); i++) {
		if (!str_eq(from->op, operators[i].name))
			continue;
		*to = (struct scmp_arg_cmp){ .arg = from->index,
					     .op = operators[i].op,
					     .datum_a = from->value,
					     .datum_b = from->value_two };
		return 0;
	}
	return err_set(err, -EINVAL, "seccomp operator %s is unknown", from->op);
}

/* Conditions on one argument twice cannot stand in one rule: they mean either of them. */
static bool has_twice(const struct scmp_arg_cmp *args, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < i; j++)
			if (args[i].arg == args[j].arg)
				return true;
	return false;
}

static int add_rule(scmp_filter_ctx ctx, uint32_t action, int nr, struct scmp_arg_cmp *args,
		    size_t n)
{
	int r = 0;

	if (!has_twice(args, n))
		return seccomp_rule_add_array(ctx, action, nr, (unsigned)n, args);
	for (size_t i = 0; i < n && r == 0; i++)
		r = seccomp_rule_add_array(ctx, action, nr, 1, &args[i]);
	return r;
}

static int add_syscall(scmp_filter_ctx ctx, const struct oci_syscall *rule, uint32_t default_action,
		       struct err *err)
{
	struct scmp_arg_cmp args[ARGS_MAX * 2];
	uint32_t action;
	int r = action_of(rule->action, rule->errno_ret, &action, err);

	if (r < 0)
		return r;
	if (rule->args.n > COUNT(args))
		return err_set(err, -EINVAL, "seccomp rule with %zu conditions", rule->args.n);
	for (size_t i = 0; i < rule->args.n; i++)
		if ((r = read_arg(&rule->args.items[i], &args[i], err)) < 0)
			return r;
	/* libseccomp refuses rules that say what happens anyway. */
	if (action == default_action)
		return 0;
	for (size_t i = 0; i < rule->names.n; i++) {
		int nr = seccomp_syscall_resolve_name(rule->names.items[i]);

		if (nr == __NR_SCMP_ERROR) /* newer than the library, or of another machine */
			continue;
		r = add_rule(ctx, action, nr, args, rule->args.n);
		if (r < 0 && r != -EEXIST)
			return err_code(err, r, "seccomp rule for %s", rule->names.items[i]);
	}
	return 0;
}

/* The highest number that the rules name on an architecture, or -1. */
static int highest(const struct oci_seccomp *s, uint32_t arch)
{
	int max = -1;

	for (size_t i = 0; i < s->syscalls.n; i++) {
		const struct strv *names = &s->syscalls.items[i].names;

		for (size_t j = 0; j < names->n; j++) {
			int nr = seccomp_syscall_resolve_name_arch(arch, names->items[j]);

			if (nr > max && !(nr & X32_BIT))
				max = nr;
		}
	}
	return max;
}

static void add_prefix(const struct oci_seccomp *s, struct buf *out)
{
	struct sock_filter code[1 + PREFIX_PER_ARCH * ARCHES_MAX];
	uint32_t enosys = SECCOMP_RET_ERRNO | ENOSYS;
	size_t n = 0;

	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						 offsetof(struct seccomp_data, arch));
	for (size_t i = 0; i < s->architectures.n && i < ARCHES_MAX; i++) {
		uint32_t arch = arch_of(s->architectures.items[i]);
		int max = highest(s, arch);

		/* x32 shares its number with x86_64 and keeps the default action. */
		if (max < 0 || arch == SCMP_ARCH_X32)
			continue;
		code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, arch, 0, 5);
		code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
							 offsetof(struct seccomp_data, nr));
		code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 2, 0);
		code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, (uint32_t)max,
							 0, 1);
		code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, enosys);
		code[n++] = (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, 0);
	}
	/* A number that passed goes on behind the last of these. */
	for (size_t i = 0; i < n; i++)
		if (code[i].code == (BPF_JMP | BPF_JA))
			code[i].k = (uint32_t)(n - i - 1);
	if (n > 1)
		buf_add(out, code, n * sizeof(code[0]));
}

static int export(scmp_filter_ctx ctx, struct buf *out)
{
	OWN(fd) int fd = memfd_create("seccomp", MFD_CLOEXEC);
	char chunk[4096];
	ssize_t n;
	int r = fd < 0 ? -errno : seccomp_export_bpf(ctx, fd);

	if (r < 0)
		return r;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	while ((n = read(fd, chunk, sizeof(chunk))) > 0)
		buf_add(out, chunk, (size_t)n);
	return n < 0 ? -errno : 0;
}

static int read_flags(const struct oci_seccomp *s, uint32_t *ret, struct err *err)
{
	*ret = 0;
	for (size_t i = 0; i < s->flags.n; i++) {
		size_t f = 0;

		while (f < COUNT(flags) && !str_eq(s->flags.items[i], flags[f].name))
			f++;
		if (f == COUNT(flags))
			return err_set(err, -ENOTSUP, "seccomp flag %s is not supported",
				       s->flags.items[i]);
		*ret |= flags[f].flag;
	}
	return 0;
}

static bool asks_a_listener(const struct oci_seccomp *s)
{
	for (size_t i = 0; i < s->syscalls.n; i++)
		if (str_eq(s->syscalls.items[i].action, "SCMP_ACT_NOTIFY"))
			return true;
	return str_eq(s->default_action, "SCMP_ACT_NOTIFY");
}

/* A filter with actions for a listener needs one, and a listener is there for such actions only. */
static int add_listener(const struct oci_seccomp *s, uint32_t *filter_flags, struct err *err)
{
	bool asks = asks_a_listener(s);

	if (asks && str_is_empty(s->listener_path))
		return err_set(err, -EINVAL,
			       "linux.seccomp.listenerPath: is needed by the action "
			       "SCMP_ACT_NOTIFY");
	if (asks)
		*filter_flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
	else if (*filter_flags & WAIT_KILLABLE_RECV)
		return err_set(err, -EINVAL,
			       "linux.seccomp.flags: SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV is for "
			       "filters with the action SCMP_ACT_NOTIFY");
	return 0;
}

int seccomp_compile(const struct oci_seccomp *s, struct buf *out, uint32_t *ret_flags,
		    struct err *err)
{
	OWN(ctx) scmp_filter_ctx ctx = NULL;
	uint32_t default_action;
	int r = action_of(s->default_action, s->default_errno_ret, &default_action, err);

	if (r == 0)
		r = read_flags(s, ret_flags, err);
	if (r == 0)
		r = add_listener(s, ret_flags, err);
	if (r < 0)
		return r;
	ctx = seccomp_init(default_action);
	if (!ctx)
		return err_set(err, -EINVAL, "seccomp default action %s", s->default_action);
	(void)seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	r = add_arches(ctx, s, err);
	for (size_t i = 0; i < s->syscalls.n && r == 0; i++)
		r = add_syscall(ctx, &s->syscalls.items[i], default_action, err);
	if (r < 0)
		return r;
	/* Where all is allowed or asked about, new system calls are as well. */
	if (default_action != SCMP_ACT_ALLOW && default_action != SCMP_ACT_LOG &&
	    default_action != SCMP_ACT_NOTIFY)
		add_prefix(s, out);
	r = export(ctx, out);
	return r < 0 ? err_code(err, r, "compiling the seccomp filter") : 0;
}

struct seccomp_names seccomp_compile_names(struct arena *a)
{
	/* Those of the specification; there is no way to ask libseccomp for its own. */
	static const char *const arches[] = {
		"X86",     "X86_64",      "X32",    "ARM",      "AARCH64",     "MIPS",
		"MIPS64",  "MIPS64N32",   "MIPSEL", "MIPSEL64", "MIPSEL64N32", "PPC",
		"PPC64",   "PPC64LE",     "S390",   "S390X",    "PARISC",      "PARISC64",
		"RISCV64", "LOONGARCH64", "M68K",   "SH",       "SHEB",
	};
	struct seccomp_names all = { 0 };

	for (size_t i = 0; i < COUNT(actions); i++)
		strv_add(&all.actions, a, actions[i].name);
	for (size_t i = 0; i < COUNT(operators); i++)
		strv_add(&all.operators, a, operators[i].name);
	for (size_t i = 0; i < COUNT(flags); i++)
		strv_add(&all.flags, a, flags[i].name);
	for (size_t i = 0; i < COUNT(arches); i++) {
		const char *name = arena_printf(a, "SCMP_ARCH_%s", arches[i]);

		if (arch_of(name))
			strv_add(&all.arches, a, name);
	}
	return all;
}
