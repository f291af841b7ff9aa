/**
 * Memory that is no longer reachable and is given back in slices, so that neither dropping a database nor deleting a big key ever stops the
 * server.
 */

import { assert } from "../assert.ts";
import type { LargeObject } from "../memory/objects.ts";
import type { Table } from "../memory/record-table.ts";

/** What waits to be freed: the value of a key that was deleted or overwritten, or a table. */
type Pending = Pick<LargeObject, "heldBytes" | "streamed" | "free">;

/** The table of a database that was dropped. */
class DroppedTable implements Pending {
  private readonly table: Table;
  private readonly release: (address: number) => void;
  private chain = 0;

  constructor(table: Table, release: (address: number) => void) {
    this.table = table;
    this.release = release;
    table.pauseRehash();
  }

  get keys(): number {
    return this.table.size;
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
}

/** Keys, or one for the value of a key. */
function keysOf(item: Pending): number {
  return item instanceof DroppedTable ? item.keys : 1;
}

export class LazyFree {
  /** Keys and values freed since the start: lazyfreed_objects. */
  freed = 0;
  private readonly queue: Pending[] = [];

  /** Keys and values waiting: lazyfree_pending_objects. */
  get pending(): number {
    let count = 0;
    for (const item of this.queue) count += keysOf(item);
    return count;
  }

  /** Bytes outside the arena that what waits still takes, for `used_memory`; the arena counts its own. */
  get heldBytes(): number {
    let bytes = 0;
    for (const item of this.queue) bytes += item.heldBytes;
    return bytes;
  }

  /** Takes over a table that nothing refers to any more; `release` is told of each record before it goes. */
  add(table: Table, release: (address: number) => void): void {
    this.queue.push(new DroppedTable(table, release));
  }

  /** Frees a table at once; one that a snapshot still reads waits as in `add`. */
  freeNow(table: Table, release: (address: number) => void): void {
    const dropped = new DroppedTable(table, release);
    if (dropped.streamed) this.queue.push(dropped);
    else dropped.free(() => false);
  }

  /** Takes over an object that nothing refers to any more: a small one goes at once, of a big one a first bit. */
  drop(object: LargeObject): void {
    if (!object.streamed && object.free(() => true)) return;
    this.queue.push(object);
  }

  /**
   * Frees for about `budgetMs`, and something in any case. What a snapshot still reads waits. Returns whether nothing is left that could be
   * freed.
   */
  run(budgetMs: number): boolean {
    const start = performance.now();
    const stop = () => performance.now() - start > budgetMs;
    for (let index = 0; index < this.queue.length; ) {
      const item = this.queue[index];
      if (item.streamed) {
        index++;
        continue;
      }
      const before = keysOf(item);
      const done = item.free(stop);
      assert(keysOf(item) <= before, "what is being freed does not grow");
      this.freed += done ? before : before - keysOf(item);
      if (!done) return false;
      this.queue.splice(index, 1);
      if (stop()) break;
    }
    return this.queue.every((item) => item.streamed);
  }
}
