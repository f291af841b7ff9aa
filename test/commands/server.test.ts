import { afterEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync } from "node:fs";
import { until } from "../replication/support.ts";
import { connect, type RawClient } from "../support/client.ts";
import { useComparison } from "../support/compare.ts";
import { describeWithRedis, startRedis, testWithRedis } from "../support/redis.ts";
import { startServer, type TestServer } from "../support/server.ts";

/** Numbers that differ by their nature. */
function maskNumbers(reply: string): string {
  return reply.replace(/\$\d+\r\n\d+/g, "$N").replace(/^:\d+/, ":N");
}

describeWithRedis("server commands like Redis", () => {
  const comparison = useComparison();

  test("TIME and LASTSAVE have the same form", async () => {
    await comparison().compare([[["TIME"]], [["LASTSAVE"]], [["TIME", "x"]], [["LASTSAVE", "x"]]], { mask: maskNumbers });
  });

  test("SAVE and BGSAVE answer alike, in and out of transactions", async () => {
    await comparison().compare([
      [["SAVE"]],
      [["SAVE", "x"]],
      [["MULTI"], ["SAVE"], ["EXEC"]],
      [
        ["BGSAVE", "NOW"],
        ["BGSAVE", "SCHEDULE", "x"],
      ],
      [["MULTI"], ["BGSAVE"], ["SET", "k", "v"], ["EXEC"]],
    ]);
  });

  test("SHUTDOWN refuses in the same words", async () => {
    await comparison().compare([
      [["SHUTDOWN", "SOON"]],
      [["SHUTDOWN", "SAVE", "NOSAVE"]],
      [["SHUTDOWN", "ABORT", "NOW"]],
      [["SHUTDOWN", "ABORT"]],
      [["MULTI"], ["SHUTDOWN"], ["EXEC"]],
    ]);
  });

  test("MEMORY USAGE takes the same arguments", async () => {
    await comparison().compare(
      [
        [
          ["SET", "k", "v"],
          ["MEMORY", "USAGE", "k"],
          ["MEMORY", "USAGE", "k", "SAMPLES", "0"],
        ],
        [["MEMORY", "USAGE", "none"]],
        [["MEMORY", "USAGE", "k", "SAMPLES"]],
        [["MEMORY", "USAGE", "k", "SAMPLES", "-1"]],
        [["MEMORY", "USAGE", "k", "SAMPLES", "few"]],
        [["MEMORY", "USAGE", "k", "NOSUCH", "1"]],
        [["MEMORY", "USAGE"]],
        [["MEMORY", "NOSUCH"]],
      ],
      { mask: maskNumbers },
    );
  });

  test("MEMORY STATS has the same fields in the same order", async () => {
    const names: string[][] = [];
    for (const port of [comparison().ours.port, comparison().redis.port]) {
      const client = await connect(port);
      await client.command("FLUSHALL");
      await client.command("SET", "k", "v");
      const reply = (await client.command("MEMORY", "STATS")).toString("latin1");
      names.push([...reply.matchAll(/\$\d+\r\n([a-z][a-z.0-9-]*)\r\n/g)].map(([, name]) => name));
      client.close();
    }
    // 7.0 has no cluster links here yet in this order; whatever 7.2 added is the only difference.
    const added = ["overhead.hashtable.slot-to-keys", "cluster.links"];
    expect(names[0].filter((name) => !added.includes(name))).toEqual(names[1].filter((name) => !added.includes(name)));
    expect(names[0]).toContain("cluster.links");
  });
});

describe("server commands", () => {
  const cleanups: (() => unknown)[] = [];

  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  async function start(directives: Parameters<typeof startServer>[0] = {}): Promise<{ server: TestServer; client: RawClient }> {
    const server = await startServer(directives);
    cleanups.push(() => server.stop());
    const client = await connect(server.port);
    cleanups.push(() => client.close());
    return { server, client };
  }

  test("TIME is the time", async () => {
    const { client } = await start();
    const before = Date.now();
    const [, seconds, micros] = /^\*2\r\n\$\d+\r\n(\d+)\r\n\$\d+\r\n(\d+)\r\n$/.exec((await client.command("TIME")).toString()) ?? [];
    expect(Number(seconds)).toBeGreaterThanOrEqual(Math.floor(before / 1000));
    expect(Number(seconds)).toBeLessThanOrEqual(Date.now() / 1000);
    expect(Number(micros)).toBeLessThan(1_000_000);
  });

  test("BGSAVE saves in the background and LASTSAVE tells", async () => {
    const { server, client } = await start();
    await client.command("SET", "k", "v");
    const before = Date.now();
    expect((await client.command("BGSAVE")).toString()).toBe("+Background saving started\r\n");
    await until("the end of the save", () => !server.server.persistence.saving);
    expect(existsSync(server.server.persistence.path)).toBe(true);
    const lastSave = Number(await client.text("LASTSAVE"));
    expect(lastSave).toBeGreaterThanOrEqual(Math.floor(before / 1000));
    expect(lastSave).toBeLessThanOrEqual(Date.now() / 1000);
  });

  test("a second BGSAVE while one runs is refused", async () => {
    const { server, client } = await start({ "rdb-key-save-delay": "100000" });
    await client.command("DEBUG", "POPULATE", "50");
    const replies = await client.pipeline([["BGSAVE"], ["BGSAVE"], ["SAVE"], ["BGSAVE", "SCHEDULE"]]);
    expect(replies.map(String)).toEqual([
      "+Background saving started\r\n",
      "-ERR Background save already in progress\r\n",
      "-ERR Background save already in progress\r\n",
      "-ERR Background save already in progress\r\n",
    ]);
    await server.server.persistence.cancelBackgroundSave();
  });

  test("SHUTDOWN NOSAVE ends the server without a word and without a file", async () => {
    const { server, client } = await start();
    await client.command("SET", "k", "v");
    client.send("*2\r\n$8\r\nSHUTDOWN\r\n$6\r\nNOSAVE\r\n");
    await client.closed;
    expect(client.unread().length).toBe(0);
    expect(await server.server.stopped).toBe(0);
    expect(existsSync(server.server.persistence.path)).toBe(false);
  });

  test("SHUTDOWN SAVE saves first", async () => {
    const { server, client } = await start();
    const { path } = server.server.persistence;
    await client.command("SET", "k", "v");
    client.send("*2\r\n$8\r\nSHUTDOWN\r\n$4\r\nsave\r\n");
    await client.closed;
    expect(await server.server.stopped).toBe(0);
    expect(existsSync(path)).toBe(true);
  });

  test("SHUTDOWN goes on serving when it cannot save, and FORCE ends all the same", async () => {
    const { server, client } = await start();
    await client.command("SET", "k", "v");
    // A directory in the file's place.
    mkdirSync(server.server.persistence.path);
    const replies = await client.pipeline([
      ["SHUTDOWN", "SAVE"],
      ["GET", "k"],
    ]);
    expect(replies.map(String)).toEqual(["-ERR Errors trying to SHUTDOWN. Check logs.\r\n", "$1\r\nv\r\n"]);
    client.send("*3\r\n$8\r\nSHUTDOWN\r\n$4\r\nSAVE\r\n$5\r\nFORCE\r\n");
    await client.closed;
    expect(await server.server.stopped).toBe(0);
  });

  testWithRedis("SHUTDOWN waits for a replica that lags, and ABORT ends the waiting", async () => {
    const { server, client } = await start({ "repl-diskless-sync-delay": "0", "shutdown-timeout": "60" });
    await using replica = await startRedis({ args: ["--replicaof", "127.0.0.1", String(server.port), "--enable-debug-command", "yes"] });
    await until("the replica", async () => (await client.text("INFO", "replication")).includes("state=online"));
    replica.kill("SIGSTOP"); // it acknowledges nothing now
    await client.command("SET", "k", "v");
    const other = await connect(server.port);
    cleanups.push(() => other.close());
    const refused = other.command("SHUTDOWN");
    await until("the wait", () => server.server.shutdownDeadline !== 0);
    const late = await connect(server.port);
    cleanups.push(() => late.close());
    expect(await late.text("INFO", "server")).toMatch(/\r\nshutdown_in_milliseconds:\d{4,5}\r\n/);
    expect(await late.text("SHUTDOWN", "ABORT")).toBe("OK");
    expect((await refused).toString()).toBe("-ERR Errors trying to SHUTDOWN. Check logs.\r\n");
    expect((await late.command("SHUTDOWN", "ABORT")).toString()).toBe("-ERR No shutdown in progress.\r\n");
    replica.kill("SIGCONT");
  });

  test("LOLWUT draws what its version drew, within the same limits, and names ours", async () => {
    const { client } = await start();
    const drawing = async (...words: string[]) => Buffer.from(await client.text("LOLWUT", ...words), "latin1").toString();
    const lines = (columns: number, rows: number) => `([\u2800-\u28ff]{${columns}}\n){${rows}}\n`;
    const title = "Replicant ver\\. \\d+\\.\\d+\\.\\d+ \\(Redis 7\\.2\\.4\\)\n";
    for (const words of [[], ["0"], ["VERSION", "7"], ["version", "4", "3"]]) {
      expect(await drawing(...words)).toMatch(new RegExp(`^${lines(32, 16)}${title}$`));
    }
    const plotter = `After Georg Nees: .*\n${title}`;
    expect(await drawing("VERSION", "5")).toMatch(new RegExp(`^${lines(66, 49)}${plotter}$`));
    expect(await drawing("VERSION", "5", "10", "4", "2")).toMatch(new RegExp(`^${lines(10, 3)}${plotter}$`));
    expect(await drawing("VERSION", "5", "-3", "0")).toMatch(new RegExp(`^${lines(1, 6)}${plotter}$`));
    const grey = "\\x1b\\[0;(30;40|90;100|37;47|97;107)m \\x1b\\[0m";
    const skyline = (columns: number, rows: number) => new RegExp(`^((${grey}){${columns}}\n){${rows}}\nFor those .*\n${title}$`);
    expect(await drawing("VERSION", "6")).toMatch(skyline(80, 20));
    expect(await drawing("VERSION", "6", "8", "5000")).toMatch(skyline(8, 1000));
    for (const words of [["VERSION", "new"], ["VERSION", "5", "x"], ["VERSION", "6", "1", "x"], ["x"]]) {
      expect((await client.command("LOLWUT", ...words)).toString()).toBe("-ERR value is not an integer or out of range\r\n");
    }
  });

  test("MEMORY DOCTOR has nothing to say of an empty server, and names what is wrong with others", async () => {
    const { client } = await start();
    expect(await client.text("MEMORY", "DOCTOR")).toContain("hardly any data");
    await client.text("DEBUG", "POPULATE", "20000", "key", "1000");
    // How much the runtime of a test takes is up to the tests before.
    const healthy = (await client.text("MEMORY", "DOCTOR")).split(" * ").filter((line) => !line.startsWith("High process RSS"));
    expect(healthy).toHaveLength(1);
    const pipeline = Array.from({ length: 15_000 }, (_, index) => ["DEL", `key:${index}`]);
    await client.pipeline(pipeline);
    await client.text("SET", "large", "x".repeat(6_000_000));
    const report = await client.text("MEMORY", "DOCTOR");
    expect(report).toContain(" * Peak memory: ");
    expect(report).toContain(" * High allocator RSS overhead: ");
    expect(report).not.toContain("replica");
    await client.pipeline(Array.from({ length: 1001 }, (_, index) => ["SCRIPT", "LOAD", `return ${index}`]));
    expect(await client.text("MEMORY", "DOCTOR")).toContain(" * Many scripts: ");
  });

  test.skipIf(process.platform === "win32")("FLUSHALL gives back what the keys took, soon and unasked", async () => {
    for (const mode of ["SYNC", "ASYNC"]) {
      await using server = await startServer();
      const client = await connect(server.port);
      await client.text("DEBUG", "POPULATE", 20_000, "key", 1000);
      const { arena } = server.server.keyspace.space;
      expect(arena.touchedBytes).toBeGreaterThan(20_000_000);
      await client.text("FLUSHALL", mode);
      await until("the memory to be given back", () => arena.touchedBytes < 3_000_000);
      client.close();
    }
  });

  test("MEMORY PURGE gives back what keys left behind, and no more; MALLOC-STATS counts blocks", async () => {
    const { server, client } = await start();
    const { arena } = server.server.keyspace.space;
    await client.text("DEBUG", "POPULATE", "20000", "key", "1000");
    const full = arena.touchedBytes;
    await client.pipeline(Array.from({ length: 19_000 }, (_, index) => ["DEL", `key:${index}`]));
    expect(arena.touchedBytes).toBe(full);
    expect(await client.text("MEMORY", "PURGE")).toBe("OK");
    expect(arena.touchedBytes).toBe(process.platform === "linux" ? arena.pageBytes : arena.touchedBytes);
    for (const index of [19_000, 19_999]) expect(await client.text("GET", `key:${index}`)).toStartWith(`value:${index}`);
    await client.text("DEBUG", "POPULATE", "20000", "key", "1000");
    expect(await client.text("GET", "key:7")).toStartWith("value:7");
    const stats = await client.text("MEMORY", "MALLOC-STATS");
    const rows = [...stats.matchAll(/^ +(\d+) +(\d+) +\d+ +[\d.]+%$/gm)];
    const bytes = rows.reduce((sum, [, size, blocks]) => sum + Number(size) * Number(blocks), 0);
    expect(bytes).toBe(arena.usedBytes);
    expect(stats).toContain(`bytes in live blocks: ${bytes}\n`);
  });

  test("MEMORY USAGE counts what a key and its value take", async () => {
    const { client } = await start();
    await client.command("SET", "small", "v");
    await client.command("SET", "large", "x".repeat(100_000));
    await client.command("SET", "k".repeat(50_000), "v");
    const usage = async (key: string) => Number(await client.text("MEMORY", "USAGE", key));
    expect(await usage("small")).toBeLessThan(64);
    expect(await usage("large")).toBeGreaterThanOrEqual(100_000);
    expect(await usage("k".repeat(50_000))).toBeGreaterThanOrEqual(50_000);
  });
});
