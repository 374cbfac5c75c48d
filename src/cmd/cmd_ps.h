/*
 * cmd_ps.h - a container as a row of a list
 */
#ifndef CMD_CMD_PS_H
#define CMD_CMD_PS_H

#include "model/container.h"

#include <stdbool.h>

struct json_object;

/* All fields that `ps` has; size is text. An object that the caller puts. */
struct json_object *cmd_ps_row(const struct container *c, bool no_trunc, const char *size,
			       struct arena *a);

#endif
