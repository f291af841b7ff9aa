/** The meta word of a key's record: access, type and encoding in 32 bits. */

import type { Encoding, Type } from "../values/value-types.ts";

/*
 * The meta word of a record: bits 0-23 access (LRU clock or LFU counter, keyspace/access.ts), 24-27 type, 28-31 encoding.
 */
export const ACCESS_MASK = 0xffffff;
const TYPE_SHIFT = 24;
const ENCODING_SHIFT = 28;

export function makeMeta(type: Type, encoding: Encoding, access: number): number {
  return access | (type << TYPE_SHIFT) | (encoding << ENCODING_SHIFT);
}

export function metaType(meta: number): Type {
  return ((meta >>> TYPE_SHIFT) & 15) as Type;
}

export function metaEncoding(meta: number): Encoding {
  return (meta >>> ENCODING_SHIFT) as Encoding;
}
