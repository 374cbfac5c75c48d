/*
 * container_rename.c - another name for a container, running or not
 *
 * One transaction on the document as it stands: no lock is needed, for whoever else writes a
 * document changes its state only.
 */
#include "engine/container_query.h"
#include "engine/net_names.h"

#include "base/own.h"

static int check(const struct container *c, const char *name, struct err *err)
{
	if (str_is_empty(name))
		return err_set(err, -EINVAL, "Neither old nor new names may be empty");
	if (!container_name_is_valid(name) || strlen(name) > CONTAINER_NAME_MAX)
		return err_set(
			err, -EINVAL,
			"Invalid container name (%.64s), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed",
			name);
	if (str_eq(c->name, name))
		return err_set(err, -EINVAL,
			       "Renaming a container with the same name as its current name");
	return 0;
}

static int rename_in(struct state_txn *txn, struct container *c, const char *name, struct arena *a,
		     struct err *err)
{
	const char *owner = "";
	int r = state_put_new(txn, STATE_CONTAINER_NAMES, name, c->id, CONTAINER_ID_LEN, err);

	if (r == -EEXIST) {
		(void)state_get_str(txn, STATE_CONTAINER_NAMES, name, a, &owner);
		return err_set(
			err, r,
			"Conflict. The container name \"/%s\" is already in use by container "
			"\"%s\". You have to remove (or rename) that container to be able to "
			"reuse that name.",
			name, owner);
	}
	if (r == 0)
		r = state_del(txn, STATE_CONTAINER_NAMES, c->name, err);
	c->name = name;
	return r < 0 ? r : state_put_doc(txn, STATE_CONTAINERS, c->id, &container_schema, c, err);
}

int container_rename(struct engine *e, const char *name, const char *new_name, struct err *err)
{
	OWN(state_txn) struct state_txn *txn = NULL;
	OWN(arena) struct arena a = ARENA_INIT;
	const char *bare = new_name[0] == '/' ? new_name + 1 : new_name;
	char id[CONTAINER_ID_LEN + 1];
	struct container c;
	int r = state_begin(e->st, STATE_WRITE, &txn, err);

	if (r == 0)
		r = container_query_id(txn, name, id, err);
	if (r == 0)
		r = state_get_doc(txn, STATE_CONTAINERS, id, &container_schema, &a, &c, err);
	if (r == 0)
		r = check(&c, bare, err);
	if (r == 0)
		r = rename_in(txn, &c, bare, &a, err);
	if (r == 0)
		r = state_commit(&txn, err);
	/* One that has ended meanwhile has no names, and is given none. */
	if (r == 0 && container_status_is_up(&c))
		(void)net_names_publish(e, &c, NULL);
	return r;
}
