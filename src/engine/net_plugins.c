/*
 * net_plugins.c - what plugins have made for a container, and will have to undo
 */
#include "engine/net_plugins.h"

#include "base/own.h"
#include "codec/json.h"
#include "engine/cni_plugin.h"
#include "engine/network_driver_cni.h"
#include "sys/file.h"
#include "sys/namespace.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

enum { NOTE_MAX = 4 << 20 };
static const char note[] = "plugins", pin[] = "netns";

bool net_plugins_has(const struct network_doc *n)
{
	return str_after(n->driver, CNI_PREFIX) != NULL;
}

/* -- the note -- */

static int read_note(int dir, struct arena *a, struct cni_attachments *ret, struct err *err)
{
	OWN(str) char *text = NULL;
	size_t len;
	int r = file_read_at(dir, note, NOTE_MAX, &text, &len);

	*ret = (struct cni_attachments){ 0 };
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return err_code(err, r, "what plugins have made for the container");
	return schema_read(&cni_attachments_schema, text, len, a, ret, err);
}

static int write_note(int dir, const struct cni_attachments *all, struct err *err)
{
	OWN(buf) struct buf text = { 0 };
	int r = 0;

	if (all->items.n == 0) {
		if (unlinkat(dir, note, 0) < 0 && errno != ENOENT)
			r = -errno;
	} else {
		schema_write(&cni_attachments_schema, all, SCHEMA_COMPACT, &text);
		r = file_write_at(dir, note, text.data, text.len, 0600, 0);
	}
	return r < 0 ? err_code(err, r, "noting what plugins have made") : 0;
}

static struct cni_attachment *append(struct cni_attachments *all, const struct cni_attachment *one,
				     struct arena *a)
{
	struct cni_attachment *items = arena_array(a, all->items.n + 1, sizeof(*items));

	if (all->items.n)
		memcpy(items, all->items.items, all->items.n * sizeof(*items));
	items[all->items.n] = *one;
	all->items.items = items;
	return &items[all->items.n++];
}

static void drop(struct cni_attachments *all, size_t i)
{
	memmove(&all->items.items[i], &all->items.items[i + 1],
		(all->items.n - i - 1) * sizeof(*all->items.items));
	all->items.n--;
}

/* -- the pin -- */

static char *pin_path(const char *state, const char *id)
{
	return str_printf("%s/c/%s/%s", state, id, pin);
}

static bool is_pinned(const char *path)
{
	OWN(fd) int fd = namespace_open(path, CLONE_NEWNET);

	return fd >= 0;
}

static int pin_namespace(const char *path, int netns, struct err *err)
{
	OWN(str) char *from = str_printf("/proc/self/fd/%d", netns);
	OWN(fd) int file = -1;

	if (is_pinned(path))
		return 0;
	file = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (file < 0 || mount(from, path, NULL, MS_BIND, NULL) < 0)
		return err_sys(err, "%s", path);
	return 0;
}

static void unpin(const char *path)
{
	(void)umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW);
	(void)unlink(path);
}

/* -- asking -- */

static int ask(const char *command, const struct cni_attachment *at, const char *id,
	       const char *netns, struct buf *answer, struct err *err)
{
	OWN(json) struct json_object *conf = NULL;
	struct json_object *before = NULL;
	OWN(buf) struct buf text = { 0 };
	struct cni_call call = {
		.command = command,
		.type = at->type,
		.path = at->path,
		.container_id = id,
		.netns = netns,
		.interface = at->interface,
		.timeout = at->timeout,
	};
	int r = json_parse(at->conf, strlen(at->conf), &conf, err);

	if (r == 0 && at->result)
		r = json_parse(at->result, strlen(at->result), &before, err);
	if (r < 0)
		return r;
	if (before)
		json_object_object_add(conf, "prevResult", before);
	json_write(conf, &text);
	call.conf = buf_text(&text);
	return cni_plugin_call(&call, answer, err);
}

static int undo(const struct cni_attachment *at, const char *id, const char *path, struct err *err)
{
	OWN(buf) struct buf ignored = { 0 };
	int r = ask("DEL", at, id, is_pinned(path) ? path : "", &ignored, err);

	return r < 0 ? err_wrap(err, "leaving network %s", at->network) : 0;
}

static int leave_where(const char *state, const char *id, const char *network_id, int dir,
		       struct err *err)
{
	OWN(arena) struct arena a = ARENA_INIT;
	OWN(str) char *path = pin_path(state, id);
	struct err first = ERR_INIT, other = ERR_INIT;
	struct cni_attachments all;
	int r = read_note(dir, &a, &all, err);

	if (r < 0)
		return r;
	/* The last one first, as the specification asks. */
	for (size_t i = all.items.n; i-- > 0;) {
		if (network_id && !str_eq(all.items.items[i].network_id, network_id))
			continue;
		other = (struct err)ERR_INIT;
		if (undo(&all.items.items[i], id, path, &other) < 0 && first.code == 0)
			first = other;
		else
			(void)err_also(&first, &other);
		drop(&all, i);
		(void)write_note(dir, &all, &other);
	}
	if (all.items.n == 0)
		unpin(path);
	return first.code < 0 ? err_set(err, first.code, "%s", first.msg) : 0;
}

int net_plugins_leave(const char *state, const char *id, const char *network_id, int dir,
		      struct err *err)
{
	return leave_where(state, id, network_id, dir, err);
}

int net_plugins_leave_all(const char *state, const char *id, int dir, struct err *err)
{
	return leave_where(state, id, NULL, dir, err);
}

int net_plugins_check(const char *state, const char *id, int dir, struct err *err)
{
	OWN(arena) struct arena a = ARENA_INIT;
	OWN(str) char *path = pin_path(state, id);
	struct cni_attachments all;
	int r = read_note(dir, &a, &all, err);

	for (size_t i = 0; r == 0 && i < all.items.n; i++) {
		OWN(buf) struct buf ignored = { 0 };

		/* CHECK came with 0.4.0; without an answer to ADD there is nothing to check. */
		if (!all.items.items[i].result || strstr(all.items.items[i].conf, "\"0.3.1\""))
			continue;
		r = ask("CHECK", &all.items.items[i], id, path, &ignored, err);
		if (r < 0)
			r = err_wrap(err, "network %s", all.items.items[i].network);
	}
	return r;
}

/* -- joining -- */

static int take_over(const struct cni_result *result, struct endpoint *ep, struct arena *a,
		     struct strv *servers, struct err *err)
{
	struct cni_endpoint got;

	cni_endpoint_of(result, ep->interface, a, &got);
	if (!got.ip)
		return err_set(err, -EINVAL, "the plugin's answer has no IPv4 address");
	ep->ip = got.ip;
	ep->prefix = got.prefix;
	ep->gateway = got.gateway;
	ep->mac = got.mac;
	for (size_t i = 0; i < result->dns.nameservers.n; i++)
		if (!strchr(result->dns.nameservers.items[i], ':'))
			strv_add(servers, a, result->dns.nameservers.items[i]);
	return 0;
}

static int add(struct cni_attachment *at, const char *id, const char *path, struct endpoint *ep,
	       struct arena *a, struct strv *servers, struct err *err)
{
	OWN(buf) struct buf answer = { 0 };
	struct cni_result result;
	int r = ask("ADD", at, id, path, &answer, err);

	if (r < 0)
		return r;
	r = cni_read_result(buf_text(&answer), answer.len, a, &result, err);
	if (r < 0)
		return err_wrap(err, "network plugin %s: answer to ADD", at->type);
	at->result = arena_strndup(a, answer.data, answer.len);
	return take_over(&result, ep, a, servers, err);
}

/*
 * Of the last one: a plugin that failed may have been half-way, and what it says now adds nothing.
 * It is asked whatever the note says, which healing may have taken away while the plugin was at
 * work.
 */
static void give_up(struct cni_attachments *all, const char *id, const char *path, int dir)
{
	struct err ignored = ERR_INIT;

	(void)undo(&all->items.items[all->items.n - 1], id, path, &ignored);
	drop(all, all->items.n - 1);
	(void)write_note(dir, all, &ignored);
	if (all->items.n == 0)
		unpin(path);
}

int net_plugins_join(struct engine *e, const struct network_doc *n, const struct container *c,
		     struct endpoint *ep, bool leads_out, int dir, int netns, struct arena *a,
		     struct strv *servers, struct err *err)
{
	OWN(str) char *path = pin_path(e->state, c->id);
	struct cni_attachments all;
	struct cni_attachment new, *at;
	int r = read_note(dir, a, &all, err);

	network_driver_cni_conf(e, n, ep, leads_out, a, &new);
	if (r == 0)
		r = pin_namespace(path, netns, err);
	if (r < 0)
		return r;
	at = append(&all, &new, a);
	r = write_note(dir, &all, err);
	if (r == 0)
		r = add(at, c->id, path, ep, a, servers, err);
	if (r == 0)
		r = write_note(dir, &all, err);
	if (r < 0) {
		(void)err_wrap(err, "network %s", n->name);
		give_up(&all, c->id, path, dir);
	}
	return r;
}
