import { describe, expect, test } from "bun:test";
import { Arena } from "../../src/memory/arena.ts";
import { ByteMap } from "../../src/memory/bytemap.ts";
import { ObjectTable } from "../../src/memory/objects.ts";
import { packedValid } from "../../src/memory/packed.ts";
import { randomSeed } from "../../src/memory/siphash.ts";
import { DEFAULT_LIMITS, type ValueLimits } from "../../src/values/limits.ts";
import { setAdd } from "../../src/values/set/set.ts";
import { SCORE_BYTES, SortedSet, setRecordScore } from "../../src/values/sorted-set/sorted-set.ts";
import {
  ZsetCursor,
  zsetEach,
  zsetExpect,
  zsetFind,
  zsetLarge,
  zsetLength,
  zsetPrevious,
  zsetPut,
  zsetRank,
  zsetRemove,
  zsetRemoveCursor,
  zsetRemoveRanks,
  zsetScore,
  zsetSeek,
  zsetTake,
} from "../../src/values/sorted-set/zset.ts";
import { Aggregate, zsetDifference, zsetIntersection, zsetIntersectionSize, zsetUnion } from "../../src/values/sorted-set/zset-algebra.ts";
import {
  type LexBound,
  LexEnd,
  LexRange,
  RankRange,
  ScoreRange,
  zsetLexRanks,
  zsetScoreRanks,
} from "../../src/values/sorted-set/zset-range.ts";
import { Temporary } from "../../src/values/temporary.ts";
import { Encoding, Type } from "../../src/values/value-types.ts";
import { check, property, type Random } from "../support/property.ts";

type Entry = readonly [member: string, score: number];

const space = { arena: new Arena(), objects: new ObjectTable(), seed: randomSeed() };

function temporary(limits: Partial<ValueLimits> = {}): Temporary {
  return new Temporary(space, { ...DEFAULT_LIMITS, ...limits }).begin(Type.ZSET);
}

function put(zset: Temporary, score: number, member: string): boolean {
  const bytes = Buffer.from(member, "latin1");
  return zsetPut(zset, score, bytes, 0, bytes.length);
}

function entriesOf(zset: Temporary): Entry[] {
  const entries: Entry[] = [];
  zsetEach(zset, (member, score) => entries.push([member.bytes.latin1Slice(member.from, member.to), score]));
  return entries;
}

function inOrder(model: ReadonlyMap<string, number>): Entry[] {
  return [...model].sort(([a, scoreA], [b, scoreB]) => (scoreA === scoreB ? Buffer.compare(latin(a), latin(b)) : scoreA - scoreB));
}

function latin(text: string): Buffer {
  return Buffer.from(text, "latin1");
}

/** Limits that keep a set packed, let it grow out of it half-way, and make it large at once. */
const LIMITS: readonly Partial<ValueLimits>[] = [{ zsetEntries: 10_000 }, { zsetEntries: 60 }, { zsetEntries: 0 }];

function anyScore(random: Random): number {
  return random.pick([random.below(10), random.below(1000) / 8, -random.next() * 1e6, random.between(-5, 5) * 1e17, random.next() * 1e-9]);
}

function anyMember(random: Random): string {
  return random.pick([`m${random.below(300)}`, String(random.between(-200, 200)), random.bytes(random.below(3)).toString("latin1")]);
}

/** Changes a set and a model of it alike. */
function mutate(random: Random, zset: Temporary, model: Map<string, number>): void {
  const ranked = () => inOrder(model);
  const cursor = new ZsetCursor();
  const action = random.below(100);
  if (action < 65 || model.size === 0) {
    const member = anyMember(random);
    const score = anyScore(random);
    check(put(zset, score, member) === !model.has(member), `${member} is new or is not`);
    model.set(member, score);
  } else if (action < 85) {
    const member = anyMember(random);
    check(zsetRemove(zset, latin(member), 0, member.length) === model.delete(member), `${member} was there or was not`);
  } else if (action < 92) {
    const last = random.chance(0.5);
    if (last) zsetSeek(zset, cursor, zsetLength(zset) - 1);
    else zsetSeek(zset, cursor, 0);
    const [member, score] = last ? ranked()[model.size - 1] : ranked()[0];
    check(cursor.score === score && cursor.member.bytes.latin1Slice(cursor.member.from, cursor.member.to) === member, "the end of the set");
    zsetRemoveCursor(zset, cursor);
    model.delete(member);
  } else {
    const first = random.below(model.size);
    const count = random.below(Math.min(4, model.size - first) + 1);
    const gone = ranked().slice(first, first + count);
    zsetRemoveRanks(zset, first, count);
    for (const [member] of gone) model.delete(member);
  }
}

function checkMember(zset: Temporary, model: ReadonlyMap<string, number>, member: string): void {
  const bytes = latin(member);
  const score = zsetScore(zset, bytes, 0, bytes.length);
  check(Object.is(score, model.get(member) ?? Number.NaN), `score of ${member}`);
  const place = zsetFind(zset, bytes, 0, bytes.length);
  if (place === 0) return;
  check(zsetRank(zset, place) === inOrder(model).findIndex(([other]) => other === member), `rank of ${member}`);
}

describe("sorted sets", () => {
  property("hold what a map in order holds, packed and large", (random) => {
    for (const limits of LIMITS) {
      const zset = temporary(limits);
      const model = new Map<string, number>();
      for (let step = 0; step < 700; step++) {
        mutate(random, zset, model);
        if (step % 8 === 0) checkMember(zset, model, anyMember(random));
        if (step % 50 !== 0) continue;
        expect(entriesOf(zset)).toEqual(inOrder(model));
        expect(zsetLength(zset)).toBe(model.size);
        if (zset.object === null) expect(packedValid(zset.buffer, zset.from, zset.to, { step: 2 })).toBe(true);
      }
      const backwards: string[] = [];
      const cursor = new ZsetCursor();
      if (model.size > 0) {
        zsetSeek(zset, cursor, zsetLength(zset) - 1);
        do backwards.push(cursor.member.bytes.latin1Slice(cursor.member.from, cursor.member.to));
        while (zsetPrevious(zset, cursor));
      }
      expect(backwards).toEqual(
        inOrder(model)
          .map(([member]) => member)
          .reverse(),
      );
      zset.discard();
    }
  });

  property("turn ranges of scores and of members into ranks", (random) => {
    for (const limits of LIMITS) {
      const scored = temporary(limits);
      const equal = temporary(limits);
      for (let i = 0; i < 150; i++) {
        put(scored, random.below(40) / 2, anyMember(random));
        put(equal, 3, anyMember(random));
      }
      for (let i = 0; i < 200; i++) {
        checkScores(random, scored);
        checkMembers(random, equal);
      }
    }
  });

  test("become large by Redis's rules, and stay so", () => {
    const many = temporary();
    for (let i = 0; i < 128; i++) put(many, i, `m${i}`);
    expect(many.encoding).toBe(Encoding.LISTPACK);
    put(many, 5.5, "m5");
    expect(many.encoding).toBe(Encoding.LISTPACK);
    put(many, 128, "m128");
    expect(many.encoding).toBe(Encoding.SKIPLIST);
    zsetRemoveRanks(many, 0, 128);
    expect([many.encoding, zsetLength(many)]).toEqual([Encoding.SKIPLIST, 1]);
    const long = temporary();
    put(long, 1, "x".repeat(64));
    expect(long.encoding).toBe(Encoding.LISTPACK);
    put(long, 1, "x".repeat(65));
    expect(long.encoding).toBe(Encoding.SKIPLIST);
    const expected = temporary();
    zsetExpect(expected, 128, 64);
    expect(expected.encoding).toBe(Encoding.LISTPACK);
    put(expected, 1, "a");
    zsetExpect(expected, 1, 65);
    expect(expected.encoding).toBe(Encoding.LISTPACK);
    zsetExpect(expected, 129, 1);
    expect(expected.encoding).toBe(Encoding.SKIPLIST);
    expect(entriesOf(expected)).toEqual([["a", 1]]);
  });

  test("keep -0 only where they are large: packed, it is the integer 0", () => {
    const packed = temporary();
    put(packed, -0, "zero");
    expect(Object.is(zsetScore(packed, latin("zero"), 0, 4), 0)).toBe(true);
    const large = temporary({ zsetEntries: 0 });
    put(large, -0, "zero");
    expect(Object.is(zsetScore(large, latin("zero"), 0, 4), -0)).toBe(true);
  });

  test("that are built whole are packed when they are small, by Redis's rules for stored results", () => {
    for (const [count, length, encoding] of [
      [128, 64, Encoding.LISTPACK],
      [129, 8, Encoding.SKIPLIST],
      [2, 65, Encoding.SKIPLIST],
    ]) {
      const map = new ByteMap(space);
      for (let i = 0; i < count; i++) {
        const member = latin(String(i).padStart(length, "m"));
        setRecordScore(map.table, map.table.insert(map.table.hash(member, 0, length), member, 0, length, 0, SCORE_BYTES), (i * 37) % count);
      }
      const zset = temporary();
      zsetTake(zset, new SortedSet(space, map));
      expect(zset.encoding).toBe(encoding as Encoding);
      expect(entriesOf(zset).map(([, score]) => score)).toEqual(Array.from({ length: count }, (_, rank) => rank));
    }
  });

  test("are copied whole, and give every byte of the arena back", () => {
    const before = space.arena.usedBytes;
    const zset = temporary();
    for (let i = 0; i < 3000; i++) put(zset, (i * 7919) % 1000, `member ${i}`);
    const large = zsetLarge(zset);
    if (large === null) throw new Error("3000 members are a large set");
    const twin = large.copy();
    const twinTemporary = temporary();
    twinTemporary.setObject(Encoding.SKIPLIST, twin);
    expect(entriesOf(twinTemporary)).toEqual(entriesOf(zset));
    put(zset, 5, "only here");
    expect(twin.size).toBe(3000);
    expect(large.memoryBytes(0)).toBeGreaterThan(3000 * (12 + 32));
    let slices = 0;
    while (!twin.free(() => true)) slices++;
    expect(slices).toBeGreaterThan(10);
    zset.discard();
    expect(space.arena.usedBytes).toBe(before);
  });
});

function checkScores(random: Random, zset: Temporary): void {
  const range = new ScoreRange();
  range.min = random.pick([random.below(40) / 2, Number.NEGATIVE_INFINITY]);
  range.max = random.pick([random.below(40) / 2, Number.POSITIVE_INFINITY]);
  range.minOpen = random.chance(0.5);
  range.maxOpen = random.chance(0.5);
  const ranks = new RankRange();
  zsetScoreRanks(zset, range, ranks);
  const entries = entriesOf(zset);
  const wanted = entries.filter(
    ([, score]) => (range.minOpen ? score > range.min : score >= range.min) && (range.maxOpen ? score < range.max : score <= range.max),
  );
  expect(entries.slice(ranks.first, ranks.first + ranks.count)).toEqual(wanted);
}

function anyBound(random: Random, bound: LexBound): void {
  bound.bytes = latin(anyMember(random));
  bound.from = 0;
  bound.to = bound.bytes.length;
  bound.open = random.chance(0.5);
  bound.end = random.chance(0.8) ? LexEnd.MEMBER : random.pick([LexEnd.BEFORE_ALL, LexEnd.AFTER_ALL]);
}

function isWithin(member: string, bound: LexBound, sign: 1 | -1): boolean {
  if (bound.end !== LexEnd.MEMBER) return (bound.end === LexEnd.BEFORE_ALL) === (sign === 1);
  const order = Buffer.compare(latin(member), bound.bytes) * sign;
  return bound.open ? order > 0 : order >= 0;
}

function checkMembers(random: Random, zset: Temporary): void {
  const range = new LexRange();
  anyBound(random, range.min);
  anyBound(random, range.max);
  const entries = entriesOf(zset);
  const wanted = entries.filter(([member]) => isWithin(member, range.min, 1) && isWithin(member, range.max, -1));
  for (const backwards of [false, true]) {
    const ranks = new RankRange();
    zsetLexRanks(zset, range, ranks, backwards);
    expect(entries.slice(ranks.first, ranks.first + ranks.count)).toEqual(wanted);
  }
}

describe("several sorted sets", () => {
  property("are united, intersected and subtracted as maps are, plain sets among them", (random) => {
    for (let round = 0; round < 30; round++) {
      const models: Map<string, number>[] = [];
      const sources = Array.from({ length: random.between(1, 4) }, () => {
        const model = new Map<string, number>();
        models.push(model);
        const plain = random.chance(0.3);
        const holder = new Temporary(space, { ...DEFAULT_LIMITS, ...random.pick(LIMITS) }).begin(plain ? Type.SET : Type.ZSET);
        for (let i = random.below(60); i > 0; i--) {
          const member = `m${random.below(50)}`;
          const score = plain ? 1 : random.below(20);
          if (plain) setAdd(holder, latin(member), 0, member.length);
          else put(holder, score, member);
          model.set(member, score);
        }
        return { holder, plain, weight: random.between(1, 3) };
      });
      const weighted = models.map((model, i) => new Map([...model].map(([member, score]) => [member, score * sources[i].weight])));
      for (const [aggregate, combine] of [
        [Aggregate.SUM, (a: number, b: number) => a + b],
        [Aggregate.MIN, Math.min],
        [Aggregate.MAX, Math.max],
      ] as const) {
        const union = new Map<string, number>();
        for (const model of weighted)
          for (const [member, score] of model) union.set(member, union.has(member) ? combine(union.get(member) ?? 0, score) : score);
        expect(taken(zsetUnion(space, sources, aggregate))).toEqual(inOrder(union));
        const common = new Map([...union].filter(([member]) => models.every((model) => model.has(member))));
        expect(taken(zsetIntersection(space, sources, aggregate))).toEqual(inOrder(common));
        expect(zsetIntersectionSize(sources, 0)).toBe(common.size);
        expect(zsetIntersectionSize(sources, 3)).toBe(Math.min(3, common.size));
      }
      const difference = new Map([...models[0]].filter(([member]) => !models.slice(1).some((model) => model.has(member))));
      expect(taken(zsetDifference(space, sources))).toEqual(inOrder(difference));
    }
  });
});

function taken(set: SortedSet): Entry[] {
  const zset = temporary({ zsetEntries: 0 });
  zset.setObject(Encoding.SKIPLIST, set);
  const entries = entriesOf(zset);
  zset.discard();
  return entries;
}
