/*
 * ports_text.h - a container's ports as docker's tables have them
 */
#ifndef CMD_PORTS_TEXT_H
#define CMD_PORTS_TEXT_H

#include "base/arena.h"
#include "model/container.h"

/* "0.0.0.0:8000-8001->80-81/tcp, 443/tcp"; "" when it does not run. */
const char *ports_text(const struct container *c, struct arena *a);

#endif
