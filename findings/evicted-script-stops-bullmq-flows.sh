#!/usr/bin/env bash
# BullMQ 6.7.0 with ioredis 5.11.1 (npm packages), Redis 7.0.15, Redis 8.0.6, Valkey 9.1.2 (Debian packages), 2026-11-30.
#
# What one would guess: a server that has forgotten a script answers NOSCRIPT once, after which the queue's client sends the whole script
# again; Queue.add and FlowProducer.add get over it in the same way.
#
# What happens: Queue.add does, unnoticed. FlowProducer.add, which adds a tree of jobs in one transaction, fails with NOSCRIPT and goes on
# failing with each later call: the refusal comes inside of the answer to EXEC, where the client does not learn from it that it has to
# send the script. What helps is a new FlowProducer: its connection sends the script, and from then on the old one works too, since the
# script is back in the server. On Redis 8.0.6 and Valkey 9.1.2 it takes 500 scripts of other clients to get there, on Redis 7.0.15 a
# SCRIPT FLUSH.
#
# Why it matters: a service that adds flows stops doing so until it is started again, while its queues and workers look healthy; the cause
# is any other program on that server that writes values into the text of its scripts.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib/servers.sh"
fetch_servers
npm install --no-audit --no-fund --ignore-scripts --prefix "$work/tool" bullmq@6.7.0 ioredis@5.11.1 >"$work/install.log" 2>&1 || { cat "$work/install.log" >&2; exit 1; }

cat >"$work/tool/flows.cjs" <<'J'
const { FlowProducer, Queue } = require("bullmq");
const Redis = require("ioredis");
const [port, how] = process.argv.slice(2);
const connection = { host: "127.0.0.1", port: +port };
const tree = { name: "parent", queueName: "parents", children: [{ name: "child", queueName: "children" }] };
const forget = {
  nothing: async () => {},
  evals: (other) => Promise.all(Array.from({ length: 500 }, (_, i) => other.eval(`return ${i} + 0.5`, 0))),
  flush: (other) => other.script("FLUSH"),
}[how];
const result = (promise) => promise.then(() => "added", (error) => error.message.split(" ")[0]);
const seen = [];
(async () => {
  const other = new Redis(connection);
  await other.flushall();
  await other.script("FLUSH");
  const queue = new Queue("parents", { connection });
  const flow = new FlowProducer({ connection });
  seen.push(await result(queue.add("single", {})), await result(flow.add(tree)), await result(flow.add(tree)));
  await forget(other);
  seen.push("|", await result(queue.add("single", {})));
  await forget(other);
  for (let call = 0; call < 5; call++) seen.push(await result(flow.add(tree)));
  const second = new FlowProducer({ connection });
  seen.push("|", await result(second.add(tree)), await result(flow.add(tree)));
  console.log(seen.join(" "));
  await Promise.all([queue.close(), flow.close(), second.close()]);
  other.disconnect();
})();
J
flows() { # SERVER PORT HOW WANTED
	expect "$1, $3" "$4" "$(timeout 30 node "$work/tool/flows.cjs" "$2" "$3")"
}

start seven_port "$redis7/redis-server" --maxmemory-policy noeviction
start eight_port "$redis8/redis-server" --maxmemory-policy noeviction
start nine_port "$valkey9/valkey-server" --maxmemory-policy noeviction
well='added added added | added added added added added added | added added'
stuck='added added added | added NOSCRIPT NOSCRIPT NOSCRIPT NOSCRIPT NOSCRIPT | added added'
echo 'Queue.add, 2 x FlowProducer.add | after this: Queue.add, 5 x FlowProducer.add | of a new FlowProducer, of the old one'
flows redis-7.0.15 "$seven_port" evals "$well"
flows redis-7.0.15 "$seven_port" flush "$stuck"
for server in redis-8.0.6:eight_port valkey-9.1.2:nine_port; do
	name=${server%%:*} port=${server##*:}
	flows "$name" "${!port}" nothing "$well"
	flows "$name" "${!port}" evals "$stuck"
done
finish
