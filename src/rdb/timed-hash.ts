/**
 * Hashes with times of fields in every form that an image can hold them in:
 *
 *     Redis 22    count; of each field its time (as a length, 0: none), name, value. Release candidates of 7.4
 *     Redis 23    listpack of names, values and times (0: none) by turns. Likewise
 *     Redis 24    the soonest time (8 bytes), then as 22, but times count from the soonest and one more
 *     Redis 25    the soonest time (8 bytes), then as 23
 *     Valkey 22   count; of each field its name, value and time (8 bytes, -1: none)
 */

import { copyBytes, type Int64Words, WORD } from "../base/bytes.ts";
import { NO_TIME } from "../memory/expiring-map.ts";
import { Element, packedClose, packedFirst, packedNext, packedRead, packedValid, packedWords } from "../memory/packed.ts";
import { hashExpect, hashLength, hashSet } from "../values/hash/hash.ts";
import { setPackedTimes } from "../values/hash/packed-times.ts";
import { setFieldTime } from "../values/hash/timed.ts";
import type { Temporary } from "../values/temporary.ts";
import { Type } from "../values/value-types.ts";
import { BAD_LISTPACK, duplicate } from "./collection-value.ts";
import { RdbString } from "./entry.ts";
import { integrityFailure } from "./error.ts";
import type { RdbInput } from "./input.ts";
import { HASH_LISTPACK } from "./keyed-values.ts";
import { type ReadContext, STEP, type Step, type ValueReader } from "./value.ts";

/** How the times of a form are written. */
type TimesForm = "absolute" | "from the soonest" | "behind, in 8 bytes";

/** Times of fields have 48 bits; no server writes more. */
const MAX_TIME = 2 ** 48 - 1;

const name = new RdbString();
const content = new RdbString();

/** One that is read field by field. */
export class TimedFieldsReader implements ValueReader {
  private readonly form: TimesForm;
  private draft: Temporary | null = null;
  private left = 0;
  private base = 1;

  constructor(form: TimesForm) {
    this.form = form;
  }

  begin({ input, entry, handler }: ReadContext): Step {
    this.base = 1;
    if (this.form === "from the soonest") {
      if (!input.readInt64()) return STEP.incomplete;
      this.base = checkedTime(input, input.number);
    }
    if (!input.readLength()) return STEP.incomplete;
    this.left = input.value;
    if (this.left === 0) {
      handler.empty(entry);
      return STEP.done;
    }
    this.draft = handler.draft(Type.HASH);
    hashExpect(this.draft, Math.min(this.left, input.mostExpected), 0, 0);
    return STEP.more;
  }

  next({ input, entry, handler }: ReadContext): Step {
    const draft = this.draft as Temporary;
    const time = this.read(input);
    if (time === null) return STEP.incomplete;
    if (!hashSet(draft, name.bytes, name.from, name.to, content.bytes, content.from, content.to)) throw duplicate(input, "hash fields");
    if (time !== NO_TIME) setFieldTime(draft, name.bytes, name.from, name.to, time);
    if (--this.left > 0) return STEP.more;
    this.draft = null;
    handler.collection(entry, draft);
    return STEP.done;
  }

  /** Reads a field into `name` and `content`. Returns its time, or null when the window ends inside it. */
  private read(input: RdbInput): number | null {
    if (this.form === "behind, in 8 bytes") {
      if (!input.readString(name) || !input.readString(content) || !input.readInt64()) return null;
      return input.number === NO_TIME ? NO_TIME : checkedTime(input, input.number);
    }
    if (!input.readLength()) return null;
    const written = input.value;
    if (!input.readString(name) || !input.readString(content)) return null;
    return written === 0 ? NO_TIME : checkedTime(input, written + (this.form === "absolute" ? 0 : this.base - 1));
  }
}

function checkedTime(input: RdbInput, time: number): number {
  if (!(time >= 0 && time <= MAX_TIME)) throw input.error(`${time} is no time at which a field expires`, input.start);
  return time;
}

const words: Int64Words = { low: 0, high: 0 };
const field = new Element();
const value = new Element();

/** One that is a listpack, with the soonest time before it or without. */
export class TimedListpackReader implements ValueReader {
  private readonly hasSoonest: boolean;
  private readonly packed = new RdbString();
  /** The names and values of a listpack as one of its own, and the times. */
  private pairs = Buffer.allocUnsafeSlow(1024);
  private times: number[] = [];

  constructor(options: { readonly hasSoonest: boolean }) {
    this.hasSoonest = options.hasSoonest;
  }

  begin({ input, entry, handler }: ReadContext): Step {
    if (this.hasSoonest && !input.readInt64()) return STEP.incomplete;
    const { offset, pos: start } = input;
    if (!input.readString(this.packed)) return STEP.incomplete;
    const draft = handler.draft(Type.HASH);
    const { bytes, from, to } = this.packed;
    if (!packedValid(bytes, from, to, { step: 3 })) throw input.error(integrityFailure("Hash listpackex", BAD_LISTPACK), start);
    const length = this.split(bytes, from, to);
    if (length === 0) throw input.error("a time at which a field expires is none", start);
    const failure = HASH_LISTPACK.fill(draft, this.pairs, 0, length, offset, false);
    if (failure !== null) throw input.error(failure, start);
    this.giveTimes(draft);
    if (hashLength(draft) === 0) handler.empty(entry);
    else handler.collection(entry, draft);
    return STEP.done;
  }

  next(): Step {
    return STEP.done;
  }

  /** Puts names and values into `pairs`, times into `times`. Returns the length of the former, 0 when a time is none. */
  private split(bytes: Buffer, from: number, to: number): number {
    if (this.pairs.length < to - from) this.pairs = Buffer.allocUnsafeSlow((to - from) * 2);
    const { pairs, times } = this;
    times.length = 0;
    let end = packedFirst(pairs, 0);
    for (let at = packedFirst(bytes, from); at < to - 1; ) {
      const timeAt = packedNext(bytes, packedNext(bytes, at));
      end = copyBytes(pairs, end, bytes, at, timeAt);
      const time = packedWords(bytes, timeAt, words) ? words.high * WORD + (words.low >>> 0) : -1;
      if (time < 0 || time > MAX_TIME) return 0;
      times.push(time === 0 ? NO_TIME : time);
      at = packedNext(bytes, timeAt);
    }
    return packedClose(pairs, 0, end, times.length * 2);
  }

  private giveTimes(draft: Temporary): void {
    const { pairs, times } = this;
    if (times.every((time) => time === NO_TIME)) return;
    if (draft.object === null) return setPackedTimes(draft, times);
    let at = packedFirst(pairs, 0);
    for (const time of times) {
      at = packedRead(pairs, packedRead(pairs, at, field), value);
      if (time !== NO_TIME) setFieldTime(draft, field.bytes, field.from, field.to, time);
    }
  }
}
