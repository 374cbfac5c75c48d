/*
 * container_files.h - the hosts, hostname and resolv.conf that a container has of its own
 */
#ifndef ENGINE_CONTAINER_FILES_H
#define ENGINE_CONTAINER_FILES_H

#include "engine/room.h"

/* Writes the three into dir (STATE/c/ID). */
int container_files_write(struct engine *e, int dir, const struct container *c, struct err *err);

/* What is in them. host: the host's own file, "" when there is none; gateway: "host-gateway". */
void container_files_hosts(const struct container *c, const char *host, const char *gateway,
			   struct buf *out);
void container_files_resolv(const struct container *c, const char *host, struct buf *out);

#endif
