/**
 * Answers to pipelines that wait, a millisecond or two at most, until every client whose requests have come in is served: then they go
 * out one after the other. A client that is quicker than we are would otherwise be woken for each answer and go back to sleep at once,
 * and waking is the most expensive part of sending. Measured with redis-benchmark at pipeline 16: MSET 1.18, LPUSH 1.22, ZADD 1.09 times
 * as many (docs/performance.md).
 */

import { assert } from "../assert.ts";

/** A connection whose answers wait here. */
export interface DeferredOwner {
  /** Its answers so far, bytes[from, to): they are to be sent now. */
  deliver(bytes: Buffer, from: number, to: number): void;
}

const BUFFER_BYTES = 128 * 1024;
/** A longer answer keeps its client busy for longer than waking it takes. */
const LONGEST_BYTES = 16 * 1024;
/** How long after the first answer the rest may still come, in ms: clients that were served early shall not pay for many slow requests of others. */
const PATIENCE_MS = 1;
/** No answer waits: none is late. */
const NEVER = Number.POSITIVE_INFINITY;

export class DeferredReplies {
  private readonly buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  private length = 0;
  private owners: DeferredOwner[] = [];
  /** Where the answers of each owner end. */
  private ends: number[] = [];
  /** The first of `owners` whose answers have not gone out. */
  private next = 0;
  /** When the first answer that waits came, ms since 1970. */
  private since = NEVER;
  private readonly flushAtTickEnd = () => this.flush();

  /** A chunk of requests starts at `now`: what waits for too long goes out. */
  expire(now: number): void {
    if (now - this.since > PATIENCE_MS) this.flush();
  }

  /** Takes the answers bytes[from, to) of `owner`. Returns false when they are too long to wait. */
  add(owner: DeferredOwner, bytes: Buffer, from: number, to: number, now: number): boolean {
    const length = to - from;
    if (length > LONGEST_BYTES) return false;
    if (this.length + length > BUFFER_BYTES) this.flush();
    assert(length > 0 && this.length + length <= BUFFER_BYTES, "answers that wait have room, and each owner has some");
    if (this.length === 0) {
      this.since = now;
      setImmediate(this.flushAtTickEnd);
    }
    bytes.copy(this.buffer, this.length, from, to);
    this.length += length;
    this.owners.push(owner);
    this.ends.push(this.length);
    return true;
  }

  /** Sends everything, in the order in which it came. */
  flush(): void {
    const { owners, ends } = this;
    // What delivering leads to may flush, too: it goes on from here, and this has nothing left to do then.
    while (this.next < owners.length) {
      const index = this.next++;
      assert(index === 0 || ends[index - 1] < ends[index], "answers leave in the order in which they came");
      owners[index].deliver(this.buffer, index === 0 ? 0 : ends[index - 1], ends[index]);
    }
    owners.length = 0;
    ends.length = 0;
    this.next = 0;
    this.length = 0;
    this.since = NEVER;
  }
}
