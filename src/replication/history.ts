/** Which history of writes the data belongs to (PSYNC2): a replication id, and the one before a promotion with the offset up to which it holds. */

import { assert } from "../assert.ts";
import { randomHex } from "../base/random.ts";

/** Hexadecimal digits of a replication id. */
export const REPLICATION_ID_LENGTH = 40;
const NO_ID = "0".repeat(REPLICATION_ID_LENGTH);

export class History {
  id = newReplicationId();
  /** The id before the last promotion; zeros for none. */
  formerId = NO_ID;
  /** The first offset, counted from 1, that `formerId` does not cover; -1 without one. */
  formerOffset = -1;

  /** Begins a history that has nothing to do with any other. */
  renew(): void {
    this.adopt(newReplicationId());
  }

  /** Takes on a master's history whole. */
  adopt(id: string): void {
    assert(id.length === REPLICATION_ID_LENGTH, "replicas compare 40 digits: a shorter id would never be found again");
    this.id = id;
    this.formerId = NO_ID;
    this.formerOffset = -1;
  }

  /** Goes on under another id, what lies before `offset` bytes being common to both: the id of a promoted master, or a new one. */
  branch(offset: number, id: string = newReplicationId()): void {
    assert(id.length === REPLICATION_ID_LENGTH, "replicas compare 40 digits: a shorter id would never be found again");
    assert(id !== this.id, "under the same id, replicas could not tell what is common from what is not");
    assert(offset >= 0 && offset + 1 >= this.formerOffset, "offsets never go back within a history");
    this.formerId = this.id;
    this.formerOffset = offset + 1;
    this.id = id;
  }

  /** Whether a replica that has the history of `id` and asks for the byte at `offset`, counted from 1, has ours. */
  covers(id: string, offset: number): boolean {
    return id === this.id || (id === this.formerId && offset <= this.formerOffset);
  }

  knows(id: string): boolean {
    return id === this.id || id === this.formerId;
  }
}

function newReplicationId(): string {
  return randomHex(REPLICATION_ID_LENGTH);
}
