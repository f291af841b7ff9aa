#!/usr/bin/env bash
# FUNCTION and FCALL of Redis 7.0.15, Redis 8.0.6, Valkey 9.1.2 (Debian packages), 2026-11-30.
#
# What one would guess: names that a library registers are as written, like keys and the names of libraries: `Add` and `ADD` are two
# functions, and FCALL add finds neither.
#
# What happens: functions are found whatever their case, libraries are not. FCALL add and FCALL ADD both run `Add`, as if it were a
# command; a second library, even `LIB` beside `lib`, which are two, cannot register ADD: "Function ADD already exists". FUNCTION DELETE
# wants the library's exact name, while the pattern of FUNCTION LIST ignores case again and shows both. FUNCTION RESTORE with REPLACE
# replaces libraries of the exact name only, so a dump with `LIB` and its ADD is refused where `lib` has Add.
#
# Why it matters: who renames a library by its case cannot load or restore it beside the old one, and FUNCTION LOAD REPLACE does not replace
# it; who makes the names of functions from ids that differ in case calls that of another id where its own is missing, and gets no error.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib/servers.sh"
fetch_servers

library() { printf '#!lua name=%s\nredis.register_function("%s", function() return "%s of %s" end)' "$1" "$2" "$2" "$1"; }
start seven_port "$redis7/redis-server"
start eight_port "$redis8/redis-server"
start nine_port "$valkey9/valkey-server"
for server in redis-7.0.15:seven_port redis-8.0.6:eight_port valkey-9.1.2:nine_port; do
	name=${server%%:*} port=${server##*:}
	cli=("$redis7/redis-cli" -p "${!port}")
	says() { # WHAT WANTED ARGUMENT...
		expect "$name, $1" "$2" "$("${cli[@]}" "${@:3}" 2>&1 | head -n 1)"
	}
	"${cli[@]}" function load "$(library LIB ADD)" >/dev/null
	"${cli[@]}" function dump | head -c -1 >"$work/$name.dump"
	"${cli[@]}" function flush >/dev/null
	"${cli[@]}" function load "$(library lib Add)" >/dev/null
	says 'FCALL add' 'Add of lib' fcall add 0
	says 'load ADD of LIB' 'ERR Function ADD already exists' function load "$(library LIB ADD)"
	says 'the same with REPLACE' 'ERR Function ADD already exists' function load replace "$(library LIB ADD)"
	expect "$name, restore ADD of LIB with REPLACE" 'ERR Function ADD already exists' \
		"$("${cli[@]}" -X dump function restore dump replace <"$work/$name.dump" 2>&1 | head -n 1)"
	says 'load sub of LIB' LIB function load "$(library LIB sub)"
	expect "$name, FUNCTION LIST of L*" 'LIB lib' "$("${cli[@]}" function list libraryname 'L*' | grep -A1 '^library_name$' | grep -i '^lib$' | LC_ALL=C sort | paste -sd' ')"
	says 'FUNCTION DELETE Lib' 'ERR Library not found' function delete Lib
	says 'FUNCTION DELETE LIB' OK function delete LIB
	says 'FCALL aDD' 'Add of lib' fcall aDD 0
done
finish
