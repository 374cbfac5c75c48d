/*
 * proxy.c - through which proxy a URL is reached
 *
 * libcurl would read the variables itself, but not HTTP_PROXY in capitals, which docker's users
 * have, and it would ask a proxy for 127.0.0.1.
 */
#include "registry/proxy.h"

#include "base/own.h"
#include "registry/endpoint.h"
#include "registry/redirect.h"

static const char *env_of_two(const char *lower, const char *upper)
{
	const char *value = getenv(lower);

	if (str_is_empty(value))
		value = getenv(upper);
	return str_is_empty(value) ? NULL : value;
}

const char *proxy_for(const char *url, const struct settings_proxies *settings)
{
	OWN(str) char *host = redirect_host(url);
	bool tls = redirect_is_https(url);
	const char *proxy = tls ? settings->https : settings->http;

	if (!host || endpoint_is_loopback(host))
		return "";
	if (!proxy && tls)
		proxy = env_of_two("https_proxy", "HTTPS_PROXY");
	/* In a CGI program that variable is a header field of whoever asks. */
	if (!proxy && !tls)
		proxy = env_of_two("http_proxy", getenv("REQUEST_METHOD") ? "" : "HTTP_PROXY");
	return proxy ? proxy : "";
}

const char *proxy_exceptions(const struct settings_proxies *settings)
{
	const char *list = settings->no_proxy;

	if (!list)
		list = env_of_two("no_proxy", "NO_PROXY");
	return list ? list : "";
}
