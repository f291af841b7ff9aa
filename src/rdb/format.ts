/**
 * The constants of the RDB format, of Redis to version 16 (8.12) and of Valkey to version 81 (9.2). Facts from rdb.h; what each version
 * added: 2 to 4 compact encodings, 3 expiry in milliseconds, 5 the checksum, 7 the quicklist, AUX and RESIZEDB, 8 binary doubles and modules,
 * 9 streams, idle and freq, 10 listpacks and function libraries, 11 the set listpack and active times of stream consumers. From there on the
 * two families went different ways, and gave the same numbers different meanings: 12 and 80 expiry of hash fields.
 */

/** Who writes an image, by its version. */
export type RdbFamily = "redis" | "valkey";

/** What the files of a family start with, before the version in decimal digits: nine bytes together. */
export const RDB_MAGIC: Readonly<Record<RdbFamily, string>> = { redis: "REDIS", valkey: "VALKEY" };
/** Bytes of magic and version. */
export const RDB_HEADER_BYTES = 9;
/** The versions of each family that are read, the oldest and the newest. */
export const RDB_VERSIONS: Readonly<Record<RdbFamily, readonly [number, number]>> = { redis: [1, 16], valkey: [80, 81] };
/** The newest version that both families read and write. */
export const RDB_COMMON_VERSION = 11;
/** The version written: what Redis 7.0 writes and every later Redis and Valkey loads. */
export const RDB_WRITTEN_VERSION: number = 10;
/** Likewise with hashes whose fields have times, for each family: the first version of each that has them. */
export const RDB_TIMED_VERSION: Readonly<Record<RdbFamily, number>> = { redis: 12, valkey: 80 };
/** The first version of Redis with bitmaps: their number was that of rate limiters before, in builds that had these. */
export const RDB_BITMAP_VERSION = 16;
/** The first version with a checksum after the end-of-file opcode. */
export const RDB_FIRST_CHECKSUM_VERSION = 5;
/** Bytes of that checksum, little-endian; all zero when it was switched off. */
export const RDB_CHECKSUM_BYTES = 8;

/** Bytes that stand where a value type could. */
export const OPCODE = {
  /** Redis 8.10: the names of the fields of hashes that share them. Valkey 9.2: a command between two entries, to be run there. */
  familyOwn: 242,
  /** Redis 8.6: what modules keep about the next key. Valkey 9: a slot being imported. */
  keyMeta: 243,
  /** Slot number, its keys, its expiring keys: sizes of one cluster slot (Redis 7.4, Valkey 8). */
  slotInfo: 244,
  /** Code of one function library. */
  function2: 245,
  /** Function libraries as the release candidates of 7.0 wrote them. */
  functionPreGa: 246,
  /** What a module saved that belongs to no key. */
  moduleAux: 247,
  /** Seconds since the next key was used. */
  idle: 248,
  /** One byte: the logarithmic use counter of the next key. */
  freq: 249,
  /** Name and value of a fact about the file. */
  aux: 250,
  /** How many keys, and how many with an expiry, the database has. */
  resizeDb: 251,
  /** When the next key expires: int64, little-endian, Unix time in ms. */
  expireTimeMs: 252,
  /** The same before version 3: int32, little-endian, Unix time in s. */
  expireTime: 253,
  /** Number of the database the following keys are in. */
  selectDb: 254,
  endOfFile: 255,
} as const;

/** The family whose version it is; null for one that is not read. */
export function familyOf(version: number): RdbFamily | null {
  const families: readonly RdbFamily[] = ["redis", "valkey"];
  return families.find((family) => version >= RDB_VERSIONS[family][0] && version <= RDB_VERSIONS[family][1]) ?? null;
}

/** How a value is stored: the byte before its key. */
export const VALUE_TYPE = {
  string: 0,
  list: 1,
  set: 2,
  zset: 3,
  hash: 4,
  zset2: 5,
  modulePreGa: 6,
  module2: 7,
  hashZipmap: 9,
  listZiplist: 10,
  setIntset: 11,
  zsetZiplist: 12,
  hashZiplist: 13,
  listQuicklist: 14,
  streamListpacks: 15,
  hashListpack: 16,
  zsetListpack: 17,
  listQuicklist2: 18,
  streamListpacks2: 19,
  setListpack: 20,
  streamListpacks3: 21,
} as const;

/** Value types that only Redis has. */
export const REDIS_TYPE = {
  /** Hashes with times of fields as the release candidates of 7.4 wrote them. */
  timedHashPreGa: 22,
  timedHashListpackPreGa: 23,
  timedHash: 24,
  timedHashListpack: 25,
  /** Streams with what producers were told (8.6), and with pending entries that belong to no consumer (8.8). */
  streamWithProducers: 26,
  streamWithUnowned: 27,
  /** Hashes whose fields are named by a template (8.10): in payloads with these names, in images by the number of the template. */
  templateListpack: 29,
  templateListpackByNumber: 30,
  templateElements: 31,
  templateElementsByNumber: 32,
  /** Roaring bitmap (8.12). */
  bitmap: 33,
} as const;

/** Value types that only Valkey has. */
export const VALKEY_TYPE = {
  timedHash: 22,
  /** Fields with values under each of several paths (9.2). */
  pathHash: 23,
} as const;

/** What to call each value type that both families have in a message; undefined where the number means nothing. */
const COMMON_TYPE_NAMES: readonly (string | undefined)[] = [
  "string",
  "list",
  "set",
  "sorted set (text scores)",
  "hash",
  "sorted set",
  "module value (4.0 release candidate)",
  "module value",
  undefined,
  "hash (zipmap)",
  "list (ziplist)",
  "set (intset)",
  "sorted set (ziplist)",
  "hash (ziplist)",
  "list (quicklist of ziplists)",
  "stream",
  "hash (listpack)",
  "sorted set (listpack)",
  "list (quicklist of listpacks)",
  "stream (7.0)",
  "set (listpack)",
  "stream (7.2)",
];

/** Likewise those that only one family has, from the number after the common ones on. */
const OWN_TYPE_NAMES: Readonly<Record<RdbFamily, readonly string[]>> = {
  redis: [
    "hash with field expiry (7.4 release candidate)",
    "hash with field expiry (listpack, 7.4 release candidate)",
    "hash with field expiry",
    "hash with field expiry (listpack)",
    "stream with idempotent producers",
    "stream with unowned pending entries",
    "array",
    "hash by template",
    "hash by template (reference)",
    "hash by template (listpack)",
    "hash by template (listpack, reference)",
    "Roaring bitmap",
  ],
  valkey: ["hash with field expiry (Valkey)", "path hash (Valkey)"],
};

/** What to call a value type of an image of this version; undefined where the number means nothing there. */
export function valueTypeName(type: number, version: number): string | undefined {
  if (type === REDIS_TYPE.bitmap && familyOf(version) === "redis" && version < RDB_BITMAP_VERSION) return "rate limiter (GCRA)";
  if (type < COMMON_TYPE_NAMES.length) return COMMON_TYPE_NAMES[type];
  const family = version > RDB_COMMON_VERSION ? familyOf(version) : "redis";
  return family === null ? undefined : OWN_TYPE_NAMES[family][type - COMMON_TYPE_NAMES.length];
}

/** The first byte of a length: its two high bits, or all of it for the two long forms. Long lengths are big-endian. */
export const LENGTH = {
  /** 00: the length is the six low bits. */
  bits6: 0x00,
  /** 01: six bits and the next byte. */
  bits14: 0x40,
  /** Four bytes follow. */
  bits32: 0x80,
  /** Eight bytes follow. */
  bits64: 0x81,
  /** 11: no length but a string in the encoding that the six low bits name. */
  encoded: 0xc0,
} as const;

export const MAX_LENGTH_6 = 0x3f;
export const MAX_LENGTH_14 = 0x3fff;
export const MAX_LENGTH_32 = 0xffffffff;

/** Encodings of a string. The integers are little-endian and signed. */
export const STRING_ENCODING = { int8: 0, int16: 1, int32: 2, lzf: 3 } as const;

/** The one-byte length of a double in text that is no length but a value by itself. */
export const TEXT_DOUBLE = { nan: 253, positiveInfinity: 254, negativeInfinity: 255 } as const;

/** What a module's data is made of. */
export const MODULE_OPCODE = { end: 0, signed: 1, unsigned: 2, float: 3, double: 4, string: 5 } as const;

/** How a node of a list (version 10 on) holds its elements: one long element as it stands, or a listpack. */
export const NODE_CONTAINER = { plain: 1, packed: 2 } as const;
