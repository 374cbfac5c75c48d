/*
 * seccomp_profile.h - Docker's seccomp profiles, resolved to OCI rules
 *
 * A profile is an OCI seccomp object with conditions: groups of system calls that hold only for
 * some architectures, capabilities, or kernels. https://github.com/moby/profiles, seccomp.
 */
#ifndef MODEL_SECCOMP_PROFILE_H
#define MODEL_SECCOMP_PROFILE_H

#include "model/oci_runtime.h"

#include <stdint.h>

enum {
	SECCOMP_PROFILE_KEY_MAX = 64,
	SECCOMP_PROFILE_MAX = 1 << 20 /* bytes of a profile's text */
};

/* The default profile for a container with these capabilities, on this machine. Arena's. */
int seccomp_profile_default(uint64_t caps, struct arena *a, struct oci_seccomp **ret,
			    struct err *err);
/* A user's: either form. */
int seccomp_profile_parse(const char *text, size_t len, uint64_t caps, struct arena *a,
			  struct oci_seccomp **ret, struct err *err);
/* File name for the compiled default filter: changes with profile, compiler, machine, capabilities.
 */
void seccomp_profile_key(uint64_t caps, char out[SECCOMP_PROFILE_KEY_MAX]);

#endif
