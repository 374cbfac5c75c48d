/* test_seccomp.c - what a compiled filter answers, and how filters are kept */
#include "check.h"

#include "base/own.h"
#include "codec/capability.h"
#include "model/seccomp_profile.h"
#include "runtime/seccomp.h"
#include "sys/file.h"
#include "sys/rmtree.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
enum { ARCH = AUDIT_ARCH_X86_64 };
#else
enum { ARCH = AUDIT_ARCH_AARCH64 };
#endif

static struct arena a;
static struct err err;

/* The kernel's interpreter for the few instructions that filters of system calls are made of. */
static uint32_t ask(const struct seccomp_filter *f, uint32_t arch, int nr, uint64_t arg0)
{
	struct seccomp_data data = { .nr = nr, .arch = arch, .args = { arg0 } };
	uint32_t acc = 0;

	for (size_t pc = 0; pc < f->len; pc++) {
		const struct sock_filter *i = &f->code[pc];
		bool yes = false;

		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			memcpy(&acc, (const char *)&data + i->k, sizeof(acc));
			continue;
		case BPF_ALU | BPF_AND | BPF_K:
			acc &= i->k;
			continue;
		case BPF_RET | BPF_K:
			return i->k;
		case BPF_JMP | BPF_JA:
			pc += i->k;
			continue;
		case BPF_JMP | BPF_JEQ | BPF_K:
			yes = acc == i->k;
			break;
		case BPF_JMP | BPF_JGT | BPF_K:
			yes = acc > i->k;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			yes = acc >= i->k;
			break;
		case BPF_JMP | BPF_JSET | BPF_K:
			yes = acc & i->k;
			break;
		default:
			fail_msg("unexpected instruction %x", i->code);
		}
		pc += yes ? i->jt : i->jf;
	}
	fail_msg("the filter has no end");
	return 0;
}

static struct oci_seccomp *defaults(uint64_t caps)
{
	struct oci_seccomp *rules;

	CHECK_OK(seccomp_profile_default(caps, &a, &rules, &err));
	return rules;
}

static struct oci_seccomp *parse(const char *json)
{
	struct oci_seccomp *rules = arena_new(&a, struct oci_seccomp);

	CHECK_OK(schema_read(&oci_seccomp_schema, json, strlen(json), &a, rules, &err));
	return rules;
}

TEST(the_default_profile_answers_as_docker_does)
{
	OWN(seccomp) struct seccomp_filter f = { 0 };
	const uint32_t denied = SECCOMP_RET_ERRNO | EPERM, unknown = SECCOMP_RET_ERRNO | ENOSYS;

	CHECK_OK(seccomp_open(defaults(capability_defaults), NULL, NULL, &f, &err));
	CHECK_INT(ask(&f, ARCH, SYS_read, 0), SECCOMP_RET_ALLOW);
	CHECK_INT(ask(&f, ARCH, SYS_execve, 0), SECCOMP_RET_ALLOW);
	CHECK_INT(ask(&f, ARCH, SYS_mount, 0), denied);
	CHECK_INT(ask(&f, ARCH, SYS_unshare, 0), denied);
	CHECK_INT(ask(&f, ARCH, SYS_clone, 0x11), SECCOMP_RET_ALLOW);
	CHECK_INT(ask(&f, ARCH, SYS_clone, 0x10000000), denied); /* CLONE_NEWUSER */
	CHECK_INT(ask(&f, ARCH, SYS_personality, 0xffffffff), SECCOMP_RET_ALLOW);
	CHECK_INT(ask(&f, ARCH, SYS_personality, 0x42), denied);
	CHECK_INT(ask(&f, ARCH, SYS_clone3, 0), unknown);
	CHECK_INT(ask(&f, ARCH, 9999, 0), unknown);
}

TEST(a_capability_opens_its_system_calls)
{
	OWN(seccomp) struct seccomp_filter f = { 0 };

	CHECK_OK(seccomp_open(defaults(CAPABILITY_ALL), NULL, NULL, &f, &err));
	CHECK_INT(ask(&f, ARCH, SYS_mount, 0), SECCOMP_RET_ALLOW);
	CHECK_INT(ask(&f, ARCH, SYS_clone, 0x10000000), SECCOMP_RET_ALLOW);
}

TEST(conditions_on_one_argument_twice_mean_either)
{
	OWN(seccomp) struct seccomp_filter f = { 0 };

	CHECK_OK(seccomp_open(
		parse("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":"
		      "[\"personality\",\"of_the_future\"],\"action\":\"SCMP_ACT_ERRNO\","
		      "\"errnoRet\":7,\"args\":["
		      "{\"index\":0,\"value\":1,\"op\":\"SCMP_CMP_EQ\"},"
		      "{\"index\":0,\"value\":2,\"op\":\"SCMP_CMP_EQ\"}]}]}"),
		NULL, NULL, &f, &err));
	CHECK_INT(ask(&f, ARCH, SYS_personality, 1), SECCOMP_RET_ERRNO | 7);
	CHECK_INT(ask(&f, ARCH, SYS_personality, 2), SECCOMP_RET_ERRNO | 7);
	CHECK_INT(ask(&f, ARCH, SYS_personality, 3), SECCOMP_RET_ALLOW);
	CHECK_INT(ask(&f, ARCH, 9999, 0), SECCOMP_RET_ALLOW);
}

TEST(flags_reach_the_kernel)
{
	OWN(seccomp) struct seccomp_filter f = { 0 };

	CHECK_OK(seccomp_open(parse("{\"defaultAction\":\"SCMP_ACT_ALLOW\","
				    "\"flags\":[\"SECCOMP_FILTER_FLAG_LOG\"]}"),
			      NULL, NULL, &f, &err));
	CHECK_INT(f.flags, SECCOMP_FILTER_FLAG_LOG);
}

TEST(a_filter_that_asks_wants_a_listener)
{
	OWN(seccomp) struct seccomp_filter f = { 0 };

	CHECK_OK(seccomp_open(parse("{\"defaultAction\":\"SCMP_ACT_ALLOW\","
				    "\"listenerPath\":\"/x\",\"flags\":["
				    "\"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV\"],\"syscalls\":[{"
				    "\"names\":[\"chdir\"],\"action\":\"SCMP_ACT_NOTIFY\"}]}"),
			      NULL, NULL, &f, &err));
	CHECK_INT(f.flags, SECCOMP_FILTER_FLAG_NEW_LISTENER | 1 << 5);
	CHECK_INT(ask(&f, ARCH, SYS_chdir, 0), SECCOMP_RET_USER_NOTIF);
	CHECK_INT(ask(&f, ARCH, SYS_read, 0), SECCOMP_RET_ALLOW);
}

/* One argument against 5 under every operator; the answer for 4, 5 and 6. */
TEST(every_operator_compares)
{
	static const struct {
		const char *op;
		bool holds[3];
	} rows[] = {
		{ "SCMP_CMP_NE", { true, false, true } }, { "SCMP_CMP_LT", { true, false, false } },
		{ "SCMP_CMP_LE", { true, true, false } }, { "SCMP_CMP_EQ", { false, true, false } },
		{ "SCMP_CMP_GE", { false, true, true } }, { "SCMP_CMP_GT", { false, false, true } },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		OWN(seccomp) struct seccomp_filter f = { 0 };
		const char *json = arena_printf(
			&a,
			"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":["
			"\"personality\"],\"action\":\"SCMP_ACT_ERRNO\",\"args\":[{\"index\":0,"
			"\"value\":5,\"op\":\"%s\"}]}]}",
			rows[i].op);

		CHECK_OK(seccomp_open(parse(json), NULL, NULL, &f, &err));
		for (uint64_t n = 4; n <= 6; n++)
			CHECK_INT(ask(&f, ARCH, SYS_personality, n) != SECCOMP_RET_ALLOW,
				  rows[i].holds[n - 4]);
	}
}

TEST(what_is_not_understood_is_refused_by_name)
{
	static const struct {
		const char *json, *words;
	} rows[] = {
		{ "{\"defaultAction\":\"SCMP_ACT_NOTIFY\"}", "listenerPath: is needed" },
		{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":["
		  "\"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV\"]}",
		  "WAIT_KILLABLE_RECV" },
		{ "{\"defaultAction\":\"SCMP_ACT_SLEEP\"}", "SCMP_ACT_SLEEP" },
		{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":[\"F\"]}", "flag F" },
		{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_PDP11\"]}",
		  "SCMP_ARCH_PDP11" },
		{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"read\"],"
		  "\"action\":\"SCMP_ACT_ERRNO\",\"args\":[{\"index\":6,\"value\":1,"
		  "\"op\":\"SCMP_CMP_EQ\"}]}]}",
		  "argument 6" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		OWN(seccomp) struct seccomp_filter f = { 0 };

		err = (struct err)ERR_INIT;
		CHECK(seccomp_open(parse(rows[i].json), NULL, NULL, &f, &err) < 0);
		if (!strstr(err.msg, rows[i].words))
			fail_msg("row %zu: \"%s\" lacks \"%s\"", i, err.msg, rows[i].words);
	}
}

TEST(a_kept_filter_needs_no_rules)
{
	char dir[] = "/tmp/seccomp.XXXXXX";
	OWN(seccomp) struct seccomp_filter first = { 0 }, second = { 0 }, third = { 0 };
	struct err missing = ERR_INIT;

	CHECK(mkdtemp(dir));
	CHECK_ERR(seccomp_open(NULL, dir, "key", &first, &missing), -ENOENT, &missing, "not kept");
	CHECK_OK(seccomp_open(defaults(0), dir, "key", &first, &err));
	CHECK_OK(seccomp_open(NULL, dir, "key", &second, &err));
	CHECK_INT(first.len, second.len);
	CHECK_INT(memcmp(first.code, second.code, first.len * sizeof(*first.code)), 0);

	/* Half a file is no filter. */
	OWN(fd) int d = open(dir, O_DIRECTORY | O_RDONLY | O_CLOEXEC);

	CHECK_OK(file_write_at(d, "key", "BSF1", 4, 0600, 0));
	CHECK_OK(seccomp_open(defaults(0), dir, "key", &third, &err));
	CHECK_INT(third.len, first.len);
	CHECK_OK(rmtree_contents(d));
	CHECK_OK(rmdir(dir));
}

TEST(no_rules_and_no_key_are_no_filter)
{
	struct seccomp_filter f;

	CHECK_OK(seccomp_open(NULL, NULL, NULL, &f, &err));
	CHECK_NULL(f.code);
}

static int teardown(void **state)
{
	(void)state;
	arena_done(&a);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_default_profile_answers_as_docker_does),
		T(a_capability_opens_its_system_calls),
		T(conditions_on_one_argument_twice_mean_either),
		T(flags_reach_the_kernel),
		T(a_filter_that_asks_wants_a_listener),
		T(every_operator_compares),
		T(a_filter_that_asks_wants_a_listener),
		T(every_operator_compares),
		T(what_is_not_understood_is_refused_by_name),
		T(a_kept_filter_needs_no_rules),
		T(no_rules_and_no_key_are_no_filter),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
