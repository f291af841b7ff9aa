/** The request that a call of a function in TypeScript makes. One frame and one run of bytes serve all calls. */

import { writeInteger } from "../../base/bytes.ts";
import { Frame } from "../../protocol/frame.ts";

const INITIAL_BYTES = 4 * 1024;
/** What is kept from one function to the next. */
const KEPT_BYTES = 1024 * 1024;
/** Below it a loop over ASCII beats `write`. */
const LOOP_LIMIT = 24;
const MAX_ASCII = 0x7f;
/** A character is at most so many bytes of UTF-8 long. */
const MAX_CHARACTER_BYTES = 3;
/** The longest number: `-1.7976931348623157e+308`. */
const MAX_NUMBER_BYTES = 24;

/** What a command may be given. */
type Argument = string | number | bigint | Uint8Array;

export class FunctionRequest {
  /** Good until the next `build`. Its bytes are the arguments alone: it has no form of the protocol. */
  readonly frame = new Frame();
  private buffer: Buffer = Buffer.alloc(0);

  /** Makes the request that consists of `values`. Errors: TypeError when one of them is no `Argument`. */
  build(values: readonly unknown[]): void {
    const bytes = roomFor(values);
    if (bytes > this.buffer.length) this.buffer = Buffer.allocUnsafeSlow(Math.max(INITIAL_BYTES, 2 ** Math.ceil(Math.log2(bytes))));
    const { buffer, frame } = this;
    frame.resize(values.length);
    let at = 0;
    for (let index = 0; index < values.length; index++) {
      const start = at;
      at = write(buffer, values[index] as Argument, at);
      frame.offsets[index] = start;
      frame.lengths[index] = at - start;
    }
    frame.buffer = buffer;
    frame.hashed = false;
  }

  /** The function is over: what it made large is not kept. */
  release(): void {
    if (this.buffer.length <= KEPT_BYTES) return;
    this.buffer = Buffer.alloc(0);
    this.frame.buffer = this.buffer;
  }
}

/** Bytes that the arguments take at most. */
function roomFor(values: readonly unknown[]): number {
  let bytes = 0;
  for (let index = 0; index < values.length; index++) {
    const value = values[index];
    if (typeof value === "string") bytes += value.length * MAX_CHARACTER_BYTES;
    else if (typeof value === "number") bytes += MAX_NUMBER_BYTES;
    else if (typeof value === "bigint") bytes += value.toString().length;
    else if (value instanceof Uint8Array) bytes += value.length;
    else throw new TypeError(`argument ${index} of a call is ${kindOf(value)}: strings, numbers, bigints and Uint8Arrays can be sent`);
  }
  return bytes;
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return Array.isArray(value) ? "an array" : `of type ${typeof value}`;
}

function write(buffer: Buffer, value: Argument, at: number): number {
  if (typeof value === "string") return writeText(buffer, value, at);
  if (typeof value === "object") {
    buffer.set(value, at);
    return at + value.length;
  }
  // No number is sent as "-0". Others have the shortest text that gives the same number.
  if (Number.isSafeInteger(value)) return writeInteger(buffer, at, (value as number) + 0);
  return at + buffer.latin1Write(String(value), at);
}

function writeText(buffer: Buffer, text: string, at: number): number {
  const { length } = text;
  if (length > LOOP_LIMIT) return at + buffer.write(text, at);
  for (let index = 0; index < length; index++) {
    const code = text.charCodeAt(index);
    if (code > MAX_ASCII) return at + buffer.write(text, at);
    buffer[at + index] = code;
  }
  return at + length;
}
