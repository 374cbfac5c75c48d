/*
 * image_change.h - Dockerfile instructions that change an image's configuration (-c of import)
 */
#ifndef MODEL_IMAGE_CHANGE_H
#define MODEL_IMAGE_CHANGE_H

#include "base/err.h"
#include "model/image_doc.h"

/*
 * Applies one line, "CMD [\"sh\"]" or "ENV A=1 B=2": CMD ENTRYPOINT ENV EXPOSE HEALTHCHECK LABEL
 * ONBUILD STOPSIGNAL USER VOLUME WORKDIR, in any case. "$NAME" and "${NAME}" in the arguments of
 * ENV, EXPOSE, LABEL, STOPSIGNAL, USER, VOLUME and WORKDIR stand for what ENV has set, "\\$" for a
 * dollar. Strings are the arena's. -EINVAL.
 */
int image_change_apply(const char *line, struct arena *a, struct image_run_config *c,
		       struct err *err);

#endif
