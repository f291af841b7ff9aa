/**
 * The hash table that everything large stands on: the keyspace and, later, big hashes, sets and sorted sets.
 *
 * Buckets are heads of chains of records in the arena (record.ts), so a lookup costs two cache misses: the bucket and the record. Growth and
 * shrinking move a bucket at a time (`rehashStep`), never all at once. Hot: lookups make no object, no closure and no string.
 *
 * Every change to a record passes `guard` first (a snapshot in progress), see `TableGuard`.
 */

import { assert } from "../assert.ts";
import { copied, copyBytes, equalBytes, equalsWords } from "../bytes.ts";
import { Arena, MAX_BLOCK, OFFSET_MASK, SEGMENT_SHIFT } from "./arena.ts";
import { type HashSeed, hashBytes } from "./hash.ts";
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

const MIN_BUCKETS = 16;
/** A table shrinks when it has more than this many buckets for each record. */
const SHRINK_RATIO = 8;
/** The most that one rehash multiplies or divides the number of buckets by: it is how many buckets one call of `scan` may have to visit. */
const MAX_REHASH_RATIO = 64;

/** Keys of so many bytes are compared by native code. */
const LONG_KEY = 96;
/** How many records of a chain `prefetch` touches. */
const PREFETCHED_HOPS = 3;

/** Told of every change before it is made, so that it can keep what was there: gate 1 of the design. */
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

export class Table {
  size = 0;
  guard: TableGuard | null = null;
  readonly space: TableSpace;

  private readonly arena: Arena;
  private readonly headerBytes: number;
  private buckets = new Int32Array(MIN_BUCKETS);
  private mask = MIN_BUCKETS - 1;
  /** While a rehash runs: the former buckets, those below `rehashAt` already emptied into `buckets`. */
  private old: Int32Array | null = null;
  private oldMask = 0;
  private rehashAt = 0;
  private rehashPauses = 0;

  constructor(space: TableSpace, options: { meta: boolean }) {
    this.space = space;
    this.arena = space.arena;
    this.headerBytes = options.meta ? 16 : 12;
  }

  hash(key: Buffer, from: number, length: number): number {
    return hashBytes(this.space.seed, key, from, length);
  }

  /** -> the address of the record of key[from, from + length), or 0. */
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

  /**
   * Touches the buckets, then the records up to the one with the hash, of the first `count` of `hashes`, so that the cache misses of keys about to be looked up
   * overlap instead of queueing up. `addresses` is room for as many. -> a number made of what was read, so that no compiler takes the reads for idle.
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
   * the value is `handle` instead. -> its address.
   */
  insert(hash: number, key: Buffer, from: number, length: number, flags: number, valueLength: number, handle = 0): number {
    if (this.guard !== null) this.guard.beforeChange(this, hash);
    if (this.size >= this.buckets.length && this.old === null && this.rehashPauses === 0) this.startRehash(this.buckets.length * 2);
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
   * Gives a record new flags and a new value length: it may move. Key, meta and expiry (with EXPIRES before and after) stay; of an inline value as many
   * bytes as fit both lengths; with OUTSIDE the value is `handle` (a handle that was there before is not removed). -> its address.
   */
  resize(address: number, flags: number, valueLength: number, handle = 0): number {
    const words = this.arena.words[address >>> SEGMENT_SHIFT];
    const at = (address & OFFSET_MASK) << 2;
    const lengths = words[at + LENGTHS];
    if (this.guard !== null) this.guard.beforeChange(this, words[at + HASH]);
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

  /** Takes a record out and frees it, with its outside key; an outside value's handle is the caller's to remove. */
  remove(address: number): void {
    const words = this.arena.words[address >>> SEGMENT_SHIFT];
    const at = (address & OFFSET_MASK) << 2;
    const hash = words[at + HASH];
    if (this.guard !== null) this.guard.beforeChange(this, hash);
    this.relink(address, hash, words[at + NEXT]);
    this.release(address);
    this.size--;
    if (this.size * SHRINK_RATIO < this.buckets.length) this.adapt();
  }

  /** Frees the block of a record, and its key where that is outside, without touching the chain. */
  private release(address: number): void {
    if (this.lengths(address) >>> KEY_LENGTH_SHIFT === OUTSIDE_LENGTH) this.space.objects.remove(this.keyHandle(address));
    this.arena.free(address);
  }

  /** Makes whatever points at `address` in its chain point at `target`. */
  private relink(address: number, hash: number, target: number): void {
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
   * Writes value[from, to) and a word of meta bits over what a record of a table with `meta` holds, if its inline value has that length and what `flagsMask` selects of its
   * flags is 0. -> whether that was so; nothing is done otherwise. Hot: each word of the record is read once.
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
    return this.word(address, this.handleWord(this.lengths(address)));
  }

  /** Word `index` (0 to 3) of the expiry extension of a record with EXPIRES. */
  expiryWord(address: number, index: number): number {
    return this.word(address, (this.headerBytes >>> 2) + index);
  }

  setExpiryWord(address: number, index: number, value: number): void {
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

  private word(address: number, index: number): number {
    return this.arena.words[address >>> SEGMENT_SHIFT][((address & OFFSET_MASK) << 2) + index];
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
    return this.space.objects.get(this.keyHandle(address)) as Blob;
  }

  // ---- growth

  get bucketCount(): number {
    return this.buckets.length + (this.old === null ? 0 : this.old.length);
  }

  get rehashing(): boolean {
    return this.old !== null;
  }

  /** Bytes in the bucket arrays, for `used_memory`. */
  get bucketBytes(): number {
    return this.bucketCount * 4;
  }

  /** Bytes that the table takes beside keys and values: the buckets and the heads of the records. */
  get overheadBytes(): number {
    return this.bucketBytes + this.size * this.headerBytes;
  }

  get rehashPaused(): boolean {
    return this.rehashPauses > 0;
  }

  /** While paused no bucket moves, so that chains can be walked over several ticks. Pauses nest. */
  pauseRehash(): void {
    this.rehashPauses++;
  }

  resumeRehash(): void {
    assert(this.rehashPauses > 0, "a rehash that is resumed was paused");
    this.rehashPauses--;
    this.adapt();
  }

  /** Starts a rehash if the number of records asks for more or fewer buckets, one after another until it has what it asks for. */
  private adapt(): void {
    if (this.old !== null || this.rehashPauses > 0) return;
    const buckets = this.buckets.length;
    if (this.size > buckets) this.startRehash(Math.min(bucketsFor(this.size), buckets * MAX_REHASH_RATIO));
    else if (this.size * SHRINK_RATIO < buckets && buckets > MIN_BUCKETS) {
      this.startRehash(Math.max(bucketsFor(this.size), buckets / MAX_REHASH_RATIO));
    }
  }

  /** Makes room for `records` at once; for loading a file whose size is known. */
  reserve(records: number): void {
    if (this.size === 0 && this.old === null && this.guard === null && bucketsFor(records) > this.buckets.length) {
      this.buckets = new Int32Array(bucketsFor(records));
      this.mask = this.buckets.length - 1;
    }
  }

  private startRehash(buckets: number): void {
    this.old = this.buckets;
    this.oldMask = this.mask;
    this.rehashAt = 0;
    this.buckets = new Int32Array(buckets);
    this.mask = buckets - 1;
  }

  /** Moves up to `count` buckets that hold records (and looks at ten times as many empty ones). -> whether a rehash is still under way. */
  rehashStep(count: number): boolean {
    const old = this.old;
    if (old === null || this.rehashPauses > 0) return old !== null;
    let empty = count * 10;
    const segments = this.arena.words;
    while (count > 0 && this.rehashAt < old.length) {
      let address = old[this.rehashAt];
      if (address === 0) {
        this.rehashAt++;
        if (--empty === 0) break;
        continue;
      }
      while (address !== 0) {
        const words = segments[address >>> SEGMENT_SHIFT];
        const at = (address & OFFSET_MASK) << 2;
        const next = words[at + NEXT];
        const bucket = words[at + HASH] & this.mask;
        words[at + NEXT] = this.buckets[bucket];
        this.buckets[bucket] = address;
        address = next;
      }
      old[this.rehashAt++] = 0;
      count--;
    }
    if (this.rehashAt < old.length) return true;
    this.old = null;
    this.adapt();
    return this.old !== null;
  }

  // ---- walking

  /**
   * One step of a scan: visits the records of the bucket that `cursor` names and of those that it split into or came from. -> the next cursor, 0
   * at the end. Every record that is there from the first call to the last is visited at least once, whatever the table grows or shrinks to
   * meanwhile: the cursor counts with its bits reversed, so that buckets already visited stay visited under any power of two. The visitor may look up
   * keys and may remove or resize the record that it is given; no bucket moves under it.
   */
  scan(cursor: number, visit: (address: number) => void): number {
    if (this.size === 0) return 0;
    this.pauseRehash();
    try {
      return this.scanStep(cursor, visit);
    } finally {
      this.resumeRehash();
    }
  }

  private scanStep(cursor: number, visit: (address: number) => void): number {
    const old = this.old;
    if (old === null) {
      this.visitChain(this.buckets[cursor & this.mask], visit);
      return nextCursor(cursor, this.mask);
    }
    const oldIsSmall = old.length <= this.buckets.length;
    const small = oldIsSmall ? old : this.buckets;
    const large = oldIsSmall ? this.buckets : old;
    const smallMask = small.length - 1;
    const largeMask = large.length - 1;
    this.visitChain(small[cursor & smallMask], visit);
    do {
      this.visitChain(large[cursor & largeMask], visit);
      cursor = nextCursor(cursor, largeMask);
    } while ((cursor & (smallMask ^ largeMask)) !== 0);
    return cursor;
  }

  private visitChain(address: number, visit: (address: number) => void): void {
    while (address !== 0) {
      // Read first: the visitor may remove the record it is given.
      const next = this.word(address, NEXT);
      visit(address);
      address = next;
    }
  }

  /** Number of chains to walk with `chain`; stable while rehash is paused. */
  get chainCount(): number {
    return this.bucketCount;
  }

  /** The first record of chain `index` (0 to chainCount - 1), or 0; `next` gives the others. */
  chain(index: number): number {
    const old = this.old;
    if (old === null) return this.buckets[index];
    return index < old.length ? old[index] : this.buckets[index - old.length];
  }

  next(address: number): number {
    return this.word(address, NEXT);
  }

  /** The indexes, as `chain` takes them, of the chains that can hold a key of this hash: one, or while a rehash is under way two. */
  chainOf(hash: number): number {
    return this.old === null ? hash & this.mask : this.old.length + (hash & this.mask);
  }

  oldChainOf(hash: number): number {
    return this.old === null ? -1 : hash & this.oldMask;
  }

  /** The hash of a record's key, the same in all tables of a server: for looking the key up in another one. */
  hashOf(address: number): number {
    return this.word(address, HASH);
  }

  /** -> the first record of a chain taken at random, 0 if there is none in it. */
  randomChain(): number {
    const first = this.old === null ? 0 : this.rehashAt; // the chains that a rehash has emptied are not worth drawing
    return this.chain(first + Math.floor(Math.random() * (this.chainCount - first)));
  }

  /** -> the address of a record taken at random, 0 in an empty table. */
  random(): number {
    if (this.size === 0) return 0;
    this.rehashStep(1);
    const first = this.old === null ? 0 : this.rehashAt;
    const chains = this.chainCount - first;
    let index = first + Math.floor(Math.random() * chains);
    // A sparse table could be unlucky for long: after a bounded number of draws, take the next chain that holds something.
    for (let draws = 0; draws < 64 && this.chain(index) === 0; draws++) index = first + Math.floor(Math.random() * chains);
    while (this.chain(index) === 0) index = index + 1 < first + chains ? index + 1 : first;
    let length = 0;
    for (let address = this.chain(index); address !== 0; address = this.next(address)) length++;
    let steps = Math.floor(Math.random() * length);
    let address = this.chain(index);
    while (steps-- > 0) address = this.next(address);
    return address;
  }

  /**
   * Frees the records of a table that is no longer in use and whose rehash is paused, from chain `from` on, until `stop()` says so; `release` is told of each
   * record before it goes (for outside values). -> the chain to go on from, or chainCount when all are gone.
   */
  freeChains(from: number, release: (address: number) => void, stop: () => boolean): number {
    const chains = this.chainCount;
    let index = from;
    while (index < chains) {
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
    return index;
  }
}

function extensionBytes(flags: number): number {
  return (flags & EXPIRES) * EXPIRY_BYTES + ((flags & OUTSIDE) >>> 1) * HANDLE_BYTES;
}

function bucketsFor(records: number): number {
  let buckets = MIN_BUCKETS;
  while (buckets < records) buckets *= 2;
  return buckets;
}

/** The cursor after `cursor` for a table of mask + 1 buckets: one is added to its reversed bits. As in Redis's dictScan (Pieter Noordhuis). */
function nextCursor(cursor: number, mask: number): number {
  return reverseBits(reverseBits(cursor | ~mask) + 1);
}

function reverseBits(value: number): number {
  let v = value;
  v = ((v >>> 1) & 0x55555555) | ((v & 0x55555555) << 1);
  v = ((v >>> 2) & 0x33333333) | ((v & 0x33333333) << 2);
  v = ((v >>> 4) & 0x0f0f0f0f) | ((v & 0x0f0f0f0f) << 4);
  v = ((v >>> 8) & 0x00ff00ff) | ((v & 0x00ff00ff) << 8);
  return (v >>> 16) | (v << 16);
}
