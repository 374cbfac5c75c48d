/*
 * device_filter.c - device rules as an eBPF program on a v2 group
 *
 * v2 has no devices controller: a program of type CGROUP_DEVICE is asked for each access, with the
 * device and a set of the bits mknod, read and write. Rules count in order, the last that matches
 * wins, and it wins for each bit by itself: "allow r" and "allow w" together allow an open for
 * both. So the program goes through the rules from the last to the first and keeps the bits that
 * are still undecided. A denying rule that matches one of them ends it with no, an allowing rule
 * takes its bits away, and when none is left the answer is yes. What no rule speaks of is allowed,
 * as a new v1 group has what its parent has; configurations begin with a rule that denies
 * everything.
 */
#include "cgroup/device_filter.h"

#include "base/mem.h"
#include "base/own.h"
#include "base/str.h"

#include <errno.h>
#include <sys/resource.h>
#include <sys/syscall.h>

/* r0 scratch and answer, r1 the context; ours: */
enum { REG_TYPE = BPF_REG_2, REG_ACCESS = BPF_REG_3, REG_MAJOR = BPF_REG_4, REG_MINOR = BPF_REG_5 };
enum { ALL_ACCESS = BPF_DEVCG_ACC_MKNOD | BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE };
enum { RULE_INSNS = 8, PROLOGUE_INSNS = 6, EPILOGUE_INSNS = 2 };

struct program {
	struct bpf_insn *insns;
	size_t n;
};

static void emit(struct program *p, uint8_t code, uint8_t dst, uint8_t src, int16_t off,
		 int32_t imm)
{
	p->insns[p->n++] = (struct bpf_insn){
		.code = code, .dst_reg = dst & 15, .src_reg = src & 15, .off = off, .imm = imm
	};
}

static void emit_return(struct program *p, bool allow)
{
	emit(p, BPF_ALU | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, allow);
	emit(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

static void emit_prologue(struct program *p)
{
	/* access_type: the bits of access above 16 bits of type */
	emit(p, BPF_LDX | BPF_MEM | BPF_W, REG_TYPE, BPF_REG_1, 0, 0);
	emit(p, BPF_ALU | BPF_MOV | BPF_X, REG_ACCESS, REG_TYPE, 0, 0);
	emit(p, BPF_ALU | BPF_AND | BPF_K, REG_TYPE, 0, 0, 0xffff);
	emit(p, BPF_ALU | BPF_RSH | BPF_K, REG_ACCESS, 0, 0, 16);
	emit(p, BPF_LDX | BPF_MEM | BPF_W, REG_MAJOR, BPF_REG_1,
	     offsetof(struct bpf_cgroup_dev_ctx, major), 0);
	emit(p, BPF_LDX | BPF_MEM | BPF_W, REG_MINOR, BPF_REG_1,
	     offsetof(struct bpf_cgroup_dev_ctx, minor), 0);
}

static int32_t access_bits(const struct cgroup_device_rule *rule)
{
	static const struct {
		char letter;
		int32_t bit;
	} letters[] = { { 'm', BPF_DEVCG_ACC_MKNOD },
			{ 'r', BPF_DEVCG_ACC_READ },
			{ 'w', BPF_DEVCG_ACC_WRITE } };
	int32_t bits = 0;

	if (str_is_empty(rule->access))
		return ALL_ACCESS;
	for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++)
		if (strchr(rule->access, letters[i].letter))
			bits |= letters[i].bit;
	return bits;
}

static void emit_rule(struct program *p, const struct cgroup_device_rule *rule)
{
	const uint8_t unless = BPF_JMP32 | BPF_JNE | BPF_K;
	size_t first = p->n, body;

	if (rule->type != 'a')
		emit(p, unless, REG_TYPE, 0, 0,
		     rule->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
	if (rule->type != 'a' && rule->major >= 0)
		emit(p, unless, REG_MAJOR, 0, 0, (int32_t)rule->major);
	if (rule->type != 'a' && rule->minor >= 0)
		emit(p, unless, REG_MINOR, 0, 0, (int32_t)rule->minor);
	body = p->n;
	if (rule->allow) {
		emit(p, BPF_ALU | BPF_AND | BPF_K, REG_ACCESS, 0, 0,
		     ALL_ACCESS & ~access_bits(rule));
		emit(p, unless, REG_ACCESS, 0, 0, 0);
	} else {
		emit(p, BPF_ALU | BPF_MOV | BPF_X, BPF_REG_0, REG_ACCESS, 0, 0);
		emit(p, BPF_ALU | BPF_AND | BPF_K, BPF_REG_0, 0, 0, access_bits(rule));
		emit(p, BPF_JMP32 | BPF_JEQ | BPF_K, BPF_REG_0, 0, 0, 0);
	}
	body = p->n;
	emit_return(p, rule->allow);
	/* Every jump goes to the next rule. */
	for (size_t i = first; i < body; i++)
		if (BPF_CLASS(p->insns[i].code) == BPF_JMP32)
			p->insns[i].off = (int16_t)(p->n - i - 1);
}

/* Nothing before a rule for every device and every access can matter; the verifier wants no dead
 * code. */
static bool decides_all(const struct cgroup_device_rule *rule)
{
	return rule->type == 'a' && access_bits(rule) == ALL_ACCESS;
}

void device_filter_compile(const struct cgroup_device_rule *rules, size_t n, struct bpf_insn **ret,
			   size_t *ret_n)
{
	struct program p = { .insns = mem_resize(NULL,
						 n * RULE_INSNS + PROLOGUE_INSNS + EPILOGUE_INSNS,
						 sizeof(struct bpf_insn)) };
	bool allow = true;

	emit_prologue(&p);
	for (size_t i = n; i > 0; i--) {
		if (decides_all(&rules[i - 1])) {
			allow = rules[i - 1].allow;
			break;
		}
		emit_rule(&p, &rules[i - 1]);
	}
	emit_return(&p, allow);
	*ret = p.insns;
	*ret_n = p.n;
}

static int bpf(int command, union bpf_attr *attr)
{
	long r = syscall(SYS_bpf, command, attr, sizeof(*attr));

	return r < 0 ? -errno : (int)r;
}

/* Before Linux 5.11 a program counts against RLIMIT_MEMLOCK, which is 64 KB or less. */
static int load(const struct bpf_insn *insns, size_t n)
{
	union bpf_attr attr = { .prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
				.insns = (uint64_t)(uintptr_t)insns,
				.insn_cnt = (uint32_t)n,
				.license = (uint64_t)(uintptr_t) "Apache-2.0" };
	struct rlimit old, none = { RLIM_INFINITY, RLIM_INFINITY };
	int fd = bpf(BPF_PROG_LOAD, &attr);

	if (fd != -EPERM || getrlimit(RLIMIT_MEMLOCK, &old) < 0 ||
	    setrlimit(RLIMIT_MEMLOCK, &none) < 0)
		return fd;
	fd = bpf(BPF_PROG_LOAD, &attr);
	(void)setrlimit(RLIMIT_MEMLOCK, &old);
	return fd;
}

enum { ATTACHED_MAX = 16 };

/* Programs that are on the group itself. */
static size_t query(int group_dir, uint32_t ids[ATTACHED_MAX])
{
	union bpf_attr attr = { .query = { .target_fd = (uint32_t)group_dir,
					   .attach_type = BPF_CGROUP_DEVICE,
					   .prog_ids = (uint64_t)(uintptr_t)ids,
					   .prog_cnt = ATTACHED_MAX } };

	return bpf(BPF_PROG_QUERY, &attr) < 0 ? 0 : attr.query.prog_cnt;
}

static void detach(int group_dir, uint32_t id)
{
	union bpf_attr get = { .prog_id = id };
	OWN(fd) int program = bpf(BPF_PROG_GET_FD_BY_ID, &get);
	union bpf_attr attr = { .target_fd = (uint32_t)group_dir,
				.attach_bpf_fd = (uint32_t)program,
				.attach_type = BPF_CGROUP_DEVICE };

	if (program >= 0)
		(void)bpf(BPF_PROG_DETACH, &attr);
}

int device_filter_attach(int group_dir, const struct cgroup_device_rule *rules, size_t n)
{
	OWN(mem) struct bpf_insn *insns = NULL;
	uint32_t old[ATTACHED_MAX];
	size_t n_insns, n_old = query(group_dir, old);
	int r;

	device_filter_compile(rules, n, &insns, &n_insns);

	OWN(fd) int program = load(insns, n_insns);
	union bpf_attr attr = { .target_fd = (uint32_t)group_dir,
				.attach_bpf_fd = (uint32_t)program,
				.attach_type = BPF_CGROUP_DEVICE,
				.attach_flags = BPF_F_ALLOW_MULTI };

	if (program < 0)
		return program;
	r = bpf(BPF_PROG_ATTACH, &attr);
	if (r < 0)
		return r;
	/* Several programs must all say yes, so the old ones have to go; new ones came first, so
	 * that there is no moment without any. */
	for (size_t i = 0; i < n_old; i++)
		detach(group_dir, old[i]);
	return 0;
}
