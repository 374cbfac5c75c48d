/*
 * container_security.h - --security-opt, --privileged and capabilities: what a process may do
 */
#ifndef ENGINE_CONTAINER_SECURITY_H
#define ENGINE_CONTAINER_SECURITY_H

#include "engine/host_facts.h"
#include "model/oci_runtime.h"

enum security_seccomp { SECURITY_SECCOMP_DEFAULT, SECURITY_SECCOMP_NONE, SECURITY_SECCOMP_PROFILE };

struct security {
	bool no_new_privileges;
	bool system_paths; /* systempaths=unconfined: nothing of /proc and /sys is hidden */
	bool writable_cgroups;
	enum security_seccomp seccomp;
	const char *profile;  /* SECURITY_SECCOMP_PROFILE: its JSON */
	const char *apparmor; /* profile, "unconfined", or NULL: the default one */
};

/* Reads HostConfig.SecurityOpt and Privileged. -EINVAL for what is unknown or not to be had here.
 */
int container_security_parse(const struct host_config *host, struct security *ret, struct err *err);

/*
 * The capabilities of a container's root: docker's algebra, less what this process cannot give.
 * *ret_lost: the latter.
 */
int container_security_caps(const struct host_config *host, const struct host_facts *facts,
			    uint64_t *ret_caps, uint64_t *ret_lost, struct err *err);

/*
 * The AppArmor profile of a container's processes, or NULL: what it asks for, or the default one,
 * where that is loaded, but for privileged containers.
 */
const char *container_security_apparmor(const struct security *security, bool privileged,
					const struct host_facts *facts);

/* Capability sets as docker gives them to this user; the arena's. */
struct oci_capabilities *container_security_sets(uint64_t caps, uint32_t uid, struct arena *a);

/* Where a seccomp filter comes from: rules to compile, or the name of a compiled one, or neither.
 */
struct security_filter {
	struct oci_seccomp *rules; /* NULL: none, or compiled already */
	const char *cache, *key;   /* NULL: not kept */
};
/* root: where compiled filters are (ROOT/seccomp); is one there, no rules are made. */
int container_security_filter(const struct security *security, uint64_t caps, const char *root,
			      bool compiled, struct arena *a, struct security_filter *ret,
			      struct err *err);

/*
 * What docker hides and write-protects is one word in a document, which would else be mostly these
 * names: the lists that a configuration means, resolved where they are used. throttled_cpus is
 * struct host_facts's. Strings are the arena's, the configuration's, or constant.
 */
#define CONTAINER_SECURITY_PATHS "default"
struct strv container_security_masked(const struct host_config *h, int throttled_cpus,
				      struct arena *a);
struct strv container_security_readonly(const struct host_config *h, struct arena *a);

#endif
