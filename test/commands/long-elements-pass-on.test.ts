/** Elements of collections that are held in blocks, on their way to replicas, into files and out of them, and to clients that wait. */

import { describe, expect, test } from "bun:test";
import { blocksInUse } from "../../src/blocks/block.ts";
import { BLOCKS_FROM } from "../../src/blocks/block-string.ts";
import { follow, linkUp, Ours, sameOffset, startReal, until } from "../replication/support.ts";
import { connect, encodeCommand, type Word } from "../support/client.ts";
import { CuttingProxy } from "../support/cutting-proxy.ts";
import { Random } from "../support/property.ts";
import { testWithRedis } from "../support/redis.ts";
import { testPassingOn, write } from "./passing-on.ts";

const random = new Random(20261130);
const AT = random.bytes(BLOCKS_FROM);
const ABOVE = random.bytes(BLOCKS_FROM + 1);
const LONG = random.bytes(BLOCKS_FROM + 70_001);

/** What makes and changes long elements, with each form in which the journal takes it. */
const WRITES: readonly Word[][] = [
  ["RPUSH", "l", LONG, "x", ABOVE, AT],
  ["LPUSH", "l", "y", ABOVE],
  ["LSET", "l", 0, LONG],
  ["LINSERT", "l", "BEFORE", "x", ABOVE],
  ["LREM", "l", 1, ABOVE],
  ["LMOVE", "l", "m", "LEFT", "RIGHT"],
  ["BLMOVE", "l", "m", "RIGHT", "LEFT", 0],
  ["COPY", "l", "copy"],
  ["LPOP", "copy"],
  ["BRPOP", "copy", 0],
  ["MULTI"],
  ["RPUSH", "n", LONG],
  ["LSET", "n", 0, ABOVE],
  ["LPUSH", "n", LONG],
  ["EXEC"],
  ["EVAL", "return redis.call('RPUSH', KEYS[1], ARGV[1])", 1, "m", LONG],
  ["HSET", "h", "f", LONG, "g", "x", "i", ABOVE],
  ["HSETNX", "h", "j", AT],
  ["HSETNX", "h", "k", LONG],
  ["HMSET", "h", "i", LONG],
  ["HDEL", "h", "f"],
  ["COPY", "h", "hash"],
  ["HSET", "hash", "k", ABOVE],
  ["MULTI"],
  ["HSET", "i", "f", LONG],
  ["HSET", "i", "f", ABOVE],
  ["EXEC"],
  ["XADD", "x", "1-1", "f", LONG],
  ["XADD", "x", "*", "f", "a", "g", ABOVE],
  ["XADD", "x", "MAXLEN", "~", 1000, "*", "f", ABOVE, "g", LONG],
  ["XDEL", "x", "1-1"],
  ["COPY", "x", "stream"],
  ["XADD", "stream", "*", "f", "b", "g", LONG],
  ["XTRIM", "stream", "MAXLEN", 2],
  ["CONFIG", "SET", "stream-node-max-bytes", 0],
  ["XADD", "y", "1-1", "f", "a"],
  ["XADD", "y", "1-2", "f", LONG],
  ["XADD", "y", "1-3", "f", "b"],
  ["MULTI"],
  ["XADD", "y", "1-4", "f", ABOVE],
  ["XDEL", "y", "1-2"],
  ["EXEC"],
];

describe("long elements pass on", () => {
  testPassingOn(["RPUSH", "before", "a", LONG, ABOVE, "b"], WRITES);

  testWithRedis("through a replica of ours in the middle, in transactions too", async () => {
    await using above = await startReal("--enable-debug-command", "yes");
    await using middle = await Ours.start({ appendonly: "yes" });
    await using below = await startReal("--enable-debug-command", "yes");
    await follow(middle.client, above.port);
    await follow(below.client, middle.port);
    await write(above.client, WRITES);
    for (const words of [
      ["MULTI"],
      ["SET", "first", "x"],
      ["PUBLISH", "channel", "short"],
      ["RPUSH", "l", LONG, "x", ABOVE],
      ["SET", "second", "x"],
      ["PUBLISH", "channel", LONG],
      ["HSET", "h", "f", "x", "g", ABOVE],
      ["XADD", "x", "*", "f", LONG],
      ["PUBLISH", "channel", "short"],
      ["INCR", "count"],
      ["EXEC"],
      ["INCR", "count"],
    ])
      await above.client.command(...words);
    await sameOffset(above.client, middle.client);
    await sameOffset(above.client, below.client);
    const digest = await above.client.text("DEBUG", "DIGEST");
    expect(await below.client.text("DEBUG", "DIGEST")).toBe(digest);
    expect(await middle.client.text("DEBUG", "DIGEST")).toBe(digest);
    await middle.client.command("REPLICAOF", "NO", "ONE");
    expect(await middle.client.text("DEBUG", "LOADAOF")).toBe("OK");
    expect(await middle.client.text("DEBUG", "DIGEST")).toBe(digest);
  });

  test("once, where the link breaks in the middle of a transaction", async () => {
    const inUse = blocksInUse();
    await using above = await Ours.start();
    await using below = await Ours.start();
    await using last = await Ours.start();
    await using proxy = await CuttingProxy.start(above.port, [3_500_000]);
    await follow(below.client, proxy.port);
    await follow(last.client, below.port);
    const value = random.bytes(2_000_000);
    await above.client.pipeline([["MULTI"], ["INCR", "n"], ["RPUSH", "l", value], ["HSET", "h", "f", value], ["INCR", "n"], ["EXEC"]]);
    await until("the link to break", () => proxy.cuts === 1);
    await linkUp(below.client);
    await sameOffset(above.client, below.client);
    await sameOffset(above.client, last.client);
    const digest = await above.client.text("DEBUG", "DIGEST");
    expect(await below.client.text("DEBUG", "DIGEST")).toBe(digest);
    expect(await last.client.text("DEBUG", "DIGEST")).toBe(digest);
    expect(await last.client.text("GET", "n")).toBe("2");
    await above.client.command("FLUSHALL");
    // What was journalled is kept as long as the backlog reaches back.
    for (let count = 0; count < 3; count++) await above.client.command("SET", "filler", Buffer.alloc(900_000));
    await sameOffset(above.client, last.client);
    await until("all blocks to come back", () => blocksInUse() <= inUse);
  });

  for (const preamble of ["yes", "no"])
    test(`into the append-only file, rewritten with aof-use-rdb-preamble ${preamble}, and out of it`, async () => {
      await using ours = await Ours.start({ appendonly: "yes", "aof-use-rdb-preamble": preamble });
      await write(ours.client, WRITES);
      await ours.client.command("HPEXPIREAT", "h", Date.now() + 3_600_000, "FIELDS", 2, "i", "g");
      const before = await ours.client.text("DEBUG", "DIGEST");
      expect(await ours.client.text("DEBUG", "LOADAOF")).toBe("OK");
      expect(await ours.client.text("DEBUG", "DIGEST")).toBe(before);
      await ours.client.command("BGREWRITEAOF");
      await until("the end of the rewrite", async () =>
        (await ours.client.text("INFO", "persistence")).includes("aof_rewrite_in_progress:0\r\naof_rewrite_scheduled:0"),
      );
      expect(await ours.client.text("DEBUG", "LOADAOF")).toBe("OK");
      expect(await ours.client.text("DEBUG", "DIGEST")).toBe(before);
      expect(String(await ours.client.command("HTTL", "h", "FIELDS", 2, "i", "g"))).not.toContain("-");
    });

  test("into an image as they were, while they change, and nothing is kept for it afterwards", async () => {
    const inUse = blocksInUse();
    await using ours = await Ours.start();
    await write(ours.client, WRITES);
    const before = await ours.client.text("DEBUG", "DIGEST");
    const replies = await ours.client.pipeline([
      ["BGSAVE"],
      ["LPOP", "l"],
      ["LSET", "l", 1, "changed"],
      ["LSET", "m", -1, LONG],
      ["LMOVE", "m", "n", "LEFT", "LEFT"],
      ["DEL", "copy"],
      ["COPY", "n", "l", "REPLACE"],
      ["HSET", "h", "i", "changed", "k", ABOVE, "new", LONG],
      ["HDEL", "hash", "k"],
      ["UNLINK", "i"],
      ["XADD", "y", "2-1", "f", LONG],
      ["XDEL", "y", "1-4"],
      ["XTRIM", "x", "MAXLEN", 1],
      ["XADD", "x", "*", "f", ABOVE],
      ["DEL", "stream"],
    ]);
    expect(String(replies[0])).toStartWith("+Background saving started");
    for (const reply of replies) expect(String(reply).slice(0, 100)).not.toStartWith("-");
    await until("the end of BGSAVE", () => !ours.server.persistence.saving);
    expect(await ours.client.text("DEBUG", "RELOAD", "NOSAVE")).toBe("OK");
    expect(await ours.client.text("DEBUG", "DIGEST")).toBe(before);
    await ours.client.command("FLUSHALL");
    await until("all blocks to come back", () => blocksInUse() <= inUse);
  });

  test("to those who wait for them", async () => {
    await using ours = await Ours.start();
    const waiting = await Promise.all([connect(ours.port), connect(ours.port)]);
    const replies = [waiting[0].command("BLPOP", "l", 0), waiting[1].command("BLMOVE", "l", "m", "LEFT", "RIGHT", 0)];
    await until("both to wait", async () => (await ours.client.text("INFO", "clients")).includes("blocked_clients:2"));
    expect(await ours.client.text("RPUSH", "l", LONG, ABOVE)).toBe("2");
    expect((await replies[0]).equals(Buffer.concat([Buffer.from("*2\r\n"), encodeWords("l", LONG)]))).toBe(true);
    expect((await replies[1]).equals(encodeWords(ABOVE))).toBe(true);
    expect(bulk(await ours.client.command("LPOP", "m")).equals(ABOVE)).toBe(true);
    expect(await ours.client.text("EXISTS", "l", "m")).toBe("0");
    for (const client of waiting) client.close();
  });
});

/** -> bulk strings. */
function encodeWords(...words: Word[]): Buffer {
  const request = encodeCommand(words);
  return request.subarray(request.indexOf("$"));
}

function bulk(reply: Buffer): Buffer {
  return reply.subarray(reply.indexOf("\r\n") + 2, reply.length - 2);
}

test("long elements count as memory until they are deleted", async () => {
  await using ours = await Ours.start();
  const used = async (): Promise<number> => Number(/used_memory:(\d+)/.exec(await ours.client.text("INFO", "memory"))?.[1]);
  const before = await used();
  await ours.client.pipeline([
    ["RPUSH", "l", "a", LONG],
    ["HSET", "h", "f", LONG],
    ["XADD", "x", "1-1", "f", LONG],
  ]);
  for (const key of ["l", "h", "x"])
    expect(Number(await ours.client.text("MEMORY", "USAGE", key))).toBeWithin(LONG.length, LONG.length + 8192);
  expect((await used()) - before).toBeWithin(3 * LONG.length, 3 * LONG.length + 100_000);
  await ours.client.pipeline([
    ["LPOP", "l", 2],
    ["HDEL", "h", "f"],
    ["XDEL", "x", "1-1"],
  ]);
  expect((await used()) - before).toBeLessThan(100_000);
});

test("the blocks of long elements all come back", async () => {
  const inUse = blocksInUse();
  await using ours = await Ours.start({ appendonly: "yes" });
  await using below = await Ours.start();
  await follow(below.client, ours.port);
  await write(ours.client, WRITES);
  expect(await ours.client.text("DEBUG", "RELOAD")).toBe("OK");
  const queueing = await connect(ours.port);
  await queueing.pipeline([["MULTI"], ["RPUSH", "queued", LONG]]);
  const lazy = await connect(ours.port);
  for (let count = 0; count < 10; count++) lazy.send(encodeCommand(["LRANGE", "l", 0, -1]));
  expect(await ours.client.text("PING")).toBe("PONG");
  expect(blocksInUse()).toBeGreaterThan(inUse);
  for (const client of [queueing, lazy]) client.close();
  for (const key of ["l", "m"]) await ours.client.command("DEL", key);
  await ours.client.command("FLUSHALL");
  // What was journalled is kept as long as the backlog reaches back.
  for (let count = 0; count < 3; count++) await ours.client.command("SET", "filler", Buffer.alloc(900_000));
  await sameOffset(ours.client, below.client);
  await until("all blocks to come back", () => blocksInUse() <= inUse);
});
