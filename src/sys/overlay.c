/*
 * overlay.c - what overlayfs notes about files, and under which names
 */
#include "sys/overlay.h"

#include "sys/userns.h"

bool overlay_is_users(void)
{
	return !userns_is_roots();
}

const char *overlay_attribute(enum overlay_attribute which)
{
	static const char *const names[][2] = {
		[OVERLAY_OPAQUE] = { "trusted.overlay.opaque", "user.overlay.opaque" },
		[OVERLAY_REDIRECT] = { "trusted.overlay.redirect", "user.overlay.redirect" },
		[OVERLAY_METACOPY] = { "trusted.overlay.metacopy", "user.overlay.metacopy" },
	};

	return names[which][overlay_is_users()];
}
