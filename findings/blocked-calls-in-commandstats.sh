#!/usr/bin/env bash
# Redis 7.0.15, Redis 8.0.6, Valkey 9.1.2 (Debian packages), 2026-11-29.
#
# What one would guess: INFO commandstats counts a BLPOP that waits at one fixed moment, the three servers at the same one; `failed_calls`
# counts the calls that were answered with an error, `rejected_calls` those that never ran.
#
# What happens: Redis 7.0.15 counts the call when it begins to wait, the newer two when the wait ends. So
# - a CONFIG RESETSTAT during the wait makes Redis 7.0.15 forget the call, while its latency histogram still gets it when it ends;
# - a client that goes away while it waits leaves a call in 7.0.15, none in the newer two;
# - total_commands_processed has the waiting call in 7.0.15 only;
# - a wait that times out is in the commandstats of 7.0.15 but in no latency histogram; the newer two have it in both.
# And ending the wait by CLIENT UNBLOCK counts differently in each of the three:
# - without ERROR the reply is a null, no error: 7.0.15 counts a failed call all the same, the newer two none;
# - with ERROR both Redis count a failed call; Valkey counts a *rejected* one, though the call had begun and is in its calls= too.
#
# Why it matters: a test that reads commandstats around a blocking command, or compares two servers' counts, has to say which server and
# which moment. For a server at level 7.2 none of the three settles it alone.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib/servers.sh"
fetch_servers

stats() { # PORT: calls/rejected/failed of BLPOP, and the calls in its histogram
	local line calls=- rejected=- failed=- histogram
	line=$("$redis7/redis-cli" -p "$1" info commandstats | tr -d '\r' | grep '^cmdstat_blpop:' || true)
	if [ -n "$line" ]; then
		calls=$(grep -oE '[:,]calls=[0-9]+' <<<"$line" | cut -d= -f2)
		rejected=$(grep -oE 'rejected_calls=[0-9]+' <<<"$line" | cut -d= -f2)
		failed=$(grep -oE 'failed_calls=[0-9]+' <<<"$line" | cut -d= -f2)
	fi
	histogram=$("$redis7/redis-cli" -p "$1" latency histogram blpop | grep -A1 '^calls$' | tail -n 1 || true)
	echo "calls=$calls rejected=$rejected failed=$failed histogram=${histogram:-0}"
}
blocked() { # PORT NUMBER: until so many clients wait
	for _ in $(seq 100); do
		if [ "$("$redis7/redis-cli" -p "$1" info clients | tr -d '\r' | sed -n 's/^blocked_clients://p')" = "$2" ]; then return; fi
		sleep 0.05
	done
	echo "no $2 waiting clients" >&2
	exit 1
}
ends() { # SERVER PORT HOW WAITING AFTER: a BLPOP waits, is ended in this way, and what the counters were before and after
	local cli=("$redis7/redis-cli" -p "$2") pid id before seconds=0
	[ "$3" != timeout ] || seconds=1
	"${cli[@]}" del q >/dev/null
	"${cli[@]}" config resetstat >/dev/null
	"${cli[@]}" blpop q "$seconds" >"$work/reply" 2>&1 &
	pid=$!
	blocked "$2" 1
	before=$(stats "$2")
	id=$("${cli[@]}" client list | grep ' cmd=blpop ' | grep -oE '^id=[0-9]+' | cut -d= -f2)
	case $3 in
	push) "${cli[@]}" rpush q x >/dev/null ;;
	reset-then-push) "${cli[@]}" config resetstat >/dev/null; "${cli[@]}" rpush q x >/dev/null ;;
	unblock) "${cli[@]}" client unblock "$id" >/dev/null ;;
	unblock-error) "${cli[@]}" client unblock "$id" error >/dev/null ;;
	leaves) kill "$pid" ;;
	esac
	blocked "$2" 0
	wait "$pid" 2>/dev/null || true
	expect "$1 $3, waiting" "$4" "$before"
	expect "$1 $3, after" "$5" "$(stats "$2")"
}
processed() { # SERVER PORT WANTED: what total_commands_processed gains when one client begins to wait (CONFIG RESETSTAT, the BLPOP if counted)
	local cli=("$redis7/redis-cli" -p "$2") pid seen
	"${cli[@]}" config resetstat >/dev/null
	"${cli[@]}" blpop q 0 >/dev/null 2>&1 &
	pid=$!
	sleep 0.5
	seen=$("${cli[@]}" info stats | tr -d '\r' | sed -n 's/^total_commands_processed://p')
	expect "$1 total_commands_processed, one waiting" "$3" "$seen"
	kill "$pid"
	wait "$pid" 2>/dev/null || true
	blocked "$2" 0
}

none='calls=- rejected=- failed=- histogram=0'
plain='calls=1 rejected=0 failed=0 histogram=1'
begun='calls=1 rejected=0 failed=0 histogram=0'
start seven_port "$redis7/redis-server"
start eight_port "$redis8/redis-server"
start nine_port "$valkey9/valkey-server"
ends redis-7.0.15 "$seven_port" push "$begun" "$plain"
ends redis-7.0.15 "$seven_port" reset-then-push "$begun" 'calls=- rejected=- failed=- histogram=1'
ends redis-7.0.15 "$seven_port" leaves "$begun" "$begun"
ends redis-7.0.15 "$seven_port" timeout "$begun" "$begun"
ends redis-7.0.15 "$seven_port" unblock "$begun" 'calls=1 rejected=0 failed=1 histogram=1'
ends redis-7.0.15 "$seven_port" unblock-error "$begun" 'calls=1 rejected=0 failed=1 histogram=1'
processed redis-7.0.15 "$seven_port" 2
for server in redis-8.0.6:eight_port valkey-9.1.2:nine_port; do
	name=${server%%:*} port=${server##*:}
	for how in push reset-then-push timeout unblock; do ends "$name" "${!port}" "$how" "$none" "$plain"; done
	ends "$name" "${!port}" leaves "$none" "$none"
	processed "$name" "${!port}" 1
done
ends redis-8.0.6 "$eight_port" unblock-error "$none" 'calls=1 rejected=0 failed=1 histogram=1'
ends valkey-9.1.2 "$nine_port" unblock-error "$none" 'calls=1 rejected=1 failed=0 histogram=1'
finish
