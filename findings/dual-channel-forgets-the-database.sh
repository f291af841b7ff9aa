#!/usr/bin/env bash
# Valkey's full synchronization over two connections (dual-channel-replication-enabled) loses which database the stream had selected when the
# primary is itself a replica: $ENDOFF says 0 whatever it was, and nothing selects it again before somebody selects another. In a chain of
# three the last one puts what comes next into database 0, with the link up and equal offsets on all three. With one connection it is right.
# Seen on Valkey 9.1.2.
set -euo pipefail
source "$(dirname "$0")/lib/servers.sh"
fetch_servers

ask() { "$redis7/redis-cli" -p "$@"; }
follows() { # PORT: until its link is up and its offset is TOP's
	for _ in $(seq 300); do
		if ask "$1" info replication | grep -q master_link_status:up && [ "$(offset "$1")" = "$(offset "$top")" ]; then return; fi
		sleep 0.1
	done
	echo "the replica at $1 does not catch up" >&2
	exit 1
}
offset() { ask "$1" info replication | tr -d '\r' | sed -n 's/^master_repl_offset://p'; }

chain() { # WANTED-KEYSPACE DUAL
	local dual=$2
	start top "$valkey9/valkey-server" --repl-diskless-sync-delay 0 --dual-channel-replication-enabled "$dual" --repl-ping-replica-period 3600
	start middle "$valkey9/valkey-server" --repl-diskless-sync-delay 0 --dual-channel-replication-enabled "$dual" --replicaof "127.0.0.1 $top" \
		--repl-ping-replica-period 3600
	follows "$middle"
	ask "$top" -n 5 set first 1 >/dev/null
	follows "$middle"
	start last "$valkey9/valkey-server" --dual-channel-replication-enabled "$dual" --replicaof "127.0.0.1 $middle"
	follows "$last"
	ask "$top" -n 5 set second 2 >/dev/null
	follows "$last"
	expect "two connections: $dual, offsets of the ends" "$(offset "$top")" "$(offset "$last")"
	expect "two connections: $dual, keys of the first in 5 and 0" "2 0" "$(ask "$top" -n 5 dbsize) $(ask "$top" -n 0 dbsize)"
	expect "two connections: $dual, keys of the last in 5 and 0" "$1" "$(ask "$last" -n 5 dbsize) $(ask "$last" -n 0 dbsize)"
}

chain "2 0" no
chain "1 1" yes
finish
