/** Collections in images: every type and encoding of versions 1 to 12, from bytes made here as the servers of their time made them. */
import { describe, expect, test } from "bun:test";
import { Keyspace } from "../../src/keyspace/keyspace.ts";
import { RdbError } from "../../src/rdb/error.ts";
import { NODE_CONTAINER, VALUE_TYPE } from "../../src/rdb/format.ts";
import type { ValueLimits } from "../../src/values/limits.ts";
import type { Stream } from "../../src/values/stream/stream.ts";
import { emptyKeyByKey } from "../support/lookup.ts";
import { type Body, counted, idBytes, imageOf, inOne, listpack, load, NOW, raw, type Seen, seen } from "./collections.ts";
import { intset, ziplist, zipmap } from "./old-encodings.ts";
import { Random } from "./support.ts";

const LONG = "x".repeat(100);

/** A stream of two live entries and a deleted one in two nodes. */
const NODES: Body = (out) => {
  out.length(2);
  raw(out, idBytes(5, 1));
  // count, deleted, fields, names, 0; flags, ms, seq, values, pieces; a deleted one with fields of its own.
  raw(out, listpack([1, 1, 2, "a", "b", 0, 2, 0, 0, "1", "2", 5, 1, 0, 1, 1, "q", "r", 6]));
  raw(out, idBytes(7, 0));
  raw(out, listpack([1, 0, 1, "z", 0, 0, 3, 2, 2, "c", "3", "d", LONG, 8]));
};

function ids(...numbers: number[]): Body {
  return (out) => {
    for (const number of numbers) out.length(number);
  };
}

function all(...bodies: Body[]): Body {
  return (out) => {
    for (const body of bodies) body(out);
  };
}

const rawBytes =
  (bytes: Buffer): Body =>
  (out) =>
    out.raw(bytes, 0, bytes.length);

/** A group of one pending entry, which is its only consumer's; `active`: with an active time. */
function groupBody(options: { withFacts: boolean; active: boolean; pendingOf?: Buffer }): Body {
  return all(
    inOne("group"),
    ids(5, 1),
    options.withFacts ? ids(1) : ids(),
    ids(1),
    rawBytes(idBytes(5, 1)),
    (out) => out.int64(NOW - 1000),
    ids(3),
    ids(1),
    inOne("alice"),
    (out) => out.int64(NOW - 2000),
    options.active ? (out) => out.int64(NOW - 3000) : ids(),
    ids(1),
    rawBytes(options.pendingOf ?? idBytes(5, 1)),
  );
}

const STREAM_CONTENT = ["5-1 a=1 b=2", `10-2 c=3 d=${LONG}`];

interface Case {
  readonly name: string;
  readonly type: number;
  readonly body: Body;
  readonly seen: Seen;
  readonly limits?: Partial<ValueLimits>;
}

function item(name: string, type: number, body: Body, [kind, encoding]: [string, string], content: string[], limits = {}): Case {
  return { name, type, body, seen: { type: kind, encoding, content }, limits };
}

const T = VALUE_TYPE;
const listNodes = (...nodes: [container: number, bytes: Buffer | string][]): Body =>
  all(ids(nodes.length), ...nodes.map(([container, bytes]) => all(ids(container), inOne(bytes))));
const PLAIN = NODE_CONTAINER.plain;
const PACKED = NODE_CONTAINER.packed;
const many = Array.from({ length: 300 }, (_, i) => `m${String(i).padStart(3, "0")}`);
const textScore =
  (text: string): Body =>
  (out) =>
    rawBytes(Buffer.concat([Buffer.of(text.length), Buffer.from(text)]))(out);

const CASES: readonly Case[] = [
  item("a list", T.list, counted(1, "a", "7", LONG, ""), ["list", "listpack"], ["a", "7", LONG, ""]),
  item("a long list", T.list, counted(1, ...many), ["list", "quicklist"], many, { listSize: 100 }),
  item("a list that is a ziplist", T.listZiplist, inOne(ziplist(["a", -300, LONG])), ["list", "listpack"], ["a", "-300", LONG]),
  item(
    "a list of ziplists",
    T.listQuicklist,
    counted(1, ziplist(["a", 1]), ziplist([]), ziplist([LONG])),
    ["list", "quicklist"],
    ["a", "1", LONG],
  ),
  item("a list of one ziplist", T.listQuicklist, counted(1, ziplist([]), ziplist(["a", 1])), ["list", "listpack"], ["a", "1"]),
  item("a list of one listpack", T.listQuicklist2, listNodes([PACKED, listpack(["a", 1, LONG])]), ["list", "listpack"], ["a", "1", LONG]),
  item(
    "a list of listpacks and long elements",
    T.listQuicklist2,
    listNodes([PACKED, listpack(["a"])], [PLAIN, "plain"], [PACKED, listpack([])], [PACKED, listpack([-1, "b"])]),
    ["list", "quicklist"],
    ["a", "plain", "-1", "b"],
  ),
  item("a list of a long element", T.listQuicklist2, listNodes([PLAIN, "plain"]), ["list", "quicklist"], ["plain"]),
  item("a list above its limit", T.listQuicklist2, listNodes([PACKED, listpack(many)]), ["list", "quicklist"], many, { listSize: 10 }),

  item("a set of integers", T.set, counted(1, "3", "1", "-70000"), ["set", "intset"], ["-70000", "1", "3"]),
  item("a set of strings", T.set, counted(1, "b", "1", "a"), ["set", "listpack"], ["1", "a", "b"]),
  item("a set with a long string", T.set, counted(1, "b", LONG), ["set", "hashtable"], ["b", LONG]),
  item("a large set", T.set, counted(1, ...many), ["set", "hashtable"], many),
  item("an intset of 2 bytes", T.setIntset, inOne(intset([-5n, 3n], 2)), ["set", "intset"], ["-5", "3"]),
  item("an intset of 4 bytes", T.setIntset, inOne(intset([-5n, 70000n], 4)), ["set", "intset"], ["-5", "70000"]),
  item(
    "an intset of 8 bytes",
    T.setIntset,
    inOne(intset([-(2n ** 63n), 2n ** 62n], 8)),
    ["set", "intset"],
    [`${-(2n ** 63n)}`, `${2n ** 62n}`],
  ),
  item("an intset above its limit", T.setIntset, inOne(intset([1n, 2n, 3n], 2)), ["set", "hashtable"], ["1", "2", "3"], {
    setIntegers: 2,
    setEntries: 2,
  }),
  item("a set listpack", T.setListpack, inOne(listpack(["b", 5, "a"])), ["set", "listpack"], ["5", "a", "b"]),
  item("a set listpack above its limit", T.setListpack, inOne(listpack(many)), ["set", "hashtable"], many),

  item("a hash", T.hash, counted(2, "f", "v", "1", "2"), ["hash", "listpack"], ["1=2", "f=v"]),
  item("a hash with a long value", T.hash, counted(2, "f", LONG), ["hash", "hashtable"], [`f=${LONG}`]),
  item(
    "a large hash",
    T.hash,
    counted(2, ...many),
    ["hash", "hashtable"],
    many.flatMap((m, i) => (i % 2 ? [] : [`${m}=${many[i + 1]}`])),
    { hashEntries: 100 },
  ),
  item(
    "a zipmap",
    T.hashZipmap,
    inOne(
      zipmap(
        [
          ["f", "v"],
          ["", LONG.slice(50)],
        ],
        { unused: 2 },
      ),
    ),
    ["hash", "listpack"],
    [`=${LONG.slice(50)}`, "f=v"],
  ),
  item("a zipmap with a long value", T.hashZipmap, inOne(zipmap([["f", LONG]])), ["hash", "hashtable"], [`f=${LONG}`]),
  item("a hash ziplist", T.hashZiplist, inOne(ziplist(["f", "v", 1, 20_000])), ["hash", "listpack"], ["1=20000", "f=v"]),
  item("a hash listpack", T.hashListpack, inOne(listpack(["f", "v", 1, 2])), ["hash", "listpack"], ["1=2", "f=v"]),
  item(
    "a hash listpack with a long value, as it stands",
    T.hashListpack,
    inOne(listpack(["f", LONG])),
    ["hash", "listpack"],
    [`f=${LONG}`],
  ),
  item("a hash listpack above its limit", T.hashListpack, inOne(listpack(["f", "v", 1, 2])), ["hash", "hashtable"], ["1=2", "f=v"], {
    hashEntries: 1,
  }),

  item(
    "a sorted set with text scores",
    T.zset,
    all(
      ids(4),
      inOne("b"),
      textScore("1.5"),
      inOne("a"),
      textScore("-3e2"),
      inOne("i"),
      rawBytes(Buffer.of(254)),
      inOne("j"),
      rawBytes(Buffer.of(255)),
    ),
    ["zset", "listpack"],
    ["j=-Infinity", "a=-300", "b=1.5", "i=Infinity"],
  ),
  item(
    "a sorted set",
    T.zset2,
    all(
      ids(2),
      inOne("b"),
      (out) => out.binaryDouble(0.1),
      inOne("a"),
      (out) => out.binaryDouble(-7),
    ),
    ["zset", "listpack"],
    ["a=-7", "b=0.1"],
  ),
  item(
    "a large sorted set",
    T.zset2,
    all(ids(300), ...many.flatMap((m, i): Body[] => [inOne(m), (out) => out.binaryDouble(0 - i)])),
    ["zset", "skiplist"],
    many.map((m, i) => `${m}=${0 - i}`).reverse(),
  ),
  item(
    "a sorted set ziplist",
    T.zsetZiplist,
    inOne(ziplist(["a", 1, "b", "2.5", 7, "inf"])),
    ["zset", "listpack"],
    ["a=1", "b=2.5", "7=Infinity"],
  ),
  item(
    "a sorted set listpack",
    T.zsetListpack,
    inOne(listpack(["a", 1, "b", "2.5", 7, "inf"])),
    ["zset", "listpack"],
    ["a=1", "b=2.5", "7=Infinity"],
  ),
  item(
    "a sorted set listpack out of order",
    T.zsetListpack,
    inOne(listpack(["a", 9, "c", 1, "b", 1])),
    ["zset", "listpack"],
    ["b=1", "c=1", "a=9"],
  ),
  item(
    "a sorted set listpack above its limit",
    T.zsetListpack,
    inOne(listpack(["a", 1, "b", "2.5"])),
    ["zset", "skiplist"],
    ["a=1", "b=2.5"],
    { zsetEntries: 1 },
  ),

  item(
    "a stream of version 9",
    T.streamListpacks,
    all(NODES, ids(2, 10, 2), ids(1), groupBody({ withFacts: false, active: false })),
    ["stream", "stream"],
    STREAM_CONTENT,
  ),
  item(
    "a stream of version 10",
    T.streamListpacks2,
    all(NODES, ids(2, 12, 0, 5, 1, 6, 1, 9), ids(1), groupBody({ withFacts: true, active: false })),
    ["stream", "stream"],
    STREAM_CONTENT,
  ),
  item(
    "a stream of version 11",
    T.streamListpacks3,
    all(NODES, ids(2, 12, 0, 5, 1, 6, 1, 9), ids(1), groupBody({ withFacts: true, active: true })),
    ["stream", "stream"],
    STREAM_CONTENT,
  ),
  item("a stream of nothing", T.streamListpacks2, ids(0, 0, 12, 0, 0, 0, 6, 1, 9, 0), ["stream", "stream"], []),
];

describe("an image with", () => {
  test.each(CASES.map((each) => [each.name, each] as const))("%s", (_, { type, body, seen: expected, limits }) => {
    const image = imageOf(["key", type, body], ["after", T.string, inOne("it")]);
    for (const pieceBytes of [image.length, 7, 1]) {
      const { database } = load(image, { pieceBytes, limits: limits ?? {} });
      expect(seen(database, "key")).toEqual(expected);
      expect(seen(database, "after")?.content).toEqual(["it"]);
    }
  });

  test("all of them, cut in two at any byte", () => {
    const image = imageOf(...CASES.map(({ type, body }, index) => [`k${index}`, type, body] as const));
    const whole = load(image).database;
    for (let at = 1; at < image.length; at += 97) {
      const { database } = load(image, { pieceBytes: at });
      for (const [index] of CASES.entries()) expect(seen(database, `k${index}`)).toEqual(seen(whole, `k${index}`));
    }
  });
});

describe("a collection of nothing", () => {
  const EMPTY: readonly (readonly [string, number, Body])[] = [
    ["list", T.list, ids(0)],
    ["set", T.set, ids(0)],
    ["hash", T.hash, ids(0)],
    ["zset", T.zset2, ids(0)],
    ["old zset", T.zset, ids(0)],
    ["quicklist", T.listQuicklist, ids(0)],
    ["quicklist of nothing", T.listQuicklist, counted(1, ziplist([]))],
    ["quicklist2 of nothing", T.listQuicklist2, listNodes([PACKED, listpack([])], [PACKED, listpack([])])],
    ["ziplist", T.listZiplist, inOne(ziplist([]))],
    ["hash ziplist", T.hashZiplist, inOne(ziplist([]))],
    ["zset ziplist", T.zsetZiplist, inOne(ziplist([]))],
    ["set listpack", T.setListpack, inOne(listpack([]))],
    ["hash listpack", T.hashListpack, inOne(listpack([]))],
    ["zset listpack", T.zsetListpack, inOne(listpack([]))],
  ];

  test("is passed over and told", () => {
    const image = imageOf(...EMPTY, ["after", T.string, inOne("it")]);
    for (const pieceBytes of [image.length, 1]) {
      const { database, lines } = load(image, { pieceBytes });
      expect(database.size).toBe(1);
      expect(lines.filter((line) => line.includes("skipping empty key"))).toEqual(
        EMPTY.slice(0, 10).map(([key]) => `rdbLoadObject skipping empty key: ${key}`),
      );
      expect(lines.at(-1)).toBe("Done loading RDB, keys loaded: 1, keys expired: 0, empty keys skipped: 14.");
    }
  });
});

describe("a collection that makes no sense is refused:", () => {
  const entryTwice = listpack(["a", 1, "a", 2]);
  const broken = listpack(["a", "b"]);
  broken[6] = 0xf0;
  const group = (options: Parameters<typeof groupBody>[0]): Body => all(NODES, ids(2, 12, 0, 5, 1, 6, 1, 9), ids(1), groupBody(options));
  const stream = (id: Buffer, entries: (string | number)[], ...facts: number[]): Body =>
    all(ids(1), inOne(id), inOne(listpack(entries)), ids(...facts));
  const REFUSED: readonly (readonly [string, number, Body, string])[] = [
    ["a set with a member twice", T.set, counted(1, "a", "b", "a"), "Duplicate set members detected"],
    ["a set with an integer twice", T.set, counted(1, "5", "5"), "Duplicate set members detected"],
    ["a hash with a field twice", T.hash, counted(2, "a", "1", "a", "2"), "Duplicate hash fields detected"],
    [
      "a sorted set with a member twice",
      T.zset2,
      all(ids(2), ...[1, 2].flatMap((n): Body[] => [inOne("a"), (out) => out.binaryDouble(n)])),
      "Duplicate zset fields detected",
    ],
    ["a score that is no number", T.zset2, all(ids(1), inOne("a"), (out) => out.binaryDouble(Number.NaN)), "Zset with NAN score detected"],
    ["an old score that is no number", T.zset, all(ids(1), inOne("a"), rawBytes(Buffer.of(253))), "Zset with NAN score detected"],
    [
      "a zipmap with a field twice",
      T.hashZipmap,
      inOne(
        zipmap([
          ["a", "1"],
          ["a", "2"],
        ]),
      ),
      "Hash zipmap with dup elements",
    ],
    [
      "a hash ziplist with a field twice",
      T.hashZiplist,
      inOne(ziplist(["a", 1, "a", 2])),
      "Hash ziplist integrity check failed: ziplist with dup elements",
    ],
    [
      "a hash ziplist with a field without value",
      T.hashZiplist,
      inOne(ziplist(["a", 1, "b"])),
      "Hash ziplist integrity check failed: a field has no value",
    ],
    [
      "a sorted set ziplist with a member without score",
      T.zsetZiplist,
      inOne(ziplist(["a"])),
      "Zset ziplist integrity check failed: a member has no score",
    ],
    [
      "a sorted set ziplist with a member twice",
      T.zsetZiplist,
      inOne(ziplist(["a", 1, "a", 2])),
      "Zset ziplist integrity check failed: ziplist with dup elements",
    ],
    ["a sorted set ziplist with a score that is none", T.zsetZiplist, inOne(ziplist(["a", "b"])), "Zset with NAN score detected"],
    ["a sorted set listpack with a score that is none", T.zsetListpack, inOne(listpack(["a", "b"])), "Zset with NAN score detected"],
    [
      "a hash listpack with a field twice",
      T.hashListpack,
      inOne(entryTwice),
      "Hash listpack integrity check failed: listpack with dup elements",
    ],
    [
      "a set listpack with a member twice",
      T.setListpack,
      inOne(listpack([...many, "m007"])),
      "Set listpack integrity check failed: listpack with dup elements",
    ],
    [
      "a hash listpack with a field without value",
      T.hashListpack,
      inOne(listpack(["a", 1, "b"])),
      "Hash listpack integrity check failed: its lengths or counts do not fit",
    ],
    ["a broken listpack", T.hashListpack, inOne(broken), "Hash listpack integrity check failed: its lengths or counts do not fit"],
    ["a broken node", T.listQuicklist2, listNodes([PACKED, broken]), "Listpack integrity check failed: its lengths or counts do not fit"],
    [
      "a node of an unknown kind",
      T.listQuicklist2,
      listNodes([3, "abc"]),
      "Quicklist integrity check failed: unknown container 3 of a node",
    ],
    ["a node of no bytes", T.listQuicklist2, listNodes([PLAIN, ""]), "a node of the list has no bytes"],
    ["a broken ziplist", T.listZiplist, inOne("abc"), "List ziplist integrity check failed"],
    ["a broken zipmap", T.hashZipmap, inOne("a"), "Zipmap integrity check failed"],
    ["an intset out of order", T.setIntset, inOne(intset([3n, 1n], 2)), "Intset integrity check failed: its length or order is wrong"],
    ["an intset of nothing", T.setIntset, inOne(intset([], 2)), "Intset integrity check failed: its length or order is wrong"],
    [
      "a node id of the wrong size",
      T.streamListpacks2,
      stream(Buffer.alloc(15), [1, 0, 0, 0]),
      "Stream node key entry is not the size of a stream ID",
    ],
    [
      "a node with fewer entries than it says",
      T.streamListpacks2,
      stream(idBytes(1, 1), [2, 0, 0, 0, 2, 0, 0, 3]),
      "Stream listpack integrity check failed: its lengths or counts do not fit",
    ],
    [
      "nodes out of order",
      T.streamListpacks2,
      all(ids(2), ...[2, 1].flatMap((ms) => [inOne(idBytes(ms, 0)), inOne(listpack([1, 0, 0, 0, 2, 0, 0, 3]))])),
      "the nodes of the stream are not in order",
    ],
    ["entries without nodes", T.streamListpacks2, ids(0, 1, 1, 1, 1, 1, 0, 0, 1, 0), "Stream length inconsistent with rax entries"],
    [
      "a last id that is not the last",
      T.streamListpacks2,
      stream(idBytes(1, 1), [1, 0, 0, 0, 2, 0, 0, 3], 1, 1, 0, 1, 1, 0, 0, 1, 0),
      "the last id of the stream is not its last",
    ],
    [
      "a pending entry that the group has not",
      T.streamListpacks2,
      group({ withFacts: true, active: false, pendingOf: idBytes(9, 9) }),
      "Consumer entry not found in group global PEL, or owned by another consumer",
    ],
    [
      "a group twice",
      T.streamListpacks2,
      all(ids(0, 0, 0, 0, 0, 0, 0, 0, 0, 2), ...[1, 2].map(() => all(inOne("g"), ids(0, 0, 0, 0, 0)))),
      'Duplicated consumer group name "g"',
    ],
    [
      "a pending entry of no consumer",
      T.streamListpacks2,
      all(ids(0, 0, 0, 0, 0, 0, 0, 0, 0, 1), inOne("g"), ids(0, 0, 0, 1), rawBytes(idBytes(1, 1)), (out) => out.int64(0), ids(1, 0)),
      "Stream CG PEL entry without consumer",
    ],
  ];

  test.each(REFUSED)("%s", (_, type, body, message) => {
    const image = imageOf(["before", T.string, inOne("it")], ["key", type, body]);
    for (const pieceBytes of [image.length, 3]) {
      const keyspace = new Keyspace({ databases: 1, now: NOW });
      const used = keyspace.space.arena.usedBytes;
      expect(() => load(image, { pieceBytes, keyspace })).toThrow(message);
      expect(keyspace.databases[0].size).toBe(1);
      emptyKeyByKey(keyspace);
      expect(keyspace.space.arena.usedBytes).toBe(used);
    }
  });

  test("a value whose end is missing, its memory given back", () => {
    const image = imageOf(...CASES.map(({ type, body }, index) => [`k${index}`, type, body] as const));
    for (let end = 20; end < image.length; end += 61) {
      const keyspace = new Keyspace({ databases: 1, now: NOW });
      const used = keyspace.space.arena.usedBytes;
      expect(() => load(image.subarray(0, end), { keyspace })).toThrow("Unexpected EOF");
      emptyKeyByKey(keyspace);
      expect(keyspace.space.arena.usedBytes).toBe(used);
    }
  });
});

describe("a key with a collection", () => {
  const hash = counted(2, ...many);

  test("is left out when its time has passed, unless a replica loads it", () => {
    const image = imageOf(["gone", T.hash, hash, NOW - 1], ["kept", T.hash, hash, NOW + 1]);
    const master = load(image);
    expect(master.database.size).toBe(1);
    expect(seen(master.database, "kept")?.encoding).toBe("listpack");
    const replica = load(image, { dropExpired: false }).database;
    expect(replica.size).toBe(2);
    expect(replica.expiryOf(replica.table.find(replica.table.hash(Buffer.from("gone"), 0, 4), Buffer.from("gone"), 0, 4))).toBe(NOW - 1);
  });

  test("that is there already is refused, or with a merge takes its place", () => {
    const keyspace = load(imageOf(["key", T.list, counted(1, "old")])).keyspace;
    const again = imageOf(["key", T.set, counted(1, "new")]);
    expect(() => load(again, { keyspace })).toThrow('key "key" of database 0 is there already');
    load(again, { keyspace, merge: true });
    expect(seen(keyspace.databases[0], "key")).toEqual({ type: "set", encoding: "listpack", content: ["new"] });
  });

  test("of a module is refused with the names of the key and the module", () => {
    const body: Body = all(
      (out) => out.length64(0x12345678, 0x9abcd401),
      ids(2, 7),
      ids(5),
      inOne("data"),
      ids(4),
      rawBytes(Buffer.alloc(8)),
      ids(0),
    );
    const image = imageOf(["modular", T.module2, body], ["after", T.string, inOne("it")]);
    for (const pieceBytes of [image.length, 1]) {
      expect(() => load(image, { pieceBytes })).toThrow(
        /the value of key "modular" belongs to module ".{9}" \(encoding version 1\), and there are no modules here$/,
      );
    }
    expect(() => load(imageOf(["early", T.modulePreGa, inOne("x")]))).toThrow(
      'value type 6, module value (4.0 release candidate), of key "early" is not supported',
    );
  });
});

describe("what a stream says of itself", () => {
  const facts = (image: Buffer) => {
    const { database } = load(image);
    const key = Buffer.from("key");
    const address = database.table.find(database.table.hash(key, 0, 3), key, 0, 3);
    const stream = database.table.space.objects.get(database.table.handle(address)) as Stream;
    const [group] = stream.groups.values();
    group.pending.first();
    return {
      length: stream.length,
      lastId: stream.lastId.toString(),
      firstId: stream.firstId.toString(),
      maxDeletedId: stream.maxDeletedId.toString(),
      entriesAdded: stream.entriesAdded,
      group: { name: group.name, lastId: group.lastId.toString(), entriesRead: group.entriesRead, lag: stream.lagOf(group) },
      pending: { owner: group.owner.name, time: group.deliveryTime, deliveries: group.deliveries },
      consumers: group.consumers
        .values()
        .map(({ name, seenTime, activeTime, pending }) => ({ name, seenTime, activeTime, pending: pending.size })),
    };
  };

  test("is kept, and estimated where an old version does not say it", () => {
    const group = { name: "group", lastId: "5-1" };
    const pending = { owner: "alice", time: NOW - 1000, deliveries: 3 };
    const newest = {
      length: 2,
      lastId: "12-0",
      firstId: "5-1",
      maxDeletedId: "6-1",
      entriesAdded: 9,
      group: { ...group, entriesRead: 1, lag: null },
      pending,
    };
    const body = (form: number, active: boolean) =>
      imageOf(["key", form, all(NODES, ids(2, 12, 0, 5, 1, 6, 1, 9), ids(1), groupBody({ withFacts: true, active }))]);
    const seenAt = NOW - 2000;
    expect(facts(body(T.streamListpacks3, true))).toEqual({
      ...newest,
      consumers: [{ name: "alice", seenTime: seenAt, activeTime: NOW - 3000, pending: 1 }],
    });
    const consumers = [{ name: "alice", seenTime: seenAt, activeTime: seenAt, pending: 1 }];
    expect(facts(body(T.streamListpacks2, false))).toEqual({ ...newest, consumers });
    const old = imageOf(["key", T.streamListpacks, all(NODES, ids(2, 10, 2), ids(1), groupBody({ withFacts: false, active: false }))]);
    expect(facts(old)).toEqual({
      ...newest,
      lastId: "10-2",
      maxDeletedId: "0-0",
      entriesAdded: 2,
      group: { ...group, entriesRead: 1, lag: 1 },
      consumers,
    });
  });
});

test("an image that is broken anywhere is refused or loads, and nothing else", () => {
  const random = new Random(77);
  const images = CASES.map(({ type, body }) => imageOf(["key", type, body]));
  const keyspace = new Keyspace({ databases: 2, now: NOW });
  for (let round = 0; round < 12_000; round++) {
    const bytes = Buffer.from(images[round % images.length]);
    for (let change = random.below(3); change >= 0; change--) bytes[9 + random.below(bytes.length - 17)] = random.below(256);
    try {
      const { database } = load(bytes, { keyspace, checksum: false });
      seen(database, "key");
    } catch (error) {
      if (!(error instanceof RdbError) && !(error instanceof Error && error.name === "LoadError")) throw error;
    }
    emptyKeyByKey(keyspace);
  }
  expect(keyspace.space.arena.usedBytes).toBe(0);
});
