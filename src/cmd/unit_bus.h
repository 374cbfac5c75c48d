/*
 * unit_bus.h - units of systemd, made, changed and stopped over D-Bus
 *
 * org.freedesktop.systemd1(5). Needs libsystemd, so it is in berth-systemd alone.
 */
#ifndef CMD_UNIT_BUS_H
#define CMD_UNIT_BUS_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>

struct unit_bus;
void unit_bus_cleanup(struct unit_bus **bus);

/* The system's bus, or systemd's own socket where no bus runs. */
int unit_bus_open(struct unit_bus **ret, struct err *err);
/*
 * Makes a transient unit and waits until it is there. Properties are names and values as
 * codec/variant.h reads them. with_us: this process becomes its first. A failed unit of that name
 * is forgotten first; one that lives is -EEXIST. *ret_group is the path of its control group, the
 * arena's. On failure no unit is left.
 */
int unit_bus_make(struct unit_bus *bus, const char *unit, const struct str_map *properties,
		  bool with_us, struct arena *a, const char **ret_group, struct err *err);
/* Changes properties until the next boot. */
int unit_bus_set(struct unit_bus *bus, const char *unit, const struct str_map *properties,
		 struct arena *a, struct err *err);
/* Stops it, waits for that, and has its failure forgotten. No such unit is fine. */
int unit_bus_stop(struct unit_bus *bus, const char *unit, struct err *err);

#endif
