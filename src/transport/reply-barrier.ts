/**
 * Holds answers back while what they tell of is not written to the append-only file. Closed for the rest of a tick at most: what closes
 * it opens it once the file has the writes of all clients that were served meanwhile.
 */

import { assert } from "../assert.ts";

/** A connection with answers that wait. */
export interface Held {
  /** The barrier is open: what waits may go. */
  drain(): void;
}

export class ReplyBarrier {
  closed = false;
  private held = new Set<Held>();

  close(): void {
    this.closed = true;
  }

  /** `one` has something to send. */
  hold(one: Held): void {
    assert(this.closed, "nothing is held back by an open barrier: it would wait for ever");
    this.held.add(one);
  }

  open(): void {
    this.closed = false;
    if (this.held.size === 0) return;
    const { held } = this;
    this.held = new Set();
    for (const one of held) one.drain();
  }
}
