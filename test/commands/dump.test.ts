/** DUMP and RESTORE, with payloads going to and fro between a real Redis and ours. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Crc64 } from "../../src/rdb/crc64.ts";
import { VALUE_TYPE } from "../../src/rdb/format.ts";
import { listpack } from "../rdb/collections.ts";
import { connect, type RawClient, type Word } from "../support/client.ts";
import { useComparison } from "../support/compare.ts";
import { effectsOf } from "../support/effects.ts";
import { Random } from "../support/property.ts";
import { describeWithRedis } from "../support/redis.ts";
import { type TestServer, useServer } from "../support/server.ts";

/** A payload of this type and body, as a server of this RDB version would make it. */
function payload(type: number, body: Buffer, version = 10): Buffer {
  const bytes = Buffer.concat([Buffer.of(type), body, Buffer.of(version & 0xff, version >> 8), Buffer.alloc(8)]);
  return sealed(bytes);
}

/** Gives the payload the checksum of what it is. */
function sealed(bytes: Buffer): Buffer {
  const crc = new Crc64();
  crc.update(bytes, 0, bytes.length - 8);
  crc.writeTo(bytes, bytes.length - 8);
  return bytes;
}

/** A string as images have it, without any encoding. */
function plain(bytes: Buffer | string): Buffer {
  const content = typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes;
  const head = Buffer.alloc(5);
  head[0] = 0x80;
  head.writeUInt32BE(content.length, 1);
  return Buffer.concat([head, content]);
}

const STRING = payload(VALUE_TYPE.string, plain("hello"));

async function bulk(client: RawClient, ...words: Word[]): Promise<Buffer> {
  const reply = await client.command(...words);
  return reply.subarray(reply.indexOf("\r\n") + 2, reply.length - 2);
}

async function ask(client: RawClient, ...words: Word[]): Promise<string> {
  return (await client.command(...words)).toString("latin1").trimEnd();
}

/** Keys of every type and encoding. */
const words = (count: number, word: (index: number) => Word): Word[] => Array.from({ length: count }, (_, index) => word(index));
const KEYS: readonly Word[][] = [
  ["SET", "string", "hello"],
  ["SET", "integer", "-70000"],
  ["SET", "long string", "abc".repeat(100_000)],
  ["RPUSH", "list", "a", "1", "-5", "x".repeat(100), ""],
  ["RPUSH", "large list", ...words(5000, (index) => `item ${index} ${"x".repeat(index % 40)}`)],
  ["RPUSH", "list of the long", "y".repeat(200_000), "z"],
  ["SADD", "intset", "1", "-2", "3"],
  ["SADD", "intset of 8 bytes", "1", "-20000000000"],
  ["SADD", "set", "a", "b", "3"],
  ["SADD", "large set", ...words(3000, (index) => `member ${index}`)],
  ["HSET", "hash", "f", "v", "1", "2"],
  ["HSET", "large hash", ...words(4000, (index) => `word ${index}`)],
  ["ZADD", "zset", "1", "a", "2.5", "b", "-inf", "c", "inf", "d"],
  ["ZADD", "large zset", ...words(3000, (index) => (index % 2 === 0 ? index / 8 : `member ${index}`))],
  ["XADD", "stream", "1-1", "a", "b"],
  ["XADD", "stream", "1-2", "a", "c"],
  ["XADD", "stream", "5-0", "q", "c", "r", "s"],
  ["XDEL", "stream", "1-2"],
  ["XGROUP", "CREATE", "stream", "group", "0"],
  ["XGROUP", "CREATE", "stream", "group without", "$"],
  ["XGROUP", "CREATECONSUMER", "stream", "group", "idle"],
  ["XREADGROUP", "GROUP", "group", "alice", "COUNT", "1", "STREAMS", "stream", ">"],
  ["XREADGROUP", "GROUP", "group", "bob", "STREAMS", "stream", ">"],
  ["XGROUP", "CREATE", "empty stream", "group", "$", "MKSTREAM"],
  ...Array.from({ length: 2000 }, (_, id): Word[] => ["XADD", "large stream", `${id + 1}-${id % 7}`, "field", `value ${id}`, "n", id]),
  ["XGROUP", "CREATE", "large stream", "group", "0"],
  ["XREADGROUP", "GROUP", "group", "alice", "COUNT", "1500", "STREAMS", "large stream", ">"],
];
/** The commands whose second word is a key. */
const MAKERS: readonly Word[] = ["SET", "RPUSH", "SADD", "HSET", "ZADD", "XADD"];
const NAMES: readonly string[] = [...new Set(KEYS.flatMap(([name, key]) => (MAKERS.includes(name) ? [String(key)] : []))), "empty stream"];

describeWithRedis("payloads, beside Redis", () => {
  const both = useComparison();
  let ours: RawClient;
  let redis: RawClient;

  beforeAll(async () => {
    ours = await connect(both().ours.port);
    redis = await connect(both().redis.port);
    for (const reply of await redis.pipeline(KEYS)) expect(reply.toString("latin1", 0, 1)).not.toBe("-");
  });
  afterAll(() => {
    ours.close();
    redis.close();
  });

  test("of Redis are restored here, and ours there, with equal digests and encodings", async () => {
    for (const name of [...NAMES]) {
      const theirs = await bulk(redis, "DUMP", name);
      expect([name, await ask(ours, "RESTORE", name, 0, theirs)]).toEqual([name, "+OK"]);
      expect(await ask(ours, "DEBUG", "DIGEST-VALUE", name)).toBe(await ask(redis, "DEBUG", "DIGEST-VALUE", name));
      const mine = await bulk(ours, "DUMP", name);
      expect([name, await ask(redis, "RESTORE", `back:${name}`, 0, mine)]).toEqual([name, "+OK"]);
      expect(await ask(redis, "DEBUG", "DIGEST-VALUE", `back:${name}`)).toBe(await ask(redis, "DEBUG", "DIGEST-VALUE", name));
      expect(await ask(redis, "OBJECT", "ENCODING", `back:${name}`)).toBe(await ask(redis, "OBJECT", "ENCODING", name));
      expect([name, await ask(ours, "RESTORE", `again:${name}`, 0, mine)]).toEqual([name, "+OK"]);
      expect(await ask(ours, "OBJECT", "ENCODING", `again:${name}`)).toBe(await ask(ours, "OBJECT", "ENCODING", name));
      expect(await ask(ours, "DEBUG", "DIGEST-VALUE", `again:${name}`)).toBe(await ask(ours, "DEBUG", "DIGEST-VALUE", name));
      await redis.command("DEL", `back:${name}`);
    }
    expect(await ask(redis, "XINFO", "STREAM", "stream", "FULL")).toContain("alice");
  });

  test("are the same bytes where nothing is compressed and nothing is unordered", async () => {
    for (const name of ["string", "integer", "list", "intset", "hash", "zset", "stream", "empty stream"]) {
      expect((await bulk(ours, "DUMP", name)).toString("hex")).toBe((await bulk(redis, "DUMP", name)).toString("hex"));
    }
  });

  test("of all keys give Redis the same streams, groups and pending entries back", async () => {
    await redis.command("RESTORE", "copy", 0, await bulk(ours, "DUMP", "stream"));
    const times = (reply: string): string => reply.replace(/:\d{13}/g, ":<time>");
    expect(times(await ask(redis, "XINFO", "STREAM", "copy", "FULL"))).toBe(times(await ask(redis, "XINFO", "STREAM", "stream", "FULL")));
    expect(await ask(redis, "XPENDING", "copy", "group", "-", "+", 10).then((reply) => reply.replace(/:\d{1,6}/g, ":<n>"))).toBe(
      await ask(redis, "XPENDING", "stream", "group", "-", "+", 10).then((reply) => reply.replace(/:\d{1,6}/g, ":<n>")),
    );
    await redis.command("DEL", "copy");
  });

  test("are as long as DEBUG OBJECT says, type and footer apart", async () => {
    for (const name of NAMES) {
      const length = Number(/serializedlength:(\d+)/.exec(await ask(ours, "DEBUG", "OBJECT", name))?.[1]);
      expect([name, length]).toEqual([name, (await bulk(ours, "DUMP", name)).length - 11]);
    }
    for (const name of ["string", "list", "intset", "hash", "zset", "stream"]) {
      const serialized = async (client: RawClient) => /serializedlength:\d+/.exec(await ask(client, "DEBUG", "OBJECT", name))?.[0];
      expect(await serialized(ours)).toBe(await serialized(redis));
    }
  });

  test("of a list wake who waits for it", async () => {
    const waiting = await connect(both().ours.port);
    const popped = waiting.command("BLPOP", "awaited", 5);
    while (!(await ask(ours, "INFO", "clients")).includes("blocked_clients:1")) await ours.command("PING");
    await ours.command("RESTORE", "awaited", 0, await bulk(redis, "DUMP", "list"));
    expect((await popped).toString()).toBe("*2\r\n$7\r\nawaited\r\n$1\r\na\r\n");
    waiting.close();
  });

  test("of a list that take the place of another type wake who waits for it", async () => {
    const asked = async (client: RawClient, port: number): Promise<string[]> => {
      const payloadOfList = await bulk(client, "DUMP", "list");
      const payloadOfZset = await bulk(client, "DUMP", "zset");
      const replies: string[] = [];
      for (const [payload, ...waits] of [
        [payloadOfList, "BLPOP", "awaited", "5"],
        [payloadOfZset, "BZPOPMIN", "awaited", "5"],
      ] as const) {
        const waiting = await connect(port);
        await client.command("DEL", "awaited");
        const popped = waiting.command(...waits);
        while (!(await ask(client, "INFO", "clients")).includes("blocked_clients:1")) await client.command("PING");
        await client.command("SET", "awaited", "foo");
        await client.command("RESTORE", "awaited", 0, payload, "REPLACE");
        replies.push((await popped).toString());
        waiting.close();
      }
      return replies;
    };
    expect(await asked(ours, both().ours.port)).toEqual(await asked(redis, both().redis.port));
  });

  test("of a whole data set saved by one are loaded by the other", async () => {
    expect(await ask(ours, "DEBUG", "RELOAD")).toBe("+OK");
    for (const name of NAMES) expect(await ask(ours, "DEBUG", "DIGEST-VALUE", name)).toBe(await ask(redis, "DEBUG", "DIGEST-VALUE", name));
  });

  test("and options that make no sense get the same errors", async () => {
    const broken = Buffer.from(STRING);
    broken[3] ^= 1;
    const newer = payload(VALUE_TYPE.string, plain("x"), 99);
    const bad = [
      payload(VALUE_TYPE.string, Buffer.from("\x3fab")),
      payload(8, plain("x")),
      payload(200, plain("x")),
      payload(VALUE_TYPE.modulePreGa, plain("x")),
      payload(VALUE_TYPE.module2, Buffer.of(0x81, 1, 2, 3, 4, 5, 6, 7, 8, 0)),
      payload(VALUE_TYPE.list, Buffer.of(0)),
      payload(VALUE_TYPE.hashZiplist, plain("nonsense")),
      payload(VALUE_TYPE.set, Buffer.concat([Buffer.of(2), plain("a"), plain("a")])),
    ];
    const restore = (...more: Word[]): Word[] => ["RESTORE", "key", ...more];
    await both().compare([
      [
        ["DUMP", "key"],
        ["DUMP"],
        restore(0),
        restore(0, STRING),
        ["GET", "key"],
        restore(0, STRING),
        restore("x", STRING),
        restore(0, STRING, "REPLACE"),
        restore(0, STRING, "REPLACE", "nonsense"),
        restore("x", STRING, "REPLACE"),
        restore(-1, STRING, "REPLACE"),
        restore("9223372036854775808", STRING, "REPLACE"),
        restore(0, broken, "REPLACE"),
        restore(0, newer, "REPLACE"),
        restore(0, "", "REPLACE"),
        restore(0, "123456789", "REPLACE"),
        ...bad.map((bytes) => restore(0, bytes, "REPLACE")),
        restore(0, STRING, "REPLACE", "IDLETIME"),
        restore(0, STRING, "REPLACE", "IDLETIME", "x"),
        restore(0, STRING, "REPLACE", "IDLETIME", -1),
        restore(0, STRING, "REPLACE", "FREQ", 256),
        restore(0, STRING, "REPLACE", "FREQ", -1),
        restore(0, STRING, "REPLACE", "FREQ", "x"),
        restore(0, STRING, "REPLACE", "FREQ", 1, "IDLETIME", 1),
        restore(0, STRING, "REPLACE", "IDLETIME", 1, "FREQ", 1),
        restore(0, STRING, "replace", "idletime", 1, "IDLETIME", 2),
        ["GET", "key"],
        restore(1, STRING, "REPLACE", "ABSTTL"),
        ["EXISTS", "key"],
        restore(1, STRING, "ABSTTL"),
        ["EXISTS", "key"],
        restore("4102444800000", STRING, "ABSTTL"),
        ["PEXPIRETIME", "key"],
        restore(100_000, STRING, "REPLACE"),
        ["TTL", "key"],
        restore(0, STRING, "REPLACE"),
        ["TTL", "key"],
        restore("9223372036854775000", STRING, "REPLACE", "ABSTTL"),
        ["PEXPIRETIME", "key"],
        ["RESTORE-ASKING", "other", 0, STRING],
        ["GET", "other"],
        ["SADD", "set", "a"],
        ["RESTORE", "set", 0, STRING, "REPLACE"],
        ["TYPE", "set"],
      ],
    ]);
  });

  test("leave the same in the stream of replicas and the same events", async () => {
    const { ours: mine, theirs } = await effectsOf(both(), [
      ["RESTORE", "a", 0, STRING],
      ["RESTORE", "a", 0, STRING],
      ["RESTORE", "a", 0, STRING, "REPLACE"],
      ["RESTORE", "b", 100_000, STRING, "IDLETIME", 7],
      ["RESTORE", "c", "4102444800000", STRING, "ABSTTL"],
      ["RESTORE", "c", 1, STRING, "ABSTTL", "REPLACE"],
      ["RESTORE", "d", 1, STRING, "ABSTTL"],
      ["RESTORE", "e", 0, payload(VALUE_TYPE.list, Buffer.concat([Buffer.of(1), plain("x")]))],
      ["RESTORE", "f", 0, "nonsense"],
      ["DUMP", "a"],
    ]);
    expect(mine).toEqual(theirs);
  });
});

describe("RESTORE", () => {
  let server: TestServer;
  let client: RawClient;
  useServer((started, connected) => {
    server = started;
    client = connected;
  });

  test("takes payloads of both families, and none of what comes later", async () => {
    const set = plain(listpack(["a", 5, "b"]));
    for (const version of [10, 11, 12, 16, 80, 81]) {
      expect(await ask(client, "RESTORE", `set ${version}`, 0, payload(VALUE_TYPE.setListpack, set, version))).toBe("+OK");
      expect(await ask(client, "OBJECT", "ENCODING", `set ${version}`)).toContain("listpack");
    }
    for (const version of [17, 79, 82, 65535]) {
      expect(await ask(client, "RESTORE", "other", 0, payload(VALUE_TYPE.setListpack, set, version))).toBe(
        "-ERR DUMP payload version or checksum are wrong",
      );
    }
  });

  test("notes the idle time that it is told", async () => {
    await client.command("RESTORE", "idle", 0, STRING, "IDLETIME", 1000);
    expect(await ask(client, "OBJECT", "IDLETIME", "idle")).toMatch(/^:10\d\d$/);
    await client.command("RESTORE", "idle", 0, STRING, "REPLACE");
    expect(await ask(client, "OBJECT", "IDLETIME", "idle")).toMatch(/^:\d{1,2}$/);
  });

  test("notes the counter that it is told under an LFU policy", async () => {
    await client.command("RESTORE", "used", 0, STRING, "FREQ", 200);
    expect(await ask(client, "OBJECT", "FREQ", "used")).toStartWith("-ERR An LFU maxmemory policy is not selected");
  });

  test("takes wrong checksums where DEBUG says so", async () => {
    const wrong = Buffer.from(STRING);
    wrong[wrong.length - 1] ^= 1;
    const refused = "-ERR DUMP payload version or checksum are wrong";
    expect(await ask(client, "RESTORE", "wrong", 0, wrong)).toBe(refused);
    expect(await ask(client, "DEBUG", "SET-SKIP-CHECKSUM-VALIDATION", 1)).toBe("+OK");
    expect(await ask(client, "RESTORE", "wrong", 0, wrong)).toBe("+OK");
    expect(await ask(client, "DEBUG", "SET-SKIP-CHECKSUM-VALIDATION", 0)).toBe("+OK");
    expect(await ask(client, "RESTORE", "wrong", 0, wrong, "REPLACE")).toBe(refused);
  });

  test("of a payload that cannot be read leaves the key that it was to replace alone, and no memory behind", async () => {
    await client.command("SET", "kept", "it");
    const random = new Random(3);
    const bodies: [number, Buffer][] = [
      [VALUE_TYPE.hash, Buffer.concat([Buffer.of(3), ...["a", "1", "b", "2", "c", "x".repeat(100)].map(plain)])],
      [VALUE_TYPE.hashListpack, plain(listpack(["a", 1, "b", 2, "c", 3]))],
      [VALUE_TYPE.zsetListpack, plain(listpack(["a", 1, "b", 2, "c", 3]))],
      [VALUE_TYPE.setListpack, plain(listpack(["a", 1, "b", 2, "c", 3]))],
      [VALUE_TYPE.listQuicklist2, Buffer.concat([Buffer.of(2, 2), plain(listpack(["a", 1])), Buffer.of(1), plain("plain")])],
      [VALUE_TYPE.set, Buffer.concat([Buffer.of(3), ...["a", "1", "x".repeat(100)].map(plain)])],
    ];
    const { arena } = server.server.keyspace.space;
    const used = arena.usedBytes;
    let restored = 0;
    for (let round = 0; round < 3000; round++) {
      const [type, body] = bodies[round % bodies.length];
      const broken = Buffer.from(body);
      for (let change = random.below(3); change >= 0; change--) broken[random.below(broken.length)] = random.below(256);
      const reply = await ask(client, "RESTORE", "kept", 0, payload(random.below(8) === 0 ? random.below(26) : type, broken), "REPLACE");
      if (reply === "+OK") {
        restored++;
        await client.command("DUMP", "kept");
        await client.command("SET", "kept", "it");
      } else {
        expect(reply).toBe("-ERR Bad data format");
        if (round % 50 === 0) expect(await ask(client, "GET", "kept")).toBe("$2\r\nit");
      }
    }
    expect(restored).toBeGreaterThan(50);
    await client.command("SET", "kept", "it");
    expect(arena.usedBytes).toBe(used);
  });
});
