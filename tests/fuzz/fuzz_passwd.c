/*
 * fuzz_passwd.c - hostile passwd and group files: "spec NUL passwd NUL group"
 */
#include "base/own.h"
#include "codec/passwd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWN(arena) struct arena a = ARENA_INIT;
	const char *at = arena_strndup(&a, (const char *)data, size), *end = at + size;
	const char *part[3] = { "", "", "" };
	struct err err = ERR_INIT;
	struct passwd_user user;
	struct strv extra = { 0 };

	for (int i = 0; i < 3 && at <= end; i++) {
		part[i] = at;
		at += strlen(at) + 1;
	}
	strv_add(&extra, &a, "staff");
	if (passwd_resolve(part[0], part[1], part[2], NULL, &a, &user, &err) == 0 &&
	    (user.uid == UINT32_MAX || user.gid == UINT32_MAX || !user.home))
		__builtin_trap();
	(void)passwd_resolve(part[0], part[1], part[2], &extra, &a, &user, &err);
	return 0;
}
