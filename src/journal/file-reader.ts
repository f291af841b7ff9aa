/**
 * The append-only file's place in the journal, and where it sees something else than replicas do: bytes of the stream that it skips (PING, what is asked of replicas,
 * messages), and bytes of its own (what a writable replica writes by itself).
 */

import type { Cursor } from "./journal.ts";

interface Aside {
  /** Where in the stream. */
  offset: number;
  /** So many bytes from there on are not for the file. */
  readonly skipped: number;
  /** What the file takes there instead. */
  readonly own: Buffer | null;
}

export class FileReader implements Cursor {
  offset: number;
  /** In the order of their offsets. */
  private asides: Aside[] = [];
  /** What `collect` last showed: up to which offset, and how many of the asides. */
  private shownTo: number;
  private shownAsides = 0;

  constructor(offset: number) {
    this.offset = offset;
    this.shownTo = offset;
  }

  skip(offset: number, length: number): void {
    this.asides.push({ offset, skipped: length, own: null });
  }

  insert(offset: number, bytes: Buffer): void {
    this.asides.push({ offset, skipped: 0, own: bytes });
  }

  /** The stream from `offset` on has moved on by `length` bytes. */
  shift(offset: number, length: number): void {
    for (const aside of this.asides) if (aside.offset >= offset) aside.offset += length;
  }

  /** Shows what there is up to `end`: runs of the stream through `run`, bytes of the file's own in `views`. -> how many bytes. */
  collect(end: number, views: Buffer[], run: (from: number, to: number) => void): number {
    let at = this.offset;
    let bytes = 0;
    let index = 0;
    for (; index < this.asides.length; index++) {
      const { offset, skipped, own } = this.asides[index];
      if (offset > end || offset + skipped > end) break;
      if (at < offset) run(at, offset);
      bytes += offset - at;
      at = offset + skipped;
      if (own === null) continue;
      views.push(own);
      bytes += own.length;
    }
    if (at < end) run(at, end);
    this.shownTo = Math.max(at, end);
    this.shownAsides = index;
    return bytes + Math.max(0, end - at);
  }

  /** What was shown last has been taken. */
  consumed(): void {
    this.offset = this.shownTo;
    this.asides.splice(0, this.shownAsides);
    this.shownAsides = 0;
  }
}
