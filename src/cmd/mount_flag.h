/*
 * mount_flag.h - what -v, --mount, --tmpfs and --device say
 */
#ifndef CMD_MOUNT_FLAG_H
#define CMD_MOUNT_FLAG_H

#include "base/arena.h"
#include "base/err.h"
#include "model/container.h"

/* --mount type=bind,source=/a,target=/b,readonly: CSV, as docker. Strings are the arena's. */
int mount_flag_parse(const char *text, struct arena *a, struct mount_spec *ret, struct err *err);
/* -v source:target[:options]: a source that begins with "." is made absolute. */
int mount_flag_volume(const char *text, struct arena *a, const char **ret_bind, struct err *err);
/* --tmpfs path[:options] */
void mount_flag_tmpfs(const char *text, struct arena *a, struct str_map *tmpfs);
/* --device host[:container[:rwm]] */
int mount_flag_device(const char *text, struct arena *a, struct device_mapping *ret,
		      struct err *err);

/* Fields of one CSV line, with quotes; -EINVAL. */
int mount_flag_csv(const char *text, struct arena *a, struct strv *ret, struct err *err);

#endif
