/** Finds the mark that ends a streamed image, however the stream is cut. */

export class MarkFinder {
  private readonly mark: Buffer;
  /** The last bytes seen, fewer than the mark has, and room for as many of the next chunk: a mark that lies across the cut is whole in there. */
  private readonly seam: Buffer;
  private kept = 0;

  constructor(mark: Buffer) {
    this.mark = mark;
    this.seam = Buffer.alloc((mark.length - 1) * 2);
  }

  /** Takes chunk[from, to), the next bytes of the stream. -> the offset in `chunk` behind the mark, -1 while there is none. */
  find(chunk: Buffer, from: number, to: number): number {
    const { mark, seam, kept } = this;
    const head = Math.min(to - from, mark.length - 1);
    chunk.copy(seam, kept, from, from + head);
    const across = kept === 0 ? -1 : seam.subarray(0, kept + head).indexOf(mark);
    if (across >= 0) return from + across + mark.length - kept;
    const within = chunk.indexOf(mark, from);
    if (within >= 0 && within + mark.length <= to) return within + mark.length;
    this.keep(chunk, head, to);
    return -1;
  }

  private keep(chunk: Buffer, head: number, to: number): void {
    const { mark, seam, kept } = this;
    const most = mark.length - 1;
    if (head === most) {
      this.kept = chunk.copy(seam, 0, to - most, to);
      return;
    }
    const length = kept + head;
    this.kept = Math.min(most, length);
    seam.copy(seam, 0, length - this.kept, length);
  }
}
