/**
 * Builds a list that is made at once (SORT STORE): elements are written into one listpack after another, each handed over when it is full.
 * Half the time of adding elements one by one, which opens the last node for each.
 */

import { copyBytes } from "../../base/bytes.ts";
import { EMPTY_PACKED_BYTES, packedClose, packedFirst, packedWrite } from "../../memory/packed.ts";
import type { Temporary } from "../temporary.ts";
import { Encoding } from "../value-types.ts";
import { ListEnd, listBuilding, listPush, listSettle } from "./list.ts";
import { ENTRY_OVERHEAD, exceedsListLimit } from "./quicklist.ts";

/** Longer elements are handed over by themselves. */
const MAX_ENTRY_BYTES = 4096;

export class ListBuilder {
  private readonly temporary: Temporary;
  private readonly node = Buffer.allocUnsafeSlow(128 * 1024);
  private at = packedFirst(this.node, 0);
  private count = 0;

  /** `temporary` is an empty list. */
  constructor(temporary: Temporary) {
    this.temporary = temporary;
  }

  /** Adds bytes[from, to), which do not lie in the list itself. */
  add(bytes: Buffer, from: number, to: number): void {
    const length = to - from;
    if (length > MAX_ENTRY_BYTES || length >= this.temporary.limits.plainNodeBytes) {
      this.handOver();
      listPush(this.temporary, bytes, from, to, ListEnd.TAIL);
      return;
    }
    if (this.count > 0 && exceedsListLimit(this.temporary.limits.listSize, this.at + 1 + length + ENTRY_OVERHEAD, this.count + 1))
      this.handOver();
    this.at = packedWrite(this.node, this.at, bytes, from, to);
    this.count++;
  }

  /** No more is to come: the list is complete. */
  finish(): void {
    const { temporary } = this;
    if (temporary.object !== null || temporary.to - temporary.from > EMPTY_PACKED_BYTES) this.handOver();
    else if (this.count > 0) {
      const length = packedClose(this.node, 0, this.at, this.count);
      temporary.setPacked(Encoding.LISTPACK, length);
      copyBytes(temporary.buffer, temporary.from, this.node, 0, length);
    }
    listSettle(temporary);
  }

  private handOver(): void {
    if (this.count > 0) listBuilding(this.temporary).appendPacked(this.node, 0, packedClose(this.node, 0, this.at, this.count), this.count);
    this.at = packedFirst(this.node, 0);
    this.count = 0;
  }
}
