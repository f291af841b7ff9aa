/**
 * The arena: every key, value and index entry lives here, outside the garbage-collected heap.
 *
 * Segments of 64 MiB, cut into pages of 64 KiB; a page holds blocks of one size class. An address is a 32-bit number that counts granules of
 * 16 bytes (64 GiB in all), 0 is no address. Addresses are kept as signed 32-bit integers, which the compiler handles in registers; a negative
 * one is as good as any. Freed blocks go to their page's free list, and a page without live blocks goes back to be used for any class, so that
 * memory never stays locked in a size that is no longer asked for.
 *
 * Free pages go back to the system when they have not been needed for a while (`release`). What is left in pages with few blocks can be moved
 * elsewhere, so that they come free too: `markSparse` chooses pages from which no more blocks are handed out, and who knows the address of a
 * block in one of them moves it (mover.ts).
 *
 * Hot: `allocate` and `free` touch the page's entries in four typed arrays and the block's first word, nothing else. A page is first handed
 * out front to back (`pageBump`), so memory that was never needed is never touched and costs nothing.
 */

import { assert } from "../assert.ts";
import { UnusedMemory } from "../blocks/unused.ts";

export const GRANULE = 16;
export const SEGMENT_BYTES = 64 * 1024 * 1024;
/** address >>> SEGMENT_SHIFT is the segment; (address & OFFSET_MASK) counts granules inside it. */
export const SEGMENT_SHIFT = 22;
export const OFFSET_MASK = (1 << SEGMENT_SHIFT) - 1;

const PAGE_GRANULES = 4096;
/** What blocks of one size are cut from. */
export const PAGE_BYTES = PAGE_GRANULES * GRANULE;
const PAGE_SHIFT = 12;
const PAGES_PER_SEGMENT = 1 << (SEGMENT_SHIFT - PAGE_SHIFT);
const MAX_SEGMENTS = 1024;

/** The largest block, in bytes: half a page. What is larger is a Buffer of its own (objects.ts). */
export const MAX_BLOCK = (PAGE_GRANULES / 2) * GRANULE;

/** Block sizes in granules: every size up to 512 bytes, then steps of an eighth, then what divides a page evenly. */
const CLASS_SIZES = classSizes();
const CLASS_OF = classTable(CLASS_SIZES);

const NO_PAGE = -1;
const FREE_PAGE = 255;
/** So many free pages are given back at a time, a tenth of a millisecond's work; those that lie side by side at one go. */
const RELEASED_PAGES = 16;
/** Pages are told apart by how full they are in so many steps; those of the last are never emptied. */
const FILLS = 16;
/** Blocks of more words are copied by native code. */
const LONG_COPY_WORDS = 48;

/** The arena's limit is reached: 64 GiB of blocks, unless it was made with less. Nothing has changed then. */
export class ArenaFull extends Error {
  override name = "ArenaFull";
}

/**
 * What the runtime says of a buffer that it has no memory for, or that is larger than any buffer can be; only its words tell such a
 * RangeError from others.
 */
const NO_BUFFER = /^Out of memory$|^The value of "size" is out of range/;

/** Whether `error` says that memory ran out: the arena's, or the runtime's. */
export function isMemoryExhausted(error: unknown): boolean {
  return error instanceof ArenaFull || (error instanceof RangeError && NO_BUFFER.test(error.message));
}

export class Arena {
  /** The same memory seen as bytes, as 32-bit words and as doubles, by segment. Hot code reads these directly. */
  readonly bytes: Buffer[] = [];
  readonly words: Int32Array[] = [];
  readonly doubles: Float64Array[] = [];
  /** Bytes in live blocks, by the size of the blocks. */
  usedBytes = 0;
  /** Bytes in pages that hold blocks, live or not. */
  pageBytes = 0;
  /** How many values are being built that no table leads to: while there are any not all blocks may be given back at one go. */
  drafts = 0;

  private pageClass = new Uint8Array(PAGES_PER_SEGMENT);
  private pageLive = new Uint16Array(PAGES_PER_SEGMENT);
  private pageBump = new Uint16Array(PAGES_PER_SEGMENT);
  private pageFree = new Int32Array(PAGES_PER_SEGMENT);
  /** Links of the list of pages of a class that have room, and of the list of pages that belong to no class. */
  private pageNext = new Int32Array(PAGES_PER_SEGMENT);
  private pagePrevious = new Int32Array(PAGES_PER_SEGMENT);
  /** By class: the page that blocks are taken from, and the head of the list of others with room. */
  private readonly current = new Int32Array(CLASS_SIZES.length).fill(NO_PAGE);
  private readonly partial = new Int32Array(CLASS_SIZES.length).fill(NO_PAGE);
  /** Free pages whose memory the system may still hold, and those whose memory it has back, which are used when there are no others. */
  private idle = NO_PAGE;
  private released = NO_PAGE;
  private idleCount = 0;
  private releasedCount = 0;
  private leastIdle = 0;
  /** 1 for a page that is to be emptied, see `markSparse`. It is in no list. */
  private pageSparse = new Uint8Array(PAGES_PER_SEGMENT);
  private sparseCount = 0;
  private nextPage = 0;
  private readonly maxSegments: number;
  /** Large arrays of tables that stood on this memory, to be given back to the system. */
  readonly unused = new UnusedMemory();

  /** `maxSegments`: how much it may grow to, in segments of SEGMENT_BYTES. */
  constructor(options: { maxSegments?: number } = {}) {
    this.maxSegments = Math.min(options.maxSegments ?? MAX_SEGMENTS, MAX_SEGMENTS);
  }

  /** A block of at least `size` bytes (1 to MAX_BLOCK), its content undefined. Returns its address. Errors: ArenaFull. */
  allocate(size: number): number {
    assert(size > 0 && size <= MAX_BLOCK, "a block has 1 to MAX_BLOCK bytes, or no size class fits it");
    const sizeClass = CLASS_OF[(size + GRANULE - 1) >>> 4];
    let page = this.current[sizeClass];
    if (page === NO_PAGE || !this.hasRoom(page, sizeClass)) page = this.nextPageOf(sizeClass);
    this.pageLive[page]++;
    this.usedBytes += CLASS_SIZES[sizeClass] << 4;
    const free = this.pageFree[page];
    if (free !== 0) {
      this.pageFree[page] = this.words[free >>> SEGMENT_SHIFT][(free & OFFSET_MASK) << 2];
      return free;
    }
    const bump = this.pageBump[page];
    assert(
      bump + CLASS_SIZES[sizeClass] <= PAGE_GRANULES,
      "a page that blocks are taken from has room, or a block would reach into the next page",
    );
    this.pageBump[page] = bump + CLASS_SIZES[sizeClass];
    return (page << PAGE_SHIFT) + bump;
  }

  /** Gives a block back. The block must be live. */
  free(address: number): void {
    const page = address >>> PAGE_SHIFT;
    const sizeClass = this.pageClass[page];
    assert(this.pageLive[page] > 0, "a block that is freed is in a page with live blocks, and none is freed twice");
    assert(
      address !== 0 && (address & (PAGE_GRANULES - 1)) < this.pageBump[page],
      "a block that is freed lies where its page has handed blocks out",
    );
    const wasFull = !this.hasRoom(page, sizeClass);
    this.words[address >>> SEGMENT_SHIFT][(address & OFFSET_MASK) << 2] = this.pageFree[page];
    this.pageFree[page] = address;
    this.usedBytes -= CLASS_SIZES[sizeClass] << 4;
    assert(this.usedBytes >= 0, "no more bytes are given back than were in use");
    const live = --this.pageLive[page];
    if (page === this.current[sizeClass]) return;
    if (live === 0) {
      if (this.pageSparse[page] !== 0) this.unmark(page);
      else if (!wasFull) this.unlink(page, sizeClass);
      this.retire(page);
    } else if (wasFull) {
      this.link(page, sizeClass);
    }
  }

  /** Gives all blocks back at one go, where nothing is left that uses any. */
  freeAll(): void {
    assert(this.drafts === 0, "no value is being built in blocks that are given back");
    this.current.fill(NO_PAGE);
    this.partial.fill(NO_PAGE);
    this.pageSparse.fill(0);
    this.sparseCount = 0;
    this.usedBytes = 0;
    for (let page = 0; page < this.nextPage; page++) {
      if (this.pageClass[page] === FREE_PAGE) continue;
      this.pageLive[page] = 0;
      this.retire(page);
    }
    assert(this.pageBytes === 0, "pages without blocks are free");
  }

  /** The size in bytes of the block at `address`: at least what was asked for. */
  capacity(address: number): number {
    return CLASS_SIZES[this.pageClass[address >>> PAGE_SHIFT]] << 4;
  }

  /** The size in bytes of the block that `allocate(size)` would hand out. */
  static blockSize(size: number): number {
    return CLASS_SIZES[CLASS_OF[(size + GRANULE - 1) >>> 4]] << 4;
  }

  /** Bytes that no page has been handed out for yet. */
  get unusedBytes(): number {
    return this.maxSegments * SEGMENT_BYTES - this.pageBytes;
  }

  /** Bytes of memory that the segments span; the part never used is not resident. */
  get segmentBytes(): number {
    return this.bytes.length * SEGMENT_BYTES;
  }

  /** Bytes in pages that were ever handed out, without those that were given back: what of the segments can be resident. */
  get touchedBytes(): number {
    return (this.nextPage - this.releasedCount) * PAGE_BYTES;
  }

  /** Free pages whose memory the system may still hold. */
  get idlePages(): number {
    return this.idleCount;
  }

  /** The fewest of them that there were at a time since this was last called: so many have not been needed. */
  takeLeastIdle(): number {
    const least = this.leastIdle;
    this.leastIdle = this.idleCount;
    return least;
  }

  /**
   * Has the memory of free pages given back to the system, until no more than `keep` are left or `stop()` says so. `give` is handed runs of it,
   * whose content does not matter any more, and returns whether it could. Returns whether there is nothing left to do, or nothing that can be done.
   */
  release(give: (bytes: Buffer) => boolean, keep = 0, stop = () => false): boolean {
    this.retireIdleCurrent();
    const pages = new Int32Array(RELEASED_PAGES);
    while (this.idleCount > keep) {
      const count = Math.min(RELEASED_PAGES, this.idleCount - keep);
      let page = this.idle;
      for (let index = 0; index < count; index++, page = this.pageNext[page]) pages[index] = page;
      if (!this.giveRuns(pages.subarray(0, count).sort(), give)) return true;
      this.idle = page;
      this.idleCount -= count;
      this.leastIdle = Math.min(this.leastIdle, this.idleCount);
      for (let index = 0; index < count; index++) {
        this.pageNext[pages[index]] = this.released;
        this.released = pages[index];
      }
      this.releasedCount += count;
      if (stop()) break;
    }
    return this.idleCount <= keep;
  }

  /** Returns whether the system took all of these pages, which are in ascending order. */
  private giveRuns(pages: Int32Array, give: (bytes: Buffer) => boolean): boolean {
    for (let from = 0, to = 1; from < pages.length; from = to, to++) {
      const first = pages[from] % PAGES_PER_SEGMENT;
      while (to < pages.length && pages[to] === pages[from] + to - from && first + to - from < PAGES_PER_SEGMENT) to++;
      const bytes = this.bytes[Math.floor(pages[from] / PAGES_PER_SEGMENT)];
      if (!give(bytes.subarray(first * PAGE_BYTES, (first + to - from) * PAGE_BYTES))) return false;
    }
    return true;
  }

  /** Gives up pages that blocks would be taken from next, but have none. */
  private retireIdleCurrent(): void {
    for (const [sizeClass, page] of this.current.entries()) {
      if (page === NO_PAGE || this.pageLive[page] > 0) continue;
      this.current[sizeClass] = NO_PAGE;
      this.retire(page);
    }
  }

  // ---- sparse pages

  /**
   * Chooses the emptiest pages of each class, as many as the others of the class have room for their blocks. Until they are empty, or
   * `unmarkSparse`, no blocks are taken from them. Returns how many there are.
   */
  markSparse(): number {
    assert(this.sparseCount === 0, "pages are chosen when those that were chosen before are done with");
    const classes = CLASS_SIZES.length;
    const pages = new Int32Array(classes * FILLS);
    const live = new Float64Array(classes);
    for (let page = 0; page < this.nextPage; page++) {
      const sizeClass = this.pageClass[page];
      if (sizeClass === FREE_PAGE) continue;
      pages[sizeClass * FILLS + this.fillOf(page, sizeClass)]++;
      live[sizeClass] += this.pageLive[page];
    }
    // Each page that is emptied takes from the others the room of as many blocks as a page has.
    const limits = new Uint8Array(classes);
    const lasts = new Int32Array(classes);
    for (let sizeClass = 0; sizeClass < classes; sizeClass++) {
      const at = sizeClass * FILLS;
      let superfluous = -Math.ceil(live[sizeClass] / blocksPerPage(sizeClass));
      for (let fill = 0; fill < FILLS; fill++) superfluous += pages[at + fill];
      let fill = 0;
      while (fill < FILLS - 1 && superfluous >= pages[at + fill]) superfluous -= pages[at + fill++];
      limits[sizeClass] = fill;
      lasts[sizeClass] = fill < FILLS - 1 ? superfluous : 0;
    }
    for (let page = 0; page < this.nextPage; page++) {
      const sizeClass = this.pageClass[page];
      if (sizeClass === FREE_PAGE || !this.hasRoom(page, sizeClass)) continue;
      const fill = this.fillOf(page, sizeClass);
      if (fill < limits[sizeClass] || (fill === limits[sizeClass] && lasts[sizeClass]-- > 0)) this.mark(page, sizeClass);
    }
    return this.sparseCount;
  }

  /** How full a page is, from 0 to FILLS - 1. */
  private fillOf(page: number, sizeClass: number): number {
    return Math.min(FILLS - 1, Math.floor((this.pageLive[page] * FILLS) / blocksPerPage(sizeClass)));
  }

  private mark(page: number, sizeClass: number): void {
    if (page !== this.current[sizeClass]) this.unlink(page, sizeClass);
    else this.current[sizeClass] = NO_PAGE;
    if (this.pageLive[page] === 0) return this.retire(page);
    this.pageSparse[page] = 1;
    this.sparseCount++;
  }

  private unmark(page: number): void {
    this.pageSparse[page] = 0;
    this.sparseCount--;
    assert(this.sparseCount >= 0, "pages that are to be emptied are counted");
  }

  /** Blocks are taken from all pages again. */
  unmarkSparse(): void {
    for (let page = 0; page < this.nextPage && this.sparseCount > 0; page++) {
      if (this.pageSparse[page] === 0) continue;
      this.unmark(page);
      this.link(page, this.pageClass[page]);
    }
  }

  /** Chosen pages that have not come empty yet. */
  get sparsePages(): number {
    return this.sparseCount;
  }

  /** Whether the block at `address` is in a page that is to be emptied. */
  isSparse(address: number): boolean {
    return this.pageSparse[address >>> PAGE_SHIFT] !== 0;
  }

  /** Copies a block to a new one of the same size. Returns its address; the first is to be freed. Errors: ArenaFull. */
  copyBlock(address: number): number {
    const granules = CLASS_SIZES[this.pageClass[address >>> PAGE_SHIFT]];
    const target = this.allocate(granules << 4);
    const words = this.words[address >>> SEGMENT_SHIFT];
    const from = (address & OFFSET_MASK) << 2;
    const newWords = this.words[target >>> SEGMENT_SHIFT];
    const to = (target & OFFSET_MASK) << 2;
    const count = granules << 2;
    if (count > LONG_COPY_WORDS) newWords.set(words.subarray(from, from + count), to);
    else for (let index = 0; index < count; index++) newWords[to + index] = words[from + index];
    return target;
  }

  /** By size of blocks, in bytes: how many are live, and in how many pages. */
  blockCounts(): Map<number, { live: number; pages: number }> {
    const counts = new Map<number, { live: number; pages: number }>();
    for (let page = 0; page < this.nextPage; page++) {
      const sizeClass = this.pageClass[page];
      if (sizeClass === FREE_PAGE) continue;
      const size = CLASS_SIZES[sizeClass] << 4;
      const count = counts.get(size) ?? { live: 0, pages: 0 };
      count.live += this.pageLive[page];
      count.pages++;
      counts.set(size, count);
    }
    return counts;
  }

  private hasRoom(page: number, sizeClass: number): boolean {
    return this.pageFree[page] !== 0 || this.pageBump[page] + CLASS_SIZES[sizeClass] <= PAGE_GRANULES;
  }

  /** Makes sure that the next `allocate(size)` needs no new page, and so cannot fail. Errors: ArenaFull. */
  ensure(size: number): void {
    const sizeClass = CLASS_OF[(size + GRANULE - 1) >>> 4];
    const page = this.current[sizeClass];
    if (page === NO_PAGE || !this.hasRoom(page, sizeClass)) this.nextPageOf(sizeClass);
  }

  /** Makes a page with room the current one of a class: one that had blocks freed, an empty one, or a new one. */
  private nextPageOf(sizeClass: number): number {
    let page = this.partial[sizeClass];
    if (page !== NO_PAGE) {
      assert(this.pageClass[page] === sizeClass, "a page with room is listed under the class of its blocks");
      this.unlink(page, sizeClass);
    } else {
      page = this.takeFreePage();
      this.pageClass[page] = sizeClass;
      this.pageLive[page] = 0;
      this.pageFree[page] = 0;
      // Granule 0 of page 0 is "no address".
      this.pageBump[page] = page === 0 ? CLASS_SIZES[sizeClass] : 0;
      this.pageBytes += PAGE_BYTES;
    }
    this.current[sizeClass] = page;
    return page;
  }

  /**
   * For systems that take no pages back: lets the collector have the memory of segments without blocks. They are made again when they are needed.
   * Returns how many bytes that is.
   */
  dropSegments(): number {
    const free = new Int32Array(this.bytes.length);
    for (let page = this.idle; page !== NO_PAGE; page = this.pageNext[page]) free[Math.floor(page / PAGES_PER_SEGMENT)]++;
    let dropped = 0;
    for (const [segment, pages] of free.entries()) {
      if (pages < PAGES_PER_SEGMENT) continue;
      this.placeSegment(segment, new ArrayBuffer(0));
      dropped++;
    }
    if (dropped === 0) return 0;
    let page = this.idle;
    this.idle = NO_PAGE;
    while (page !== NO_PAGE) {
      const next = this.pageNext[page];
      const gone = this.bytes[Math.floor(page / PAGES_PER_SEGMENT)].length === 0;
      this.pageNext[page] = gone ? this.released : this.idle;
      if (gone) this.released = page;
      else this.idle = page;
      page = next;
    }
    this.idleCount -= dropped * PAGES_PER_SEGMENT;
    this.leastIdle = Math.min(this.leastIdle, this.idleCount);
    this.releasedCount += dropped * PAGES_PER_SEGMENT;
    return dropped * SEGMENT_BYTES;
  }

  private placeSegment(segment: number, memory: ArrayBuffer): void {
    this.bytes[segment] = Buffer.from(memory);
    this.words[segment] = new Int32Array(memory);
    this.doubles[segment] = new Float64Array(memory);
  }

  private takeFreePage(): number {
    let page = this.idle;
    if (page !== NO_PAGE) {
      this.idle = this.pageNext[page];
      if (--this.idleCount < this.leastIdle) this.leastIdle = this.idleCount;
      return page;
    }
    page = this.released;
    if (page !== NO_PAGE) {
      const segment = Math.floor(page / PAGES_PER_SEGMENT);
      if (this.bytes[segment].length === 0) this.placeSegment(segment, new ArrayBuffer(SEGMENT_BYTES));
      this.released = this.pageNext[page];
      this.releasedCount--;
      return page;
    }
    return this.newPage();
  }

  private newPage(): number {
    if (this.nextPage === this.bytes.length * PAGES_PER_SEGMENT) this.addSegment();
    return this.nextPage++;
  }

  private addSegment(): void {
    if (this.bytes.length === this.maxSegments) throw new ArenaFull(`all ${this.segmentBytes} bytes of the arena are in use`);
    this.placeSegment(this.bytes.length, new ArrayBuffer(SEGMENT_BYTES));
    const pages = this.bytes.length * PAGES_PER_SEGMENT;
    if (pages <= this.pageClass.length) return;
    const room = pages * 2;
    this.pageClass = grown(this.pageClass, new Uint8Array(room));
    this.pageSparse = grown(this.pageSparse, new Uint8Array(room));
    this.pageLive = grown(this.pageLive, new Uint16Array(room));
    this.pageBump = grown(this.pageBump, new Uint16Array(room));
    this.pageFree = grown(this.pageFree, new Int32Array(room));
    this.pageNext = grown(this.pageNext, new Int32Array(room));
    this.pagePrevious = grown(this.pagePrevious, new Int32Array(room));
  }

  private link(page: number, sizeClass: number): void {
    const head = this.partial[sizeClass];
    this.pageNext[page] = head;
    this.pagePrevious[page] = NO_PAGE;
    if (head !== NO_PAGE) this.pagePrevious[head] = page;
    this.partial[sizeClass] = page;
  }

  private unlink(page: number, sizeClass: number): void {
    const next = this.pageNext[page];
    const previous = this.pagePrevious[page];
    if (previous === NO_PAGE) this.partial[sizeClass] = next;
    else this.pageNext[previous] = next;
    if (next !== NO_PAGE) this.pagePrevious[next] = previous;
  }

  private retire(page: number): void {
    assert(this.pageLive[page] === 0, "a page is given up when no block in it is live");
    this.pageClass[page] = FREE_PAGE;
    this.pageBump[page] = 0;
    this.pageNext[page] = this.idle;
    this.idle = page;
    this.idleCount++;
    this.pageBytes -= PAGE_BYTES;
    assert(this.pageBytes >= this.usedBytes, "blocks that are in use lie in pages that are in use");
  }
}

function blocksPerPage(sizeClass: number): number {
  return Math.floor(PAGE_GRANULES / CLASS_SIZES[sizeClass]);
}

function grown<T extends Uint8Array | Uint16Array | Int32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

function classSizes(): Int32Array {
  const sizes: number[] = [];
  for (let size = 1; size <= 32; size++) sizes.push(size);
  for (let base = 32; base < 256; base *= 2) for (let step = 1; step <= 8; step++) sizes.push(base + (base / 8) * step);
  for (let blocks = 15; blocks >= 2; blocks--) sizes.push(Math.floor(PAGE_GRANULES / blocks));
  return Int32Array.from(sizes);
}

/** For each number of granules up to the largest block, the smallest class that holds it. */
function classTable(sizes: Int32Array): Uint8Array {
  const table = new Uint8Array(PAGE_GRANULES / 2 + 1);
  let sizeClass = 0;
  for (let granules = 1; granules < table.length; granules++) {
    if (granules > sizes[sizeClass]) sizeClass++;
    table[granules] = sizeClass;
  }
  return table;
}
