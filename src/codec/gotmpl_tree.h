/*
 * gotmpl_tree.h - a parsed template; between the files gotmpl*.c
 */
#ifndef CODEC_GOTMPL_TREE_H
#define CODEC_GOTMPL_TREE_H

#include "base/err.h"
#include "base/str.h"

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

/* -- words -- */

enum gotmpl_word_kind {
	WORD_EOF,
	WORD_TEXT,
	WORD_LEFT,  /* {{ */
	WORD_RIGHT, /* }} */
	WORD_SPACE,
	WORD_NAME,     /* a function, or true, false, nil */
	WORD_FIELD,    /* .Name */
	WORD_VARIABLE, /* $ or $name */
	WORD_STRING,   /* "…" or `…` */
	WORD_CHAR,     /* 'c' */
	WORD_NUMBER,
	WORD_DOT,
	WORD_PIPE,
	WORD_DECLARE, /* := */
	WORD_ASSIGN,  /* = */
	WORD_OPEN,
	WORD_CLOSE,
	WORD_KEYWORD, /* if else end range with break continue define template block */
	WORD_OTHER,   /* a single character without a meaning */
};

struct gotmpl_word {
	enum gotmpl_word_kind kind;
	size_t at, len; /* in the text */
};

struct gotmpl_words {
	struct gotmpl_word *items; /* the last one is WORD_EOF */
	size_t n;
};

/*
 * gotmpl_lex.c: -EINVAL "template: :LINE: what"; *ret then holds the words before the error, for
 * the parser may have to complain about an earlier one.
 */
int gotmpl_lex(const char *text, struct arena *a, struct gotmpl_words *ret, struct err *err);
/* Line of a place in the text, from 1; column counts bytes from 0, as Go's messages do. */
void gotmpl_place(const char *text, size_t at, int *ret_line, int *ret_column);

/* -- tree -- */

struct gotmpl_pipe;

enum operand_kind {
	OPERAND_DOT,
	OPERAND_NIL,
	OPERAND_VARIABLE,
	OPERAND_FUNCTION,
	OPERAND_CONSTANT,
	OPERAND_PIPE, /* in parentheses */
};

/* One value in a command, with the fields behind it: $x.A.B, (index . 0).Name, .A */
struct gotmpl_operand {
	enum operand_kind kind;
	size_t at;         /* where messages point */
	size_t start, end; /* its text */
	const char *name;  /* variable ("$" or "$x"), function, or a string constant */
	struct strv fields;
	enum { CONSTANT_STRING, CONSTANT_INT, CONSTANT_FLOAT, CONSTANT_BOOL } constant;
	int64_t integer;
	double real;
	struct gotmpl_pipe *pipe;
};

struct gotmpl_command {
	struct gotmpl_operand *args;
	size_t n;
	size_t start, end;
	struct gotmpl_command *next;
};

struct gotmpl_pipe {
	const char *variables[2]; /* $v := or $i, $v := */
	int n_variables;
	bool declares; /* := ; otherwise = */
	size_t at;
	struct gotmpl_command *commands;
};

enum gotmpl_node_kind {
	NODE_TEXT,
	NODE_ACTION,
	NODE_IF,
	NODE_WITH,
	NODE_RANGE,
	NODE_BREAK,
	NODE_CONTINUE,
	NODE_TEMPLATE, /* {{template}}, and what {{block}} leaves */
};

struct gotmpl_node {
	enum gotmpl_node_kind kind;
	size_t at, len;   /* text */
	const char *name; /* of the template that is called */
	struct gotmpl_pipe *pipe;
	struct gotmpl_node *body, *otherwise;
	struct gotmpl_node *next;
};

/* What {{define}} or {{block}} has named. */
struct gotmpl_named {
	const char *name;
	struct gotmpl_node *body;
	struct gotmpl_named *next;
};

struct gotmpl {
	const char *text;
	struct gotmpl_node *first;
	struct gotmpl_named *named;
};

/* -- values -- */

/* What nil is, as Go would know it from the type; it shows in what is printed. */
enum gotmpl_nil {
	NIL_PLAIN,
	NIL_MISSING, /* a key that is not there: "<no value>" */
	NIL_LIST,    /* "[]" */
	NIL_MAP,     /* "map[]" */
	NIL_POINTER, /* "<nil>" */
};

/* A value while it is worked with; the tree is borrowed. */
struct gotmpl_value {
	struct json_object *json; /* NULL: nil */
	enum gotmpl_nil nil;
};

/* A call of a function: arguments, and what the result is kept alive by. */
struct gotmpl_call {
	const struct gotmpl_value *args;
	size_t n;
	struct json_object *keep; /* an array; results that are new belong in it */
	struct err *err;          /* the reason alone */
};

/* A new value that call->keep owns. */
struct gotmpl_value gotmpl_keep(struct json_object *keep, struct json_object *fresh);

struct gotmpl_function {
	const char *name;
	int least, most; /* arguments; most -1: any number */
	int (*run)(struct gotmpl_call *call, struct gotmpl_value *ret);
};

/* gotmpl_func.c: NULL when there is no such function. `and` and `or` are in the table for parsing
 * only. */
const struct gotmpl_function *gotmpl_function(const char *name, size_t len);

/* gotmpl_print.c */
bool gotmpl_is_true(struct gotmpl_value v);
/* Go's name of the value's type, for messages. */
const char *gotmpl_type(struct gotmpl_value v);
/* The value as fmt's %v; top: nil is "<no value>". */
void gotmpl_print(struct gotmpl_value v, bool top, struct buf *out);
/* fmt.Sprint and Sprintln. */
void gotmpl_sprint(const struct gotmpl_value *args, size_t n, bool line, struct buf *out);
/* fmt.Sprintf. */
void gotmpl_sprintf(const char *format, const struct gotmpl_value *args, size_t n, struct buf *out);
/* As encoding/json writes it, without escaping for HTML. */
void gotmpl_json(struct json_object *json, struct buf *out);
/* Keys of an object, sorted; the array is the caller's. */
const char **gotmpl_sorted_keys(struct json_object *object, size_t *ret_n);

enum {
	GOTMPL_TEXT_MAX = 65536,      /* bytes of a template */
	GOTMPL_DEPTH_MAX = 64,        /* blocks and parentheses */
	GOTMPL_CALLS_MAX = 100,       /* templates within templates */
	GOTMPL_STEPS_MAX = 500000,    /* nodes and calls evaluated */
	GOTMPL_OUTPUT_MAX = 64 << 20, /* bytes */
};

#endif
