/** Elements of collections that are held in blocks, through the commands that see them, beside Redis: replies byte for byte, values by digest. */

import { expect, test } from "bun:test";
import { BLOCKS_FROM } from "../../src/blocks/block-string.ts";
import { follow, Ours, sameOffset, until } from "../replication/support.ts";
import { connect, type RawClient } from "../support/client.ts";
import { type Request, useComparison } from "../support/compare.ts";
import { Random } from "../support/property.ts";
import { describeWithRedis } from "../support/redis.ts";

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
  await ours.client.command("DEBUG", "SET-ACTIVE-EXPIRE", 0);
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

describeWithRedis("long values of streams answer as Redis does", () => {
  const comparison = useComparison();
  const reads: Request[] = [["XLEN", "x"], digest("x"), ["XINFO", "STREAM", "x", "FULL"]];

  test("added, read, deleted and trimmed", async () => {
    await comparison().compare([
      ...[BELOW, AT, ABOVE].map((value): Request[] => [
        ["XADD", "x", "1-1", "f", value],
        ["XADD", "x", "2-1", "f", "short"],
        ["XADD", "x", "MAXLEN", "~", 100, "3-1", "f", value, "g", "x", "h", value],
        ["XADD", "x", "3-2", "f", "a", "g", value, "h", "b"],
        ["XADD", "x", "3-3", "g", value],
        ...reads,
        ["XRANGE", "x", "-", "+"],
        ["XREVRANGE", "x", "+", "2", "COUNT", 2],
        ["XREAD", "COUNT", 2, "STREAMS", "x", "1-1"],
        ["XDEL", "x", "3-1"],
        ["XRANGE", "x", "(1-1", "3-3"],
        ["XTRIM", "x", "MINID", "3-2"],
        ...reads,
        ["XTRIM", "x", "MAXLEN", 0],
        ...reads,
      ]),
      [
        ["CONFIG", "SET", "stream-node-max-bytes", 0],
        ["XADD", "x", "1-1", "f", "a"],
        ["XADD", "x", "1-2", "f", LONG],
        ["XADD", "x", "1-3", "f", ABOVE],
        ["XADD", "x", "1-4", "f", "b"],
        ["XADD", "x", "1-5", "g", LONG, "h", "c", "i", ABOVE],
        ...reads,
        ["XDEL", "x", "1-2"],
        ["XRANGE", "x", "-", "+"],
        ["COPY", "x", "copy"],
        ["XDEL", "x", "1-5"],
        ["XTRIM", "x", "MAXLEN", 1],
        digest("x", "copy"),
        ["DEBUG", "RELOAD"],
        digest("x", "copy"),
        ["XADD", "copy", "2-1", "g", "d", "h", "e", "i", LONG],
        ["XRANGE", "copy", "1-3", "+"],
        ["XREVRANGE", "copy", "+", "-"],
        ["DEBUG", "RELOAD"],
        ["DEBUG", "DIGEST"],
        ["CONFIG", "SET", "stream-node-max-bytes", 4096],
      ],
      [
        ["SET", "s", "x"],
        ["XADD", "s", "1-1", "f", LONG],
        ["XADD", "x", "1-1", "f", LONG, "g"],
        ["XADD", "x", "0-0", "f", LONG],
        ["XADD", "x", LONG, "f", LONG],
        ["XADD", "x", "MAXLEN", "5", LONG, "f", LONG],
        ["XADD", "x", "MAXLEN", "~", DIGITS, "1-1", "f", "x"],
        ["XADD", "x", "NOMKSTREAM", "MAXLEN", DIGITS, DIGITS, "f", "x"],
        ["XADD", "x", "MAXLEN", "~", "5", "LIMIT", LONG, "1-1", "f", "x"],
        ["XADD", "x", "MAXLEN", "~", "5", LONG],
        ["XADD", "x", "NOMKSTREAM", "1-1", "f", LONG],
        ["XADD", "x", "1-1", LONG, ABOVE],
        ["XADD", "x", "1-1", "f", LONG],
        ["XRANGE", "x", "-", "+"],
        ["DEBUG", "RELOAD"],
        ["XADD", "x", "1-2", LONG, "short"],
        ["XADD", "x", "1-3", "f", LONG, LONG, "short"],
        ...reads,
      ],
    ]);
  });

  test("given to groups, copied, dumped, in transactions and scripts", async () => {
    await comparison().compare([
      [
        ["XADD", "x", "1-1", "f", LONG],
        ["XADD", "x", "1-2", "f", ABOVE, "g", LONG],
        ["XGROUP", "CREATE", "x", "group", 0],
        ["XREADGROUP", "GROUP", "group", "a", "COUNT", 1, "STREAMS", "x", ">"],
        ["XREADGROUP", "GROUP", "group", "a", "STREAMS", "x", ">"],
        ["XREADGROUP", "GROUP", "group", "a", "STREAMS", "x", 0],
        ["XCLAIM", "x", "group", "b", 0, "1-2"],
        ["XAUTOCLAIM", "x", "group", "b", 0, 0, "COUNT", 1],
        ["COPY", "x", "copy"],
        ["XDEL", "x", "1-1"],
        ["XADD", "copy", "1-3", "f", ABOVE],
        digest("x", "copy"),
        ["MOVE", "copy", 1],
        ["RENAME", "x", "y"],
        ["DEBUG", "RELOAD"],
        ["DEBUG", "DIGEST"],
        ["XREADGROUP", "GROUP", "group", "b", "STREAMS", "y", 0],
        ["DEL", "y"],
        ["FLUSHALL"],
      ],
      [
        [
          "EVAL",
          "redis.call('XADD', KEYS[1], '1-1', 'f', ARGV[1]); return #redis.call('XRANGE', KEYS[1], '-', '+')[1][2][2]",
          1,
          "x",
          LONG,
        ],
        ["EVAL", "return redis.call('XRANGE', KEYS[1], '-', '+')", 1, "x"],
        digest("x"),
      ],
      [
        ["MULTI"],
        ["XADD", "x", "1-1", "f", LONG],
        ["XRANGE", "x", "-", "+"],
        ["XADD", "x", "1-2", "f", ABOVE],
        ["XDEL", "x", "1-1"],
        ["EXEC"],
        digest("x"),
      ],
    ]);
    const { ours, redis } = comparison();
    const clients = [await connect(ours.port), await connect(redis.port)];
    const payloads: Buffer[] = [];
    for (const client of clients) {
      await client.pipeline([
        ["XADD", "x", "1-1", "f", LONG, "g", "a"],
        ["XADD", "x", "1-2", "f", "b", "g", ABOVE],
      ]);
      payloads.push(bulk(await client.command("DUMP", "x")));
    }
    for (const [index, client] of clients.entries()) {
      expect(await client.text("RESTORE", "r", 0, payloads[1 - index])).toBe("OK");
      expect(await client.command("DEBUG", "DIGEST-VALUE", "r")).toEqual(await client.command("DEBUG", "DIGEST-VALUE", "x"));
      client.close();
    }
  });
});

/** -> the content of a bulk string. */
function bulk(reply: Buffer): Buffer {
  return reply.subarray(reply.indexOf("\r\n") + 2, reply.length - 2);
}
