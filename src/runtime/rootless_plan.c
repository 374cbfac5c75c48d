/*
 * rootless_plan.c - what an ordinary user's container cannot have, said before it is made
 */
#include "runtime/rootless_plan.h"

#include "runtime/id_map.h"

#include <inttypes.h>
#include <stdlib.h>

static int check_user(const struct oci_config *c, struct err *err)
{
	const struct oci_id_mappings *m = &c->linux_->mappings;
	const struct oci_user *u = &c->process->user;

	if (!id_map_holds(m->uids.items, m->uids.n, u->uid))
		return err_set(err, -EINVAL,
			       "process.user.uid: %u is not in linux.uidMappings, so nobody can "
			       "become it",
			       u->uid);
	if (!id_map_holds(m->gids.items, m->gids.n, u->gid))
		return err_set(err, -EINVAL,
			       "process.user.gid: %u is not in linux.gidMappings, so nobody can "
			       "become it",
			       u->gid);
	for (size_t i = 0; i < u->additional_gids.n; i++)
		if (!id_map_holds(m->gids.items, m->gids.n, u->additional_gids.items[i]))
			return err_set(err, -EINVAL,
				       "process.user.additionalGids[%zu]: %u is not in "
				       "linux.gidMappings",
				       i, u->additional_gids.items[i]);
	return 0;
}

/* devpts takes the number as the user namespace has it, and says no more than EINVAL. */
static int check_devpts(const struct oci_config *c, const struct oci_mount *mount, struct err *err)
{
	const struct oci_id_mappings *m = &c->linux_->mappings;

	for (size_t i = 0; i < mount->options.n; i++) {
		const char *gid = str_after(mount->options.items[i], "gid=");

		if (gid &&
		    !id_map_holds(m->gids.items, m->gids.n, (uint32_t)strtoul(gid, NULL, 10)))
			return err_set(err, -EINVAL,
				       "mount on %s: group %s is not in linux.gidMappings; remove "
				       "the option gid=%s, or map the group",
				       mount->destination, gid, gid);
	}
	return 0;
}

static int check_mapped(const struct oci_config *c, struct err *err)
{
	int r = check_user(c, err);

	for (size_t i = 0; i < c->mounts.n && r == 0; i++)
		if (str_eq(c->mounts.items[i].type, "devpts"))
			r = check_devpts(c, &c->mounts.items[i], err);
	return r;
}

static int check_mounts(const struct oci_config *c, struct err *err)
{
	for (size_t i = 0; i < c->mounts.n; i++) {
		const struct oci_mount *m = &c->mounts.items[i];

		if (m->mappings.uids.n || strv_has(&m->options, "idmap") ||
		    strv_has(&m->options, "ridmap"))
			return err_set(err, -ENOTSUP,
				       "mount on %s: only root can idmap the host's file systems; "
				       "remove idmap and its mappings",
				       m->destination);
	}
	return 0;
}

static int check_ordinary(const struct oci_config *c, struct err *err)
{
	const struct oci_id_mappings *m = &c->linux_->mappings;

	if (!oci_runtime_has_namespace(c, "user"))
		return err_set(err, -EPERM,
			       "linux.namespaces: an ordinary user needs one of type user, with "
			       "linux.uidMappings and linux.gidMappings; berth-oci spec --rootless "
			       "writes them");
	if (c->process->user.additional_gids.n && oci_runtime_has_new_namespace(c, "user") &&
	    id_map_is_single(m->gids.items, m->gids.n))
		return err_set(err, -EPERM,
			       "process.user.additionalGids: with one group alone in "
			       "linux.gidMappings the kernel lets nobody change groups; remove "
			       "them, or map a range of /etc/subgid");
	return 0;
}

int rootless_plan_check(const struct oci_config *c, const struct plan_facts *facts, struct err *err)
{
	int r = 0;

	if (facts->ordinary)
		r = check_ordinary(c, err);
	if (r == 0 && oci_runtime_has_new_namespace(c, "user"))
		r = check_mapped(c, err);
	return r < 0 || !facts->rootless ? r : check_mounts(c, err);
}
