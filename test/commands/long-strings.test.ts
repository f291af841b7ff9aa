/** Strings that are held in blocks, through every command that takes strings, beside Redis: replies byte for byte, values by their digests. */

import { describe, expect, test } from "bun:test";
import { blocksInUse } from "../../src/blocks/block.ts";
import { BLOCKS_FROM } from "../../src/blocks/block-string.ts";
import { follow, linkUp, Ours, sameOffset, startReal, until } from "../replication/support.ts";
import { connect, encodeCommand, type Word } from "../support/client.ts";
import { type Request, useComparison } from "../support/compare.ts";
import { CuttingProxy } from "../support/cutting-proxy.ts";
import { Random } from "../support/property.ts";
import { describeWithRedis, testWithRedis } from "../support/redis.ts";
import { testPassingOn, write } from "./passing-on.ts";

const random = new Random(20261130);
const LONG = random.bytes(BLOCKS_FROM + 70_001);
const LONGER = random.bytes(2 * BLOCKS_FROM + 5);
const DIGITS = Buffer.alloc(BLOCKS_FROM + 1, "1");
const MIB = 1024 * 1024;

const digest = (...keys: string[]): Request => ["DEBUG", "DIGEST-VALUE", ...keys];

describeWithRedis("long strings answer as Redis does", () => {
  const comparison = useComparison();

  test("set in every way, read in every way", async () => {
    const reads: Request[] = [
      ["STRLEN", "k"],
      digest("k"),
      ["OBJECT", "ENCODING", "k"],
      ["GETRANGE", "k", 262_100, 262_200],
      ["GETRANGE", "k", -5, -1],
      ["SUBSTR", "k", 0, 0],
      ["GETBIT", "k", 8 * 262_144],
      ["GETBIT", "k", 8 * LONGER.length],
    ];
    const sets: Request[][] = [
      [["SET", "k", LONG]],
      [
        ["SET", "k", "short"],
        ["SET", "k", LONG],
      ],
      [
        ["SET", "k", LONG],
        ["SET", "k", LONGER, "GET"],
        ["SET", "k", "short", "GET"],
      ],
      [
        ["SET", "k", LONG, "NX"],
        ["SET", "k", LONGER, "NX"],
        ["SET", "k", LONGER, "XX", "KEEPTTL"],
      ],
      [
        ["SETNX", "k", LONG],
        ["SETNX", "k", LONGER],
      ],
      [
        ["SETEX", "k", 1000, LONG],
        ["PERSIST", "k"],
      ],
      [["PSETEX", "k", 1_000_000, LONG]],
      [
        ["GETSET", "k", LONG],
        ["GETSET", "k", LONGER],
        ["GETSET", "k", "short"],
      ],
      [
        ["MSET", "a", "1", "k", LONG, "b", LONGER],
        ["MGET", "a", "k", "b", "none"],
        ["MSETNX", "k", LONGER, "c", LONG],
        ["EXISTS", "c"],
      ],
      [
        ["RPUSH", "k", "x"],
        ["GET", "k"],
        ["APPEND", "k", LONG],
        ["SET", "k", LONG, "GET"],
        ["SET", "k", LONG],
      ],
      [
        ["SET", LONG, LONGER],
        ["GET", LONG],
        ["RENAME", LONG, "k"],
      ],
    ];
    await comparison().compare(sets.map((requests) => [...requests, ...reads, ["GET", "k"], ["GETDEL", "k"], ["EXISTS", "k"]]));
  });

  test("grown, shrunk by none, and written into", async () => {
    const cases: Request[][] = [];
    for (const before of [[], [["SET", "k", "abc"]], [["SET", "k", LONG.subarray(0, 900_000)]], [["SET", "k", LONG]]] as Request[][]) {
      for (const change of [
        ["APPEND", "k", "x"],
        ["APPEND", "k", LONG.subarray(0, 300_000)],
        ["APPEND", "k", LONGER],
        ["SETRANGE", "k", 0, "xyz"],
        ["SETRANGE", "k", 262_143, "xyz"],
        ["SETRANGE", "k", 1_048_570, "0123456789"],
        ["SETRANGE", "k", 3 * MIB, LONG],
        ["SETRANGE", "k", 5 * MIB + 3, ""],
        ["SETRANGE", "k", 5 * MIB + 3, "end"],
        ["SETBIT", "k", 8 * 2 * MIB + 5, 1],
        ["SETBIT", "k", 77, 1],
        ["BITFIELD", "k", "SET", "u32", 8 * MIB - 7, 4_000_000_000, "GET", "u63", 8 * 262_144 - 30, "INCRBY", "i64", "#200000", -5],
        ["BITFIELD", "k", "GET", "u8", 8 * 100 * MIB],
      ] as Request[])
        cases.push([
          ...before,
          change,
          change,
          ["STRLEN", "k"],
          digest("k"),
          ["OBJECT", "ENCODING", "k"],
          ["APPEND", "k", "z"],
          digest("k"),
        ]);
    }
    await comparison().compare(cases);
  });

  test("counted, searched, combined and compared", async () => {
    const ones = Buffer.alloc(LONG.length, 0xff);
    ones[1_000_000] = 0xfe;
    const fill: Request[] = [
      ["MSET", "k", LONG, "l", LONGER, "ones", ones, "s", "short"],
      ["SETRANGE", "zeros", 2 * MIB, "\0\0"],
    ];
    const reads: Request[] = [];
    for (const key of ["k", "ones", "zeros"]) {
      reads.push(["BITCOUNT", key], ["BITPOS", key, 0], ["BITPOS", key, 1]);
      for (const range of [
        [0, -1],
        [262_143, 262_144],
        [-1_000_000, 1_100_000],
        [5, 3],
        [262_140, 262_148, "BIT"],
        [2_097_151, 2_097_153, "BIT"],
        [9, -9, "BIT"],
      ])
        reads.push(["BITCOUNT", key, ...range], ["BITPOS", key, 0, ...range], ["BITPOS", key, 1, ...range]);
    }
    const operations: Request[] = ["AND", "OR", "XOR"].flatMap((name) => [
      ["BITOP", name, "t", "k", "l"],
      digest("t"),
      ["BITOP", name, "t", "s", "k", "none", "ones"],
      digest("t"),
      ["BITOP", name, "k", "k", "ones"],
      digest("k"),
    ]);
    await comparison().compare([
      [...fill, ...reads],
      [...fill, ...operations, ["BITOP", "NOT", "k", "k"], digest("k"), ["BITOP", "NOT", "new", "l"], digest("new"), ["TYPE", "new"]],
      [
        ["SET", "n", DIGITS],
        ["INCR", "n"],
        ["DECRBY", "n", 5],
        ["INCRBY", "n", "9223372036854775807"],
        ["INCRBYFLOAT", "n", "1.5"],
        ["PFADD", "n", "x"],
        ["PFCOUNT", "n"],
        ["PFMERGE", "n", "n"],
        ["LCS", "n", "none", "LEN"],
        ["SET", "short", "111"],
        ["LCS", "n", "short", "LEN"],
        ["LPUSH", "n", "x"],
        ["OBJECT", "REFCOUNT", "n"],
        ["RPUSH", "list", "n"],
        ["SORT", "list", "GET", "*", "BY", "nosort"],
      ],
    ]);
  });

  test("copied, renamed, moved, dumped, reloaded, expired and deleted", async () => {
    await comparison().compare([
      [
        ["SET", "k", LONG],
        ["COPY", "k", "copy"],
        ["COPY", "k", "copy"],
        ["COPY", "k", "copy", "REPLACE", "DB", 0],
        ["APPEND", "k", "x"],
        ["SETRANGE", "copy", 500_000, "y"],
        digest("k", "copy"),
        ["COPY", "k", "k", "DB", 1],
        ["RENAME", "k", "l"],
        ["MOVE", "copy", 2],
        digest("l"),
        ["SELECT", 2],
        ["APPEND", "copy", "x"],
        digest("copy"),
        ["SELECT", 1],
        digest("k"),
        ["DEBUG", "DIGEST"],
        ["DEBUG", "RELOAD"],
        ["DEBUG", "DIGEST"],
        ["PEXPIREAT", "k", 1],
        ["EXISTS", "k"],
        ["FLUSHALL"],
      ],
    ]);
    const { ours, redis } = comparison();
    const clients = [await connect(ours.port), await connect(redis.port)];
    const payloads: Buffer[] = [];
    for (const client of clients) {
      await client.command("SET", "k", LONG);
      payloads.push(bulk(await client.command("DUMP", "k")));
    }
    for (const [index, client] of clients.entries()) {
      expect(await client.text("RESTORE", "r", 0, payloads[1 - index])).toBe("OK");
      expect(await client.command("DEBUG", "DIGEST-VALUE", "r")).toEqual(await client.command("DEBUG", "DIGEST-VALUE", "k"));
      client.close();
    }
  });

  test("in transactions and scripts, queued, discarded and in error", async () => {
    const script =
      "local v = redis.call('GET', KEYS[1]); redis.call('SET', KEYS[2], v .. ARGV[1]); return #v + redis.call('STRLEN', KEYS[2])";
    await comparison().compare([
      [
        ["MULTI"],
        ["SET", "a", LONG],
        ["SET", "a", LONGER, "GET"],
        ["APPEND", "a", LONG],
        ["DEL", "a"],
        ["SET", "b", LONG],
        ["RPUSH", "list", LONG, LONGER],
        ["EXEC"],
        digest("b", "list"),
        ["LRANGE", "list", 0, -1],
        ["MULTI"],
        ["SET", "b", LONGER],
        ["DISCARD"],
        ["MULTI"],
        ["SET", "b", LONGER],
        ["NOSUCH"],
        ["EXEC"],
        digest("b"),
        ["EVAL", script, 2, "b", "c", LONGER],
        digest("c"),
        ["SET", "b", LONGER, "NOSUCH"],
        ["SET", "b", LONGER, "IFEQ"],
        ["HSET", "h", "f", LONG, "g", LONGER],
        ["XADD", "x", "1-1", "f", LONG],
        ["SADD", "s", "m", LONG],
        ["ZADD", "z", 1, LONG],
        ["PUBLISH", "c", LONG],
        ["ECHO", LONG],
        [LONG],
        ["SET", "b"],
        digest("h", "x", "s", "z"),
      ],
    ]);
  });
});

function bulk(reply: Buffer): Buffer {
  return reply.subarray(reply.indexOf("\r\n") + 2, reply.length - 2);
}

/** What changes long strings, with each form in which the journal takes it. */
const WRITES: readonly Word[][] = [
  ["SET", "a", LONG],
  ["SET", "b", LONGER, "EX", 1000],
  ["SET", "a", LONGER, "GET"],
  ["GETSET", "a", LONG],
  ["SETEX", "c", 1000, LONG],
  ["MSET", "d", LONG, "e", LONGER],
  ["APPEND", "d", LONGER],
  ["SETRANGE", "e", 3 * MIB, LONG],
  ["COPY", "e", "f"],
  ["MULTI"],
  ["SET", "g", LONG],
  ["SET", "h", LONG],
  ["APPEND", "g", "x"],
  ["DEL", "h"],
  ["SET", "h", LONGER],
  ["EXEC"],
  ["EVAL", "return redis.call('APPEND', KEYS[1], ARGV[1])", 1, "f", LONG],
  ["BITOP", "XOR", "i", "a", "b"],
  ["RPUSH", "list", LONG, "x", LONGER],
];

describe("long strings pass on", () => {
  testPassingOn(["SET", "before", LONGER], WRITES);

  testWithRedis("through a replica of ours in the middle", async () => {
    await using above = await startReal("--enable-debug-command", "yes");
    await using middle = await Ours.start({ appendonly: "yes" });
    await using below = await startReal("--enable-debug-command", "yes");
    await follow(middle.client, above.port);
    await follow(below.client, middle.port);
    await write(above.client, WRITES);
    await above.client.command("PUBLISH", "channel", LONG);
    await above.client.command("SET", "last", "x");
    await sameOffset(above.client, middle.client);
    await sameOffset(above.client, below.client);
    const digest = await above.client.text("DEBUG", "DIGEST");
    expect(await below.client.text("DEBUG", "DIGEST")).toBe(digest);
    await middle.client.command("REPLICAOF", "NO", "ONE");
    expect(await middle.client.text("DEBUG", "LOADAOF")).toBe("OK");
    expect(await middle.client.text("DEBUG", "DIGEST")).toBe(digest);
  });

  test("into the append-only file, and out of it", async () => {
    await using ours = await Ours.start({ appendonly: "yes" });
    await write(ours.client, WRITES);
    const digest = await ours.client.text("DEBUG", "DIGEST");
    expect(await ours.client.text("DEBUG", "LOADAOF")).toBe("OK");
    expect(await ours.client.text("DEBUG", "DIGEST")).toBe(digest);
  });

  test("into an image as they were, while they change", async () => {
    await using ours = await Ours.start();
    await write(ours.client, WRITES);
    const before = await ours.client.text("DEBUG", "DIGEST");
    const replies = await ours.client.pipeline([
      ["BGSAVE"],
      ["SETRANGE", "a", 0, "changed"],
      ["APPEND", "b", "changed"],
      ["SETBIT", "c", 5_000_000, 1],
      ["DEL", "d"],
      ["SET", "e", "changed"],
      ["COPY", "g", "f", "REPLACE"],
      ["SETRANGE", "f", 700_000, "changed"],
    ]);
    expect(String(replies[0])).toStartWith("+Background saving started");
    await until("the end of BGSAVE", () => !ours.server.persistence.saving);
    expect(await ours.client.text("DEBUG", "RELOAD", "NOSAVE")).toBe("OK");
    expect(await ours.client.text("DEBUG", "DIGEST")).toBe(before);
  });
});

describe("what a key holds is its own", () => {
  const SIZES = [33_000, 60_000, 65_500, 131_000, 250_000, 900_000];

  test("whatever the same script does next", async () => {
    await using ours = await Ours.start();
    const script = `
      for index, size in ipairs(ARGV) do
        redis.call('SET', 'string:' .. index, string.rep('x', size))
        redis.call('HSET', 'hash', index, string.rep('x', size))
        redis.call('GETSET', 'other:' .. index, string.rep('x', size))
        redis.call('RPUSH', 'list', string.rep('x', size))
        redis.call('ECHO', string.rep('y', size))
      end`;
    await ours.client.command("EVAL", script, 0, ...SIZES);
    await ours.client.command("EVAL", "redis.call('ECHO', string.rep('z', 900000))", 0);
    for (const [index, size] of SIZES.entries()) {
      const wanted = `$${size}\r\n${"x".repeat(size)}\r\n`;
      for (const words of [
        ["GET", `string:${index + 1}`],
        ["HGET", "hash", index + 1],
        ["GET", `other:${index + 1}`],
        ["LINDEX", "list", index],
      ])
        expect((await ours.client.command(...words)).equals(Buffer.from(wanted))).toBe(true);
    }
  });

  test("so that what is done to it next, in a transaction or not, is done once on replicas and theirs", async () => {
    await using ours = await Ours.start();
    await using middle = await Ours.start();
    await using below = await Ours.start();
    await follow(middle.client, ours.port);
    await follow(below.client, middle.port);
    for (const [size, unit] of [...SIZES, LONG.length].flatMap((bytes) => [
      [bytes, false],
      [bytes, true],
    ]) as [number, boolean][]) {
      await ours.client.pipeline([
        ...(unit ? [["MULTI"]] : []),
        ["SET", "k", Buffer.alloc(size, "a")],
        ["BITFIELD", "k", "INCRBY", "u8", 0, 1],
        ["APPEND", "k", "b"],
        ["BITFIELD", "k", "INCRBY", "u8", 80, 1],
        ...(unit ? [["EXEC"]] : []),
      ]);
      await sameOffset(ours.client, below.client);
      expect(await below.client.text("GETRANGE", "k", 0, 11)).toBe("baaaaaaaaabaa".slice(0, 12));
      expect(await below.client.text("DEBUG", "DIGEST")).toBe(await ours.client.text("DEBUG", "DIGEST"));
    }
  });
});

describe("what a key holds outlives its client", () => {
  // Sent behind the value: what ends the client while its requests are served.
  const ENDS = ["QUIT\r\n", "*1\r\n$4\r\nQUIT\r\n", "*1\r\n$x\r\n", '"unbalanced\r\n', "CLIENT KILL TYPE normal SKIPME no\r\n"];

  for (const end of ENDS)
    test(`that sends ${JSON.stringify(end)} behind a value`, async () => {
      await using ours = await Ours.start();
      const value = Buffer.alloc(200_000, "v");
      const bytes = Buffer.concat([encodeCommand(["SET", "k", value]), Buffer.from(end)]);
      const client = await connect(ours.port);
      client.send(bytes.subarray(0, -end.length - 100));
      await until("the first piece", () => [...ours.server.clients].some((session) => session.link.inputBytes > 100_000));
      client.send(bytes.subarray(-end.length - 100));
      await until("the end of the client", () => client.isClosed);
      const other = await connect(ours.port);
      const reply = await other.command("GET", "k");
      expect(bulk(reply).equals(value)).toBe(true);
      // Memory that is not needed is given back a little later.
      await Bun.sleep(5);
      expect(bulk(await other.command("GET", "k")).equals(value)).toBe(true);
      other.close();
    });
});

describe("the blocks of long strings", () => {
  test("come back that a master has sent the half of when the link breaks", async () => {
    const inUse = blocksInUse();
    await using above = await Ours.start();
    await using below = await Ours.start();
    await using proxy = await CuttingProxy.start(above.port, [2_500_000]);
    await follow(below.client, proxy.port);
    await above.client.command("SET", "k", Buffer.alloc(8 * MIB));
    await until("the link to break", () => proxy.cuts === 1);
    await above.client.command("FLUSHALL");
    // What was journalled is kept as long as the backlog reaches back.
    for (let count = 0; count < 3; count++) await above.client.command("SET", "filler", Buffer.alloc(900_000));
    await linkUp(below.client);
    await sameOffset(above.client, below.client);
    await until("all blocks to come back", () => blocksInUse() <= inUse);
  });

  test("all come back", async () => {
    const inUse = blocksInUse();
    {
      await using ours = await Ours.start({ appendonly: "yes" });
      await using below = await Ours.start();
      await follow(below.client, ours.port);
      await write(ours.client, WRITES);
      const reader = await connect(ours.port);
      // Half a request, a queue that is not executed, a reply that is not read.
      reader.send(encodeCommand(["SET", "half", LONG]).subarray(0, 900_000));
      const queueing = await connect(ours.port);
      await queueing.pipeline([["MULTI"], ["SET", "queued", LONG]]);
      const lazy = await connect(ours.port);
      for (let count = 0; count < 10; count++) lazy.send(encodeCommand(["GET", "g"]));
      expect(await ours.client.text("PING")).toBe("PONG");
      expect(blocksInUse()).toBeGreaterThan(inUse);
      for (const client of [reader, queueing, lazy]) client.close();
      await ours.client.command("FLUSHALL");
      // What was journalled is kept as long as the backlog reaches back.
      for (let count = 0; count < 3; count++) await ours.client.command("SET", "filler", Buffer.alloc(900_000));
      await sameOffset(ours.client, below.client);
      await until("all blocks to come back", () => blocksInUse() <= inUse);
    }
  });
});
