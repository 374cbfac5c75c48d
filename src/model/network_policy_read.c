/*
 * network_policy_read.c - policies in files, YAML or JSON
 */
#include "model/network_policy.h"

#include "base/own.h"
#include "codec/json.h"
#include "codec/yaml.h"

/* A document is a policy or a list of them, as inspect prints. */
static int read_document(struct json_object *tree, struct arena *a,
			 struct network_policy_list *list, struct err *err)
{
	int r = 0;

	if (!json_object_is_type(tree, json_type_array))
		return network_policy_read_tree(tree, a, list, err);
	for (size_t i = 0; r == 0 && i < json_object_array_length(tree); i++) {
		r = network_policy_read_tree(json_object_array_get_idx(tree, i), a, list, err);
		if (r < 0)
			(void)err_wrap(err, "[%zu]", i);
	}
	return r;
}

int network_policy_read(const char *text, size_t len, struct arena *a,
			struct network_policy_list *ret, struct err *err)
{
	OWN(json) struct json_object *documents = NULL;
	struct network_policy_list list = {
		arena_array(a, NETWORK_POLICIES_MAX, sizeof(*list.items)), 0
	};
	int r = yaml_parse(text, len, &documents, err);
	size_t n = r == 0 ? json_object_array_length(documents) : 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		r = read_document(json_object_array_get_idx(documents, i), a, &list, err);
		if (r < 0 && n > 1)
			(void)err_wrap(err, "document %zu", i + 1);
	}
	if (r == 0 && list.n == 0)
		r = err_set(err, -EINVAL, "there is no policy in it");
	if (r == 0)
		*ret = list;
	return r;
}
