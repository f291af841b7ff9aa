/** Long strings on their way to a sink, in steps: what value-walk.ts calls a streamed value. */

import { assert } from "../assert.ts";
import { copied } from "../base/bytes.ts";
import type { BlockString } from "../blocks/block-string.ts";

/** Takes the bytes of a string piece by piece. */
interface PieceSink {
  piece(bytes: Buffer, from: number, to: number): void;
  /** The string is over. */
  end(): void;
}

/** A long string. */
export class StreamedString {
  private readonly sink: PieceSink;
  private bytes: Buffer;
  private at: number;
  private to: number;
  private kept = false;

  constructor(sink: PieceSink, bytes: Buffer, from: number, to: number) {
    this.sink = sink;
    this.bytes = bytes;
    this.at = from;
    this.to = to;
  }

  get done(): boolean {
    return this.at === this.to;
  }

  step(limit: number): number {
    const count = Math.min(limit, this.to - this.at);
    assert(count > 0, "a long string is asked for more only while there is more");
    this.sink.piece(this.bytes, this.at, this.at + count);
    this.at += count;
    if (this.done) this.sink.end();
    return count;
  }

  keep(): void {
    if (this.kept) return;
    this.kept = true;
    this.bytes = copied(this.bytes, this.at, this.to);
    this.to -= this.at;
    this.at = 0;
    assert(this.bytes.length === this.to, "what is kept of a long string is what was not given yet");
  }

  release(): void {}
}

/** A string in blocks: those that change meanwhile are this one's alone from then on. */
export class StreamedBlocks {
  private readonly sink: PieceSink;
  private readonly string: BlockString;
  private at = 0;

  constructor(sink: PieceSink, string: BlockString) {
    this.sink = sink;
    this.string = string.copy();
  }

  get done(): boolean {
    return this.at === this.string.length;
  }

  step(limit: number): number {
    const { sink, string } = this;
    const end = Math.min(string.length, this.at + limit);
    const count = end - this.at;
    assert(count > 0, "a long string is asked for more only while there is more");
    string.each(this.at, end, (bytes, from, to) => sink.piece(bytes, from, to));
    this.at = end;
    if (!this.done) return count;
    sink.end();
    this.release();
    return count;
  }

  keep(): void {}

  release(): void {
    this.string.free();
    this.at = 0;
  }
}

/** So much is given at once of an element that is in blocks. */
const PIECE_BYTES = 16 * 1024;

/** Gives a string in blocks, which stays as it is, piece by piece; each time, what that cost. */
export function* pieceParts(string: BlockString, give: (bytes: Buffer, from: number, to: number) => void): Generator<number> {
  for (let at = 0; at < string.length; ) {
    const end = Math.min(string.length, at + PIECE_BYTES);
    string.each(at, end, give);
    yield end - at;
    at = end;
  }
}
