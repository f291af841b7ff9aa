/** When scripts and their commands are refused: memory, disk, replicas, stale data, flags; compared with Redis. */
import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../replication/support.ts";
import { connect } from "../support/client.ts";
import { type Request, useComparison } from "../support/compare.ts";
import { describeWithRedis, startRedis, testWithRedis } from "../support/redis.ts";
import { startServer } from "../support/server.ts";

const GET = "return redis.call('get', 'x')";
const SET = "return redis.call('set', 'x', 'y')";
const SET_AND_GO_ON = "redis.call('del', 'z') return redis.call('set', 'x', 'y')";
const FLAGS = [
  "",
  "flags=",
  "flags=no-writes",
  "flags=allow-oom",
  "flags=allow-stale",
  "flags=no-writes,allow-stale",
  "flags=no-cluster",
  "flags=allow-oom,allow-stale",
];

/** Every way to say what a script does, with a script that reads and one that writes, by EVAL and EVAL_RO, plain and in MULTI. */
function everyScript(): Request[] {
  const requests: Request[] = [];
  const scripts = [GET, SET, SET_AND_GO_ON, "return redis.pcall('set', 'x', 'y')", "return 1"];
  const whole = [...scripts, ...FLAGS.flatMap((flags) => scripts.map((script) => `#!lua ${flags}\n${script}`))];
  for (const script of whole) {
    for (const command of ["EVAL", "EVAL_RO"]) requests.push([command, script, 1, "x"], ["MULTI"], [command, script, 1, "x"], ["EXEC"]);
  }
  return requests;
}

describeWithRedis("scripts", () => {
  const comparison = useComparison({ "enable-debug-command": "yes" });

  test("in ordinary times", async () => {
    await comparison().compare([everyScript()]);
  });

  test("while memory is at its limit", async () => {
    const more: Request[] = [
      ["EVAL", "redis.call('del', 'x') return redis.call('set', 'x', 'y')", 0],
      ["EVAL", "redis.call('get', 'x') return redis.call('set', 'x', 'y')", 0],
      ["EVAL", "local e = redis.pcall('set', 'x', 'y') redis.call('del', 'x') return {e, redis.pcall('set', 'x', 'y')}", 0],
      ["EVALSHA", "c686f316aaf1eb01d5a4de1b0b63cd233010e63d", 0],
    ];
    await comparison().compare([
      [["SET", "x", "1"], ["CONFIG", "SET", "maxmemory", 1], ...everyScript(), ...more, ["CONFIG", "SET", "maxmemory", 0]],
    ]);
  });

  test("while there are too few replicas", async () => {
    await comparison().compare([
      [["CONFIG", "SET", "min-replicas-to-write", 1], ...everyScript(), ["CONFIG", "SET", "min-replicas-to-write", 0]],
    ]);
  });

  test("on a replica, whose data is stale", async () => {
    // Port 1: nothing answers there.
    const asReplica = (readOnly: string, serveStale: string): Request[] => [
      ["REPLICAOF", "127.0.0.1", 1],
      ["CONFIG", "SET", "replica-read-only", readOnly],
      ["CONFIG", "SET", "replica-serve-stale-data", serveStale],
      ...everyScript(),
      ["EVAL", "#!lua flags=allow-stale,no-writes\nreturn redis.call('ping')", 0],
      ["EVAL", "#!lua flags=allow-stale,no-writes\nreturn redis.call('echo', 'x')", 0],
      ["EVAL", "#!lua flags=allow-stale,no-writes\nreturn redis.call('info', 'nonesuch')", 0],
      ["CONFIG", "SET", "replica-read-only", "yes"],
      ["CONFIG", "SET", "replica-serve-stale-data", "yes"],
      ["REPLICAOF", "NO", "ONE"],
    ];
    for (const readOnly of ["yes", "no"]) {
      for (const serveStale of ["yes", "no"]) await comparison().compare([asReplica(readOnly, serveStale)]);
    }
  });

  test("what cannot be called from scripts", async () => {
    const commands = [
      "eval x 0, evalsha x 0, script flush, multi, exec, discard, watch x, unwatch, subscribe x, psubscribe x, unsubscribe, auth x, hello 3, reset, quit",
      "client setname x, client list, config set maxmemory 0, config get save, config rewrite, save, bgsave, bgrewriteaof, lastsave, shutdown, role",
      "replicaof no one, psync ? -1, sync, debug object x, memory usage x, command count, select 1, swapdb 0 1, spublish x y, publish x y, fcall f 0",
      "function list",
    ].flatMap((line) => line.split(", "));
    const scripts = commands.map((command) => `return redis.call('${command.replaceAll(" ", "', '")}')`);
    // What succeeds differs in its answer, or needs a later version of ours.
    await comparison().compare([scripts.map((script): Request => ["EVAL", script, 0])], {
      mask: (reply) => (reply.startsWith("-") && !/swapdb/.test(reply) ? reply : "fine"),
    });
  });

  test("read-only ones must not call what may lead to writes", async () => {
    const calls = [
      "'set', 'x', 1",
      "'publish', 'x', 'y'",
      "'get', 'x'",
      "'pfcount', 'x'",
      "'getex', 'x'",
      "'spublish', 'x', 'y'",
      "'ping'",
      "'nonesuch'",
      "'sort', 'x'",
      "'sort_ro', 'x'",
    ];
    await comparison().compare([
      calls.flatMap((call): Request[] => [
        ["EVAL_RO", `return redis.call(${call})`, 0],
        ["EVAL_RO", `redis.pcall(${call}) return 1`, 0],
        ["EVAL", `#!lua flags=no-writes\nreturn redis.call(${call})`, 0],
      ]),
    ]);
  });
});

testWithRedis("scripts while the disk fails", async () => {
  const folder = mkdtempSync(join(tmpdir(), "replicant-test-"));
  const dirs = ["ours", "theirs"].map((name) => join(folder, name));
  for (const dir of dirs) mkdirSync(dir);
  await using ours = await startServer({ save: "3600 100", dir: dirs[0] as string });
  await using redis = await startRedis({ args: ["--save", "3600 100", "--dir", dirs[1] as string] });
  const answers: string[][] = [];
  for (const [index, port] of [ours.port, redis.port].entries()) {
    const client = await connect(port);
    rmSync(dirs[index] as string, { recursive: true });
    await client.command("BGSAVE");
    await until("the save to fail", async () => (await client.text("INFO", "persistence")).includes("rdb_last_bgsave_status:err"));
    const replies: string[] = [];
    for (const request of everyScript()) replies.push(`${request.join(" ")} -> ${await client.command(...request)}`);
    answers.push(replies);
    // Or it would not end when it is told to: it could not save.
    await client.command("CONFIG", "SET", "save", "");
    client.close();
  }
  expect(answers[0]).toEqual(answers[1] as string[]);
  rmSync(folder, { recursive: true, force: true });
});
