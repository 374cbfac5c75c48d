/*
 * proxy.h - through which proxy a URL is reached
 */
#ifndef REGISTRY_PROXY_H
#define REGISTRY_PROXY_H

#include "model/settings.h"

/*
 * The proxy's URL, or "" for none: of the settings, else of HTTPS_PROXY, HTTP_PROXY (either case).
 * What is on this machine is never asked through a proxy.
 */
const char *proxy_for(const char *url, const struct settings_proxies *settings);
/* Hosts that are reached without: of the settings, else NO_PROXY; may be "". */
const char *proxy_exceptions(const struct settings_proxies *settings);

#endif
