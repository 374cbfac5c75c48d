/*
 * resolver_names.h - the names that a container's resolver knows: those of its networks
 *
 * Files are looked at with each question (net/names.h): a file that was replaced is another inode,
 * and the old one's number is not given away as long as we have it open or mapped. That is one
 * fstatat() for the list and one a network, less than a microsecond each; inotify would need one of
 * the 128 instances that a user may have, for each container.
 */
#ifndef SHIM_RESOLVER_NAMES_H
#define SHIM_RESOLVER_NAMES_H

#include "base/err.h"
#include "codec/dns.h"
#include "net/names.h"

#include <sys/types.h>

struct resolver_network {
	char id[NAMES_NETWORK_ID_MAX + 1];
	bool is_open;
	dev_t dev;
	ino_t ino;
	void *map;
	size_t len;
	struct name_index idx;
};

struct resolver_names {
	int dir;       /* STATE/names */
	int container; /* STATE/c/ID */
	int list;      /* its list of networks as it was read; -1: there was none */
	ino_t list_ino;
	char id[NAME_INDEX_ID_LEN];
	uint32_t turn; /* with whom an answer of several addresses begins */
	size_t n;
	struct resolver_network networks[NAMES_NETWORKS_MAX];
};

/* container: a directory, of which it keeps a copy. id: of the container. */
int resolver_names_open(struct resolver_names *names, const char *state_root, int container,
			const char *id, struct err *err);
/* Fine when it is not open (dir and container are -1). */
void resolver_names_close(struct resolver_names *names);

/* Reads what was changed. To be called before the others. */
void resolver_names_refresh(struct resolver_names *names);
/*
 * Writes what the networks know of the question into the answer, which was begun: perhaps nothing
 * but that there is such a name. False: they do not know it.
 */
bool resolver_names_answer(struct resolver_names *names, const struct dns_query *q,
			   struct dns_answer *a);
/* Whether one of the networks leads to others: only then anybody outside may be asked. */
bool resolver_names_lead_out(const struct resolver_names *names);

#endif
