/*
 * status_record.h - what a shim says of its container: the live status and the exit record
 */
#ifndef SHIM_STATUS_RECORD_H
#define SHIM_STATUS_RECORD_H

#include "base/err.h"
#include "model/shim_proto.h"

struct status_record {
	int fd; /* STATE/c/ID/status, locked for as long as it is open; -1: given up */
	struct shim_status now;
};

/* Makes the file, locks it and says that the container is starting. -EBUSY when a shim has it. */
int status_record_open(struct status_record *r, int dir, struct err *err);
/* The same for a file that an earlier self has opened and locked: what it said is read back. */
int status_record_inherit(struct status_record *r, int fd, struct err *err);
/* Writes r->now down. */
void status_record_write(struct status_record *r);
/* Leaves r->now as ROOT/exits/ID. */
int status_record_leave(const struct status_record *r, const char *root_dir, const char *id);

#endif
