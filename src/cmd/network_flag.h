/*
 * network_flag.h - values of --network and -p
 */
#ifndef CMD_NETWORK_FLAG_H
#define CMD_NETWORK_FLAG_H

#include "codec/publish.h"
#include "model/container.h"

/* "backend", or "name=backend,ip=10.0.0.5,mac-address=…". -EINVAL with the reason. */
int network_flag_parse(const char *text, struct arena *a, struct endpoint *ret, struct err *err);
/* One of an endpoint's options, "KEY=VALUE". -EINVAL. */
int network_flag_option(const char *text, struct arena *a, struct endpoint *ep, struct err *err);

/* What publish_parse() takes, or docker's long form: "target=80,published=8080,protocol=tcp". */
int network_flag_publish(const char *text, struct arena *a, struct publish *ret, struct err *err);
/* A binding for each port of them; all are exposed, too. */
void network_flag_bind(const struct publish *all, size_t n, struct arena *a, struct host_config *h,
		       struct container_config *c);

#endif
