/**
 * How much memory a script takes: what the heap of JavaScript has grown by since it was first looked at. Looking costs a moment, so it is
 * done now and then only, and what is garbage counts for nothing: it is collected before a script is told that there is no more.
 */

import { heapSize } from "bun:jsc";

/** Bytes of strings that may be made between two looks. */
export const UNWATCHED_BYTES = 32 * 1024 * 1024;
/** Time between two looks, in ms. */
const PAUSE_MS = 20;

export class MemoryWatch {
  private before = -1;
  private lookedAt = 0;

  /** Another script begins. */
  reset(): void {
    this.before = -1;
  }

  /** Whether the script takes more than `limit` bytes, as far as a look at `now` (`performance.now()`) is due. */
  isBeyondAt(now: number, limit: number): boolean {
    if (now - this.lookedAt < PAUSE_MS) return false;
    this.lookedAt = now;
    return this.isBeyond(limit);
  }

  isBeyond(limit: number): boolean {
    const size = heapSize();
    if (this.before < 0) this.before = size;
    if (size - this.before <= limit) return false;
    Bun.gc(true);
    return heapSize() - this.before > limit;
  }
}
