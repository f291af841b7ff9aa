/** Collections in images that we write: loaded back, loaded by a real Redis, and changing while they are written. */
import { describe, expect, test } from "bun:test";
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Keyspace } from "../../src/keyspace/keyspace.ts";
import { Value } from "../../src/keyspace/value.ts";
import { DatasetDigest, digestValue } from "../../src/snapshot/sinks/digest.ts";
import { Snapshot } from "../../src/snapshot/snapshot.ts";
import { StoredValue } from "../../src/snapshot/stored-value.ts";
import { hashDelete, hashLength, hashSet } from "../../src/values/hash/hash.ts";
import { ListEnd, listAdd, listDeleteRange, listFind, listInsert, listLength, listPush } from "../../src/values/list/list.ts";
import { setAdd, setLength, setRemove } from "../../src/values/set/set.ts";
import { zsetLength, zsetPut, zsetRemove } from "../../src/values/sorted-set/zset.ts";
import { createStream, streamOf } from "../../src/values/stream/stream.ts";
import { StreamId } from "../../src/values/stream/stream-id.ts";
import { Type } from "../../src/values/value-types.ts";
import { load } from "../rdb/collections.ts";
import { Random } from "../rdb/support.ts";
import { emptyKeyByKey, LOOK } from "../support/lookup.ts";
import { startRedis, testWithRedis } from "../support/redis.ts";
import { find, ManualLoop, MemoryConsumer, makeKeyspace, snapshotOptions } from "./support.ts";

const bytes = (text: string): Buffer => Buffer.from(text, "latin1");

/** Opens a key to be changed. */
function open(keyspace: Keyspace, key: string, type: Type): Value {
  const [database] = keyspace.databases;
  const name = bytes(key);
  const value = new Value(keyspace).open(database, find(database, key), LOOK.keyHash, type, name, 0, name.length);
  value.beforeChange();
  return value;
}

/** One change of a collection, of the kind that commands make; `n` says which element. */
function change(keyspace: Keyspace, key: string, type: Type, random: Random, n: number): void {
  const value = open(keyspace, key, type);
  const text = bytes(`element ${n} ${"x".repeat(n % 70)}`);
  const other = bytes(`value ${random.below(1000)} ${"y".repeat(random.below(90))}`);
  const takes = random.below(3) === 0;
  switch (type) {
    case Type.HASH:
      if (!takes) hashSet(value, text, 0, text.length, other, 0, other.length);
      else if (value.exists && hashLength(value) > 1) hashDelete(value, text, 0, text.length);
      break;
    case Type.SET:
      if (!takes) setAdd(value, text, 0, text.length);
      else if (value.exists && setLength(value) > 1) setRemove(value, text, 0, text.length);
      break;
    case Type.ZSET:
      if (!takes) zsetPut(value, random.below(1000) / 8, text, 0, text.length);
      else if (value.exists && zsetLength(value) > 1) zsetRemove(value, text, 0, text.length);
      break;
    case Type.LIST:
      if (!takes) listPush(value, text, 0, text.length, random.below(2) === 0 ? ListEnd.HEAD : ListEnd.TAIL);
      else if (value.exists && listLength(value) > 5) listDeleteRange(value, random.below(listLength(value) - 4), 1 + random.below(3));
      break;
    default:
      changeStream(value, random, text);
  }
  if (value.exists) value.changed();
}

const WORDS = { buffer: bytes("field value"), offsets: Int32Array.of(0, 6), lengths: Int32Array.of(5, 5) };

function changeStream(value: Value, random: Random, text: Buffer): void {
  const stream = streamOf(value) ?? createStream(value);
  const id = new StreamId().assign(stream.lastId);
  id.increment();
  const group = stream.groups.get("group") ?? stream.createGroup("group", stream.lastId, 0);
  const consumer = group.consumers.get("alice") ?? group.addConsumer("alice", 5);
  switch (random.below(4)) {
    case 0:
      stream.delete(new StreamId().set(0, 1 + random.below(Number(stream.length) + 1)));
      break;
    case 1:
      if (!group.pending.find(id)) group.add(id, consumer, 1_700_000_000_000 + text.length, 1);
      break;
    default:
      stream.append(id, WORDS, 0, 1, value.limits);
  }
}

const stored = new StoredValue();

/** The digest of everything in the first database. */
function digestOf(keyspace: Keyspace): string {
  const total = new DatasetDigest();
  const [{ table }] = keyspace.databases;
  total.database(0);
  for (let chain = 0; chain < table.chainCount; chain++) {
    for (let address = table.chain(chain); address !== 0; address = table.next(address)) {
      const from = table.keyOffset(address);
      const key = total.beginKey(table.keyBuffer(address), from, from + table.keyLength(address));
      digestValue(key, keyspace.databases[0].type(address), stored.show(table, address), false);
      total.endKey();
    }
  }
  return total.hex();
}

const TYPES = [Type.LIST, Type.SET, Type.ZSET, Type.HASH, Type.STREAM] as const;

/** A keyspace with small and large collections of each type; `large` is how many changes made the large ones. */
function filled(random: Random, large: number): Keyspace {
  const keyspace = makeKeyspace(1);
  for (const type of TYPES) {
    for (let n = 0; n < 5; n++) change(keyspace, `small ${type}`, type, random, n);
    for (let n = 0; n < large; n++) change(keyspace, `large ${type}`, type, random, n);
  }
  const integers = open(keyspace, "integers", Type.SET);
  for (const text of ["1", "-5", "70000"]) setAdd(integers, bytes(text), 0, text.length);
  return keyspace;
}

/** The image of a keyspace, made at one go. */
function imageOf(keyspace: Keyspace, compress = true): Buffer {
  const consumer = new MemoryConsumer();
  new Snapshot(keyspace, consumer, snapshotOptions(new ManualLoop(), { compress }), "whole").runNow();
  expect(consumer.failures).toEqual([]);
  return consumer.image;
}

describe("an image that we write", () => {
  test("is loaded with every value and encoding, at one go or bit by bit", () => {
    for (const compress of [true, false]) {
      const keyspace = filled(new Random(1), 4000);
      const loaded = load(imageOf(keyspace, compress), { pieceBytes: 4099 }).keyspace;
      expect(digestOf(loaded)).toBe(digestOf(keyspace));
      expect(loaded.keyCount).toBe(11);
      for (const type of TYPES)
        for (const key of [`small ${type}`, `large ${type}`])
          expect(loaded.databases[0].encoding(find(loaded.databases[0], key))).toBe(
            keyspace.databases[0].encoding(find(keyspace.databases[0], key)),
          );
    }
  });

  test("holds collections as they were when it was begun, whatever happens to them while they are written", () => {
    for (let seed = 1; seed <= 8; seed++) {
      const random = new Random(seed);
      const keyspace = filled(random, 1500 + random.below(3000));
      const before = digestOf(keyspace);
      const loop = new ManualLoop();
      const consumer = new MemoryConsumer();
      const snapshot = new Snapshot(keyspace, consumer, snapshotOptions(loop, { compress: random.below(2) === 0 }));
      snapshot.start();
      while (!snapshot.over) {
        for (let i = random.below(60); i > 0; i--) {
          const type = TYPES[random.below(TYPES.length)];
          change(keyspace, random.below(6) === 0 ? `small ${type}` : `large ${type}`, type, random, random.below(6000));
          if (random.below(400) === 0) {
            const address = find(keyspace.databases[0], `large ${type}`);
            if (address !== 0) keyspace.databases[0].delete(address);
          }
          if (random.below(1500) === 0) keyspace.clear({ sync: random.below(2) === 0 });
        }
        loop.run();
      }
      expect(consumer.failures).toEqual([]);
      expect(digestOf(load(consumer.image).keyspace)).toBe(before);
      // Nothing is held for the image any more: all of it can be freed.
      emptyKeyByKey(keyspace);
      expect(keyspace.space.arena.usedBytes).toBe(0);
    }
  });

  test("can be given up in the middle of a collection", () => {
    const keyspace = filled(new Random(3), 6000);
    const loop = new ManualLoop();
    const consumer = new MemoryConsumer();
    const snapshot = new Snapshot(keyspace, consumer, snapshotOptions(loop));
    snapshot.start();
    for (let i = 0; i < 4; i++) loop.run();
    expect(snapshot.over).toBe(false);
    consumer.breakWith = new Error("the disk is full");
    loop.runAll();
    expect(consumer.failures.map(({ message }) => message)).toEqual(["the disk is full"]);
    emptyKeyByKey(keyspace);
    expect(keyspace.space.arena.usedBytes).toBe(0);
  });

  testWithRedis("is loaded by a real Redis, with the same digest", async () => {
    // Scores of eighths: 7.0 digests more digits of others than 7.2 does.
    const keyspace = filled(new Random(2), 5000);
    const list = open(keyspace, "list of the long", Type.LIST);
    const long = Buffer.alloc(100_000, "long");
    for (let i = 0; i < 3; i++) listAdd(list, long, 0, long.length, ListEnd.TAIL);
    listInsert(list, listFind(list, long, 0, long.length), true, bytes("x"), 0, 1);
    const dir = realpathSync(mkdtempSync(join(tmpdir(), "replicant-collections-")));
    try {
      for (const compress of [true, false]) {
        writeFileSync(join(dir, "dump.rdb"), imageOf(keyspace, compress));
        await using redis = await startRedis({ dir, args: ["--enable-debug-command", "yes"] });
        const client = await redis.connect();
        expect(await client.text("DEBUG", "DIGEST")).toBe(digestOf(keyspace));
        client.close();
      }
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });
});
