#!/usr/bin/env bash
# Redis 7.0.15, Redis 8.0.6, Valkey 9.1.2 (Debian packages), 2026-11-29.
#
# What one would guess: a command that has been there since Redis 2.6, on a plain hash, goes to replicas and to the append-only file in
# words that every server knows: HINCRBYFLOAT key field 1.5 as the HSET of its result, since that is what it was until now.
#
# What happens: Redis 8.0.6 sends and logs HSETEX key KEEPTTL FIELDS 1 field 1.5, a command that is new in 8.0, on every HINCRBYFLOAT, though
# no field has a deadline. Valkey 9.1.2, which has HSETEX too, still sends HSET. So Redis 7.0.15 starts with the append-only files of Redis
# 8.0.6 (in commands, without a snapshot in front), until a client has called HINCRBYFLOAT once: then it does not start, for an unknown
# command. HINCRBY, INCRBYFLOAT and HSET do no such thing, and a BGREWRITEAOF, which writes the hash as HMSET, cures the file. Valkey 9.1.2
# starts with the file as it is.
#
# Why it matters: a server at level 7.2 that replays Redis 8's log or follows its stream meets HSETEX from programs that never heard of it;
# looking at which commands the clients call does not tell whether the log can be carried back.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib/servers.sh"
fetch_servers

log() { # NAME PROGRAM COMMAND...: what a server appends to its file for these, and the file kept in $work/NAME
	local name=$1 command port
	start "$name" "$2" --appendonly yes --aof-use-rdb-preamble no --appendfsync always
	port=${!name}
	shift 2
	for command in "$@"; do
		# shellcheck disable=SC2086 # words of a command
		"$redis7/redis-cli" -p "$port" $command >/dev/null
	done
	logged=$(tr -d '\r' <"$(ls "$work/$name"/appendonlydir/*.incr.aof)" | grep -v '^[*$]' | paste -sd' ' | sed 's/^SELECT 0 //')
}
starts() { # FOLDER PROGRAM: whether the program starts with a copy of the folder, and with what words it does not
	rm -rf "$work/copy"
	mkdir "$work/copy"
	cp -r "$work/$1/appendonlydir" "$work/copy/"
	local pid
	(cd "$work/copy" && exec timeout 30 "$2" --port 0 --unixsocket socket --save '' --appendonly yes >log 2>&1) &
	pid=$!
	for _ in $(seq 100); do
		if grep -qi 'ready to accept connections' "$work/copy/log" || ! kill -0 "$pid" 2>/dev/null; then break; fi
		sleep 0.1
	done
	kill "$pid" 2>/dev/null || true
	wait "$pid" 2>/dev/null || true
	grep -oiE "unknown command '[a-z]+'|ready to accept connections" "$work/copy/log" | head -n 1 | tr A-Z a-z
}

plain=('HSET h f 1' 'HINCRBY h f 2' 'INCRBYFLOAT s 1.5')
log seven "$redis7/redis-server" 'HINCRBYFLOAT h f 1.5'
expect 'Redis 7.0.15 logs HINCRBYFLOAT h f 1.5 as' 'HSET h f 1.5' "$logged"
log nine "$valkey9/valkey-server" 'HINCRBYFLOAT h f 1.5'
expect 'Valkey 9.1.2' 'HSET h f 1.5' "$logged"
log eight "$redis8/redis-server" 'HINCRBYFLOAT h f 1.5'
expect 'Redis 8.0.6' 'HSETEX h KEEPTTL FIELDS 1 f 1.5' "$logged"
log without "$redis8/redis-server" "${plain[@]}"
expect 'Redis 8.0.6 logs HSET, HINCRBY, INCRBYFLOAT as' 'HSET h f 1 HINCRBY h f 2 SET s 1.5 KEEPTTL' "$logged"

expect 'Redis 7.0.15 with the latter' 'ready to accept connections' "$(starts without "$redis7/redis-server")"
expect 'Redis 7.0.15 with the former' "unknown command 'hsetex'" "$(starts eight "$redis7/redis-server")"
expect 'Redis 8.0.6 with the former' 'ready to accept connections' "$(starts eight "$redis8/redis-server")"
expect 'Valkey 9.1.2 with the former' 'ready to accept connections' "$(starts eight "$valkey9/valkey-server")"
"$redis7/redis-cli" -p "$eight" bgrewriteaof >/dev/null
for _ in $(seq 100); do
	if [ -n "$(find "$work/eight/appendonlydir" -name '*.2.base.aof')" ] && [ -z "$(find "$work/eight/appendonlydir" -name '*.1.*')" ]; then break; fi
	sleep 0.1
done
expect 'Redis 7.0.15 after BGREWRITEAOF' 'ready to accept connections' "$(starts eight "$redis7/redis-server")"
finish
