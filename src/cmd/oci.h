/*
 * oci.h - what every command of berth-oci works with
 */
#ifndef CMD_OCI_H
#define CMD_OCI_H

#include "base/arena.h"
#include "base/err.h"
#include "base/log.h"
#include "base/opt.h"
#include "base/str.h"

struct oci_cli {
	char **argv;      /* of main() */
	const char *root; /* directory of the containers' states */
	const char *log;  /* file that errors are written to as well, or NULL */
	const char *criu; /* program for checkpoint and restore */
	bool log_json;
	bool systemd;    /* has it make the control groups of new containers */
	bool rootless;   /* we are not the machine's root */
	bool lax_cgroup; /* a container that has no limits may go without a control group */
	enum log_level level;
	struct arena *a;   /* lives as long as the command */
	struct err err;    /* what a command that returns a negative errno failed with */
	int failed_status; /* exit status of a failure */
};

struct oci_cmd {
	const char *name, *usage, *summary;
	const struct opt *opts;
	const void *defaults; /* opts_size bytes; NULL: zero */
	size_t opts_size;
	/* Returns the exit status, or a negative errno with cli->err set. */
	int (*run)(struct oci_cli *cli, const void *opts, const struct strv *args);
	int16_t least, most; /* number of arguments; most -1: any */
	uint8_t mode;        /* enum opt_mode */
};

/* One table per file; a row without a name ends it. */
extern const struct oci_cmd oci_start_table[], oci_exec_table[], oci_signal_table[],
	oci_show_table[], oci_update_table[], oci_events_table[], oci_spec_table[],
	oci_checkpoint_table[], oci_restore_table[];

/* Says it on stderr and in the log file. */
void oci_warn(const struct oci_cli *cli, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void oci_debug(const struct oci_cli *cli, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* All of it to stdout. */
int oci_print(struct oci_cli *cli, const char *text, size_t len);

#endif
