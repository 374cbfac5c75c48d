/*
 * userns.h - user namespaces and their maps
 */
#ifndef SYS_USERNS_H
#define SYS_USERNS_H

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

#endif
