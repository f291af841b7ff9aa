/**
 * Values too long for one slice of an image: the keyspace lends them, and they are written bit by bit when their turn comes, as they were when they were lent.
 */

import { copied } from "../base/bytes.ts";
import type { RdbWriter } from "../rdb/writer.ts";

export interface LentValue {
  /** Whether all of it is written. */
  readonly done: boolean;
  /** Writes about `limit` bytes' worth of it. -> what was written, in that measure. */
  write(out: RdbWriter, limit: number): number;
  /** The key that it belongs to is about to change or go. */
  keep(): void;
  /** Nothing more will be read. */
  release(): void;
}

/** Bytes that are written as they stand: a long string. */
export class LentBytes implements LentValue {
  private bytes: Buffer;
  private at: number;
  private to: number;
  private kept = false;

  constructor(bytes: Buffer, from: number, to: number) {
    this.bytes = bytes;
    this.at = from;
    this.to = to;
  }

  get done(): boolean {
    return this.at === this.to;
  }

  write(out: RdbWriter, limit: number): number {
    const count = Math.min(limit, this.to - this.at);
    out.raw(this.bytes, this.at, this.at + count);
    this.at += count;
    return count;
  }

  keep(): void {
    if (this.kept) return;
    this.kept = true;
    this.bytes = copied(this.bytes, this.at, this.to);
    this.to -= this.at;
    this.at = 0;
  }

  release(): void {}
}
