/*
 * names.h - who is called what in a network: the files by which containers find each other
 *
 * STATE/names/NETWORK is the index (codec/name_index.h) of one network, and STATE/c/ID/names the
 * list of the networks that a container has names in, a network's ID a line, the first one asked
 * first. The command that connects a container writes both, the container's shim and every other
 * one of the network reads them at the next question. Both are replaced by rename(2), so readers
 * take no lock; writers lock the directory.
 *
 * Invariants: an index that names a container is on that container's list, which goes with its
 * STATE/c/ID: so whoever cleans up after a killed process finds what to withdraw without any
 * document. A network in which nobody has a name has no file.
 */
#ifndef NET_NAMES_H
#define NET_NAMES_H

#include "base/err.h"
#include "codec/name_index.h"

#include <stdbool.h>
#include <stdint.h>

#define NAMES_DIR  "names" /* beneath STATE */
#define NAMES_LIST "names" /* beneath STATE/c/ID */

enum {
	NAMES_NETWORK_ID_MAX = 64, /* letters and digits */
	NAMES_NETWORKS_MAX = 64,   /* of one container */
	NAMES_LIST_MAX = NAMES_NETWORKS_MAX * (NAMES_NETWORK_ID_MAX + 1),
};

struct names_network {
	const char *id;
	const char *name;
	bool is_internal; /* no way out: nobody outside is asked for other names on its account */
	bool is_nameless; /* a way out, but no names: docker's default bridge */
};

/*
 * Gives a container its names in a network (codec/name_index.h: first its own, then its aliases;
 * the first 12 digits of its ID are added), in place of those that it had there: also how it is
 * renamed or gets another alias. STATE/c/ID exists. Known to every resolver when this returns.
 * -EINVAL: a name that cannot be one; -E2BIG: it is in NAMES_NETWORKS_MAX networks already.
 */
int names_publish(const char *state_root, const struct names_network *network,
		  const struct name_index_new *endpoint, struct err *err);

/* Takes them back; fine when there are none. Allocates nothing, since shims do it as well. */
int names_withdraw(const char *state_root, const char *network, const char *container,
		   struct err *err);
/* The same in every network on its list; goes on after an error and returns the first. */
int names_withdraw_all(const char *state_root, const char *container, struct err *err);

/* STATE/names, which is made when it is missing: a descriptor (close-on-exec) or negative errno. */
int names_open_dir(const char *state_root);
/*
 * In the network namespace we are in: what is sent to port 53 of 127.0.0.11 reaches these ports
 * there, and answers come from port 53, so that the container's own port 53 is free on every
 * address. *ret_fd protects the rules from being flushed for as long as it is open, where the
 * kernel can do that; -1 otherwise. They go with the namespace. A negative errno where the kernel
 * has no nf_tables.
 */
int names_redirect(uint16_t udp_port, uint16_t tcp_port, int *ret_fd);
#define NAMES_ADDRESS 0x7f00000bU /* 127.0.0.11, as a number */

/* Whether this is the ID of a network and can be a file's name. */
bool names_is_network_id(const char *id);

#endif
