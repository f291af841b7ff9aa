/**
 * Path hashes (Valkey 9.2): fields with values under each of several paths. Read as one hash, whose fields are called path, slash, field.
 *
 *     number of paths; of each: path, number of fields; of each field: name, value
 */

import { copyBytes } from "../base/bytes.ts";
import { hashExpect, hashSet } from "../values/hash/hash.ts";
import type { Temporary } from "../values/temporary.ts";
import { Type } from "../values/value-types.ts";
import { duplicate } from "./collection-value.ts";
import { RdbString } from "./entry.ts";
import { type ReadContext, STEP, type Step, type ValueReader } from "./value.ts";

const SLASH = 0x2f;

const name = new RdbString();
const content = new RdbString();

export class PathHashReader implements ValueReader {
  private draft: Temporary | null = null;
  private pathsLeft = 0;
  private fieldsLeft = 0;
  /** The path and a slash, of `prefix` bytes, and room for a name behind them. */
  private field = Buffer.allocUnsafeSlow(1024);
  private prefix = 0;

  begin({ input, entry, handler }: ReadContext): Step {
    if (!input.readLength()) return STEP.incomplete;
    this.pathsLeft = input.value;
    this.fieldsLeft = 0;
    if (this.pathsLeft === 0) {
      handler.empty(entry);
      return STEP.done;
    }
    this.draft = handler.draft(Type.HASH);
    hashExpect(this.draft, Math.min(this.pathsLeft, input.mostExpected), 0, 0);
    return STEP.more;
  }

  next({ input, entry, handler }: ReadContext): Step {
    const draft = this.draft as Temporary;
    if (!input.readString(name)) return STEP.incomplete;
    const { bytes, from, to } = name;
    if (this.fieldsLeft === 0) {
      if (!input.readLength()) return STEP.incomplete;
      if (input.value === 0) throw input.error("a path of a path hash has no fields", input.start);
      this.fieldsLeft = input.value;
      this.prefix = 0;
      this.append(bytes, from, to);
      this.field[this.prefix++] = SLASH;
      return STEP.more;
    }
    if (!input.readString(content)) return STEP.incomplete;
    const { prefix } = this;
    this.append(bytes, from, to);
    const length = this.prefix;
    this.prefix = prefix;
    if (!hashSet(draft, this.field, 0, length, content.bytes, content.from, content.to))
      throw duplicate(input, "fields of a path hash, their path before them,");
    if (--this.fieldsLeft > 0 || --this.pathsLeft > 0) return STEP.more;
    this.draft = null;
    handler.collection(entry, draft);
    return STEP.done;
  }

  private append(bytes: Buffer, from: number, to: number): void {
    const needed = this.prefix + (to - from) + 1;
    if (needed > this.field.length) {
      const larger = Buffer.allocUnsafeSlow(needed * 2);
      copyBytes(larger, 0, this.field, 0, this.prefix);
      this.field = larger;
    }
    this.prefix = copyBytes(this.field, this.prefix, bytes, from, to);
  }
}
