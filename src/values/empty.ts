/** How a value of each type begins: packed bytes with nothing in them. */

import { EMPTY_PACKED_BYTES, packedInit } from "../memory/packed.ts";
import { Encoding, Type } from "./value-types.ts";

export interface EmptyPacked {
  readonly encoding: Encoding;
  readonly bytes: Buffer;
}

const LISTPACK: EmptyPacked = { encoding: Encoding.LISTPACK, bytes: emptyListpack() };
/** Redis's intset: width 2 and length 0, 32-bit little-endian each. */
const INTSET: EmptyPacked = { encoding: Encoding.INTSET, bytes: Buffer.of(2, 0, 0, 0, 0, 0, 0, 0) };
const STREAM: EmptyPacked = { encoding: Encoding.STREAM, bytes: Buffer.alloc(0) };
const STRING: EmptyPacked = { encoding: Encoding.RAW, bytes: Buffer.alloc(0) };

/** The bytes are not to be changed. */
export function emptyPacked(type: Type): EmptyPacked {
  if (type === Type.SET) return INTSET;
  if (type === Type.STREAM) return STREAM;
  if (type === Type.STRING) return STRING;
  return LISTPACK;
}

function emptyListpack(): Buffer {
  const bytes = Buffer.alloc(EMPTY_PACKED_BYTES);
  packedInit(bytes, 0);
  return bytes;
}
