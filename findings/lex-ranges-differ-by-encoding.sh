#!/usr/bin/env bash
# Redis 7.0.15, Redis 8.0.6, Valkey 9.1.2 (Debian packages), 2026-11-30.
#
# What one would guess: ZREMRANGEBYLEX on a sorted set whose members have different scores has a result that is "unspecified", as its
# documentation says, but it is one result: a replica that executes the same command on the same data ends with the same members.
#
# What happens: what is found depends on how the set is stored. In a listpack nothing is removed when the last member, by score, lies before the
# range; in a skip list the members behind the first one that is not before it go, whichever they are, and which is the first depends on the
# random heights of its nodes. The command is sent to replicas as it is. So with another zset-max-listpack-entries (or a set that was large
# once on one side only) a replica keeps members that its master has removed, for good. Offsets agree, nothing is logged.
#
# Why it matters: a replica with its own configuration is common, and the same holds for an append-only file that is loaded with another one.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib/servers.sh"
fetch_servers

SETS=100
count() { # PORT: how many of the sets there still are
	"$redis7/redis-cli" -p "$1" dbsize
}
compare() { # NAME PROGRAM
	local name=$1 master replica
	start "master$name" "$2" --repl-diskless-sync-delay 0 --zset-max-listpack-entries 0
	master=master$name master=${!master}
	start "replica$name" "$2" --replicaof 127.0.0.1 "$master"
	replica=replica$name replica=${!replica}
	for _ in $(seq 100); do
		if "$redis7/redis-cli" -p "$replica" info replication | grep -q 'master_link_status:up'; then break; fi
		sleep 0.1
	done
	{
		for index in $(seq "$SETS"); do
			echo "ZADD z$index 1 c 2 a"
			echo "ZREMRANGEBYLEX z$index [b [d"
		done
		echo 'WAIT 1 10000'
	} | "$redis7/redis-cli" -p "$master" >/dev/null
	expect "$3: sets of which a replica with listpacks has something left" "$SETS" "$(count "$replica")"
	expect "  fewer are left on the master with skip lists" yes "$([ "$(count "$master")" -lt "$SETS" ] && echo yes)"
	expect '  its link' up "$("$redis7/redis-cli" -p "$replica" info replication | tr -d '\r' | sed -n 's/^master_link_status://p')"
}

compare seven "$redis7/redis-server" 'Redis 7.0.15'
compare eight "$redis8/redis-server" 'Redis 8.0.6'
compare nine "$valkey9/valkey-server" 'Valkey 9.1.2'
finish
