/**
 * The way of an image through one table: the keyspace's, or that of a big hash, set or sorted set. Chain by chain, in their order; a chain
 * that is about to change before the walk has come to it is written first, and marked so that the walk passes over it. Chains do not move
 * meanwhile: rehash is paused. Hot: `beforeChange` runs at every write.
 */

import { assert } from "../assert.ts";
import { addGuard, removeGuard, type Table, type TableGuard } from "../memory/record-table.ts";

/** Takes the records of a walk, each once. */
export interface RecordWriter {
  /** Whether `step` must give it no more for now. Records that are about to change are written all the same: they cannot wait. */
  readonly blocked: boolean;
  /**
   * Writes the record at `address`, in chain `chain`. `changing`: a change forces this, out of turn; after it returns the record may differ,
   * so what it does not write now it must copy. Returns about how many bytes it read.
   */
  write(chain: number, address: number, changing: boolean): number;
  /** The records of this chain, given to `write` before, are about to change: what is still to be read from them must be copied now. */
  keep(chain: number): void;
}

/** What looking at a chain and at a record costs beside the bytes of the value, in bytes read. */
const CHAIN_COST = 1;
const RECORD_COST = 64;

export class TableWalk implements TableGuard {
  readonly table: Table;
  private readonly writer: RecordWriter;
  private readonly chains: number;
  /** Records that the table had at the start, and those written so far. */
  private readonly records: number;
  private written = 0;
  /** The chain that is next. */
  private at = 0;
  /** One bit per chain that was written out of turn; made when the first is. */
  private marks: Uint8Array | null = null;
  private guarding = true;

  /** Stands at the start of `table` as it is now, and guards it. */
  constructor(table: Table, writer: RecordWriter) {
    this.table = table;
    this.writer = writer;
    table.pauseRehash();
    this.chains = table.chainCount;
    this.records = table.size;
    addGuard(table, this);
  }

  beforeChange(table: Table, hash: number): void {
    this.changing(table.chainOf(hash));
    const old = table.oldChainOf(hash);
    if (old !== -1) this.changing(old);
  }

  private changing(chain: number): void {
    const { table, writer } = this;
    if (chain < this.at || this.isMarked(chain)) {
      writer.keep(chain);
      return;
    }
    assert(chain < this.chains, "a table that is walked has the chains that it had when the walk began");
    this.mark(chain);
    for (let address = table.chain(chain); address !== 0; address = table.next(address), this.written++) writer.write(chain, address, true);
  }

  /** Writes whole chains until about `budget` bytes have been read or the writer is blocked. Returns what they cost, in the same unit. */
  step(budget: number): number {
    const { table, writer, chains } = this;
    assert(this.guarding, "a table is walked only while it is guarded");
    assert(table.chainCount === chains, "chains do not move while a table is walked");
    let cost = 0;
    while (this.at < chains && cost < budget) {
      const chain = this.at++;
      cost += CHAIN_COST;
      let address = table.chain(chain);
      if (address === 0 || this.isMarked(chain)) continue;
      for (; address !== 0; address = table.next(address), this.written++) cost += RECORD_COST + writer.write(chain, address, false);
      if (writer.blocked) break;
    }
    assert(this.at < chains || this.written === this.records, "a walk has written each record that the table had at its start once");
    return cost;
  }

  /** Whether no chain is left to `step` through. */
  get through(): boolean {
    return this.at === this.chains;
  }

  /** The table may change, and rehash, as it likes. */
  release(): void {
    if (!this.guarding) return;
    this.guarding = false;
    assert(this.table.rehashPaused, "a table that is guarded does not rehash");
    removeGuard(this.table, this);
    this.table.resumeRehash();
  }

  private isMarked(chain: number): boolean {
    return this.marks !== null && (this.marks[chain >>> 3] & (1 << (chain & 7))) !== 0;
  }

  private mark(chain: number): void {
    this.marks ??= new Uint8Array((this.chains + 7) >>> 3);
    this.marks[chain >>> 3] |= 1 << (chain & 7);
  }
}
