#!/usr/bin/env bash
# Bun 1.4.5 (npm package bun), 2026-11-29.
#
# What one would guess: `setDefaultTimeout` in a preload of `bun test` sets the limit of every test, since the preload stands before every
# test file; and a `[test] timeout` in bunfig.toml does, since bunfig.toml has preload, coverage and more there.
#
# What happens: the limit reaches the tests of the first file only; each file after it is back at five seconds, though the preload's hooks
# go on applying to all files. Called from a beforeAll of the preload it reaches no file at all. bunfig.toml's `timeout` is taken without a
# word and does nothing. Called at the top of a test file, or given as --timeout, the limit holds as one would think.
#
# Why it matters: a server's tests wait for replicas, forks and deadlines. A limit raised in the preload seems to work while one runs a
# single file, and the whole run then stops slow tests after five seconds; one lowered there guards one file of hundreds. Set it on the
# command line, or in each file that needs it.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib/bun.sh"

mkdir project
cd project
differs=0
for name in first second third; do
	cat >"$name.test.ts" <<-T
		import { expect, test } from "bun:test";
		test("$name", async () => {
		  await Bun.sleep(900);
		  expect((globalThis as { hook?: string }).hook).toBe("ran");
		});
	T
done
run() { # WHAT WANTED ARGUMENT...: which of the three tests, of 900 ms each, pass and fail
	local what=$1 wanted=$2 seen
	shift 2
	seen=$("$bun" test "$@" 2>&1 | grep -oE '\((pass|fail)\) (first|second|third)' | tr -d '()' | paste -sd, || true)
	printf '%-34s %s\n' "$what" "$seen"
	if [ "$seen" != "$wanted" ]; then
		echo "  differs, it was: $wanted"
		differs=1
	fi
}
preload() { printf 'import { beforeAll, beforeEach, setDefaultTimeout } from "bun:test";\nbeforeEach(() => void ((globalThis as { hook?: string }).hook = "ran"));\n%s\n' "$1" >preload.ts; }
all='pass first,pass second,pass third'
none='fail first,fail second,fail third'

preload 'setDefaultTimeout(300);'
run 'called in the preload' 'fail first,pass second,pass third' --preload ./preload.ts
run 'the same, one file' 'fail second' --preload ./preload.ts second
preload 'beforeAll(() => setDefaultTimeout(300));'
run 'called in a beforeAll there' "$all" --preload ./preload.ts
preload ''
run '--timeout' "$none" --preload ./preload.ts --timeout 300
printf '[test]\ntimeout = 300\n' >bunfig.toml
run 'bunfig.toml' "$all" --preload ./preload.ts
rm bunfig.toml
sed -i '1a import { setDefaultTimeout } from "bun:test"; setDefaultTimeout(300);' second.test.ts
run 'called in the second file' 'pass first,fail second,pass third' --preload ./preload.ts
[ "$differs" = 0 ] || { echo 'what this finding says no longer holds' >&2; exit 1; }
echo ok
