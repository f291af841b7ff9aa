#!/usr/bin/env bash
# Valkey 9.1.2, Redis 7.0.15 and 8.0.6 (Debian packages), 2026-11-29.
#
# What one would guess: `valkey-cli --rdb` fetches the file that SAVE would write; and where neither family reads the other's files and
# DUMP payloads, neither is a replica of the other.
#
# What happens:
# - SAVE of Valkey 9.1.2 writes format VALKEY080, but to who does not name itself a newer Valkey the server sends REDIS0011, the format of
#   Redis 7.2. `valkey-cli --rdb` and `--functions-rdb` of the same release do not name themselves: their backup is in the older format.
# - So Redis 8.0.6 becomes a replica of Valkey 9.1.2 as if nothing had happened, though it refuses Valkey's snapshot and its DUMP of the
#   plainest string; and a backup taken with --rdb starts a Redis 8.0.6. Redis 7.0.15 (format 10) can do none of it.
# - The other way nothing goes: Valkey 9.1.2 refuses format 12 from a Redis 8.0.6 master, until `rdb-version-check relaxed`.
# - One hash field with a deadline ends it: the older format has no place for it, the server gives up the snapshot, and valkey-cli 9.1.2
#   takes no backup of its own server any more ("Error reading bulk length while SYNCing", status 1, no file). SAVE goes on working.
#
# Why it matters: a replica at level 7.2 can follow a Valkey 9 by saying nothing of itself, and gets no full synchronization any more once a
# hash field has a deadline, with only a lost connection to see. What --rdb brings says nothing of what the server writes to its disk: test
# both.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib/servers.sh"
fetch_servers
cli() { "$redis7/redis-cli" -p "$@"; }
backup() { # PROGRAM OPTION PORT: the exit status and the first word of what it brought
	local status=0
	rm -f "$work/backup"
	timeout 30 "$1" -p "$3" "$2" "$work/backup" >"$work/backup.log" 2>&1 || status=$?
	echo "$status $([ ! -e "$work/backup" ] || head -c 9 "$work/backup")"
}
replica() { # NAME PROGRAM MASTER SECONDS [DIRECTIVE...]: the state of the link when up, or after so many seconds
	local name=$1 program=$2 master=$3 seconds=$4 state=
	shift 4
	start "$name" "$program" --replicaof 127.0.0.1 "$master" "$@"
	for _ in $(seq $((seconds * 5))); do
		state=$(cli "${!name}" info replication | tr -d '\r' | sed -n 's/^master_link_status://p')
		if [ "$state" = up ]; then break; fi
		sleep 0.2
	done
	link="$state, keys $(cli "${!name}" dbsize)"
}
restore() { # FROM TO: what the second server says to the first one's DUMP of a string
	cli "$1" --no-raw dump s | sed 's/.*/restore copy 0 &/' | cli "$2"
}

start nine "$valkey9/valkey-server" --repl-diskless-sync-delay 0
start eight "$redis8/redis-server" --repl-diskless-sync-delay 0
for port in "$nine" "$eight"; do
	cli "$port" set s plain >/dev/null
	cli "$port" hset h field value >/dev/null
	cli "$port" save >/dev/null
done
expect 'SAVE of Valkey 9.1.2' VALKEY080 "$(head -c 9 "$work/nine/dump.rdb")"
expect 'valkey-cli --rdb from it' '0 REDIS0011' "$(backup "$valkey9/valkey-cli" --rdb "$nine")"
mkdir "$work/from_backup"
cp "$work/backup" "$work/from_backup/dump.rdb"
start from_backup "$redis8/redis-server"
expect '  keys when Redis 8.0.6 starts with that' 2 "$(cli "$from_backup" dbsize)"
expect 'valkey-cli --functions-rdb from it' '0 REDIS0011' "$(backup "$valkey9/valkey-cli" --functions-rdb "$nine")"
expect 'SAVE of Redis 8.0.6' REDIS0012 "$(head -c 9 "$work/eight/dump.rdb")"
expect 'redis-cli --rdb from it' '0 REDIS0012' "$(backup "$redis8/redis-cli" --rdb "$eight")"

status=0
"$redis8/redis-check-rdb" "$work/nine/dump.rdb" >"$work/verdict" 2>&1 || status=$?
expect 'redis-check-rdb 8.0.6 on the SAVE of Valkey' 1 "$status"
refused='ERR DUMP payload version or checksum are wrong'
expect 'DUMP of Valkey 9.1.2 into Redis 8.0.6' "$refused" "$(restore "$nine" "$eight" | grep .)"
expect 'DUMP of Redis 8.0.6 into Valkey 9.1.2' "$refused" "$(restore "$eight" "$nine" | grep .)"
expect '  into itself' OK "$(restore "$nine" "$nine" | grep .)"
cli "$nine" del copy >/dev/null

replica redis8_of_valkey "$redis8/redis-server" "$nine" 15
expect 'Redis 8.0.6 as replica of Valkey 9.1.2' 'up, keys 2' "$link"
replica valkey_of_redis8 "$valkey9/valkey-server" "$eight" 4
expect 'Valkey 9.1.2 as replica of Redis 8.0.6' 'down, keys 0' "$link"
replica relaxed "$valkey9/valkey-server" "$eight" 15 --rdb-version-check relaxed
expect '  with rdb-version-check relaxed' 'up, keys 2' "$link"
replica redis7_of_valkey "$redis7/redis-server" "$nine" 4
expect 'Redis 7.0.15 as replica of Valkey 9.1.2' 'down, keys 0' "$link"

start deadline "$valkey9/valkey-server" --repl-diskless-sync-delay 0 # one that no failing replica keeps busy
cli "$deadline" set s plain >/dev/null
cli "$deadline" hset h field value >/dev/null
cli "$deadline" hexpire h 1000 fields 1 field >/dev/null
expect 'SAVE, one hash field with a deadline' OK "$(cli "$deadline" save)"
expect '  valkey-cli --rdb' '1 ' "$(backup "$valkey9/valkey-cli" --rdb "$deadline")"
expect '  its words' 'Error reading bulk length while SYNCing' "$(grep -o 'Error reading bulk length.*' "$work/backup.log")"
expect '  the server'"'"'s words' 'in RDB version 11' "$(grep -oE 'in RDB version [0-9]+' "$work/deadline/log" | tail -n 1)"
expect '  valkey-cli --functions-rdb' '0 REDIS0011' "$(backup "$valkey9/valkey-cli" --functions-rdb "$deadline")"
replica late "$redis8/redis-server" "$deadline" 4
expect '  a new replica, Redis 8.0.6' 'down, keys 0' "$link"
replica late_valkey "$valkey9/valkey-server" "$deadline" 15
expect '  a new replica, Valkey 9.1.2' 'up, keys 2' "$link"
finish
