/** What a key can hold, by Redis's numbers (they appear in module APIs and in nothing that clients see). */
export const Type = { STRING: 0, LIST: 1, SET: 2, ZSET: 3, HASH: 4, STREAM: 6 } as const;
export type Type = (typeof Type)[keyof typeof Type];

/** How it is held. */
export const Encoding = { RAW: 0, INT: 1, EMBSTR: 2 } as const;
export type Encoding = (typeof Encoding)[keyof typeof Encoding];

/** TYPE's words. */
export const TYPE_NAMES: Readonly<Record<Type, string>> = { 0: "string", 1: "list", 2: "set", 3: "zset", 4: "hash", 6: "stream" };

/** OBJECT ENCODING's words. */
export const ENCODING_NAMES: Readonly<Record<Encoding, string>> = { 0: "raw", 1: "int", 2: "embstr" };

/** Strings up to this many bytes are `embstr`: Redis keeps them beside their header. */
export const EMBSTR_LIMIT = 44;

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

/** What happens to a key whose time has passed when it is looked up. */
export const ExpiryMode = {
  /** It is deleted, and the deletion journalled: a master. */
  DELETE: 0,
  /** It reads as missing and stays until the master deletes it: a replica serving clients. */
  HIDE: 1,
  /** It reads as present: commands from the master, and loading. */
  KEEP: 2,
} as const;
export type ExpiryMode = (typeof ExpiryMode)[keyof typeof ExpiryMode];
