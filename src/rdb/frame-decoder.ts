/** What unpacks the frame inside an envelope (envelope.ts), as its bytes come. */

/** Takes unpacked bytes; they are good until it returns. */
export type TakeBytes = (bytes: Buffer, from: number, to: number) => void;

export interface FrameDecoder {
  /** Whether the frame has come to its end. */
  readonly ended: boolean;
  /**
   * Takes in chunk[from, to) and gives `take` what it makes. Returns how many of these bytes are the frame's: all until it ends. Errors:
   * FrameError, those of `take`.
   */
  push(chunk: Buffer, from: number, to: number, take: TakeBytes): number;
  /** Lets go of what it holds. */
  close(): void;
}

/** What a frame is broken by. */
export class FrameError extends Error {}

/** Puts together, from pieces cut anywhere, parts of a length that is known once the part before is in. */
export class Parts {
  private part = Buffer.alloc(0);
  private have = 0;
  private want = 0;

  /** The next part has `length` bytes. Room for it is made as it comes, up to `most` at once. */
  expect(length: number): void {
    this.want = length;
    this.have = 0;
  }

  /** Takes what it lacks of chunk[from, to). Returns the offset behind that; the part is whole then where `whole` says so. */
  fill(chunk: Buffer, from: number, to: number): number {
    const count = Math.min(this.want - this.have, to - from);
    if (this.part.length < this.want) {
      const larger = Buffer.allocUnsafeSlow(this.want);
      this.part.copy(larger, 0, 0, this.have);
      this.part = larger;
    }
    chunk.copy(this.part, this.have, from, from + count);
    this.have += count;
    return from + count;
  }

  get whole(): boolean {
    return this.have === this.want;
  }

  /** The part, once it is whole; good until the next is filled. */
  get bytes(): Buffer {
    return this.part;
  }

  get length(): number {
    return this.want;
  }
}
