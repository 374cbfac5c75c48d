/*
 * place.c - where settings, certificates and the user's configuration are
 */
#include "registry/place.h"

#include <pwd.h>
#include <unistd.h>

static const char *env(const char *name)
{
	const char *value = getenv(name);

	return str_is_empty(value) ? NULL : value;
}

bool place_settings_is_asked_for(void)
{
	return env("BERTH_CONFIG") != NULL;
}

const char *place_settings(void)
{
	const char *asked = env("BERTH_CONFIG");

	return asked ? asked : "/etc/berth/config.json";
}

static const char *home(struct arena *a)
{
	const char *dir = env("HOME");
	struct passwd entry, *found = NULL;
	char text[4096];

	if (dir)
		return dir;
	if (getpwuid_r(getuid(), &entry, text, sizeof(text), &found) != 0 || !found)
		return NULL;
	return arena_strdup(a, found->pw_dir);
}

struct strv place_certs(struct arena *a)
{
	const char *settings = place_settings(), *slash = strrchr(settings, '/');
	const char *config = env("XDG_CONFIG_HOME"), *user = home(a);
	struct strv dirs = { 0 };

	strv_add(&dirs, a,
		 slash ? arena_printf(a, "%.*s/certs.d", (int)(slash - settings), settings)
		       : "certs.d");
	if (geteuid() != 0 && (config || user)) {
		if (!config)
			config = arena_printf(a, "%s/.config", user);
		strv_add(&dirs, a, arena_printf(a, "%s/berth/certs.d", config));
		strv_add(&dirs, a, arena_printf(a, "%s/docker/certs.d", config));
	}
	strv_add(&dirs, a, "/etc/docker/certs.d");
	return dirs;
}

const char *place_client_dir(struct arena *a)
{
	const char *asked = env("DOCKER_CONFIG"), *user;

	if (asked)
		return asked;
	user = home(a);
	return user ? arena_printf(a, "%s/.docker", user) : NULL;
}

const char *place_client_config(struct arena *a)
{
	const char *dir = place_client_dir(a);

	return dir ? arena_printf(a, "%s/config.json", dir) : NULL;
}
