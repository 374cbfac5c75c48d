# Label policies: what passes between containers, from outside and out, and what explains it.
# BERTH_TEST_SEED chooses the random ones.
load network_helper

setup_file() {
	export BERTH_ROOT=$BATS_FILE_TMPDIR/root BERTH_STATE=$BATS_FILE_TMPDIR/state
	mounts_before=$(($(wc -l </proc/self/mountinfo) + 2))
	export mounts_before
	hosts_setup
	berth import -c 'CMD ["sh"]' "$(busybox_tar)" busybox:latest >/dev/null
}

teardown() {
	remove_all
	remove_policies
	berth network prune -f >/dev/null
	expect_no_reports
}

teardown_file() {
	remove_all
	eventually no_links
	expect_nothing_left
	hosts_teardown
	expect_no_reports
}

remove_policies() {
	local all

	all=$(berth network policy ls -q)
	# shellcheck disable=SC2086
	[ -z "$all" ] || berth network policy rm $all >/dev/null
}

# server NAME [OPTION...]: answers "hello from NAME" at port 80
server() {
	berth run -d --name "$1" --hostname "$1" "${@:2}" busybox sh -c "$serve" >/dev/null
}

# A server listens again a moment after it has answered.
answers() {
	[ "$(ask_in "$1" "$(address_of "$2")" 80)" = "hello from $2" ]
}

silent() {
	[ "$(ask_in "$1" "$(address_of "$2")" 80)" = "no answer" ]
}

# says FROM TO TEXT: of explain
says() {
	run berth network explain "$1" "$2"
	expect_contains "$3"
}

policy_table() {
	on host nft list table inet berth_policy 2>/dev/null
}

@test "without policies there is no table, and neighbours talk" {
	server db -l app=db
	server web -l app=web
	eventually answers web db
	run policy_table
	expect_status 1
	says web db:80 "passes: no policy selects either end"
}

@test "a network that a running container is connected to is judged as those that it began with" {
	berth network create quay >/dev/null
	server db -l app=db --network quay
	berth run -d --name web -l app=web busybox sleep 1000 >/dev/null
	berth run -d --name other busybox sleep 1000 >/dev/null
	berth network policy create --selector app=db --from app=web db >/dev/null
	berth network connect quay web
	berth network connect quay other
	ip=$(address_of db)
	hears() { [ "$(ask_in web "$ip" 80)" = "hello from db" ]; }
	eventually hears
	[ "$(ask_in other "$ip" 80)" = "no answer" ]
	berth network disconnect quay web
	[ "$(ask_in web "$ip" 80)" = "no answer" ]
}

@test "a policy lets in whom it names, at once and for those who come later" {
	server db -l app=db
	server web -l app=web
	server other
	eventually answers other db
	run berth network policy create --selector app=db --from app=web --port 80 db
	expect_output db
	eventually answers web db
	silent other db
	says web db:80 "passes: ingress rule 1 of policy db"
	says other db:80 "does not pass: policy db selects db for ingress"
	says web db:81 "does not pass"
	says web db "but tcp/80 passes"
	server late -l app=web
	server second -l app=db
	eventually answers late second
	silent other second
	# What is not selected is as free as before, also as a client.
	eventually answers db other
	berth network policy rm db
	eventually answers other db
}

@test "a container that has gone leaves nothing, and the last policy takes the table along" {
	server db -l app=db
	server web -l app=web
	berth network policy create --selector app=db --from app=web db >/dev/null
	# What is in sets: the networks, who is selected and by which chain, and the peer.
	[ "$(policy_table | grep -c elements)" = 4 ]
	berth rm -f db web >/dev/null
	run policy_table
	expect_lacks "chain in_"
	[ "$(policy_table | grep -c elements)" = 1 ]
	berth run --rm -l app=db busybox true
	run policy_table
	expect_lacks "chain in_"
	[ "$(policy_table | grep -c elements)" = 1 ]
	berth network policy rm db
	run policy_table
	expect_status 1
}

@test "an open connection is cut when it is no longer allowed" {
	server db -l app=db
	berth run -d --name sink busybox sh -c 'tail -f /dev/null | nc -l -p 99 >/got' >/dev/null
	berth run -d --name source busybox sh -c 'while :; do while :; do echo tick; sleep 0.1; done | nc '"$(address_of sink)"' 99; done' >/dev/null
	got() { berth exec sink cat /got | wc -l; }
	flows() { [ "$(got)" -gt 3 ]; }
	eventually flows
	berth network policy create --selector '*' --from nobody=here shut >/dev/null
	before=$(got)
	sleep 0.5
	[ "$(got)" -le $((before + 2)) ]
}

@test "egress: out to whom it names, and the world is what no network has" {
	server db
	server web -l app=web
	server roamer -l app=roamer
	on outside sh -c 'while :; do echo hello from outside | busybox nc -l -p 8080; done' 3>&- &
	outside=$!
	eventually is_open outside 1F90
	berth network policy apply -f - >/dev/null <<-'EOF'
	name: web
	selector: {matchLabels: {app: web}}
	egress:
	- to: [{cidr: 172.17.0.0/16}]
	  ports: [{port: 80}]
	---
	name: roamer
	selector: {matchLabels: {app: roamer}}
	directions: [egress]
	egress: [{to: [{world: true}]}]
	EOF
	eventually answers web db
	[ "$(ask_in web 192.0.2.2 8080)" = "no answer" ]
	reached() { [ "$(ask_in roamer 192.0.2.2 8080)" = "hello from outside" ]; }
	eventually reached
	silent roamer db
	says web 192.0.2.2:8080 "does not pass: policy web selects web for egress"
	says roamer 192.0.2.2:8080 "passes: egress rule 1 of policy roamer"
	kill "$outside"
	on outside busybox fuser -k 8080/tcp || true
}

@test "from outside: a published port is for whom the policy lets in" {
	server db -l app=db -p 8080:80
	served() { [ "$(ask outside 192.0.2.1 8080)" = "hello from db" ]; }
	eventually served
	berth network policy create --selector app=db --from 198.51.100.0/24 db >/dev/null
	[ "$(ask outside 192.0.2.1 8080)" = "no answer" ]
	says 192.0.2.2 db:80 "does not pass: policy db selects db for ingress"
	says 192.0.2.2 db:81 "does not publish it"
	echo '{name: db, selector: {matchLabels: {app: db}}, ingress: [{from: [{world: true}], ports: [{port: 80}]}]}' >"$BATS_TEST_TMPDIR/db.json"
	run berth network policy apply -f "$BATS_TEST_TMPDIR/db.json"
	expect_output "policy db configured"
	eventually served
	says world db:80 "passes: ingress rule 1 of policy db"
}

@test "networks stay apart whatever a policy allows" {
	berth network create one >/dev/null
	berth network create two >/dev/null
	server left --network one
	server right --network two
	berth network policy create --selector '*' --from '*' --to '*' all >/dev/null
	silent left right
	says left right:80 "does not pass: left and right share no network"
}

@test "a peer may be a network" {
	berth network create one >/dev/null
	server db --network one -l app=db
	server web --network one
	berth network policy create --selector app=db --from network:one db >/dev/null
	eventually answers web db
	berth network policy apply -f - <<<'{name: db, selector: {matchLabels: {app: db}}, ingress: [{from: [{network: other}]}]}' >/dev/null
	silent web db
}

@test "random policies: what explain says is what happens" {
	RANDOM=${BERTH_TEST_SEED:-1}
	keys=(app tier) values=(a b) names=(n1 n2 n3 n4)
	label() { echo "${keys[RANDOM % 2]}=${values[RANDOM % 2]}"; }
	for n in "${names[@]}"; do server "$n" -l "app=${values[RANDOM % 2]}" -l "tier=${values[RANDOM % 2]}"; done
	for _ in 1 2 3 4; do
		remove_policies
		for p in p1 p2 p3; do
			berth network policy create --selector "$(label)" \
				"--$([ $((RANDOM % 2)) = 0 ] && echo from || echo to)" "$(label)" --port $((79 + RANDOM % 2 + RANDOM % 2)) $p >/dev/null
		done
		# Silence takes a second to hear; all that should be silent are asked at once.
		quiet=()
		for from in "${names[@]}"; do
			for to in "${names[@]}"; do
				[ "$from" != "$to" ] || continue
				echo "$from to $to: $(berth network explain "$from" "$to:80")" >&2
				if [ "$(berth network explain --json "$from" "$to:80" | grep -c '"Passes": true')" = 1 ]; then
					eventually answers "$from" "$to"
				else
					silent "$from" "$to" 3>&- &
					quiet+=($!)
				fi
			done
		done
		for asked in "${quiet[@]}"; do wait "$asked"; done
	done
}

@test "policies are listed and inspected, and inspect's output can be applied" {
	berth network policy create --selector 'app in (db,cache),!old' --from app=web --from network:bridge --to world --port 53/udp --port icmp db >/dev/null
	run berth network policy ls --format '{{.Name}}|{{.Selector}}|{{.Directions}}|{{.Ingress}}|{{.Egress}}'
	expect_output "db|app in (db,cache),!old|ingress,egress|1|1"
	run berth network policy ls -q --filter direction=egress --filter name=d
	expect_output db
	run berth network policy ls -q --filter name=x
	expect_output ""
	run berth network policy ls
	[[ "${lines[0]}" =~ ^NAME\ +SELECTOR\ +DIRECTIONS ]]
	berth network policy inspect db >"$BATS_TEST_TMPDIR/db.json"
	run berth network policy apply -f "$BATS_TEST_TMPDIR/db.json"
	expect_output "policy db unchanged"
	run berth network policy inspect -f '{{(index .ingress 0).ports}}' db
	expect_status 0
	run berth __complete network policy rm d
	expect_contains db
	run berth network --help
	expect_contains "policy "
	run berth network policy --help
	expect_contains "apply "
}

@test "what is wrong is refused with its place, and changes nothing" {
	run berth network policy create db
	expect_status 1
	expect_contains "--selector is missing"
	run berth network policy create --selector '*' --from 10.0.0.1/8 db
	expect_contains 'write "10.0.0.0/8"'
	run berth network policy create --selector '*' --port http db
	expect_contains "not a port"
	run berth network policy apply
	expect_contains "use -f FILE"
	printf 'name: aa\nselector: {}\n---\nname: bb\nselector: &x {}\n' >"$BATS_TEST_TMPDIR/p.yaml"
	run berth network policy apply -f "$BATS_TEST_TMPDIR/p.yaml"
	expect_status 1
	expect_contains "p.yaml: line 5: anchors are not taken"
	printf 'name: aa\nselector: {}\n---\nname: bb\nselector: {}\ningress: [{from: [{}]}]\n' >"$BATS_TEST_TMPDIR/p.yaml"
	run berth network policy apply -f "$BATS_TEST_TMPDIR/p.yaml"
	expect_contains "document 2: policy bb: ingress[0].from[0]: must be one of"
	run berth network policy ls -q
	expect_output ""
	run berth network policy rm none
	expect_status 1
	expect_contains "No such network policy: none"
	berth network policy create --selector '*' aa >/dev/null
	run berth network policy create --selector '*' aa
	expect_contains "policy aa exists already"
	run berth network explain nobody world
	expect_contains "No such container: nobody"
	run berth network policy nonsense
	expect_contains "unknown command: berth network policy nonsense"
}

@test "a flushed table is written again by the next container" {
	server db -l app=db
	server web -l app=web
	berth network policy create --selector app=db --from app=none db >/dev/null
	on host nft flush ruleset
	berth run --rm -l app=db busybox true
	silent web db
	on host nft delete table inet berth_policy
	eventually answers web db
	berth network heal
	silent web db
}
