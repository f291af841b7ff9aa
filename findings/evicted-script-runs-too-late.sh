#!/usr/bin/env bash
# ioredis 5.11.1, iovalkey 0.4.0, redis 6.3.1 (npm packages) with Redis 7.0.15, Redis 8.0.6, Valkey 9.1.2 (Debian packages), 2026-11-30.
#
# What one would guess: the commands of one connection run in the order in which they were given, so a GET behind a script that sets the
# key sees the value; and what a client has once sent with EVAL stays in the server's cache until SCRIPT FLUSH or a restart.
#
# What happens: Redis 8.0.6 and Valkey 9.1.2 keep the last 500 scripts that came with EVAL, Redis 7.0.15 keeps all. The clients send
# EVALSHA for a script whose text they have sent before; when the server has dropped it they send the text anew once NOSCRIPT has come
# back, which is behind everything that was sent in the meantime. So the same two calls give another answer, and no error:
# - ioredis and iovalkey: in a pipeline the script runs after all that stands behind it; calls made without waiting, the same;
# - redis (node-redis): calls made without waiting, the same; its multi() and execAsPipeline() send the text each time and stay right;
# - ioredis and iovalkey in multi(): the transaction is executed without the script, whose own answer alone is NOSCRIPT.
# On Redis 7.0.15 it takes a SCRIPT FLUSH to see the same.
#
# Why it matters: any other client of the server that puts values into the text of its scripts sets this off, at any time, and code that
# was right for years on Redis 7 reads old values on the newer two. With scripts of these clients, wait for the answer before you send
# what needs it, and look at each answer of a transaction.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib/servers.sh"
fetch_servers
npm install --no-audit --no-fund --ignore-scripts --prefix "$work/tool" ioredis@5.11.1 iovalkey@0.4.0 redis@6.3.1 >"$work/install.log" 2>&1 || { cat "$work/install.log" >&2; exit 1; }

cat >"$work/tool/order.cjs" <<'J'
const [name, port, ...cases] = process.argv.slice(2);
const set = "return redis.call('SET', KEYS[1], ARGV[1])";
const between = {
  nothing: async () => {},
  evals: (raw) => Promise.all(Array.from({ length: 500 }, (_, i) => raw(["EVAL", `return ${i} + 0.5`, "0"]))),
  flush: (raw) => raw(["SCRIPT", "FLUSH"]),
};
const likeIoredis = (Client) => {
  const client = new Client(+port), other = new Client(+port);
  client.defineCommand("put", { numberOfKeys: 1, lua: set });
  const run = async (how) => {
    if (how === "calls") return Promise.all([client.put("k", "new"), client.get("k")]);
    return (await client[how]().put("k", "new").get("k").exec()).map(([error, answer]) => error ?? answer);
  };
  const raw = ([command, ...rest]) => other.call(command, ...rest);
  return { run, raw, put: (value) => client.put("k", value), get: () => other.get("k"), end: () => [client, other].forEach((c) => c.disconnect()) };
};
const nodeRedis = async ({ createClient, defineScript }) => {
  const url = `redis://127.0.0.1:${port}`;
  const parseCommand = (parser, key, value) => void (parser.pushKey(key), parser.push(value));
  const put = defineScript({ SCRIPT: set, NUMBER_OF_KEYS: 1, parseCommand, transformReply: (reply) => reply });
  const client = await createClient({ url, scripts: { put } }).connect(), other = await createClient({ url }).connect();
  const run = (how) => {
    if (how === "calls") return Promise.all([client.put("k", "new"), client.get("k")]);
    const all = client.multi().put("k", "new").get("k");
    return how === "multi" ? all.exec() : all.execAsPipeline();
  };
  return { run, raw: (words) => other.sendCommand(words), put: (value) => client.put("k", value), get: () => other.get("k"), end: () => [client, other].forEach((c) => c.destroy()) };
};
const word = (answer) => (answer instanceof Error ? answer.message.split(" ")[0] : String(answer));
(async () => {
  for (const one of cases) {
    const [what, how] = one.split("-");
    const it = await (name === "redis" ? nodeRedis : likeIoredis)(require(name)); // connections of its own
    await it.raw(["SCRIPT", "FLUSH"]);
    await it.put("old");
    await between[what](it.raw);
    const answers = (await it.run(how)).map(word).join(" ");
    console.log(`${answers}, then ${await it.get()}`);
    it.end();
  }
})();
J
order() { # SERVER PORT LIBRARY CASE=WANTED...: the answers of the script and of the GET behind it, and the value in the end
	local server=$1 port=$2 library=$3 one seen line=0
	shift 3
	mapfile -t seen < <(timeout 30 node "$work/tool/order.cjs" "$library" "$port" "${@%%=*}")
	for one in "$@"; do
		expect "$server, $library, ${one%%=*}" "${one#*=}" "${seen[line]-}"
		line=$((line + 1))
	done
}

start seven_port "$redis7/redis-server"
start eight_port "$redis8/redis-server"
start nine_port "$valkey9/valkey-server"
right='OK new, then new'
for server in redis-7.0.15:seven_port redis-8.0.6:eight_port valkey-9.1.2:nine_port; do
	name=${server%%:*} port=${server##*:}
	port=${!port}
	late='OK old, then new' without='NOSCRIPT old, then old'
	if [ "$name" = redis-7.0.15 ]; then late=$right without=$right; fi
	order "$name" "$port" ioredis nothing-pipeline="$right" nothing-multi="$right" evals-pipeline="$late" evals-calls="$late" evals-multi="$without"
	order "$name" "$port" iovalkey evals-pipeline="$late" evals-calls="$late" evals-multi="$without"
	order "$name" "$port" redis nothing-calls="$right" evals-calls="$late" evals-multi="$right" evals-pipeline="$right"
done
order redis-7.0.15 "$seven_port" ioredis flush-pipeline='OK old, then new' flush-multi='NOSCRIPT old, then old'
order redis-7.0.15 "$seven_port" redis flush-calls='OK old, then new'
finish
