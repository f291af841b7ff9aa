/** Elements of collections that are held in blocks, through the commands that see them, beside Redis: replies byte for byte, values by digest. */

import { describe, expect, test } from "bun:test";
import { blocksInUse } from "../../src/blocks/block.ts";
import { BLOCKS_FROM } from "../../src/blocks/block-string.ts";
import { follow, Ours, sameOffset, startReal, until } from "../replication/support.ts";
import { connect, encodeCommand, type RawClient, type Word } from "../support/client.ts";
import { type Request, useComparison } from "../support/compare.ts";
import { Random } from "../support/property.ts";
import { describeWithRedis, testWithRedis } from "../support/redis.ts";

const random = new Random(20261130);
const BELOW = random.bytes(BLOCKS_FROM - 1);
const AT = random.bytes(BLOCKS_FROM);
const ABOVE = random.bytes(BLOCKS_FROM + 1);
const LONG = random.bytes(BLOCKS_FROM + 70_001);

const DIGITS = Buffer.alloc(BLOCKS_FROM + 1, "1");

const digest = (...keys: string[]): Request => ["DEBUG", "DIGEST-VALUE", ...keys];

describeWithRedis("long elements of lists answer as Redis does", () => {
  const comparison = useComparison();
  const reads: Request[] = [["LLEN", "l"], digest("l")];

  test("pushed, read and popped", async () => {
    await comparison().compare([
      ...[BELOW, AT, ABOVE].map((element): Request[] => [
        ["RPUSH", "l", element],
        ["LPUSH", "l", "head", element],
        ["RPUSH", "l", "tail"],
        ["LPUSHX", "none", element],
        ["RPUSHX", "l", element, "end"],
        ["LPUSHX", "l", element],
        ...reads,
        ["LRANGE", "l", 0, -1],
        ["LINDEX", "l", 0],
        ["LINDEX", "l", -2],
        ["LINDEX", "l", 1],
        ["LPOP", "l"],
        ["RPOP", "l", 2],
        ["LPOP", "l", 2],
        ...reads,
        ["LMPOP", 2, "none", "l", "RIGHT", "COUNT", 2],
        ["RPOP", "l"],
        ["EXISTS", "l"],
      ]),
      [
        ["SET", "s", "x"],
        ["RPUSH", "s", LONG],
        ["RPUSH", "l", LONG, "a", ABOVE, LONG],
        ["LRANGE", "l", 0, -1],
        ["LPOP", "l", 0],
        ["LPOP", "l", 10],
        ["RPUSH", LONG, LONG],
        ["LPOP", LONG],
      ],
    ]);
  });

  test("set, inserted, sought, removed and trimmed", async () => {
    const fill: Request[] = [["RPUSH", "l", "a", "b", LONG, "c", ABOVE, "d", LONG]];
    const changes: Request[][] = [
      [["LSET", "l", 2, ABOVE]],
      [["LSET", "l", 2, "short"]],
      [["LSET", "l", -1, "short"]],
      [["LSET", "l", 0, LONG]],
      [["LSET", "l", 1, LONG]],
      [["LSET", "l", 3, AT]],
      [["LSET", "l", 7, LONG]],
      [["LINSERT", "l", "BEFORE", "a", LONG]],
      [["LINSERT", "l", "AFTER", "a", LONG]],
      [["LINSERT", "l", "AFTER", LONG, ABOVE]],
      [["LINSERT", "l", "BEFORE", ABOVE, "short"]],
      [["LINSERT", "l", "AFTER", "none", LONG]],
      [["LINSERT", "l", "AFTER", AT, LONG]],
      [["LINSERT", "none", "AFTER", "a", LONG]],
      [["LREM", "l", 0, LONG]],
      [["LREM", "l", -1, LONG]],
      [["LREM", "l", 1, LONG]],
      [["LREM", "l", 1, AT]],
      [["LREM", "l", 1, "c"]],
      [
        ["LPOS", "l", LONG],
        ["LPOS", "l", LONG, "RANK", -1],
        ["LPOS", "l", LONG, "COUNT", 0],
        ["LPOS", "l", ABOVE, "MAXLEN", 3],
        ["LPOS", "l", "d"],
        ["LPOS", "l", AT],
      ],
      [["LTRIM", "l", 2, 4]],
      [["LTRIM", "l", 3, 3]],
      [["LTRIM", "l", 5, 3]],
      [
        ["DEBUG", "QUICKLIST-PACKED-THRESHOLD", "3000000"],
        ["RPUSH", "l", LONG],
        ["LPOP", "l", 3],
        ["DEBUG", "QUICKLIST-PACKED-THRESHOLD", "0"],
      ],
    ];
    await comparison().compare(
      changes.map((requests) => [...fill, ...requests, ...reads, ["LRANGE", "l", 0, 3], ["LPOP", "l", 2], ["RPOP", "l"], ...reads]),
    );
    await comparison().compare([
      [
        ["RPUSH", "one", "a"],
        ["LSET", "one", 0, LONG],
        ["LINDEX", "one", 0],
        ["LSET", "one", 0, "b"],
      ],
      [
        ["CONFIG", "SET", "list-max-listpack-size", 3],
        ...fill,
        ["LINSERT", "l", "AFTER", "b", LONG],
        ...reads,
        ["CONFIG", "SET", "list-max-listpack-size", -2],
      ],
    ]);
  });

  test("moved, copied, sorted, dumped, reloaded and deleted", async () => {
    await comparison().compare([
      [
        ["RPUSH", "l", LONG, "1", ABOVE],
        ["LMOVE", "l", "m", "LEFT", "RIGHT"],
        ["RPOPLPUSH", "l", "l"],
        ["RPOPLPUSH", "l", "m"],
        ["BLMOVE", "l", "l", "LEFT", "RIGHT", 0],
        ["BRPOPLPUSH", "m", "l", 0],
        ["BLPOP", "m", "l", 0],
        ["BRPOP", "none", "l", 0],
        ["BLMPOP", 0, 1, "l", "LEFT"],
        ["RPUSH", "l", LONG, "1", ABOVE],
        ["COPY", "l", "copy"],
        ["LPOP", "l"],
        digest("l", "copy"),
        ["COPY", "copy", "l", "REPLACE"],
        ["MOVE", "copy", 1],
        ["RENAME", "l", "k"],
        ["SORT", "k", "ALPHA", "DESC", "LIMIT", 0, 2],
        ["SORT", "k", "BY", "nosort", "STORE", "sorted"],
        ["SORT", "k"],
        digest("sorted"),
        ["DEBUG", "RELOAD"],
        ["DEBUG", "DIGEST"],
        ["LRANGE", "k", 0, -1],
        ["DEL", "k"],
        ["UNLINK", "sorted"],
        ["FLUSHALL"],
      ],
      [
        ["EVAL", "redis.call('RPUSH', KEYS[1], ARGV[1], 'x'); return #redis.call('LINDEX', KEYS[1], 0)", 1, "l", LONG],
        ["EVAL", "return redis.call('LRANGE', KEYS[1], 0, -1)", 1, "l"],
        digest("l"),
      ],
      [
        ["MULTI"],
        ["RPUSH", "l", LONG, "x"],
        ["LRANGE", "l", 0, -1],
        ["LSET", "l", 1, ABOVE],
        ["LMOVE", "l", "l", "LEFT", "RIGHT"],
        ["LREM", "l", 1, LONG],
        ["EXEC"],
        digest("l"),
        ["MULTI"],
        ["RPUSH", "l", LONG],
        ["DISCARD"],
        ["LLEN", "l"],
      ],
    ]);
  });
});

describeWithRedis("long values of hashes answer as Redis does", () => {
  const comparison = useComparison();
  const reads: Request[] = [["HLEN", "h"], digest("h"), ["OBJECT", "ENCODING", "h"]];

  test("set, read and deleted", async () => {
    await comparison().compare([
      ...[BELOW, AT, ABOVE].map((value): Request[] => [
        ["HSET", "h", "f", value],
        ["HGET", "h", "f"],
        ["HGETALL", "h"],
        ["HSTRLEN", "h", "f"],
        ["HRANDFIELD", "h", 1, "WITHVALUES"],
        ["HSCAN", "h", 0],
        ...reads,
        ["HSET", "h", "f", "short", "f", value, "g", value],
        ["HMSET", "h", "f", value, "i", "short"],
        ["HSETNX", "h", "f", "other"],
        ["HSETNX", "h", "j", value],
        ["HMGET", "h", "f", "none", "j", "i"],
        ["HEXISTS", "h", "j"],
        ["HINCRBY", "h", "f", 1],
        ["HINCRBYFLOAT", "h", "f", 1],
        ...reads,
        ["HSET", "h", "f", "short"],
        ["HDEL", "h", "g", "j"],
        ["HVALS", "h"],
        ["HDEL", "h", "f", "i"],
        ["EXISTS", "h"],
      ]),
      [
        ["SET", "s", "x"],
        ["HSET", "s", "f", LONG],
        ["HSET", "h", "f", LONG, "g"],
        ["HSET", "h", LONG, ABOVE],
        ["HGET", "h", LONG],
        ["HINCRBY", "h", "n", 5],
        ["HSET", "h", "n", DIGITS],
        ["HINCRBY", "h", "n", 5],
        ["HINCRBYFLOAT", "h", "n", "1.5"],
        ...reads,
      ],
      [
        ["CONFIG", "SET", "hash-max-listpack-value", 3_000_000],
        ["HSET", "h", "f", LONG, "g", "short"],
        ["HSETNX", "h", "i", ABOVE],
        ["HGETALL", "h"],
        ...reads,
        ["CONFIG", "SET", "hash-max-listpack-value", 64],
        ["HSET", "h", "f", ABOVE],
        ...reads,
      ],
    ]);
    await comparison().compare(
      [
        [
          ["HSET", "h", "f", LONG],
          ["HGETALL", "h"],
          ["HRANDFIELD", "h", -2, "WITHVALUES"],
        ],
      ],
      { protocol: 3 },
    );
  });

  test("copied, sorted, dumped, reloaded, in transactions and scripts", async () => {
    await comparison().compare([
      [
        ["HSET", "h", "f", LONG, "g", ABOVE, "i", "x"],
        ["COPY", "h", "copy"],
        ["HSET", "h", "f", ABOVE],
        ["HDEL", "copy", "g"],
        digest("h", "copy"),
        ["MOVE", "copy", 1],
        ["RENAME", "h", "k"],
        ["RPUSH", "l", "k"],
        ["SORT", "l", "BY", "nosort", "GET", "*->f", "GET", "#"],
        ["SORT", "l", "BY", "nosort", "GET", "*->g", "STORE", "sorted"],
        digest("sorted"),
        ["DEBUG", "RELOAD"],
        ["DEBUG", "DIGEST"],
        ["HMGET", "k", "f", "g", "i"],
        ["UNLINK", "k"],
        ["FLUSHALL"],
      ],
      [
        ["EVAL", "redis.call('HSET', KEYS[1], 'f', ARGV[1]); return #redis.call('HGET', KEYS[1], 'f')", 1, "h", LONG],
        ["EVAL", "return redis.call('HGETALL', KEYS[1])", 1, "h"],
        digest("h"),
      ],
      [
        ["MULTI"],
        ["HSET", "h", "f", LONG],
        ["HGET", "h", "f"],
        ["HSET", "h", "f", ABOVE, "g", LONG],
        ["HDEL", "h", "f"],
        ["EXEC"],
        digest("h"),
      ],
    ]);
    const { ours, redis } = comparison();
    const clients = [await connect(ours.port), await connect(redis.port)];
    const payloads: Buffer[][] = [];
    for (const client of clients) {
      await client.pipeline([
        ["HSET", "h", "f", LONG],
        ["RPUSH", "l", "a", LONG, "b"],
      ]);
      payloads.push([bulk(await client.command("DUMP", "h")), bulk(await client.command("DUMP", "l"))]);
    }
    for (const [index, client] of clients.entries()) {
      for (const [which, payload] of payloads[1 - index].entries()) {
        expect(await client.text("RESTORE", `r${which}`, 0, payload)).toBe("OK");
        expect(await client.command("DEBUG", "DIGEST-VALUE", `r${which}`)).toEqual(
          await client.command("DEBUG", "DIGEST-VALUE", "hl"[which]),
        );
      }
      client.close();
    }
  });
});

test("long values of fields that expire stay with their times, and go with them", async () => {
  await using ours = await Ours.start();
  await using below = await Ours.start();
  await follow(below.client, ours.port);
  ours.server.activeExpiry = false;
  const { client } = ours;
  const hour = Date.now() + 3_600_000;
  expect(await client.text("HSETEX", "h", "PXAT", hour, "FIELDS", 2, "f", LONG, "g", ABOVE)).toBe("1");
  expect(await client.text("HSETEX", "h", "KEEPTTL", "FIELDS", 2, "f", ABOVE, "i", LONG)).toBe("1");
  expect(await client.text("HSETEX", "h", "FXX", "FIELDS", 1, LONG, ABOVE)).toBe("0");
  expect(await client.text("HSETEX", "h", "FNX", "FIELDS", 1, LONG, ABOVE)).toBe("1");
  await client.command("HSET", "h", "g", LONG);
  await client.command("HSETEX", "small", "PXAT", hour, "FIELDS", 1, "f", "x");
  await client.command("HSET", "small", "g", LONG);
  await client.command("HSET", "late", "f", LONG);
  await client.command("HPEXPIREAT", "late", hour, "FIELDS", 1, "f");
  await client.command("COPY", "h", "copy");
  const times = async (to: RawClient): Promise<string[]> =>
    Promise.all(
      ["h", "small", "late", "copy"].map(async (key) => String(await to.command("HPEXPIRETIME", key, "FIELDS", 3, "f", "g", "i"))),
    );
  const [set, digestBefore] = [await times(client), await client.text("DEBUG", "DIGEST")];
  expect(set[0]).toBe(`*3\r\n:${hour}\r\n:-1\r\n:-1\r\n`);
  expect(bulk(await client.command("HGET", "h", "f")).equals(ABOVE)).toBe(true);
  expect(bulk(await client.command("HGET", "h", LONG)).equals(ABOVE)).toBe(true);
  await sameOffset(client, below.client);
  expect(await below.client.text("DEBUG", "DIGEST")).toBe(digestBefore);
  for (const version of ["auto", "80"]) {
    await client.command("CONFIG", "SET", "rdb-version", version);
    await client.command("BGSAVE");
    await until("the end of BGSAVE", () => !ours.server.persistence.saving);
    expect(await client.text("DEBUG", "RELOAD", "NOSAVE")).toBe("OK");
    expect([await times(client), await client.text("DEBUG", "DIGEST")]).toEqual([set, digestBefore]);
  }
  expect(String(await client.command("HGETEX", "h", "PX", 1, "FIELDS", 1, "f"))).toStartWith("*1\r\n$1048577\r\n");
  await Bun.sleep(3);
  expect(String(await client.command("HGET", "h", "f"))).toBe("$-1\r\n");
  expect(String(await client.command("HGETDEL", "h", "FIELDS", 1, "g"))).toStartWith(`*1\r\n$${LONG.length}\r\n`);
  expect(await client.text("HLEN", "h")).toBe("2");
});

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
];

async function write(client: RawClient): Promise<void> {
  for (const words of WRITES) expect(String(await client.command(...words)).slice(0, 100)).not.toStartWith("-");
}

describe("long elements pass on", () => {
  for (const [master, replica] of [
    ["ours", "redis"],
    ["redis", "ours"],
    ["ours", "ours"],
  ]) {
    testWithRedis(`from ${master} to ${replica}, in the image and in the stream`, async () => {
      await using above = master === "ours" ? await Ours.start() : await startReal("--enable-debug-command", "yes");
      await using below = replica === "ours" ? await Ours.start() : await startReal("--enable-debug-command", "yes");
      await above.client.command("RPUSH", "before", "a", LONG, ABOVE, "b");
      await follow(below.client, above.port);
      await write(above.client);
      await sameOffset(above.client, below.client);
      expect(await below.client.text("DEBUG", "DIGEST")).toBe(await above.client.text("DEBUG", "DIGEST"));
    });
  }

  for (const preamble of ["yes", "no"])
    test(`into the append-only file, rewritten with aof-use-rdb-preamble ${preamble}, and out of it`, async () => {
      await using ours = await Ours.start({ appendonly: "yes", "aof-use-rdb-preamble": preamble });
      await write(ours.client);
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

  test("into an image as they were, while they change", async () => {
    await using ours = await Ours.start();
    await write(ours.client);
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
    ]);
    expect(String(replies[0])).toStartWith("+Background saving started");
    for (const reply of replies) expect(String(reply).slice(0, 100)).not.toStartWith("-");
    await until("the end of BGSAVE", () => !ours.server.persistence.saving);
    expect(await ours.client.text("DEBUG", "RELOAD", "NOSAVE")).toBe("OK");
    expect(await ours.client.text("DEBUG", "DIGEST")).toBe(before);
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

test("the blocks of long elements all come back", async () => {
  const inUse = blocksInUse();
  await using ours = await Ours.start({ appendonly: "yes" });
  await using below = await Ours.start();
  await follow(below.client, ours.port);
  await write(ours.client);
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
