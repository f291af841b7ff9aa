/** The value of a key as the sinks of images see it: a `Holder` over a record that is only read. One for many records. */

import { assert } from "../assert.ts";
import { metaEncoding } from "../keyspace/record-meta.ts";
import { Blob, type LargeObject } from "../memory/objects.ts";
import { OUTSIDE } from "../memory/record.ts";
import type { Table, TableSpace } from "../memory/record-table.ts";
import type { Holder } from "../values/holder.ts";
import { DEFAULT_LIMITS, type ValueLimits } from "../values/limits.ts";
import { Encoding } from "../values/value-types.ts";

export class StoredValue implements Holder {
  /** Of no use here: limits decide about changes. */
  readonly limits: ValueLimits = DEFAULT_LIMITS;
  readonly hiddenBefore = 0;
  encoding: Encoding = Encoding.RAW;
  object: LargeObject | null = null;
  buffer: Buffer = Buffer.alloc(0);
  from = 0;
  to = 0;
  private space: TableSpace | null = null;

  /** Shows what the record at `address` holds. Returns itself, good until the next change of anything. */
  show(table: Table, address: number): this {
    this.space = table.space;
    this.encoding = metaEncoding(table.meta(address));
    this.object = null;
    if ((table.flags(address) & OUTSIDE) === 0) {
      table.locateValue(address, this);
      return this;
    }
    const held = table.space.objects.get(table.handle(address));
    this.from = 0;
    if (held instanceof Blob) {
      this.buffer = held.buffer;
      this.to = held.length;
    } else {
      this.object = held;
      this.to = 0;
    }
    return this;
  }

  get tables(): TableSpace {
    assert(this.space !== null, "a stored value is shown before it is read");
    return this.space;
  }

  splice(): never {
    assert(false, "a stored value is only read");
  }

  setPacked(): never {
    assert(false, "a stored value is only read");
  }

  setObject(): never {
    assert(false, "a stored value is only read");
  }
}
