/*
 * fuzz_registry.c - what registries answer and what users' configurations hold; the first byte says
 * which
 */
#include "base/own.h"
#include "codec/http_field.h"
#include "codec/ref.h"
#include "model/client_config.h"
#include "model/image_platform.h"
#include "model/registry_doc.h"
#include "model/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void change(const char *text, size_t size)
{
	OWN(buf) struct buf out = { 0 };
	OWN(buf) struct buf again = { 0 };
	const struct client_auth auth = { .key = "h:1", .user = "u", .password = "p" };
	bool had;

	if (client_config_change(text, size, "h:1", &auth, true, &out, &had, NULL) < 0)
		return;
	/* What we write, we can change again. */
	if (client_config_change(out.data, out.len, "h:1", NULL, false, &again, &had, NULL) < 0 ||
	    !had)
		__builtin_trap();
}

static void numbers(const char *text)
{
	if (http_field_number(text) < -1 || http_field_range_first(text) < -1 ||
	    http_field_upload_length(text) < 0)
		__builtin_trap();
}

/* What a name is at a registry: host, port, and where credentials for it are kept. */
static void platform_and_host(const char *text, struct arena *a)
{
	struct image_platform p, again;
	struct ref ref;

	if (ref_parse(text, &ref, NULL) == 0)
		(void)client_config_key(ref.domain, a);
	(void)client_config_key(text, a);
	if (image_platform_parse(text, a, &p, NULL) < 0)
		return;
	/* As it is written it is read again, and it fits itself. */
	if (image_platform_parse(image_platform_text(&p, a), a, &again, NULL) < 0 ||
	    !image_platform_fits(&p, &again))
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct http_challenges challenges = { 0 };
	struct registry_token token;
	struct client_config config;
	struct client_auth auth;
	struct settings settings;
	struct strv tags = { 0 };
	const char *text, *code, *line = NULL;

	if (size == 0)
		return 0;
	text = arena_strndup(&a, (const char *)data + 1, --size);
	switch (data[0] % 11) {
	case 0:
		(void)http_field_challenges(text, &a, &challenges);
		break;
	case 1:
		(void)http_field_next_link(text, &a);
		break;
	case 2:
		line = http_field_warning(text, &a);
		break;
	case 3:
		line = registry_doc_errors(text, size, &a, &code);
		break;
	case 4:
		(void)registry_doc_token(text, size, &a, &token, NULL);
		break;
	case 5:
		(void)registry_doc_tags(text, size, &a, &tags, NULL);
		break;
	case 6:
		if (client_config_read(text, size, &a, &config, NULL) == 0)
			(void)client_config_auth(&config, "h:1", &a);
		change(text, size);
		break;
	case 7:
		(void)client_config_read_helper(text, size, &a, &auth, NULL);
		break;
	case 8:
		numbers(text);
		break;
	case 9:
		platform_and_host(text, &a);
		break;
	default:
		(void)settings_read(text, size, &a, &settings, NULL);
		break;
	}
	for (; line && *line; line++)
		if ((unsigned char)*line < ' ' || *line == 0x7f)
			__builtin_trap();
	return 0;
}
