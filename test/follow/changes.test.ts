/** What a feed tells of each command, beside what servers of both families have in their streams. */
import { describe, expect, test } from "bun:test";
import { follow, type TextEvent } from "../../src/follow/index.ts";
import { FakeMaster, id, measured, stream } from "../replication/support.ts";
import type { RawClient, Word } from "../support/client.ts";
import { briefly, isImageEnd, isSetOf, SOURCES, startSource, take, urlOf, wantOf } from "./support.ts";

async function run(client: RawClient, ...commands: readonly (string | readonly Word[])[]): Promise<void> {
  for (const command of commands) {
    const reply = await client.command(...(typeof command === "string" ? command.split(" ") : command));
    if (reply[0] === 0x2d) throw new Error(`${command}: ${reply}`);
  }
}

const WRITES = [
  "SET b 2",
  "DEL a b nokey",
  "MSET m1 1 m2 2",
  "RENAME m1 m3",
  "COPY m3 m3 DB 5",
  "MOVE m2 3",
  "MULTI",
  "INCR n",
  "APPEND n 5",
  "SELECT 2",
  "SET other 1",
  "SELECT 0",
  "EXEC",
  "RPUSH l c a b",
  "SORT l ALPHA STORE l2",
  "LMOVE l l3 LEFT RIGHT",
  "SADD s 1 2",
  "SMOVE s s2 1",
  "SUNIONSTORE s3 s s2",
  "ZADD z 1 one",
  "ZUNIONSTORE z2 2 z s2",
  "GEOADD g 13 38 p",
  "GEORADIUS g 13 38 9 km STORE g2",
  "PFADD p 1",
  "PFMERGE p2 p",
  "SETBIT bits 3 1",
  "BITOP NOT bits2 bits",
  "HSET h f v",
  "XADD x 1-1 f v",
  "XGROUP CREATE x group 0",
  "XREADGROUP GROUP group me COUNT 1 STREAMS x >",
  ["EVAL", "redis.call('SET',KEYS[1],1) redis.call('INCR',KEYS[1])", "1", "e1"],
  "FUNCTION FLUSH",
  "PUBLISH channel message",
  "SWAPDB 0 1",
  "FLUSHDB",
  "FLUSHALL",
] as const;

/** As Redis 7.0 tells it. */
const TOLD = [
  "0 b string: set b 2",
  "0 a ?: del a b nokey",
  "0 b ?: del a b nokey",
  "0 nokey ?: del a b nokey",
  "0 m1 string: mset m1 1 m2 2",
  "0 m2 string: mset m1 1 m2 2",
  "0 m1 ?: rename m1 m3",
  "0 m3 ?: rename m1 m3",
  "5 m3 ?: copy m3 m3 DB 5",
  "0 m2 ?: move m2 3",
  "3 m2 ?: move m2 3",
  "0 n string: incr n",
  "0 n string: append n 5",
  "2 other string: set other 1",
  "0 l list: rpush l c a b",
  "0 l2 list: sort l ALPHA STORE l2",
  "0 l list: lmove l l3 LEFT RIGHT",
  "0 l3 list: lmove l l3 LEFT RIGHT",
  "0 s set: sadd s 1 2",
  "0 s set: smove s s2 1",
  "0 s2 set: smove s s2 1",
  "0 s3 set: sunionstore s3 s s2",
  "0 z zset: zadd z 1 one",
  "0 z2 zset: zunionstore z2 2 z s2",
  "0 g zset: geoadd g 13 38 p",
  "0 g2 zset: georadius g 13 38 9 km STORE g2",
  "0 p string: pfadd p 1",
  "0 p2 string: pfmerge p2 p",
  "0 bits string: setbit bits 3 1",
  "0 bits2 string: bitop NOT bits2 bits",
  "0 h hash: hset h f v",
  "0 x stream: xadd x 1-1 f v",
  "0 x stream: xgroup CREATE x group 0",
  "0 e1 string: set e1 1",
  "0 e1 string: incr e1",
  "command 0: function FLUSH",
  "swap 0 1",
  "flush 0: flushdb",
  "flush *: flushall",
  "0 end string: set end 1",
];

/** What differs from version to version: what a group is told when it reads, and how GEOADD is written. */
const varies = (line: string): boolean => /xclaim|xgroup (CREATECONSUMER|SETID)|^0 g zset/.test(line);

for (const name of SOURCES) {
  describe.skipIf(wantOf(name) !== "")(`a feed of ${name}${wantOf(name)}`, () => {
    test("tells each key that is written, and where", async () => {
      await using source = await startSource(name);
      const { client } = source;
      await run(client, "SET a 1", "RPUSH list x", "SELECT 2", "SET two 2 PX 100000000", "SELECT 0");
      await using feed = follow(urlOf(source));
      const image = await take(feed, isImageEnd);
      expect(image.map(briefly).sort()).toEqual([
        "image 0 a string",
        "image 0 list list",
        "image 2 two string",
        "image-end",
        "image-start",
      ]);
      await run(client, ...WRITES, "SET end 1");
      const told = (await take(feed, isSetOf("end"))).map(briefly);
      expect(told.filter((line) => !varies(line))).toEqual(TOLD.filter((line) => !varies(line)));
      expect(told.filter((line) => /xclaim/i.test(line)).length).toBe(1);
    });

    test("tells once of a key that a command names twice", async () => {
      await using source = await startSource(name);
      await using feed = follow(urlOf(source));
      await take(feed, isImageEnd);
      await run(source.client, "MSET a 1 b 2 a 3", "RPUSH l x y", "LMOVE l l LEFT RIGHT", "DEL a a", "SET end 1");
      const told = (await take(feed, isSetOf("end"))).map((event) => event.kind === "change" && event.key);
      expect(told).toEqual(["a", "b", "l", "l", "a", "end"]);
    });

    test("is gone on with behind each event, in a transaction too, and misses or repeats none", async () => {
      await using source = await startSource(name);
      await using feed = follow(urlOf(source));
      await take(feed, isImageEnd);
      await run(source.client, ...WRITES, "SET end 1");
      const all = await take(feed, isSetOf("end"));
      const steps = [0, 1, 2, 3, 5, 8, 10, 11, 12, 13, 14, 20, all.length - 4, all.length - 2];
      for (const at of steps) {
        await using rest = follow(urlOf(source), { from: all[at].position });
        const events = await take(rest, isSetOf("end"));
        expect(events.map(facts)).toEqual(all.slice(at + 1).map(facts));
      }
    });

    test("has what keys held before and after, as the server does", async () => {
      await using source = await startSource(name);
      const { client } = source;
      await run(client, "RPUSH l a", "SET gone 1 PX 100000000", "HSET h f v", "ZADD z 1 a 2 b", "SADD s m", "XADD x 1-1 f v");
      await using feed = follow(urlOf(source), { values: true });
      await take(feed, isImageEnd);
      await run(client, "RPUSH l b", "DEL gone", "HSET h g w", "ZADD z inf c", "SREM s m", "XADD x 2-1 k w", "SET l text", "RENAME l m");
      await run(client, "MULTI", "INCR n", "INCR n", "EXEC", "PEXPIREAT n 33333333333333", "SWAPDB 0 1", "SET h 1", "SET end 1");
      const changes: unknown[] = (await take(feed, isSetOf("end"))).flatMap((event): unknown[] =>
        event.kind === "change" ? [[event.key, event.before, event.after]] : [],
      );
      const text = (value: string) => ({ type: "string", value, expireAt: null });
      const list = (...value: string[]) => ({ type: "list", value, expireAt: null });
      const entry = (id: string, field: string, value: string) => ({ id, fields: [[field, value]] });
      const first = entry("1-1", "f", "v");
      expect(changes).toEqual([
        ["l", list("a"), list("a", "b")],
        ["gone", { type: "string", value: "1", expireAt: expect.any(Number) }, null],
        ["h", hashOf({ f: "v" }), hashOf({ f: "v", g: "w" })],
        ["z", zsetOf({ a: 1, b: 2 }), zsetOf({ a: 1, b: 2, c: Number.POSITIVE_INFINITY })],
        ["s", { type: "set", value: new Set(["m"]), expireAt: null }, null],
        [
          "x",
          { type: "stream", value: [first], expireAt: null },
          { type: "stream", value: [first, entry("2-1", "k", "w")], expireAt: null },
        ],
        ["l", list("a", "b"), text("text")],
        ["l", text("text"), null],
        ["m", null, text("text")],
        ["n", null, text("1")],
        ["n", text("1"), text("2")],
        ["n", text("2"), { ...text("2"), expireAt: 33333333333333 }],
        ["h", null, text("1")],
        ["end", null, text("1")],
      ]);
    });
  });
}

function hashOf(fields: Record<string, string>) {
  return { type: "hash", value: new Map(Object.entries(fields)), expireAt: null };
}

function zsetOf(scores: Record<string, number>) {
  return { type: "zset", value: Object.entries(scores), expireAt: null };
}

/** What must be the same of an event however one came to it. */
function facts(event: TextEvent): unknown {
  return [briefly(event), event.position, event.kind === "change" ? [event.offset, event.transaction] : null];
}

describe("a feed", () => {
  test("groups what a transaction did, and what a command did that writes several keys", async () => {
    await using source = await startSource("ours");
    await using feed = follow(urlOf(source));
    await take(feed, isImageEnd);
    await run(source.client, "MULTI", "INCR n", "INCR n", "EXEC", "MSET a 1 b 2", "SET end 1");
    const changes = (await take(feed, isSetOf("end"))).filter((event) => event.kind === "change");
    const [first, second, ...others] = changes.map(({ transaction }) => transaction);
    expect(first).toMatch(/^[0-9a-f]{40}:\d+$/);
    expect(second).toBe(first);
    expect(others).toEqual([null, null, null]);
  });

  test("leaves out what is not asked for: databases, patterns, types", async () => {
    await using source = await startSource("ours");
    const { client } = source;
    await run(client, "SET user:1 a", "SET other a", "SADD user:set m", "SELECT 1", "SET user:far a", "SELECT 0");
    const writes = ["SET user:1 b", "SET other b", "SADD user:set n", "DEL user:set", "SELECT 1", "SET user:far b", "SELECT 0", "FLUSHALL"];
    const cases = [
      [{ keys: "user:*" }, "user:1, user:set, user:set, user:far, flush; image user:1, image user:far, image user:set"],
      [{ db: 1 }, "user:far, flush; image user:far"],
      // What a DEL deletes is not known.
      [{ types: ["set"], db: 0 }, "user:set, user:set, flush; image user:set"],
      [{ types: ["set"], db: 0, values: true }, "user:set, user:set, flush; image user:set"],
      [{ types: ["string"], keys: "user:*", db: 0, values: true }, "user:1, flush; image user:1"],
    ] as const;
    for (const [options, told] of cases) {
      await run(client, "SET user:1 a", "SET other a", "SADD user:set m", "SELECT 1", "SET user:far a", "SELECT 0");
      await using feed = follow(urlOf(source), options);
      const events = await take(feed, isImageEnd);
      await run(client, ...writes);
      events.push(...(await take(feed, (event) => event.kind === "flush")));
      const images = events.flatMap((event) => (event.kind === "image" ? [`image ${event.key}`] : [])).sort();
      const others = events.flatMap((event) => (event.kind === "change" ? [event.key] : event.kind === "flush" ? ["flush"] : []));
      expect(`${others.join(", ")}; ${images.join(", ")}`).toBe(told);
    }
  });

  test("gives bytes where they are asked for, and texts of what is none all the same", async () => {
    await using source = await startSource("ours");
    await run(source.client, ["SET", Buffer.of(0xff, 0x00), Buffer.of(0xfe)]);
    await using bytes = follow(urlOf(source), { bytes: true });
    for await (const event of bytes) {
      if (event.kind !== "image") continue;
      expect([event.key, event.value]).toEqual([Uint8Array.of(0xff, 0x00), Uint8Array.of(0xfe)]);
      break;
    }
    await using texts = follow(urlOf(source));
    expect((await take(texts, isImageEnd)).map(briefly)).toContain("image 0 \ufffd\0 string");
  });

  test("begins with what comes now where that is asked for", async () => {
    await using source = await startSource("ours");
    await run(source.client, "SET old 1");
    await using feed = follow(urlOf(source), { from: "now" });
    const first = feed.next();
    await run(source.client, "SET new 1");
    // What is written while the source makes its image may be in that.
    const writing = setInterval(() => void run(source.client, "SET new 2"), 20);
    const { value } = await first;
    clearInterval(writing);
    expect(value === undefined ? "" : briefly(value)).toMatch(/^0 new string/);
  });
});

describe.skipIf(wantOf("redis8") !== "")(`what only a newer server knows${wantOf("redis8")}`, () => {
  for (const values of [false, true]) {
    test(`is shown as far as it can be${values ? ", and said where the copy cannot have it" : ""}`, async () => {
      await using source = await startSource("redis8");
      const { client } = source;
      await run(client, "VADD vectors VALUES 2 1 0 one", "HSET h f v", "HPEXPIREAT h 33333333333333 FIELDS 1 f");
      await using feed = follow(urlOf(source), { values });
      const image = await take(feed, isImageEnd);
      const opaque = image.find(({ kind }) => kind === "image-opaque");
      expect(opaque?.kind === "image-opaque" && [opaque.key, opaque.what.slice(0, 11)]).toEqual(["vectors", '"vectorset"']);
      const hash = image.find((event) => event.kind === "image" && event.key === "h");
      expect(hash?.kind === "image" && hash.type === "hash" && hash.fieldExpireAt).toEqual(new Map([["f", 33333333333333]]));
      await run(client, "VADD vectors VALUES 2 0 1 two", "DEL vectors", "SET end 1");
      const events = await take(feed, isSetOf("end"));
      const warnings = events.filter(({ kind }) => kind === "warning");
      expect(warnings.length).toBe(values ? 1 : 0);
      const told = events.filter(({ kind }) => kind !== "warning").map(briefly);
      expect(told).toEqual(["command 0: vadd vectors VALUES 2 0 1 two", "0 vectors ?: del vectors", "0 end string: set end 1"]);
    });
  }
});

describe("an image with commands between its keys, as Valkey 9.2 makes them", () => {
  test("shows them as changes in their places, of which none can be gone on from", async () => {
    using master = new FakeMaster();
    await using feed = follow(urlOf(master), { values: true });
    const first = feed.next();
    const link = await master.accept();
    await link.greet();
    link.send(`+FULLRESYNC ${id("a")} 7\r\n`);
    const text = (word: string) => Buffer.concat([Buffer.of(word.length), Buffer.from(word)]);
    const entry = (key: string, value: string) => Buffer.concat([Buffer.of(0), text(key), text(value)]);
    const inlined = Buffer.concat([Buffer.of(242), stream(["APPEND", "a", "2"])]);
    const end = Buffer.concat([Buffer.of(0xff), Buffer.alloc(8)]);
    link.send(measured(Buffer.concat([Buffer.from("VALKEY081"), Buffer.of(0xfe, 3), entry("a", "1"), inlined, entry("b", "1"), end])));
    await first;
    const events = await take(feed, isImageEnd);
    expect(events.map(briefly)).toEqual(["image 3 a string", "3 a string: append a 2", "image 3 b string", "image-end"]);
    const [, change] = events;
    expect([change.position, change.kind === "change" && change.after?.value]).toEqual(["image", "12"]);
  });
});
