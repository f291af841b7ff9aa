/**
 * A script that runs too long, run again in the form that can be left in the middle: a slice at a time, between which other clients are
 * told that the server is busy, and may end it.
 */

import type { LuaResult, Steps } from "./lua/value.ts";

/** How long it runs before others have their turn, in ms. */
const SLICE_MS = 10;

export interface LongRunEnds {
  /** About to run for a while. */
  beforeSlice(): void;
  returned(result: LuaResult): void;
  failed(error: unknown): void;
}

export class LongRun {
  /** Someone has asked for its end. */
  killed = false;
  private readonly steps: Steps;
  private readonly ends: LongRunEnds;
  private sliceEnd = 0;

  constructor(steps: Steps, ends: LongRunEnds) {
    this.steps = steps;
    this.ends = ends;
  }

  /** Whether the slice is over at `now` (`performance.now()`). */
  isOver(now: number): boolean {
    return now >= this.sliceEnd;
  }

  /** Goes on once clients have had a turn. */
  schedule(): void {
    setImmediate(() => this.slice());
  }

  private slice(): void {
    this.ends.beforeSlice();
    this.sliceEnd = performance.now() + SLICE_MS;
    let done: boolean | undefined;
    let value: unknown;
    try {
      ({ done, value } = this.steps.next());
    } catch (error) {
      return this.ends.failed(error);
    }
    if (done) this.ends.returned(value as LuaResult);
    else this.schedule();
  }
}
