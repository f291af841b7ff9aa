#!/usr/bin/env bash
# Redis 7.0.15, Redis 8.0.6, Valkey 9.1.2 (Debian packages), 2026-11-30.
#
# What one would guess: with aof-load-truncated yes, an append-only file that a crash has cut off is put right once, at the next start: what
# does not belong to a whole command or transaction is cut off, and what is written from then on is safe.
#
# What happens: where the file ends between two commands of a transaction, all of them cut before MULTI. Where it ends inside a command of a
# transaction, Redis cuts behind the last whole command and leaves MULTI without EXEC in the file. Writes are appended behind it, answered
# with OK and flushed; at the next start they are queued into that transaction, which never ends, and all of them are cut off as
# "incomplete". Valkey 9.1.2 cuts before MULTI there too.
#
# Why it matters: a crash in the wrong moment costs what was written between the two starts after it, weeks maybe, without any error until
# then. A server that takes over such files must cut before MULTI.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib/servers.sh"
fetch_servers

try() { # NAME PROGRAM WANTED
	local data=$work/data-$1 file name
	mkdir -p "$data/appendonlydir"
	file=$data/appendonlydir/appendonly.aof.1.incr.aof
	echo 'file appendonly.aof.1.incr.aof seq 1 type i' >"$data/appendonlydir/appendonly.aof.manifest"
	printf '*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n*1\r\n$5\r\nMULTI\r\n*3\r\n$3\r\nSET\r\n$1\r\nb\r\n$1\r\n2\r\n*3\r\n$3\r\nSET\r\n$1' >"$file"
	start "$1" "$2" --dir "$data" --appendonly yes --appendfsync always
	expect "${2##*/} ($1): a write after the start" OK "$("$redis7/redis-cli" -p "${!1}" set later 1)"
	"$redis7/redis-cli" -p "${!1}" shutdown nosave
	start "$1" "$2" --dir "$data" --appendonly yes --appendfsync always
	expect '  is there after the next start' "$3" "$("$redis7/redis-cli" -p "${!1}" exists later)"
}
try seven "$redis7/redis-server" 0
try eight "$redis8/redis-server" 0
try nine "$valkey9/valkey-server" 1
finish
