/** What scripts leave behind: the stream to replicas, the append-only file, events; compared with Redis. */
import { expect, test } from "bun:test";
import { AofServer, Directory } from "../aof/support.ts";
import { Ours } from "../replication/support.ts";
import { connect, type Word } from "../support/client.ts";
import { useComparison } from "../support/compare.ts";
import { effectsOf } from "../support/effects.ts";
import { describeWithRedis } from "../support/redis.ts";

type Deeds = readonly (readonly Word[])[];

const evaluate = (script: string, ...rest: Word[]): readonly Word[] => ["EVAL", script, rest.length, ...rest];

const DEEDS: Record<string, Deeds> = {
  "nothing written": [evaluate("return redis.call('get', 'x')")],
  "one write is that command": [evaluate("return redis.call('set', 'x', 1)")],
  "several are one transaction": [evaluate("redis.call('set', 'x', 1) redis.call('incr', 'x') return redis.call('del', 'x')")],
  "what changes nothing is left out": [evaluate("redis.call('del', 'x') redis.call('set', 'y', 1) redis.call('del', 'x')")],
  "numbers are written as they were sent": [evaluate("redis.call('set', 'x', 3) redis.call('incrby', 'x', 1e3)")],
  "effects in place of what chance or the clock decides": [
    evaluate(
      "redis.call('sadd', 's', 'a') redis.call('spop', 's') redis.call('set', 'x', 1, 'px', 100000) redis.call('incrbyfloat', 'x', 1.5)",
    ),
  ],
  "a failure keeps what was written before": [evaluate("redis.call('set', 'x', 1) redis.call('lpush', 'x', 1) redis.call('set', 'y', 1)")],
  "an error raised by the script": [evaluate("redis.call('set', 'x', 1) redis.call('set', 'y', 1) error('stop')")],
  databases: [
    evaluate("redis.call('select', 3) redis.call('set', 'x', 1) redis.call('select', 5) redis.call('set', 'y', 1)"),
    ["SET", "still", "in 0"],
    evaluate("redis.call('set', 'z', 1)"),
  ],
  messages: [
    evaluate("redis.call('publish', 'channel', 'message')"),
    evaluate("redis.call('set', 'x', 1) redis.call('publish', 'c', 'm')"),
  ],
  "FLUSHALL of nothing": [evaluate("redis.call('flushall')")],
  "in a transaction": [["MULTI"], evaluate("redis.call('set', 'x', 1) redis.call('set', 'y', 1)"), ["SET", "z", 1], ["EXEC"]],
  "alone in a transaction": [["MULTI"], evaluate("redis.call('set', 'x', 1)"), ["EXEC"]],
  "nothing for replicas": [evaluate("redis.set_repl(redis.REPL_NONE) redis.call('set', 'x', 1)"), evaluate("redis.call('set', 'y', 1)")],
  "only some for replicas": [
    evaluate(
      "redis.call('set', 'a', 1) redis.set_repl(redis.REPL_NONE) redis.call('set', 'b', 1) redis.set_repl(redis.REPL_REPLICA) redis.call('set', 'c', 1)",
    ),
    evaluate("redis.set_repl(redis.REPL_NONE) redis.call('set', 'd', 1) redis.set_repl(redis.REPL_ALL) redis.call('set', 'e', 1)"),
  ],
  EVALSHA: [
    ["SCRIPT", "LOAD", "return redis.call('set', KEYS[1], ARGV[1])"],
    ["EVALSHA", "5b9fb3410653a731f8ddfeff39a0c061b55a3dab", 1, "x", "y"],
    ["EVALSHA", "c686f316aaf1eb01d5a4de1b0b63cd233010e63d", 1, "x", "y"],
  ],
  "commands that look arguments up in a certain order": [
    evaluate("redis.call('rpush', 'l', 3, 1, 2) redis.call('sort', 'l', 'store', 'sorted') redis.call('geoadd', 'g', 1, 2, 'm')"),
  ],
  "SCRIPT commands": [
    ["SCRIPT", "LOAD", "return 1"],
    ["SCRIPT", "FLUSH"],
    ["SET", "x", 1],
  ],
  "expired keys go first": [
    ["DEBUG", "SET-ACTIVE-EXPIRE", 0],
    ["SET", "x", 1, "PX", 1],
    ["DEBUG", "SLEEP", "0.01"],
    evaluate("redis.call('get', 'x') redis.call('set', 'y', 1)"),
    ["SET", "x", 1, "PX", 1],
    ["DEBUG", "SLEEP", "0.01"],
    evaluate("return redis.call('get', 'x')"),
    ["DEBUG", "SET-ACTIVE-EXPIRE", 1],
  ],
};

describeWithRedis("effects of scripts", () => {
  const comparison = useComparison();

  for (const [name, deeds] of Object.entries(DEEDS)) {
    test(name, async () => {
      const { ours, theirs } = await effectsOf(comparison(), deeds);
      expect(ours).toEqual(theirs);
    });
  }

  test("SORT gives scripts the members of a set in one order", async () => {
    const members = Array.from({ length: 20 }, (_, index) => `member${index}`);
    const sorts = ["", ", 'desc'", ", 'limit', 2, 3", ", 'get', '#'"].map((rest) =>
      evaluate(`return redis.call('sort', 's', 'by', 'nosort'${rest})`),
    );
    await comparison().compare([
      [["SADD", "s", ...members], ...sorts, ["RPUSH", "l", "b", "a"], evaluate("return redis.call('sort', 'l', 'by', 'x')")],
    ]);
  });

  test("clients that wait for keys are served when the script is over", async () => {
    const play = async (port: number) => {
      const [waiting, other] = [await connect(port), await connect(port)];
      await other.command("FLUSHALL");
      const served = waiting.command("BLPOP", "l", 0);
      while (!(await other.command("INFO", "clients")).toString().includes("blocked_clients:1")) await Bun.sleep(1);
      const answers = [
        await other.command("EVAL", "redis.call('rpush', 'l', 'a') redis.call('del', 'l') return redis.call('exists', 'l')", 0),
        await other.command("EVAL", "redis.call('rpush', 'l', 'a', 'b') return redis.call('llen', 'l')", 0),
        await served,
        await other.command("LRANGE", "l", 0, -1),
      ];
      waiting.close();
      other.close();
      return answers.map(String);
    };
    expect(await play(comparison().ours.port)).toEqual(await play(comparison().redis.port));
  });

  test("a script that changes a watched key makes EXEC fail", async () => {
    await comparison().compare([
      [["WATCH", "x"], evaluate("redis.call('set', 'x', 1)"), ["MULTI"], ["PING"], ["EXEC"]],
      [["WATCH", "x"], evaluate("redis.call('get', 'x')"), ["MULTI"], ["PING"], ["EXEC"]],
      [["MULTI"], ["EVAL", "return KEYS", 2, "x"], evaluate("return {redis.call('select', 5)}"), ["EXEC"]],
      [["SELECT", 3], evaluate("redis.call('set', 'x', 1) redis.call('select', 4) return redis.call('exists', 'x')"), ["EXISTS", "x"]],
    ]);
  });
});

test("time stands still, as in 7.2", async () => {
  await using server = await Ours.start();
  const waste = "for i = 1, 3000000 do local x = i % 3 end";
  const script = `
    local a = redis.call('time') redis.call('set', 'x', 1, 'px', 1)
    ${waste}
    local b = redis.call('time') return a[1] == b[1] and a[2] == b[2] and redis.call('exists', 'x') == 1`;
  expect(String(await server.client.command("EVAL", script, 0))).toBe(":1\r\n");
});

test("redis.set_repl says what the append-only file takes", async () => {
  using directory = new Directory();
  const script = `
    redis.call('set', 'both', 1)
    redis.set_repl(redis.REPL_AOF) redis.call('set', 'file', 1)
    redis.set_repl(redis.REPL_REPLICA) redis.call('set', 'replicas', 1)
    redis.set_repl(redis.REPL_NONE) redis.call('set', 'none', 1)
    redis.set_repl(redis.REPL_ALL) redis.call('select', 2) redis.call('set', 'both', 2)`;
  {
    await using server = await AofServer.start(directory);
    server.server.journal.start();
    await server.run("EVAL", script, 0);
    await server.run("EVAL", "redis.set_repl(redis.REPL_AOF) redis.call('select', 4) return redis.call('set', 'file', 4)", 0);
    await server.run("SET", "after", "all");
  }
  await using server = await AofServer.start(directory);
  expect(await server.run("MGET", "both", "file", "replicas", "none", "after")).toContain("$1\r\n1\r\n$1\r\n1\r\n$-1\r\n$-1\r\n$3\r\nall");
  await server.run("SELECT", 2);
  expect(await server.run("GET", "both")).toBe("2");
  await server.run("SELECT", 4);
  expect(await server.run("GET", "file")).toBe("4");
});

test("an append-only file of an old server, with EVAL in it, is loaded", async () => {
  using directory = new Directory();
  const sha = "5b9fb3410653a731f8ddfeff39a0c061b55a3dab";
  {
    await using server = await AofServer.start(directory);
    server.server.journal.appendForFile(
      Buffer.from(
        [
          ["SELECT", "0"],
          ["EVAL", "redis.call('set', KEYS[1], ARGV[1]) redis.call('incr', 'count')", "1", "key", "value"],
          ["SCRIPT", "LOAD", "return redis.call('incr', KEYS[1])"],
        ]
          .map((words) => `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join("")}`)
          .join(""),
      ),
    );
  }
  await using server = await AofServer.start(directory);
  expect(await server.run("GET", "key")).toBe("value");
  expect(await server.run("GET", "count")).toBe("1");
  expect(sha).toHaveLength(40);
});

test("a master's EVAL is run by its replica, and what it writes is passed on as it came", async () => {
  await using master = await Ours.start();
  await using replica = await Ours.start({ replicaof: `127.0.0.1 ${master.port}` } as never);
  while (!(await replica.client.command("INFO", "replication")).toString().includes("master_link_status:up")) await Bun.sleep(2);
  await master.client.command(
    "DEBUG",
    "REPLICATE",
    "EVAL",
    "redis.call('set', KEYS[1], redis.call('incr', 'n')) redis.call('set', 'b', 2)",
    "1",
    "a",
  );
  await master.client.command("WAIT", 1, 0);
  expect((await replica.client.command("MGET", "a", "n", "b")).toString()).toBe("*3\r\n$1\r\n1\r\n$1\r\n1\r\n$1\r\n2\r\n");
  expect(replica.server.journal.offset).toBe(master.server.journal.offset);
  expect((await replica.client.command("EVAL", "return redis.call('set', 'x', 1)", 0)).toString()).toStartWith("-READONLY ");
});
