/**
 * Large buffers that are not needed any more, given back to the system at once. The garbage collector would let go of them when something
 * else asks for memory, which may be never: 240 MB that four clients had sent before they left stayed for 16 s of idleness. Their pages go
 * first (page-release.ts, 0.15 ms for a MiB), a millisecond at a time; the buffers themselves are collected some day.
 */

import { assert } from "../assert.ts";
import { releaseMemory } from "./page-release.ts";

/** What is smaller has few whole pages, and is soon used again by others. */
const SMALLEST_BYTES = 32 * 1024;
/** Longest slice of work, and the pause between two, in ms. */
const SLICE_MS = 1;
const PAUSE_MS = 1;
/** So many bytes are given back at a time: about a tenth of a slice. */
const STEP_BYTES = 512 * 1024;
/** Where no pages can be given back the garbage is collected, once there is so much of it, and not more often than that. */
const COLLECTED_BYTES = 64 * 1024 * 1024;
const COLLECT_PAUSE_MS = 2000;

interface Span {
  readonly bytes: Buffer;
  readonly from: number;
  readonly to: number;
}

export class UnusedMemory {
  private queue: Span[] = [];
  /** The first of `queue` that is still to be given back. */
  private next = 0;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private garbageBytes = 0;

  /** Nothing refers to bytes[from, to), and no one will: what is in them is lost. */
  take(bytes: Buffer, from: number, to: number): void {
    assert(from >= 0 && to <= bytes.length, "memory that is given back lies within its buffer");
    if (to - from < SMALLEST_BYTES) return;
    this.queue.push({ bytes, from, to });
    this.timer ??= setTimeout(() => this.work(), 0);
  }

  /** Bytes that wait to be given back. */
  get pending(): number {
    let bytes = 0;
    for (let index = this.next; index < this.queue.length; index++) bytes += this.queue[index].to - this.queue[index].from;
    return bytes;
  }

  /** What waits is left to the garbage collector: the server stops. */
  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.queue = [];
    this.next = 0;
  }

  private work(): void {
    this.timer = null;
    const end = performance.now() + SLICE_MS;
    let unlooked = 0;
    while (this.next < this.queue.length) {
      const { bytes, from, to } = this.queue[this.next];
      // A large one in several steps.
      const step = Math.min(to, from + STEP_BYTES);
      if (!releaseMemory(bytes.subarray(from, step))) return this.leaveToCollector();
      if (step === to) this.next++;
      else this.queue[this.next] = { bytes, from: step, to };
      unlooked += step - from;
      if (unlooked < STEP_BYTES) continue;
      unlooked = 0;
      if (performance.now() >= end) break;
    }
    if (this.next < this.queue.length) this.timer = setTimeout(() => this.work(), PAUSE_MS);
    else this.stop();
  }

  private leaveToCollector(): void {
    this.garbageBytes += this.pending;
    this.stop();
    if (this.garbageBytes < COLLECTED_BYTES) return;
    this.garbageBytes = 0;
    Bun.gc(true);
    this.timer = setTimeout(() => this.work(), COLLECT_PAUSE_MS);
  }
}
