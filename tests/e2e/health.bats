#!/usr/bin/env bats
# health checks: what is checked, when, and what is said of it
load helper

health_of() {
	berth inspect --format '{{.State.Health.Status}}' "$1"
}

health_is() {
	[ "$(health_of "$1")" = "$2" ]
}

@test "a check that succeeds makes the container healthy, and ps says so" {
	berth run -d --name well --health-cmd 'test -e /up' --health-interval 100ms --health-retries 1000 busybox \
		sh -c 'sleep 0.5; touch /up; sleep 1000'
	run berth ps --filter name=well --format '{{.Status}}'
	expect_contains "(health: starting)"
	eventually health_is well healthy
	run berth ps --filter health=healthy --format '{{.Names}} {{.Status}}'
	[[ "$output" == "well Up "*" (healthy)" ]]
	run berth ps --filter health=starting -q
	expect_output ""
	berth rm -f well
}

@test "as many failures in a row as retries make it unhealthy, and a success heals it" {
	berth run -d --name ill --health-cmd 'echo looked; test ! -e /ill' --health-interval 50ms --health-retries 3 busybox \
		sleep 1000
	eventually health_is ill healthy
	berth exec ill touch /ill
	eventually health_is ill unhealthy
	looked_often() { [ "$(berth inspect --format '{{len .State.Health.Log}}' ill)" = 5 ]; }
	eventually looked_often
	run berth inspect --format '{{ge .State.Health.FailingStreak 3}}' ill
	expect_output true
	run berth inspect --format '{{with index .State.Health.Log 4}}{{.ExitCode}} {{.Output}}{{end}}' ill
	expect_output $'1 looked'
	berth exec ill rm /ill
	eventually health_is ill healthy
	berth rm -f ill
}

@test "a check that takes too long fails, and its process is gone" {
	berth run -d --name slow --health-cmd 'echo began; exec sleep 1234' --health-interval 50ms --health-timeout 100ms \
		--health-retries 1 busybox sleep 1000
	eventually health_is slow unhealthy
	run berth inspect --format '{{with index .State.Health.Log 0}}{{.ExitCode}} {{.Output}}{{end}}' slow
	expect_output "-1 Health check exceeded timeout (100ms): began"
	berth pause slow
	[ "$(berth top slow -o pid,args | grep -c 'sleep 1234')" -le 1 ]
	berth unpause slow
	berth rm -f slow
}

@test "failures in the start period do not count" {
	berth run -d --name young --health-cmd false --health-interval 20ms --health-start-interval 20ms \
		--health-start-period 1h --health-retries 1 busybox sleep 1000
	looked_often() { [ "$(berth inspect --format '{{len .State.Health.Log}}' young)" = 5 ]; }
	eventually looked_often
	run berth inspect --format '{{.State.Health.Status}} {{.State.Health.FailingStreak}}' young
	expect_output "starting 0"
	berth rm -f young
}

@test "the check has the container's user, directory and variables, and may say anything" {
	berth run -d --name who -u 1000 -w /tmp -e A=b --health-cmd 'echo $(id -u) $PWD $A; printf "\377"' \
		--health-interval 50ms busybox sleep 1000
	eventually health_is who healthy
	run berth inspect --format '{{(index .State.Health.Log 0).Output}}' who
	[ "${lines[0]}" = "1000 /tmp b" ]
	berth rm -f who
}

@test "an image's check runs; the user's options stand above it, and --no-healthcheck ends it" {
	berth import -c 'HEALTHCHECK --interval=50ms --retries=2 CMD ["test", "-e", "/bin/sh"]' "$(busybox_tar)" checking >/dev/null
	berth run -d --name image checking sleep 1000
	eventually health_is image healthy
	berth create --name over --health-retries 7 checking true
	run berth inspect --format '{{json .Config.Healthcheck}}' over
	expect_output '{"Test":["CMD","test","-e","/bin/sh"],"Interval":50000000,"Retries":7}'
	berth run -d --name without --no-healthcheck checking sleep 1000
	run berth inspect --format '{{json .Config.Healthcheck.Test}} {{.State.Health}}' without
	expect_output '["NONE"] <nil>'
	berth rm -f image over without
	berth rmi checking
}

@test "what is paused or has ended is unhealthy" {
	berth run -d --name calm --health-cmd true --health-interval 50ms busybox sleep 1000
	eventually health_is calm healthy
	berth pause calm
	health_is calm unhealthy
	berth unpause calm
	eventually health_is calm healthy
	berth stop -t 0 calm
	health_is calm unhealthy
	berth start calm
	eventually health_is calm healthy
	berth kill calm
	eventually container_is calm exited
	berth rm -f calm
}

@test "a restart by policy begins anew" {
	berth run -d --name again --restart always --health-cmd 'test -e /tmp/up' --health-interval 50ms \
		--tmpfs /tmp busybox sleep 1000
	berth exec again touch /tmp/up
	eventually health_is again healthy
	kill -9 "$(berth inspect --format '{{.State.Pid}}' again)"
	eventually health_is again unhealthy
	restarted() { [ "$(berth inspect --format '{{.RestartCount}} {{.State.Running}}' again)" = "1 true" ]; }
	eventually restarted
	berth rm -f again
}

@test "a container whose shim was killed is unhealthy" {
	berth run -d --name lost --health-cmd true --health-interval 50ms busybox sleep 1000
	eventually health_is lost healthy
	kill -9 "$(pgrep -f "berth-shim $(berth inspect --format '{{.Id}}' lost)")"
	eventually container_is lost exited
	health_is lost unhealthy
	berth rm lost
}

@test "options that cannot be are refused in docker's words" {
	run berth run --no-healthcheck --health-cmd x busybox true
	expect_status 125
	expect_contains "--no-healthcheck conflicts with --health-* options"
	run berth run --health-retries=-1 busybox true
	expect_contains "--health-retries cannot be negative"
	run berth run --health-cmd x --health-interval 1us busybox true
	expect_contains "Interval in Healthcheck cannot be less than 1ms"
	run berth run --health-cmd x --health-timeout soon busybox true
	expect_contains 'invalid argument "soon" for "--health-timeout" flag: invalid duration "soon"'
}
