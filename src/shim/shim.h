/*
 * shim.h - one container's supervisor
 *
 * `berth-shim ID` starts a container by the plan on SHIM_FD_PLAN and stays its parent until it has
 * ended for good; `berth-shim exec ID` supervises one more process in a running container (see
 * model/shim_plan.h for both).
 */
#ifndef SHIM_SHIM_H
#define SHIM_SHIM_H

/* The program; its result is the exit status. */
int shim_main(int argc, char **argv);

/* The program berth-init: a container's process 1 that reaps and forwards signals (pid1.c). */
int shim_pid1(int argc, char **argv);

#endif
