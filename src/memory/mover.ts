/**
 * Moves blocks out of pages that are to be emptied (`Arena.markSparse`), a slice at a time: who knows the address of a block asks for it to be
 * moved, notes where it is now, and frees the first.
 */

import type { Arena } from "./arena.ts";

/** Between two looks at the clock: blocks looked at, and blocks moved, which takes several times as long. */
const LOOKED_PER_CLOCK = 64;
const MOVED_PER_CLOCK = 16;

export class Mover {
  /** Blocks that were moved, and blocks that could stay, since the start or `CONFIG RESETSTAT`. */
  moved = 0;
  stayed = 0;
  private readonly arena: Arena;
  private end = 0;
  /** How many more units of work are done before the next look at the clock. */
  private credit = 0;
  private over = true;

  constructor(arena: Arena) {
    this.arena = arena;
  }

  /** A slice begins: `over` until `end` (performance.now()). */
  begin(end: number): void {
    this.end = end;
    this.credit = LOOKED_PER_CLOCK;
    this.over = false;
  }

  /** Whether the time of the slice is up. */
  get isOver(): boolean {
    if (this.credit > 0 || this.over) return this.over;
    this.credit = LOOKED_PER_CLOCK;
    this.over = performance.now() >= this.end;
    return this.over;
  }

  /** Something was looked at that has no block: an empty chain. */
  pass(): void {
    this.credit--;
  }

  /**
   * Whether the block at `address` is to be moved: then the caller does so. Counts.
   */
  wants(address: number): boolean {
    if (!this.arena.isSparse(address)) {
      this.stayed++;
      this.credit--;
      return false;
    }
    this.moved++;
    this.credit -= LOOKED_PER_CLOCK / MOVED_PER_CLOCK;
    return true;
  }

  /** Returns where the block at `address` is to be: there, or its copy elsewhere, and then it is free. Errors: ArenaFull. */
  move(address: number): number {
    if (!this.wants(address)) return address;
    const target = this.arena.copyBlock(address);
    this.arena.free(address);
    return target;
  }
}
