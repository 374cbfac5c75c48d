/*
 * finding.c - what a check of the store has found
 */
#include "model/finding.h"

#define T struct finding
SCHEMA(finding, T, F_STR(T, kind, "Kind", REQUIRED), F_STR(T, name, "Name", REQUIRED),
       F_STR(T, problem, "Problem", REQUIRED), F_STR(T, advice, "Advice", OMIT_EMPTY),
       F_BOOL(T, repaired, "Repaired", ALWAYS_FULL));
#undef T

#define T struct finding_list
SCHEMA(finding_list, T, F_LIST(T, found, "Findings", finding, ALWAYS_FULL));
#undef T

static const char *copy(struct finding_list *list, const char *s)
{
	return s ? arena_strdup(list->a, s) : NULL;
}

struct finding *finding_add(struct finding_list *list, const struct finding *f)
{
	struct finding *mine;

	if (list->found.n == list->cap) {
		size_t cap = list->cap ? list->cap * 2 : 16;
		struct finding *items = arena_array(list->a, cap, sizeof(*items));

		if (list->found.n)
			memcpy(items, list->found.items, list->found.n * sizeof(*items));
		list->found.items = items;
		list->cap = cap;
	}
	mine = &list->found.items[list->found.n++];
	*mine = (struct finding){ .kind = copy(list, f->kind),
				  .name = copy(list, f->name),
				  .problem = copy(list, f->problem),
				  .advice = copy(list, f->advice),
				  .repaired = f->repaired };
	return mine;
}

struct finding *finding_addf(struct finding_list *list, const char *kind, const char *name,
			     const char *advice, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return finding_add(list,
			   &(struct finding){
				   .kind = kind, .name = name, .problem = text, .advice = advice });
}

size_t finding_open(const struct finding_list *list)
{
	size_t n = 0;

	for (size_t i = 0; i < list->found.n; i++)
		n += !list->found.items[i].repaired;
	return n;
}
