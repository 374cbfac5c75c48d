/*
 * place.h - where settings, certificates and the user's configuration are
 */
#ifndef REGISTRY_PLACE_H
#define REGISTRY_PLACE_H

#include "base/str.h"

/* BERTH_CONFIG, or /etc/berth/config.json. */
const char *place_settings(void);
/* Whether somebody asked for that file, so that it must be there. */
bool place_settings_is_asked_for(void);
/* Directories named certs.d: beside the settings, then docker's; for users also in their home. */
struct strv place_certs(struct arena *a);
/* DOCKER_CONFIG or ~/.docker, and config.json in it. Arena's; NULL when there is no home. */
const char *place_client_dir(struct arena *a);
const char *place_client_config(struct arena *a);

#endif
