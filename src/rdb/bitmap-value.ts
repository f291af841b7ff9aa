/**
 * Roaring bitmaps as keys (Redis 8.12), read as the strings that their bits make: one atom.
 *
 *     length of the string in bytes, the bitmap in its portable form (roaring.ts)
 */

import { RdbString } from "./entry.ts";
import { expandRoaring } from "./roaring.ts";
import { type ReadContext, STEP, type Step, type ValueReader } from "./value.ts";

/** The longest string that a bitmap is read as: Redis's limit on strings. A bitmap of a few bytes may stand for any length. */
const MOST_BYTES = 512 * 1024 * 1024;

export class BitmapReader implements ValueReader {
  private readonly packed = new RdbString();

  begin({ input, entry, handler }: ReadContext): Step {
    if (!input.readLength()) return STEP.incomplete;
    const length = input.value;
    const start = input.pos;
    if (!input.readString(this.packed)) return STEP.incomplete;
    if (length > MOST_BYTES) {
      const key = JSON.stringify(entry.key.text().slice(0, 128));
      throw input.error(`the bitmap of key ${key} stands for ${length} bytes, a string has ${MOST_BYTES} at most`, start);
    }
    const target = entry.value.allocate(length);
    target.fill(0, 0, length);
    const { bytes, from, to } = this.packed;
    const failure = expandRoaring(bytes, from, to, target.subarray(0, length));
    if (failure !== null) throw input.error(`bad bitmap: ${failure}`, start);
    handler.string(entry);
    return STEP.done;
  }

  next(): Step {
    return STEP.done;
  }
}
