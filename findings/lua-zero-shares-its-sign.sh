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

start_all
for server in "${servers[@]}"; do
	evaluates "$server" "-0" "return tostring(-0)"
	evaluates "$server" "0" "local count = 0 return tostring(-0)"
	evaluates "$server" "-0" "local low = -0 local count = 0 return tostring(count)"
	evaluates "$server" "0" "local count = 0 return tostring(0 * -1)"
	evaluates "$server" "-0" "local count = 0 return tostring(-count)"
	evaluates "$server" "-0" "local count = 0 local function other() return tostring(-0) end return other()"
	evaluates "$server" '{"n":-0}' "local low = -0 return cjson.encode({n = 0})"
done
finish
