/**
 * What a data type asks of the place that holds its value: a key (keyspace/value.ts) or a value that has no key yet (temporary.ts). While
 * the value is small it is packed bytes, buffer[from, to), that are edited with `splice`; when it grows past its limits it becomes an
 * object.
 */

import type { LargeObject } from "../memory/objects.ts";
import { EMPTY_PACKED_BYTES, type PackedSpace, packedInit } from "../memory/packed.ts";
import type { TableSpace } from "../memory/record-table.ts";
import type { ValueLimits } from "./limits.ts";
import { Encoding, Type } from "./value-types.ts";

export interface Holder extends PackedSpace {
  /** Where objects are to allocate. */
  readonly tables: TableSpace;
  readonly limits: ValueLimits;
  readonly encoding: Encoding;
  /** The value when it is no longer packed; null while it is. */
  readonly object: LargeObject | null;
  /** Fields of a hash with a time before this one are hidden, in ms since 1970; 0 to see them all. */
  readonly hiddenBefore: number;
  /** Puts packed bytes of this length, undefined, in the place of what is held. (What was read of that must have been copied.) */
  setPacked(encoding: Encoding, length: number): void;
  /** `object` takes the place of the packed bytes, which may be read until then. */
  setObject(encoding: Encoding, object: LargeObject): void;
}

/** How a value begins: packed bytes with nothing in them, which are not to be changed. */
interface EmptyPacked {
  readonly encoding: Encoding;
  readonly bytes: Buffer;
}

const LISTPACK: EmptyPacked = { encoding: Encoding.LISTPACK, bytes: Buffer.alloc(EMPTY_PACKED_BYTES) };
packedInit(LISTPACK.bytes, 0);

/** By type. A set begins as Redis's intset of width 2 and length 0, 32-bit little-endian each. */
const EMPTY: Readonly<Record<Type, EmptyPacked>> = {
  [Type.STRING]: { encoding: Encoding.RAW, bytes: Buffer.alloc(0) },
  [Type.LIST]: LISTPACK,
  [Type.SET]: { encoding: Encoding.INTSET, bytes: Buffer.of(2, 0, 0, 0, 0, 0, 0, 0) },
  [Type.ZSET]: LISTPACK,
  [Type.HASH]: LISTPACK,
  [Type.STREAM]: { encoding: Encoding.STREAM, bytes: Buffer.alloc(0) },
};

export function emptyPacked(type: Type): EmptyPacked {
  return EMPTY[type];
}
