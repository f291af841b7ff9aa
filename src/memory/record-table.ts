/**
 * The hash table that everything large stands on: the keyspace, and big hashes, sets and sorted sets. How its records are found, made,
 * changed and taken out; the buckets that they hang on are in chains.ts.
 *
 * A lookup costs two cache misses: the bucket and the record. Hot: lookups make no object, no closure and no string.
 *
 * Every change to a record passes `guard` first (a snapshot in progress), see `TableGuard`.
 */

import { assert } from "../assert.ts";
import { copied, copyBytes, equalBytes, equalsWords } from "../base/bytes.ts";
import { Arena, MAX_BLOCK, OFFSET_MASK, SEGMENT_SHIFT } from "./arena.ts";
import { bucketsFor, Chains } from "./chains.ts";
import type { Mover } from "./mover.ts";
import { Blob, type ObjectTable } from "./objects.ts";
import {
  EXPIRES,
  EXPIRY_BYTES,
  EXPIRY_WORDS,
  FLAGS_MASK,
  HANDLE_BYTES,
  HASH,
  KEY_LENGTH_SHIFT,
  LENGTHS,
  MAX_INLINE_KEY,
  META,
  NEXT,
  OUTSIDE,
  OUTSIDE_LENGTH,
  VALUE_LENGTH_MASK,
  VALUE_LENGTH_SHIFT,
} from "./record.ts";
import { type HashSeed, hashBytes } from "./siphash.ts";

/** Keys of so many bytes are compared by native code. */
const LONG_KEY = 96;
/** How many chains are touched together before their records are freed. */
const TOUCHED_CHAINS = 16;
/** How many records of a chain `prefetch` touches. */
const PREFETCHED_HOPS = 3;

/** Told of every change before it is made, so that it can keep what was there. */
export interface TableGuard {
  /** The chains that hold, or would hold, a key of this hash are about to change. */
  beforeChange(table: Table, hash: number): void;
}

/** The bytes buffer[from, to). */
export interface ByteSpan {
  buffer: Buffer;
  from: number;
  to: number;
}

/** What tables of one server share. */
export interface TableSpace {
  readonly arena: Arena;
  readonly objects: ObjectTable;
  readonly seed: HashSeed;
}

export class Table extends Chains {
  guard: TableGuard | null = null;
  readonly space: TableSpace;

  private readonly headerBytes: number;
  /** The record that `remember` was told of, 0 once it is elsewhere, with length and last byte of its key. */
  private recent = 0;
  private recentLength = 0;
  private recentLast = 0;

  constructor(space: TableSpace, options: { meta: boolean }) {
    super(space.arena);
    this.space = space;
    this.headerBytes = options.meta ? 16 : 12;
  }

  hash(key: Buffer, from: number, length: number): number {
    return hashBytes(this.space.seed, key, from, length);
  }

  /** Returns the address of the record of key[from, from + length), or 0. */
  find(hash: number, key: Buffer, from: number, length: number): number {
    if (this.old !== null) this.rehashStep(1);
    const old = this.old; // only now: the step may have ended one rehash and begun the next
    if (old !== null) {
      const index = hash & this.oldMask;
      if (index >= this.rehashAt) {
        const found = this.findInChain(old[index], hash, key, from, length);
        if (found !== 0) return found;
      }
    }
    return this.findInChain(this.buckets[hash & this.mask], hash, key, from, length);
  }

  /** Notes the record found for key[from, from + length), 0 for none: the next key asked for may be the same. */
  remember(address: number, key: Buffer, from: number, length: number): void {
    this.recent = address;
    this.recentLength = length > 0 && length < LONG_KEY ? length : -1;
    if (length > 0) this.recentLast = key[from + length - 1];
  }

  /**
   * Returns the address of the record that is remembered if it is that of key[from, from + length), or 0: requests often come in runs about
   * one key, and need no hash then.
   */
  recall(key: Buffer, from: number, length: number): number {
    const address = this.recent;
    // The last byte before the others: keys tend to differ at their end.
    if (address === 0 || length !== this.recentLength || key[from + length - 1] !== this.recentLast) return 0;
    if (this.old !== null) return 0; // a rehash lives on lookups
    const words = this.arena.words[address >>> SEGMENT_SHIFT];
    const at = (address & OFFSET_MASK) << 2;
    return equalsWords(words, at + ((this.headerBytes + extensionBytes(words[at + LENGTHS])) >>> 2), key, from, length) ? address : 0;
  }

  /**
   * Touches the buckets, then the records up to the one with the hash, of the first `count` of `hashes`, so that the cache misses of keys
   * about to be looked up overlap instead of queueing up. `addresses` is room for as many. Returns a number made of what was read, so that
   * no compiler takes the reads for idle.
   */
  prefetch(hashes: Int32Array, addresses: Int32Array, count: number): number {
    const { buckets, mask } = this;
    const segments = this.arena.words;
    for (let i = 0; i < count; i++) addresses[i] = buckets[hashes[i] & mask];
    let read = 0;
    for (let hop = 0; hop < PREFETCHED_HOPS; hop++) {
      for (let i = 0; i < count; i++) {
        const address = addresses[i];
        if (address === 0) continue;
        const words = segments[address >>> SEGMENT_SHIFT];
        const at = (address & OFFSET_MASK) << 2;
        read ^= words[at + HASH];
        if (words[at + HASH] !== hashes[i]) addresses[i] = words[at + NEXT];
      }
    }
    return read;
  }

  private findInChain(address: number, hash: number, key: Buffer, from: number, length: number): number {
    const segments = this.arena.words;
    while (address !== 0) {
      const words = segments[address >>> SEGMENT_SHIFT];
      const at = (address & OFFSET_MASK) << 2;
      if (words[at + HASH] === hash && this.keyEquals(address, words, at, key, from, length)) return address;
      address = words[at + NEXT];
    }
    return 0;
  }

  private keyEquals(address: number, words: Int32Array, at: number, key: Buffer, from: number, length: number): boolean {
    const lengths = words[at + LENGTHS];
    const keyLength = lengths >>> KEY_LENGTH_SHIFT;
    if (keyLength === length && length < LONG_KEY) {
      return equalsWords(words, at + ((this.headerBytes + extensionBytes(lengths)) >>> 2), key, from, length);
    }
    if (keyLength === OUTSIDE_LENGTH) {
      const blob = this.outsideKey(address);
      return blob.length === length && equalBytes(blob.buffer, 0, key, from, length);
    }
    if (keyLength !== length) return false;
    return equalBytes(this.arena.bytes[address >>> SEGMENT_SHIFT], this.inlineKeyOffset(address, lengths), key, from, length);
  }

  /**
   * Adds a record for a key that is not there, with room for `valueLength` bytes of value (undefined until written); with OUTSIDE in `flags`
   * the value is `handle` instead. Returns its address.
   */
  insert(hash: number, key: Buffer, from: number, length: number, flags: number, valueLength: number, handle = 0): number {
    if (this.guard !== null) this.guard.beforeChange(this, hash);
    if (this.size >= this.buckets.length && this.old === null && this.rehashPauses === 0) this.grow(this.buckets.length * 2);
    assert(valueLength >= 0 && valueLength <= VALUE_LENGTH_MASK, "fifteen bits hold the length of a value that is inside its record");
    assert((flags & ~FLAGS_MASK) === 0, "two bits hold the flags, which share a word with the lengths");
    const keyOutside = length > MAX_INLINE_KEY;
    const head = this.headerBytes + extensionBytes(flags) + (keyOutside ? HANDLE_BYTES : 0);
    const inlineKey = keyOutside ? 0 : length;
    // Before anything changes: there may be no memory for it.
    const outsideKey = keyOutside ? copied(key, from, from + length) : null;
    const address = this.arena.allocate(head + inlineKey + valueLength);
    const words = this.arena.words[address >>> SEGMENT_SHIFT];
    const at = (address & OFFSET_MASK) << 2;
    const bucket = hash & this.mask;
    words[at + NEXT] = this.buckets[bucket];
    words[at + HASH] = hash;
    words[at + LENGTHS] = ((keyOutside ? OUTSIDE_LENGTH : length) << KEY_LENGTH_SHIFT) | (valueLength << VALUE_LENGTH_SHIFT) | flags;
    this.buckets[bucket] = address;
    this.size++;
    const extension = at + this.handleWord(flags);
    if ((flags & OUTSIDE) !== 0) words[extension] = handle;
    if (outsideKey !== null) {
      words[extension + ((flags & OUTSIDE) >>> 1)] = this.space.objects.add(new Blob(outsideKey));
    } else {
      copyBytes(this.arena.bytes[address >>> SEGMENT_SHIFT], ((address & OFFSET_MASK) << 4) + head, key, from, from + length);
    }
    return address;
  }

  /**
   * Gives a record new flags and a new value length: it may move. Key, meta and expiry (with EXPIRES before and after) stay; of an inline
   * value as many bytes as fit both lengths; with OUTSIDE the value is `handle` (a handle that was there before is not removed). Returns
   * its address.
   */
  resize(address: number, flags: number, valueLength: number, handle = 0): number {
    const words = this.arena.words[address >>> SEGMENT_SHIFT];
    const at = (address & OFFSET_MASK) << 2;
    const lengths = words[at + LENGTHS];
    if (this.guard !== null) this.guard.beforeChange(this, words[at + HASH]);
    assert(valueLength >= 0 && valueLength <= VALUE_LENGTH_MASK, "a value that outgrows fifteen bits of length is outside its record");
    const keyLength = lengths >>> KEY_LENGTH_SHIFT;
    const keyOutside = keyLength === OUTSIDE_LENGTH;
    const inlineKey = keyOutside ? HANDLE_BYTES : keyLength;
    const needed = this.headerBytes + extensionBytes(flags) + inlineKey + valueLength;
    const capacity = this.arena.capacity(address);
    const newLengths = (keyLength << KEY_LENGTH_SHIFT) | (valueLength << VALUE_LENGTH_SHIFT) | flags;
    if (flags === (lengths & FLAGS_MASK) && needed <= capacity && Arena.blockSize(needed) * 4 >= capacity * 3) {
      words[at + LENGTHS] = newLengths;
      if ((flags & OUTSIDE) !== 0) words[at + this.handleWord(flags)] = handle;
      return address;
    }
    return this.move(address, newLengths, needed, inlineKey, handle);
  }

  private move(address: number, newLengths: number, needed: number, keyBytes: number, handle: number): number {
    const target = this.arena.allocate(needed);
    const words = this.arena.words[address >>> SEGMENT_SHIFT];
    const at = (address & OFFSET_MASK) << 2;
    const newWords = this.arena.words[target >>> SEGMENT_SHIFT];
    const newAt = (target & OFFSET_MASK) << 2;
    const header = this.headerBytes >>> 2;
    const lengths = words[at + LENGTHS];
    for (let i = 0; i < header; i++) newWords[newAt + i] = words[at + i];
    newWords[newAt + LENGTHS] = newLengths;
    if ((newLengths & lengths & EXPIRES) !== 0) for (let i = header; i < header + EXPIRY_WORDS; i++) newWords[newAt + i] = words[at + i];
    if ((newLengths & OUTSIDE) !== 0) newWords[newAt + this.handleWord(newLengths)] = handle;
    const bytes = this.arena.bytes[address >>> SEGMENT_SHIFT];
    const newBytes = this.arena.bytes[target >>> SEGMENT_SHIFT];
    const from = ((address & OFFSET_MASK) << 4) + this.headerBytes + extensionBytes(lengths);
    const to = ((target & OFFSET_MASK) << 4) + this.headerBytes + extensionBytes(newLengths);
    const kept = Math.min((lengths >>> VALUE_LENGTH_SHIFT) & VALUE_LENGTH_MASK, (newLengths >>> VALUE_LENGTH_SHIFT) & VALUE_LENGTH_MASK);
    copyBytes(newBytes, to, bytes, from, from + keyBytes + kept);
    this.relink(address, words[at + HASH], target);
    this.arena.free(address);
    return target;
  }

  /**
   * Moves a record out of a page that is to be emptied, if it is in one; its chain has it in the same place, so that guards need not hear.
   * `moved` is told while both are there. Returns where the record is. Errors: ArenaFull, and it has not moved.
   */
  relocate(address: number, mover: Mover, moved: (from: number, to: number) => void): number {
    if (!mover.wants(address)) return address;
    const target = this.arena.copyBlock(address);
    this.relink(address, this.word(address, HASH), target);
    moved(address, target);
    this.arena.free(address);
    return target;
  }

  /** `LargeObject.defragment` for the records of a table. */
  defragment(cursor: number, mover: Mover, moved: (from: number, to: number) => void): number {
    const visit = (address: number): void => {
      this.relocate(address, mover, moved);
    };
    let next = cursor;
    do {
      next = this.scan(next, visit);
      mover.pass();
    } while (next !== 0 && !mover.isOver);
    return next;
  }

  /** Takes a record out and frees it, with its outside key; an outside value's handle is the caller's to remove. */
  remove(address: number): void {
    const words = this.arena.words[address >>> SEGMENT_SHIFT];
    const at = (address & OFFSET_MASK) << 2;
    const hash = words[at + HASH];
    if (this.guard !== null) this.guard.beforeChange(this, hash);
    this.relink(address, hash, words[at + NEXT]);
    this.release(address);
    this.size--;
    assert(this.size >= 0, "a table counts its records, and removes none that it has not");
    if (this.sparse) this.adapt();
  }

  /** Frees the block of a record, and its key where that is outside, without touching the chain. */
  private release(address: number): void {
    if (this.lengths(address) >>> KEY_LENGTH_SHIFT === OUTSIDE_LENGTH) this.space.objects.remove(this.keyHandle(address));
    this.arena.free(address);
  }

  /** Makes whatever points at `address` in its chain point at `target`. */
  private relink(address: number, hash: number, target: number): void {
    if (address === this.recent) this.recent = 0;
    const old = this.old;
    if (old !== null && (hash & this.oldMask) >= this.rehashAt && this.relinkIn(old, hash & this.oldMask, address, target)) return;
    assert(this.relinkIn(this.buckets, hash & this.mask, address, target), "a record is in the chain that its hash names");
  }

  private relinkIn(buckets: Int32Array, bucket: number, address: number, target: number): boolean {
    let cursor = buckets[bucket];
    if (cursor === address) {
      buckets[bucket] = target;
      return true;
    }
    while (cursor !== 0) {
      const words = this.arena.words[cursor >>> SEGMENT_SHIFT];
      const at = ((cursor & OFFSET_MASK) << 2) + NEXT;
      cursor = words[at];
      if (cursor === address) {
        words[at] = target;
        return true;
      }
    }
    return false;
  }

  /**
   * Writes value[from, to) and a word of meta bits over what a record of a table with `meta` holds, if its inline value has that length and
   * what `flagsMask` selects of its flags is 0. Returns whether that was so; nothing is done otherwise. Hot: each word of the record is
   * read once.
   */
  overwrite(address: number, flagsMask: number, meta: number, value: Buffer, from: number, to: number): boolean {
    const words = this.arena.words[address >>> SEGMENT_SHIFT];
    const at = (address & OFFSET_MASK) << 2;
    const lengths = words[at + LENGTHS];
    const keyLength = lengths >>> KEY_LENGTH_SHIFT;
    if (((lengths >>> VALUE_LENGTH_SHIFT) & VALUE_LENGTH_MASK) !== to - from || (lengths & flagsMask) !== 0) return false;
    if (this.guard !== null) this.guard.beforeChange(this, words[at + HASH]);
    const offset = (at << 2) + this.headerBytes + extensionBytes(lengths) + (keyLength === OUTSIDE_LENGTH ? HANDLE_BYTES : keyLength);
    copyBytes(this.arena.bytes[address >>> SEGMENT_SHIFT], offset, value, from, to);
    words[at + META] = meta;
    return true;
  }

  /** To be called before a record is changed in place. */
  beforeChange(address: number): void {
    if (this.guard !== null) this.guard.beforeChange(this, this.word(address, HASH));
  }

  // ---- what a record holds

  /** The word of meta bits of a record (tables made with `meta`). */
  meta(address: number): number {
    return this.word(address, META);
  }

  setMeta(address: number, meta: number): void {
    this.arena.words[address >>> SEGMENT_SHIFT][((address & OFFSET_MASK) << 2) + META] = meta;
  }

  flags(address: number): number {
    return this.lengths(address) & FLAGS_MASK;
  }

  keyLength(address: number): number {
    const length = this.lengths(address) >>> KEY_LENGTH_SHIFT;
    return length === OUTSIDE_LENGTH ? this.outsideKey(address).length : length;
  }

  /** The buffer that holds the key's bytes, from `keyOffset`. */
  keyBuffer(address: number): Buffer {
    if (this.lengths(address) >>> KEY_LENGTH_SHIFT === OUTSIDE_LENGTH) return this.outsideKey(address).buffer;
    return this.arena.bytes[address >>> SEGMENT_SHIFT];
  }

  keyOffset(address: number): number {
    const lengths = this.lengths(address);
    return lengths >>> KEY_LENGTH_SHIFT === OUTSIDE_LENGTH ? 0 : this.inlineKeyOffset(address, lengths);
  }

  /** A copy of the key. */
  key(address: number): Buffer {
    const from = this.keyOffset(address);
    return Buffer.from(this.keyBuffer(address).subarray(from, from + this.keyLength(address)));
  }

  /** The length of an inline value. */
  valueLength(address: number): number {
    return (this.lengths(address) >>> VALUE_LENGTH_SHIFT) & VALUE_LENGTH_MASK;
  }

  /** Where an inline value starts in `bytesOf(address)`. */
  valueOffset(address: number): number {
    const lengths = this.lengths(address);
    const keyLength = lengths >>> KEY_LENGTH_SHIFT;
    return this.inlineKeyOffset(address, lengths) + (keyLength === OUTSIDE_LENGTH ? HANDLE_BYTES : keyLength);
  }

  /** Notes in `span` where the key lies. */
  locateKey(address: number, span: ByteSpan): void {
    const at = (address & OFFSET_MASK) << 2;
    const lengths = this.arena.words[address >>> SEGMENT_SHIFT][at + LENGTHS];
    const length = lengths >>> KEY_LENGTH_SHIFT;
    const outside = length === OUTSIDE_LENGTH ? this.outsideKey(address) : null;
    span.buffer = outside === null ? this.arena.bytes[address >>> SEGMENT_SHIFT] : outside.buffer;
    span.from = outside === null ? this.inlineKeyOffset(address, lengths) : 0;
    span.to = span.from + (outside === null ? length : outside.length);
  }

  /** Notes in `span` where an inline value lies. */
  locateValue(address: number, span: ByteSpan): void {
    const at = (address & OFFSET_MASK) << 2;
    const lengths = this.arena.words[address >>> SEGMENT_SHIFT][at + LENGTHS];
    const keyLength = lengths >>> KEY_LENGTH_SHIFT;
    span.buffer = this.arena.bytes[address >>> SEGMENT_SHIFT];
    span.from = this.inlineKeyOffset(address, lengths) + (keyLength === OUTSIDE_LENGTH ? HANDLE_BYTES : keyLength);
    span.to = span.from + ((lengths >>> VALUE_LENGTH_SHIFT) & VALUE_LENGTH_MASK);
  }

  /** The buffer that the record itself lies in. */
  bytesOf(address: number): Buffer {
    return this.arena.bytes[address >>> SEGMENT_SHIFT];
  }

  /** The handle of an outside value. */
  handle(address: number): number {
    const lengths = this.lengths(address);
    assert((lengths & OUTSIDE) !== 0, "only a value that is outside has a handle; of another these would be bytes of its key");
    return this.word(address, this.handleWord(lengths));
  }

  /** Word `index` (0 to 3) of the expiry extension of a record with EXPIRES. */
  expiryWord(address: number, index: number): number {
    return this.word(address, (this.headerBytes >>> 2) + index);
  }

  setExpiryWord(address: number, index: number, value: number): void {
    assert((this.lengths(address) & EXPIRES) !== 0, "only a record that expires has room for its deadline");
    this.arena.words[address >>> SEGMENT_SHIFT][((address & OFFSET_MASK) << 2) + (this.headerBytes >>> 2) + index] = value;
  }

  /** Whether a record of such a key and value fits a block; if not, the value must be outside. */
  fits(keyLength: number, flags: number, valueLength: number): boolean {
    const key = keyLength > MAX_INLINE_KEY ? HANDLE_BYTES : keyLength;
    return this.headerBytes + extensionBytes(flags) + key + valueLength <= MAX_BLOCK;
  }

  /** Makes sure that the next `insert` or `resize` to such a record finds memory, for callers that change other things first. Errors: ArenaFull. */
  ensureRoom(keyLength: number, flags: number, valueLength: number): void {
    const key = keyLength > MAX_INLINE_KEY ? HANDLE_BYTES : keyLength;
    this.arena.ensure(this.headerBytes + extensionBytes(flags) + key + valueLength);
  }

  private lengths(address: number): number {
    return this.arena.words[address >>> SEGMENT_SHIFT][((address & OFFSET_MASK) << 2) + LENGTHS];
  }

  private handleWord(flags: number): number {
    return (this.headerBytes >>> 2) + (flags & EXPIRES) * EXPIRY_WORDS;
  }

  private inlineKeyOffset(address: number, lengths: number): number {
    return ((address & OFFSET_MASK) << 4) + this.headerBytes + extensionBytes(lengths);
  }

  private keyHandle(address: number): number {
    const lengths = this.lengths(address);
    return this.word(address, this.handleWord(lengths) + ((lengths & OUTSIDE) >>> 1));
  }

  private outsideKey(address: number): Blob {
    const blob = this.space.objects.get(this.keyHandle(address));
    assert(blob instanceof Blob, "the handle of a key that is outside its record names bytes");
    return blob;
  }

  // ---- all of it

  /** Bytes that the table takes beside keys and values: the buckets and the heads of the records. */
  get overheadBytes(): number {
    return this.bucketBytes + this.size * this.headerBytes;
  }

  /** Makes room for `records` at once; for loading a file whose size is known. */
  reserve(records: number): void {
    if (this.size === 0 && this.old === null && this.guard === null && bucketsFor(records) > this.buckets.length) {
      this.buckets = new Int32Array(bucketsFor(records));
      this.mask = this.buckets.length - 1;
    }
  }

  /**
   * Frees the records of a table that is no longer in use and whose rehash is paused, from chain `from` on, until `stop()` says so;
   * `release` is told of each record before it goes (for outside values). Returns the chain to go on from, or chainCount when all are gone.
   */
  freeChains(from: number, release: (address: number) => void, stop: () => boolean): number {
    const chains = this.chainCount;
    assert(this.rehashPaused, "chains are freed one after another while none of them moves");
    let index = from;
    this.recent = 0;
    while (index < chains) {
      if ((index & (TOUCHED_CHAINS - 1)) === 0) this.touchChains(index, Math.min(chains, index + TOUCHED_CHAINS));
      let address = this.chain(index);
      while (address !== 0) {
        const next = this.next(address);
        release(address);
        this.release(address);
        this.size--;
        address = next;
      }
      index++;
      if ((index & 63) === 0 && stop()) break;
    }
    assert(index < chains ? this.size >= 0 : this.size === 0, "the chains hold as many records as the table counts");
    if (index === chains) this.abandon();
    return index;
  }

  /** Reads the first records of these chains, so that the cache misses overlap. Returns a number made of what was read, as `prefetch`. */
  private touchChains(from: number, to: number): number {
    const segments = this.arena.words;
    let read = 0;
    for (let index = from; index < to; index++) {
      const address = this.chain(index);
      if (address !== 0) read ^= segments[address >>> SEGMENT_SHIFT][((address & OFFSET_MASK) << 2) + HASH];
    }
    return read;
  }

  /** The table is no longer in use, and its records are freed. */
  abandon(): void {
    this.rehashPauses++; // a walk that finds out later must not move what is gone
    this.giveBack(this.buckets);
    if (this.old !== null) this.giveBack(this.old);
  }
}

function extensionBytes(flags: number): number {
  return (flags & EXPIRES) * EXPIRY_BYTES + ((flags & OUTSIDE) >>> 1) * HANDLE_BYTES;
}

// ---- several guards on one table: it has room for one, so that a change costs one test when there is none and one call when there is one; a
// second (a snapshot to a file and one to a replica, at once) is put beside the first in a guard that asks both

class GuardGroup implements TableGuard {
  /** Replaced and never changed: a guard may leave while all are being asked. */
  readonly members: readonly TableGuard[];

  constructor(members: readonly TableGuard[]) {
    this.members = members;
  }

  beforeChange(table: Table, hash: number): void {
    for (const member of this.members) member.beforeChange(table, hash);
  }
}

/** Lets `guard` hear of every change to `table` from now on. */
export function addGuard(table: Table, guard: TableGuard): void {
  setGuards(table, [...guardsOf(table), guard]);
}

/** `guard` hears of no further change. */
export function removeGuard(table: Table, guard: TableGuard): void {
  setGuards(
    table,
    guardsOf(table).filter((member) => member !== guard),
  );
}

function guardsOf({ guard }: Table): readonly TableGuard[] {
  if (guard === null) return [];
  return guard instanceof GuardGroup ? guard.members : [guard];
}

function setGuards(table: Table, guards: readonly TableGuard[]): void {
  table.guard = guards.length === 0 ? null : guards.length === 1 ? guards[0] : new GuardGroup(guards);
}
