/** Reads commands as the bytes of a file come, however they are cut, and says where in the file each ends. Lines that begin with `#` are annotations, and passed over. */

import { Frame } from "../protocol/frame.ts";
import { Gather } from "../protocol/input-buffer.ts";
import { ProtocolError } from "../protocol/protocol-error.ts";
import { Parsed, type RequestLimits, RequestParser } from "../protocol/request.ts";

const STAR = 0x2a;
const HASH = 0x23;
const LF = 0x0a;

/** A file is trusted with what no client may send. */
const LIMITS: RequestLimits = { maxBulk: 0x7fffffff, authenticated: true };

/** The bytes are no commands. */
export class CommandFormatError extends Error {
  override name = "CommandFormatError";
}

export class CommandReader {
  /** Where in the file the first byte is that belongs to no whole command yet. */
  offset: number;
  private readonly run: (frame: Frame, end: number) => void;
  private readonly parser = new RequestParser();
  private frame = new Frame();
  private gather: Gather | null = null;

  /** The first byte pushed is at `offset` of the file. `run` gets each command, good until it returns, and where in the file it ends. */
  constructor(offset: number, run: (frame: Frame, end: number) => void) {
    this.offset = offset;
    this.run = run;
  }

  /** Whether a command has begun and not ended. */
  get incomplete(): boolean {
    return this.gather !== null;
  }

  /** Takes in chunk[from, to), which is not used after this returns. Errors: CommandFormatError, those of `run`. */
  push(chunk: Buffer, from: number, to: number): void {
    if (this.gather === null) {
      this.parser.position = from;
      this.read(chunk, from, to);
      return;
    }
    this.gather.add(Buffer.from(chunk.subarray(from, to)));
    if (this.gather.size < this.parser.needed) return;
    this.gather.join();
    this.read(this.gather.buffer, 0, this.gather.length);
  }

  /** Reads buffer[parser.position, end); buffer[begin] is at `offset` of the file. */
  private read(buffer: Buffer, begin: number, end: number): void {
    const { parser, frame } = this;
    const shift = this.offset - begin;
    while (parser.position < end) {
      if (parser.remaining < 0) {
        const first = buffer[parser.position];
        if (first === HASH) {
          const newline = buffer.subarray(0, end).indexOf(LF, parser.position);
          if (newline === -1) break;
          parser.position = newline + 1;
          continue;
        }
        if (first !== STAR) throw new CommandFormatError("a command does not begin with '*'");
      }
      const result = this.parse(buffer, end);
      if (result === Parsed.INCOMPLETE) break;
      if (result === Parsed.NOTHING) throw new CommandFormatError("a command has no words");
      parser.needed = 0;
      this.run(frame, parser.position + shift);
    }
    this.keep(buffer, parser.remaining < 0 ? parser.position : frame.start, end, shift);
  }

  private parse(buffer: Buffer, end: number): Parsed {
    try {
      return this.parser.parse(this.frame, buffer, end, LIMITS);
    } catch (error) {
      if (error instanceof ProtocolError) throw new CommandFormatError(error.message);
      throw error;
    }
  }

  /** Keeps buffer[from, end): what has begun and not ended. */
  private keep(buffer: Buffer, from: number, end: number, shift: number): void {
    const { parser, frame } = this;
    this.offset = from + shift;
    if (from === end) {
      this.gather = null;
      parser.position = 0;
      return;
    }
    if (from === 0 && this.gather !== null) return;
    parser.position -= from;
    parser.needed = Math.max(0, parser.needed - from);
    if (parser.remaining >= 0) {
      for (let index = 0; index < frame.count; index++) frame.offsets[index] -= from;
      frame.start -= from;
    }
    this.gather = new Gather();
    this.gather.add(Buffer.from(buffer.subarray(from, end)));
  }
}
