#!/usr/bin/env bash
# redis_exporter 1.45.0 (Debian package prometheus-redis-exporter 1.45.0-2+b4) beside Redis 7.0.15 and Valkey 9.1.2 (Debian packages), 2026-11-30.
#
# What one would guess: who measures changes nothing. With --check-keys the exporter asks for the length and the value of keys.
#
# What happens: it does not look at what a string holds and sends PFCOUNT to each. A string that is no HyperLogLog answers with WRONGTYPE, so
# every scrape adds one to the server's errors for each such key, and the exporter's own redis_errors_total shows them as the program's. For a
# HyperLogLog PFCOUNT is a write: where the count in its head is out of date it is put there, and the command goes to the replicas and to the
# append-only file. The scrape after that changes nothing.
#
# Why it matters: an alarm on errors of the kind WRONGTYPE rings because of the measuring alone; the user of the exporter needs the right to
# write; pointed at a replica it fails on a HyperLogLog that is out of date, in place of counting it.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib/servers.sh"
fetch_servers
unpack "$work/exporter" prometheus-redis-exporter=1.45.0-2+b4
exporter=$(find "$work/exporter" -path '*/bin/prometheus-redis-exporter')
cli="$redis7/redis-cli"

field() { "$cli" -p "$1" info "$2" | tr -d '\r' | sed -n "s/^$3://p"; }

try() { # NAME PROGRAM
	local name=$1 port at offset round
	start "$name" "$2"
	port=${!name}
	"$cli" -p "$port" set text hello >/dev/null
	"$cli" -p "$port" pfadd counted a b c >/dev/null
	# A backlog counts what is written; a replica that asked for it has made one.
	start "${name}_replica" "$2" --replicaof "127.0.0.1 $port"
	local replica=${name}_replica
	for _ in $(seq 100); do [ "$(field "${!replica}" replication master_link_status)" != up ] || break; sleep 0.1; done
	"$cli" -p "$port" config set repl-ping-replica-period 3600 >/dev/null
	sleep 1.2 # a ping that was due
	at=0
	for round in 1 2 3 4 5; do
		at=$((20000 + (RANDOM * 7 + round) % 12000))
		"$exporter" --redis.addr "redis://127.0.0.1:$port" --check-keys '*' --web.listen-address "127.0.0.1:$at" >"$work/$name.log" 2>&1 &
		started+=("$!")
		for _ in $(seq 50); do curl -s "127.0.0.1:$at/" >/dev/null && break 2; sleep 0.1; done
	done
	"$cli" -p "$port" config resetstat >/dev/null
	offset=$(field "$port" replication master_repl_offset)
	curl -s "127.0.0.1:$at/metrics" >/dev/null
	expect "$name: WRONGTYPE after one scrape" count=1 "$(field "$port" errorstats errorstat_WRONGTYPE)"
	# SELECT 0, PFCOUNT counted
	expect '  bytes written to the replica by it' 53 "$(($(field "$port" replication master_repl_offset) - offset))"
	offset=$(field "$port" replication master_repl_offset)
	curl -s "127.0.0.1:$at/metrics" >"$work/second"
	expect '  after the second' count=2 "$(field "$port" errorstats errorstat_WRONGTYPE)"
	expect '  bytes written by it' 0 "$(($(field "$port" replication master_repl_offset) - offset))"
	expect '  shown by it' 'redis_errors_total{err="WRONGTYPE"} 1' "$(grep '^redis_errors_total' "$work/second")"
}
try redis "$redis7/redis-server"
try valkey "$valkey9/valkey-server"
finish
