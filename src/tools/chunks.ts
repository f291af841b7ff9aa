/** Files read from their start to their end, a chunk at a time in the same memory. */

import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { failureWords } from "../config/error.ts";
import { ToolError } from "./error.ts";

const CHUNK_BYTES = 1024 * 1024;

export class ChunkedFile implements Disposable {
  readonly path: string;
  readonly size: number;
  /** Bytes read. */
  offset = 0;
  private readonly descriptor: number;
  private readonly chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);

  /** Errors: ToolError where it cannot be opened, or is no file. */
  constructor(path: string) {
    this.path = path;
    try {
      this.descriptor = openSync(path, "r");
    } catch (error) {
      throw new ToolError(`${path} cannot be opened: ${failureWords(error)}`);
    }
    const stat = fstatSync(this.descriptor);
    this.size = stat.size;
    if (stat.isFile()) return;
    this[Symbol.dispose]();
    throw new ToolError(`${path} is no regular file`);
  }

  /** Reads on. Returns the bytes that come next, good until the next call; none at the end. Errors: ToolError. */
  next(): Buffer {
    try {
      const length = readSync(this.descriptor, this.chunk, 0, CHUNK_BYTES, this.offset);
      this.offset += length;
      return this.chunk.subarray(0, length);
    } catch (error) {
      throw new ToolError(`${this.path} cannot be read from byte ${this.offset} on: ${failureWords(error)}`);
    }
  }

  /** Returns up to `count` bytes at `at`, wherever reading is. Errors: ToolError. */
  peek(at: number, count: number): Buffer {
    const bytes = Buffer.alloc(count);
    try {
      return bytes.subarray(0, readSync(this.descriptor, bytes, 0, count, at));
    } catch (error) {
      throw new ToolError(`${this.path} cannot be read at byte ${at}: ${failureWords(error)}`);
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.descriptor);
  }
}
