/*
 * visit.h - work in another network namespace
 *
 * Who is not the machine's root can enter a network namespace of his own user namespace, but not
 * come back to the machine's. So there are two ways not to leave it for good.
 */
#ifndef SYS_VISIT_H
#define SYS_VISIT_H

/*
 * Calls fn in the network namespace that the descriptor is one of: in a child that shares our
 * memory and descriptors, so that sockets which fn opens are ours; we wait for its end. fn makes no
 * threads. Its result, or a negative errno when the namespace cannot be entered.
 */
int visit_network(int netns, int (*fn)(void *arg), void *arg);

/* A thread that stays where we were. */
struct visit_home;
/*
 * Moves us into the network namespace, for good, and leaves a thread behind, which lives as long as
 * we do. To be called while there is no other thread. Or a negative errno: then nothing has
 * changed.
 */
int visit_leave_home(int netns, struct visit_home **ret);
/* Calls fn where we came from, and waits for it; NULL: here, since we never left. fn's result. */
int visit_call_home(struct visit_home *home, int (*fn)(void *arg), void *arg);

#endif
