/**
 * A way through the keys of a database in slices, between which clients are served. Buckets do not move meanwhile, so each key that is there from
 * beginning to end is visited once; what comes and goes meanwhile is visited or not. Hot: ten million keys are looked at in two seconds.
 */

import type { Database } from "../keyspace/database.ts";
import type { Table } from "../memory/record-table.ts";
import { WalkError } from "./slices.ts";

/** How many chains are looked at together: their cache misses overlap. */
const BATCH = 128;
/** How often the database may be emptied or swapped under a walk. */
const MOST_RESTARTS = 3;

export interface KeyVisitor {
  /** The first `count` of `addresses` are keys, expired or not, which must not be changed before `afterBatch`. */
  visit(addresses: Int32Array, count: number): void;
  /** The database was emptied or swapped: what was visited is gone, and the walk begins again. */
  restart(): void;
}

export class KeyWalk {
  readonly database: Database;
  /** Keys visited. */
  visited = 0;
  private readonly visitor: KeyVisitor;
  private table: Table | null = null;
  private chains = 0;
  private at = 0;
  private restarts = 0;
  private addresses = new Int32Array(4 * BATCH);

  constructor(database: Database, visitor: KeyVisitor) {
    this.database = database;
    this.visitor = visitor;
  }

  /** How much of it is done, 0 to 1. */
  get progress(): number {
    return this.chains === 0 ? 0 : this.at / this.chains;
  }

  /** Whether what it walks through is not what the database holds any more. */
  get isStale(): boolean {
    return this.table !== null && this.table !== this.database.table;
  }

  /**
   * Goes on until `deadline` (`performance.now()`), a batch at least; `afterBatch` may change keys. Returns whether it is through. Errors:
   * WalkError.
   */
  step(deadline: number, afterBatch: () => void = nothing): boolean {
    if (this.isStale) this.startAgain();
    const table = this.table ?? this.begin();
    const { visitor, chains } = this;
    while (this.at < chains) {
      const end = Math.min(chains, this.at + BATCH);
      const count = table.gather(this.at, end, this.addresses);
      if (count > this.addresses.length) {
        this.addresses = new Int32Array(2 * this.addresses.length);
        continue;
      }
      this.at = end;
      this.visited += count;
      visitor.visit(this.addresses, count);
      afterBatch();
      if (performance.now() >= deadline) break;
    }
    if (this.at < chains) return false;
    this.release();
    return true;
  }

  private begin(): Table {
    const { table } = this.database;
    table.pauseRehash();
    this.table = table;
    this.chains = table.chainCount;
    return table;
  }

  private startAgain(): void {
    if (++this.restarts > MOST_RESTARTS) throw new WalkError("The database was replaced while it was walked through");
    this.release();
    this.at = 0;
    this.visited = 0;
    this.visitor.restart();
  }

  /** It is over: the table may rehash. */
  release(): void {
    this.table?.resumeRehash();
    this.table = null;
  }
}

function nothing(): void {}
