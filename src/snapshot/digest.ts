/**
 * The arithmetic of DEBUG DIGEST and DEBUG DIGEST-VALUE: a fingerprint of a data set that does not depend on the order of keys, of a set's
 * members, of a hash's fields; and does depend on everything else. It is exactly Redis's (computeDatasetDigest and xorObjectDigest in
 * debug.c), so that two servers can be compared by one line each. Built on SHA-1: `xor` for what has no order, `mix` for what has.
 */
import { copyBytes } from "../base/bytes.ts";

const DIGEST_BYTES = 20;
const NO_DIGEST = "0".repeat(DIGEST_BYTES * 2);
const EXPIRE_MARK = Buffer.from("!!expire!!");

/** The numbers that stand for the types in a digest. */
export const DIGEST_TYPE = { string: 0, list: 1, set: 2, zset: 3, hash: 4, module: 5, stream: 6 } as const;
export type DigestType = (typeof DIGEST_TYPE)[keyof typeof DIGEST_TYPE];

/** Scratch of whoever hashes: filled and used up within one call. */
const hash = Buffer.alloc(DIGEST_BYTES);
const number = Buffer.alloc(4);

/**
 * One running digest, of a key, a value, an element or a data set; all zero at first. What each type puts in, after `mixType` and before
 * `xorExpiry`:
 *
 *     string   mix(value)
 *     list     mix(element), first to last
 *     set      xor(member), any order
 *     hash     xorDigest(e) for each field, where e = a cleared digest, mix(field), mix(value)
 *     zset     xorDigest(e) for each member, where e = a cleared digest, mix(member), mix(score as shortest text)
 *     stream   mix("<ms>.<seq>"), then mix(field), mix(value) of each pair, first to last
 */
export class Digest {
  readonly bytes = Buffer.alloc(DIGEST_BYTES);

  /** Back to zero, to be used again. -> itself. */
  clear(): this {
    this.bytes.fill(0);
    return this;
  }

  /** Adds data[from, to) without regard to order: digest ^= SHA1(data). */
  xor(data: Buffer, from: number, to: number): void {
    Bun.SHA1.hash(from === 0 && to === data.length ? data : data.subarray(from, to), hash);
    const bytes = this.bytes;
    for (let i = 0; i < DIGEST_BYTES; i++) bytes[i] ^= hash[i];
  }

  /** Adds data[from, to) as the next of a sequence: digest = SHA1(digest ^ SHA1(data)). */
  mix(data: Buffer, from: number, to: number): void {
    this.xor(data, from, to);
    Bun.SHA1.hash(this.bytes, hash);
    copyBytes(this.bytes, 0, hash, 0, DIGEST_BYTES);
  }

  /** `xor` of another digest's 20 bytes: how an element joins its collection and a key its data set. */
  xorDigest(other: Digest): void {
    this.xor(other.bytes, 0, DIGEST_BYTES);
  }

  /** Begins a value: its type. */
  mixType(type: DigestType): void {
    this.mixNumber(type);
  }

  /** Ends a value whose key has an expiry; when it expires does not count. */
  xorExpiry(): void {
    this.xor(EXPIRE_MARK, 0, EXPIRE_MARK.length);
  }

  /** `mix` of a 32-bit number, big-endian. */
  mixNumber(value: number): void {
    number.writeUInt32BE(value);
    this.mix(number, 0, number.length);
  }

  /** 40 hexadecimal digits, as DEBUG DIGEST shows them. */
  hex(): string {
    return this.bytes.toString("hex");
  }
}

/** Adds a whole string value: for DEBUG DIGEST-VALUE to a cleared digest, for a data set to that of the key. */
export function digestString(digest: Digest, data: Buffer, from: number, to: number, hasExpiry: boolean): void {
  digest.mixType(DIGEST_TYPE.string);
  digest.mix(data, from, to);
  if (hasExpiry) digest.xorExpiry();
}

/** What DEBUG DIGEST-VALUE shows for a key that does not exist, and DEBUG DIGEST for no keys at all. */
export const EMPTY_DIGEST: string = NO_DIGEST;

/**
 * The digest of all databases. For each that is not empty, in ascending order: `database`, then for each of its keys `beginKey`, the value,
 * `endKey`.
 */
export class DatasetDigest {
  private readonly total = new Digest();
  private readonly key = new Digest();

  /** The keys that follow are in database `index`. Not to be called for an empty one. */
  database(index: number): void {
    this.total.mixNumber(index);
  }

  /** Begins a key. -> the digest that its value is to be added to. */
  beginKey(data: Buffer, from: number, to: number): Digest {
    const key = this.key.clear();
    key.mix(data, from, to);
    return key;
  }

  /** Adds the key begun last. */
  endKey(): void {
    this.total.xorDigest(this.key);
  }

  hex(): string {
    return this.total.hex();
  }
}
