#!/usr/bin/env bash
# Redis 8.0.6, Valkey 9.1.2, Redis 7.0.15 (Debian packages), 2026-11-30.
#
# What one would guess: Redis 8.0.6 and Valkey 9.1.2 forget scripts that came with EVAL once 500 newer ones have come, and SCRIPT LOAD is
# how a script is kept: after it EVALSHA finds the script, whatever was done with it before.
#
# What happens: in Redis 8.0.6 a script that EVAL has brought stays one that is forgotten, and SCRIPT LOAD, which answers with its digest
# as ever, changes nothing about it, however often it is sent. Only a script that SCRIPT LOAD brings first (or again, once it has been
# forgotten) is kept, and an EVAL after that does it no harm. In Valkey 9.1.2 SCRIPT LOAD keeps the script in each case. Redis 7.0.15
# forgets none. The use by EVALSHA makes a script the newest, so a script in use is forgotten only by 500 others since its last use.
#
# Why it matters: one process that sends its scripts with EVAL is enough to undo the SCRIPT LOAD at the start of another with the same
# scripts, during a deployment for one; whether it does depends on which came first, and no answer tells the difference.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib/servers.sh"
fetch_servers

script='return "kept"'
digest=$(printf %s "$script" | sha1sum | cut -c1-40)
others() { # PORT NUMBER: so many other scripts
	for number in $(seq "$2"); do echo "eval \"return $number + 0.5\" 0"; done | "$redis7/redis-cli" -p "$1" >/dev/null
}
kept() { # SERVER PORT WANTED STEP...: whether the script is still there after these steps and 500 others
	local server=$1 cli=("$redis7/redis-cli" -p "$2") port=$2 wanted=$3 step
	shift 3
	"${cli[@]}" script flush >/dev/null
	for step in "$@" others; do
		case $step in
		eval) "${cli[@]}" eval "$script" 0 >/dev/null ;;
		evalsha) "${cli[@]}" evalsha "$digest" 0 >/dev/null ;;
		load) [ "$("${cli[@]}" script load "$script")" = "$digest" ] ;;
		some) others "$port" 499 ;;
		others) others "$port" 500 ;;
		esac
	done
	expect "$server, after $*" "$wanted" "$("${cli[@]}" script exists "$digest")"
}

start seven_port "$redis7/redis-server"
start eight_port "$redis8/redis-server"
start nine_port "$valkey9/valkey-server"
for server in redis-7.0.15:seven_port:1:1 redis-8.0.6:eight_port:0:0 valkey-9.1.2:nine_port:0:1; do
	IFS=: read -r name port eval later <<<"$server"
	kept "$name" "${!port}" "$eval" eval
	kept "$name" "${!port}" 1 load
	kept "$name" "${!port}" 1 load eval
	kept "$name" "${!port}" "$later" eval load
	kept "$name" "${!port}" "$later" eval load load
	kept "$name" "${!port}" 1 eval others load
	"$redis7/redis-cli" -p "${!port}" script flush >/dev/null
	"$redis7/redis-cli" -p "${!port}" eval "$script" 0 >/dev/null
	others "${!port}" 499
	"$redis7/redis-cli" -p "${!port}" evalsha "$digest" 0 >/dev/null
	others "${!port}" 499
	expect "$name, used by EVALSHA half-way" 1 "$("$redis7/redis-cli" -p "${!port}" script exists "$digest")"
done
finish
