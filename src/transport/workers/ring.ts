/**
 * Records from one thread to another, in memory that both share: one writes, one reads, and no lock is taken. A record is a head of
 * HEAD_WORDS 32-bit words and what follows it, always in one piece. Hot: a request and its reply are a record each (docs/io-workers.md).
 */

import { assert } from "../../assert.ts";

/** A power of two. */
const RING_WORDS = 1 << 18;
/** Where each end says how far it is, and that it waits; a cache line each, so that the two do not take it from one another at each step. */
const WRITTEN = 0;
const READ = 16;
const WRITER_WAITS = 32;
const CONTROL_WORDS = 64;
/** What a record begins with: its length in words, its kind, the number of its connection, and three words as the kind has them. */
export const HEAD_WORDS = 6;
const KIND = 1;
const SLOT = 2;
const FIRST = 3;
const SECOND = 4;
const THIRD = 5;
/** In place of a length: the next record is at the start. */
const WRAPPED = -1;

export const RING_BYTES = (CONTROL_WORDS + RING_WORDS) * 4;

class Ring {
  /** The records; `bytes` and `words` are the same memory. */
  readonly bytes: Buffer;
  readonly words: Int32Array;
  protected readonly control: Int32Array;

  constructor(memory: SharedArrayBuffer) {
    this.control = new Int32Array(memory, 0, CONTROL_WORDS);
    this.words = new Int32Array(memory, CONTROL_WORDS * 4, RING_WORDS);
    this.bytes = Buffer.from(memory, CONTROL_WORDS * 4, RING_WORDS * 4);
  }
}

export class RingWriter extends Ring {
  /** Something was handed over since this was last set back. */
  hasNews = false;
  /** Positions count words from the beginning, modulo 2^32. */
  private written = 0;
  private read = 0;

  /**
   * Finds room for a record of so many words, its head included. Returns where in `words` it is to be, or -1 while there is none: the reader
   * sees then that its progress is waited for.
   */
  reserve(words: number): number {
    assert(words <= RING_WORDS / 2, "a record fits into half of a ring, wherever that is free");
    let at = this.written & (RING_WORDS - 1);
    const skipped = at + words > RING_WORDS ? RING_WORDS - at : 0;
    if (this.free < skipped + words) {
      this.read = Atomics.load(this.control, READ);
      if (this.free < skipped + words) {
        Atomics.store(this.control, WRITER_WAITS, 1);
        // The reader may have gone on before it could see that.
        this.read = Atomics.load(this.control, READ);
        if (this.free < skipped + words) return -1;
      }
    }
    if (skipped > 0) {
      this.words[at] = WRAPPED;
      this.written = (this.written + skipped) | 0;
      at = 0;
    }
    return at;
  }

  private get free(): number {
    return RING_WORDS - ((this.written - this.read) | 0);
  }

  /** Hands the record over that was made where `reserve` said; `words` is how long it has become. */
  commit(at: number, words: number, kind: number, slot: number, first = 0, second = 0, third = 0): void {
    const record = this.words;
    record[at] = words;
    record[at + KIND] = kind;
    record[at + SLOT] = slot;
    record[at + FIRST] = first;
    record[at + SECOND] = second;
    record[at + THIRD] = third;
    this.written = (this.written + words) | 0;
    Atomics.store(this.control, WRITTEN, this.written);
    this.hasNews = true;
  }

  /** A record that is its head. Returns false while there is no room. */
  put(kind: number, slot: number, first = 0): boolean {
    const at = this.reserve(HEAD_WORDS);
    if (at < 0) return false;
    this.commit(at, HEAD_WORDS, kind, slot, first);
    return true;
  }
}

export class RingReader extends Ring {
  private read = 0;
  private written = 0;
  /** The record that `next` found: where in `words` it is, and its head. */
  at = 0;
  kind = 0;
  slot = 0;
  first = 0;
  second = 0;
  third = 0;

  /** Whether the writer has handed over what was not read. */
  get isEmpty(): boolean {
    return Atomics.load(this.control, WRITTEN) === this.read;
  }

  /** Finds the next record, which stays as it is until `done`. Returns false when there is none. */
  next(): boolean {
    if (this.read === this.written) {
      this.written = Atomics.load(this.control, WRITTEN);
      if (this.read === this.written) return false;
    }
    const { words } = this;
    let at = this.read & (RING_WORDS - 1);
    if (words[at] === WRAPPED) {
      this.read = (this.read + RING_WORDS - at) | 0;
      at = 0;
    }
    this.at = at;
    this.kind = words[at + KIND];
    this.slot = words[at + SLOT];
    this.first = words[at + FIRST];
    this.second = words[at + SECOND];
    this.third = words[at + THIRD];
    return true;
  }

  /** The record is not needed any more: its room is the writer's. */
  done(): void {
    this.read = (this.read + this.words[this.at]) | 0;
    Atomics.store(this.control, READ, this.read);
  }

  /** Whether the writer waits for room, which is told once. */
  takeWriterWaits(): boolean {
    return Atomics.load(this.control, WRITER_WAITS) === 1 && Atomics.exchange(this.control, WRITER_WAITS, 0) === 1;
  }
}
