/**
 * The way of a snapshot through one table. Chain by chain, in their order; a chain that is about to change before the walk has come to it is written first, and
 * marked so that the walk passes over it. Chains do not move meanwhile: rehash is paused. Hot: `beforeChange` runs at every write.
 */

import type { ExpiryIndex } from "../keyspace/expiry.ts";
import { addGuard, removeGuard } from "../memory/guards.ts";
import type { Table, TableGuard } from "../memory/table.ts";
import type { ImageWriter } from "./image-writer.ts";

/** What a chain and a record cost beside the bytes of the value, in the unit of those. */
const CHAIN_COST = 1;
const RECORD_COST = 64;

export class TableWalk implements TableGuard {
  readonly table: Table;
  readonly expiry: ExpiryIndex;
  /** The number that the database had at the start, and what it held then. */
  readonly database: number;
  readonly keys: number;
  readonly expires: number;
  /** Whether the image has said these figures. */
  announced = false;
  private readonly image: ImageWriter;
  private readonly chains: number;
  /** The chain that is next. */
  private at = 0;
  /** One bit per chain that was written out of turn; made when the first is. */
  private marks: Uint8Array | null = null;
  private guarding = true;

  /** Stands at the start of `table` as it is now, and guards it. */
  constructor(image: ImageWriter, database: { index: number; table: Table; expiry: ExpiryIndex }) {
    this.image = image;
    this.table = database.table;
    this.expiry = database.expiry;
    this.database = database.index;
    this.keys = this.table.size;
    this.expires = this.expiry.size;
    this.chains = this.table.chainCount;
    this.table.pauseRehash();
    addGuard(this.table, this);
  }

  beforeChange(table: Table, hash: number): void {
    this.changing(table.chainOf(hash));
    const old = table.oldChainOf(hash);
    if (old !== -1) this.changing(old);
  }

  private changing(chain: number): void {
    if (chain < this.at || this.isMarked(chain)) {
      this.image.keep(this, chain);
      return;
    }
    this.mark(chain);
    const { table, image } = this;
    for (let address = table.chain(chain); address !== 0; address = table.next(address)) image.write(this, chain, address, true);
  }

  /** Writes whole chains until they cost `budget` (about bytes) or the image is blocked. -> whether there is none left. */
  step(budget: number): boolean {
    const { table, image, chains } = this;
    let cost = 0;
    while (this.at < chains && cost < budget) {
      const chain = this.at++;
      cost += CHAIN_COST;
      let address = table.chain(chain);
      if (address === 0 || this.isMarked(chain)) continue;
      for (; address !== 0; address = table.next(address)) cost += RECORD_COST + image.write(this, chain, address, false);
      if (image.blocked) break;
    }
    return this.at === chains;
  }

  /** The table may change, and rehash, as it likes. */
  release(): void {
    if (!this.guarding) return;
    this.guarding = false;
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
