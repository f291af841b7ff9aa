/**
 * The chunks of an `Ordered` (ordered.ts): blocks of the arena that hold entries, scores and addresses side by side, and the directory that
 * names them in order. Knows where entries lie and how many come before, and nothing of what they are ordered by. Hot.
 *
 * Chunks grow by a quarter and start anywhere in their block, so that the ends of a set are popped and pushed without moving anything.
 */

import { assert } from "../assert.ts";
import { type Arena, ArenaFull, OFFSET_MASK, SEGMENT_SHIFT } from "./arena.ts";
import type { Mover } from "./mover.ts";

/** Bytes of an entry: a score and an address. */
const ENTRY_BYTES = 12;
/**
 * A chunk splits when it would hold more. Measured for 128, 256, 512 and 1024: an insert takes 650, 720, 800 and 840 ns beside three other
 * indexes, a removal 350, 400, 510 and 610, a rank and the memory are the same; but the smaller the chunks the more of them there are to be
 * summed up after a split.
 */
const CHUNK_ENTRIES = 256;
const MIN_CAPACITY = 16;
/** A chunk with fewer entries joins a neighbour if both fill no more than JOINED_ENTRIES. */
const SPARSE_ENTRIES = CHUNK_ENTRIES / 8;
const JOINED_ENTRIES = (CHUNK_ENTRIES * 3) / 4;
/** Chunks that are built at once are left with some room. */
const BUILT_ENTRIES = (CHUNK_ENTRIES * 7) / 8;
/** Up to so many entries are moved by a loop: below it a loop beats copyWithin. */
const LOOP_ENTRIES = 16;

/** The directory has four words a chunk: its block, where the entries start in it, how many there are, and how many there is room for. */
const STRIDE_SHIFT = 2;
const BLOCK = 0;
const START = 1;
const COUNT = 2;
const CAPACITY = 3;

export abstract class OrderedChunks {
  /** Entries in all chunks. */
  size = 0;
  /** How many chunks there are. */
  length = 0;
  /** The first score of each. */
  firsts = new Float64Array(4);
  protected readonly arena: Arena;
  private directory = new Int32Array(4 << STRIDE_SHIFT);
  /** The Fenwick tree of the counts, from index 1; it stands while `summed`. */
  private sums = new Int32Array(0);
  private summed = false;
  /** Where a search ended, or an entry is being put: making room can move the place. */
  protected chunk = 0;
  protected index = 0;

  /** See `chunkOfRank`. */
  rest = 0;

  constructor(arena: Arena) {
    this.arena = arena;
  }

  /** Bytes held outside the arena. */
  get heldBytes(): number {
    return this.directory.byteLength + this.firsts.byteLength + this.sums.byteLength;
  }

  /** Bytes of the blocks in the arena. */
  get blockBytes(): number {
    let bytes = 0;
    for (let chunk = 0; chunk < this.length; chunk++) bytes += this.arena.capacity(this.directory[(chunk << STRIDE_SHIFT) + BLOCK]);
    return bytes;
  }

  /** Puts sorted entries into chunks; there must be none yet. */
  fill(scores: Float64Array, addresses: Int32Array, count: number): void {
    assert(this.length === 0, "an index is built once");
    for (let from = 0; from < count; from += BUILT_ENTRIES) {
      const length = Math.min(BUILT_ENTRIES, count - from);
      const chunk = this.length;
      this.insertChunk(chunk, length);
      const segment = this.segment(chunk);
      this.arena.doubles[segment].set(scores.subarray(from, from + length), this.scoresAt(chunk));
      this.arena.words[segment].set(addresses.subarray(from, from + length), this.addressesAt(chunk));
      this.directory[(chunk << STRIDE_SHIFT) + COUNT] = length;
      this.firsts[chunk] = scores[from];
      this.size += length;
    }
  }

  /** Gives blocks back, from the last on, until `stop()` says so. Returns whether none is left. The entries that go are no longer counted. */
  free(stop: () => boolean): boolean {
    this.summed = false;
    while (this.length > 0) {
      const chunk = this.length - 1;
      this.size -= this.count(chunk);
      this.arena.free(this.directory[(chunk << STRIDE_SHIFT) + BLOCK]);
      this.length = chunk;
      if (stop()) break;
    }
    assert(this.length > 0 || this.size === 0, "the counts of the chunks add up to the size");
    return this.length === 0;
  }

  /** Moves blocks out of sparse pages, from chunk `chunk` on. Returns the chunk to go on with, or `length` at the end. */
  defragmentChunks(chunk: number, mover: Mover): number {
    let next = chunk;
    while (next < this.length) {
      const at = (next++ << STRIDE_SHIFT) + BLOCK;
      this.directory[at] = mover.move(this.directory[at]);
      if (mover.isOver) break;
    }
    return Math.min(next, this.length);
  }

  // ---- the directory

  segment(chunk: number): number {
    return this.directory[(chunk << STRIDE_SHIFT) + BLOCK] >>> SEGMENT_SHIFT;
  }

  /** Where a chunk's entries start among the doubles of its segment. */
  scoresAt(chunk: number): number {
    const at = chunk << STRIDE_SHIFT;
    return ((this.directory[at + BLOCK] & OFFSET_MASK) << 1) + this.directory[at + START];
  }

  /** Likewise among the words. */
  addressesAt(chunk: number): number {
    const at = chunk << STRIDE_SHIFT;
    return ((this.directory[at + BLOCK] & OFFSET_MASK) << 2) + (this.directory[at + CAPACITY] << 1) + this.directory[at + START];
  }

  addressOf(chunk: number, index: number): number {
    return this.arena.words[this.segment(chunk)][this.addressesAt(chunk) + index];
  }

  protected setAddress(chunk: number, index: number, address: number): void {
    this.arena.words[this.segment(chunk)][this.addressesAt(chunk) + index] = address;
  }

  count(chunk: number): number {
    return this.directory[(chunk << STRIDE_SHIFT) + COUNT];
  }

  /** Makes an empty chunk with room for at least `entries`, to be number `chunk`. */
  private insertChunk(chunk: number, entries: number): void {
    const block = this.arena.allocate(entries * ENTRY_BYTES);
    const chunks = this.length;
    if (chunks === this.firsts.length) this.growDirectory();
    const at = chunk << STRIDE_SHIFT;
    if (chunk < chunks) {
      this.directory.copyWithin(at + (1 << STRIDE_SHIFT), at, chunks << STRIDE_SHIFT);
      this.firsts.copyWithin(chunk + 1, chunk, chunks);
    }
    this.directory[at + BLOCK] = block;
    this.directory[at + START] = 0;
    this.directory[at + COUNT] = 0;
    this.directory[at + CAPACITY] = this.roomOf(block);
    this.length++;
    this.summed = false;
  }

  private growDirectory(): void {
    const { directory, firsts } = this;
    this.directory = new Int32Array(directory.length * 2);
    this.directory.set(directory);
    this.firsts = new Float64Array(firsts.length * 2);
    this.firsts.set(firsts);
  }

  private removeChunk(chunk: number): void {
    const at = chunk << STRIDE_SHIFT;
    this.arena.free(this.directory[at + BLOCK]);
    assert(this.length > 0, "a chunk that is removed is in the directory");
    this.directory.copyWithin(at, at + (1 << STRIDE_SHIFT), this.length << STRIDE_SHIFT);
    this.firsts.copyWithin(chunk, chunk + 1, this.length);
    this.length--;
    this.summed = false;
  }

  private roomOf(block: number): number {
    return Math.min(CHUNK_ENTRIES, Math.floor(this.arena.capacity(block) / ENTRY_BYTES));
  }

  /** Entries in the chunks before `chunk`. */
  before(chunk: number): number {
    if (chunk === 0) return 0;
    this.sum();
    const { sums } = this;
    let total = 0;
    for (let i = chunk; i > 0; i &= i - 1) total += sums[i];
    return total;
  }

  /** The chunk of the entry of this rank; `rest` is what index it has there. */
  chunkOfRank(rank: number): number {
    this.rest = rank;
    if (rank < this.count(0)) return 0;
    // The ends need no sums, which pops and pushes there would have made again and again.
    const last = this.length - 1;
    this.rest = rank - this.size + this.count(last);
    if (this.rest >= 0) return last;
    this.rest = rank;
    this.sum();
    // Down the tree: as many chunks as fit below the rank.
    const { sums } = this;
    const chunks = this.length;
    let chunk = 0;
    for (let step = 1 << (31 - Math.clz32(chunks)); step !== 0; step >>>= 1) {
      const next = chunk + step;
      if (next > chunks || sums[next] > this.rest) continue;
      chunk = next;
      this.rest -= sums[next];
    }
    assert(this.rest < this.count(chunk), "the sums add up to the counts of the chunks, so that a rank leads to an entry");
    return chunk;
  }

  /** Makes the Fenwick tree if it does not stand. */
  private sum(): void {
    if (this.summed) return;
    const { directory } = this;
    const chunks = this.length;
    if (this.sums.length <= chunks) this.sums = new Int32Array(this.firsts.length + 1);
    const { sums } = this;
    for (let i = 1; i <= chunks; i++) sums[i] = directory[((i - 1) << STRIDE_SHIFT) + COUNT];
    for (let i = 1; i <= chunks; i++) {
      const parent = i + (i & -i);
      if (parent <= chunks) sums[parent] += sums[i];
    }
    this.summed = true;
  }

  private addToCount(chunk: number, delta: number): void {
    this.directory[(chunk << STRIDE_SHIFT) + COUNT] += delta;
    if (!this.summed) return;
    const { sums } = this;
    const chunks = this.length;
    for (let i = chunk + 1; i <= chunks; i += i & -i) sums[i] += delta;
  }

  // ---- changing chunks

  /** Puts an entry before entry `index` of a chunk, or after its last; the first at 0 of chunk 0. Errors: ArenaFull, nothing changed. */
  insertAt(chunkBefore: number, indexBefore: number, score: number, address: number): void {
    if (this.length === 0) this.insertChunk(0, MIN_CAPACITY);
    this.chunk = chunkBefore;
    this.index = indexBefore;
    assert(chunkBefore < this.length && indexBefore <= this.count(chunkBefore), "an entry is put into a chunk that there is");
    if (this.count(this.chunk) === this.directory[(this.chunk << STRIDE_SHIFT) + CAPACITY]) this.makeRoom();
    const { chunk, index, directory } = this;
    const at = chunk << STRIDE_SHIFT;
    const count = directory[at + COUNT];
    assert(count < directory[at + CAPACITY], "a chunk that an entry is put into has room for it");
    const segment = this.segment(chunk);
    const doubles = this.arena.doubles[segment];
    const words = this.arena.words[segment];
    let scores = this.scoresAt(chunk);
    let addresses = this.addressesAt(chunk);
    const atEnd = directory[at + START] + count === directory[at + CAPACITY];
    if (directory[at + START] > 0 && (atEnd || index < count >>> 1)) {
      directory[at + START]--;
      moveDown(doubles, scores, index);
      moveDown(words, addresses, index);
      scores--;
      addresses--;
    } else {
      moveUp(doubles, scores + index, count - index);
      moveUp(words, addresses + index, count - index);
    }
    doubles[scores + index] = score;
    words[addresses + index] = address;
    assert(index === 0 || doubles[scores + index - 1] <= score, "scores ascend: the entry before has none that is higher");
    assert(index === count || doubles[scores + index + 1] >= score, "scores ascend: the entry behind has none that is lower");
    if (index === 0) this.firsts[chunk] = score;
    this.size++;
    this.addToCount(chunk, 1);
  }

  /** Gives entry `index` of a chunk a score that leaves it in order. */
  setScore(chunk: number, index: number, score: number): void {
    this.arena.doubles[this.segment(chunk)][this.scoresAt(chunk) + index] = score;
    if (index === 0) this.firsts[chunk] = score;
  }

  /** Takes out entry `index` of a chunk. */
  removeAt(chunk: number, index: number): void {
    const { directory } = this;
    const at = chunk << STRIDE_SHIFT;
    const count = directory[at + COUNT];
    assert(index >= 0 && index < count, "an entry that is taken out is in its chunk, and no chunk is empty");
    this.size--;
    if (count === 1) return this.removeChunk(chunk);
    const segment = this.segment(chunk);
    const doubles = this.arena.doubles[segment];
    const words = this.arena.words[segment];
    const scores = this.scoresAt(chunk);
    const addresses = this.addressesAt(chunk);
    if (index < count >>> 1) {
      moveUp(doubles, scores, index);
      moveUp(words, addresses, index);
      directory[at + START]++;
      if (index === 0) this.firsts[chunk] = doubles[scores + 1];
    } else {
      moveDown(doubles, scores + index + 1, count - index - 1);
      moveDown(words, addresses + index + 1, count - index - 1);
    }
    this.addToCount(chunk, -1);
    this.tighten(chunk, count - 1);
  }

  /** Gives memory back that a chunk, now of `count` entries, has too much of. */
  private tighten(chunk: number, count: number): void {
    try {
      if (count < SPARSE_ENTRIES && this.join(chunk)) return;
      const capacity = this.directory[(chunk << STRIDE_SHIFT) + CAPACITY];
      if (count * 2 < capacity && capacity > MIN_CAPACITY * 2) this.rehouse(chunk, count);
    } catch (error) {
      if (!(error instanceof ArenaFull)) throw error; // no memory to save memory with: it stays as it is
    }
  }

  /** Makes room in the full chunk of the place found, which may become another. */
  private makeRoom(): void {
    const { chunk, index } = this;
    const count = this.count(chunk);
    if (count < CHUNK_ENTRIES) return this.rehouse(chunk, count);
    // What grows at an end only gets a chunk of its own there, and leaves a full one behind.
    if (index === count && chunk === this.length - 1) {
      this.insertChunk(chunk + 1, MIN_CAPACITY);
      this.chunk = chunk + 1;
      this.index = 0;
      return;
    }
    if (index === 0 && chunk === 0) return this.insertChunk(0, MIN_CAPACITY);
    const half = count >>> 1;
    this.insertChunk(chunk + 1, spacious(count - half));
    this.copyEntries(chunk, half, count - half, chunk + 1, 0);
    this.directory[((chunk + 1) << STRIDE_SHIFT) + COUNT] = count - half;
    this.firsts[chunk + 1] = this.arena.doubles[this.segment(chunk + 1)][this.scoresAt(chunk + 1)];
    this.directory[(chunk << STRIDE_SHIFT) + COUNT] = half;
    this.rehouse(chunk, half);
    if (index > half) {
      this.chunk = chunk + 1;
      this.index = index - half;
    }
  }

  /** Moves the `count` entries of a chunk to a block with a little room. */
  private rehouse(chunk: number, count: number): void {
    const { arena, directory } = this;
    const at = chunk << STRIDE_SHIFT;
    const block = arena.allocate(spacious(count) * ENTRY_BYTES);
    const capacity = this.roomOf(block);
    assert(capacity >= count, "the entries of a chunk fit the block that they move to");
    // Room at both ends, but for chunks at an end of the set: there it is wanted outside.
    const room = capacity - count;
    const start = chunk === 0 && this.length > 1 ? room : chunk === this.length - 1 ? 0 : room >>> 1;
    const segment = this.segment(chunk);
    const target = block >>> SEGMENT_SHIFT;
    copyRange(arena.doubles[target], ((block & OFFSET_MASK) << 1) + start, arena.doubles[segment], this.scoresAt(chunk), count);
    const addresses = ((block & OFFSET_MASK) << 2) + (capacity << 1) + start;
    copyRange(arena.words[target], addresses, arena.words[segment], this.addressesAt(chunk), count);
    arena.free(directory[at + BLOCK]);
    directory[at + BLOCK] = block;
    directory[at + START] = start;
    directory[at + CAPACITY] = capacity;
  }

  /** Joins a sparse chunk and a neighbour, if they are few enough together. Returns whether they were. */
  private join(chunk: number): boolean {
    const left = chunk + 1 < this.length ? chunk : chunk - 1;
    if (left < 0) return false;
    const leftCount = this.count(left);
    const rightCount = this.count(left + 1);
    const total = leftCount + rightCount;
    if (total > JOINED_ENTRIES) return false;
    this.insertChunk(left, spacious(total));
    this.copyEntries(left + 1, 0, leftCount, left, 0);
    this.copyEntries(left + 2, 0, rightCount, left, leftCount);
    this.directory[(left << STRIDE_SHIFT) + COUNT] = total;
    this.firsts[left] = this.firsts[left + 1];
    this.removeChunk(left + 2);
    this.removeChunk(left + 1);
    return true;
  }

  /** Copies entries from one chunk to another; counts are the caller's to set. */
  private copyEntries(from: number, first: number, count: number, to: number, at: number): void {
    const { doubles, words } = this.arena;
    const source = this.segment(from);
    const target = this.segment(to);
    copyRange(doubles[target], this.scoresAt(to) + at, doubles[source], this.scoresAt(from) + first, count);
    copyRange(words[target], this.addressesAt(to) + at, words[source], this.addressesAt(from) + first, count);
  }
}

/** Room for so many entries and some more. */
function spacious(entries: number): number {
  return Math.min(CHUNK_ENTRIES, Math.max(MIN_CAPACITY, entries + (entries >>> 2)));
}

function copyRange<T extends Float64Array | Int32Array>(target: T, at: number, source: T, from: number, count: number): void {
  target.set(source.subarray(from, from + count), at);
}

/** Moves array[from, from + count) one place up. */
function moveUp(array: Float64Array | Int32Array, from: number, count: number): void {
  if (count > LOOP_ENTRIES) array.copyWithin(from + 1, from, from + count);
  else for (let at = from + count; at > from; at--) array[at] = array[at - 1];
}

/** Moves array[from, from + count) one place down. */
function moveDown(array: Float64Array | Int32Array, from: number, count: number): void {
  if (count > LOOP_ENTRIES) array.copyWithin(from - 1, from, from + count);
  else for (let at = from; at < from + count; at++) array[at - 1] = array[at];
}
