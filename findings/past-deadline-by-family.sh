#!/usr/bin/env bash
# Redis 7.0.15, Redis 8.0.6, Valkey 9.1.2 (Debian packages), 2026-11-29.
#
# What one would guess: a deadline that is already over when the command arrives (EXPIRE key -1, SET key value PXAT 1: both valid, answered
# with 1 and OK) shows the same to who listens in both families.
#
# What happens: Valkey 9.1.2 calls such a key expired, at once; Redis 8.0.6 still does what 7.0.15 did.
# - EXPIRE key -1 and GETEX key PXAT 1: Redis tells of `del`, sends DEL to replicas and counts no expired key; Valkey tells of `expired`,
#   sends UNLINK and counts one.
# - SET key value PXAT 1 over an old key: Redis sets it (`set`, `expire`), sends the SET, later tells of `expired` and sends DEL; Valkey
#   tells of `expired` alone and sends UNLINK: no `set` is ever told.
# - the same on a key that is not there: Redis goes through all of that (with `new` in front); in Valkey nothing is told, nothing sent,
#   nothing counted, though the reply is OK.
#
# Why it matters: which family a keyspace notification or a replication stream is compared with decides what is right for the plainest
# input; a client that waits for `set` after each SET it was answered OK for never sees some in Valkey; a replica has to take UNLINK
# where it took DEL.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib/servers.sh"
fetch_servers

follow() { # SERVER PORT: the replication stream and the notifications to files of its own
	following=$1
	shift
	: >"$work/$following.events"
	"$redis7/redis-cli" -p "$1" --replica >"$work/$following.stream" 2>&1 &
	started+=($!)
	"$redis7/redis-cli" -p "$1" psubscribe '__keyevent@0__:*' >"$work/$following.events" 2>&1 &
	started+=($!)
	wait_for psubscribe "$work/$following.events"
	for _ in $(seq 50); do # the first of these are in the snapshot
		"$redis7/redis-cli" -p "$1" set ready 1 >/dev/null
		if grep -qF '"ready"' "$work/$following.stream"; then return; fi
		sleep 0.2
	done
	echo "$following sends no stream" >&2
	exit 1
}
told() { # SERVER PORT WANTED-EVENTS WANTED-STREAM WANTED-COUNT BEFORE COMMAND: what the command makes the server tell, send and count
	local cli=("$redis7/redis-cli" -p "$2") mark=mark$RANDOM$RANDOM lines_events lines_stream events stream count
	"${cli[@]}" del key >/dev/null
	# shellcheck disable=SC2086 # words of a command
	[ -z "$6" ] || "${cli[@]}" $6 >/dev/null
	"${cli[@]}" set "before$mark" 1 >/dev/null
	wait_for "before$mark" "$work/$following.stream"
	wait_for "before$mark" "$work/$following.events"
	sleep 0.1
	lines_events=$(wc -l <"$work/$following.events") lines_stream=$(wc -l <"$work/$following.stream")
	"${cli[@]}" config resetstat >/dev/null
	# shellcheck disable=SC2086
	"${cli[@]}" $7 >/dev/null
	"${cli[@]}" get key >/dev/null
	sleep 0.5
	count=$("${cli[@]}" info stats | tr -d '\r' | sed -n 's/^expired_keys://p')
	"${cli[@]}" set "after$mark" 1 >/dev/null
	wait_for "after$mark" "$work/$following.stream"
	wait_for "after$mark" "$work/$following.events"
	events=$(tail -n "+$((lines_events + 1))" "$work/$following.events" | tr -d '\r' | paste - - - - | awk '$4 == "key" { sub(".*:", "", $3); print $3 }' | paste -sd' ')
	stream=$(tail -n "+$((lines_stream + 1))" "$work/$following.stream" | tr -d '"' | grep -E '^[A-Za-z]+,key(,|$)' | paste -sd' ' || true)
	expect "$1, $7: told" "$3" "$events"
	expect '  sent to replicas' "$4" "$stream"
	expect '  expired_keys' "$5" "$count"
}

for server in redis-7.0.15 redis-8.0.6; do
	[ "$server" = redis-8.0.6 ] && program=$redis8/redis-server || program=$redis7/redis-server
	start "${server%%-*}${server//[^0-9]/}" "$program" --notify-keyspace-events KEAn --repl-diskless-sync-delay 0
	port=${server%%-*}${server//[^0-9]/} port=${!port}
	follow "$server" "$port"
	told "$server" "$port" del DEL,key 0 'set key old' 'EXPIRE key -1'
	told "$server" "$port" del DEL,key 0 'set key old' 'GETEX key PXAT 1'
	told "$server" "$port" 'set expire expired' 'SET,key,value,PXAT,1 DEL,key' 1 'set key old' 'SET key value PXAT 1'
	told "$server" "$port" 'new set expire expired' 'SET,key,value,PXAT,1 DEL,key' 1 '' 'SET key value PXAT 1'
done
start nine "$valkey9/valkey-server" --notify-keyspace-events KEAn --repl-diskless-sync-delay 0
follow valkey-9.1.2 "$nine"
told valkey-9.1.2 "$nine" expired UNLINK,key 1 'set key old' 'EXPIRE key -1'
told valkey-9.1.2 "$nine" expired UNLINK,key 1 'set key old' 'GETEX key PXAT 1'
told valkey-9.1.2 "$nine" expired UNLINK,key 1 'set key old' 'SET key value PXAT 1'
told valkey-9.1.2 "$nine" '' '' 0 '' 'SET key value PXAT 1'
finish
