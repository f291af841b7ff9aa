/** Replies that are still to come, in the order of their requests. */

import { ReplyError } from "./errors.ts";

/** The reply to a request, or the replies to several that were sent as one. */
export class Expected {
  /** Where the (first) request begins in what was ever written. */
  readonly position: number;
  /** Whether strings are wanted as bytes. */
  readonly bytes: boolean;
  /** null: one reply is the result; else all of them. */
  readonly replies: unknown[] | null;
  /** Replies to come, or pushes. */
  private left: number;
  /** "subscribe", ...: so many pushes of this kind are the reply; "": a reply is. */
  readonly confirmedBy: string;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;

  constructor(
    position: number,
    bytes: boolean,
    replies: unknown[] | null,
    left: number,
    resolve: (value: unknown) => void,
    reject: (error: Error) => void,
    confirmedBy = "",
  ) {
    this.position = position;
    this.bytes = bytes;
    this.replies = replies;
    this.left = left;
    this.resolve = resolve;
    this.reject = reject;
    this.confirmedBy = confirmedBy;
  }

  /** Takes a push that is a confirmation. Returns whether it was the last. */
  confirm(): boolean {
    if (--this.left > 0) return false;
    this.resolve(null);
    return true;
  }

  /** Returns whether it was the last. */
  take(reply: unknown): boolean {
    if (this.replies === null) {
      if (reply instanceof ReplyError) this.reject(reply);
      else this.resolve(reply);
      return true;
    }
    this.replies.push(reply);
    if (--this.left > 0) return false;
    this.resolve(this.replies);
    return true;
  }
}

/** What is left of taken ones at the head is cut off when there are so many. */
const MOST_TAKEN = 1024;

export class ExpectedQueue {
  private items: (Expected | null)[] = [];
  private head = 0;

  get length(): number {
    return this.items.length - this.head;
  }

  get first(): Expected | null {
    return this.head < this.items.length ? this.items[this.head] : null;
  }

  add(expected: Expected): void {
    this.items.push(expected);
  }

  dropFirst(): void {
    this.items[this.head++] = null;
    if (this.head === this.items.length) {
      this.items.length = 0;
      this.head = 0;
    } else if (this.head > MOST_TAKEN && this.head * 2 > this.items.length) {
      this.items = this.items.slice(this.head);
      this.head = 0;
    }
  }
}
