/*
 * image_platform.c - what an image is for, and whether a machine can run it
 *
 * A variant is a number behind a "v"; a processor runs what is for lower ones. Some are the same as
 * none: amd64/v1, arm64/v8. An arm without one is meant as v7.
 */
#include "model/image_platform.h"

#define T struct image_platform
SCHEMA(image_platform, T, F_STR(T, architecture, "architecture", OMIT_EMPTY),
       F_STR(T, os, "os", OMIT_EMPTY), F_STR(T, os_version, "os.version", OMIT_EMPTY),
       F_STR(T, variant, "variant", OMIT_EMPTY));
#undef T

/* Ranks beyond all variants of one architecture. */
enum { RANK_SMALLER = 10000, RANK_UNKNOWN = 100000, PART_MAX = 100 };

static const struct {
	const char *name, *architecture, *variant;
} other_names[] = {
	{ "x86_64", "amd64", NULL }, { "x86-64", "amd64", NULL },  { "i386", "386", NULL },
	{ "i686", "386", NULL },     { "aarch64", "arm64", NULL }, { "armhf", "arm", "v7" },
	{ "armel", "arm", "v6" },
};

static const char *const architectures[] = { "amd64", "386",     "arm",    "arm64",
					     "s390x", "ppc64le", "riscv64" };

/* Architectures whose variants are numbers: what they are without one, and the least. */
static const struct family {
	const char *architecture, *none;
	int least;
	const char *smaller; /* another architecture that the same processors run */
} families[] = {
	{ "amd64", "v1", 1, "386" },
	{ "arm64", "v8", 8, "arm" },
	{ "arm", "v7", 5, NULL },
};

static const struct family *family_of(const char *architecture)
{
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		if (str_eq(families[i].architecture, architecture))
			return &families[i];
	return NULL;
}

static const char *or_null(const char *s)
{
	return str_is_empty(s) ? NULL : s;
}

static struct image_platform normal(const struct image_platform *p)
{
	struct image_platform n = { or_null(p->os), or_null(p->architecture), or_null(p->variant),
				    NULL };

	for (size_t i = 0; i < sizeof(other_names) / sizeof(other_names[0]); i++) {
		if (!str_eq(n.architecture, other_names[i].name))
			continue;
		n.architecture = other_names[i].architecture;
		n.variant = n.variant ? n.variant : other_names[i].variant;
	}
	return n;
}

/* "v8.2", "8": 802, 800; -1 for what is none. */
static int level_of(const char *variant)
{
	const char *s = *variant == 'v' ? variant + 1 : variant;
	int parts[2] = { 0, 0 }, at = 0;

	if (!*s)
		return -1;
	for (; *s; s++) {
		if (*s == '.' && at == 0 && s[1])
			at = 1;
		else if (*s >= '0' && *s <= '9' && parts[at] < PART_MAX / 10)
			parts[at] = parts[at] * 10 + (*s - '0');
		else
			return -1;
	}
	return parts[0] * PART_MAX + parts[1];
}

static int rank_variants(const struct family *f, const char *want, const char *have)
{
	int wanted = level_of(want ? want : f->none), is = level_of(have ? have : f->none);

	if (wanted < 0 || is < 0)
		return str_eq(want, have) ? 0 : -1;
	if (is > wanted || (is < f->least * PART_MAX && is != wanted))
		return -1;
	return wanted - is;
}

/* A 64-bit processor runs the 32-bit programs of its family, the newest best. */
static int rank_smaller(const struct family *f, const struct image_platform *have)
{
	const struct family *smaller = family_of(have->architecture);
	int rank;

	if (!f->smaller || !str_eq(have->architecture, f->smaller))
		return -1;
	rank = smaller ? rank_variants(smaller, f->none, have->variant) : 0;
	return rank < 0 ? -1 : RANK_SMALLER + rank;
}

int image_platform_rank(const struct image_platform *want, const struct image_platform *have)
{
	struct image_platform w = normal(want), h;
	const struct family *f = family_of(w.architecture);

	if (!have)
		return RANK_UNKNOWN;
	h = normal(have);
	if (w.os && h.os && !str_eq(w.os, h.os))
		return -1;
	if (!w.architecture || !h.architecture)
		return RANK_UNKNOWN;
	if (f && !str_eq(w.architecture, h.architecture))
		return rank_smaller(f, &h);
	if (!str_eq(w.architecture, h.architecture))
		return -1;
	if (f)
		return rank_variants(f, w.variant, h.variant);
	return !w.variant || !h.variant || str_eq(w.variant, h.variant) ? 0 : -1;
}

bool image_platform_fits(const struct image_platform *want, const struct image_platform *have)
{
	return image_platform_rank(want, have) >= 0;
}

const struct image_platform *image_platform_host(void)
{
	static const struct image_platform host = {
		.os = "linux",
#if defined(__x86_64__)
		.architecture = "amd64",
#elif defined(__aarch64__)
		.architecture = "arm64",
#elif defined(__arm__)
		.architecture = "arm",
#elif defined(__i386__)
		.architecture = "386",
#elif defined(__powerpc64__)
		.architecture = "ppc64le",
#elif defined(__s390x__)
		.architecture = "s390x",
#elif defined(__riscv)
		.architecture = "riscv64",
#endif
	};

	return &host;
}

static bool is_architecture(const char *s)
{
	for (size_t i = 0; i < sizeof(architectures) / sizeof(architectures[0]); i++)
		if (str_eq(architectures[i], s))
			return true;
	for (size_t i = 0; i < sizeof(other_names) / sizeof(other_names[0]); i++)
		if (str_eq(other_names[i].name, s))
			return true;
	return false;
}

int image_platform_parse(const char *text, struct arena *a, struct image_platform *ret,
			 struct err *err)
{
	struct strv parts = strv_split(a, text, '/');
	struct image_platform p = *image_platform_host();
	const struct family *f;
	bool bad = parts.n < 1 || parts.n > 3;

	for (size_t i = 0; i < parts.n; i++)
		bad |= str_is_empty(parts.items[i]);
	if (!bad && parts.n > 1) {
		p.os = parts.items[0];
		p.architecture = parts.items[1];
		p.variant = parts.n == 3 ? parts.items[2] : NULL;
	} else if (!bad && is_architecture(parts.items[0])) {
		p.architecture = parts.items[0];
	} else if (!bad) {
		bad = !str_eq(parts.items[0], "linux");
	}
	if (bad)
		return err_set(err, -EINVAL,
			       "\"%.100s\" is not a platform such as linux/amd64 or linux/arm/v7",
			       text);
	*ret = normal(&p);
	f = family_of(ret->architecture);
	/* As it is written: an arm always with a variant, the others only with one that matters. */
	if (f && str_eq(f->architecture, "arm") && !ret->variant)
		ret->variant = f->none;
	else if (f && !str_eq(f->architecture, "arm") && ret->variant &&
		 level_of(ret->variant) == level_of(f->none))
		ret->variant = NULL;
	return 0;
}

const char *image_platform_text(const struct image_platform *p, struct arena *a)
{
	return arena_printf(a, "%s/%s%s%s", p->os ? p->os : "",
			    p->architecture ? p->architecture : "",
			    str_is_empty(p->variant) ? "" : "/", p->variant ? p->variant : "");
}
