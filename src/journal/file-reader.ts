/**
 * The append-only file's place in the journal, and where it sees something else than replicas do: bytes of the stream that it skips (PING,
 * what is asked of replicas, messages), and bytes of its own (what a writable replica writes by itself).
 */

import { assert } from "../assert.ts";

interface Aside {
  /** Where in the stream. */
  readonly offset: number;
  /** So many bytes from there on are not for the file. */
  readonly skipped: number;
  /** What the file takes there instead. */
  readonly own: Buffer | null;
}

export class FileReader {
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
    this.add({ offset, skipped: length, own: null });
  }

  insert(offset: number, bytes: Buffer): void {
    this.add({ offset, skipped: 0, own: bytes });
  }

  private add(aside: Aside): void {
    const last = this.asides.at(-1);
    assert(
      aside.offset >= (last === undefined ? this.offset : last.offset + last.skipped),
      "what the file sees otherwise lies in the order of the stream",
    );
    this.asides.push(aside);
  }

  /** Shows what there is up to `end`, where the stream ends: runs of it through `run`, bytes of the file's own in `views`. Returns how many bytes. */
  collect(end: number, views: Buffer[], run: (from: number, to: number) => void): number {
    let at = this.offset;
    let bytes = 0;
    for (const { offset, skipped, own } of this.asides) {
      if (at < offset) run(at, offset);
      bytes += offset - at;
      at = offset + skipped;
      if (own === null) continue;
      views.push(own);
      bytes += own.length;
    }
    assert(at <= end, "the file skips what is in the stream");
    if (at < end) run(at, end);
    this.shownTo = end;
    this.shownAsides = this.asides.length;
    return bytes + end - at;
  }

  /** What was shown last has been taken. */
  consumed(): void {
    assert(this.shownTo >= this.offset, "the file goes on from what it has taken");
    this.offset = this.shownTo;
    this.asides.splice(0, this.shownAsides);
    this.shownAsides = 0;
  }
}
