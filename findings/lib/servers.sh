# Sourced by the findings that run real servers: unpacks Debian's Redis 7.0.15 (bookworm), Redis 8.0.6 and Valkey 9.1.2 (unstable) with
# the libraries they need under $work, changes nothing else on the machine, and ends every process it started when the script ends.
# The servers' versions are exact: once unstable moves on the download fails, and the finding is to be looked at again.
#
#   $redis7/{redis-server,redis-cli,redis-check-rdb,redis-check-aof}   $redis8/{the same}   $valkey9/{valkey-server,valkey-cli,...}
#   start NAME PROGRAM [DIRECTIVE...]   starts a server in $work/NAME on a free loopback port, waits for it, sets the variable NAME to the port
#   start_all                           starts all three; `servers` has NAME-VERSION:PORT of each
#   evaluates SERVER WANTED SCRIPT      expects what a script answers one of these, its lines joined by spaces
#   wait_for TEXT FILE                  until FILE holds TEXT, ten seconds at most
#   expect WHAT WANTED SEEN             prints what was seen, and remembers when it is not what was wanted
#   finish                              prints ok, or fails

source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/debian-packages.sh"

work=$(mktemp -d)
started=()
differs=0
reap() {
	local pid
	for pid in ${started[@]+"${started[@]}"}; do kill "$pid" 2>/dev/null || true; done
	for pid in ${started[@]+"${started[@]}"}; do wait "$pid" 2>/dev/null || true; done
	rm -rf "$work"
}
trap reap EXIT
trap 'exit 1' INT TERM

fetch_servers() {
	local library shared=(libc6 libatomic1 libjemalloc2 liblzf1 libsystemd0 libstdc++6 libgcc-s1 libcap2 libzstd1) old=() new=()
	for library in "${shared[@]}" libssl3 libgcrypt20 libgpg-error0 liblzma5 liblz4-1; do old+=("$library/bookworm"); done
	for library in "${shared[@]}" libssl3t64 zlib1g; do new+=("$library/sid"); done
	debian_sources "$work/apt" bookworm sid
	unpack "$work/seven" redis-tools=5:7.0.15-1~deb12u7 "${old[@]}"
	unpack "$work/newer" redis-tools=5:8.0.6-3 valkey-tools=9.1.2-1 "${new[@]}"
	programs "$work/seven" redis
	programs "$work/newer" redis
	programs "$work/newer" valkey
	redis7=$work/seven/bin redis8=$work/newer/bin valkey9=$work/newer/bin
}

start() {
	local name=$1 program=$2 port pid round
	shift 2
	for round in 1 2 3 4 5 6 7 8; do
		port=$((20000 + (RANDOM * 7 + round) % 12000))
		mkdir -p "$work/$name"
		(cd "$work/$name" && exec "$program" --port "$port" --bind 127.0.0.1 --save '' "$@" >log 2>&1) &
		pid=$!
		for _ in $(seq 50); do
			if [ "$("$redis7/redis-cli" -p "$port" info server 2>/dev/null | tr -d '\r' | sed -n 's/^process_id://p')" = "$pid" ]; then
				started+=("$pid")
				printf -v "$name" %s "$port"
				return
			fi
			kill -0 "$pid" 2>/dev/null || break
			sleep 0.1
		done
		kill "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	echo "$name does not start: $(tail -n 3 "$work/$name/log")" >&2
	exit 1
}

wait_for() {
	for _ in $(seq 100); do
		if grep -qF -- "$1" "$2" 2>/dev/null; then return; fi
		sleep 0.1
	done
	echo "no '$1' within ten seconds" >&2
	exit 1
}

expect() {
	printf '%-46s %s\n' "$1" "$3"
	if [ "$2" != "$3" ]; then
		printf '%-46s %s\n' '  differs, it was:' "$2"
		differs=1
	fi
}

start_all() {
	start seven_port "$redis7/redis-server"
	start eight_port "$redis8/redis-server"
	start nine_port "$valkey9/valkey-server"
	servers=("redis-7.0.15:$seven_port" "redis-8.0.6:$eight_port" "valkey-9.1.2:$nine_port")
}

evaluates() { # SERVER WANTED SCRIPT
	expect "${1%%:*}: $3" "$2" "$("$redis7/redis-cli" -p "${1##*:}" eval "$3" 0 | paste -sd' ')"
}

finish() {
	[ "$differs" = 0 ] || { echo "what this finding says no longer holds" >&2; exit 1; }
	echo ok
}
