/*
 * format.c - lists in the form that --format asks for: a table, a template, JSON
 */
#include "cmd/format.h"

#include "base/own.h"
#include "cmd/table.h"
#include "codec/gotmpl.h"
#include "codec/json.h"

/* Members of documents that are maps in docker's types: a missing key there is no error. */
static const char *const maps[] = {
	"Annotations", "ExposedPorts", "Labels", "Networks", "Options",    "Ports", "PortBindings",
	"StorageOpt",  "Sysctls",      "Tmpfs",  "Volumes",  "DriverOpts", NULL,
};

/* And what is nil in them when it is not set. */
static const char *const lists[] = {
	"Aliases",     "Binds",      "CapAdd",
	"CapDrop",     "Cmd",        "DNSNames",
	"Entrypoint",  "Env",        "DeviceCgroupRules",
	"ExecIDs",     "ExtraHosts", "DeviceRequests",
	"GroupAdd",    "Links",      "OnBuild",
	"SecurityOpt", "Shell",      "SecondaryIPAddresses",
	"VolumesFrom", "Mounts",     "SecondaryIPv6Addresses",
	NULL,
};
static const char *const pointers[] = {
	"Health",           "Healthcheck",    "IPAMConfig", "Init",
	"MemorySwappiness", "OomKillDisable", "PidsLimit",  "StopTimeout",
	"SizeRw",           "SizeRootFs",     NULL,
};

/* docker has both steps in a user's format, so that a shell needs no $'…'. */
static const char *unescape(const char *s, struct arena *a)
{
	OWN(buf) struct buf out = { 0 };

	for (; *s; s++) {
		if (s[0] == '\\' && (s[1] == 't' || s[1] == 'n'))
			buf_addc(&out, *++s == 't' ? '\t' : '\n');
		else
			buf_addc(&out, *s);
	}
	return arena_strdup(a, buf_text(&out));
}

/* .Label "key": its value, or nothing. */
static struct json_object *row_label(const void *ctx, const char *name, const char *key,
				     bool *ret_known)
{
	const struct str_map *labels = ctx;
	const char *value = labels ? str_map_get(labels, key) : NULL;

	*ret_known = str_eq(name, "Label");
	return *ret_known ? json_object_new_string(value ? value : "") : NULL;
}

/* In a heading: the last word of the key, "com.example.my-key" is "my key". */
static struct json_object *heading_label(const void *ctx, const char *name, const char *key,
					 bool *ret_known)
{
	OWN(buf) struct buf out = { 0 };
	const char *dot = strrchr(key, '.');

	(void)ctx;
	*ret_known = str_eq(name, "Label");
	for (const char *s = dot ? dot + 1 : key; *s; s++)
		buf_addc(&out, strchr("-_", *s) ? ' ' : *s);
	return json_object_new_string(buf_text(&out));
}

int format_init(struct format *f, const struct format_kind *kind, const char *text,
		const char *usual_table, struct arena *a, struct err *err)
{
	const char *rest = text ? str_after(text, "table") : "";
	struct gotmpl *t;

	*f = (struct format){ .kind = kind };
	if (rest) {
		while (*rest == ' ' || *rest == '\t')
			rest++;
		f->is_table = true;
		text = *rest ? rest : usual_table;
	} else if (str_eq(text, "json")) {
		text = "{{json .}}";
	}
	if (gotmpl_parse(unescape(text, a), a, &t, err) < 0)
		return err_wrap(err, "template parsing error");
	f->template = t;
	return 0;
}

bool format_uses(const struct format *f, const char *field)
{
	return gotmpl_uses(f->template, field);
}

int format_row(struct format *f, struct json_object *row, const struct str_map *labels,
	       struct err *err)
{
	const struct gotmpl_types types = {
		.name = f->kind->type, .maps = maps, .method = row_label, .ctx = labels
	};

	if (gotmpl_run(f->template, row, &types, &f->rows, err) < 0)
		return err_wrap(err, "template parsing error");
	buf_addc(&f->rows, '\n');
	return 0;
}

int format_finish(struct format *f, struct buf *out, struct err *err)
{
	const struct gotmpl_types types = { .headings = true, .method = heading_label };
	OWN(json) struct json_object *headings = NULL;
	OWN(buf) struct buf text = { 0 };

	if (!f->is_table) {
		buf_add(out, buf_text(&f->rows), f->rows.len);
		return 0;
	}
	headings = json_object_new_object();
	for (const struct format_heading *h = f->kind->headings; h->field; h++)
		json_object_object_add(headings, h->field, json_object_new_string(h->heading));
	if (gotmpl_run(f->template, headings, &types, &text, err) < 0)
		return err_wrap(err, "template parsing error");
	buf_addc(&text, '\n');
	buf_add(&text, buf_text(&f->rows), f->rows.len);
	table_write(buf_text(&text), TABLE_CELL_LEAST, out);
	return 0;
}

int format_document(const char *text, struct json_object *doc, struct arena *a, struct buf *out,
		    struct err *err)
{
	const struct gotmpl_types types = { .maps = maps, .lists = lists, .pointers = pointers };
	struct gotmpl *t;

	if (str_eq(text, "json"))
		text = "{{json .}}";
	if (gotmpl_parse(text, a, &t, err) < 0 || gotmpl_run(t, doc, &types, out, err) < 0)
		return err_wrap(err, "template parsing error");
	buf_addc(out, '\n');
	return 0;
}
