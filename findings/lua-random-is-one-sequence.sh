#!/usr/bin/env bash
# math.random of scripts and functions in Redis 7.0.15, Redis 8.0.6, Valkey 9.1.2 (Debian packages), 2026-11-30.
#
# What one would guess: either math.random is the same in each run of a script, as when scripts had to be repeatable, or it differs from
# start to start of the server, as a random generator does that nobody seeds; and scripts of EVAL know nothing of those of FCALL.
#
# What happens: neither. There is one sequence, which starts with the server and from the same point each time: the first
# math.random(1000000) after a start is 396465, the second 840486, on all three servers. It goes on through the scripts of all clients and
# through functions, which take turns on it, and through SCRIPT FLUSH and FUNCTION FLUSH. math.randomseed in one script sets it for all
# others, functions too.
#
# Why it matters: names, shuffles and delays that scripts draw with math.random repeat after each restart, and are the same on each server
# of a group, whichever of the three it runs; what a function draws depends on which scripts other clients have run. A server that has a
# generator per script or per engine draws other numbers than these.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib/servers.sh"
fetch_servers

library='#!lua name=draws
redis.register_function("draw", function() return math.random(1000000) end)'
draw='return math.random(1000000)'
run() { # SERVER PROGRAM: a new server, from its first number on
	start "$3" "$2"
	local cli=("$redis7/redis-cli" -p "${!3}")
	"${cli[@]}" function load "$library" >/dev/null
	expect "$1, EVAL" 396465 "$("${cli[@]}" eval "$draw" 0)"
	expect "$1, another client and script" 840486 "$("${cli[@]}" eval "local number = math.random(1000000) return number" 0)"
	expect "$1, FCALL" 353337 "$("${cli[@]}" fcall draw 0)"
	"${cli[@]}" script flush >/dev/null
	expect "$1, EVAL after SCRIPT FLUSH" 446584 "$("${cli[@]}" eval "$draw" 0)"
	"${cli[@]}" function flush >/dev/null
	"${cli[@]}" function load "$library" >/dev/null
	expect "$1, FCALL after FUNCTION FLUSH" 318693 "$("${cli[@]}" fcall draw 0)"
	"${cli[@]}" eval 'math.randomseed(7)' 0 >/dev/null
	seeded=$("${cli[@]}" fcall draw 0)
	"${cli[@]}" eval 'math.randomseed(7)' 0 >/dev/null
	expect "$1, EVAL as FCALL after the same seed" "$seeded" "$("${cli[@]}" eval "$draw" 0)"
	kill "${started[-1]}"
	wait "${started[-1]}" 2>/dev/null || true
	unset 'started[-1]'
}

for server in redis-7.0.15:"$redis7/redis-server" redis-8.0.6:"$redis8/redis-server" valkey-9.1.2:"$valkey9/valkey-server"; do
	run "${server%%:*}" "${server#*:}" first
	run "${server%%:*}, again" "${server#*:}" second
done
finish
