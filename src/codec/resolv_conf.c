/*
 * resolv_conf.c - the name servers in a resolv.conf(5)
 */
#include "codec/resolv_conf.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

static const char keyword[] = "nameserver";

int resolv_conf_parse_server(const char *text, size_t len, struct resolv_server *ret)
{
	struct resolv_server server = { .is_v6 = memchr(text, ':', len) != NULL };
	const char *percent = memchr(text, '%', len);
	size_t n = percent ? (size_t)(percent - text) : len, scope = percent ? len - n - 1 : 0;
	char address[INET6_ADDRSTRLEN];

	if (n >= sizeof(address) || scope >= sizeof(server.scope) ||
	    (percent && (!server.is_v6 || scope == 0)))
		return -EINVAL;
	memcpy(address, text, n);
	address[n] = '\0';
	if (percent)
		memcpy(server.scope, percent + 1, scope);
	if (inet_pton(server.is_v6 ? AF_INET6 : AF_INET, address, server.address) != 1)
		return -EINVAL;
	*ret = server;
	return 0;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* The word behind the keyword in a line; the length 0: the line is another one. */
static const char *value(const char *line, size_t len, size_t *ret_len)
{
	size_t at = sizeof(keyword) - 1, end;

	*ret_len = 0;
	if (len <= at || memcmp(line, keyword, at) || !is_space(line[at]))
		return line;
	while (at < len && is_space(line[at]))
		at++;
	for (end = at; end < len && !is_space(line[end]);)
		end++;
	*ret_len = end - at;
	return line + at;
}

size_t resolv_conf_servers(const char *text, size_t len,
			   struct resolv_server ret[RESOLV_CONF_SERVERS_MAX])
{
	size_t n = 0;

	while (len > 0 && n < RESOLV_CONF_SERVERS_MAX) {
		const char *newline = memchr(text, '\n', len), *word;
		size_t line = newline ? (size_t)(newline - text) : len, word_len;

		word = value(text, line, &word_len);
		if (word_len && resolv_conf_parse_server(word, word_len, &ret[n]) == 0)
			n++;
		line += newline ? 1 : 0;
		text += line;
		len -= line;
	}
	return n;
}
