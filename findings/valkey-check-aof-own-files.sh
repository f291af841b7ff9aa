#!/usr/bin/env bash
# Valkey 9.1.2 (valkey-tools), Redis 7.0.15 and 8.0.6 (redis-tools; Debian packages), 2026-11-29.
#
# What one would guess: a server's checker accepts the append-only file that this very server just wrote and loads again.
#
# What happens: valkey-check-aof 9.1.2 calls the base file of Valkey 9.1.2's own append-only file a "format error" at offset 0 and offers
# --fix. Valkey 9.1.2 begins its snapshots with the word VALKEY, where its checker still knows a snapshot in front of commands by the word
# REDIS only, and so reads the base as commands ("RESP format"). valkey-check-rdb calls the same file good, valkey-server loads the folder,
# and valkey-check-aof accepts what Redis 7.0.15 and Redis 8.0.6 write. --fix refuses to touch the base when a later file follows; on the
# base by itself it offers to cut it to nothing, which this script answers with "n".
#
# Why it matters: a checker's "not valid" is no proof that an append-only file is bad. A test that has a checker judge the files of a
# Redis-compatible server has to take Redis's; a person who follows the checker's advice loses the data. A server that writes or accepts
# the newer word must look for both where a snapshot stands in front of commands.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib/servers.sh"
fetch_servers

write() { # NAME PROGRAM: an append-only folder with a base that has a key and one command after it
	start "$1" "$2" --appendonly yes
	local cli=("$redis7/redis-cli" -p "${!1}")
	"${cli[@]}" set in-the-base 1 >/dev/null
	"${cli[@]}" bgrewriteaof >/dev/null
	for _ in $(seq 100); do
		if [ -n "$(find "$work/$1/appendonlydir" -name '*.2.base.rdb')" ] && "${cli[@]}" info persistence | grep -q 'aof_rewrite_in_progress:0'; then break; fi
		sleep 0.1
	done
	"${cli[@]}" set after-the-base 2 >/dev/null
	"${cli[@]}" config set appendfsync always >/dev/null
	"${cli[@]}" set last 3 >/dev/null
	[ "$("${cli[@]}" dbsize)" = 3 ]
}
verdict() { # FOLDER PROGRAM: its last line of words without the file's name, and its exit status
	local status=0
	"$2" "$work/$1/appendonlydir/appendonly.aof.manifest" >"$work/verdict" 2>&1 </dev/null || status=$?
	echo "$status: $(grep -oE 'All AOF files and manifest are valid|is not valid\. Use the --fix option|RDB preamble of AOF file is not sane' "$work/verdict" | tail -n 1)"
}

write seven "$redis7/redis-server"
write eight "$redis8/redis-server"
write nine "$valkey9/valkey-server"
valid='0: All AOF files and manifest are valid'
expect 'first word of Redis 8.0.6'"'"'s base' REDIS0012 "$(head -c 9 "$work"/eight/appendonlydir/*.base.rdb)"
expect 'first word of Valkey 9.1.2'"'"'s base' VALKEY080 "$(head -c 9 "$work"/nine/appendonlydir/*.base.rdb)"
expect 'valkey-check-aof on Redis 7.0.15'"'"'s folder' "$valid" "$(verdict seven "$valkey9/valkey-check-aof")"
expect 'valkey-check-aof on Redis 8.0.6'"'"'s folder' "$valid" "$(verdict eight "$valkey9/valkey-check-aof")"
expect 'valkey-check-aof on Valkey 9.1.2'"'"'s folder' '1: is not valid. Use the --fix option' "$(verdict nine "$valkey9/valkey-check-aof")"
expect '  what it takes the base for' 'BASE AOF (RESP format)' "$(grep -oE 'BASE AOF \(.* format\)' "$work/verdict")"
expect '  how much of the base it finds good' 'ok_up_to=0' "$(grep -oE 'ok_up_to=[0-9]+' "$work/verdict" | head -n 1)"
expect 'redis-check-aof 8.0.6 on Redis 8.0.6'"'"'s folder' "$valid" "$(verdict eight "$redis8/redis-check-aof")"

status=0
"$valkey9/valkey-check-rdb" "$work"/nine/appendonlydir/*.base.rdb >"$work/verdict" 2>&1 || status=$?
expect 'valkey-check-rdb on the same base' '0: RDB looks OK!' "$status: $(grep -oE 'RDB looks OK!' "$work/verdict")"

cp -r "$work/nine/appendonlydir" "$work/copy"
status=0
"$valkey9/valkey-check-aof" --fix "$work/copy/appendonly.aof.manifest" >"$work/verdict" 2>&1 </dev/null || status=$?
expect '--fix on the folder' '1: because it is not the last file' "$status: $(grep -oE 'because it is not the last file' "$work/verdict")"
size=$(wc -c <"$(ls "$work"/copy/*.base.rdb)")
"$valkey9/valkey-check-aof" --fix "$work"/copy/*.base.rdb >"$work/verdict" 2>&1 <<<n || true
expect '--fix on the base alone offers' 'to 0 bytes' "$(grep -oE "from $size bytes, with $size bytes, to [0-9]+ bytes" "$work/verdict" | grep -oE 'to [0-9]+ bytes$')"

mkdir "$work/again"
cp -r "$work/nine/appendonlydir" "$work/again/"
start again "$valkey9/valkey-server" --appendonly yes
expect 'keys when Valkey 9.1.2 starts with the folder' 3 "$("$redis7/redis-cli" -p "$again" dbsize)"
finish
