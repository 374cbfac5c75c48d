/*
 * redirect.c - URLs: where an answer sends us, and whom we may trust there
 *
 * Taken apart by libcurl, so that what is checked is what is connected to.
 */
#include "registry/redirect.h"

#include "base/own.h"
#include "base/str.h"

#include <curl/curl.h>

static void url_cleanup(CURLU **u)
{
	curl_url_cleanup(*u);
}

static void part_cleanup(char **s)
{
	curl_free(*s);
}

static CURLU *parse(const char *url)
{
	CURLU *u = curl_url();

	if (u && curl_url_set(u, CURLUPART_URL, url, 0) != CURLUE_OK) {
		curl_url_cleanup(u);
		u = NULL;
	}
	return u;
}

static char *part(CURLU *u, CURLUPart which, unsigned flags)
{
	char *s = NULL;

	return curl_url_get(u, which, &s, flags) == CURLUE_OK ? s : NULL;
}

bool redirect_is_https(const char *url)
{
	return strncasecmp(url, "https://", strlen("https://")) == 0;
}

static bool is_web(const char *url)
{
	return redirect_is_https(url) || strncasecmp(url, "http://", strlen("http://")) == 0;
}

int redirect_resolve(const char *url, const char *location, bool insecure, char **ret_url,
		     struct err *err)
{
	OWN(url) CURLU *u = parse(url);
	OWN(part) char *absolute = NULL;
	OWN(part) char *user = NULL;

	if (!u || curl_url_set(u, CURLUPART_URL, location, 0) != CURLUE_OK ||
	    !(absolute = part(u, CURLUPART_URL, 0)) || !is_web(absolute))
		return err_set(err, -EPROTO,
			       "the registry sends us to \"%.200s\", which is no URL "
			       "of http or https",
			       location);
	user = part(u, CURLUPART_USER, 0);
	if (user)
		return err_set(err, -EPROTO,
			       "the registry sends us to a URL with a user's name in it");
	if (redirect_is_https(url) && !redirect_is_https(absolute) && !insecure)
		return err_set(err, -EPROTO,
			       "the registry sends us from https to http, which is only allowed "
			       "for hosts among insecure-registries");
	*ret_url = str_dup(absolute);
	return 0;
}

bool redirect_is_same_origin(const char *url, const char *other)
{
	static const CURLUPart parts[] = { CURLUPART_SCHEME, CURLUPART_HOST, CURLUPART_PORT };
	OWN(url) CURLU *a = parse(url);
	OWN(url) CURLU *b = parse(other);
	bool same = a && b;

	for (size_t i = 0; same && i < sizeof(parts) / sizeof(parts[0]); i++) {
		OWN(part) char *x = part(a, parts[i], CURLU_DEFAULT_PORT);
		OWN(part) char *y = part(b, parts[i], CURLU_DEFAULT_PORT);

		same = x && y && strcasecmp(x, y) == 0;
	}
	return same;
}

char *redirect_add_query(const char *url, const char *name, const char *value)
{
	OWN(part) char *escaped = curl_easy_escape(NULL, value, 0);

	return str_printf("%s%c%s=%s", url, strchr(url, '?') ? '&' : '?', name,
			  escaped ? escaped : "");
}

char *redirect_shown(const char *url)
{
	return str_printf("%.*s", (int)strcspn(url, "?#"), url);
}

char *redirect_host(const char *url)
{
	OWN(url) CURLU *u = parse(url);
	OWN(part) char *host = u ? part(u, CURLUPART_HOST, 0) : NULL;
	OWN(part) char *port = u ? part(u, CURLUPART_PORT, 0) : NULL;

	if (!host)
		return NULL;
	return port ? str_printf("%s:%s", host, port) : str_dup(host);
}
