#!/usr/bin/env bash
# Redis 7.0.15, Redis 8.0.6, Valkey 9.1.2 (Debian packages), 2026-11-30.
#
# What one would guess: a newer server takes at least the numbers that an older one takes, so a write which the master executed is executed by a
# newer replica as well.
#
# What happens: Redis 7.0.15 reads scores and bounds of scores by strtod, which knows hexadecimal numbers (and blanks in front of bounds), and
# hands the words on as the client wrote them. Valkey 9.1.2 takes no hexadecimal score any more: behind a Redis 7.0.15 a ZADD or ZINCRBY with
# one never arrives. For the bounds of ZREMRANGEBYSCORE Redis 8.0.6 refuses them too, though it still takes such a score in ZADD: what the
# master has deleted stays there. The links stay up, offsets agree, INFO shows nothing but a count of unexpected errors.
#
# Why it matters: both upgrades are done by way of a replica of the newer server. Comparing offsets does not find the difference, comparing
# the data does.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib/servers.sh"
fetch_servers

cli() { # PORT COMMAND...
	local port=$1
	shift
	"$redis7/redis-cli" -p "$port" "$@" | tr -d '\r' | paste -sd' '
}
field() { # PORT NAME
	"$redis7/redis-cli" -p "$1" info | tr -d '\r' | sed -n "s/^$2://p"
}

start seven "$redis7/redis-server" --repl-diskless-sync-delay 0
start eight "$redis8/redis-server" --replicaof 127.0.0.1 "$seven"
start nine "$valkey9/valkey-server" --replicaof 127.0.0.1 "$seven"
for replica in "$eight" "$nine"; do
	for _ in $(seq 100); do
		if [ "$(field "$replica" master_link_status)" = up ]; then break; fi
		sleep 0.1
	done
done

cli "$seven" ZADD z 0x10 sixteen 1 one >/dev/null
cli "$seven" ZADD bounds 1 one 2 two >/dev/null
cli "$seven" ZREMRANGEBYSCORE bounds 0x0 0x1 >/dev/null
expect 'replicas at the offset of Redis 7.0.15' 2 "$(cli "$seven" WAIT 2 10000)"

expect 'Redis 7.0.15 has in z' 'one 1 sixteen 16' "$(cli "$seven" ZRANGE z 0 -1 WITHSCORES)"
expect 'Redis 8.0.6 below it' 'one 1 sixteen 16' "$(cli "$eight" ZRANGE z 0 -1 WITHSCORES)"
expect 'Valkey 9.1.2 below it' '' "$(cli "$nine" ZRANGE z 0 -1 WITHSCORES)"
expect 'Redis 7.0.15 has in bounds' 'two 2' "$(cli "$seven" ZRANGE bounds 0 -1 WITHSCORES)"
expect 'Redis 8.0.6 below it' 'one 1 two 2' "$(cli "$eight" ZRANGE bounds 0 -1 WITHSCORES)"
expect 'Valkey 9.1.2 below it' 'one 1 two 2' "$(cli "$nine" ZRANGE bounds 0 -1 WITHSCORES)"
expect 'links' 'up up' "$(field "$eight" master_link_status) $(field "$nine" master_link_status)"
finish
