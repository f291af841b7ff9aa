/** Values in the forms that Redis 5 and 6 read (version 9): collections as their elements, streams without what later versions know of them. */

import { assert } from "../../assert.ts";
import { VALUE_TYPE } from "../../rdb/format.ts";
import type { RdbWriter } from "../../rdb/writer.ts";
import { RdbSink } from "../../snapshot/sinks/rdb.ts";
import type { GroupFacts } from "../../snapshot/value-walk.ts";
import type { StreamFacts } from "../../values/stream/stream.ts";
import type { StreamId } from "../../values/stream/stream-id.ts";
import { Encoding, Type } from "../../values/value-types.ts";

/** The value type that a value is written as. Lists are not among them: they are carried node by node. */
export function olderTypeOf(type: Type, encoding: Encoding): number {
  switch (type) {
    case Type.STRING:
      return VALUE_TYPE.string;
    case Type.SET:
      return encoding === Encoding.INTSET ? VALUE_TYPE.setIntset : VALUE_TYPE.set;
    case Type.ZSET:
      return VALUE_TYPE.zset2;
    case Type.HASH:
      return VALUE_TYPE.hash;
    case Type.STREAM:
      return VALUE_TYPE.streamListpacks;
    case Type.LIST:
      assert(false, "lists are carried node by node");
  }
}

export class OlderSink extends RdbSink {
  constructor(out: RdbWriter) {
    super(out, { family: "redis", modern: false });
  }

  override packed(type: Type, encoding: Encoding, bytes: Buffer, from: number, to: number): boolean {
    return encoding === Encoding.INTSET && super.packed(type, encoding, bytes, from, to);
  }

  override streamFacts(length: number, { lastId }: StreamFacts, groups: number): void {
    this.out.length(length);
    this.idLengths(lastId);
    this.out.length(groups);
  }

  override group({ name, lastId, pending }: GroupFacts): void {
    this.out.rawString(name, 0, name.length);
    this.idLengths(lastId);
    this.out.length(pending.size);
  }

  private idLengths({ msHigh, msLow, seqHigh, seqLow }: StreamId): void {
    this.out.length64(msHigh, msLow);
    this.out.length64(seqHigh, seqLow);
  }
}
