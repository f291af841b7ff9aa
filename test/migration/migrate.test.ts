import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { resolve } from "node:path";
import { until } from "../replication/support.ts";
import { connect, type RawClient, type Word } from "../support/client.ts";
import { type Request, useComparison } from "../support/compare.ts";
import { effectsOf } from "../support/effects.ts";
import { startPeer, wantOfPeers } from "../support/peers.ts";
import { type ServerProcess, startServer as startProcess } from "../support/process.ts";
import { describeWithRedis } from "../support/redis.ts";
import { startServer } from "../support/server.ts";
import { deafPort, FakeTarget, type Manner } from "./target.ts";

const PROGRAM = [process.execPath, "run", resolve(import.meta.dir, "../../src/main.ts")];

/** More than sockets hold, and that cannot be compressed. */
const LARGE = Buffer.alloc(24_000_000);
for (let at = 0, state = 1; at < LARGE.length; at += 4) {
  state = (Math.imul(state, 1_103_515_245) + 12_345) | 0;
  LARGE.writeInt32LE(state, at);
}

/** One of two servers that are asked the same, with a target of its own that behaves alike. */
interface Run {
  readonly target: FakeTarget;
  /** Notes the reply to a request. */
  says(...words: Word[]): Promise<void>;
  /** Likewise `MIGRATE` to the target: what follows the port. */
  migrates(...words: Word[]): Promise<void>;
}

/** What the client was told, and what the target was asked. */
async function runOn(port: number, manner: Manner, script: (run: Run) => Promise<void>): Promise<unknown> {
  const client = await connect(port);
  using target = new FakeTarget(manner);
  const replies: string[] = [];
  const says = async (...words: Word[]): Promise<void> => {
    replies.push((await client.command(...words)).toString("latin1"));
  };
  try {
    await client.command("FLUSHALL");
    await script({ target, says, migrates: (...words) => says("MIGRATE", "127.0.0.1", target.port, ...words) });
  } finally {
    client.close();
  }
  return { replies, heard: target.heard, connections: target.connections };
}

describeWithRedis("MIGRATE, beside Redis", () => {
  const comparison = useComparison();
  // In a process of its own: where the whole server waits, a target in the same one could not answer.
  let ours: ServerProcess;
  beforeAll(async () => {
    ours = await startProcess(PROGRAM, { args: ["--save", ""] });
  });
  afterAll(() => ours.stop());

  const both = (name: string, manner: Manner, script: (run: Run) => Promise<void>) =>
    test(name, async () => {
      const mine = await runOn(ours.port, manner, script);
      expect(mine).toEqual(await runOn(comparison().redis.port, manner, script));
    });

  test("arguments", () => {
    const port = deafPort();
    const to = (...words: Word[]): Request => ["MIGRATE", "127.0.0.1", port, ...words];
    return comparison().compare([
      [
        to("nokey", 0, 1000),
        to("", 0, 1000, "KEYS", "a", "b"),
        to("", 0, 1000, "KEYS"),
        ["SET", "k", "v"],
        to("k", 0),
        to("k", "x", 1000),
        to("k", 0, "x"),
        to("k", "x", "y"),
        to("k", 0, 1000, "NOSUCH"),
        to("k", 0, 1000, "AUTH"),
        to("k", 0, 1000, "AUTH2", "user"),
        to("k", 0, 1000, "COPY", "REPLACE", "AUTH2"),
        to("k", 0, 1000, "KEYS", "k"),
        to("k", 0, 1000, "NOSUCH", "KEYS", "k"),
        to("k", "x", "y", "NOSUCH"),
        to("nokey", 0, 1000, "COPY"),
        to("k", 0, 1000),
        ["MIGRATE", "", port, "k", 0, 1000],
        ["MIGRATE", "127.0.0.1", "x", "k", 0, 1000],
        ["MIGRATE", "127.0.0.1", "0", "k", 0, 1000],
        ["MIGRATE", "127.0.0.1", "-1", "k", 0, 1000],
        ["MIGRATE", "127.0.0.1", "", "k", 0, 1000],
        ["MIGRATE", "::1", port, "k", 0, 1000],
        ["MIGRATE", "[::1]", port, "k", 0, 1000],
        ["MIGRATE", "no-such-host.invalid", port, "k", 0, 1000],
        ["GET", "k"],
        ["COMMAND", "GETKEYS", ...to("k", 0, 1000)],
        ["COMMAND", "GETKEYS", ...to("", 0, 1000, "COPY", "KEYS", "a", "b")],
        ["COMMAND", "GETKEYSANDFLAGS", ...to("", 0, 1000, "AUTH", "KEYS", "KEYS", "a")],
      ],
    ]);
  });

  both(
    "sends keys in one go, and deletes what was taken",
    () => "+OK",
    async ({ says, migrates }) => {
      await says("MSET", "a", 1, "b", 2, "c", 3);
      await migrates("a", 0, 1000);
      await migrates("", 0, 1000, "KEYS", "nokey", "b", "c");
      await says("DBSIZE");
      await says("RPUSH", "list", "x", "y");
      await migrates("list", 3, 1000, "COPY");
      await migrates("list", 3, 1000, "COPY", "REPLACE");
      await migrates("list", 0, 0, "REPLACE");
      await says("EXISTS", "list");
    },
  );

  both(
    "selects the database again after an error only",
    (words) => (words[0] === "RESTORE" && words[1] === "b" ? "-ERR no" : "+OK"),
    async (run) => {
      const { says, migrates } = run;
      await says("MSET", "a", 1, "b", 2, "c", 3, "d", 4, "e", 5);
      await migrates("a", 5, 1000);
      await migrates("", 5, 1000, "KEYS", "b", "c");
      await migrates("d", 5, 1000);
      await migrates("e", 5, 1000);
      await says("MGET", "a", "b", "c", "d", "e");
    },
  );

  for (const [what, login] of Object.entries({ AUTH: ["AUTH", "secret"], AUTH2: ["AUTH2", "user", "secret"] })) {
    both(
      `${what} goes before everything, each time`,
      () => "+OK",
      async ({ says, migrates }) => {
        await says("MSET", "a", 1, "b", 2);
        await migrates("a", 0, 1000, ...login);
        await migrates("b", 0, 1000, "COPY", ...login, "REPLACE");
      },
    );
  }

  both(
    "repeats the error of the login",
    (words) => (words[0] === "AUTH" ? "-WRONGPASS no such pair" : "-NOAUTH first"),
    async (run) => {
      await run.says("MSET", "a", 1, "b", 2);
      await run.migrates("", 0, 1000, "AUTH", "wrong", "KEYS", "a", "b");
      await run.says("DBSIZE");
    },
  );

  both(
    "repeats the error of the database, though the keys were taken",
    (words) => (words[0] === "SELECT" ? "-ERR index" : "+OK"),
    async (run) => {
      await run.says("SET", "a", 1);
      await run.migrates("a", 99, 1000);
      await run.says("DBSIZE");
    },
  );

  both(
    "repeats the first of several errors, cut where it is long",
    (words) => `-ERR ${words[1]}${"x".repeat(900)}`,
    async (run) => {
      await run.says("MSET", "a", 1, "b", 2);
      await run.migrates("", 0, 1000, "KEYS", "a", "b");
    },
  );

  both(
    "takes whatever is no error for success",
    (words) => (words[0] === "RESTORE" ? ":17" : "+QUEUED"),
    async (run) => {
      await run.says("SET", "a", 1);
      await run.migrates("a", 0, 1000);
      await run.says("EXISTS", "a");
    },
  );

  both(
    "tries again when the connection closes before the first reply, once",
    () => null,
    async (run) => {
      await run.says("SET", "a", 1);
      await run.migrates("a", 0, 1000);
      await run.says("EXISTS", "a");
    },
  );

  both(
    "does not notice that a kept connection was closed",
    (_, connection) => (connection === 99 ? null : "+OK"),
    async (run) => {
      await run.says("MSET", "a", 1, "b", 2);
      await run.migrates("a", 0, 1000);
      run.target.hangUp();
      await until("the end of the connection", () => run.target.openCount === 0);
      await run.migrates("b", 0, 1000);
      await run.says("DBSIZE");
    },
  );

  both(
    "deletes what was taken before the connection closed",
    (words) => (words[1] === "b" ? null : "+OK"),
    async (run) => {
      await run.says("MSET", "a", 1, "b", 2, "c", 3);
      await run.migrates("", 0, 1000, "KEYS", "a", "b", "c");
      await run.says("MGET", "a", "b", "c");
    },
  );

  both(
    "prefers the target's error to that of the connection",
    (words) => (words[1] === "a" ? "-ERR no" : words[1] === "b" ? null : "+OK"),
    async (run) => {
      await run.says("MSET", "a", 1, "b", 2);
      await run.migrates("", 0, 1000, "KEYS", "a", "b");
      await run.says("DBSIZE");
    },
  );

  both(
    "gives up when the target says nothing in time, and does not try again",
    () => "silence",
    async (run) => {
      await run.says("SET", "a", 1);
      await run.migrates("a", 0, 60);
      await run.says("EXISTS", "a");
    },
  );

  both(
    "gives up when the target takes nothing in time",
    () => "+OK",
    async (run) => {
      run.target.deaf = true;
      await run.says("SET", "a", LARGE);
      await run.migrates("a", 0, 100);
      await run.says("STRLEN", "a");
      run.target.heard.length = 0; // something may have come before it was deaf
    },
  );

  both(
    "gives up when the target stops in the middle",
    (words) => (words[1] === "b" ? "silence" : "+OK"),
    async (run) => {
      await run.says("MSET", "a", 1, "b", 2, "c", 3);
      await run.migrates("", 0, 60, "KEYS", "a", "b", "c");
      await run.says("MGET", "a", "b", "c");
    },
  );

  both(
    "in transactions, scripts and functions",
    (words) => (words[1] === "no" ? "-ERR no" : "+OK"),
    async ({ says, migrates, target }) => {
      const to = ["MIGRATE", "127.0.0.1", target.port] as const;
      await says("MSET", "a", 1, "b", 2, "c", 3, "no", 4, "d", 5);
      await says("MULTI");
      await migrates("a", 0, 1000);
      await says("GET", "a");
      await migrates("no", 0, 1000);
      await migrates("nokey", 0, 1000);
      await says("DBSIZE");
      await says("EXEC");
      const call = "return redis.call('MIGRATE', '127.0.0.1', ARGV[1], KEYS[1], '0', '1000')";
      await says("EVAL", call, 1, "b", target.port);
      await says("EVAL", call, 1, "nokey", target.port);
      await says("EVAL", call, 1, "no", target.port);
      await says(
        "EVAL",
        `local r = ${call.slice(7).replace("call", "pcall")} return {r, redis.call('EXISTS', KEYS[1])}`,
        1,
        "c",
        target.port,
      );
      await says("EVAL_RO", call, 1, "d", target.port);
      await says("MULTI");
      await says(...to, "d", 0, 1000, "COPY");
      await says("EXEC");
      await says("MGET", "a", "b", "c", "d", "no");
    },
  );

  both(
    "in a transaction, to a target that closes or says nothing",
    (words) => (words[1] === "a" ? null : "silence"),
    async (run) => {
      await run.says("MSET", "a", 1, "b", 2);
      await run.says("MULTI");
      await run.migrates("a", 0, 60);
      await run.migrates("b", 0, 60);
      await run.says("MIGRATE", "127.0.0.1", deafPort(), "b", 0, 60);
      await run.says("EXEC");
      await run.says("DBSIZE");
    },
  );

  test("replicas get the deletions of what was taken, and listeners hear of them", async () => {
    using target = new FakeTarget((words) => (words[1] === "no" ? "-ERR no" : "+OK"));
    const to = ["MIGRATE", "127.0.0.1", target.port] as const;
    const { ours, theirs } = await effectsOf(comparison(), [
      ["MSET", "a", "1", "b", "2", "no", "3"],
      [...to, "a", 0, 1000, "COPY"],
      [...to, "", 0, 1000, "KEYS", "a", "no", "b", "nokey"],
      [...to, "no", 0, 1000],
    ]);
    expect(ours).toEqual(theirs);
    expect(ours.stream).toContain("DEL a b");
  });

  test("in a transaction they get its deletions with the rest", async () => {
    await using target = await startProcess(["redis-server"], { args: ["--save", ""] });
    const { ours: mine, theirs } = await effectsOf(comparison(), [
      ["MSET", "c", "4", "e", "6"],
      ["MULTI"],
      ["MIGRATE", "127.0.0.1", target.port, "c", 0, 1000, "REPLACE"],
      ["SET", "d", "5"],
      ["EXEC"],
      ["EVAL", "return redis.call('MIGRATE', KEYS[1], ARGV[1], 'e', '0', '1000', 'REPLACE')", "1", "127.0.0.1", target.port],
    ]);
    expect(mine).toEqual(theirs);
    expect(mine.stream).toEqual(["MSET c 4 e 6", "MULTI", "DEL c", "SET d 5", "EXEC", "DEL e"]);
  });

  test("a large key and many small ones go as fast as the target takes them", async () => {
    const client = await ours.connect();
    using target = new FakeTarget();
    await client.command("FLUSHALL");
    const names = Array.from({ length: 20_000 }, (_, index) => `key:${index}`);
    await client.pipeline([
      ["SET", "large", LARGE],
      ["MSET", ...names.flatMap((name) => [name, name])],
    ]);
    expect((await client.command("MIGRATE", "127.0.0.1", target.port, "", 0, 60_000, "KEYS", "large", ...names)).toString()).toBe(
      "+OK\r\n",
    );
    expect(target.heard.slice(1).map(({ words }) => words[1])).toEqual(["large", ...names]);
    expect((await client.command("DBSIZE")).toString()).toBe(":0\r\n");
    client.close();
  });

  test("hashes whose fields expire are sent in the form of the target's family", async () => {
    const client = await ours.connect();
    const timed = [
      ["HSET", "h", "f", "v"],
      ["HEXPIRE", "h", 1000, "FIELDS", 1, "f"],
    ];
    const versions: number[] = [];
    for (const server of ["valkey", "redis"]) {
      const info = `# Server\r\nserver_name:${server}\r\n`;
      using target = new FakeTarget((words) => (words[0] === "INFO" ? `$${info.length}\r\n${info}` : "+OK"));
      for (const login of [[], ["AUTH", "secret"]]) {
        await client.pipeline(timed);
        const reply = await client.command("MIGRATE", "127.0.0.1", target.port, "h", 0, 1000, ...login);
        expect(reply.toString()).toBe("+OK\r\n");
      }
      const asked = target.heard.map(({ words }) => words[0]);
      expect(asked).toEqual(["INFO", "SELECT", "RESTORE", "AUTH", "RESTORE"]);
      for (const { words } of target.heard)
        if (words[0] === "RESTORE") versions.push((words[3] ?? "").charCodeAt((words[3]?.length ?? 0) - 10));
    }
    expect(versions).toEqual([80, 80, 12, 12]);
    // Who may not ask is sent Redis's.
    using strict = new FakeTarget((words) => (words[0] === "RESTORE" || words[0] === "AUTH" ? "+OK" : "-NOPERM no"));
    await client.pipeline(timed);
    const reply = await client.command("MIGRATE", "127.0.0.1", strict.port, "h", 0, 1000, "AUTH", "user");
    expect(reply.toString()).toBe("-ERR Target instance replied with error: NOPERM no\r\n");
    expect(strict.heard.map(({ words }) => words[0])).toEqual(["AUTH", "INFO", "SELECT", "RESTORE"]);
    client.close();
  });

  test("a time to live goes with the key", async () => {
    const client = await ours.connect();
    using target = new FakeTarget();
    await client.pipeline([
      ["FLUSHALL"],
      ["SET", "a", 1, "PX", 100_000],
      ["SET", "far", 1, "PXAT", "9007199254740993"],
      ["MIGRATE", "127.0.0.1", target.port, "", 0, 1000, "KEYS", "a", "far"],
    ]);
    client.close();
    const [, near, far] = target.heard.map(({ words }) => Number(words[2]));
    expect(near).toBeGreaterThan(50_000);
    expect(near).toBeLessThanOrEqual(100_000);
    expect(far).toBeGreaterThan(9e15);
  });
});

const VALUES: readonly Request[] = [
  ["SET", "string", "text"],
  ["SET", "number", "12345"],
  ["SET", "long", "x".repeat(100_000), "PX", 1_000_000],
  ["RPUSH", "list", "a", "b", 3],
  ["RPUSH", "long-list", ...Array.from({ length: 5000 }, (_, index) => `element ${index}`)],
  ["SADD", "ints", 1, 2, 3],
  ["SADD", "set", "a", "b", 1],
  ["SADD", "large-set", ...Array.from({ length: 1000 }, (_, index) => `member ${index}`)],
  ["HSET", "hash", "f", "v", "g", 1],
  ["HSET", "large-hash", ...Array.from({ length: 2000 }, (_, index) => `field ${index}`)],
  ["ZADD", "zset", 1.5, "a", 2, "b"],
  ["ZADD", "large-zset", ...Array.from({ length: 1000 }, (_, index) => [index / 2, `m${index}`]).flat()],
  ["XADD", "stream", "1-1", "f", "v"],
  ["XGROUP", "CREATE", "stream", "g", "0"],
  ["XREADGROUP", "GROUP", "g", "c", "STREAMS", "stream", ">"],
  ["SETBIT", "bits", 1000, 1],
  ["PFADD", "hll", "a", "b", "c"],
];
const NAMES = [...new Set(VALUES.map(([name, key, rest]) => String(name === "XGROUP" ? rest : name === "XREADGROUP" ? "stream" : key)))];

describe("MIGRATE carries every type", () => {
  async function carry(port: number, there: RawClient, ours: RawClient, nested: boolean): Promise<void> {
    await ours.command("FLUSHALL");
    await ours.pipeline(VALUES);
    const before = await ours.text("DEBUG", "DIGEST");
    const request = ["MIGRATE", "127.0.0.1", port, "", 0, 60_000, "KEYS", ...NAMES];
    const replies = await ours.pipeline(nested ? [["MULTI"], request, ["EXEC"]] : [request]);
    expect(String(replies.at(-1))).toBe(nested ? "*1\r\n+OK\r\n" : "+OK\r\n");
    expect(await ours.text("DBSIZE")).toBe("0");
    expect(await there.text("DEBUG", "DIGEST")).toBe(before);
  }

  describeWithRedis("to Redis 7", () => {
    const comparison = useComparison();

    test("and back", async () => {
      const { ours, redis } = comparison();
      const mine = await connect(ours.port);
      const theirs = await connect(redis.port);
      for (const nested of [false, true]) {
        await theirs.command("FLUSHALL");
        await carry(redis.port, theirs, mine, nested);
        const digest = await theirs.text("DEBUG", "DIGEST");
        expect((await theirs.command("MIGRATE", "127.0.0.1", ours.port, "", 0, 60_000, "KEYS", ...NAMES)).toString()).toBe("+OK\r\n");
        expect(await mine.text("DEBUG", "DIGEST")).toBe(digest);
      }
      mine.close();
      theirs.close();
    });
  });

  for (const peer of ["redis8", "valkey9"] as const) {
    const want = wantOfPeers(peer);
    test.skipIf(want !== "")(`to ${peer} and back, with fields that expire${want}`, async () => {
      await using there = await startPeer(peer);
      await using ours = await startServer();
      const mine = await connect(ours.port);
      const theirs = await there.connect();
      const timed: Request[] = [
        ["HSET", "timed", "f", "v", "g", "w"],
        ["HPEXPIREAT", "timed", "4000000000000", "FIELDS", 1, "f"],
        ["HSET", "large-timed", ...Array.from({ length: 2000 }, (_, index) => `field ${index}`)],
        ["HPEXPIREAT", "large-timed", "4000000000000", "FIELDS", 1, "field 0"],
      ];
      for (const nested of [false, true]) {
        await theirs.command("FLUSHALL");
        await carry(there.port, theirs, mine, nested);
        await mine.pipeline(timed);
        const request: Word[] = ["MIGRATE", "127.0.0.1", there.port, "", 0, 60_000, "KEYS", "timed", "large-timed"];
        const replies = await mine.pipeline(nested ? [["MULTI"], request, ["EXEC"]] : [request]);
        expect(String(replies.at(-1))).toEndWith("+OK\r\n");
        for (const [key, field, other] of [
          ["timed", "f", "g"],
          ["large-timed", "field 0", "field 2"],
        ] as const) {
          const times = (await theirs.command("HPEXPIRETIME", key, "FIELDS", 2, field, other)).toString();
          expect(times).toBe("*2\r\n:4000000000000\r\n:-1\r\n");
        }
        const back = await theirs.command("MIGRATE", "127.0.0.1", ours.port, "", 0, 60_000, "KEYS", "timed", "large-timed", ...NAMES);
        expect(back.toString()).toBe("+OK\r\n");
        expect((await mine.command("HPEXPIRETIME", "timed", "FIELDS", 1, "f")).toString()).toBe("*1\r\n:4000000000000\r\n");
      }
      mine.close();
      theirs.close();
    });
  }
});
