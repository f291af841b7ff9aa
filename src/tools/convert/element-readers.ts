/** Values that are read and written part by part in another form, so that one of any size takes no memory. */

import { MAX_PACKED_BYTES, packedCount, packedValid } from "../../memory/packed.ts";
import { RdbString } from "../../rdb/entry.ts";
import { NODE_CONTAINER, VALKEY_TYPE, VALUE_TYPE } from "../../rdb/format.ts";
import { type ReadContext, STEP, type Step, type ValueReader } from "../../rdb/value.ts";
import type { RdbWriter } from "../../rdb/writer.ts";
import { ZiplistWriter } from "./ziplist-writer.ts";

/** Where entries go. */
export interface EntryTarget {
  readonly out: RdbWriter;
  /** Writes what stands before the value of an entry: its value begins at the position `at` of the window. */
  head(context: ReadContext, type: number, at: number): void;
  /** An entry has been written. */
  written(): void;
}

const text = new RdbString();

/** Lists of listpacks, to lists of ziplists: of versions before 10. */
export class ListAsZiplists implements ValueReader {
  private readonly target: EntryTarget;
  private readonly ziplist = new ZiplistWriter();
  private left = 0;

  constructor(target: EntryTarget) {
    this.target = target;
  }

  begin(context: ReadContext): Step {
    const { input } = context;
    const at = input.pos;
    if (!input.readLength()) return STEP.incomplete;
    this.left = input.value;
    this.target.head(context, VALUE_TYPE.listQuicklist, at);
    this.target.out.length(this.left);
    return this.left > 0 ? STEP.more : this.over();
  }

  next({ input }: ReadContext): Step {
    const { ziplist } = this;
    if (!input.readLength()) return STEP.incomplete;
    const container = input.value;
    if (!input.readString(text)) return STEP.incomplete;
    const { bytes, from, to } = text;
    if (container === NODE_CONTAINER.plain) ziplist.fromElement(bytes, from, to);
    else {
      if (
        container !== NODE_CONTAINER.packed ||
        to - from > MAX_PACKED_BYTES ||
        !packedValid(bytes, from, to) ||
        packedCount(bytes, from) === 0
      )
        throw input.error("Quicklist integrity check failed: a node is neither a listpack nor one element", input.start);
      ziplist.fromListpack(bytes, from);
    }
    this.target.out.rawString(ziplist.bytes, 0, ziplist.length);
    return --this.left > 0 ? STEP.more : this.over();
  }

  private over(): Step {
    this.target.written();
    return STEP.done;
  }
}

const NO_TIME = -1;

/** Hashes with times of fields in Redis's form, to Valkey's. */
export class TimedAsValkey implements ValueReader {
  private readonly target: EntryTarget;
  private left = 0;
  private base = 0;

  constructor(target: EntryTarget) {
    this.target = target;
  }

  begin(context: ReadContext): Step {
    const { input } = context;
    const at = input.pos;
    if (!input.readInt64()) return STEP.incomplete;
    this.base = input.number;
    if (!input.readLength()) return STEP.incomplete;
    this.left = input.value;
    this.target.head(context, VALKEY_TYPE.timedHash, at);
    this.target.out.length(this.left);
    return this.left > 0 ? STEP.more : this.over();
  }

  next({ input }: ReadContext): Step {
    if (!input.readLength()) return STEP.incomplete;
    const time = input.value === 0 ? NO_TIME : this.base + input.value - 1;
    const from = input.pos;
    if (!input.readString(text) || !input.readString(text)) return STEP.incomplete;
    const { out } = this.target;
    out.raw(input.bytes, from, input.pos);
    out.int64(time);
    return --this.left > 0 ? STEP.more : this.over();
  }

  private over(): Step {
    this.target.written();
    return STEP.done;
  }
}
