/**
 * The layout of a record, the one block that a table entry is. In 32-bit words from the start of the block:
 *
 *     0  next       address of the next record in the same bucket, 0 at the end
 *     1  hash       of the key, so that a rehash or a mismatch never reads key bytes
 *     2  lengths    key length (15 bits), value length (15 bits), flags (2 bits)
 *     3  meta       only in tables made with `meta`: type, encoding, access bits (keyspace/database.ts owns their meaning)
 *     +4 words      only with EXPIRES: expiry in ms (low, high word), two links for the owner's index of expiries
 *     +1 word       only when the value is outside: the handle of the object that holds it
 *     +1 word       only when the key is outside: likewise
 *     key bytes, value bytes
 *
 * A length of OUTSIDE_LENGTH says that the key is an object of its own; flag OUTSIDE says that of the value.
 */

export const NEXT = 0;
export const HASH = 1;
export const LENGTHS = 2;
export const META = 3;

/** Flags of a record: a bit each, EXPIRES the lowest and OUTSIDE above it, so that sizes are worked out without branches. */
export const EXPIRES = 1;
export const OUTSIDE = 2;

export const KEY_LENGTH_SHIFT = 17;
export const VALUE_LENGTH_SHIFT = 2;
export const VALUE_LENGTH_MASK = 0x7fff;
export const FLAGS_MASK = 3;

/** In place of a key's length: the key is in the object table. */
export const OUTSIDE_LENGTH = 0x7fff;
/** The longest key kept inside the record, in bytes; leaves room for the header and its extensions in the largest block. */
export const MAX_INLINE_KEY = 32 * 1024 - 64;

export const EXPIRY_WORDS = 4;
export const EXPIRY_BYTES = EXPIRY_WORDS * 4;
export const HANDLE_BYTES = 4;
