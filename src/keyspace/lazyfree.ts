/**
 * Memory that is no longer reachable and is given back in slices, so that neither dropping a database nor deleting a big key ever stops the
 * server.
 */

import { assert } from "../assert.ts";
import type { LargeObject, ObjectTable } from "../memory/objects.ts";
import { OUTSIDE } from "../memory/record.ts";
import type { Table } from "../memory/record-table.ts";

/** What waits to be freed: the value of a key that was deleted or overwritten, or a table. */
type Pending = Pick<LargeObject, "heldBytes" | "streamed" | "free">;

/** The queue's front is cut off in steps of at least so many, so that a long one does not move at every step. */
const CUT_AT_ONCE = 64;

/** The table of a database that was dropped, with the values that its records hold outside. */
class DroppedTable implements Pending {
  private readonly table: Table;
  private readonly objects: ObjectTable;
  private readonly lazyFree: LazyFree;
  /** Whether its records are keys. */
  private readonly counted: boolean;
  private chain = 0;

  constructor(table: Table, objects: ObjectTable, lazyFree: LazyFree, counted: boolean) {
    this.table = table;
    this.objects = objects;
    this.lazyFree = lazyFree;
    this.counted = counted;
    table.pauseRehash();
  }

  get keys(): number {
    return this.counted ? this.table.size : 0;
  }

  get heldBytes(): number {
    return this.table.bucketBytes;
  }

  get streamed(): boolean {
    return this.table.guard !== null;
  }

  free(stop: () => boolean): boolean {
    this.chain = this.table.freeChains(this.chain, this.release, stop);
    assert(
      this.table.size >= 0 && (this.chain < this.table.chainCount || this.table.size === 0),
      "a table whose chains are freed holds nothing",
    );
    return this.chain >= this.table.chainCount;
  }

  private readonly release = (address: number): void => {
    const { table, objects } = this;
    if ((table.flags(address) & OUTSIDE) === 0) return;
    const handle = table.handle(address);
    const object = objects.get(handle);
    objects.remove(handle);
    this.lazyFree.drop(object, 0); // its key is counted
  };
}

/** Something that waits, and what it is counted with. */
interface Waiting {
  readonly item: Pending;
  /** The keys of a table, 1 for the value of a key, 0 for one whose key is among those of a table. */
  keys: number;
  bytes: number;
}

export class LazyFree {
  /** Keys and values freed since the start: lazyfreed_objects. */
  freed = 0;
  /** Keys and values waiting: lazyfree_pending_objects. */
  pending = 0;
  /** Bytes outside the arena that what waits still takes, for `used_memory`; the arena counts its own. */
  heldBytes = 0;
  private queue: Waiting[] = [];
  /** The first of `queue` that is not done with. */
  private next = 0;
  /** What an image still reads, met on the way. */
  private read: Waiting[] = [];

  /**
   * Takes over a table that nothing refers to any more, with what its records hold in `objects`; they count as keys if they are `counted`. What
   * is freed before `stop()` says so does not wait.
   */
  addTable(table: Table, objects: ObjectTable, { counted, stop }: { counted: boolean; stop: (() => boolean) | null }): void {
    const dropped = new DroppedTable(table, objects, this, counted);
    const isFree = stop !== null && !dropped.streamed && dropped.free(stop);
    if (!isFree) this.add(dropped, dropped.keys);
  }

  /** Takes over an object that nothing refers to any more, which stands for `keys`: a small one goes at once, of a big one a first bit. */
  drop(object: Pending, keys = 1): void {
    if (!object.streamed && object.free(() => true)) return;
    this.add(object, keys);
  }

  private add(item: Pending, keys: number): void {
    const bytes = item.heldBytes;
    this.pending += keys;
    this.heldBytes += bytes;
    this.queue.push({ item, keys, bytes });
  }

  /** Whether an image reads some of what waits. */
  get isRead(): boolean {
    if (this.read.some(({ item }) => item.streamed)) return true;
    for (let index = this.next; index < this.queue.length; index++) if (this.queue[index].item.streamed) return true;
    return false;
  }

  /** All of it has been freed by other means. */
  forget(): void {
    assert(!this.isRead, "what an image reads is not freed");
    this.freed += this.pending;
    this.pending = 0;
    this.heldBytes = 0;
    this.queue = [];
    this.next = 0;
    this.read = [];
  }

  /**
   * Frees for about `budgetMs`, and something in any case. What a snapshot still reads waits. Returns whether nothing is left that could be
   * freed.
   */
  run(budgetMs: number): boolean {
    if (this.read.length > 0) this.takeUnread();
    if (this.next === this.queue.length) return true;
    const start = performance.now();
    const stop = () => performance.now() - start > budgetMs;
    do {
      const waiting = this.queue[this.next];
      const { item } = waiting;
      if (item.streamed) {
        this.read.push(waiting);
        this.cut();
        continue;
      }
      const done = item.free(stop);
      this.count(waiting, done);
      if (!done) return false;
      this.cut();
      if (stop()) break;
    } while (this.next < this.queue.length);
    return this.next === this.queue.length;
  }

  /** What no image reads any more goes back to the queue. */
  private takeUnread(): void {
    const unread = this.read.filter(({ item }) => !item.streamed);
    if (unread.length === 0) return;
    this.read = this.read.filter(({ item }) => item.streamed);
    this.queue.push(...unread);
  }

  private count(waiting: Waiting, done: boolean): void {
    const { item } = waiting;
    const keys = done ? 0 : item instanceof DroppedTable ? item.keys : waiting.keys;
    const bytes = done ? 0 : item.heldBytes;
    assert(keys <= waiting.keys, "what is being freed does not grow");
    this.freed += waiting.keys - keys;
    this.pending -= waiting.keys - keys;
    this.heldBytes -= waiting.bytes - bytes;
    assert(this.pending >= 0, "what waits is counted");
    waiting.keys = keys;
    waiting.bytes = bytes;
  }

  /** The first of the queue is off it. */
  private cut(): void {
    this.next++;
    if (this.next < this.queue.length && (this.next < CUT_AT_ONCE || this.next * 2 < this.queue.length)) return;
    this.queue.splice(0, this.next);
    this.next = 0;
  }
}
