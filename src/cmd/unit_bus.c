/*
 * unit_bus.c - units of systemd, made, changed and stopped over D-Bus
 *
 * Making and stopping are jobs: the call answers with the job's path, and the signal JobRemoved
 * says how it ended. The match is made before the call, so that the signal cannot be missed, and
 * signals that came before the answer are kept.
 */
#include "cmd/unit_bus.h"

#include "base/own.h"
#include "codec/variant.h"

#include <inttypes.h>
#include <systemd/sd-bus.h>
#include <time.h>

/* Longer than systemd waits before it kills what does not stop (TimeoutStopSec=). */
enum { JOB_WAIT_S = 120, REMOVED_MAX = 64 };

static const char service[] = "org.freedesktop.systemd1", object[] = "/org/freedesktop/systemd1",
		  manager[] = "org.freedesktop.systemd1.Manager",
		  private_socket[] = "unix:path=/run/systemd/private";

struct removed {
	char *job, *result;
};

struct unit_bus {
	sd_bus *bus;
	struct removed removed[REMOVED_MAX]; /* a ring */
	size_t n_removed;
};

static void message_cleanup(sd_bus_message **m)
{
	(void)sd_bus_message_unref(*m);
}

static void bus_error_cleanup(sd_bus_error *e)
{
	sd_bus_error_free(e);
}

static int failed(int r, const sd_bus_error *e, const char *what, const char *unit, struct err *err)
{
	if (sd_bus_error_is_set(e) && e->message)
		return err_set(err, r, "systemd: %s %s: %s", what, unit, e->message);
	return err_code(err, r, "systemd: %s %s", what, unit);
}

static int note_removed(sd_bus_message *m, void *ctx, sd_bus_error *e __attribute__((unused)))
{
	struct unit_bus *b = ctx;
	struct removed *at = &b->removed[b->n_removed % REMOVED_MAX];
	const char *job, *unit, *result;
	uint32_t id;
	int r = sd_bus_message_read(m, "uoss", &id, &job, &unit, &result);

	if (r < 0)
		return r;
	str_cleanup(&at->job);
	str_cleanup(&at->result);
	at->job = str_dup(job);
	at->result = str_dup(result);
	b->n_removed++;
	return 0;
}

/* Where no bus runs systemd still listens for root, and speaks to it without a bus between. */
static int open_private(sd_bus **ret)
{
	sd_bus *bus = NULL;
	int r = sd_bus_new(&bus);

	if (r >= 0)
		r = sd_bus_set_address(bus, private_socket);
	if (r >= 0)
		r = sd_bus_start(bus);
	if (r < 0) {
		(void)sd_bus_unref(bus);
		return r;
	}
	*ret = bus;
	return 0;
}

static int subscribe(struct unit_bus *b)
{
	int r = sd_bus_match_signal(b->bus, NULL, NULL, object, manager, "JobRemoved", note_removed,
				    b);

	return r < 0 ? r
		     : sd_bus_call_method(b->bus, service, object, manager, "Subscribe", NULL, NULL,
					  NULL);
}

int unit_bus_open(struct unit_bus **ret, struct err *err)
{
	OWN(unit_bus) struct unit_bus *b = calloc(1, sizeof(*b));
	int r = b ? sd_bus_open_system(&b->bus) : -ENOMEM, first = r;

	if (b && r < 0)
		r = open_private(&b->bus);
	if (r < 0)
		return err_code(err, first, "systemd cannot be reached over D-Bus; is it running?");
	r = subscribe(b);
	if (r < 0)
		return err_code(err, r, "systemd does not tell of its jobs");
	*ret = take(&b);
	return 0;
}

void unit_bus_cleanup(struct unit_bus **bus)
{
	struct unit_bus *b = *bus;

	if (!b)
		return;
	for (size_t i = 0; i < REMOVED_MAX; i++) {
		str_cleanup(&b->removed[i].job);
		str_cleanup(&b->removed[i].result);
	}
	(void)sd_bus_flush_close_unref(b->bus);
	free(b);
	*bus = NULL;
}

/* -- properties -- */

static int append_value(sd_bus_message *m, const struct variant *v);

static int append_items(sd_bus_message *m, char kind, const char *contents, const struct variant *v)
{
	int r = sd_bus_message_open_container(m, kind, contents);

	for (size_t i = 0; r >= 0 && i < v->n; i++)
		r = append_value(m, &v->items[i]);
	return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_tuple(sd_bus_message *m, const struct variant *v)
{
	OWN(str) char *contents = str_printf("%.*s", (int)strlen(v->type) - 2, v->type + 1);

	return append_items(m, SD_BUS_TYPE_STRUCT, contents, v);
}

static int append_value(sd_bus_message *m, const struct variant *v)
{
	/* Each type has its own width in the message. */
	uint8_t byte = (uint8_t)v->number;
	uint16_t half = (uint16_t)v->number;
	uint32_t word = (uint32_t)v->number;

	switch (v->type[0]) {
	case 'a':
		return append_items(m, SD_BUS_TYPE_ARRAY, v->type + 1, v);
	case '(':
		return append_tuple(m, v);
	case 's':
	case 'o':
	case 'g':
		return sd_bus_message_append_basic(m, v->type[0], v->string);
	case 'd':
		return sd_bus_message_append_basic(m, 'd', &v->real);
	case 'y':
		return sd_bus_message_append_basic(m, 'y', &byte);
	case 'n':
	case 'q':
		return sd_bus_message_append_basic(m, v->type[0], &half);
	case 'x':
	case 't':
		return sd_bus_message_append_basic(m, v->type[0], &v->number);
	case 'b':
	case 'i':
	case 'u':
		return sd_bus_message_append_basic(m, v->type[0], &word);
	default: /* a descriptor, which no text can hand over */
		return -EINVAL;
	}
}

static int append_property(sd_bus_message *m, const char *name, const struct variant *v)
{
	int r = sd_bus_message_open_container(m, SD_BUS_TYPE_STRUCT, "sv");

	if (r >= 0)
		r = sd_bus_message_append(m, "s", name);
	if (r >= 0)
		r = sd_bus_message_open_container(m, SD_BUS_TYPE_VARIANT, v->type);
	if (r >= 0)
		r = append_value(m, v);
	if (r >= 0)
		r = sd_bus_message_close_container(m);
	return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_properties(sd_bus_message *m, const struct str_map *properties, bool with_us,
			     struct arena *a, struct err *err)
{
	int r = sd_bus_message_open_container(m, SD_BUS_TYPE_ARRAY, "(sv)");

	for (size_t i = 0; r >= 0 && i < properties->n; i++) {
		const struct str_pair *p = &properties->items[i];
		struct variant v;

		if (variant_parse(p->value, a, &v, err) < 0)
			return err_wrap(err, "property %s", p->key);
		r = append_property(m, p->key, &v);
		if (r < 0)
			return err_code(err, r, "property %s", p->key);
	}
	if (r >= 0 && with_us)
		r = sd_bus_message_append(m, "(sv)", "PIDs", "au", 1, (uint32_t)getpid());
	if (r >= 0)
		r = sd_bus_message_close_container(m);
	return r < 0 ? err_code(err, r, "properties of a unit") : 0;
}

/* -- jobs -- */

static const char *result_of(const struct unit_bus *b, const char *job)
{
	for (size_t i = 0; i < REMOVED_MAX; i++)
		if (b->removed[i].job && str_eq(b->removed[i].job, job))
			return b->removed[i].result;
	return NULL;
}

static int64_t now_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static int wait_job(struct unit_bus *b, const char *job, const char *what, const char *unit,
		    struct err *err)
{
	int64_t end = now_us() + (int64_t)JOB_WAIT_S * 1000000, left;
	const char *result;

	while (!(result = result_of(b, job))) {
		int r = sd_bus_process(b->bus, NULL);

		left = end - now_us();
		if (r == 0 && left > 0)
			r = sd_bus_wait(b->bus, (uint64_t)left);
		if (r < 0 && r != -EINTR)
			return err_code(err, r, "systemd: %s %s", what, unit);
		if (left <= 0)
			return err_set(err, -ETIMEDOUT, "systemd: %s %s: not done after %d s", what,
				       unit, JOB_WAIT_S);
	}
	if (str_eq(result, "done") || str_eq(result, "skipped"))
		return 0;
	return err_set(err, -EIO, "systemd: %s %s: the job ended as \"%s\"; its journal says why",
		       what, unit, result);
}

static void forget_failure(struct unit_bus *b, const char *unit)
{
	(void)sd_bus_call_method(b->bus, service, object, manager, "ResetFailedUnit", NULL, NULL,
				 "s", unit);
}

static int start(struct unit_bus *b, const char *unit, const struct str_map *properties,
		 bool with_us, struct arena *a, bool *ret_exists, struct err *err)
{
	OWN(message) sd_bus_message *call = NULL, *answer = NULL;
	OWN(bus_error) sd_bus_error e = SD_BUS_ERROR_NULL;
	const char *job;
	int r = sd_bus_message_new_method_call(b->bus, &call, service, object, manager,
					       "StartTransientUnit");

	*ret_exists = false;
	if (r >= 0)
		r = sd_bus_message_append(call, "ss", unit, "replace");
	if (r < 0)
		return err_code(err, r, "systemd: making %s", unit);
	r = append_properties(call, properties, with_us, a, err);
	if (r < 0)
		return r;
	r = sd_bus_message_append(call, "a(sa(sv))", 0);
	if (r >= 0)
		r = sd_bus_call(b->bus, call, 0, &e, &answer);
	*ret_exists = sd_bus_error_has_name(&e, "org.freedesktop.systemd1.UnitExists");
	if (r >= 0)
		r = sd_bus_message_read(answer, "o", &job);
	if (r < 0)
		return failed(*ret_exists ? -EEXIST : r, &e, "making", unit, err);
	return wait_job(b, job, "making", unit, err);
}

static int group_of(struct unit_bus *b, const char *unit, struct arena *a, const char **ret,
		    struct err *err)
{
	OWN(bus_error) sd_bus_error e = SD_BUS_ERROR_NULL;
	OWN(str) char *path = NULL, *group = NULL;
	const char *interface = str_ends(unit, ".slice") ? "org.freedesktop.systemd1.Slice"
							 : "org.freedesktop.systemd1.Scope";
	int r = sd_bus_path_encode("/org/freedesktop/systemd1/unit", unit, &path);

	if (r >= 0)
		r = sd_bus_get_property_string(b->bus, service, path, interface, "ControlGroup", &e,
					       &group);
	if (r < 0)
		return failed(r, &e, "asking for the control group of", unit, err);
	*ret = arena_strdup(a, group);
	return 0;
}

int unit_bus_make(struct unit_bus *b, const char *unit, const struct str_map *properties,
		  bool with_us, struct arena *a, const char **ret_group, struct err *err)
{
	bool exists;
	int r = start(b, unit, properties, with_us, a, &exists, err);

	if (exists) {
		forget_failure(b, unit);
		r = start(b, unit, properties, with_us, a, &exists, err);
	}
	if (r == 0)
		r = group_of(b, unit, a, ret_group, err);
	/* A job that failed leaves a failed unit; one that somebody else has is not ours to touch.
	 */
	if (r < 0 && !exists)
		(void)unit_bus_stop(b, unit, NULL);
	return r;
}

int unit_bus_set(struct unit_bus *b, const char *unit, const struct str_map *properties,
		 struct arena *a, struct err *err)
{
	OWN(message) sd_bus_message *call = NULL;
	OWN(bus_error) sd_bus_error e = SD_BUS_ERROR_NULL;
	int r = sd_bus_message_new_method_call(b->bus, &call, service, object, manager,
					       "SetUnitProperties");

	if (r >= 0)
		r = sd_bus_message_append(call, "sb", unit, 1); /* not for good */
	if (r < 0)
		return err_code(err, r, "systemd: changing %s", unit);
	r = append_properties(call, properties, false, a, err);
	if (r < 0)
		return r;
	r = sd_bus_call(b->bus, call, 0, &e, NULL);
	return r < 0 ? failed(r, &e, "changing", unit, err) : 0;
}

int unit_bus_stop(struct unit_bus *b, const char *unit, struct err *err)
{
	OWN(message) sd_bus_message *answer = NULL;
	OWN(bus_error) sd_bus_error e = SD_BUS_ERROR_NULL;
	const char *job;
	int r = sd_bus_call_method(b->bus, service, object, manager, "StopUnit", &e, &answer, "ss",
				   unit, "replace");

	if (r >= 0)
		r = sd_bus_message_read(answer, "o", &job);
	if (sd_bus_error_has_name(&e, "org.freedesktop.systemd1.NoSuchUnit"))
		return 0;
	r = r < 0 ? failed(r, &e, "stopping", unit, err) : wait_job(b, job, "stopping", unit, err);
	forget_failure(b, unit);
	return r;
}
