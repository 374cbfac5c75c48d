/*
 * registry.h - talking to image registries: the distribution specification's client
 *
 * OCI distribution-spec 1.1; authentication as Docker's token specification and RFC 7235 say. A
 * session is one repository at one registry (with its mirrors), and the rights that are needed
 * there. Every function of a session may be called by several threads at once; each call occupies
 * its thread until the answer is complete, retries included.
 *
 * What failed says the code:
 *
 *	-ENOENT     the registry answered: no such repository, manifest or blob
 *	-EACCES     the registry answered: not with these rights, or not without logging in
 *	-EDQUOT     too many requests, also after waiting as long as was asked for
 *	-ENETUNREACH no connection, or one that broke, after all attempts (names, TLS, time-outs,
 *5xx) -EBADMSG    the content does not have the digest or the size that was asked for -EFBIG more
 *bytes than are reasonable -EPROTO     an answer that the specification does not know -ECANCELED
 **cancel became true
 *
 * or whatever a sink returned. err must not be NULL here. Sizes from outside are capped before
 *anything is allocated.
 */
#ifndef REGISTRY_REGISTRY_H
#define REGISTRY_REGISTRY_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "codec/digest.h"
#include "codec/ref.h"
#include "model/settings.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * The settings of BERTH_CONFIG, or of /etc/berth/config.json when there is such a file. Memory is
 * the arena's. -EINVAL with the file's name.
 */
int registry_settings(struct arena *a, struct settings *ret, struct err *err);

/* Before the first session and while there is one thread; once in a process. */
int registry_setup(struct err *err);

enum registry_actions { REGISTRY_PULL = 1, REGISTRY_PUSH = 2 };

enum registry_note {
	REGISTRY_NOTE_WARNING, /* the registry sent a Warning for its user */
	REGISTRY_NOTE_RETRY,   /* something failed and is tried again after a while */
};

struct registry_spec {
	const struct ref *ref;           /* its domain and path; copied */
	unsigned actions;                /* enum registry_actions */
	const struct settings *settings; /* stay the caller's and must outlive the session */
	struct strv mount_from;          /* for pushes: "library/busybox", repositories of the same
					    registry that are to be mounted from; copied */
	const atomic_bool *cancel;       /* becomes true when all calls shall end; or NULL */
	/* Called by the thread that it concerns; one line of text without control characters. May
	 * be NULL. */
	void (*note)(void *ctx, enum registry_note note, const char *text);
	void *ctx;
};

struct registry_session;

/*
 * Finds the registry's endpoints (for docker.io and pulls its mirrors first) and the user's
 * credentials. The network is only used by the calls that follow.
 */
int registry_open(const struct registry_spec *spec, struct registry_session **ret, struct err *err);
void registry_close(struct registry_session *s);
static inline void registry_session_cleanup(struct registry_session **s)
{
	registry_close(*s);
	*s = NULL;
}

/* -- reading -- */

struct registry_manifest {
	const char *text; /* byte for byte, and a NUL behind it */
	size_t len;
	const char *media_type;   /* of Content-Type, without parameters; "" when there is none */
	char digest[DIGEST_TEXT]; /* computed from text */
};

/*
 * A manifest or index by tag or digest, at most IMAGE_MANIFEST_MAX bytes. Memory is the arena's,
 * which no other thread may use meanwhile. When a digest was asked for, the text has it.
 */
int registry_manifest_get(struct registry_session *s, const char *tag_or_digest, struct arena *a,
			  struct registry_manifest *ret, struct err *err);

struct registry_descriptor {
	char digest[DIGEST_TEXT]; /* "" when the registry does not say */
	char media_type[128];     /* "" likewise */
	int64_t size;             /* -1 likewise */
};

/* The same without the text: does not count as a pull where pulls are counted. */
int registry_manifest_head(struct registry_session *s, const char *tag_or_digest,
			   struct registry_descriptor *ret, struct err *err);

/* Takes the next n bytes; a negative errno (with err set) ends the transfer and is its result. */
typedef int registry_sink(void *ctx, const void *bytes, size_t n, struct err *err);

struct registry_blob {
	const char *digest;
	int64_t size;   /* of the whole blob, as its descriptor says; -1: unknown */
	int64_t offset; /* the first byte that is wanted */
	int64_t length; /* how many; -1: all that follow */
	registry_sink *sink;
	void *ctx;
};

/*
 * Sends a blob or a part of it to the sink: every byte once, in order, also when connections break
 * in between (then it goes on with Range, on the next mirror if need be). A whole blob (offset 0,
 * length -1) is hashed on the way: -EBADMSG at its end when it is not what it should be, after the
 * sink has got it all, and the endpoint that lied is not asked again by this session: call again.
 * Of a part, the caller checks the contents. The sink may take its time: that is not counted as the
 * registry's.
 */
int registry_blob_get(struct registry_session *s, const struct registry_blob *blob,
		      struct err *err);

/* All tags of the repository, page by page. Memory is the arena's. */
int registry_tags(struct registry_session *s, struct arena *a, struct strv *ret, struct err *err);

/* -- writing -- */

struct registry_upload {
	const char *digest;
	int64_t size;
	int fd;                 /* the bytes, from offset 0; read with pread(2). -1: not at hand */
	struct strv mount_from; /* repositories that may have it, the best first */
	atomic_int_least64_t *sent; /* progress in bytes, also backwards; or NULL */
};

enum registry_put { REGISTRY_PUT_PUSHED, REGISTRY_PUT_EXISTS, REGISTRY_PUT_MOUNTED };

/*
 * Makes the repository have the blob: finds it there, mounts it from a repository of mount_from, or
 * uploads it; -ENODATA when the bytes would be needed and are not at hand. *ret_from is the item of
 * mount_from that it was mounted from, or NULL.
 */
int registry_blob_put(struct registry_session *s, const struct registry_upload *upload,
		      enum registry_put *ret_how, const char **ret_from, struct err *err);

/* Blobs and children first: registries check. */
int registry_manifest_put(struct registry_session *s, const char *tag_or_digest, const char *text,
			  size_t len, const char *media_type, struct err *err);

/* -- logging in -- */

struct registry_login {
	const char *server;          /* NULL: docker.io */
	const char *user, *password; /* user NULL: the ones that are kept; -ENOENT without */
	const struct settings *settings;
	const atomic_bool *cancel;
};

/*
 * Asks the registry whether it accepts these credentials and keeps them (or the identity token that
 * it gives instead) in the client's configuration or its credential helper. *ret_unencrypted is the
 * configuration file's name (the arena's) when the password stands there as it is, or NULL.
 */
int registry_login(const struct registry_login *login, struct arena *a,
		   const char **ret_unencrypted, struct err *err);
/* Forgets them. *ret_known says whether there were any. */
int registry_logout(const char *server, bool *ret_known, struct err *err);
/* How the server is called in messages, and the user that is kept for it, or NULL. */
const char *registry_server_name(const char *server);
int registry_login_user(const char *server, struct arena *a, const char **ret, struct err *err);

#endif
