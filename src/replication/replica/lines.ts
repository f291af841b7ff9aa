/** Lines out of what a master sends before data flows, however it is cut. */

/** The longest line a master may answer with. */
export const LINE_LIMIT = 1024;
const LF = 0x0a;
const CR = 0x0d;

/** A line longer than LINE_LIMIT bytes. */
export class LineTooLong extends Error {
  override name = "LineTooLong";
}

export class LineReader {
  private line = "";

  /**
   * Hands `take` each line that chunk[from] has the end of, without that end, until it says that it wants no more. Returns the offset
   * behind the last one. Errors: LineTooLong.
   */
  read(chunk: Buffer, from: number, take: (line: string) => boolean): number {
    let at = from;
    while (at < chunk.length) {
      const newline = chunk.indexOf(LF, at);
      const end = newline < 0 ? chunk.length : newline;
      this.line += chunk.latin1Slice(at, Math.min(end, at + LINE_LIMIT + 1));
      if (this.line.length > LINE_LIMIT) throw new LineTooLong(JSON.stringify(this.line.slice(0, 100)));
      if (newline < 0) return chunk.length;
      at = newline + 1;
      const line = this.line.charCodeAt(this.line.length - 1) === CR ? this.line.slice(0, -1) : this.line;
      this.line = "";
      if (!take(line)) break;
    }
    return at;
  }
}
