# berth network graph: the topology as text, for Graphviz, as JSON and as a picture.
load network_helper

setup_file() {
	export BERTH_ROOT=$BATS_FILE_TMPDIR/root BERTH_STATE=$BATS_FILE_TMPDIR/state
	mounts_before=$(($(wc -l </proc/self/mountinfo) + 2))
	export mounts_before
	hosts_setup
	berth import -c 'CMD ["sh"]' "$(busybox_tar)" busybox:latest >/dev/null
	berth network create --subnet 10.5.0.0/24 front >/dev/null
	berth network create --subnet 10.6.0.0/24 --internal back >/dev/null
	berth network policy create --selector tier=db --from app=web --port 5432 guard >/dev/null
	berth run -d --name web --network front --network back -p 8080:80 busybox sleep 1000 >/dev/null
	berth run -d --name db -l tier=db --network back busybox sleep 1000 >/dev/null
	berth run -d --name beside --network container:db busybox sleep 1000 >/dev/null
	berth run -d --name alone --network none busybox sleep 1000 >/dev/null
	berth create --name later --network front busybox >/dev/null
}

teardown() {
	expect_no_reports
}

teardown_file() {
	remove_all
	berth network policy rm guard >/dev/null
	berth network prune -f >/dev/null
	eventually no_links
	expect_nothing_left
	hosts_teardown
	expect_no_reports
}

@test "text: a tree of each network, with addresses, ports and policies" {
	run berth network graph
	expect_status 0
	expect_contains "front (bridge, 10.5.0.0/24, br-"
	expect_contains "└── web  10.5.0.2/24  0.0.0.0:8080->80/tcp"
	expect_contains "db  10.6.0.3/24  policies: guard"
	expect_contains "   └── beside  (shares its network)"
	expect_contains "└── alone"
	expect_contains "└── guard (tier=db)  ingress from app"
	expect_contains "tcp/5432"
	[[ "$output" == *"back (bridge, 10.6.0.0/24, br-"*", internal)"* ]]
	expect_lacks later
	run berth network graph --all
	expect_contains "later  (created)"
}

@test "JSON: every network, who is in it and where" {
	berth network graph --all --format json >"$BATS_TEST_TMPDIR/graph.json"
	run python3 - "$BATS_TEST_TMPDIR/graph.json" <<-'END'
	import json, sys
	g = json.load(open(sys.argv[1]))
	nets = {n["Name"]: n for n in g["Networks"]}
	boxes = {c["Name"]: c for c in g["Containers"]}
	print(sorted(nets), nets["back"]["Internal"], nets["front"]["Subnets"])
	print(sorted((c["Container"], c["Address"], c["Interface"]) for c in nets["back"]["Containers"]))
	print(boxes["db"]["Policies"], boxes["beside"]["SharesNetworkOf"], boxes["later"]["State"], boxes["web"]["Ports"])
	print([(p["Name"], p["Selector"]) for p in g["Policies"]])
	END
	expect_status 0
	expect_output "['back', 'bridge', 'front', 'host', 'none'] True ['10.5.0.0/24']
[('db', '10.6.0.3/24', 'eth0'), ('web', '10.6.0.2/24', 'eth1')]
['guard'] db created 0.0.0.0:8080->80/tcp
[('guard', 'tier=db')]"
}

@test "a picture is well-formed, and has every name, address and line" {
	berth network graph --format svg >"$BATS_TEST_TMPDIR/graph.svg"
	run python3 - "$BATS_TEST_TMPDIR/graph.svg" <<-'END'
	import sys, xml.etree.ElementTree as tree
	ns = "{http://www.w3.org/2000/svg}"
	root = tree.parse(sys.argv[1]).getroot()
	texts = [t.text for t in root.iter(ns + "text")]
	for want in ("web", "db", "front", "10.5.0.2/24", "policy guard", "shares the network of db", "0.0.0.0:8080->80/tcp"):
	    assert want in texts, want
	width, height = float(root.get("width")), float(root.get("height"))
	for r in root.iter(ns + "rect"):
	    assert float(r.get("x")) + float(r.get("width")) <= width and float(r.get("y")) + float(r.get("height")) <= height
	# One a place: web twice, db, and alone in none.
	print(root.tag == ns + "svg", len(list(root.iter(ns + "line"))))
	END
	expect_status 0
	expect_output "True 4"
}

@test "for Graphviz: nodes and edges, each identifier quoted" {
	run berth network graph --format dot
	expect_status 0
	[ "${lines[0]}" = "graph berth {" ]
	[ "${lines[-1]}" = "}" ]
	[ "$(grep -c ' -- .*style=solid' <<<"$output")" = 4 ]
	[ "$(grep -c ' -- .*style=dashed' <<<"$output")" = 1 ]
	[ "$(grep -c ' -- .*style=dotted' <<<"$output")" = 1 ]
	# Nothing stands outside of quotation marks but the words of the language.
	[ -z "$(sed -E 's/"(\\.|[^"\\])*"//g; 1d; $d' <<<"$output" | grep -vE '^	(rankdir=LR;|( -- )?  ?\[(shape|style)=[a-z]+, label=\];| --  \[style=[a-z]+, label=\];)$')" ]
}

@test "another form is refused with those that there are" {
	run berth network graph --format png
	expect_status 1
	expect_contains "png is no form of a graph; use text, dot, json or svg"
}
