#!/usr/bin/env bash
# cjson in Redis 7.0.15, Redis 8.0.6, Valkey 9.1.2 (Debian packages), 2026-11-30.
#
# What one would guess: since Redis 7 a script leaves nothing behind in Lua: the tables of the libraries are read-only and globals are
# refused, so cjson.encode_number_precision(3) holds for the script that calls it.
#
# What happens: cjson's settings are in no table, and stay. After one such call the scripts of all clients write 3.14 for 3.14159265, also
# when the script failed, also when it was sent with EVAL_RO. It stays until SCRIPT FLUSH or a restart; FLUSHALL does not help. Functions
# have settings of their own, which one function changes for all libraries: these go with FUNCTION FLUSH in the newer two, and in Redis
# 7.0.15 not even with that. A cjson.new() has the defaults, and its settings are its own: that is the way to have any without harm.
#
# Why it matters: which JSON a script writes can depend on a script that another program ran once, and on whether the server has been
# started since, so two servers with the same data and scripts differ. Compare the JSON of two servers only after SCRIPT FLUSH.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib/servers.sh"
fetch_servers

write='return cjson.encode(3.14159265)'
library() { printf '#!lua name=%s\nredis.register_function("%s_write", function() %s end)\n%s' "$1" "$1" "$write" "${2-}"; }
sets='redis.register_function("one_sets", function() cjson.encode_number_precision(4) end)'

start seven_port "$redis7/redis-server"
start eight_port "$redis8/redis-server"
start nine_port "$valkey9/valkey-server"
for server in redis-7.0.15:seven_port:3.142 redis-8.0.6:eight_port:3.14159265 valkey-9.1.2:nine_port:3.14159265; do
	IFS=: read -r name port flushed <<<"$server"
	cli=("$redis7/redis-cli" -p "${!port}")
	expect "$name, at first" 3.14159265 "$("${cli[@]}" eval "$write" 0)"
	"${cli[@]}" eval_ro 'cjson.encode_number_precision(3) error("it fails")' 0 >/dev/null 2>&1
	"${cli[@]}" flushall >/dev/null
	expect "$name, after a failed EVAL_RO and FLUSHALL" 3.14 "$("${cli[@]}" eval "$write" 0)"
	expect "$name, cjson.new()" 3.14159265 "$("${cli[@]}" eval 'return cjson.new().encode(3.14159265)' 0)"
	expect "$name, setting of a cjson.new()" '3.14159 3.14' "$("${cli[@]}" eval 'local own = cjson.new() own.encode_number_precision(6) return own.encode(3.14159265) .. " " .. cjson.encode(3.14159265)' 0)"
	"${cli[@]}" function load "$(library one "$sets")" >/dev/null
	"${cli[@]}" function load "$(library two)" >/dev/null
	expect "$name, function" 3.14159265 "$("${cli[@]}" fcall two_write 0)"
	"${cli[@]}" fcall one_sets 0 >/dev/null
	expect "$name, after another library's function" 3.142 "$("${cli[@]}" fcall two_write 0)"
	expect "$name, script after that" 3.14 "$("${cli[@]}" eval "$write" 0)"
	"${cli[@]}" function load replace "$(library two)" >/dev/null
	expect "$name, function loaded anew" 3.142 "$("${cli[@]}" fcall two_write 0)"
	"${cli[@]}" function flush >/dev/null
	"${cli[@]}" function load "$(library two)" >/dev/null
	expect "$name, after FUNCTION FLUSH" "$flushed" "$("${cli[@]}" fcall two_write 0)"
	"${cli[@]}" script flush >/dev/null
	expect "$name, script after SCRIPT FLUSH" 3.14159265 "$("${cli[@]}" eval "$write" 0)"
done
finish
