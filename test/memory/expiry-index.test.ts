import { describe, expect, test } from "bun:test";
import { Arena } from "../../src/memory/arena.ts";
import { ExpiryIndex } from "../../src/memory/expiry-index.ts";
import { ObjectTable } from "../../src/memory/objects.ts";
import { EXPIRES } from "../../src/memory/record.ts";
import { Table } from "../../src/memory/record-table.ts";
import { randomSeed } from "../../src/memory/siphash.ts";
import { check, property, type Random } from "../support/property.ts";

const START = 1_700_000_000_000;
const TICK = 16;
const DAY = 86_400_000;
const YEAR = 365 * DAY;
const never = () => false;

/** An index of expiries and what it should hold. */
class Model {
  readonly table = new Table({ arena: new Arena(), objects: new ObjectTable(), seed: randomSeed() }, { meta: true });
  readonly index: ExpiryIndex;
  now = START;
  /** Times by address. */
  readonly times = new Map<number, number>();
  private keys = 0;

  constructor() {
    this.index = new ExpiryIndex(this.table, this.now);
  }

  add(at: number): void {
    const key = Buffer.from(`key:${this.keys++}`);
    const address = this.table.insert(this.table.hash(key, 0, key.length), key, 0, key.length, EXPIRES, 8);
    this.index.add(address, at);
    check(this.index.at(address) === at, `${at} is noted`);
    this.times.set(address, at);
  }

  remove(address: number): void {
    this.index.remove(address);
    this.table.remove(address);
    this.times.delete(address);
  }

  change(address: number, at: number): void {
    this.index.change(address, at);
    check(this.index.at(address) === at, `${at} is noted`);
    this.times.set(address, at);
  }

  resize(address: number, length: number): void {
    const at = this.times.get(address) as number;
    const moved = this.table.resize(address, EXPIRES, length);
    this.index.moved(address, moved);
    this.times.delete(address);
    this.times.set(moved, at);
  }

  anyOne(random: Random): number {
    // Maps keep the order of insertion: one of the first hundred is as good as any.
    let skip = random.below(Math.min(100, this.times.size));
    for (const address of this.times.keys()) if (skip-- === 0) return address;
    return 0;
  }

  /** -> whether all that was due was handed out. */
  expire(stop: () => boolean): boolean {
    const finished = this.index.expireDue(
      this.now,
      (address) => {
        const at = this.times.get(address);
        check(at !== undefined, "each record is handed out once");
        check(at < this.now, `${at} is handed out at ${this.now}`);
        this.remove(address);
      },
      stop,
    );
    if (finished) {
      const end = Math.floor(this.now / TICK) * TICK;
      for (const at of this.times.values()) check(at >= end, `${at} is not handed out at ${this.now}`);
    }
    return finished;
  }

  verify(): void {
    check(this.index.size === this.times.size, `${this.index.size} records are counted, ${this.times.size} are in`);
    let sum = 0;
    for (const [address, at] of this.times) {
      check(this.index.at(address) === at, "times stay");
      sum += at - this.now;
    }
    const average = this.times.size === 0 ? 0 : Math.max(0, Math.round(sum / this.times.size));
    check(Math.abs(this.index.averageTtl(this.now) - average) <= 1, `the average is ${average}, not ${this.index.averageTtl(this.now)}`);
  }
}

function anyTime(random: Random, now: number): number {
  const span = random.pick([20, 500, 5000, 60_000, 3_600_000, DAY, 40 * DAY, 3 * YEAR]);
  return now + random.between(random.chance(0.1) ? -span : 0, span);
}

function anyJump(random: Random): number {
  if (random.chance(0.9)) return random.between(0, random.pick([3, 20, 100, 5000]));
  return random.pick([-1, 1, 1, 1]) * random.between(0, random.pick([60_000, 3_600_000, DAY, 70 * DAY]));
}

describe("the index of expiries", () => {
  property(
    "hands out each key once, never before its time and never later than a tick after it, however the clock jumps",
    (random) => {
      const model = new Model();
      for (let step = 0; step < 20_000; step++) {
        const what = random.next();
        if (what < 0.4 || model.times.size === 0) model.add(anyTime(random, model.now));
        else if (what < 0.5) model.remove(model.anyOne(random));
        else if (what < 0.6) model.change(model.anyOne(random), anyTime(random, model.now));
        else if (what < 0.75) model.resize(model.anyOne(random), random.below(200));
        else if (what < 0.98) {
          model.now += anyJump(random);
          let left = random.chance(0.5) ? random.below(6) : Number.POSITIVE_INFINITY;
          model.expire(() => --left < 0);
        } else model.verify();
      }
      model.verify();
      model.now += 10 * YEAR;
      check(model.expire(never) && model.times.size === 0 && model.index.size === 0, "all are handed out in the end");
      check(model.table.space.arena.usedBytes === 0, "nothing is left of them");
      check(model.index.averageTtl(model.now) === 0, "no keys have no average");
    },
    5,
  );

  property(
    "goes on where it was stopped, at every point where it can be",
    (random) => {
      const model = new Model();
      for (let key = 0; key < 3000; key++) model.add(START + random.between(0, random.pick([100, 5000, 20_000_000])));
      model.now += 20_000_100;
      let slices = 0;
      for (;;) {
        const before = model.times.size;
        if (model.expire(() => true)) break;
        check(before - model.times.size <= 16, "a slice that is to stop stops");
        // What comes and goes between slices is no hindrance.
        if (random.chance(0.3)) model.add(model.now + random.between(-1000, 1000));
        if (random.chance(0.3) && model.times.size > 0) model.resize(model.anyOne(random), random.below(200));
        check(++slices < 20_000, "slices come to an end");
      }
      check(slices > 100, `${slices} slices are too few for a test`);
      model.verify();
    },
    5,
  );

  property("hands out keys whose time is a boundary of the wheel", (random) => {
    const model = new Model();
    for (let power = 0; power < 34; power++) {
      for (const offset of [-17, -16, -1, 0, 1, 15, 16, 17]) model.add(START + 2 ** power * TICK + offset);
      for (const offset of [-1, 0, 1]) model.add((Math.floor(START / TICK / 2 ** power) + 1) * 2 ** power * TICK + offset);
    }
    while (model.times.size > 0) {
      let next = Number.POSITIVE_INFINITY;
      for (const at of model.times.values()) next = Math.min(next, at);
      model.now = random.chance(0.7) ? Math.max(model.now, next + random.between(0, 40)) : model.now + random.below(100_000);
      model.expire(never);
    }
  });

  test("turns through an idle month, year and century in a few steps", () => {
    const model = new Model();
    model.add(START + 300 * YEAR);
    for (const idle of [30 * DAY, YEAR, 100 * YEAR]) {
      model.now += idle;
      let asked = 0;
      model.expire(() => ++asked < 0);
      // It asks once in 4096 turns.
      expect(asked).toBeLessThanOrEqual(1);
    }
    model.add(model.now + 5);
    model.now += 100;
    model.expire(never);
    expect([...model.times.values()]).toEqual([START + 300 * YEAR]);
    model.now = START + 300 * YEAR + TICK;
    expect(model.expire(never)).toBe(true);
    expect(model.times.size).toBe(0);
  });

  test("asks whether to stop as often with few keys in each slot as with many in one", () => {
    const model = new Model();
    for (let key = 0; key < 15 * 400; key++) model.add(START + 1000 + Math.floor(key / 15) * TICK);
    model.now += 60_000;
    let asked = 0;
    model.expire(() => ++asked < 0);
    expect(asked).toBeGreaterThanOrEqual((15 * 400) / 16);
  });

  test("holds times far beyond what anybody waits for, exactly, and keeps the average of the others", () => {
    const model = new Model();
    for (const at of [2 ** 53 - 1, 2 ** 52 + 1, START + 600 * YEAR, START + 5000]) model.add(at);
    const key = Buffer.from("the largest");
    const address = model.table.insert(model.table.hash(key, 0, key.length), key, 0, key.length, EXPIRES, 0);
    model.index.add(address, 2 ** 63);
    model.index.refine(address, 2n ** 63n - 1n);
    expect(model.index.exact(address)).toBe(2n ** 63n - 1n);
    model.now += 400 * YEAR;
    model.expire(never);
    expect(model.index.size).toBe(4);
    model.index.remove(address);
    for (const other of [...model.times.keys()]) model.remove(other);
    for (let key = 0; key < 10; key++) model.add(model.now + 10_000 + key);
    model.verify();
    model.add(2 ** 62);
    for (let key = 0; key < 1000; key++) model.add(model.now + 1000);
    for (const [other, at] of [...model.times]) if (at === 2 ** 62) model.remove(other);
    model.verify();
  });
});
