#!/bin/sh
# What a container runs. Its words are Replicant's command line; a program of the image runs as it stands.
#
#   docker run replicant                                          a server with the defaults
#   docker run replicant --maxmemory 1gb                          options
#   docker run -v ./my.conf:/my.conf replicant /my.conf           a configuration file
#   docker run -v ./data:/data replicant check /data/dump.rdb     a tool
#   docker run replicant redis-server --appendonly yes            what was written for the official Redis image
#   docker run -it replicant sh                                   a shell
#
# Protected mode is off, as in the official Redis image: who reaches the port is decided by what is published, and the other containers of a
# network could not be served otherwise. Who says `protected-mode` (an option, a configuration file, which may include others, or standard
# input) decides for himself.
set -e

case "${1-}" in
redis-server) shift && set -- replicant "$@" ;;
redis-cli) shift && set -- replicant cli "$@" ;;
redis-benchmark) shift && set -- replicant benchmark "$@" ;;
"" | -* | *.conf) set -- replicant "$@" ;;
*) command -v "$1" >/dev/null || set -- replicant "$@" ;;
esac
[ "$1" = replicant ] || exec "$@"
shift

for word; do
	# What comes by standard input can only be read by the server.
	[ "$word" != - ] || exec replicant "$@"
done
case "${1-}" in
"" | -*) set -- --protected-mode no "$@" ;;
*.conf)
	if [ -r "$1" ] && ! grep -qiE '^[[:space:]]*"?(protected-mode|include)[[:space:]"]' "$1"; then
		file=$1
		shift
		set -- "$file" --protected-mode no "$@"
	fi
	;;
esac
exec replicant "$@"
