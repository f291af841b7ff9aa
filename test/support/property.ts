/** Property tests: random operations against a model, from a seed that a failure names, so that it can be had again. */

import { test } from "bun:test";

/** Reproducible random numbers (mulberry32). */
export class Random {
  private state: number;

  constructor(seed: number) {
    this.state = seed | 0;
  }

  /** -> 0 to 1, without 1. */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /** -> an integer from 0 to `limit` - 1. */
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  /** -> an integer from `first` to `last`. */
  between(first: number, last: number): number {
    return first + this.below(last - first + 1);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)];
  }

  /** -> `length` bytes that a shift by one or a swap of two would change. */
  bytes(length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length);
    let word = this.below(2 ** 32);
    for (let i = 0; i < length; i++) {
      word = (Math.imul(word, 1664525) + 1013904223) | 0;
      bytes[i] = word >>> 24;
    }
    return bytes;
  }
}

/** A test that `run` passes with random numbers from several seeds. With PROPERTY_SEED in the environment, from that one alone. */
export function property(name: string, run: (random: Random) => void, rounds = 1): void {
  const wanted = process.env.PROPERTY_SEED;
  test(name, () => {
    for (let round = 0; round < (wanted === undefined ? rounds : 1); round++) {
      const seed = wanted === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(wanted);
      try {
        run(new Random(seed));
      } catch (error) {
        throw new Error(`failed with PROPERTY_SEED=${seed}: ${error instanceof Error ? error.message : error}`, { cause: error });
      }
    }
  });
}

/** Fails with `what` unless `holds`: cheaper than `expect` where it is asked millions of times. */
export function check(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(what);
}
