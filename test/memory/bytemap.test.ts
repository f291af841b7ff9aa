import { describe, expect, test } from "bun:test";
import { Arena } from "../../src/memory/arena.ts";
import { ByteMap } from "../../src/memory/bytemap.ts";
import { ObjectTable } from "../../src/memory/objects.ts";
import type { ByteSpan, TableSpace } from "../../src/memory/record-table.ts";
import { randomSeed } from "../../src/memory/siphash.ts";
import { RdbWriter } from "../../src/rdb/writer.ts";
import { RdbSink, rdbForm } from "../../src/snapshot/sinks/rdb.ts";
import { streamValue } from "../../src/snapshot/value-walk.ts";
import { Encoding, Type } from "../../src/values/value-types.ts";
import { check, property, type Random } from "../support/property.ts";

function space(): TableSpace {
  return { arena: new Arena(), objects: new ObjectTable(), seed: randomSeed() };
}

const span: ByteSpan = { buffer: Buffer.alloc(0), from: 0, to: 0 };

function text({ buffer, from, to }: ByteSpan): string {
  return buffer.toString("latin1", from, to);
}

function entriesOf(map: ByteMap): Map<string, string> {
  const entries = new Map<string, string>();
  map.each((address) => {
    map.table.locateKey(address, span);
    const key = text(span);
    map.locateValue(address, span);
    entries.set(key, text(span));
  });
  return entries;
}

function sameEntries(map: ByteMap, model: ReadonlyMap<string, string>): void {
  check(map.size === model.size, `${map.size} entries, not ${model.size}`);
  const entries = entriesOf(map);
  for (const [key, value] of model) check(entries.get(key) === value, `the value of ${JSON.stringify(key)}`);
}

function anyValue(random: Random): Buffer {
  return random.bytes(random.chance(0.01) ? random.between(30_000, 70_000) : random.between(0, 60));
}

/** One change, of the map and of its model. */
function change(random: Random, map: ByteMap, model: Map<string, string>): void {
  const key = random.bytes(random.between(1, 2));
  const name = key.toString("latin1");
  if (random.chance(0.4)) {
    const address = map.find(key, 0, key.length);
    check((address !== 0) === model.has(name), "what is found is what is there");
    if (address !== 0) map.remove(address);
    model.delete(name);
  } else {
    const value = anyValue(random);
    check(map.set(key, 0, key.length, value, 0, value.length) === !model.has(name), "set says whether the key is new");
    model.set(name, value.toString("latin1"));
  }
}

describe("a byte map", () => {
  property("holds what a Map holds, and gives all its memory back", (random) => {
    const tables = space();
    const before = tables.arena.usedBytes;
    const map = new ByteMap(tables);
    const model = new Map<string, string>();
    for (let step = 0; step < 3000; step++) {
      change(random, map, model);
      if (step % 500 === 0) sameEntries(map, model);
    }
    sameEntries(map, model);
    const twin = map.copy();
    sameEntries(twin, model);
    while (!map.free(() => true));
    sameEntries(twin, model);
    while (!twin.free(() => true));
    check(tables.arena.usedBytes === before, "every block is free again");
    check(tables.objects.usedBytes === 0, "so is every object");
  });

  property("streamed to an image is written as it was, whatever changes meanwhile", (random) => {
    const map = new ByteMap(space());
    const model = new Map<string, string>();
    for (let step = random.below(1500); step > 0; step--) change(random, map, model);
    const before = new Map(model);
    const written = new Map<string, string>();
    const sink = new (class extends RdbSink {
      override field(name: Buffer, from: number, to: number, value: Buffer, valueFrom: number, valueTo: number): void {
        const key = name.toString("latin1", from, to);
        check(!written.has(key), "nothing is written twice");
        written.set(key, value.toString("latin1", valueFrom, valueTo));
      }
    })(new RdbWriter({ write() {} }, { compress: false, checksum: false }), rdbForm("auto"));
    const holder = { object: map, encoding: Encoding.HASHTABLE, buffer: Buffer.alloc(0), from: 0, to: 0 };
    const streamed = streamValue(sink, () => sink, Type.HASH, holder);
    check(map.streamed, "an image reads it");
    while (!streamed.done) {
      for (let step = random.below(40); step > 0; step--) change(random, map, model);
      streamed.step(random.between(1, 5000));
    }
    check(!map.streamed, "the image has let it go");
    check(written.size === before.size, `${written.size} written of ${before.size}`);
    for (const [key, value] of before) check(written.get(key) === value, `what was at ${JSON.stringify(key)}`);
    sameEntries(map, model);
  });

  test("draws every entry about equally often", () => {
    const map = new ByteMap(space());
    for (let index = 0; index < 64; index++) map.add(Buffer.from(`member ${index}`), 0, Buffer.from(`member ${index}`).length);
    const drawn = new Map<number, number>();
    for (let draw = 0; draw < 64_000; draw++) {
      const address = map.random();
      drawn.set(address, (drawn.get(address) ?? 0) + 1);
    }
    expect(drawn.size).toBe(64);
    const chiSquare = [...drawn.values()].reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
    expect(chiSquare).toBeLessThan(140); // 63 degrees of freedom: more than that once in ten million
  });
});
