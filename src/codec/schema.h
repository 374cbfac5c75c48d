/*
 * schema.h - documents described by tables
 *
 * One row per JSON member drives reading, writing, defaults, checks, packing, and the path in a
 * message ("process.rlimits[2].soft: expected a number"). A struct and its table:
 *
 *	struct oci_rlimit { const char *type; uint64_t hard, soft; };
 *
 *	SCHEMA(oci_rlimit, struct oci_rlimit,
 *		F_STR(struct oci_rlimit, type, "type", REQUIRED),
 *		F_U64(struct oci_rlimit, hard, "hard", REQUIRED),
 *		F_U64(struct oci_rlimit, soft, "soft", REQUIRED));
 *
 * defines `const struct schema oci_rlimit_schema`; SCHEMA_DECLARE(oci_rlimit) in the header
 * declares it. The macros check at compile time that the member has the type the row claims.
 *
 * Member types a row can have:
 *
 *	F_BOOL   bool               F_INT   int            F_U32  uint32_t
 *	F_I64    int64_t            F_U64   uint64_t       F_F64  double
 *	F_STR    const char *       F_STRV  struct strv    F_MAP  struct str_map (string to string)
 *	F_ENUM   int, with a NULL-terminated table of names
 *	F_TIME   int64_t, nanoseconds since 1970, RFC 3339 in JSON; 0 is "0001-01-01T00:00:00Z"
 *	F_OBJ    an embedded struct with a schema of its own
 *	F_PTR    a pointer to such a struct; NULL when absent or null
 *	F_LIST   LIST(struct x), an array of such structs
 *	F_DICT   LIST(struct x), written as a JSON object whose keys fill the struct's first
 *	         member, which must be `const char *` and has no row of its own
 *	F_SET    struct strv, written as an object of empty objects: {"80/tcp":{}}
 *	F_OPT_BOOL bool *  F_OPT_I64 int64_t *  F_OPT_U64 uint64_t *  F_OPT_U32 uint32_t *
 *	         optional scalars; NULL when absent, so that absent and 0 differ
 *	F_PAIR   int64_t[2], an array of two numbers
 *	F_U32V   LIST(uint32_t), an array of numbers
 *	F_RAW    const char *, the member's JSON text kept as it is (compact), NULL when absent
 *	F_PART   no member of its own: some members of the same struct, by the schema of that part,
 *	         written as an object
 *
 * Flags: REQUIRED (absent is an error), OMIT_EMPTY (not written when zero, empty or NULL),
 * ALWAYS_FULL (0; written always; an empty F_STRV is [] , an absent F_PTR null),
 * NULL_EMPTY (an empty list, map or string is written as null, as Go writes nil slices),
 * OR_STRING (an F_STRV may be read from a string, which is its only item).
 *
 * Reading never trusts: depth at most 64, a number must fit the member, a string must hold no
 * NUL, a list at most 1e6 items. Unknown members are ignored. null counts as absent.
 */
#ifndef CODEC_SCHEMA_H
#define CODEC_SCHEMA_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_object;

enum field_kind {
	FIELD_BOOL,
	FIELD_INT,
	FIELD_U32,
	FIELD_I64,
	FIELD_U64,
	FIELD_F64,
	FIELD_STR,
	FIELD_STRV,
	FIELD_MAP,
	FIELD_ENUM,
	FIELD_TIME,
	FIELD_OBJ,
	FIELD_PTR,
	FIELD_LIST,
	FIELD_DICT,
	FIELD_SET,
	FIELD_OPT_BOOL,
	FIELD_OPT_I64,
	FIELD_OPT_U64,
	FIELD_OPT_U32,
	FIELD_RAW,
	FIELD_PAIR,
	FIELD_U32V,
	FIELD_KINDS
};

enum field_flags { ALWAYS_FULL = 0, REQUIRED = 1, OMIT_EMPTY = 2, NULL_EMPTY = 4, OR_STRING = 8 };

struct schema;

struct field {
	const char *name;         /* in JSON */
	uint32_t offset;          /* in the struct */
	uint8_t kind;             /* enum field_kind */
	uint8_t flags;            /* enum field_flags */
	const struct schema *sub; /* OBJ, PTR, LIST, DICT */
	const char *const *names; /* ENUM */
};

struct schema {
	const char *name;
	size_t size; /* of the struct */
	const struct field *fields;
	size_t n_fields;
};

/* An array of structs; with n == 0 items may be NULL. */
#define LIST(type)                                                                                 \
	struct {                                                                                   \
		type *items;                                                                       \
		size_t n;                                                                          \
	}

/* The layout that every LIST() has. */
struct list_any {
	void *items;
	size_t n;
};

#define SCHEMA_DECLARE(id) extern const struct schema id##_schema
#define SCHEMA(id, type, ...)                                                                      \
	static const struct field id##_fields_[] = { __VA_ARGS__ };                                \
	const struct schema id##_schema = { #id, sizeof(type), id##_fields_,                       \
					    sizeof(id##_fields_) / sizeof(id##_fields_[0]) }

/* 0, or a compile error when the member does not have the type. */
#define FIELD_IS(type, member, want)                                                               \
	(0 * sizeof(struct {                                                                       \
		 _Static_assert(__builtin_types_compatible_p(__typeof__(((type *)0)->member),      \
							     want),                                \
				"the row claims another type than " #member " has");               \
		 int unused_;                                                                      \
	 }))
#define FIELD_(type, member, json, kind_, flags_, want, sub_, names_)                              \
	{                                                                                          \
		.name = (json), .offset = offsetof(type, member) + FIELD_IS(type, member, want),   \
		.kind = (kind_), .flags = (flags_), .sub = (sub_), .names = (names_)               \
	}
#define FIELD_ANY_(type, member, json, kind_, flags_, sub_)                                        \
	{                                                                                          \
		.name = (json), .offset = offsetof(type, member), .kind = (kind_),                 \
		.flags = (flags_), .sub = (sub_)                                                   \
	}

#define F_BOOL(t, m, json, fl)        FIELD_(t, m, json, FIELD_BOOL, fl, bool, NULL, NULL)
#define F_INT(t, m, json, fl)         FIELD_(t, m, json, FIELD_INT, fl, int, NULL, NULL)
#define F_U32(t, m, json, fl)         FIELD_(t, m, json, FIELD_U32, fl, uint32_t, NULL, NULL)
#define F_I64(t, m, json, fl)         FIELD_(t, m, json, FIELD_I64, fl, int64_t, NULL, NULL)
#define F_U64(t, m, json, fl)         FIELD_(t, m, json, FIELD_U64, fl, uint64_t, NULL, NULL)
#define F_F64(t, m, json, fl)         FIELD_(t, m, json, FIELD_F64, fl, double, NULL, NULL)
#define F_STR(t, m, json, fl)         FIELD_(t, m, json, FIELD_STR, fl, const char *, NULL, NULL)
#define F_STRV(t, m, json, fl)        FIELD_(t, m, json, FIELD_STRV, fl, struct strv, NULL, NULL)
#define F_MAP(t, m, json, fl)         FIELD_(t, m, json, FIELD_MAP, fl, struct str_map, NULL, NULL)
#define F_ENUM(t, m, json, table, fl) FIELD_(t, m, json, FIELD_ENUM, fl, int, NULL, table)
#define F_TIME(t, m, json, fl)        FIELD_(t, m, json, FIELD_TIME, fl, int64_t, NULL, NULL)
#define F_SET(t, m, json, fl)         FIELD_(t, m, json, FIELD_SET, fl, struct strv, NULL, NULL)
#define F_RAW(t, m, json, fl)         FIELD_(t, m, json, FIELD_RAW, fl, const char *, NULL, NULL)
#define F_PAIR(t, m, json, fl)        FIELD_(t, m, json, FIELD_PAIR, fl, int64_t[2], NULL, NULL)
#define F_OPT_BOOL(t, m, json, fl)    FIELD_(t, m, json, FIELD_OPT_BOOL, fl, bool *, NULL, NULL)
#define F_OPT_I64(t, m, json, fl)     FIELD_(t, m, json, FIELD_OPT_I64, fl, int64_t *, NULL, NULL)
#define F_OPT_U64(t, m, json, fl)     FIELD_(t, m, json, FIELD_OPT_U64, fl, uint64_t *, NULL, NULL)
#define F_OPT_U32(t, m, json, fl)     FIELD_(t, m, json, FIELD_OPT_U32, fl, uint32_t *, NULL, NULL)
#define F_U32V(t, m, json, fl)        FIELD_ANY_(t, m, json, FIELD_U32V, fl, NULL)
#define F_OBJ(t, m, json, id, fl)     FIELD_ANY_(t, m, json, FIELD_OBJ, fl, &id##_schema)
#define F_PTR(t, m, json, id, fl)     FIELD_ANY_(t, m, json, FIELD_PTR, fl, &id##_schema)
#define F_PART(t, json, id, fl)                                                                    \
	{                                                                                          \
		.name = (json), .offset = 0 * sizeof(t), .kind = FIELD_OBJ, .flags = (fl),         \
		.sub = &id##_schema                                                                \
	}
#define F_LIST(t, m, json, id, fl) FIELD_ANY_(t, m, json, FIELD_LIST, fl, &id##_schema)
#define F_DICT(t, m, json, id, fl) FIELD_ANY_(t, m, json, FIELD_DICT, fl, &id##_schema)

/*
 * Reads a document of len bytes into *obj (schema->size bytes, which are zeroed first). Strings
 * and arrays are the arena's. -EINVAL with path and reason in err; *obj is then all zero.
 */
int schema_read(const struct schema *s, const char *json, size_t len, struct arena *a, void *obj,
		struct err *err);
/* The same from a parsed tree, which is only read. */
int schema_read_tree(const struct schema *s, struct json_object *tree, struct arena *a, void *obj,
		     struct err *err);

/*
 * For documents that people write: -EINVAL with the path of the first member that no table knows.
 */
int schema_check_known(const struct schema *s, struct json_object *tree, struct err *err);

enum schema_style {
	SCHEMA_COMPACT, /* for the store: every empty member is left out */
	SCHEMA_FULL,    /* for people and the API: as the flags say */
};

/* A json-c tree that the caller puts (json_object_put). */
struct json_object *schema_tree(const struct schema *s, const void *obj, enum schema_style style);
/* Appends the JSON text, without spaces, members in the order of the table. */
void schema_write(const struct schema *s, const void *obj, enum schema_style style,
		  struct buf *out);

/*
 * Packing: the same document as a flat run of bytes for a program of the same build (members in
 * the order of the table, no names). Between our own processes only: unpacking checks bounds but
 * knows nothing of versions.
 */
void schema_pack(const struct schema *s, const void *obj, struct buf *out);
/*
 * Strings in *obj point into data (which must outlive it); arrays are the arena's.
 * *ret_used is the number of bytes read. -EINVAL when data is too short or malformed.
 */
int schema_unpack(const struct schema *s, const void *data, size_t len, struct arena *a, void *obj,
		  size_t *ret_used);

/* An object of the same contents in the arena, by packing and unpacking. */
void *schema_clone(const struct schema *s, const void *obj, struct arena *a);

#endif
