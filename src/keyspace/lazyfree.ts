/** Memory that is no longer reachable and is given back in slices, so that dropping a database never stops the server. */

import type { Table } from "../memory/table.ts";

interface Pending {
  readonly table: Table;
  readonly release: (address: number) => void;
  chain: number;
}

export class LazyFree {
  /** Objects freed since the start: lazyfreed_objects. */
  freed = 0;
  private readonly queue: Pending[] = [];

  /** Objects waiting: lazyfree_pending_objects. */
  get pending(): number {
    let count = 0;
    for (const item of this.queue) count += item.table.size;
    return count;
  }

  /** Bytes of the bucket arrays of what waits, for `used_memory`; its records are counted by arena and objects. */
  get bucketBytes(): number {
    let bytes = 0;
    for (const item of this.queue) bytes += item.table.bucketBytes;
    return bytes;
  }

  /** Takes over a table that nothing refers to any more; `release` is told of each record before it goes. */
  add(table: Table, release: (address: number) => void): void {
    table.pauseRehash();
    this.queue.push({ table, release, chain: 0 });
  }

  /** Frees a table at once; one that a snapshot still reads waits as in `add`. */
  freeNow(table: Table, release: (address: number) => void): void {
    if (table.guard !== null) return this.add(table, release);
    table.pauseRehash();
    table.freeChains(0, release, () => false);
  }

  /** Frees for about `budgetMs`, and something in any case. Tables that a snapshot still reads wait. -> whether nothing is left that could be freed. */
  run(budgetMs: number): boolean {
    const start = performance.now();
    const stop = () => performance.now() - start > budgetMs;
    for (let index = 0; index < this.queue.length; ) {
      const item = this.queue[index];
      if (item.table.guard !== null) {
        index++;
        continue;
      }
      const before = item.table.size;
      item.chain = item.table.freeChains(item.chain, item.release, stop);
      this.freed += before - item.table.size;
      if (item.chain < item.table.chainCount) return false;
      this.queue.splice(index, 1);
      if (stop()) break;
    }
    return this.queue.every((item) => item.table.guard !== null);
  }
}
