import { describe, expect, test } from "bun:test";
import type { Database } from "../../src/keyspace/database.ts";
import { EventClass } from "../../src/keyspace/events.ts";
import { Keyspace } from "../../src/keyspace/keyspace.ts";
import { NO_EXPIRY } from "../../src/keyspace/lookup.ts";
import { Value } from "../../src/keyspace/value.ts";
import { ByteMap } from "../../src/memory/bytemap.ts";
import { emptyPacked } from "../../src/values/holder.ts";
import { DEFAULT_LIMITS } from "../../src/values/limits.ts";
import { setAdd, setHas } from "../../src/values/set/set.ts";
import { Temporary } from "../../src/values/temporary.ts";
import { Encoding, Type } from "../../src/values/value-types.ts";
import { set } from "../snapshot/support.ts";
import { emptyKeyByKey, LOOK } from "../support/lookup.ts";
import { check, property, type Random } from "../support/property.ts";

function opened(value: Value, database: Database, name: string): Value {
  const key = Buffer.from(name);
  const address = database.write(LOOK, key, 0, key.length);
  value.open(database, address, LOOK.keyHash, Type.HASH, key, 0, key.length);
  value.beforeChange();
  return value;
}

/** Sizes on both sides of what fits a record. */
function anyLength(random: Random): number {
  if (random.chance(0.02)) return random.between(20_000, 40_000);
  return random.chance(0.1) ? random.between(100, 3000) : random.between(0, 40);
}

/** Replaces a random part of the bytes by random ones, in a value and in its model. -> the model. */
function splice(random: Random, holder: Value | Temporary, model: Buffer): Buffer {
  const at = random.below(model.length + 1);
  const removed = random.chance(0.05) ? model.length - at : Math.min(random.below(60), model.length - at);
  const added = random.bytes(anyLength(random));
  holder.splice(at, removed, added.length);
  added.copy(holder.buffer, holder.from + at);
  return Buffer.concat([model.subarray(0, at), added, model.subarray(at + removed)]);
}

function sameBytes(holder: Value | Temporary, model: Buffer): void {
  check(holder.to - holder.from === model.length, `${holder.to - holder.from} bytes, not ${model.length}`);
  check(holder.buffer.subarray(holder.from, holder.to).equals(model), "the bytes are those of the model");
}

describe("a value", () => {
  property("is edited like a buffer, in its record and outside, with its expiry kept", (random) => {
    const keyspace = new Keyspace({ databases: 1, now: 1_000_000 });
    const [database] = keyspace.databases;
    const used = keyspace.space.arena.usedBytes;
    const value = new Value(keyspace);
    const models = new Map<string, Buffer>();
    const expiries = new Map<string, number>();
    for (let step = 0; step < 2000; step++) {
      const name = `key ${random.below(6)}`;
      opened(value, database, name);
      const model = models.get(name) ?? emptyPacked(Type.HASH).bytes;
      check(value.exists === models.has(name), "it exists when it was written");
      sameBytes(value, model);
      if (value.exists && random.chance(0.05)) {
        value.shrunk(0, 1, EventClass.HASH, "hdel");
        models.delete(name);
        expiries.delete(name);
        check(!value.exists, "it is gone");
      } else if (value.exists && random.chance(0.1)) {
        const at = random.chance(0.3) ? NO_EXPIRY : random.between(2_000_000, 3_000_000);
        database.setExpiry(value.address, at);
        expiries.set(name, at);
      } else {
        models.set(name, splice(random, value, model));
        value.changed();
        check(database.expiryOf(value.address) === (expiries.get(name) ?? NO_EXPIRY), "its expiry is what it was");
      }
    }
    for (const [name, model] of models) sameBytes(opened(value, database, name), model);
    emptyKeyByKey(keyspace);
    check(keyspace.space.arena.usedBytes === used && keyspace.space.objects.usedBytes === 0, "all memory is free again");
  });

  test("that is opened but not written makes no key", () => {
    const keyspace = new Keyspace({ databases: 1, now: 1 });
    opened(new Value(keyspace), keyspace.databases[0], "key");
    expect(keyspace.keyCount).toBe(0);
    expect(keyspace.changes).toBe(0);
  });

  test("that becomes an object gives its bytes up, and its memory with its key", () => {
    const keyspace = new Keyspace({ databases: 1, now: 1 });
    const [database] = keyspace.databases;
    const used = keyspace.space.arena.usedBytes;
    const value = opened(new Value(keyspace), database, "key");
    value.splice(0, 0, 100);
    const map = new ByteMap(keyspace.space);
    for (let index = 0; index < 2000; index++) map.add(Buffer.from(`member ${index}`), 0, 10);
    value.setObject(Encoding.HASHTABLE, map);
    value.changed(3);
    expect(keyspace.changes).toBe(3);
    expect(database.memoryOf(value.address, 0)).toBeGreaterThan(map.size * 12);
    expect(opened(value, database, "key").object).toBe(map);
    database.transfer(value.address, database, Buffer.from("other"), 0, 5, { move: true });
    expect(opened(value, database, "key").exists).toBe(false);
    expect(opened(value, database, "other").object).toBe(map);
    database.transfer(value.address, database, Buffer.from("copy"), 0, 4, { move: false });
    expect(opened(value, database, "copy").object).not.toBe(map);
    expect(value.object?.size).toBe(map.size);
    emptyKeyByKey(keyspace);
    expect(keyspace.keyCount).toBe(0);
    expect(keyspace.space.arena.usedBytes).toBe(used);
    expect(keyspace.space.objects.usedBytes).toBe(0);
  });
});

describe("a draft", () => {
  property("is edited like a buffer, and found at the key it is put at", (random) => {
    const keyspace = new Keyspace({ databases: 1, now: 1 });
    const [database] = keyspace.databases;
    const draft = new Temporary(keyspace.space, DEFAULT_LIMITS);
    const value = new Value(keyspace);
    for (let round = 0; round < 20; round++) {
      draft.begin(Type.HASH);
      let model: Buffer = emptyPacked(Type.HASH).bytes;
      for (let step = random.below(40); step >= 0; step--) model = splice(random, draft, model);
      sameBytes(draft, model);
      const key = Buffer.from(`key ${random.below(3)}`);
      database.install(draft, database.write(LOOK, key, 0, key.length), LOOK.keyHash, key, 0, key.length, NO_EXPIRY);
      sameBytes(opened(value, database, key.toString()), model);
    }
  });

  test("that has no key yet stays as it is when everything else goes", () => {
    const keyspace = new Keyspace({ databases: 1, now: 1 });
    const { arena } = keyspace.space;
    const [database] = keyspace.databases;
    const temporary = new Temporary(keyspace.space, keyspace.limits).begin(Type.SET);
    const numbered = (number: number): Buffer => Buffer.from(`member ${number}`);
    for (let number = 0; number < 500; number++) setAdd(temporary, numbered(number), 0, numbered(number).length);
    expect(temporary.object).not.toBeNull();
    const { usedBytes } = arena;
    for (const sync of [true, false]) {
      for (let number = 0; number < 500; number++) set(database, `key ${number}`, "value");
      keyspace.clear({ sync });
      while (!keyspace.lazyFree.run(1));
      expect(arena.usedBytes).toBe(usedBytes);
    }
    for (let number = 0; number < 500; number++) expect(setHas(temporary, numbered(number), 0, numbered(number).length)).toBe(true);
    temporary.discard();
    expect([arena.usedBytes, arena.drafts]).toEqual([0, 0]);
    for (let number = 0; number < 500; number++) set(database, `key ${number}`, "value");
    keyspace.clear({ sync: false });
    expect([arena.pageBytes, keyspace.lazyFree.pending]).toEqual([0, 0]);
  });
});
