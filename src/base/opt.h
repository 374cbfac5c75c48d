/*
 * opt.h - command-line options described by tables
 *
 * One row per option; values land in a struct by offset, and help, manual pages and completion are
 * made from the same rows. The grammar is pflag's, which docker's users know: -it clusters, -p8080,
 * -p=8080, --name x, --name=x, --flag=false, "--" ends the options.
 *
 *	struct stop_opts { const char *signal; int64_t timeout; };
 *
 *	static const struct opt stop_table[] = {
 *		STR(struct stop_opts, signal, 's', "signal", "string", "Signal to send"),
 *		I64(struct stop_opts, timeout, 't', "timeout", "int", "Seconds to wait"),
 *		OPT_END,
 *	};
 *
 * Whoever must tell "absent" from a value fills the struct first: NULL for strings, OPT_UNSET for
 * numbers.
 */
#ifndef BASE_OPT_H
#define BASE_OPT_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OPT_UNSET INT64_MIN

enum opt_kind {
	OPT_KIND_END,
	OPT_KIND_FLAG,    /* bool */
	OPT_KIND_STR,     /* const char *, the last one wins */
	OPT_KIND_LIST,    /* struct strv, in the order given */
	OPT_KIND_I64,     /* int64_t, decimal */
	OPT_KIND_CONVERT, /* int64_t, by the row's function */
	OPT_KIND_REFUSED, /* docker has it, we do not: an error that names it */
};

enum opt_row_flags {
	OPT_HIDDEN = 1, /* neither in help nor in completion */
	OPT_VALUE = 2,  /* a refused row that takes a value */
};

/* From text to a number; err says what is wrong with the text alone. */
typedef int opt_convert_fn(const char *text, int64_t *ret, struct err *err);

struct opt {
	const char *name; /* long, without dashes */
	const char *arg;  /* how help calls the value; NULL for a flag */
	const char *help; /* for a refused row: why, and what to do */
	opt_convert_fn *convert;
	const struct opt *more; /* at the end: the table that goes on with the same struct */
	uint32_t offset;
	char letter; /* 0: none */
	uint8_t kind;
	uint8_t flags;
};

#define OPT_ROW_(t, m, l, n, a, h, k, want, conv)                                                  \
	{                                                                                          \
		.name = (n), .arg = (a), .help = (h), .convert = (conv),                           \
		.offset = offsetof(t, m) +                                                         \
			  0 * sizeof(struct {                                                      \
				  _Static_assert(__builtin_types_compatible_p(                     \
							 __typeof__(((t *)0)->m), want),           \
						 "the row claims another type than " #m " has");   \
				  int unused_;                                                     \
			  }),                                                                      \
		.letter = (l), .kind = (k)                                                         \
	}
#define FLAG(t, m, letter, name, help)                                                             \
	OPT_ROW_(t, m, letter, name, NULL, help, OPT_KIND_FLAG, bool, NULL)
#define STR(t, m, letter, name, arg, help)                                                         \
	OPT_ROW_(t, m, letter, name, arg, help, OPT_KIND_STR, const char *, NULL)
#define STRS(t, m, letter, name, arg, help)                                                        \
	OPT_ROW_(t, m, letter, name, arg, help, OPT_KIND_LIST, struct strv, NULL)
#define I64(t, m, letter, name, arg, help)                                                         \
	OPT_ROW_(t, m, letter, name, arg, help, OPT_KIND_I64, int64_t, NULL)
#define CONVERT(t, m, letter, name, arg, fn, help)                                                 \
	OPT_ROW_(t, m, letter, name, arg, help, OPT_KIND_CONVERT, int64_t, fn)
/* A second, hidden name for a list or string of docker's older versions. */
#define STRS_ALIAS(t, m, n)                                                                        \
	{                                                                                          \
		.name = (n), .arg = "list", .help = "", .offset = offsetof(t, m),                  \
		.kind = OPT_KIND_LIST, .flags = OPT_HIDDEN                                         \
	}
/* why completes "--gpus is not supported: ". */
#define REFUSED_FLAG(letter_, name_, why)                                                          \
	{                                                                                          \
		.name = (name_), .letter = (letter_), .help = (why), .kind = OPT_KIND_REFUSED,     \
		.flags = OPT_HIDDEN                                                                \
	}
#define REFUSED(letter_, name_, why)                                                               \
	{                                                                                          \
		.name = (name_), .arg = "value", .letter = (letter_), .help = (why),               \
		.kind = OPT_KIND_REFUSED, .flags = OPT_HIDDEN | OPT_VALUE                          \
	}
/* Ends a table that another one continues; its struct is a prefix of this one's. */
#define OPT_MORE(table)                                                                            \
	{                                                                                          \
		.kind = OPT_KIND_END, .more = (table)                                              \
	}
#define OPT_END                                                                                    \
	{                                                                                          \
		.kind = OPT_KIND_END                                                               \
	}

enum opt_mode {
	OPT_ANYWHERE,         /* options may follow arguments */
	OPT_BEFORE_ARGUMENTS, /* the first argument ends the options, as for run and exec */
	OPT_RAW,              /* every word is an argument */
};

/* opt_parse() met --help (or -h where no row has that letter). */
enum { OPT_HELP = 1 };

/*
 * Reads args (without the command's name) into *into and leaves the arguments in *ret_args. Strings
 * are those of args; lists are the arena's. table may be NULL. Returns 0, OPT_HELP, or -EINVAL
 * (-ENOTSUP for a refused row) with pflag's words in err.
 */
int opt_parse(const struct opt *table, enum opt_mode mode, const struct strv *args, void *into,
	      struct arena *a, struct strv *ret_args, struct err *err);

/* err_set() with pflag's words for a value that the caller found wrong; name is the long one. */
int opt_invalid(const struct opt *table, const char *name, const char *value, const char *why,
		struct err *err);

/* "1", "t", "true", "FALSE", ... as Go's strconv.ParseBool; -EINVAL. */
int opt_parse_bool(const char *s, bool *ret);

/* The rows that help shows, sorted by name, each wrapped at cols columns as pflag does. */
void opt_help(const struct opt *table, size_t cols, struct buf *out);

/* The row itself, or where its table goes on; NULL at the end. For walking with o + 1. */
const struct opt *opt_row(const struct opt *o);

/* Calls each visible row, sorted by name. */
void opt_each(const struct opt *table, void (*each)(void *ctx, const struct opt *row), void *ctx);

#endif
