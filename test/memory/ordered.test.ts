import { describe, expect, test } from "bun:test";
import { Arena, ArenaFull, SEGMENT_BYTES } from "../../src/memory/arena.ts";
import { ObjectTable } from "../../src/memory/objects.ts";
import { Ordered, OrderedCursor } from "../../src/memory/ordered.ts";
import { Table, type TableSpace } from "../../src/memory/record-table.ts";
import { randomSeed } from "../../src/memory/siphash.ts";
import { check, property, type Random } from "../support/property.ts";
import { highArena } from "./arenas.ts";

interface Entry {
  score: number;
  member: Buffer;
  address: number;
}

function space(arena = new Arena()): TableSpace {
  return { arena, objects: new ObjectTable(), seed: randomSeed() };
}

function compare(a: Entry, b: Entry): number {
  return a.score === b.score ? Buffer.compare(a.member, b.member) : a.score < b.score ? -1 : 1;
}

/** An index, and what it should hold as a sorted array. */
class Model {
  readonly table: Table;
  readonly index: Ordered;
  readonly entries: Entry[] = [];
  private readonly cursor = new OrderedCursor();

  constructor(arena = new Arena()) {
    this.table = new Table(space(arena), { meta: false });
    this.index = new Ordered(this.table);
  }

  record(member: Buffer): number {
    const hash = this.table.hash(member, 0, member.length);
    if (this.table.find(hash, member, 0, member.length) !== 0) return 0;
    return this.table.insert(hash, member, 0, member.length, 0, 8);
  }

  place(entry: Entry): number {
    let low = 0;
    let high = this.entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compare(this.entries[middle], entry) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  insert(score: number, member: Buffer): void {
    const address = this.record(member);
    if (address === 0) return;
    this.index.insert(score, address);
    const entry = { score, member, address };
    this.entries.splice(this.place(entry), 0, entry);
  }

  remove(rank: number): void {
    const [entry] = this.entries.splice(rank, 1);
    this.index.remove(entry.score, entry.address);
    this.table.remove(entry.address);
  }

  removeAt(rank: number): void {
    const [entry] = this.entries.splice(rank, 1);
    this.index.seek(this.cursor, rank);
    check(this.cursor.address === entry.address, `the cursor is at rank ${rank}`);
    this.index.removeCursor(this.cursor);
    this.table.remove(entry.address);
  }

  change(rank: number, score: number): void {
    const [entry] = this.entries.splice(rank, 1);
    if (entry.score !== score) this.index.change(entry.score, score, entry.address);
    entry.score = score;
    this.entries.splice(this.place(entry), 0, entry);
  }

  /** Checks one rank in every way it can be come to. */
  checkRank(rank: number): void {
    const { cursor, entries, index } = this;
    const entry = entries[rank];
    check(index.rankOf(entry.score, entry.address) === rank, `rank ${rank} of ${entries.length} by entry`);
    index.seek(cursor, rank);
    check(cursor.address === entry.address && cursor.score === entry.score, `entry of rank ${rank}`);
    const below = entries.findIndex((other) => other.score >= entry.score);
    check(index.countBelow(entry.score, false) === below, `entries below ${entry.score}`);
    const above = entries.findIndex((other) => other.score > entry.score);
    check(index.countBelow(entry.score, true) === (above === -1 ? entries.length : above), `entries up to ${entry.score}`);
  }

  checkWhole(): void {
    const { cursor, entries, index } = this;
    check(index.size === entries.length, `${entries.length} entries, not ${index.size}`);
    if (entries.length === 0) return;
    index.seek(cursor, 0);
    for (const entry of entries) {
      check(cursor.address === entry.address && cursor.score === entry.score, "walked on to every entry");
      index.next(cursor);
    }
    check(cursor.chunk === -1, "the walk on ends");
    index.seek(cursor, index.size - 1);
    for (const entry of entries.toReversed()) {
      check(cursor.address === entry.address, "walked back to every entry");
      index.previous(cursor);
    }
    check(cursor.chunk === -1, "the walk back ends");
  }
}

const SCORES: readonly ((random: Random) => number)[] = [
  (random) => random.next() * 1000,
  (random) => random.below(20),
  () => 7,
  (random) => random.pick([Number.NEGATIVE_INFINITY, -1e300, -0, 0, 1e-300, Number.POSITIVE_INFINITY]),
];

function member(random: Random): Buffer {
  return random.chance(0.5) ? Buffer.from(`element:${String(random.below(1e6)).padStart(8, "0")}`) : random.bytes(random.between(0, 6));
}

describe("Ordered", () => {
  property("is a sorted array under random changes, however scores are spread", (random) => {
    for (const score of SCORES) {
      const model = new Model();
      for (let step = 0; step < 6000; step++) {
        const { length } = model.entries;
        const wanted = step < 4000 ? 0.75 : 0.3;
        if (length === 0 || random.chance(wanted)) model.insert(score(random), member(random));
        else if (random.chance(0.3)) model.change(random.below(length), score(random));
        else if (random.chance(0.5)) model.remove(random.below(length));
        else model.removeAt(random.pick([0, length - 1, random.below(length)]));
        if (model.entries.length > 0 && step % 16 === 0) model.checkRank(random.below(model.entries.length));
        if (step % 1000 === 999) model.checkWhole();
      }
      while (model.entries.length > 0) model.removeAt(random.chance(0.9) ? 0 : model.entries.length - 1);
      model.checkWhole();
      expect(model.index.blockBytes).toBe(0);
    }
  });

  property("finds bounds among the members of one score", (random) => {
    const model = new Model();
    for (let i = 0; i < 3000; i++) model.insert(1, member(random));
    for (let i = 0; i < 300; i++) {
      const bound = random.chance(0.5) ? random.pick(model.entries).member : member(random);
      const below = model.entries.filter((entry) => Buffer.compare(entry.member, bound) < 0).length;
      const upTo = model.entries.filter((entry) => Buffer.compare(entry.member, bound) <= 0).length;
      expect(model.index.countBelowMember(bound, 0, bound.length, false)).toBe(below);
      expect(model.index.countBelowMember(bound, 0, bound.length, true)).toBe(upTo);
    }
  });

  property("is built at once from entries in order, in reverse and in none", (random) => {
    for (const score of SCORES) {
      for (const order of ["ascending", "descending", "none"]) {
        const model = new Model();
        for (let i = 0; i < random.between(0, 3000); i++) {
          const name = member(random);
          const address = model.record(name);
          if (address !== 0) model.entries.push({ score: score(random), member: name, address });
        }
        const given = model.entries.slice();
        model.entries.sort(compare);
        if (order !== "none") given.sort(order === "ascending" ? compare : (a, b) => compare(b, a));
        const scores = Float64Array.from(given, (entry) => entry.score);
        model.index.build(
          scores,
          Int32Array.from(given, (entry) => entry.address),
          given.length,
        );
        model.checkWhole();
        for (let i = 0; i < 200; i++) model.insert(score(random), member(random));
        model.checkWhole();
      }
    }
  });

  test("works with addresses that have the sign bit set", () => {
    const model = new Model(highArena());
    for (let i = 0; i < 3000; i++) model.insert(i % 7, Buffer.from(`m${(i * 7919) % 3000}`));
    model.checkWhole();
    for (let rank = 0; rank < 3000; rank += 97) model.checkRank(rank);
    while (model.entries.length > 0) model.remove(model.entries.length >>> 1);
    model.checkWhole();
  });

  test("takes at most 18 bytes an entry after random inserts, and gives all of it back in slices", () => {
    const model = new Model();
    const { arena } = model.table.space;
    const entries = 50_000;
    const name = Buffer.alloc(8);
    for (let i = 0; i < entries; i++) {
      name.writeDoubleLE(i);
      model.index.insert(Math.random(), model.record(name));
    }
    expect(model.index.blockBytes / entries).toBeLessThan(18);
    expect(model.index.heldBytes / entries).toBeLessThan(1);
    const records = arena.usedBytes - model.index.blockBytes;
    let slices = 0;
    while (!model.index.free(() => true)) slices++;
    expect(slices).toBeGreaterThan(50);
    expect(arena.usedBytes).toBe(records);
    expect(model.index.size).toBe(0);
  });

  test("without memory an entry is not entered, and those that are there stay", () => {
    const arena = new Arena({ maxSegments: 1 });
    const model = new Model(arena);
    // Records alone fill most of the arena; what is left is for the index.
    const padding = Buffer.alloc(8000);
    let failed = 0;
    for (let i = 0; failed < 5 && i < SEGMENT_BYTES; i++) {
      padding.writeUInt32BE(i);
      const name = Buffer.from(failed === 0 && i % 2 === 0 ? padding : padding.subarray(0, 4));
      try {
        const address = model.record(name);
        if (address === 0) continue;
        try {
          model.index.insert(i % 1000, address);
        } catch (error) {
          model.table.remove(address);
          throw error;
        }
        const entry = { score: i % 1000, member: name, address };
        model.entries.splice(model.place(entry), 0, entry);
      } catch (error) {
        expect(error).toBeInstanceOf(ArenaFull);
        failed++;
      }
    }
    expect(failed).toBe(5);
    model.checkWhole();
    for (let i = 0; i < 1000; i++) model.remove(0);
    model.checkWhole();
  });
});
