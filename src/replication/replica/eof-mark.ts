import { assert } from "../../assert.ts";

/** Bytes of an EOF mark. */
export const EOF_MARK_BYTES = 40;

/** Finds the EOF mark that ends a streamed image, however the stream is cut. */
export class EofMarkFinder {
  private readonly mark: Buffer;
  /** The last bytes seen, fewer than the mark has, and room for as many of the next chunk: a mark across the cut is whole in there. */
  private readonly seam = Buffer.alloc((EOF_MARK_BYTES - 1) * 2);
  private kept = 0;

  constructor(mark: Buffer) {
    assert(mark.length === EOF_MARK_BYTES, "a shorter EOF mark could occur in the image by chance");
    this.mark = mark;
  }

  /** Takes chunk[from, to), the next bytes of the stream. Returns the offset in `chunk` behind the mark, -1 while there is none. */
  find(chunk: Buffer, from: number, to: number): number {
    const { mark, seam, kept } = this;
    const head = Math.min(to - from, EOF_MARK_BYTES - 1);
    chunk.copy(seam, kept, from, from + head);
    const across = kept === 0 ? -1 : seam.subarray(0, kept + head).indexOf(mark);
    if (across >= 0) return from + across + EOF_MARK_BYTES - kept;
    const within = chunk.indexOf(mark, from);
    if (within >= 0 && within + EOF_MARK_BYTES <= to) return within + EOF_MARK_BYTES;
    this.keep(chunk, head, to);
    return -1;
  }

  private keep(chunk: Buffer, head: number, to: number): void {
    const { seam, kept } = this;
    const most = EOF_MARK_BYTES - 1;
    if (head === most) {
      this.kept = chunk.copy(seam, 0, to - most, to);
      return;
    }
    const length = kept + head;
    this.kept = Math.min(most, length);
    seam.copy(seam, 0, length - this.kept, length);
  }
}
