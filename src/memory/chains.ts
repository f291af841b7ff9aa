/**
 * The buckets of a table: heads of chains of records in the arena (record.ts). Growth and shrinking move a bucket at a time (`rehashStep`),
 * never all at once; walks (scans, snapshots, random draws) see every record whatever state that is in. Keys and values are the table's
 * business (record-table.ts).
 */

import { assert, InvariantError } from "../assert.ts";
import { type Arena, OFFSET_MASK, SEGMENT_SHIFT } from "./arena.ts";
import { HASH, NEXT } from "./record.ts";

const MIN_BUCKETS = 16;
/** A table shrinks when it has more than this many buckets for each record. */
const SHRINK_RATIO = 8;
/**
 * Draws that `draw` makes at once: their buckets are read one after the other with no decision between, so that the cache misses overlap.
 * A table as full as it gets needs four, one about to shrink 32. To draw and remove 10,000 entries takes a third less time so.
 */
const DRAWS = 8;
/** A sparse table could be unlucky for longer: then a walk finds the record. */
const MOST_DRAWS = 64;
/** The most that one rehash multiplies or divides the number of buckets by: it is how many buckets one call of `scan` may have to visit. */
const MAX_REHASH_RATIO = 64;
/** A table with more records than that for each bucket grows whatever memory there is (HASHTABLE_MAX_LOAD_FACTOR). */
const CROWDED = 1.618;
/** Buckets of so many bytes go back to the system by themselves. */
const MANY_BYTES = 64 * 1024;
/** What one bucket takes. */
const BUCKET_BYTES = 4;

/** What `draw` draws: the first records of chains, and how many records further. */
const heads = new Int32Array(DRAWS);
const hops = new Int32Array(DRAWS);

export class Chains {
  /** How many records there are. */
  size = 0;
  protected readonly arena: Arena;
  protected buckets = new Int32Array(MIN_BUCKETS);
  protected mask = MIN_BUCKETS - 1;
  /** While a rehash runs: the former buckets, those below `rehashAt` already emptied into `buckets`. */
  protected old: Int32Array | null = null;
  protected oldMask = 0;
  protected rehashAt = 0;
  protected rehashPauses = 0;
  /** Asked before there are more buckets: whether so many bytes may be taken for them. Null: always. */
  mayTake: ((bytes: number) => boolean) | null = null;

  constructor(arena: Arena) {
    this.arena = arena;
  }

  protected word(address: number, index: number): number {
    return this.arena.words[address >>> SEGMENT_SHIFT][((address & OFFSET_MASK) << 2) + index];
  }

  // ---- growth

  get rehashing(): boolean {
    return this.old !== null;
  }

  /** Bytes in the bucket arrays, for `used_memory`. */
  get bucketBytes(): number {
    return this.chainCount * BUCKET_BYTES;
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

  protected get sparse(): boolean {
    return this.size * SHRINK_RATIO < this.buckets.length;
  }

  /** Starts a rehash if the number of records asks for more or fewer buckets, one after another until it has what it asks for. */
  protected adapt(): void {
    if (this.old !== null || this.rehashPauses > 0) return;
    const buckets = this.buckets.length;
    if (this.size > buckets) this.grow(Math.min(bucketsFor(this.size), buckets * MAX_REHASH_RATIO));
    else if (this.sparse && buckets > MIN_BUCKETS) {
      this.startRehash(Math.max(bucketsFor(this.size), buckets / MAX_REHASH_RATIO));
    }
  }

  /** Starts a rehash to more buckets, if memory allows. */
  protected grow(buckets: number): void {
    const allowed = this.mayTake === null || this.size > this.buckets.length * CROWDED || this.mayTake(buckets * BUCKET_BYTES);
    if (allowed) this.startRehash(buckets);
  }

  private startRehash(buckets: number): void {
    assert(this.old === null, "one rehash ends before the next begins, or records would be lost");
    assert((buckets & (buckets - 1)) === 0, "the number of buckets is a power of two, so that a mask selects one");
    this.old = this.buckets;
    this.oldMask = this.mask;
    this.rehashAt = 0;
    this.buckets = new Int32Array(buckets);
    this.mask = buckets - 1;
  }

  /** Moves up to `count` buckets that hold records (and looks at ten times as many empty ones). Returns whether a rehash is still under way. */
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
    assert(this.rehashAt === old.length, "a rehash ends when each of the former buckets was emptied, and no sooner or later");
    this.old = null;
    this.giveBack(old);
    this.adapt();
    return this.old !== null;
  }

  /** These buckets are not needed any more. Few are left to the collector: to look at the memory behind an array has the runtime copy it first. */
  protected giveBack(buckets: Int32Array): void {
    if (buckets.byteLength >= MANY_BYTES) this.arena.unused.take(Buffer.from(buckets.buffer), 0, buckets.byteLength);
  }

  // ---- walking

  /**
   * One step of a scan: visits the records of the bucket that `cursor` names and of those that it split into or came from. Returns the next cursor, 0
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

  /**
   * `steps` steps of a scan at once, whose cache misses overlap: puts the records of their buckets into `found`, in place of what is there.
   * Returns the next cursor, 0 at the end.
   */
  scanMany(cursor: number, steps: number, found: number[]): number {
    found.length = 0;
    if (this.size === 0) return 0;
    const { buckets, mask } = this;
    if (this.old !== null) {
      do cursor = this.scan(cursor, (address) => found.push(address));
      while (cursor !== 0 && --steps > 0);
      return cursor;
    }
    do {
      const address = buckets[cursor & mask];
      if (address !== 0) found.push(address);
      cursor = nextCursor(cursor, mask);
    } while (cursor !== 0 && --steps > 0);
    for (let at = 0; at < found.length; at++) {
      const next = this.word(found[at], NEXT);
      if (next !== 0) found.push(next);
    }
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
    return this.buckets.length + (this.old === null ? 0 : this.old.length);
  }

  /** The first record of chain `index` (0 to chainCount - 1), or 0; `next` gives the others. */
  chain(index: number): number {
    assert(index >= 0 && index < this.chainCount, "a chain that is walked exists: no bucket moves while chains are counted");
    const old = this.old;
    if (old === null) return this.buckets[index];
    return index < old.length ? old[index] : this.buckets[index - old.length];
  }

  /**
   * Puts the records of chains `from` to `to` - 1 into `addresses`, the first of each chain before the second ones, so that the cache misses of
   * a row overlap: a walk takes half as long. Returns how many there are; if these are more than there is room for, nothing else is told.
   */
  gather(from: number, to: number, addresses: Int32Array): number {
    assert(from >= 0 && to <= this.chainCount, "chains that are walked exist: no bucket moves while chains are counted");
    const { old, buckets } = this;
    const room = addresses.length;
    const first = old === null ? 0 : old.length;
    let count = 0;
    for (let index = from; index < to; index++) {
      const address = old !== null && index < first ? old[index] : buckets[index - first];
      if (address !== 0 && count < room) addresses[count++] = address;
    }
    const segments = this.arena.words;
    for (let at = 0; at < count; at++) {
      const next = segments[addresses[at] >>> SEGMENT_SHIFT][((addresses[at] & OFFSET_MASK) << 2) + NEXT];
      if (next === 0) continue;
      if (count === room) return room + 1;
      addresses[count++] = next;
    }
    return count;
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

  /**
   * Draws a chain and one of `places` places in it, each pair with the same probability, up to DRAWS times until there is a record; the last
   * place stands for the rest of a chain. Returns the address of that record, 0 if no draw came upon one. Hot: it is most of a large SPOP.
   */
  draw(places: number): number {
    const { old, buckets, rehashAt } = this;
    const left = old === null ? 0 : old.length - rehashAt; // the chains that a rehash has emptied are not worth drawing
    const chains = left + buckets.length;
    for (let draw = 0; draw < DRAWS; draw++) {
      const drawn = Math.random() * chains;
      const index = drawn >>> 0; // Math.floor, which need not give an integer, made all of this half as long again
      heads[draw] = old !== null && index < left ? old[rehashAt + index] : buckets[index - left];
      hops[draw] = ((drawn - index) * places) | 0; // the digits that the index leaves are as random as it is
    }
    for (let draw = 0; draw < DRAWS; draw++) {
      let address = heads[draw];
      if (address === 0) continue;
      const place = hops[draw];
      for (let hop = place; hop > 0 && address !== 0; hop--) address = this.next(address);
      if (address !== 0) return place === places - 1 ? this.randomFrom(address) : address;
    }
    return 0;
  }

  /** Returns the address of a record taken at random, 0 in an empty table. */
  random(): number {
    if (this.size === 0) return 0;
    this.rehashStep(1);
    const first = this.old === null ? 0 : this.rehashAt;
    const chains = this.chainCount - first;
    for (let draw = 0; draw < MOST_DRAWS; draw++) {
      const found = this.chain(first + Math.floor(Math.random() * chains));
      if (found !== 0) return this.randomFrom(found);
    }
    return this.inOrder(first, Math.floor(Math.random() * this.size));
  }

  /** Returns the record that `count` others come before in the chains from `first` on: no rarer behind a full chain than behind empty ones. */
  private inOrder(first: number, count: number): number {
    let left = count;
    for (let index = first; index < this.chainCount; index++) {
      for (let address = this.chain(index); address !== 0; address = this.next(address)) if (left-- === 0) return address;
    }
    throw new InvariantError("a table that counts records has a chain that holds one");
  }

  /** Returns a record of the rest of a chain taken at random, the one at `first` included. */
  randomFrom(first: number): number {
    assert(first !== 0, "a record is drawn from a chain that holds one");
    let length = 0;
    for (let at = first; at !== 0; at = this.next(at)) length++;
    let address = first;
    for (let hops = Math.floor(Math.random() * length); hops > 0; hops--) address = this.next(address);
    return address;
  }
}

/** How many buckets a table of so many records has. */
export function bucketsFor(records: number): number {
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
