/* test_seccomp_profile.c - the conditions of a profile, resolved for this machine */
#include "check.h"

#include "base/own.h"
#include "codec/capability.h"
#include "model/seccomp_default.h"
#include "model/seccomp_profile.h"

static struct arena a;
static struct err err;

static int teardown(void **state __attribute__((unused)))
{
	arena_done(&a);
	return 0;
}

static struct oci_seccomp *parse(const char *text, uint64_t caps)
{
	struct oci_seccomp *s;

	CHECK_OK(seccomp_profile_parse(text, strlen(text), caps, &a, &s, &err));
	return s;
}

static struct oci_seccomp *usual(uint64_t caps)
{
	struct oci_seccomp *s;

	CHECK_OK(seccomp_profile_default(caps, &a, &s, &err));
	return s;
}

/* How many groups allow the system call without looking at its arguments. */
static size_t allows(const struct oci_seccomp *s, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < s->syscalls.n; i++)
		n += strv_has(&s->syscalls.items[i].names, name) &&
		     str_eq(s->syscalls.items[i].action, "SCMP_ACT_ALLOW") &&
		     s->syscalls.items[i].args.n == 0;
	return n;
}

#define CAP(name) (1ULL << (unsigned)capability_parse(name))

TEST(the_default_profile_allows_daily_work_and_denies_by_default)
{
	const struct oci_seccomp *s = usual(capability_defaults);

	CHECK_STR(s->default_action, "SCMP_ACT_ERRNO");
	CHECK_INT(*s->default_errno_ret, 1);
	CHECK(allows(s, "openat"));
	CHECK(allows(s, "ptrace"));
	CHECK(!allows(s, "mount"));
	CHECK(!allows(s, "unshare"));
	CHECK(!allows(s, "clone3"));
	CHECK(!allows(s, "io_uring_setup"));
	CHECK(!allows(s, "no_such_call"));
}

TEST(a_capability_brings_its_system_calls)
{
	CHECK(allows(usual(capability_defaults | CAP("SYS_ADMIN")), "mount"));
	CHECK(allows(usual(capability_defaults | CAP("SYS_TIME")), "clock_settime"));
	CHECK(!allows(usual(capability_defaults), "clock_settime"));
	CHECK(!allows(usual(capability_defaults & ~CAP("SYS_CHROOT")), "chroot"));
	CHECK(allows(usual(capability_defaults), "chroot"));
}

TEST(clone3_is_missing_rather_than_forbidden)
{
	const struct oci_seccomp *s = usual(capability_defaults);
	uint32_t number = 0;

	for (size_t i = 0; i < s->syscalls.n; i++)
		if (strv_has(&s->syscalls.items[i].names, "clone3"))
			number = *s->syscalls.items[i].errno_ret;
	CHECK_INT(number, 38); /* ENOSYS, so that libc falls back */
}

TEST(the_machine_comes_with_its_smaller_relatives)
{
	const struct oci_seccomp *s = usual(capability_defaults);

	CHECK(s->architectures.n >= 2);
}

TEST(a_plain_oci_object_is_a_profile)
{
	const struct oci_seccomp *s = parse(
		"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_X86\"],"
		"\"flags\":[\"SECCOMP_FILTER_FLAG_LOG\"],\"syscalls\":[{\"names\":[\"mkdir\"],"
		"\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":5,\"args\":[{\"index\":1,\"value\":7,"
		"\"op\":\"SCMP_CMP_EQ\"}]}]}",
		0);

	CHECK_STR(s->default_action, "SCMP_ACT_ALLOW");
	CHECK_STR(s->architectures.items[0], "SCMP_ARCH_X86");
	CHECK_STR(s->flags.items[0], "SECCOMP_FILTER_FLAG_LOG");
	CHECK_INT(*s->syscalls.items[0].errno_ret, 5);
	CHECK_INT(s->syscalls.items[0].args.items[0].value, 7);
}

TEST(the_old_form_with_a_single_name_is_read)
{
	CHECK(allows(parse("{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"name\":\"read\","
			   "\"action\":\"SCMP_ACT_ALLOW\",\"args\":null}]}",
			   0),
		     "read"));
}

static const char conditional[] =
	"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":["
	"{\"names\":[\"two\"],\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{\"caps\":[\"CAP_KILL\","
	"\"CAP_CHOWN\"]}},"
	"{\"names\":[\"unknown\"],\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{\"caps\":[\"CAP_FLY\"]}},"
	"{\"names\":[\"not\"],\"action\":\"SCMP_ACT_ALLOW\",\"excludes\":{\"caps\":[\"CAP_KILL\","
	"\"CAP_CHOWN\"]}},"
	"{\"names\":[\"other\"],\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{\"arches\":[\"pdp11\"]}},"
	"{\"names\":[\"old\"],\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{\"minKernel\":\"2.6\"}},"
	"{\"names\":[\"new\"],\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{\"minKernel\":\"99.1\"}}]}";

TEST(a_group_needs_all_its_capabilities_and_any_excludes_it)
{
	CHECK(allows(parse(conditional, CAP("KILL") | CAP("CHOWN")), "two"));
	CHECK(!allows(parse(conditional, CAP("KILL")), "two"));
	CHECK(!allows(parse(conditional, CAP("KILL")), "not"));
	CHECK(allows(parse(conditional, 0), "not"));
	CHECK(!allows(parse(conditional, CAPABILITY_ALL), "unknown"));
}

TEST(a_group_needs_its_architecture_and_kernel)
{
	const struct oci_seccomp *s = parse(conditional, 0);

	CHECK(!allows(s, "other"));
	CHECK(allows(s, "old"));
	CHECK(!allows(s, "new"));
}

TEST(what_cannot_be_meant_is_refused)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "{}", "defaultAction" },
		{ "[]", "" },
		{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"a\"]}]}",
		  "syscalls[0].action" },
		{ "{\"defaultAction\":\"X\",\"architectures\":[\"SCMP_ARCH_X86\"],\"archMap\":[{"
		  "\"architecture\":\"SCMP_ARCH_X86\"}]}",
		  "archMap" },
		{ "{\"defaultAction\":\"X\",\"syscalls\":[{\"action\":\"A\",\"name\":\"a\",\"names\":["
		  "\"b\"]}]}",
		  "syscalls[0]" },
	};
	struct oci_seccomp *s;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CHECK_ERR(seccomp_profile_parse(rows[i].text, strlen(rows[i].text), 0, &a, &s,
						&err),
			  -EINVAL, &err, rows[i].why);
}

TEST(the_key_tells_capabilities_apart_and_is_a_file_name)
{
	char one[SECCOMP_PROFILE_KEY_MAX], other[SECCOMP_PROFILE_KEY_MAX];

	seccomp_profile_key(capability_defaults, one);
	seccomp_profile_key(CAPABILITY_ALL, other);
	CHECK(!str_eq(one, other));
	CHECK_NULL(strchr(one, '/'));
	CHECK(strlen(other) + 1 < SECCOMP_PROFILE_KEY_MAX);
}

/* When this fails, the profile was changed: raise PROFILE_VERSION, then correct the sum. */
TEST(the_profile_is_the_one_that_the_key_speaks_of)
{
	uint64_t sum = 14695981039346656037ULL; /* FNV-1a */

	for (const char *p = seccomp_default_json; p < seccomp_default_json_end; p++)
		sum = (sum ^ (unsigned char)*p) * 1099511628211ULL;
	CHECK_INT(sum, 0xba47f79ea11180dbULL);
}

#define S(name) cmocka_unit_test_teardown(name, teardown)
TESTS(S(the_default_profile_allows_daily_work_and_denies_by_default),
      S(a_capability_brings_its_system_calls), S(clone3_is_missing_rather_than_forbidden),
      S(the_machine_comes_with_its_smaller_relatives), S(a_plain_oci_object_is_a_profile),
      S(the_old_form_with_a_single_name_is_read),
      S(a_group_needs_all_its_capabilities_and_any_excludes_it),
      S(a_group_needs_its_architecture_and_kernel), S(what_cannot_be_meant_is_refused),
      S(the_key_tells_capabilities_apart_and_is_a_file_name),
      S(the_profile_is_the_one_that_the_key_speaks_of))
