/**
 * The constants of the RDB format, versions 1 to 12 (Redis 1.x to 7.4). Facts from rdb.h; what each version added: 2 to 4 compact
 * encodings, 3 expiry in milliseconds, 5 the checksum, 7 the quicklist, AUX and RESIZEDB, 8 binary doubles and modules, 9 streams, idle and
 * freq, 10 listpacks and function libraries, 11 the set listpack and active times of stream consumers, 12 expiry of hash fields.
 */

/** What every RDB file starts with, before four decimal digits of the version. */
export const RDB_MAGIC = "REDIS";
/** Bytes of magic and version. */
export const RDB_HEADER_BYTES = 9;
/** The newest version read. */
export const RDB_MAX_VERSION = 12;
/** The version written: what Redis 7.0 writes and every later Redis and Valkey loads. */
export const RDB_WRITTEN_VERSION = 10;
/** The first version with a checksum after the end-of-file opcode. */
export const RDB_FIRST_CHECKSUM_VERSION = 5;
/** Bytes of that checksum, little-endian; all zero when it was switched off. */
export const RDB_CHECKSUM_BYTES = 8;

/** Bytes that stand where a value type could. */
export const OPCODE = {
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
  hashMetadataPreGa: 22,
  hashListpackExPreGa: 23,
  hashMetadata: 24,
  hashListpackEx: 25,
} as const;

/** One more than the greatest value type. */
export const VALUE_TYPES = 26;

/** What to call each value type in a message; undefined where the number means nothing. */
export const VALUE_TYPE_NAMES: readonly (string | undefined)[] = [
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
  "hash with field expiry (7.4 release candidate)",
  "hash with field expiry (listpack, 7.4 release candidate)",
  "hash with field expiry",
  "hash with field expiry (listpack)",
];

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
