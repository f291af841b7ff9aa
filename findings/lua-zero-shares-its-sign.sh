#!/usr/bin/env bash
# Lua 5.1 in Redis 7.0.15, Redis 8.0.6, Valkey 9.1.2 (Debian packages), 2026-11-30.
#
# What one would guess: `-0` in a script is minus zero wherever it stands, and `0` is zero: tostring, cjson.encode and a reply made of them
# show which it is.
#
# What happens: a function keeps equal constants once, and 0 equals -0. The first of them that its text has stands for all others, so the
# sign of every zero in a function is that of the first one, and a line that is added in front changes what later ones show. What the
# compiler folds (0 * -1, -(0)) takes part; what is computed when the script runs (-a) does not; each function has constants of its own.
#
# Why it matters: JSON that a script writes can turn from 0 into -0 because of a constant somewhere else in the same function. Another
# implementation of Lua has to share constants in the same way to write the same bytes.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib/servers.sh"
fetch_servers

shows() { # SERVER PORT WANTED SCRIPT
	expect "$1: $4" "$3" "$("$redis7/redis-cli" -p "$2" eval "$4" 0 | paste -sd' ')"
}

start seven_port "$redis7/redis-server"
start eight_port "$redis8/redis-server"
start nine_port "$valkey9/valkey-server"
for server in redis-7.0.15:seven_port redis-8.0.6:eight_port valkey-9.1.2:nine_port; do
	name=${server%%:*} port=${server##*:}
	shows "$name" "${!port}" "-0" "return tostring(-0)"
	shows "$name" "${!port}" "0" "local count = 0 return tostring(-0)"
	shows "$name" "${!port}" "-0" "local low = -0 local count = 0 return tostring(count)"
	shows "$name" "${!port}" "0" "local count = 0 return tostring(0 * -1)"
	shows "$name" "${!port}" "-0" "local count = 0 return tostring(-count)"
	shows "$name" "${!port}" "-0" "local count = 0 local function other() return tostring(-0) end return other()"
	shows "$name" "${!port}" '{"n":-0}' "local low = -0 return cjson.encode({n = 0})"
done
finish
