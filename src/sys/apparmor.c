/*
 * apparmor.c - what AppArmor there is
 */
#include "sys/apparmor.h"

#include "base/own.h"
#include "sys/file.h"

#include <fcntl.h>
#include <string.h>

enum { PROFILES_MAX = 4 << 20 };

/* The kernel was built with it does not mean that it was chosen at boot. */
bool apparmor_runs(void)
{
	char enabled[4];

	return file_read_into(AT_FDCWD, "/sys/module/apparmor/parameters/enabled", enabled,
			      sizeof(enabled)) > 0 &&
	       enabled[0] == 'Y';
}

/* "NAME (MODE)" a line; a name may have spaces in it. */
bool apparmor_has(const char *profile)
{
	OWN(str) char *text = NULL;
	size_t len = strlen(profile);

	if (file_read_at(AT_FDCWD, "/sys/kernel/security/apparmor/profiles", PROFILES_MAX, &text,
			 NULL) < 0)
		return false;
	for (const char *line = text; line && *line;) {
		const char *end = strchrnul(line, '\n');

		if (strncmp(line, profile, len) == 0 && strncmp(line + len, " (", 2) == 0)
			return true;
		line = *end ? end + 1 : NULL;
	}
	return false;
}
