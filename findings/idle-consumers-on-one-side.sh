#!/usr/bin/env bash
# A consumer of a stream's group that has been given nothing yet is on one side of a replicated pair only. Redis 8.0.6 and Valkey 9.1.2 create
# it when it first asks, with XREADGROUP or XAUTOCLAIM, and send nothing on: a healthy replica lacks it until it gets an entry, and after a
# failover it is gone. Redis 7.0.15 creates no such consumer at all; a worker that only waits shows up in XINFO CONSUMERS of the newer ones.
set -euo pipefail
source "$(dirname "$0")/lib/servers.sh"
fetch_servers

pair() { # NAME SERVER
	local master replica
	start "$1_master" "$2"
	master="$1_master"
	start "$1_replica" "$2" --replicaof "127.0.0.1 ${!master}"
	replica="$1_replica"
	ask() { "$redis7/redis-cli" -p "$1" "${@:2}"; }
	for _ in $(seq 200); do
		if ask "${!replica}" info replication | grep -q master_link_status:up; then break; fi
		sleep 0.1
	done
	ask "${!master}" xgroup create jobs workers 0 mkstream >/dev/null
	ask "${!master}" xreadgroup group workers reads streams jobs '>' >/dev/null
	ask "${!master}" xautoclaim jobs workers claims 0 0 >/dev/null
	ask "${!master}" set last written >/dev/null
	ask "${!master}" wait 1 10000 >/dev/null
	expect "$1: the master's consumers" "$3" "$(ask "${!master}" xinfo consumers jobs workers | grep -A1 '^name$' | grep -v -e name -e -- | paste -sd' ')"
	expect "$1: the replica's consumers" "$4" "$(ask "${!replica}" xinfo consumers jobs workers | grep -A1 '^name$' | grep -v -e name -e -- | paste -sd' ')"
}

pair redis_7_0_15 "$redis7/redis-server" "" ""
pair redis_8_0_6 "$redis8/redis-server" "claims reads" ""
pair valkey_9_1_2 "$valkey9/valkey-server" "claims reads" ""
finish
