/**
 * DEBUG DIGEST and DEBUG DIGEST-VALUE: a fingerprint of a data set that does not depend on the order of keys, of a set's members, of a
 * hash's fields; and does depend on everything else. It is exactly Redis's (computeDatasetDigest and xorObjectDigest in debug.c), so that
 * two servers can be compared by one line each. Built on SHA-1: `xor` for what has no order, `mix` for what has.
 */

import { copyBytes } from "../../base/bytes.ts";
import { MAX_DOUBLE_BYTES, writeDouble } from "../../base/numbers/doubles.ts";
import { MAX_ID_TEXT, type StreamId } from "../../values/stream/stream-id.ts";
import type { FieldReader } from "../../values/stream/stream-node.ts";
import { Type } from "../../values/value-types.ts";
import { type ReadValue, walkValue } from "../value-walk.ts";
import { WholeValues } from "./whole-values.ts";

const DIGEST_BYTES = 20;
const EXPIRE_MARK = Buffer.from("!!expire!!");
const DASH = 0x2d;
const POINT = 0x2e;

/** Scratch of one call. */
const hash = Buffer.alloc(DIGEST_BYTES);
const number = Buffer.alloc(4);
const text = Buffer.allocUnsafeSlow(Math.max(MAX_DOUBLE_BYTES, MAX_ID_TEXT));

/** One running digest, of a key, a value, an element or a data set; all zero at first. */
export class Digest {
  readonly bytes = Buffer.alloc(DIGEST_BYTES);

  /** Back to zero, to be used again. Returns itself. */
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

/**
 * Adds a value to a digest: first its type, then
 *
 *     string   mix(value)
 *     list     mix(element), first to last
 *     set      xor(member), any order
 *     hash     xorDigest(e) for each field, where e = a cleared digest, mix(field), mix(value)
 *     zset     xorDigest(e) for each member, where e = a cleared digest, mix(member), mix(score as shortest text)
 *     stream   mix("<ms>.<seq>"), then mix(field), mix(value) of each pair, first to last
 */
class DigestSink extends WholeValues {
  digest = new Digest();
  private readonly part = new Digest();
  private ordered = true;

  string(bytes: Buffer, from: number, to: number): void {
    this.digest.mixNumber(Type.STRING);
    this.digest.mix(bytes, from, to);
  }

  collection(type: Type): void {
    this.digest.mixNumber(type);
    this.ordered = type !== Type.SET;
  }

  element(bytes: Buffer, from: number, to: number): void {
    if (this.ordered) this.digest.mix(bytes, from, to);
    else this.digest.xor(bytes, from, to);
  }

  scored(bytes: Buffer, from: number, to: number, score: number): void {
    this.pair(bytes, from, to, text, 0, writeDouble(text, 0, score));
  }

  timedHash(): void {
    this.collection(Type.HASH);
  }

  field(bytes: Buffer, from: number, to: number, value: Buffer, valueFrom: number, valueTo: number): void {
    this.pair(bytes, from, to, value, valueFrom, valueTo);
  }

  private pair(first: Buffer, from: number, to: number, second: Buffer, secondFrom: number, secondTo: number): void {
    this.part.clear().mix(first, from, to);
    this.part.mix(second, secondFrom, secondTo);
    this.digest.xorDigest(this.part);
  }

  entry(id: StreamId, count: number, fields: FieldReader): void {
    const { digest } = this;
    const length = id.writeText(text, 0);
    text[text.indexOf(DASH)] = POINT; // digests have the two numbers with a point between them
    digest.mix(text, 0, length);
    for (let left = count; left > 0; left--) {
      fields.next();
      digest.mix(fields.field.bytes, fields.field.from, fields.field.to);
      const { bytes, from, to } = fields.value.joined();
      digest.mix(bytes, from, to);
    }
  }
}

const sink = new DigestSink();

/** Adds what `value` holds to a cleared digest, or to that of its key. When the key expires does not count, only whether it does. */
export function digestValue(digest: Digest, type: Type, value: ReadValue, hasExpiry: boolean): void {
  sink.digest = digest;
  walkValue(sink, type, value);
  if (hasExpiry) digest.xor(EXPIRE_MARK, 0, EXPIRE_MARK.length);
}

/** The digest of all databases: of each that is not empty, upwards, `database`, then of each key `beginKey`, the value, `endKey`. */
export class DatasetDigest {
  private readonly total = new Digest();
  private readonly key = new Digest();

  /** The keys that follow are in database `index`. Not to be called for an empty one. */
  database(index: number): void {
    this.total.mixNumber(index);
  }

  /** Begins a key. Returns the digest that its value is to be added to. */
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
