/*
 * registry_probe.c - registry_probe REFERENCE manifest|head|tags|blob DIGEST SIZE [OFFSET LENGTH]
 *
 * The client of registries on its own: what it gets goes to stdout, notes and errors to stderr, and
 * the error's name is the exit status's reason. SIGINT cancels.
 */
#include "base/own.h"
#include "registry/registry.h"
#include "sys/file.h"

#include <signal.h>
#include <stdio.h>

static atomic_bool cancel;

static void on_signal(int sig)
{
	(void)sig;
	atomic_store(&cancel, true);
}

static void note(void *ctx, enum registry_note kind, const char *text)
{
	(void)ctx;
	(void)fprintf(stderr, "%s: %s\n", kind == REGISTRY_NOTE_WARNING ? "warning" : "retry",
		      text);
}

static int sink(void *ctx, const void *bytes, size_t n, struct err *err)
{
	(void)ctx;
	return file_write_all(STDOUT_FILENO, bytes, n) < 0 ? err_sys(err, "stdout") : 0;
}

static int manifest(struct registry_session *s, const char *what, struct arena *a, struct err *err)
{
	struct registry_manifest m;
	int r = registry_manifest_get(s, what, a, &m, err);

	if (r == 0) {
		(void)fprintf(stderr, "%s %s\n", m.media_type, m.digest);
		r = sink(NULL, m.text, m.len, err);
	}
	return r;
}

static int head(struct registry_session *s, const char *what, struct err *err)
{
	struct registry_descriptor d;
	int r = registry_manifest_head(s, what, &d, err);

	if (r == 0)
		(void)printf("%s %s %lld\n", d.media_type, d.digest, (long long)d.size);
	return r;
}

static int tags(struct registry_session *s, struct arena *a, struct err *err)
{
	struct strv all;
	int r = registry_tags(s, a, &all, err);

	for (size_t i = 0; r == 0 && i < all.n; i++)
		(void)printf("%s\n", all.items[i]);
	return r;
}

static int blob(struct registry_session *s, int argc, char **argv, struct err *err)
{
	const struct registry_blob b = {
		.digest = argv[3],
		.size = argc > 4 ? strtoll(argv[4], NULL, 10) : -1,
		.offset = argc > 5 ? strtoll(argv[5], NULL, 10) : 0,
		.length = argc > 6 ? strtoll(argv[6], NULL, 10) : -1,
		.sink = sink,
	};

	return registry_blob_get(s, &b, err);
}

static int run(int argc, char **argv, struct arena *a, struct err *err)
{
	OWN(registry_session) struct registry_session *s = NULL;
	struct settings settings;
	struct registry_spec spec = {
		.actions = REGISTRY_PULL,
		.settings = &settings,
		.cancel = &cancel,
		.note = note,
	};
	struct ref ref;
	const char *what;
	int r = ref_parse(argv[1], &ref, err);

	spec.ref = &ref;
	if (r == 0)
		r = registry_setup(err);
	if (r == 0)
		r = registry_settings(a, &settings, err);
	if (r == 0)
		r = registry_open(&spec, &s, err);
	if (r < 0)
		return r;
	what = *ref.digest ? ref.digest : ref.tag;
	if (str_eq(argv[2], "manifest"))
		return manifest(s, what, a, err);
	if (str_eq(argv[2], "head"))
		return head(s, what, err);
	if (str_eq(argv[2], "tags"))
		return tags(s, a, err);
	return argc > 3 ? blob(s, argc, argv, err) : err_set(err, -EINVAL, "which blob?");
}

int main(int argc, char **argv)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct err err = ERR_INIT;

	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGINT, on_signal);
	if (argc < 3 || run(argc, argv, &a, &err) < 0) {
		(void)fprintf(stderr, "%s: %s\n", strerrorname_np(-err.code), err.msg);
		return 1;
	}
	return 0;
}
