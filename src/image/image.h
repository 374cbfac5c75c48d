/*
 * image.h - images: content by digest, layers as directories, references
 *
 * Under ROOT: blobs/ALGORITHM/HEX (configurations, manifests, layers as they came when compressed),
 * layers/HEX (one unpacked layer each, named by its uncompressed digest; complete or absent), tmp/
 * (what is being made; swept), partial/HEX (blobs of which a part was downloaded).
 */
#ifndef IMAGE_IMAGE_H
#define IMAGE_IMAGE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/own.h"
#include "codec/digest.h"
#include "model/finding.h"
#include "model/image_doc.h"
#include "state/state.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct image_store;

/* Directories under root are made when they are needed. The state stays the caller's and must
 * outlive it.
 */
int image_store_open(const char *root, struct state *st, struct image_store **ret, struct err *err);
void image_store_close(struct image_store *is);
static inline void image_store_cleanup(struct image_store **is)
{
	image_store_close(*is);
	*is = NULL;
}

/*
 * What a name means: a reference ("busybox", "busybox:1.36", "host:5000/a@sha256:…"), a full or
 * shortened ID with or without "sha256:". -ENOENT "No such image: NAME"; -EINVAL when a short ID
 * is ambiguous.
 */
int image_find(struct image_store *is, struct state_txn *txn, const char *name, struct arena *a,
	       struct image_doc *ret_doc, struct err *err);

/*
 * All images, newest first; the list is the arena's. Removes files that killed commands left on the
 * way, as far as no load is running.
 */
int image_list(struct image_store *is, struct state_txn *txn, struct arena *a,
	       struct image_doc_list *ret_list, struct err *err);

/* Points ref at the image source; a reference that exists moves. */
int image_tag(struct image_store *is, const char *source, const char *ref, struct err *err);

struct image_removed {
	struct strv untagged; /* familiar references */
	struct strv deleted;  /* "sha256:…" of the image, then of its layers */
	int64_t freed;        /* bytes of these layers, unpacked and as they came */
};

/*
 * Removes a name; the image goes with its last name, layers with their last image. in_use(ctx,
 * image id) names a container that uses it or returns NULL: then -EBUSY (docker's conflict words)
 * unless force and the container does not run.
 */
struct image_users {
	/* arena string with the container's ID, or NULL; *ret_running says whether it runs */
	const char *(*user)(void *ctx, struct state_txn *txn, const char *image_id,
			    bool *ret_running);
	void *ctx;
};
int image_remove(struct image_store *is, const char *name, bool force, bool no_prune,
		 const struct image_users *users, struct arena *a, struct image_removed *ret,
		 struct err *err);

/*
 * Removes an image with all its names, unless a container has it: then -EBUSY, and it keeps them
 * all.
 */
int image_prune(struct image_store *is, const char *id, const struct image_users *users,
		struct arena *a, struct image_removed *ret, struct err *err);

/* What a layer takes: its files' contents, and the bytes in which it came when these are kept. */
int64_t image_layer_cost(const struct layer_doc *layer);
/* How many downloads were interrupted and can be gone on with, and the bytes they take. */
int image_partial_usage(struct image_store *is, size_t *ret_n, int64_t *ret_bytes, struct err *err);

/* Bytes that the image's layers take as docker counts them (uncompressed content). */
int64_t image_size(const struct image_doc *doc);

/* Removes what killed commands left in tmp/ and layers without an image; cheap when there is none.
 */
int image_sweep(struct image_store *is, struct err *err);

/* A reading transaction of the store's state. */
int image_begin(struct image_store *is, struct state_txn **ret, struct err *err);

/* -- for registries -- */

/* The bytes of a blob as it is distributed. The descriptor is the caller's. */
struct image_blob {
	int fd;
	int64_t size;
	const char *media_type;
	char digest[DIGEST_TEXT];
};
static inline void image_blob_cleanup(struct image_blob *b)
{
	fd_cleanup(&b->fd);
}

/* A blob that is kept: a configuration, or the bytes in which a layer came. */
int image_blob_open(struct image_store *is, const char *digest, struct image_blob *ret,
		    struct err *err);
/*
 * Removes what interrupted pulls have downloaded and nobody went on with for age_s seconds (0:
 * all), unless a pull or a load is running. *ret_freed: bytes.
 */
int image_partial_sweep(struct image_store *is, int64_t age_s, int64_t *ret_freed, struct err *err);

/* -- an image's bytes as registries have them -- */

struct image_layer {
	const struct layer_blob *kept;   /* the bytes in which it came; NULL: a plain tar */
	const struct layer_blob *packed; /* what image_layer_pack() made of it once, or NULL */
};
/* How registries know a layer; the arena's. -ENOENT when there is no such layer. */
int image_layer_find(struct state_txn *txn, const char *diff_id, struct arena *a,
		     struct image_layer *ret, struct err *err);

/*
 * The tar of a layer that came as a plain one, as it was or in gzip, in a file without a name. Gzip
 * always gives the same bytes for one tar (as long as zlib does). -ENODATA when the tar cannot be
 * had again, -EBADMSG, -EIO for a damaged store.
 */
int image_layer_pack(struct image_store *is, const char *diff_id, bool gzip, struct image_blob *ret,
		     struct err *err);

/* One that a registry has now. */
struct image_layer_pushed {
	const char *diff_id;
	const char *digest;
	int64_t size; /* of what image_layer_pack() made; -1: it is a kept blob */
};
/* Notes that the repository ("docker.io/library/busybox") has these. */
int image_layers_pushed(struct image_store *is, const struct image_layer_pushed *items, size_t n,
			const char *repository, struct err *err);
/* A configuration or a manifest (struct image_doc, manifests) byte for byte; the arena's. -ENOENT.
 */
int image_layer_text(struct image_store *is, const char *digest, struct arena *a, const char **ret,
		     size_t *ret_len, struct err *err);

/* -- bringing images in; only programs that link image_load() link its libraries -- */

enum image_layer_state {
	IMAGE_LAYER_LOADING, /* out of an archive; the others are of a pull */
	IMAGE_LAYER_WAITING, /* for a turn, or for another process that has it */
	IMAGE_LAYER_FETCHING,
	IMAGE_LAYER_UNPACKING, /* all bytes are here */
	IMAGE_LAYER_ENDED,
	IMAGE_LAYER_PRESENT, /* the store had it already, or another process brought it */
};

struct image_progress_layer {
	const char *digest;
	int64_t taken, total; /* bytes of the archive; total -1: unknown */
	bool ended;
	enum image_layer_state state; /* this and fetched (bytes): only in pulls */
	int64_t fetched;
};
/* report is called by the calling thread at least every 100 ms (less often while the disk is slow),
 * when a layer ends, and at the end. NULL: no reports. */
struct image_progress {
	void (*report)(void *ctx, const struct image_progress_layer *layers, size_t n);
	void *ctx;
};

struct image_load_spec {
	int fd;               /* the archive: a file, or a pipe (which is copied to disk first) */
	const char *platform; /* "linux/arm64"; NULL: this machine's */
	struct image_progress progress;
};

/* One image of the archive; strings are the arena's. */
struct image_loaded {
	const char *id;
	struct strv names; /* familiar references it has now by the archive */
	struct strv moved; /* "NAME ID": names that another image had before */
};
struct image_loaded_list {
	struct image_loaded *items;
	size_t n;
};

/*
 * Loads all images of an archive: what `docker save` writes (old or new) or an OCI image layout,
 * the whole of it plain or compressed. All of it or nothing. -EINVAL when it is no such archive, is
 * damaged, or lies about a digest; -ENOSPC.
 */
int image_load(struct image_store *is, const struct image_load_spec *spec, struct arena *a,
	       struct image_loaded_list *ret, struct err *err);

struct image_save_spec {
	int fd;               /* a file or a pipe; what was written when it fails is of no use */
	struct strv names;    /* of images; a repository without a tag means all its tags */
	const char *platform; /* NULL: any */
};
/*
 * Writes images into an archive that load, docker, podman and OCI tools read. -ENODATA for a layer
 * whose tar cannot be had again, -EBADMSG, -EIO for a damaged store. a: for what it works with.
 */
int image_save(struct image_store *is, const struct image_save_spec *spec, struct arena *a,
	       struct err *err);

struct image_import_spec {
	int fd;              /* a tar of a root file system, plain or compressed */
	const char *ref;     /* a name for it, or NULL */
	const char *message; /* of its history */
	const char *platform;
	struct strv changes; /* Dockerfile instructions: "CMD [\"sh\"]" */
	struct image_progress progress;
};
/* An image of one layer; *ret_id ("sha256:…") is the arena's. */
int image_import(struct image_store *is, const struct image_import_spec *spec, struct arena *a,
		 const char **ret_id, struct err *err);

struct image_commit_spec {
	int upper;                /* a container's own layer, as overlayfs keeps it */
	const struct strv *below; /* the layers (hex) beneath it, lowest first */
	const char *base;         /* the image that these are; need not be here any more */
	const struct image_run_config *config;
	struct strv changes; /* as of an import */
	const char *ref;     /* a name for it, or NULL */
	const char *author, *message, *created_by;
};
/*
 * An image of what a container has become: one layer more, or none when it has changed nothing. The
 * directory must not change meanwhile. *ret_id ("sha256:…") is the arena's.
 */
int image_commit(struct image_store *is, const struct image_commit_spec *spec, struct arena *a,
		 const char **ret_id, struct err *err);

/* -- pulling: the program that links the registry's client lends it -- */

/* Takes the next n bytes; a negative errno (with err set) ends the transfer. */
typedef int image_remote_sink(void *ctx, const void *bytes, size_t n, struct err *err);

struct image_remote_blob {
	const char *digest;
	int64_t size;           /* of the whole blob */
	int64_t offset, length; /* the part that is wanted; length -1: all that follows */
	image_remote_sink *sink;
	void *ctx;
};

struct image_remote_text {
	const char *text; /* the arena's */
	size_t len;
	const char *media_type; /* that the registry said, or "" */
};

/* A repository. blob() is called by several threads at once. */
struct image_remote {
	/* A manifest or index by tag or digest; a digest is verified. */
	int (*manifest)(void *ctx, const char *tag_or_digest, struct arena *a,
			struct image_remote_text *ret, struct err *err);
	/* Every byte of the part once and in order, or a failure. -EBADMSG when a whole blob
	 * (offset 0, length -1) does not have its digest, or any has not its size. */
	int (*blob)(void *ctx, const struct image_remote_blob *want, struct err *err);
	void *ctx;
	atomic_bool *cancel; /* set when calls that are under way shall end; may be NULL */
};

/* What a pull has found, before any layer is fetched. */
struct image_pull_found {
	const struct image_progress_layer *layers; /* all, the lowest first */
	size_t n;
	const char *warning; /* of another platform than the machine's, or NULL */
};

struct image_pull_spec {
	const struct image_remote *remote;
	const char *ref;                /* a reference with a tag or a digest */
	const char *platform;           /* "linux/arm64"; NULL: this machine's */
	int concurrency;                /* layers at a time; at least 1 */
	struct image_progress progress; /* of the layers that are fetched, in any order */
	void (*found)(void *ctx, const struct image_pull_found *found); /* may be NULL */
	void *found_ctx;
};

struct image_pulled {
	const char *id;     /* "sha256:…"; strings are the arena's */
	const char *digest; /* of what the reference leads to: an index, or a manifest */
	bool newer;         /* the reference did not lead to this image before */
};

/*
 * Pulls one image: what is missing is downloaded and unpacked, everything is held against its
 * digest and size, and then all of it is in the store, or nothing but what was downloaded of layers
 * (which the next pull goes on with).
 */
int image_pull(struct image_store *is, const struct image_pull_spec *spec, struct arena *a,
	       struct image_pulled *ret, struct err *err);

/* -- trees of containers -- */

struct layer_change {
	char kind; /* 'A'dded, 'C'hanged, 'D'eleted */
	const char *path;
};
/*
 * What a container's own layer, as overlayfs keeps it, changes of all that is beneath it; sorted by
 * path; the arena's.
 */
int layer_changes(int upper, int lower, struct arena *a, struct layer_change **ret, size_t *ret_n,
		  struct err *err);
/* Writes a tree as a tar into a file or a pipe: the same tree gives the same bytes. */
int tree_tar_export(int tree, int to, struct err *err);
/*
 * One file or directory of a directory as a tar: with all that is in it, as as; or, with as "",
 * only what is in it.
 */
int tree_tar_part(int dir, const char *name, const char *as, int to, struct err *err);

struct tree_untar_spec {
	int from;    /* a tar, plain or compressed, from where the descriptor stands */
	int dir;     /* into this directory, which may belong to a hostile container */
	bool owners; /* as in the tar; otherwise uid and gid */
	uid_t uid;
	gid_t gid;
};
/*
 * Takes a tar apart beneath a directory; *ret_bytes of files' contents. What is there is replaced,
 * but no directory by anything else, nor the other way round. No link is followed.
 */
int tree_untar(const struct tree_untar_spec *spec, int64_t *ret_bytes, struct err *err);

/* -- holding the store against itself -- */

struct image_check_spec {
	bool repair;
	struct strv busy; /* layers (hex) that running containers stand on: not replaced */
	/* Pulls an image again, by a reference with a digest; may be NULL. */
	int (*fetch)(void *ctx, const char *ref, struct err *err);
	void *ctx;
};
/*
 * Adds what is wrong with images, layers, blobs and names, and what nothing needs: every blob is
 * hashed, every layer held against the bytes or the record it was made from, by as many threads as
 * there are processors. Loads and pulls may go on meanwhile; then what is unused is not looked for.
 * With repair, layers are unpacked again from bytes that are kept, names are put right, images are
 * fetched again, and what is unused goes. Fails only when it could not look.
 */
int image_check(struct image_store *is, const struct image_check_spec *spec,
		struct finding_list *findings, struct err *err);

#endif
