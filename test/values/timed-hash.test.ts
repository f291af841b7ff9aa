/** Hashes with times of fields against a Map that does the same, small and large, whatever order things are done in. */
import { expect, test } from "bun:test";
import { Arena } from "../../src/memory/arena.ts";
import { NO_TIME } from "../../src/memory/expiring-map.ts";
import { ObjectTable } from "../../src/memory/objects.ts";
import type { Element } from "../../src/memory/packed.ts";
import { randomSeed } from "../../src/memory/siphash.ts";
import { hashDelete, hashEach, hashFind, hashLength, hashPut, hashSet, hashVisibleLength } from "../../src/values/hash/hash.ts";
import { eachTimed, expireFields, fieldTime, NO_FIELD, setFieldTime, soonestTime } from "../../src/values/hash/timed.ts";
import { DEFAULT_LIMITS } from "../../src/values/limits.ts";
import { Temporary } from "../../src/values/temporary.ts";
import { Encoding, Type } from "../../src/values/value-types.ts";
import { check, property, type Random } from "../support/property.ts";

const START = 1_800_000_000_000;

function run(random: Random, entries: number): void {
  const space = { arena: new Arena(), objects: new ObjectTable(), seed: randomSeed() };
  const hash = new Temporary(space, { ...DEFAULT_LIMITS, hashEntries: entries }).begin(Type.HASH);
  const model = new Map<string, { value: string; time: number }>();
  for (let step = 0; step < 300; step++) {
    const name = `f${random.between(0, 30)}`;
    const field = Buffer.from(name);
    const value = random.between(0, 9) === 0 ? "v".repeat(random.between(1, 90)) : String(random.between(0, 100000));
    const bytes = Buffer.from(value);
    const known = model.get(name);
    switch (random.between(0, 6)) {
      case 0:
      case 1: {
        const isNew = hashSet(hash, field, 0, field.length, bytes, 0, bytes.length);
        check(isNew === (known === undefined), "setting tells whether the field is new");
        model.set(name, { value, time: NO_TIME });
        break;
      }
      case 2: {
        const place = hashFind(hash, field, 0, field.length);
        check((place !== 0) === (known !== undefined), "a field is found if it is there");
        hashPut(hash, place, field, 0, field.length, bytes, 0, bytes.length);
        model.set(name, { value, time: known?.time ?? NO_TIME });
        break;
      }
      case 3:
      case 4: {
        if (known === undefined) break;
        const time = random.pick([
          NO_TIME,
          random.below(START),
          2 ** 46 - 1,
          START + 2 ** random.between(0, 38),
          START + random.below(1000),
        ]);
        setFieldTime(hash, field, 0, field.length, time);
        known.time = time;
        break;
      }
      case 5:
        check(hashDelete(hash, field, 0, field.length) === model.delete(name), "deleting tells whether the field was there");
        break;
      default: {
        if (hash.encoding < Encoding.LISTPACK_EX) break;
        const now = START + random.between(0, 2) ** random.between(0, 38);
        const gone: string[] = [];
        expireFields(
          hash,
          now,
          (leaving) => gone.push(leaving.bytes.latin1Slice(leaving.from, leaving.to)),
          () => false,
        );
        for (const each of gone) {
          const time = model.get(each)?.time ?? NO_TIME;
          check(time !== NO_TIME && time < now, "what expires was due");
          model.delete(each);
        }
        for (const { time } of model.values()) check(time === NO_TIME || time >= now - 16, "nothing is left that was due a tick ago");
      }
    }
    check(hashLength(hash) === model.size, "the fields are counted");
  }
  const seen = new Map<string, { value: string; time: number }>();
  eachTimed(hash, (field, value, time) => {
    const [name, text] = [field, value].map(({ bytes, from, to }) => bytes.latin1Slice(from, to));
    seen.set(name, { value: text, time });
  });
  expect(new Map([...seen].sort())).toEqual(new Map([...model].sort()));
  if (hash.encoding >= Encoding.LISTPACK_EX) {
    const times = [...model.values()].map(({ time }) => time).filter((time) => time !== NO_TIME);
    check(soonestTime(hash) <= Math.min(...times, Number.POSITIVE_INFINITY), "none is before the soonest");
  }
  hash.discard();
}

property("small hashes with times do as a Map does", (random) => run(random, 100), 20);
property("hashes with times that grow do as a Map does", (random) => run(random, 8), 20);
property("large hashes with times do as a Map does", (random) => run(random, 0), 20);

test("hidden fields are shown by nothing, and can be set again", () => {
  for (const entries of [100, 0]) {
    const space = { arena: new Arena(), objects: new ObjectTable(), seed: randomSeed() };
    const hash = new Temporary(space, { ...DEFAULT_LIMITS, hashEntries: entries });
    hash.begin(Type.HASH);
    const set = (name: string, value: string) => hashSet(hash, Buffer.from(name), 0, name.length, Buffer.from(value), 0, value.length);
    for (const name of ["a", "b", "c"]) set(name, name);
    setFieldTime(hash, Buffer.from("a"), 0, 1, START);
    hash.hiddenBefore = START + 1;
    const shown: string[] = [];
    hashEach(hash, (field: Element) => shown.push(field.bytes.latin1Slice(field.from, field.to)));
    expect(shown.sort()).toEqual(["b", "c"]);
    expect([hashVisibleLength(hash), hashLength(hash)]).toEqual([2, 3]);
    expect(fieldTime(hash, Buffer.from("a"), 0, 1)).toBe(NO_FIELD);
    expect(set("a", "again")).toBe(true);
    expect(fieldTime(hash, Buffer.from("a"), 0, 1)).toBe(NO_TIME);
    hash.discard();
  }
});

test("the times of ten fields take half a byte each if they are the same, four bytes within fifty days of each other", () => {
  const space = { arena: new Arena(), objects: new ObjectTable(), seed: randomSeed() };
  const hash = new Temporary(space, { ...DEFAULT_LIMITS }).begin(Type.HASH);
  for (let i = 0; i < 10; i++) hashSet(hash, Buffer.from(`f${i}`), 0, 2, Buffer.from("v"), 0, 1);
  const before = hash.to;
  for (let i = 0; i < 10; i++) setFieldTime(hash, Buffer.from(`f${i}`), 0, 2, START);
  expect(hash.to - before).toBe(10 / 2 + 6);
  setFieldTime(hash, Buffer.from("f3"), 0, 2, START + 40 * 86_400_000);
  expect(hash.to - before).toBe(10 * 4 + 6);
  for (let i = 0; i < 10; i++) setFieldTime(hash, Buffer.from(`f${i}`), 0, 2, NO_TIME);
  expect(hash.to - before).toBe(6);
});
