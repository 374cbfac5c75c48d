/*
 * ulimit_name.h - resource limits by name: docker's "nofile", the OCI's "RLIMIT_NOFILE"
 */
#ifndef CODEC_ULIMIT_NAME_H
#define CODEC_ULIMIT_NAME_H

#include "base/err.h"

#include <stdint.h>

/* Either form, any case: the RLIMIT_ number, or -EINVAL. */
int ulimit_name_parse(const char *name);
/* "nofile"; NULL for a number without a name. */
const char *ulimit_name(int resource);

/* "nofile=1024:2048", "core=-1" (unlimited): resource and limits, -1 for unlimited. */
int ulimit_parse(const char *s, int *ret_resource, int64_t *ret_soft, int64_t *ret_hard,
		 struct err *err);

#endif
