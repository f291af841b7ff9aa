/** What a file is broken by, and where. */

import type { RdbError } from "../../rdb/error.ts";
import { valueTypeName } from "../../rdb/format.ts";
import type { RdbReader } from "../../rdb/reader.ts";

export interface Damage {
  /** In the file; of an image that is packed as a whole, in the image. */
  readonly offset: number;
  readonly reason: string;
  /** What was being read there; null where that was no key and no value. */
  readonly reading: { readonly database: number; readonly key: string; readonly type: string } | null;
  /** Whole keys, or commands, before it. */
  readonly before: number;
}

/** The damage that ended the reading of an image. */
export function damageOf(error: RdbError, reader: RdbReader, found: { readonly selected: number; readonly keys: number }): Damage {
  const { underWay } = reader;
  const reading =
    underWay === null
      ? null
      : { database: found.selected, key: underWay.key, type: valueTypeName(underWay.type, reader.version) ?? `type ${underWay.type}` };
  return { offset: error.offset, reason: error.reason, reading, before: found.keys };
}
