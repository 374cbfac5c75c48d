/* Documents of policies: what may be left out, what is refused and where. */
#include "base/own.h"
#include "check.h"
#include "model/network_policy.h"

#include <netinet/in.h>

static struct arena a;
static struct err err;

static struct network_policy_list read_all(const char *text)
{
	struct network_policy_list list = { 0 };

	if (network_policy_read(text, strlen(text), &a, &list, &err) < 0)
		fail_msg("%s", err.msg);
	return list;
}

static void check_refused(const char *text, const char *why)
{
	struct network_policy_list list;

	err = (struct err)ERR_INIT;
	CHECK_ERR(network_policy_read(text, strlen(text), &a, &list, &err), -EINVAL, &err, why);
}

/* "name: aa, selector: {}" and more. */
static void check_member_refused(const char *more, const char *why)
{
	check_refused(arena_printf(&a, "{name: aa, selector: {}, %s}", more), why);
}

TEST(yaml_and_json_are_the_same_policy)
{
	struct network_policy_list yaml = read_all("name: db\n"
						   "selector: {matchLabels: {app: db}}\n"
						   "ingress:\n"
						   "- from: [{selector: {}}]\n"
						   "  ports: [{port: 5432}]\n");
	struct network_policy_list json = read_all(
		"{\"name\":\"db\",\"selector\":{\"matchLabels\":{\"app\":\"db\"}},"
		"\"ingress\":[{\"from\":[{\"selector\":{}}],\"ports\":[{\"port\":5432}]}]}");
	OWN(buf) struct buf one = { 0 }, two = { 0 };

	schema_write(&network_policy_schema, &yaml.items[0], SCHEMA_FULL, &one);
	schema_write(&network_policy_schema, &json.items[0], SCHEMA_FULL, &two);
	CHECK_STR(buf_text(&one), buf_text(&two));
}

TEST(a_file_holds_documents_and_lists)
{
	struct network_policy_list all = read_all("name: aa\nselector: {}\n---\n"
						  "- {name: bb, selector: {}}\n"
						  "- {name: cc, selector: {}}\n");

	CHECK_INT(all.n, 3);
	CHECK_STR(all.items[2].name, "cc");
	check_refused("name: aa\nselector: {}\n---\nname: aa\nselector: {}\n",
		      "document 2: policy aa stands there twice");
	check_refused("# nothing\n", "there is no policy in it");
	check_refused("[1]", "not a policy");
}

TEST(directions_and_protocols_may_be_left_out_as_in_kubernetes)
{
	struct network_policy_list in = read_all("{name: aa, selector: {}}");
	struct network_policy_list both =
		read_all("{name: aa, selector: {}, egress: [{ports: [{port: 53, protocol: UDP}]}], "
			 "ingress: [{ports: [{port: 1}]}]}");
	const struct network_policy *p = &both.items[0];

	CHECK(network_policy_has(&in.items[0], POLICY_INGRESS));
	CHECK(!network_policy_has(&in.items[0], POLICY_EGRESS));
	CHECK(network_policy_has(p, POLICY_INGRESS) && network_policy_has(p, POLICY_EGRESS));
	CHECK_STR(p->egress.items[0].ports.items[0].protocol, "udp");
	CHECK_STR(p->ingress.items[0].ports.items[0].protocol, "tcp");
	CHECK_INT(p->version, NETWORK_POLICY_DOC_VERSION);
}

TEST(an_empty_selector_outlives_the_store)
{
	struct network_policy_list all =
		read_all("{name: aa, selector: {}, ingress: [{from: [{selector: {}}]}]}");
	OWN(buf) struct buf text = { 0 };
	struct network_policy again;

	schema_write(&network_policy_schema, &all.items[0], SCHEMA_COMPACT, &text);
	CHECK_OK(schema_read(&network_policy_schema, buf_text(&text), text.len, &a, &again, &err));
	CHECK_OK(network_policy_check(&again, &a, &err));
	assert_non_null(again.ingress.items[0].peers.items[0].selector);
}

TEST(what_is_wrong_is_named_with_its_place)
{
	check_refused("{selector: {}}", "name");
	check_refused("{name: aa}", "policy aa: selector: is missing");
	check_refused("{name: \"../x\", selector: {}}", "name: must be");
	check_member_refused("version: 2", "version: this Berth knows version 1 only");
	check_member_refused("podSelector: {}", "podSelector: there is no such setting");
	check_member_refused("directions: [up]", "directions: must be ingress, egress");
	check_member_refused("directions: [ingress], egress: [{}]", "egress: has rules");
	check_member_refused("ingress: [{from: [{}]}]", "ingress[0].from[0]: must be one of");
	check_member_refused("egress: [{to: [{world: true, cidr: 10.0.0.0/8}]}]",
			     "egress[0].to[0]: must be one of");
	check_member_refused("ingress: [{to: [{world: true}]}]", "ingress.to: there is no such");
	check_member_refused("ingress: [{from: [{cidr: 10.0.0.1/8}]}]",
			     "ingress[0].from[0].cidr: \"10.0.0.1/8\" has bits");
	check_member_refused("ingress: [{from: [{cidr: 10.0.0.0/8, except: [11.0.0.0/16]}]}]",
			     "from[0].except[0]: 11.0.0.0/16 is not within 10.0.0.0/8");
	check_member_refused("ingress: [{from: [{world: true, except: [11.0.0.0/16]}]}]",
			     "except: there is no cidr");
	check_member_refused("ingress: [{ports: [{port: 70000}]}]", "ports[0].port: must be 1 to");
	check_member_refused("ingress: [{ports: [{endPort: 1}]}]", "endPort: there is no port");
	check_member_refused("ingress: [{ports: [{port: 9, endPort: 8}]}]", "is less than port");
	check_member_refused("ingress: [{ports: [{protocol: icmp, port: 8}]}]",
			     "icmp has no ports");
	check_member_refused("ingress: [{ports: [{protocol: esp}]}]", "must be tcp, udp, sctp");
	check_member_refused("ingress: [{ports: [{port: http}]}]", "port");
	check_member_refused("ingress: [{from: [{selector: {matchExpressions: "
			     "[{key: a, operator: Like}]}}]}]",
			     "operator");
	check_refused("{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy}",
		      "a document of Kubernetes");
}

TEST(peers_times_ports_are_bounded)
{
	OWN(buf) struct buf text = { 0 };

	buf_adds(&text, "ingress: [{from: [");
	for (int i = 0; i < 64; i++)
		buf_adds(&text, "{world: true},");
	buf_adds(&text, "], ports: [");
	for (int i = 0; i < 64; i++)
		buf_adds(&text, "{port: 1},");
	buf_adds(&text, "]}]");
	check_member_refused(buf_text(&text), "ingress: more than 1024");
}

TEST(words_of_the_command_line_are_peers)
{
	static const char *const texts[] = { "world",    "10.0.0.0/8",
					     "fd00::/8", "network:front",
					     "app=web",  "example.com/app in (a,b)" };
	struct policy_peer peer;

	for (size_t i = 0; i < 6; i++) {
		CHECK_OK(network_policy_parse_peer(texts[i], &a, &peer, &err));
		CHECK_STR(network_policy_peer_text(&peer, &a), texts[i]);
	}
	CHECK_OK(network_policy_parse_peer("fd00::1", &a, &peer, &err));
	CHECK_STR(peer.cidr, "fd00::1/128");
	CHECK_ERR(network_policy_parse_peer("10.0.0.1/8", &a, &peer, &err), -EINVAL, &err, "bits");
}

TEST(words_of_the_command_line_are_ports)
{
	static const char *const good[] = { "tcp/80", "udp/53", "tcp/8000-8010", "icmp", "sctp" };
	static const char *const words[] = { "80", "53/udp", "8000-8010/tcp", "icmp", "sctp" };
	static const char *const bad[] = { "",    "0",   "65536", "80/esp", "80/icmp",
					   "9-8", "80-", "-80",   "http",   "80/tcp/x" };
	struct policy_port port;

	for (size_t i = 0; i < 5; i++) {
		CHECK_OK(network_policy_parse_port(words[i], &port, &err));
		CHECK_STR(network_policy_port_text(&port, &a), good[i]);
	}
	for (size_t i = 0; i < 10; i++)
		CHECK_ERR(network_policy_parse_port(bad[i], &port, &err), -EINVAL, &err,
			  "not a port");
	CHECK_INT(network_policy_protocol("SCTP"), IPPROTO_SCTP);
}

TESTS(T(yaml_and_json_are_the_same_policy), T(a_file_holds_documents_and_lists),
      T(directions_and_protocols_may_be_left_out_as_in_kubernetes),
      T(an_empty_selector_outlives_the_store), T(what_is_wrong_is_named_with_its_place),
      T(peers_times_ports_are_bounded), T(words_of_the_command_line_are_peers),
      T(words_of_the_command_line_are_ports))
