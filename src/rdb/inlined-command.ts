/**
 * A command between two entries of an image (opcode 242 of Valkey 9.2): what a client changed while the image was made without a fork, in
 * the form of a request, of the database that the image has selected. One atom.
 */

import type { RdbInput } from "./input.ts";
import { type ReadContext, STEP, type Step, type ValueReader } from "./value.ts";

const ARRAY = 0x2a;
const BULK = 0x24;
const CR = 0x0d;
const LF = 0x0a;
const ZERO = 0x30;
const MOST_DIGITS = 10;
/** Redis's limit on the words of a request. */
const MOST_WORDS = 1024 * 1024;
/** The longest string. */
const MOST_BYTES = 0xffff_ffff;

export class InlinedCommandReader implements ValueReader {
  begin({ input, handler }: ReadContext): Step {
    const count = readNumber(input, ARRAY, MOST_WORDS);
    if (count === null) return STEP.incomplete;
    if (count === 0) throw input.error("a command of the image has no words", input.start);
    const words: Buffer[] = [];
    while (words.length < count) {
      const length = readNumber(input, BULK, MOST_BYTES);
      if (length === null || !input.has(length + 2)) return STEP.incomplete;
      const { bytes, pos } = input;
      if (bytes[pos + length] !== CR || bytes[pos + length + 1] !== LF) throw badCommand(input);
      words.push(bytes.subarray(pos, pos + length));
      input.skip(length + 2);
    }
    handler.command(words);
    return STEP.done;
  }

  next(): Step {
    return STEP.done;
  }
}

/** Reads a line of this first byte and a number up to `most`. Returns null when the window ends inside it. */
function readNumber(input: RdbInput, first: number, most: number): number | null {
  let value = 0;
  for (let at = 0; ; at++) {
    if (!input.has(at + 1)) return null;
    const byte = input.bytes[input.pos + at];
    const digit = byte - ZERO;
    if (at === 0 ? byte === first : digit >= 0 && digit <= 9 && at <= MOST_DIGITS) {
      if (at > 0) value = value * 10 + digit;
      continue;
    }
    if (byte !== CR || at < 2 || value > most) throw badCommand(input);
    if (!input.has(at + 2)) return null;
    if (input.bytes[input.pos + at + 1] !== LF) throw badCommand(input);
    input.skip(at + 2);
    return value;
  }
}

function badCommand(input: RdbInput): Error {
  return input.error("bad command in the image: it is no request");
}
