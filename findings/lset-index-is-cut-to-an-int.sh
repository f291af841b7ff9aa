#!/usr/bin/env bash
# Redis 7.0.15, Redis 8.0.6, Valkey 9.1.2 (Debian packages), 2026-11-30.
#
# What one would guess: an index beyond the end of a list is an error in LSET, as large as it may be; LINDEX with the same index finds nothing.
#
# What happens: Redis 8.0.6 and Valkey 9.1.2 look at the lower 32 bits of LSET's index only. LSET l 4294967296 v sets the first element,
# LSET l 9223372036854775807 v the last one, and both answer OK; LINDEX of the same indexes answers nothing. Redis 7.0.15 answers
# "index out of range". It is so for small lists and for large ones of many nodes.
#
# Why it matters: a program that works out an index wrongly overwrites data instead of failing; and a replica of another version, which
# is sent the words of the client, fails where its master wrote.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib/servers.sh"
fetch_servers
start_all

for server in "${servers[@]}"; do
	name=${server%:*} port=${server##*:}
	ask() { "$redis7/redis-cli" -p "$port" "$@" 2>&1 | tr -d '\r' | paste -sd' '; }
	ask RPUSH small a b c >/dev/null
	case $name in
	*7.0.15) first='ERR index out of range ' last='ERR index out of range ' after='a b c' ;;
	*) first=OK last=OK after='first b last' ;;
	esac
	expect "$name LSET of index 2^32" "$first" "$(ask LSET small 4294967296 first)"
	expect "$name LSET of index 2^63-1" "$last" "$(ask LSET small 9223372036854775807 last)"
	expect "$name has then" "$after" "$(ask LRANGE small 0 -1)"
	expect "$name LINDEX of index 2^32" '' "$(ask LINDEX small 4294967296)"
	for from in $(seq 0 500 4500); do
		# shellcheck disable=SC2046 # words of a command
		ask RPUSH large $(seq "$from" $((from + 499))) >/dev/null
	done
	expect "$name LSET of index 2^32 of a large list" "$first" "$(ask LSET large 4294967296 first)"
done
finish
