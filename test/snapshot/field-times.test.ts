/** Times of fields of hashes in images that are written while they change, as large hashes and as small ones. */
import { expect, test } from "bun:test";
import { expiresFields } from "../../src/keyspace/field-expirer.ts";
import type { Keyspace } from "../../src/keyspace/keyspace.ts";
import { Value } from "../../src/keyspace/value.ts";
import { NO_TIME } from "../../src/memory/expiring-map.ts";
import type { RdbFamily } from "../../src/rdb/format.ts";
import { Snapshot } from "../../src/snapshot/snapshot.ts";
import { hashDelete, hashFind, hashLength, hashSet } from "../../src/values/hash/hash.ts";
import { eachTimed, setFieldTime } from "../../src/values/hash/timed.ts";
import { Type } from "../../src/values/value-types.ts";
import { load } from "../rdb/collections.ts";
import { Random } from "../rdb/support.ts";
import { emptyKeyByKey, LOOK } from "../support/lookup.ts";
import { find, ManualLoop, MemoryConsumer, makeKeyspace, snapshotOptions } from "./support.ts";

const KEYS = ["large", "large without times", "small", "small without times"];
const NEW_KEYS = ["late", "later"];

function open(keyspace: Keyspace, key: string): Value {
  const [database] = keyspace.databases;
  const name = Buffer.from(key);
  const value = new Value(keyspace).open(database, find(database, key), LOOK.keyHash, Type.HASH, name, 0, name.length);
  value.beforeChange();
  return value;
}

function change(keyspace: Keyspace, key: string, random: Random, times: boolean): void {
  const value = open(keyspace, key);
  const field = Buffer.from(`field ${random.below(key.startsWith("large") ? 6000 : 12)}`);
  const text = Buffer.from(`value ${random.below(1000)}`);
  const isThere = value.exists && hashFind(value, field, 0, field.length) !== 0;
  const chosen = random.below(4);
  if (chosen === 0 && isThere && hashLength(value) > 1) hashDelete(value, field, 0, field.length);
  else if (chosen < 3 && isThere && times)
    setFieldTime(value, field, 0, field.length, random.below(3) === 0 ? NO_TIME : keyspace.now + 1 + random.below(100_000));
  else hashSet(value, field, 0, field.length, text, 0, text.length);
  value.changed();
}

function filled(random: Random): Keyspace {
  const keyspace = makeKeyspace(1);
  for (const key of KEYS)
    for (let n = 0; n < (key.startsWith("large") ? 5000 : 20); n++) change(keyspace, key, random, !key.endsWith("without times"));
  return keyspace;
}

/** Each field with its value and time. */
function stateOf(keyspace: Keyspace): string[] {
  const lines: string[] = [];
  for (const key of [...KEYS, ...NEW_KEYS]) {
    const value = open(keyspace, key);
    if (!value.exists) continue;
    eachTimed(value, (field, content, time) => {
      const [name, text] = [field, content].map(({ bytes, from, to }) => bytes.latin1Slice(from, to));
      lines.push(`${key}: ${name} = ${text} until ${time}`);
    });
  }
  return lines.sort();
}

for (const family of ["redis", "valkey"] as const satisfies readonly RdbFamily[]) {
  test(`images in the form of ${family} hold them as they were when these were begun`, () => {
    for (let seed = 1; seed <= 6; seed++) {
      const random = new Random(seed);
      const keyspace = filled(random);
      expiresFields(keyspace);
      const before = stateOf(keyspace);
      const loop = new ManualLoop();
      const consumer = new MemoryConsumer();
      const snapshot = new Snapshot(keyspace, consumer, { ...snapshotOptions(loop), family });
      snapshot.start();
      while (!snapshot.over) {
        for (let i = random.below(60); i > 0; i--) {
          const keys = random.below(9) === 0 ? [...KEYS, ...NEW_KEYS] : ["large", "large without times"];
          change(keyspace, keys[random.below(keys.length)], random, true);
        }
        if (random.below(3) === 0) {
          keyspace.now += random.below(3000);
          keyspace.expireDue(100);
        }
        loop.run();
      }
      expect(consumer.failures).toEqual([]);
      expect(consumer.image.latin1Slice(0, 9)).toBe(family === "redis" ? "REDIS0012" : "VALKEY080");
      expect(stateOf(load(consumer.image).keyspace)).toEqual(before);
      emptyKeyByKey(keyspace);
      expect(keyspace.space.arena.usedBytes).toBe(0);
    }
  });
}

test("active expiry takes out what is due, of whatever form, and keeps its index in step", () => {
  const random = new Random(5);
  const keyspace = filled(random);
  expiresFields(keyspace);
  const gone = new Set<string>();
  keyspace.onFieldLeaving = (_, key, { bytes, from, to }) => gone.add(`${key.latin1Slice()}: ${bytes.latin1Slice(from, to)}`);
  for (let round = 0; round < 40; round++) {
    for (let i = 0; i < 200; i++) change(keyspace, KEYS[random.below(KEYS.length)], random, true);
    const before = stateOf(keyspace);
    gone.clear();
    keyspace.now += random.below(8000);
    while (!keyspace.expireDue(100));
    const left = new Set(stateOf(keyspace));
    for (const line of before) {
      const [, name = "", time] = /^(.*) = .* until (-?\d+)$/.exec(line) ?? [];
      const isDue = Number(time) !== NO_TIME && Number(time) < keyspace.now - 32;
      if (isDue) expect([line, left.has(line), gone.has(name)]).toEqual([line, false, true]);
      else if (Number(time) === NO_TIME || Number(time) >= keyspace.now) expect([line, left.has(line)]).toEqual([line, true]);
    }
  }
  for (const key of KEYS) {
    const address = find(keyspace.databases[0], key);
    if (address !== 0) keyspace.databases[0].delete(address);
  }
  expect(keyspace.hasFieldTimes).toBe(false);
});

test("fields of one hash that expire together go in slices that follow each other, and the hash with them", () => {
  const keyspace = makeKeyspace(1);
  expiresFields(keyspace);
  const [database] = keyspace.databases;
  const name = Buffer.from("hash");
  const value = new Value(keyspace).open(database, find(database, "hash"), LOOK.keyHash, Type.HASH, name, 0, name.length);
  value.beforeChange();
  const field = (number: number): Buffer => Buffer.from(`field ${number}`);
  for (let number = 0; number < 5000; number++) {
    const bytes = field(number);
    hashSet(value, bytes, 0, bytes.length, bytes, 0, bytes.length);
    setFieldTime(value, bytes, 0, bytes.length, keyspace.now + 1000);
  }
  value.changed();
  let gone = 0;
  keyspace.onFieldLeaving = () => gone++;
  keyspace.now += 2000;
  let slices = 0;
  for (; keyspace.keyCount > 0 && slices < 5000; slices++) keyspace.expireDue(0);
  expect(slices).toBeGreaterThan(10);
  expect([gone, keyspace.keyCount, keyspace.hasFieldTimes]).toEqual([5000, 0, false]);
});
