/*
 * test_passwd.c - users and groups of a container
 */
#include "check.h"

#include "base/own.h"
#include "codec/passwd.h"

static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
			     "# a comment\n"
			     "\n"
			     "broken\n"
			     "minus:x:-1:0::/:\n"
			     "big:x:4294967296:0::/:\n"
			     "none:x:4294967295:0::/:\n"
			     "hex:x:0x0:0::/:\n"
			     "app:x:1000:1001:,,,:/home/app:/bin/sh\n"
			     "1234:x:0:0::/root:/bin/sh\n" /* an attack: a number as a name */
			     "nohome:x:1002:1002::\n"
			     "last:x:1003:1003::/last:/bin/sh"; /* no newline */

static const char group[] = "root:x:0:\n"
			    "wheel:x:10:root,app\n"
			    "app:x:1001:\n"
			    "staff:x:50:app\n"
			    "apps:x:51:application,xapp\n"
			    "broken\n"
			    "minus:x:-1:app\n"
			    "again:x:50:app\n"
			    "77:x:78:\n"
			    "tail:x:60:last,app";

struct want {
	const char *spec;
	uint32_t uid, gid;
	const char *home;
	const char *groups; /* space-separated */
};

static const char *joined(const struct passwd_user *u, struct arena *a)
{
	OWN(buf) struct buf text = { 0 };

	for (size_t i = 0; i < u->n_groups; i++)
		buf_printf(&text, "%s%u", i ? " " : "", u->groups[i]);
	return arena_strdup(a, buf_text(&text));
}

TEST(every_form_of_user_is_resolved)
{
	static const struct want cases[] = {
		{ "", 0, 0, "/root", "10" },
		{ "0", 0, 0, "/root", "10" },
		{ "root", 0, 0, "/root", "10" },
		{ "app", 1000, 1001, "/home/app", "10 50 60" },
		{ "1000", 1000, 1001, "/home/app", "10 50 60" },
		{ "app:", 1000, 1001, "/home/app", "10 50 60" },
		{ "app:staff", 1000, 50, "/home/app", "" },
		{ "1000:staff", 1000, 50, "/home/app", "" },
		{ "app:7", 1000, 7, "/home/app", "" },
		{ "7:8", 7, 8, "/", "" },
		{ "7", 7, 0, "/", "" },
		{ ":staff", 0, 50, "/root", "" },
		{ "nohome", 1002, 1002, "/", "" },
		{ "last", 1003, 1003, "/last", "60" },
		{ "4294967294", 4294967294, 0, "/", "" },
		{ "0000001000", 1000, 1001, "/home/app", "10 50 60" },
		/* A name of digits is a number, whatever the files say. */
		{ "1234", 1234, 0, "/", "" },
		{ "app:77", 1000, 77, "/home/app", "" },
	};
	OWN(arena) struct arena a = ARENA_INIT;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = ERR_INIT;
		struct passwd_user u;

		CHECK_OK(passwd_resolve(cases[i].spec, passwd, group, NULL, &a, &u, &err));
		CHECK_INT(u.uid, cases[i].uid);
		CHECK_INT(u.gid, cases[i].gid);
		CHECK_STR(u.home, cases[i].home);
		CHECK_STR(joined(&u, &a), cases[i].groups);
	}
}

TEST(what_cannot_be_resolved_is_said_in_dockers_words)
{
	static const struct {
		const char *spec, *want;
	} cases[] = {
		{ "nobody", "unable to find user nobody: no matching entries in passwd file" },
		{ "app:none", "unable to find group none: no matching entries in group file" },
		{ "broken", "unable to find user broken" },
		{ "minus", "unable to find user minus" },
		{ "big", "unable to find user big" },
		{ "none", "unable to find user none" },
		{ "hex", "unable to find user hex" },
		{ "-1", "unable to find user -1" },
		{ "+1", "unable to find user +1" },
		{ "0x0", "unable to find user 0x0" },
		{ " 0", "unable to find user  0" },
		{ "# a comment", "unable to find user" },
		{ "app:minus", "unable to find group minus" },
		{ "app:1:2", "unable to find group 1:2" },
		{ "4294967295", "uids and gids must be in range 0-4294967294" },
		{ "4294967296", "uids and gids must be in range" },
		{ "18446744073709551616", "uids and gids must be in range" },
		{ "1:4294967295", "uids and gids must be in range" },
	};
	OWN(arena) struct arena a = ARENA_INIT;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = ERR_INIT;
		struct passwd_user u;

		CHECK_ERR(passwd_resolve(cases[i].spec, passwd, group, NULL, &a, &u, &err), -EINVAL,
			  &err, cases[i].want);
	}
}

TEST(without_files_numbers_still_work)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct passwd_user u;

	CHECK_OK(passwd_resolve("", "", "", NULL, &a, &u, NULL));
	CHECK_INT(u.uid, 0);
	CHECK_STR(u.home, "/");
	CHECK_OK(passwd_resolve("5:6", "", "", NULL, &a, &u, NULL));
	CHECK_INT(u.gid, 6);
	CHECK_INT(passwd_resolve("root", "", "", NULL, &a, &u, NULL), -EINVAL);
}

TEST(more_groups_are_added_once)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct strv extra = strv_split(&a, "staff,99,wheel,99", ',');
	struct err err = ERR_INIT;
	struct passwd_user u;

	CHECK_OK(passwd_resolve("app", passwd, group, &extra, &a, &u, &err));
	CHECK_STR(joined(&u, &a), "10 50 60 99");
	CHECK_OK(passwd_resolve("app:app", passwd, group, &extra, &a, &u, &err));
	CHECK_STR(joined(&u, &a), "50 99 10");
	strv_add(&extra, &a, "absent");
	CHECK_ERR(passwd_resolve("app", passwd, group, &extra, &a, &u, &err), -EINVAL, &err,
		  "unable to find group absent");
}

TESTS(T(every_form_of_user_is_resolved), T(what_cannot_be_resolved_is_said_in_dockers_words),
      T(without_files_numbers_still_work), T(more_groups_are_added_once))
