/** One request, as offsets into the bytes it came in: nothing is copied. Reused from request to request. */

const INITIAL_ARGUMENTS = 16;

export class Frame {
  /** Holds the request and its arguments. */
  buffer: Buffer = EMPTY;
  /** Number of arguments, the command's name included. */
  count = 0;
  /** Argument i is buffer[offsets[i], offsets[i] + lengths[i]). */
  offsets = new Int32Array(INITIAL_ARGUMENTS);
  lengths = new Int32Array(INITIAL_ARGUMENTS);
  /** The whole request in the protocol's array form, as the journal takes it, is buffer[start, end). */
  start = 0;
  end = 0;
  /** Whether `keyHash` is the hash of argument 1, worked out ahead (keyspace/lookahead.ts). */
  hashed = false;
  keyHash = 0;

  push(offset: number, length: number): void {
    if (this.count === this.offsets.length) this.reserve(this.count * 2);
    this.offsets[this.count] = offset;
    this.lengths[this.count] = length;
    this.count++;
  }

  private reserve(room: number): void {
    const { offsets, lengths } = this;
    this.offsets = new Int32Array(room);
    this.lengths = new Int32Array(room);
    this.offsets.set(offsets);
    this.lengths.set(lengths);
  }

  /** A copy of argument `index`. */
  argument(index: number): Buffer {
    const from = this.offsets[index];
    return Buffer.from(this.buffer.subarray(from, from + this.lengths[index]));
  }

  /** Argument `index` as a latin1 string. */
  text(index: number): string {
    const from = this.offsets[index];
    return this.buffer.latin1Slice(from, from + this.lengths[index]);
  }

  /** Makes this frame the request that `other` is, in bytes of its own if `copy`. */
  assign(other: Frame, options: { copy: boolean }): void {
    const shift = options.copy ? other.start : 0;
    this.buffer = options.copy ? Buffer.from(other.buffer.subarray(other.start, other.end)) : other.buffer;
    this.start = other.start - shift;
    this.end = other.end - shift;
    this.count = 0;
    for (let index = 0; index < other.count; index++) this.push(other.offsets[index] - shift, other.lengths[index]);
  }

  /** Makes this frame the request that consists of `words`, encoded anew. */
  encode(words: readonly (Buffer | string | number)[]): this {
    const parts = words.map((word) => (typeof word === "object" ? word : Buffer.from(String(word), "latin1")));
    let size = `*${parts.length}\r\n`.length;
    for (const part of parts) size += `$${part.length}\r\n`.length + part.length + 2;
    const buffer = Buffer.allocUnsafe(size);
    let at = buffer.latin1Write(`*${parts.length}\r\n`, 0);
    this.buffer = buffer;
    this.start = 0;
    this.end = size;
    this.count = 0;
    for (const part of parts) {
      at += buffer.latin1Write(`$${part.length}\r\n`, at);
      this.push(at, part.length);
      part.copy(buffer, at);
      at += part.length;
      at += buffer.latin1Write("\r\n", at);
    }
    return this;
  }
}

const EMPTY = Buffer.alloc(0);
