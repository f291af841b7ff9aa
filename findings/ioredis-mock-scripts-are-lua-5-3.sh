#!/usr/bin/env bash
# ioredis-mock 8.13.1 (npm package, runs scripts in fengari 0.1.5), ioredis 5.11.1 with Redis 8.0.6 (Debian package), 2026-11-30.
#
# What one would guess: a test whose scripts go through ioredis-mock sees the keys and answers that Redis gives, or else an error where
# something is missing in the mock (cjson, bit and redis.sha1hex are).
#
# What happens: the mock's scripts are Lua 5.3 with numbers of two kinds, Redis's are Lua 5.1, and the difference shows in the data:
# - an argument plus a number is a fraction, even if whole: 'page:' .. (ARGV[1] + 1) is the key page:42 in Redis and page:42.0 in the mock;
#   so for quotients and powers, too. What SET has stored of them comes back from GET as a number, not as a string;
# - GET of an empty string is false, as if there were no key, so a script's `if not value` takes the other branch;
# - a fraction is not cut to a whole number, false is false and not null, and a list ends at no nil: it is lost as a whole;
# - of several values returned the last is the answer, in Redis the first;
# - a name that is misspelt is nil, where Redis stops with an error.
# None of these is an error in the mock.
#
# Why it matters: the tests of a script pass against keys that Redis never has. math.floor makes whole numbers of such sums in both.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib/servers.sh"
fetch_servers
npm install --no-audit --no-fund --ignore-scripts --prefix "$work/tool" ioredis-mock@8.13.1 fengari@0.1.5 ioredis@5.11.1 >"$work/install.log" 2>&1 ||
	{ cat "$work/install.log" >&2; exit 1; }

cat >"$work/tool/both.cjs" <<'J'
const [port, ...scripts] = process.argv.slice(2);
const real = new (require("ioredis"))(+port), mock = new (require("ioredis-mock"))();
const answer = (client, script) => client.eval(script, 0, "41").then((value) => String(JSON.stringify(value)), () => "an error");
(async () => {
  for (const script of scripts) {
    for (const client of [real, mock]) await client.flushall();
    console.log(`${await answer(real, script)} mock ${await answer(mock, script)}`);
  }
  real.disconnect();
  mock.disconnect();
})();
J
start eight_port "$redis8/redis-server"
scripts=() wanted=()
both() { # REDIS MOCK SCRIPT
	scripts+=("$3") wanted+=("$1 mock $2")
}
both '"page:42"' '"page:42.0"' "return 'page:' .. (ARGV[1] + 1)"
both '["page:42"]' '["page:42.0"]' "redis.call('SET', 'page:' .. (ARGV[1] + 1), 'x') return redis.call('KEYS', '*')"
both '"string 42"' '"number 42.0"' "redis.call('SET', 'k', ARGV[1] + 1) local value = redis.call('GET', 'k') return type(value) .. ' ' .. value"
both '"page:42"' '"page:42"' "return 'page:' .. math.floor(ARGV[1] + 1)"
both '"half:5 8"' '"half:5.0 8.0"' "return 'half:' .. 10 / 2 .. ' ' .. 2 ^ 3"
both '"there"' '"none"' "redis.call('SET', 'k', '') if not redis.call('GET', 'k') then return 'none' end return 'there'"
both 2 2.5 'return 10 / 4'
both '[null,1]' '[false,1]' 'return {false, 1}'
both '[1,2]' undefined 'return {1, 2, nil, 4}'
both 1 2 'return 1, 2'
both 'an error' undefined 'return misspelt'
mapfile -t seen < <(timeout 30 node "$work/tool/both.cjs" "$eight_port" "${scripts[@]}")
for i in "${!scripts[@]}"; do expect "${scripts[i]}" "${wanted[i]}" "${seen[i]-}"; done
finish
