/** MULTI's queue and WATCH's list of one client. */

import { assert } from "../assert.ts";
import { copied, equalBytes } from "../base/bytes.ts";
import type { Database } from "../keyspace/database.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import type { Watch, Watcher } from "../keyspace/watch.ts";
import type { Frame } from "../protocol/frame.ts";
import { RequestQueue } from "./request-queue.ts";

/** What a watched key takes beside its bytes; about. */
const WATCH_BYTES = 200;
const POINTER_BYTES = 8;

export class Transaction implements Watcher {
  /** MULTI was called. */
  open = false;
  /** A command was refused while queueing: EXEC must fail. */
  refused = false;
  /** A watched key changed: EXEC must do nothing. */
  touched = false;
  /** Restrictions that any of the queued commands lists. */
  restrictions = 0;
  queue = new RequestQueue();
  /** Of it what the arguments in the queue take as Redis counts them, for CLIENT LIST. */
  argumentBytes = 0;
  private readonly keyspace: Keyspace;
  private watched: Watch[] = [];
  private watchedBytes = 0;

  constructor(keyspace: Keyspace) {
    this.keyspace = keyspace;
  }

  /** Takes a request that the restrictions in `restrictions` can keep from running. What is sure to fail is not kept. */
  enqueue(frame: Frame, restrictions: number): void {
    assert(this.open, "only between MULTI and EXEC are requests queued");
    if (this.refused || this.touched) return;
    this.restrictions |= restrictions;
    this.queue.push(frame);
    this.argumentBytes += frame.argumentBytes + frame.count * POINTER_BYTES;
  }

  /** Watches the key bytes[from, from + length), which is copied. */
  watch(database: Database, bytes: Buffer, from: number, length: number): void {
    for (const { database: other, key } of this.watched) {
      if (other === database && key.length === length && equalBytes(key, 0, bytes, from, length)) return;
    }
    this.watched.push(this.keyspace.watched.add(this, database, copied(bytes, from, from + length)));
    this.watchedBytes += WATCH_BYTES + length;
  }

  unwatch(): void {
    for (const watch of this.watched) this.keyspace.watched.remove(watch);
    this.watched = [];
    this.watchedBytes = 0;
    this.touched = false;
  }

  /** What the queue and the watched keys take, in bytes. */
  get bytes(): number {
    return this.queue.bytes + this.watchedBytes;
  }

  /** Whether a watched key has expired since it was watched, though it has not been deleted yet. */
  get watchedExpired(): boolean {
    return this.watched.some(({ database, key, stale }) => !stale && database.isStale(key));
  }

  /** Back to the state before MULTI, watched keys dropped too. */
  reset(): void {
    this.open = false;
    this.refused = false;
    this.restrictions = 0;
    this.queue.release();
    this.queue = new RequestQueue();
    this.unwatch();
    this.argumentBytes = 0;
  }
}
