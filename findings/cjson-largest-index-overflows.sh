#!/usr/bin/env bash
# cjson in Redis 7.0.15, Redis 8.0.6, Valkey 9.1.2 (Debian packages), 2026-11-30.
#
# What one would guess: whether cjson.encode writes a table as an array or as an object follows from its keys, and every value is written:
# `{[1] = 2, [2^31] = 1}` has a key that is too large for an array, whichever of the two was set first.
#
# What happens: with the large key met first on the walk, the value at 2^31 is lost without an error, and the rest is an array: `[2]`. With
# the large key met last the table is an object with both. So it is with every key from 2^31 on; with 2^31 - 1 cjson says that the array
# is too sparse. The largest key so far is kept in an int.
#
# Why it matters: ids and times are that large, and the order of the walk is none that a script decides.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib/servers.sh"
fetch_servers

start_all
for server in "${servers[@]}"; do
	evaluates "$server" "[2]" "return cjson.encode({[2^31] = 1, [1] = 2})"
	evaluates "$server" '{"1":2,"2147483648":1}' "local t = {} t[1] = 2 t[2^31] = 1 return cjson.encode(t)"
	evaluates "$server" '{"2147483648":1}' "return cjson.encode({[2^31] = 1})"
	evaluates "$server" "[2]" "return cjson.encode({[2^33] = 1, [1] = 2})"
	evaluates "$server" "false" "return tostring((pcall(cjson.encode, {[2^31 - 1] = 1, [1] = 2})))"
done
finish
