/** The patterns of SORT's BY and GET: the element takes the place of the first star in the name of a key, of which `->` names a field if it is a hash. */

import { copyBytes } from "../../base/bytes.ts";
import type { Context } from "../../execution/context.ts";
import { Value } from "../../keyspace/value.ts";
import { Element } from "../../memory/packed.ts";
import { hashGet } from "../../values/hash/hash.ts";
import { Type } from "../../values/value-types.ts";

const STAR = 0x2a;
const HASH_SIGN = 0x23;

export class PatternKey {
  /** What `look` found; good until the next look. */
  readonly found = new Element();
  private readonly ctx: Context;
  private readonly value: Value;
  /** `#`: the element itself. */
  private readonly itself: boolean;
  private readonly prefix: Buffer | null;
  private readonly suffix: Buffer;
  private readonly field: Buffer | null;
  private name = Buffer.allocUnsafeSlow(256);

  constructor(ctx: Context, pattern: Buffer) {
    this.ctx = ctx;
    this.value = new Value(ctx.host.keyspace);
    this.itself = pattern.length === 1 && pattern[0] === HASH_SIGN;
    const star = pattern.indexOf(STAR);
    const arrow = star === -1 ? -1 : pattern.indexOf("->", star + 1);
    const hasField = arrow !== -1 && arrow + 2 < pattern.length;
    this.prefix = star === -1 ? null : pattern.subarray(0, star);
    this.suffix = pattern.subarray(star + 1, hasField ? arrow : pattern.length);
    this.field = hasField ? pattern.subarray(arrow + 2) : null;
  }

  /** Looks up what the pattern makes of the element bytes[from, to). -> whether there is such a string or field. */
  look(bytes: Buffer, from: number, to: number): boolean {
    const { found, prefix, field, value } = this;
    if (this.itself) {
      found.bytes = bytes;
      found.from = from;
      found.to = to;
      return true;
    }
    if (prefix === null) return false;
    const length = this.nameFor(prefix, bytes, from, to);
    const { ctx } = this;
    const { database } = ctx;
    const address = database.read(ctx, this.name, 0, length);
    if (address === 0) return false;
    if (field !== null) {
      if (database.type(address) !== Type.HASH) return false;
      value.open(database, address, ctx.keyHash, Type.HASH, this.name, 0, length);
      return hashGet(value, field, 0, field.length, found);
    }
    if (database.type(address) !== Type.STRING) return false;
    const span = database.locateString(address);
    found.bytes = span.buffer;
    found.from = span.from;
    found.to = span.to;
    return true;
  }

  /** Writes the key's name to `name`. -> its length. */
  private nameFor(prefix: Buffer, bytes: Buffer, from: number, to: number): number {
    const length = prefix.length + to - from + this.suffix.length;
    if (length > this.name.length) this.name = Buffer.allocUnsafeSlow(length * 2);
    const afterPrefix = copyBytes(this.name, 0, prefix, 0, prefix.length);
    const afterElement = copyBytes(this.name, afterPrefix, bytes, from, to);
    copyBytes(this.name, afterElement, this.suffix, 0, this.suffix.length);
    return length;
  }
}
