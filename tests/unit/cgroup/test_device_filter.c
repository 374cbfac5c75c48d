/* test_device_filter.c - device rules as programs, run by an interpreter of the few instructions */
#include "check.h"

#include "base/own.h"
#include "cgroup/device_filter.h"

enum { M = BPF_DEVCG_ACC_MKNOD, R = BPF_DEVCG_ACC_READ, W = BPF_DEVCG_ACC_WRITE };
enum { STEPS_MAX = 10000 };

static uint32_t load_word(const struct bpf_cgroup_dev_ctx *ctx, int offset)
{
	uint32_t word;

	memcpy(&word, (const char *)ctx + offset, sizeof(word));
	return word;
}

static bool run(const struct bpf_insn *insns, size_t n, const struct bpf_cgroup_dev_ctx *ctx)
{
	uint32_t reg[MAX_BPF_REG] = { 0 };
	size_t at = 0;

	for (int steps = 0; steps < STEPS_MAX; steps++) {
		const struct bpf_insn *i = &insns[at++];
		uint32_t *dst = &reg[i->dst_reg];

		assert_true(at <= n);
		if (i->code == (BPF_LDX | BPF_MEM | BPF_W))
			*dst = load_word(ctx, i->off);
		else if (i->code == (BPF_ALU | BPF_MOV | BPF_X))
			*dst = reg[i->src_reg];
		else if (i->code == (BPF_ALU | BPF_MOV | BPF_K))
			*dst = (uint32_t)i->imm;
		else if (i->code == (BPF_ALU | BPF_AND | BPF_K))
			*dst &= (uint32_t)i->imm;
		else if (i->code == (BPF_ALU | BPF_RSH | BPF_K))
			*dst >>= i->imm;
		else if (i->code == (BPF_JMP32 | BPF_JNE | BPF_K))
			at += *dst != (uint32_t)i->imm ? (size_t)i->off : 0;
		else if (i->code == (BPF_JMP32 | BPF_JEQ | BPF_K))
			at += *dst == (uint32_t)i->imm ? (size_t)i->off : 0;
		else if (i->code == (BPF_JMP | BPF_EXIT))
			return reg[0] != 0;
		else
			fail_msg("instruction %zu: unexpected code %#x", at - 1, i->code);
	}
	fail_msg("the program does not end");
	return false;
}

static bool allows(const struct cgroup_device_rule *rules, size_t n, char type, uint32_t major,
		   uint32_t minor, uint32_t access)
{
	OWN(mem) struct bpf_insn *insns = NULL;
	size_t n_insns;
	uint32_t kind = type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR;
	struct bpf_cgroup_dev_ctx ctx = { access << 16 | kind, major, minor };

	device_filter_compile(rules, n, &insns, &n_insns);
	return run(insns, n_insns, &ctx);
}

static const struct cgroup_device_rule usual[] = {
	{ false, 'a', -1, -1, "rwm" }, { true, 'c', -1, -1, "m" },    { true, 'b', -1, -1, "m" },
	{ true, 'c', 1, 3, "rwm" },    { true, 'c', 136, -1, "rwm" }, { true, 'c', 1, 5, "r" },
};
#define USUAL usual, sizeof(usual) / sizeof(usual[0])

TEST(without_rules_everything_is_allowed)
{
	CHECK(allows(NULL, 0, 'b', 8, 0, R | W | M));
}

TEST(what_is_listed_is_allowed_and_the_rest_denied)
{
	CHECK(allows(USUAL, 'c', 1, 3, R | W));
	CHECK(allows(USUAL, 'c', 136, 77, R | W));
	CHECK(allows(USUAL, 'c', 1, 5, R));
	CHECK(!allows(USUAL, 'c', 1, 5, W));
	CHECK(!allows(USUAL, 'c', 1, 5, R | W));
	CHECK(!allows(USUAL, 'c', 10, 229, R));
	CHECK(!allows(USUAL, 'b', 1, 3, R));
}

TEST(making_a_node_is_allowed_without_using_it)
{
	CHECK(allows(USUAL, 'b', 8, 0, M));
	CHECK(!allows(USUAL, 'b', 8, 0, M | R));
}

TEST(rules_for_single_bits_add_up)
{
	static const struct cgroup_device_rule rules[] = { { false, 'a', -1, -1, "rwm" },
							   { true, 'c', 5, 1, "r" },
							   { true, 'c', 5, -1, "w" } };

	CHECK(allows(rules, 3, 'c', 5, 1, R | W));
	CHECK(!allows(rules, 3, 'c', 5, 2, R | W));
	CHECK(allows(rules, 3, 'c', 5, 2, W));
}

TEST(the_last_rule_wins)
{
	static const struct cgroup_device_rule rules[] = { { true, 'c', 1, 3, "rwm" },
							   { false, 'c', 1, -1, "w" },
							   { true, 'c', 1, 9, "w" } };

	CHECK(!allows(rules, 3, 'c', 1, 3, R | W));
	CHECK(allows(rules, 3, 'c', 1, 3, R));
	CHECK(allows(rules, 3, 'c', 1, 9, W));
}

TEST(a_rule_for_everything_ends_the_search)
{
	static const struct cgroup_device_rule rules[] = { { false, 'c', 1, 3, "rwm" },
							   { true, 'a', -1, -1, NULL } };
	OWN(mem) struct bpf_insn *insns = NULL;
	size_t n;

	CHECK(allows(rules, 2, 'c', 1, 3, R | W | M));
	device_filter_compile(rules, 2, &insns, &n);
	CHECK_INT(n, 8);
}

TESTS(T(without_rules_everything_is_allowed), T(what_is_listed_is_allowed_and_the_rest_denied),
      T(making_a_node_is_allowed_without_using_it), T(rules_for_single_bits_add_up),
      T(the_last_rule_wins), T(a_rule_for_everything_ends_the_search))
