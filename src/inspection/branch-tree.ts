/**
 * The tree that names make with a separator, as far down as is wanted: for each branch how many keys it has and what they take. A bounded number of
 * branches is told apart; the keys of others are those of the branch that they are in. Hot: `add` runs for each key of a walk, and makes no object;
 * it looks up the lowest branch of a key only, by its whole name, which is there but for the first key.
 *
 * A branch is a number, 0 being the root; its parent's is smaller.
 */

import { assert } from "../assert.ts";
import { copyBytes } from "../base/bytes.ts";

/** How many branches are told apart: their numbers have 16 bits. Those below the first level get no more than half of them. */
const MOST_BRANCHES = 65_536;
const MOST_BELOW = MOST_BRANCHES / 2;
/** Bytes that their names may take. */
const MOST_NAME_BYTES = 16 * 1024 * 1024;
/** How many levels there are at most. */
export const MOST_LEVELS = 16;
const FIRST_BRANCHES = 64;
const FIRST_NAME_BYTES = 1024;

const FNV_OFFSET = 0x811c9dc5 | 0;
const FNV_PRIME = 0x01000193;

/** By branch: what it has, that of the branches in it included. */
export interface Totals {
  readonly keys: Float64Array;
  readonly bytes: Float64Array;
}

export class BranchTree {
  /** How many branches there are, the root among them. */
  count = 1;
  /** Whether the key that was added last is in a branch that is not told apart. */
  short = false;
  private readonly separator: Buffer;
  private readonly last: number;
  /** So many bytes of each name come before the first level. */
  private readonly base: number;
  private readonly depth: number;
  /** Whether a name is looked up by what its last separator ends: there are levels enough for most, and a byte tells it. */
  private readonly byLast: boolean;
  /** No more branches are made at the first level; below it. */
  private fullAtTop = false;
  private fullBelow = false;
  private capacity = FIRST_BRANCHES;
  private parents = new Int32Array(FIRST_BRANCHES);
  private hashes = new Int32Array(FIRST_BRANCHES);
  /** The name of branch n, without what comes before the first level, is names[nameFrom[n], nameTo[n]). */
  private nameFrom = new Int32Array(FIRST_BRANCHES);
  private nameTo = new Int32Array(FIRST_BRANCHES);
  private keyCounts = new Float64Array(FIRST_BRANCHES);
  private byteCounts = new Float64Array(FIRST_BRANCHES);
  /** 1 for branches with keys in branches of theirs that are not told apart. */
  private cuts = new Uint8Array(FIRST_BRANCHES);
  /** Branches by hash, 0 for none. */
  private slots = new Int32Array(2 * FIRST_BRANCHES);
  private slotMask = 2 * FIRST_BRANCHES - 1;
  private names = Buffer.alloc(FIRST_NAME_BYTES);
  private nameBytes = 0;
  /** Of the name that was split last: where the branches that it is in end, and their hashes; whether there are more. */
  private readonly ends = new Int32Array(MOST_LEVELS);
  private readonly endHashes = new Int32Array(MOST_LEVELS);
  private deeper = false;
  /** How many bytes of the last name looked for its lowest branch takes. */
  private located = 0;

  /** `depth`: how many levels. */
  constructor(separator: Buffer, base: number, depth: number) {
    assert(separator.length > 0 && depth <= MOST_LEVELS, "a tree has a separator, and a bounded number of levels");
    this.separator = separator;
    this.last = separator[separator.length - 1];
    this.base = base;
    this.depth = depth;
    this.byLast = depth > 1 && separator.length === 1;
  }

  /** Bytes of memory. */
  get heldBytes(): number {
    return this.capacity * 33 + this.slots.byteLength + this.names.length;
  }

  /** Counts the key buffer[from, to), which takes so many bytes. Returns the lowest branch that it is in. */
  add(buffer: Buffer, from: number, to: number, bytes: number): number {
    const start = from + this.base;
    this.short = false;
    if (this.byLast) {
      const known = this.findByLast(buffer, start, to);
      if (known >= 0) {
        this.keyCounts[known]++;
        this.byteCounts[known] += bytes;
        return known;
      }
    }
    const level = this.split(buffer, start, to);
    let branch = 0;
    if (level > 0) {
      branch = this.find(this.endHashes[level - 1], buffer, start, this.ends[level - 1]);
      if (branch === 0) branch = this.makePath(level, buffer, start);
    }
    if (this.deeper && !this.short) {
      this.cuts[branch] = 1;
      this.short = this.depth > 1;
    }
    this.keyCounts[branch]++;
    this.byteCounts[branch] += bytes;
    return branch;
  }

  /** Returns the branch that ends with the last separator of buffer[start, to), 0 when there is none; -1 when it is not known. */
  private findByLast(buffer: Buffer, start: number, to: number): number {
    const { last } = this;
    let end = to;
    while (end > start && buffer[end - 1] !== last) end--;
    if (end === start) return 0;
    let hash = FNV_OFFSET;
    for (let at = start; at < end; at++) hash = Math.imul(hash ^ buffer[at], FNV_PRIME);
    return this.find(hash, buffer, start, end) || -1;
  }

  /** Notes where the branches end that the name buffer[start, to) is in. Returns how many there are. */
  private split(buffer: Buffer, start: number, to: number): number {
    const { last, depth, ends, endHashes } = this;
    const single = this.separator.length === 1;
    let level = 0;
    let hash = FNV_OFFSET;
    let part = start;
    this.deeper = false;
    for (let at = start; at < to; ) {
      const byte = buffer[at++];
      hash = Math.imul(hash ^ byte, FNV_PRIME);
      if (byte !== last || (!single && !this.endsAt(buffer, part, at))) continue;
      if (level === depth) {
        this.deeper = true;
        break;
      }
      ends[level] = at;
      endHashes[level++] = hash;
      part = at;
    }
    return level;
  }

  /** Whether a whole separator that begins no sooner than `start` ends before `at`. */
  private endsAt(buffer: Buffer, start: number, at: number): boolean {
    const { separator } = this;
    const from = at - separator.length;
    if (from < start) return false;
    for (let index = 0; index < separator.length; index++) if (buffer[from + index] !== separator[index]) return false;
    return true;
  }

  /** Returns the branch that is called buffer[from, to), or 0. */
  private find(hash: number, buffer: Buffer, from: number, to: number): number {
    const { slots, slotMask, hashes } = this;
    let slot = (hash ^ (hash >>> 15)) & slotMask;
    for (let branch = slots[slot]; branch !== 0; branch = slots[slot]) {
      if (hashes[branch] === hash && this.isCalled(branch, buffer, from, to)) return branch;
      slot = (slot + 1) & slotMask;
    }
    return 0;
  }

  private isCalled(branch: number, buffer: Buffer, from: number, to: number): boolean {
    const { names } = this;
    let at = this.nameFrom[branch];
    if (this.nameTo[branch] - at !== to - from) return false;
    for (let index = from; index < to; index++) if (names[at++] !== buffer[index]) return false;
    return true;
  }

  /** Makes what is missing of the branches that a name is in, which has been split. Returns the lowest that there is then. */
  private makePath(levels: number, buffer: Buffer, start: number): number {
    const { ends, endHashes } = this;
    let branch = 0;
    for (let level = 0; level < levels; level++) {
      const child = this.find(endHashes[level], buffer, start, ends[level]) || this.make(branch, level, buffer, start);
      if (child === 0) {
        this.cuts[branch] = 1;
        this.short = true;
        break;
      }
      branch = child;
    }
    return branch;
  }

  /** Returns 0 when there are too many. */
  private make(parent: number, level: number, buffer: Buffer, from: number): number {
    const to = this.ends[level];
    const tooMany = this.count >= (level === 0 ? MOST_BRANCHES : MOST_BELOW) || this.nameBytes + to - from > MOST_NAME_BYTES;
    // What is refused stays so: the keys of a branch are in one place.
    if (tooMany) {
      if (level === 0) this.fullAtTop = true;
      this.fullBelow = true;
    }
    if (level === 0 ? this.fullAtTop : this.fullBelow) return 0;
    if (this.count === this.capacity) this.grow();
    const branch = this.count++;
    this.parents[branch] = parent;
    this.hashes[branch] = this.endHashes[level];
    if (this.nameBytes + to - from > this.names.length) this.growNames(to - from);
    this.nameFrom[branch] = this.nameBytes;
    copyBytes(this.names, this.nameBytes, buffer, from, to);
    this.nameBytes += to - from;
    this.nameTo[branch] = this.nameBytes;
    this.enter(branch);
    return branch;
  }

  private enter(branch: number): void {
    const hash = this.hashes[branch];
    let slot = (hash ^ (hash >>> 15)) & this.slotMask;
    while (this.slots[slot] !== 0) slot = (slot + 1) & this.slotMask;
    this.slots[slot] = branch;
  }

  private grow(): void {
    const capacity = this.capacity * 2;
    this.parents = grown(this.parents, new Int32Array(capacity));
    this.hashes = grown(this.hashes, new Int32Array(capacity));
    this.nameFrom = grown(this.nameFrom, new Int32Array(capacity));
    this.nameTo = grown(this.nameTo, new Int32Array(capacity));
    this.keyCounts = grown(this.keyCounts, new Float64Array(capacity));
    this.byteCounts = grown(this.byteCounts, new Float64Array(capacity));
    this.cuts = grown(this.cuts, new Uint8Array(capacity));
    this.capacity = capacity;
    this.slots = new Int32Array(2 * capacity);
    this.slotMask = 2 * capacity - 1;
    for (let branch = 1; branch < this.count; branch++) this.enter(branch);
  }

  private growNames(more: number): void {
    const names = Buffer.alloc(2 * (this.names.length + more));
    this.names.copy(names);
    this.names = names;
  }

  // ---- looking at it

  /** Returns what each branch has, that of the branches in it included. */
  total(): Totals {
    const keys = this.keyCounts.slice(0, this.count);
    const bytes = this.byteCounts.slice(0, this.count);
    for (let branch = this.count - 1; branch > 0; branch--) {
      keys[this.parents[branch]] += keys[branch];
      bytes[this.parents[branch]] += bytes[branch];
    }
    return { keys, bytes };
  }

  parent(branch: number): number {
    return this.parents[branch];
  }

  isCut(branch: number): boolean {
    return this.cuts[branch] !== 0;
  }

  /** What keys are directly in a branch, and what they take. */
  own(branch: number): { readonly keys: number; readonly bytes: number } {
    return { keys: this.keyCounts[branch], bytes: this.byteCounts[branch] };
  }

  /** Returns the lowest branch with whose name `prefix` begins, and how long that name is. */
  locate(prefix: Buffer): { readonly branch: number; readonly length: number } {
    const branch = this.lowest(prefix, 0, prefix.length);
    return { branch, length: this.located };
  }

  /** Returns the lowest branch that the key buffer[from, to) is in. */
  lowest(buffer: Buffer, from: number, to: number): number {
    const start = from + this.base;
    for (let level = this.split(buffer, start, to) - 1; level >= 0; level--) {
      const branch = this.find(this.endHashes[level], buffer, start, this.ends[level]);
      this.located = this.ends[level] - from;
      if (branch !== 0) return branch;
    }
    this.located = this.base;
    return 0;
  }

  /** The last part of a branch's name, with the separator. */
  part(branch: number): Buffer {
    const parent = this.parents[branch];
    const above = parent === 0 ? 0 : this.nameTo[parent] - this.nameFrom[parent];
    return this.names.subarray(this.nameFrom[branch] + above, this.nameTo[branch]);
  }
}

function grown<T extends Int32Array | Float64Array | Uint8Array>(old: T, array: T): T {
  array.set(old);
  return array;
}
