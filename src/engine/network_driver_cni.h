/*
 * network_driver_cni.h - networks that are made by programs of others
 */
#ifndef ENGINE_NETWORK_DRIVER_CNI_H
#define ENGINE_NETWORK_DRIVER_CNI_H

#include "engine/network_driver.h"
#include "model/cni.h"

/* A container's addresses come from a plugin's answer, and are none of our pools'. */
bool network_driver_cni_gives_addresses(const struct network_doc *n);
/* What the plugin is told for a container's interface. leads_out: by it its default route leads. */
void network_driver_cni_conf(struct engine *e, const struct network_doc *n,
			     const struct endpoint *ep, bool leads_out, struct arena *a,
			     struct cni_attachment *ret);

#endif
