/*
 * plan_map.c - the plan that we were started with
 */
#include "shim/plan_map.h"

#include "model/shim_plan.h"

#include <sys/mman.h>
#include <sys/stat.h>

int plan_map_open(const struct schema *schema, struct arena *a, void *ret_plan,
		  struct plan_map *ret, struct err *err)
{
	struct stat st;
	size_t used;
	void *at;
	int r;

	if (fstat(SHIM_FD_PLAN, &st) < 0)
		return err_sys(err, "descriptor %d, the plan", SHIM_FD_PLAN);
	at = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, SHIM_FD_PLAN, 0);
	if (at == MAP_FAILED)
		return err_sys(err, "mapping the plan");
	*ret = (struct plan_map){ at, (size_t)st.st_size };
	r = schema_unpack(schema, at, ret->len, a, ret_plan, &used);
	return r < 0 ? err_code(err, r, "the plan is not one of this version's") : 0;
}

void plan_map_close(struct plan_map *m)
{
	if (m->at)
		(void)munmap(m->at, m->len);
	m->at = NULL;
}
