/** The request that a call of redis.call makes. One frame and one run of bytes serve all calls. Hot: nothing is allocated. */

import { writeInteger } from "../base/bytes.ts";
import { MAX_DOUBLE_BYTES, writeDouble } from "../base/numbers/doubles.ts";
import { Frame } from "../protocol/frame.ts";
import type { LuaValue } from "./lua/value.ts";

const INITIAL_BYTES = 16 * 1024;
/** What is kept from one script to the next. */
const KEPT_BYTES = 1024 * 1024;
/** Below it a loop beats `latin1Write`. */
const LOOP_LIMIT = 24;

const NOTHING_WRITTEN: readonly LuaValue[] = [];

export class ScriptRequest {
  /** Good until the next `build`. Its bytes are the arguments alone: it has no form of the protocol. */
  readonly frame = new Frame();
  private buffer: Buffer = Buffer.alloc(0);
  /** What is in the buffer: most calls of a script begin with what the one before began with, the command's name or that and the key. */
  private written: readonly LuaValue[] = NOTHING_WRITTEN;

  /** Makes the request that consists of `values`. Returns false when one of them is neither a string nor a number. */
  build(values: readonly LuaValue[]): boolean {
    const bytes = roomFor(values);
    if (bytes < 0) return false;
    if (bytes > this.buffer.length) this.grow(bytes);
    const { buffer, frame } = this;
    const known = this.known(values);
    frame.resize(values.length);
    const { offsets, lengths } = frame;
    let at = known === 0 ? 0 : offsets[known - 1] + lengths[known - 1];
    for (let index = known; index < values.length; index++) {
      const value = values[index] as string | number;
      const start = at;
      at = typeof value === "string" ? writeText(buffer, value, at) : writeNumber(buffer, value, at);
      offsets[index] = start;
      lengths[index] = at - start;
    }
    this.written = values;
    frame.buffer = buffer;
    frame.hashed = false;
    return true;
  }

  /** How many of `values` the last request began with. */
  private known(values: readonly LuaValue[]): number {
    const { written, frame, buffer } = this;
    if (frame.buffer !== buffer) return 0;
    const most = Math.min(written.length, values.length, frame.count);
    let count = 0;
    while (count < most && values[count] === written[count]) count++;
    return count;
  }

  private grow(bytes: number): void {
    this.buffer = Buffer.allocUnsafeSlow(Math.max(INITIAL_BYTES, 2 ** Math.ceil(Math.log2(bytes))));
    this.written = NOTHING_WRITTEN;
  }

  /** The script is over: what it made large is not kept. */
  release(): void {
    if (this.buffer.length <= KEPT_BYTES) return;
    this.buffer = Buffer.alloc(0);
    this.frame.buffer = this.buffer;
    this.written = NOTHING_WRITTEN;
  }
}

/** Bytes that the arguments take at most; -1 when one is neither a string nor a number. */
function roomFor(values: readonly LuaValue[]): number {
  let bytes = 0;
  for (let index = 0; index < values.length; index++) {
    const value = values[index];
    if (typeof value === "string") bytes += value.length;
    else if (typeof value === "number") bytes += MAX_DOUBLE_BYTES;
    else return -1;
  }
  return bytes;
}

function writeText(buffer: Buffer, text: string, at: number): number {
  const { length } = text;
  if (length > LOOP_LIMIT) return at + buffer.latin1Write(text, at);
  for (let index = 0; index < length; index++) buffer[at + index] = text.charCodeAt(index);
  return at + length;
}

/** As Redis 7.2 does: "%.17g" in versions before. */
function writeNumber(buffer: Buffer, value: number, at: number): number {
  // No number of Lua is sent as "-0", and what is none has its sign bit set on the processors that Redis runs on.
  if (Number.isSafeInteger(value)) return writeInteger(buffer, at, value + 0);
  return value === value ? writeDouble(buffer, at, value) : at + buffer.latin1Write("-nan", at);
}
