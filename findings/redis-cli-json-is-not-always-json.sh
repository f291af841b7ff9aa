#!/usr/bin/env bash
# redis-cli of Redis 7.0.15 and 8.0.6, valkey-cli of Valkey 9.1.2 (Debian packages), each with the server of its release, 2026-11-30.
#
# What one would guess: `--json` prints each reply as JSON, and a client prints every type of reply that the server of its own release sends.
#
# What happens, with --json and --quoted-json alike:
# - a score or a number that is infinite is printed as a bare inf, also inside of arrays: `ZRANGE key 0 -1 WITHSCORES` is no JSON as soon as
#   one score is; an error that stands in a reply, that of one command of an EXEC, is printed as error:"...", no JSON either. The status is
#   0, and nothing else marks the line;
# - a big number, which scripts can return, is a type that none of the three knows: "Unknown reply type: 13", status 1, without --json but
#   in the newer protocol (-3) too;
# - not a number is nan in the newer two, while 7.0.15 takes the reply for a broken one.
# The older protocol (--json -2) makes strings of inf and of the big number, so the same replies are JSON with it.
#
# Why it matters: a script that pipes --json to a JSON parser works until a score is infinite or a command in a transaction fails. A test
# of a server's replies through --json has to allow for this, and takes a right big number for a failure.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib/servers.sh"
fetch_servers

prints() { # WHAT WANTED PROGRAM ARGUMENT...: the status, whether the last line is JSON to Node, and that line
	local what=$1 wanted=$2 status=0 line json=JSON
	shift 2
	"$@" >"$work/out" 2>&1 || status=$?
	line=$(tail -n 1 "$work/out")
	node -e 'JSON.parse(process.argv[1])' -- "$line" 2>/dev/null || json='not JSON'
	expect "$what" "$wanted" "$status, $json: $line"
}

start seven_port "$redis7/redis-server"
start eight_port "$redis8/redis-server"
start nine_port "$valkey9/valkey-server"
big='redis.setresp(3) return {big_number="12345678901234567890"}'
nan='redis.setresp(3) return {double=0/0}'
unknown='1, not JSON: Unknown reply type: 13'
wrong='WRONGTYPE Operation against a key holding the wrong kind of value'
for server in "$redis7/redis-cli:seven_port" "$redis8/redis-cli:eight_port" "$valkey9/valkey-cli:nine_port"; do
	port=${server##*:}
	cli=("${server%:*}" -p "${!port}")
	"${cli[@]}" --version
	"${cli[@]}" zadd board 1 low inf top >/dev/null
	printf 'multi\nset s x\nlpush s 1\nget s\nexec\n' >"$work/transaction"
	transaction() { "${cli[@]}" "$@" <"$work/transaction"; }
	prints 'ZRANGE, finite scores' '0, JSON: [["low",1]]' "${cli[@]}" --json zrange board 0 0 withscores
	for option in --json --quoted-json; do
		prints "ZRANGE, $option" '0, not JSON: [["low",1],["top",inf]]' "${cli[@]}" "$option" zrange board 0 -1 withscores
		prints "EXEC, $option" "0, not JSON: [\"OK\",error:\"$wrong\",\"x\"]" transaction "$option"
	done
	prints 'ZRANGE, --json -2' '0, JSON: ["low","1","top","inf"]' "${cli[@]}" --json -2 zrange board 0 -1 withscores
	prints 'big number, --json' "$unknown" "${cli[@]}" --json eval "$big" 0
	prints 'big number, -3' "$unknown" "${cli[@]}" -3 eval "$big" 0
	prints 'big number, --json -2' '0, JSON: "12345678901234567890"' "${cli[@]}" --json -2 eval "$big" 0
	wanted='0, not JSON: nan'
	if [ "$port" = seven_port ]; then wanted='1, not JSON: Error: Bad double value'; fi
	prints 'not a number, --json' "$wanted" "${cli[@]}" --json eval "$nan" 0
done
finish
