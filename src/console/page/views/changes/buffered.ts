/** What has come: the newest first, bounded; while it is paused new ones wait, bounded too, and what is dropped is counted. */

import { signal } from "@preact/signals";
import type { Change, Hole } from "./event.ts";

export interface Numbered {
  readonly id: number;
  readonly entry: Change | Hole;
}

export const MOST_SHOWN = 1000;
export const MOST_WAITING = 10_000;

export class Buffered {
  /** Newest first. */
  readonly shown = signal<readonly Numbered[]>([]);
  readonly isPaused = signal(false);
  /** How many wait until it goes on. */
  readonly waiting = signal(0);
  /** How many have come. */
  readonly total = signal(0);
  /** Dropped because they were the oldest: of those that waited, and of those that were shown. */
  readonly droppedWaiting = signal(0);
  readonly droppedShown = signal(0);
  /** Oldest first. */
  private coming: Numbered[] = [];
  private nextId = 0;
  private count = 0;
  private dropped = 0;

  add(entry: Change | Hole): void {
    this.coming.push({ id: this.nextId++, entry });
    if (entry.kind !== "hole") this.count++;
    // In blocks, so that it costs little.
    if (this.coming.length <= MOST_WAITING * 1.1) return;
    this.dropped += this.coming.length - MOST_WAITING;
    this.coming = this.coming.slice(-MOST_WAITING);
  }

  hole(text: string): void {
    this.add({ kind: "hole", at: Date.now(), text });
  }

  /** Shows what has come, unless it is paused. */
  show(): void {
    this.total.value = this.count;
    if (this.isPaused.value) {
      this.waiting.value = this.coming.length;
      this.droppedWaiting.value = this.dropped;
      return;
    }
    this.waiting.value = 0;
    if (this.dropped > 0) {
      const first = this.coming[0];
      if (first !== undefined)
        this.coming.unshift({
          id: this.nextId++,
          entry: {
            kind: "hole",
            at: first.entry.at,
            text: `${this.dropped} changes were dropped here: more came while the feed was paused than are kept.`,
          },
        });
      this.dropped = 0;
      this.droppedWaiting.value = 0;
    }
    if (this.coming.length === 0) return;
    const all = [...this.coming.reverse(), ...this.shown.value];
    this.coming = [];
    this.droppedShown.value += Math.max(0, all.length - MOST_SHOWN);
    this.shown.value = all.slice(0, MOST_SHOWN);
  }

  clear(): void {
    this.coming = [];
    this.dropped = 0;
    this.count = 0;
    this.shown.value = [];
    this.waiting.value = 0;
    this.total.value = 0;
    this.droppedWaiting.value = 0;
    this.droppedShown.value = 0;
  }
}
