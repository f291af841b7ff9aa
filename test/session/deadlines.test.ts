import { describe, expect, test } from "bun:test";
import { Deadlines, type Timed } from "../../src/session/deadlines.ts";
import { check, property } from "../support/property.ts";

class Item implements Timed {
  readonly deadline: number;
  place = -1;

  constructor(deadline: number) {
    this.deadline = deadline;
  }
}

describe("deadlines", () => {
  test("are told in their order, each when it is over, without those that left", async () => {
    const now = Date.now();
    const told: Item[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    const items = [30, 10, 20, 40, 10].map((ms) => new Item(now + ms));
    const deadlines = new Deadlines<Item>((item) => {
      expect(Date.now()).toBeGreaterThanOrEqual(item.deadline);
      expect(item.place).toBe(-1);
      told.push(item);
      if (told.length === 4) resolve();
    });
    for (const item of items) deadlines.add(item);
    expect(deadlines.size).toBe(5);
    deadlines.remove(items[2]);
    deadlines.remove(items[2]);
    await promise;
    expect(deadlines.size).toBe(0);
    expect(told.map(({ deadline }) => deadline - now)).toEqual([10, 10, 30, 40]);
  });

  test("far away do not fire early, and nothing fires after stop", async () => {
    const told: Item[] = [];
    const deadlines = new Deadlines<Item>((item) => told.push(item));
    deadlines.add(new Item(Date.now() + 2 ** 40));
    deadlines.add(new Item(Number.MAX_VALUE));
    const near = new Item(Date.now() + 5);
    deadlines.add(near);
    const { promise, resolve } = Promise.withResolvers<void>();
    const last = new Deadlines<Item>(() => resolve());
    last.add(new Item(near.deadline + 20));
    await promise;
    expect(told).toEqual([near]);
    const stopped = new Item(Date.now() + 1);
    deadlines.add(stopped);
    deadlines.stop();
    const { promise: later, resolve: done } = Promise.withResolvers<void>();
    const clock = new Deadlines<Item>(() => done());
    clock.add(new Item(stopped.deadline + 20));
    await later;
    expect(told).toEqual([near]);
  });

  property("keep their order through any comings and goings", (random) => {
    const told: number[] = [];
    const deadlines = new Deadlines<Item>((item) => told.push(item.deadline));
    const past = Date.now() - 1000;
    const items = new Set<Item>();
    for (let step = 0; step < 200; step++) {
      if (items.size > 0 && random.below(3) === 0) {
        const item = random.pick([...items]);
        deadlines.remove(item);
        items.delete(item);
      } else {
        const item = new Item(past + random.below(50));
        deadlines.add(item);
        items.add(item);
      }
      check(deadlines.size === items.size, "each is counted");
    }
    deadlines.expire();
    const wanted = [...items].map(({ deadline }) => deadline).sort((a, b) => a - b);
    check(told.join() === wanted.join(), "the earliest comes first");
    deadlines.stop();
  });
});
