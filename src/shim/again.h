/*
 * again.h - the shim executes itself for the container's next run
 */
#ifndef SHIM_AGAIN_H
#define SHIM_AGAIN_H

#include "shim/start.h"

/* Does not return, but when the program cannot be executed. */
int again_execute(struct supervisor *s, struct err *err);
/* What the program was given: "ID again DELAY CLIENTS". */
int again_parse(int argc, char **argv, struct start_again *ret);

#endif
