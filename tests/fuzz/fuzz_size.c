/*
 * fuzz_size.c - the short values of options: sizes, durations, times, signals, limits
 */
#include "base/own.h"
#include "base/str.h"
#include "codec/capability.h"
#include "codec/digest.h"
#include "codec/duration.h"
#include "codec/signal_name.h"
#include "codec/size.h"
#include "codec/timestamp.h"
#include "codec/ulimit_name.h"

static int32_t an_hour_east(int64_t at_s, char name[TIMESTAMP_ZONE_MAX])
{
	(void)at_s;
	(void)snprintf(name, TIMESTAMP_ZONE_MAX, "CET");
	return 3600;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWN(arena) struct arena a = ARENA_INIT;
	const char *text = arena_strndup(&a, (const char *)data, size);
	char human[SIZE_HUMAN_MAX], words[DURATION_HUMAN_MAX], stamp[TIMESTAMP_MAX];
	struct err err = ERR_INIT;
	int64_t n = 0, again, hard;
	int resource;

	if (size_parse(text, &n, &err) == 0 && n < 0)
		__builtin_trap();
	size_human(n, 3, human);
	size_human_binary(n, human);
	if (duration_parse(text, &n) == 0)
		duration_human(n, words);
	if (timestamp_parse(text, &n) == 0) {
		timestamp_write(n, stamp);
		if (timestamp_parse(stamp, &again) < 0 || again != n)
			__builtin_trap();
	}
	if (timestamp_parse_since(text, 1767323045000000000, an_hour_east, &n, &err) == 0)
		timestamp_write_fixed(n, stamp);
	resource = signal_name_parse(text);
	if (resource >= 0 && (resource < 1 || resource > 64))
		__builtin_trap();
	if (ulimit_parse(text, &resource, &n, &hard, &err) == 0 && !ulimit_name(resource))
		__builtin_trap();
	(void)capability_parse(text);
	(void)digest_algo(text);
	return 0;
}
