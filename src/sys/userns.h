/*
 * userns.h - user namespaces and their maps
 */
#ifndef SYS_USERNS_H
#define SYS_USERNS_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Writes the maps of a process that is in a new user namespace: lines of "INSIDE OUTSIDE COUNT", as
 * user_namespaces(7) has them. 0 or a negative errno.
 */
int userns_write_maps(pid_t pid, const char *uid_map, const char *gid_map);
/*
 * A descriptor (close-on-exec) of a user namespace with these maps, that nobody is in: what
 * MOUNT_ATTR_IDMAP of mount_setattr(2) wants. Or a negative errno.
 */
int userns_open(const char *uid_map, const char *gid_map);
/* Are we in the machine's first one, whose root is root? */
bool userns_is_initial(void);
/* Were we executed as the machine's root? */
bool userns_is_roots(void);
/* One of the two: file is "uid_map" or "gid_map". */
int userns_write_map(pid_t pid, const char *file, const char *text);
/* What has to be written before the gid_map of an ordinary user: nobody changes groups in there. */
int userns_deny_setgroups(pid_t pid);

#endif
