/** What a key can hold, by Redis's numbers (they appear in module APIs and in nothing that clients see). */
export const Type = { STRING: 0, LIST: 1, SET: 2, ZSET: 3, HASH: 4, STREAM: 6 } as const;
export type Type = (typeof Type)[keyof typeof Type];

/** How it is held: as bytes in the key's record (up to INTSET, and LISTPACK_EX), or as an object of its own. */
export const Encoding = {
  RAW: 0,
  INT: 1,
  EMBSTR: 2,
  LISTPACK: 3,
  INTSET: 4,
  QUICKLIST: 5,
  HASHTABLE: 6,
  SKIPLIST: 7,
  STREAM: 8,
  /** Hashes that have, or had, times of fields; these two are the last. */
  LISTPACK_EX: 9,
  HASHTABLE_EX: 10,
} as const;
export type Encoding = (typeof Encoding)[keyof typeof Encoding];

/** TYPE's words. */
export const TYPE_NAMES: Readonly<Record<Type, string>> = { 0: "string", 1: "list", 2: "set", 3: "zset", 4: "hash", 6: "stream" };

/** OBJECT ENCODING's words. */
export const ENCODING_NAMES: Readonly<Record<Encoding, string>> = {
  0: "raw",
  1: "int",
  2: "embstr",
  3: "listpack",
  4: "intset",
  5: "quicklist",
  6: "hashtable",
  7: "skiplist",
  8: "stream",
  9: "listpackex",
  10: "hashtable",
};

/** Strings up to this many bytes are `embstr`: Redis keeps them beside their header. */
export const EMBSTR_LIMIT = 44;
