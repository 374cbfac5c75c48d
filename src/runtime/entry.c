/*
 * entry.c - the way into a held container of an ordinary user's
 *
 * Who calls its socket and says ENTER gets one message with its namespaces and its root
 * (init_entry.h). They are those of the process that its user made, for nobody else reaches the
 * socket's directory; each is held against the kind that it is said to be all the same.
 */
#include "runtime/entry.h"

#include "base/own.h"
#include "sys/fd_message.h"
#include "sys/namespace.h"

#include <errno.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static const int kinds[INIT_SPACES] = {
	CLONE_NEWUSER, CLONE_NEWNS,  CLONE_NEWPID,    CLONE_NEWNET,
	CLONE_NEWUTS,  CLONE_NEWIPC, CLONE_NEWCGROUP, CLONE_NEWTIME
};

struct init_entry *entry_new(struct arena *a)
{
	struct init_entry *entry = arena_new(a, struct init_entry);
	struct fd_message *m = arena_new(a, struct fd_message);

	fd_message_init(m, INIT_ENTER, INIT_ENTRY_FDS);
	entry->message = &m->header;
	entry->fds = m->fds;
	return entry;
}

void runtime_entry_cleanup(struct runtime_entry *entry)
{
	for (size_t i = 0; i < INIT_SPACES; i++)
		fd_cleanup(&entry->spaces[i]);
	fd_cleanup(&entry->root);
}

static int check(const struct runtime_entry *entry, struct err *err)
{
	for (size_t i = 0; i < INIT_SPACES; i++)
		if (ioctl(entry->spaces[i], NS_GET_NSTYPE) != kinds[i])
			return err_set(err, -EPROTO,
				       "the held container gave something else than "
				       "its %s namespace",
				       namespace_name(kinds[i]));
	return 0;
}

int runtime_entry_ask(int call, struct runtime_entry *ret, struct err *err)
{
	OWN(runtime_entry) struct runtime_entry entry = RUNTIME_ENTRY_INIT;
	const unsigned char enter = INIT_ENTER;
	int fds[INIT_ENTRY_FDS], r;

	r = send(call, &enter, 1, MSG_NOSIGNAL) == 1 ? 0 : -errno;
	if (r == 0)
		r = fd_message_receive(call, fds, INIT_ENTRY_FDS);
	if (r < 0)
		return err_code(err, r, "asking the held container for its namespaces");
	memcpy(entry.spaces, fds, sizeof(entry.spaces));
	entry.root = fds[INIT_SPACES];
	r = check(&entry, err);
	if (r < 0)
		return r;
	*ret = entry;
	entry = (struct runtime_entry)RUNTIME_ENTRY_INIT;
	return 0;
}

bool entry_differs(const struct runtime_entry *entry, int kind)
{
	for (size_t i = 0; i < INIT_SPACES; i++)
		if (kinds[i] == kind)
			return !namespace_is_ours(entry->spaces[i], namespace_name(kind));
	return false;
}

size_t entry_joins(const struct runtime_entry *entry, struct init_join *joins)
{
	size_t n = 0;

	for (size_t i = 0; i < INIT_SPACES; i++)
		if (entry_differs(entry, kinds[i]))
			joins[n++] = (struct init_join){ entry->spaces[i], kinds[i] };
	return n;
}
