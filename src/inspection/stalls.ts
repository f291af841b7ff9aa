/**
 * For how long the event loop stands still, while someone wants to know: a timer measures how late it is. It ends a minute after the last
 * question.
 */

const TICK_MS = 10;
const ASKED_MS = 60_000;
/** The upper bounds of the buckets in ms; there is one more for what is longer. */
export const STALL_BOUNDS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000] as const;

interface Asker {
  longest: number;
  askedAt: number;
}

export class Stalls {
  /** How many there were by their length; they only grow. */
  readonly counts: number[] = new Array<number>(STALL_BOUNDS.length + 1).fill(0);
  private readonly askers = new Map<object, Asker>();
  private timer: ReturnType<typeof setInterval> | null = null;
  private due = 0;

  /** Returns the longest since `who` asked last, in ms; 0 the first time. Measuring goes on for a minute. */
  longestSince(who: object): number {
    const now = performance.now();
    const asker = this.askers.get(who) ?? { longest: 0, askedAt: now };
    const { longest } = asker;
    asker.longest = 0;
    asker.askedAt = now;
    this.askers.set(who, asker);
    if (this.timer === null) {
      this.due = now + TICK_MS;
      this.timer = setInterval(() => this.tick(), TICK_MS).unref();
    }
    return longest;
  }

  private tick(): void {
    const now = performance.now();
    const late = Math.max(0, now - this.due);
    this.due = now + TICK_MS;
    let bucket = 0;
    while (bucket < STALL_BOUNDS.length && late > (STALL_BOUNDS[bucket] ?? 0)) bucket++;
    this.counts[bucket]++;
    for (const [who, asker] of this.askers) {
      if (late > asker.longest) asker.longest = late;
      if (now - asker.askedAt > ASKED_MS) this.askers.delete(who);
    }
    if (this.askers.size === 0) this.stop();
  }

  stop(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
    this.askers.clear();
  }
}
