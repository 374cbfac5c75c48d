/*
 * main_berth_systemd.c - what berth-oci has systemd do
 *
 *	berth-systemd make|hold|set|stop UNIT [NAME VALUE]...
 *
 * A program of its own, because libsystemd is a shared library and berth-oci is static. Standard
 * input is a stream socket: one line is the answer, "ok GROUP" or "error TEXT".
 *
 * A scope cannot be without a process, and the container's first one is to be born in it. So `hold`
 * puts itself into the new scope, and stays until the other side says or closes, or is killed: then
 * the kernel kills this one, the scope is empty, and systemd removes it.
 */
#include "base/log.h"
#include "base/own.h"
#include "cmd/unit_bus.h"
#include "sys/file.h"

#include <signal.h>
#include <sys/prctl.h>

static int act(const char *verb, const char *unit, const struct str_map *properties,
	       struct arena *a, const char **ret_group, struct err *err)
{
	OWN(unit_bus) struct unit_bus *bus = NULL;
	int r = unit_bus_open(&bus, err);

	*ret_group = "";
	if (r < 0)
		return r;
	if (str_eq(verb, "make") || str_eq(verb, "hold"))
		return unit_bus_make(bus, unit, properties, verb[0] == 'h', a, ret_group, err);
	if (str_eq(verb, "set"))
		return unit_bus_set(bus, unit, properties, a, err);
	if (str_eq(verb, "stop"))
		return unit_bus_stop(bus, unit, err);
	return err_set(err, -EINVAL, "unknown verb %s", verb);
}

static int answer(int r, const char *group, const struct err *err)
{
	OWN(buf) struct buf line = { 0 };

	buf_printf(&line, r < 0 ? "error %s\n" : "ok %s\n", r < 0 ? err->msg : group);
	return file_write_all(STDIN_FILENO, line.data, line.len);
}

int main(int argc, char **argv)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct str_map properties = { 0 };
	struct err err = ERR_INIT;
	const char *group;
	char word;
	int r;

	log_init("berth-systemd", LOG_WARN);
	if (argc < 3 || argc % 2 == 0) {
		log_error("berth-oci starts this program: make|hold|set|stop UNIT [NAME VALUE]...");
		return 2;
	}
	/* Whoever died before that has closed the socket. */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)signal(SIGPIPE, SIG_IGN);
	for (int i = 3; i < argc; i += 2)
		str_map_set(&properties, &a, argv[i], argv[i + 1]);
	r = act(argv[1], argv[2], &properties, &a, &group, &err);
	if (answer(r, group, &err) < 0 || r < 0)
		return 1;
	if (str_eq(argv[1], "hold"))
		(void)!read(STDIN_FILENO, &word, 1);
	return 0;
}
