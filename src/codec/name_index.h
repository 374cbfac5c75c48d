/*
 * name_index.h - the names of one network in one piece of memory, to be searched where it lies
 *
 *	head | endpoints | names, sorted | addresses, sorted | text
 *
 * An endpoint is a container's place in the network. Its names are in lower case, since a resolver
 * does not tell cases apart; several endpoints may share one. A link is a name that only one
 * container sees, and which stands for another name of the same network. All numbers are the
 * machine's own, for the index never leaves it.
 *
 * An index is read where a file is mapped, so whatever the file holds, nothing outside of it is
 * read: sizes are checked when it is opened, and each place within it when it is used.
 */
#ifndef CODEC_NAME_INDEX_H
#define CODEC_NAME_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	NAME_INDEX_ID_LEN = 64,
	NAME_INDEX_TEXT_MAX = 253,  /* a name's bytes: what DNS can ask for */
	NAME_INDEX_NAMES_MAX = 256, /* that one endpoint has, with its links */
};

/* Of a network. */
enum {
	NAME_INDEX_INTERNAL = 1, /* leads nowhere else */
	NAME_INDEX_NAMELESS = 2, /* nobody is to be found by name */
};

/* A piece of text that has no NUL. */
struct name_text {
	const char *at;
	size_t len;
};

struct name_endpoint {
	char id[NAME_INDEX_ID_LEN]; /* of the container */
	uint32_t name, name_len;    /* as the user wrote it; in the text */
	uint8_t v4[4], v6[16];
	uint8_t has_v4, has_v6, unused[2];
};

struct name_entry {
	uint32_t text;
	uint8_t len,
		target_len; /* target_len 0: a name of the endpoint, otherwise a link that it has */
	uint8_t unused[2];
	uint32_t endpoint;
	uint32_t target;
};

struct name_address {
	uint8_t bytes[16]; /* IPv4 as ::ffff:a.b.c.d */
	uint32_t endpoint;
};

struct name_index_head {
	char magic[8];
	uint32_t endpoints, names, addresses, text_len;
	uint32_t network_len; /* the network's name is what the text begins with */
	uint32_t flags;       /* NAME_INDEX_* */
};

/* An open index: points into the caller's memory. */
struct name_index {
	const struct name_index_head *head;
	const struct name_endpoint *endpoints;
	const struct name_entry *names;
	const struct name_address *addresses;
	const char *text;
};

/* data is aligned to 4 bytes. -EBADMSG when it is no index, or not all of one. */
int name_index_open(const void *data, size_t len, struct name_index *ret);

struct name_text name_index_network(const struct name_index *idx);

/* The entries of a name in lower case: a run of *ret_n, and its first. */
uint32_t name_index_find(const struct name_index *idx, const char *name, size_t len,
			 uint32_t *ret_n);
/* The endpoint whose own name this entry is; NULL for a link. */
const struct name_endpoint *name_index_endpoint(const struct name_index *idx, uint32_t entry);
/* What a name stands for among the links of this container; false: it has no such link. */
bool name_index_link(const struct name_index *idx, const char *name, size_t len, const char *id,
		     struct name_text *ret);
/* The endpoint with this address, or NULL. */
const struct name_endpoint *name_index_reverse(const struct name_index *idx,
					       const uint8_t address[16]);
/* Its name, as the user wrote it. */
struct name_text name_index_name(const struct name_index *idx, const struct name_endpoint *e);

/* -- making one -- */

struct name_index_link {
	const char *name, *target;
};

/* An endpoint that is to be added. The first of its names is its own, the others are aliases. */
struct name_index_new {
	const char *id; /* 64 characters */
	const char *const *names;
	size_t n_names;
	const struct name_index_link *links;
	size_t n_links;
	const uint8_t *v4, *v6; /* 4 and 16 bytes; NULL: none */
};

/* A change: everything of one container goes, and perhaps comes anew. */
struct name_index_change {
	const struct name_index *old; /* NULL: there is none */
	const char *network;          /* its name */
	uint32_t flags;
	const char *without;                /* 64 characters; NULL: nobody goes */
	const struct name_index_new *added; /* NULL: nothing comes */
};

/* -EINVAL: a name is empty or too long, or there are too many; *ret_name (may be NULL) is it. */
int name_index_check(const struct name_index_new *added, const char **ret_name);
/* How many bytes are enough for the result. */
size_t name_index_size(const struct name_index_change *change);
/*
 * Writes the changed index into out, which is aligned to 4 bytes and has name_index_size() bytes.
 * Returns its length. added has passed name_index_check().
 */
size_t name_index_build(const struct name_index_change *change, void *out);

#endif
