/*
 * namespace.h - handles on namespaces
 */
#ifndef SYS_NAMESPACE_H
#define SYS_NAMESPACE_H

#include <stdbool.h>
#include <sys/types.h>

/* Our own, by its name in /proc/self/ns ("net"): a descriptor (close-on-exec) or negative errno. */
int namespace_own(const char *name);
/* A namespace file; -EINVAL when it is none of the kind (CLONE_NEW*). */
int namespace_open(const char *path, int kind);
/* Is the process in the same one as we are? */
bool namespace_is_shared_with(pid_t pid, const char *name);
/* May we look at the namespaces of that process, and so join them? */
bool namespace_is_seen(pid_t pid);
/* Is the descriptor one of our own namespace of that name? */
bool namespace_is_ours(int fd, const char *name);
/* The name in /proc/self/ns of a kind, or NULL. */
const char *namespace_name(int kind);

#endif
