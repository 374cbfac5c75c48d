/*
 * seccomp_default.h - the text of the default seccomp profile (moby/profiles, seccomp/default.json)
 */
#ifndef MODEL_SECCOMP_DEFAULT_H
#define MODEL_SECCOMP_DEFAULT_H

/* The end is that of the text; a NUL follows. */
extern const char seccomp_default_json[], seccomp_default_json_end[];

#endif
