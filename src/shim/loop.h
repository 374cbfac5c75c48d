/*
 * loop.h - the event loop of a container's supervisor
 */
#ifndef SHIM_LOOP_H
#define SHIM_LOOP_H

#include "shim/supervisor.h"

/* Returns when the container has ended for good and everybody knows. */
void loop_run(struct supervisor *s);

#endif
