/*
 * helper.h - docker-credential-NAME: programs that keep secrets
 *
 * The protocol of github.com/docker/docker-credential-helpers: one word as argument, a server or a
 * document on stdin, a document or a sentence on stdout.
 */
#ifndef REGISTRY_HELPER_H
#define REGISTRY_HELPER_H

#include "base/err.h"
#include "base/str.h"

/*
 * Runs `docker-credential-NAME ACTION` of PATH, without a shell, at most half a minute. Appends its
 * stdout (at most 1 MiB). -ENOENT when it says that it has no such credentials, and also when there
 * is no such program; *ret_ran tells.
 */
int helper_run(const char *name, const char *action, const char *input, struct buf *out,
	       bool *ret_ran, struct err *err);

#endif
