import { describe, expect, test } from "bun:test";
import { InvariantError } from "../../src/assert.ts";
import { Arena, ArenaFull, MAX_BLOCK, OFFSET_MASK, SEGMENT_BYTES, SEGMENT_SHIFT } from "../../src/memory/arena.ts";
import { check, property, type Random } from "../support/property.ts";
import { highArena } from "./arenas.ts";

const PAGE_BYTES = 64 * 1024;
const SIZE_CLASSES = 70;

interface Block {
  readonly address: number;
  readonly size: number;
  readonly mark: number;
}

/** Every word of a block holds the block's own mark: blocks that overlap spoil each other's. */
class Model {
  readonly blocks: Block[] = [];
  bytes = 0;
  private readonly arena: Arena;
  private marks = 0;

  constructor(arena: Arena) {
    this.arena = arena;
  }

  allocate(size: number): void {
    const { arena } = this;
    const address = arena.allocate(size);
    check(address !== 0 && address === (address | 0), "an address is a 32-bit integer and not 0");
    const capacity = arena.capacity(address);
    check(capacity >= size && capacity === Arena.blockSize(size), `a block of ${size} bytes has ${capacity}`);
    check(size > 4096 || capacity <= Math.ceil((size * 9) / 8 / 16) * 16, `${capacity} bytes are too many for ${size}`);
    const mark = ++this.marks;
    const at = (address & OFFSET_MASK) << 2;
    check(((at << 2) & (PAGE_BYTES - 1)) + capacity <= PAGE_BYTES, "a block lies in one page");
    arena.words[address >>> SEGMENT_SHIFT].fill(mark, at, at + (capacity >>> 2));
    this.blocks.push({ address, size, mark });
    this.bytes += capacity;
    check(arena.usedBytes === this.bytes, `usedBytes is ${arena.usedBytes}, ${this.bytes} are live`);
  }

  free(index: number): void {
    const { arena, blocks } = this;
    const { address, mark } = blocks[index];
    const capacity = arena.capacity(address);
    const words = arena.words[address >>> SEGMENT_SHIFT];
    const at = (address & OFFSET_MASK) << 2;
    for (let word = at; word < at + (capacity >>> 2); word++) check(words[word] === mark, "a block keeps what was written to it");
    arena.free(address);
    blocks[index] = blocks[blocks.length - 1];
    blocks.pop();
    this.bytes -= capacity;
    check(arena.usedBytes === this.bytes, `usedBytes is ${arena.usedBytes}, ${this.bytes} are live`);
  }

  /** Moves a block if it is in a page that is to be emptied. */
  move(index: number): void {
    const { arena } = this;
    const { address, size, mark } = this.blocks[index];
    if (!arena.isSparse(address)) return;
    const target = arena.copyBlock(address);
    check(!arena.isSparse(target), "no block is taken from a page that is to be emptied");
    arena.free(address);
    this.blocks[index] = { address: target, size, mark };
  }

  freeAll(random: Random): void {
    while (this.blocks.length > 0) this.free(random.below(this.blocks.length));
  }
}

function anySize(random: Random): number {
  const kind = random.below(1000);
  if (kind < 900) return random.between(1, 300);
  return kind < 990 ? random.between(1, 3000) : random.between(1, MAX_BLOCK);
}

function churn(arena: Arena, random: Random, steps: number): void {
  const model = new Model(arena);
  let growing = 0.6;
  for (let step = 0; step < steps; step++) {
    if (step % 20_000 === 0) growing = random.pick([0.4, 0.5, 0.6, 0.9]);
    if (model.blocks.length === 0 || random.chance(growing)) model.allocate(anySize(random));
    else model.free(random.below(model.blocks.length));
    check(arena.pageBytes >= model.bytes, "live blocks lie in pages");
  }
  model.freeAll(random);
  check(arena.usedBytes === 0, "nothing is in use when everything was freed");
  check(arena.pageBytes <= SIZE_CLASSES * PAGE_BYTES, `${arena.pageBytes} bytes of pages hold nothing`);
}

describe("the arena", () => {
  property("hands out blocks that do not overlap, of any size and in any order, and takes them all back", (random) =>
    churn(new Arena(), random, 1_500_000),
  );

  property("does so beyond 32 GiB, where addresses are negative", (random) => churn(highArena(), random, 100_000));

  property("gives pages that were emptied to blocks of other sizes", (random) => {
    const arena = new Arena({ maxSegments: 1 });
    const model = new Model(arena);
    for (let round = 0; round < 12; round++) {
      const size = random.between(512, MAX_BLOCK);
      const perPage = Math.floor(PAGE_BYTES / Arena.blockSize(size));
      // All pages but those that earlier sizes keep as their current one.
      for (let block = 0; block < (1024 - 2 * round - 2) * perPage; block++) model.allocate(size);
      expect(arena.pageBytes).toBeLessThanOrEqual(SEGMENT_BYTES);
      model.freeAll(random);
      expect(arena.pageBytes).toBeLessThanOrEqual((round + 1) * PAGE_BYTES);
    }
  });

  test("says so when it is full, changes nothing then, and goes on once a block was freed", () => {
    const arena = new Arena({ maxSegments: 1 });
    const addresses: number[] = [];
    const fill = () => {
      for (;;) addresses.push(arena.allocate(MAX_BLOCK));
    };
    expect(fill).toThrow(ArenaFull);
    // Two to a page; the first of page 0 is what address 0 would be.
    expect(addresses.length).toBe(2 * 1024 - 1);
    expect(new Set(addresses).size).toBe(addresses.length);
    const { usedBytes, pageBytes } = arena;
    expect(usedBytes).toBe(addresses.length * MAX_BLOCK);
    expect(() => arena.allocate(16)).toThrow(ArenaFull);
    expect(() => arena.ensure(16)).toThrow(ArenaFull);
    expect([arena.usedBytes, arena.pageBytes]).toEqual([usedBytes, pageBytes]);
    arena.free(addresses[700]);
    expect(arena.allocate(MAX_BLOCK)).toBe(addresses[700]);
    expect(() => arena.allocate(MAX_BLOCK)).toThrow(ArenaFull);
  });

  test("what ensure has said yes to cannot fail", () => {
    const arena = new Arena({ maxSegments: 1 });
    arena.ensure(100);
    expect(() => {
      for (;;) arena.allocate(MAX_BLOCK);
    }).toThrow(ArenaFull);
    arena.ensure(100);
    expect(arena.capacity(arena.allocate(100))).toBe(112);
  });

  property("gives pages without blocks back, in runs and once, and uses them again", (random) => {
    const arena = new Arena();
    const model = new Model(arena);
    for (let round = 0; round < 5; round++) {
      for (let block = 0; block < 3000; block++) model.allocate(anySize(random));
      for (let block = 0; block < 2500; block++) model.free(random.below(model.blocks.length));
      const touched = arena.touchedBytes;
      const runs: Buffer[] = [];
      // What the system has back reads as zeros, or as anything.
      arena.release((bytes) => {
        runs.push(bytes.fill(0xee));
        return true;
      });
      const released = runs.reduce((sum, { length }) => sum + length, 0);
      expect(released).toBe(touched - arena.touchedBytes);
      expect(arena.touchedBytes).toBe(arena.pageBytes);
      expect(runs.every(({ byteOffset, length }) => byteOffset % PAGE_BYTES === 0 && length % PAGE_BYTES === 0)).toBe(true);
      arena.release(() => {
        throw new Error("there is nothing left to give back");
      });
    }
    // A system that takes nothing has everything stay as it is.
    model.freeAll(random);
    const { touchedBytes } = arena;
    arena.release(() => false);
    expect(arena.touchedBytes).toBe(touchedBytes);
    expect(arena.segmentBytes).toBeLessThanOrEqual(SEGMENT_BYTES);
  });

  property("empties sparse pages when what is in them is moved", (random) => {
    const arena = new Arena();
    const model = new Model(arena);
    for (let block = 0; block < 30_000; block++) model.allocate(anySize(random));
    for (let block = 0; block < 26_000; block++) model.free(random.below(model.blocks.length));
    const before = arena.pageBytes;
    const chosen = arena.markSparse();
    check(chosen > 0 && chosen === arena.sparsePages, "pages with few blocks were chosen");
    for (let index = 0; index < model.blocks.length; index++) {
      if (random.chance(0.2)) model.allocate(anySize(random));
      if (random.chance(0.2)) model.free(random.below(index + 1));
      if (index < model.blocks.length) model.move(index);
    }
    for (let index = 0; index < model.blocks.length; index++) model.move(index);
    expect(arena.sparsePages).toBe(0);
    // The few large blocks leave a page half filled in each of many classes.
    expect(arena.pageBytes).toBeLessThan(arena.usedBytes * 1.1 + SIZE_CLASSES * PAGE_BYTES);
    expect(before - arena.pageBytes).toBeGreaterThan(chosen * 0.7 * PAGE_BYTES);
    // Pages that could not be emptied are used as before.
    for (let block = 0; block < 2000; block++) model.free(random.below(model.blocks.length));
    arena.markSparse();
    for (let step = 0; step < 500; step++) {
      model.allocate(anySize(random));
      model.free(random.below(model.blocks.length));
    }
    arena.unmarkSparse();
    expect(arena.sparsePages).toBe(0);
    for (let step = 0; step < 20_000; step++) {
      if (random.chance(0.5)) model.allocate(anySize(random));
      else model.free(random.below(model.blocks.length));
    }
    expect(arena.pageBytes).toBeLessThan(before);
    model.freeAll(random);
    arena.release(() => true);
    expect(arena.touchedBytes).toBe(0);
  });

  test("lets go of segments without blocks where no page can be given back, and makes them again", () => {
    const arena = new Arena();
    const blocks = Array.from({ length: 5000 }, () => arena.allocate(MAX_BLOCK));
    const mark = (address: number, index: number): void => {
      arena.words[address >>> SEGMENT_SHIFT][((address & OFFSET_MASK) << 2) + 1] = index;
    };
    blocks.forEach(mark);
    for (const address of blocks.slice(200)) arena.free(address);
    const { touchedBytes } = arena;
    expect(arena.dropSegments()).toBe(SEGMENT_BYTES);
    expect(arena.touchedBytes).toBe(touchedBytes - SEGMENT_BYTES);
    expect(arena.dropSegments()).toBe(0);
    const all = [...blocks.slice(0, 200), ...Array.from({ length: 4800 }, () => arena.allocate(MAX_BLOCK))];
    expect(arena.touchedBytes).toBe(touchedBytes);
    expect(new Set(all).size).toBe(5000);
    all.slice(200).forEach((address, index) => {
      mark(address, index + 200);
    });
    const marks = all.map((address) => arena.words[address >>> SEGMENT_SHIFT][((address & OFFSET_MASK) << 2) + 1]);
    expect(marks).toEqual(all.map((_, index) => index));
    for (const address of all) arena.free(address);
    expect(arena.usedBytes).toBe(0);
  });

  test("knows how many pages have not been needed", () => {
    const arena = new Arena();
    // Granule 0 is no address, so that the first page has one block.
    const [, ...blocks] = Array.from({ length: 21 }, () => arena.allocate(MAX_BLOCK));
    arena.takeLeastIdle();
    for (const block of blocks.slice(0, 16)) arena.free(block);
    expect(arena.takeLeastIdle()).toBe(0);
    expect(arena.idlePages).toBe(8);
    for (let block = 0; block < 6; block++) arena.allocate(MAX_BLOCK);
    for (const block of blocks.slice(16)) arena.free(block);
    expect(arena.takeLeastIdle()).toBe(5);
    const { idlePages } = arena;
    expect(arena.takeLeastIdle()).toBe(idlePages);
    expect(arena.release(() => true, 2)).toBe(true);
    expect(arena.idlePages).toBe(2);
    expect(arena.release(() => true)).toBe(true);
    expect(arena.idlePages).toBe(0);
  });

  test("counts its blocks by size", () => {
    const arena = new Arena();
    const blocks = Array.from({ length: 5000 }, () => arena.allocate(20));
    for (let block = 0; block < 7; block++) arena.allocate(1000);
    arena.free(blocks[7]);
    expect([...arena.blockCounts()].sort(([one], [other]) => one - other)).toEqual([
      [32, { live: 4999, pages: 3 }],
      [1024, { live: 7, pages: 1 }],
    ]);
  });

  test("stops at a block larger than the largest, and at one freed out of an empty page", () => {
    const arena = new Arena();
    expect(() => arena.allocate(MAX_BLOCK + 1)).toThrow(InvariantError);
    const blocks = [1, 2, 3, 4, 5].map(() => arena.allocate(MAX_BLOCK));
    for (const block of blocks.slice(1, 3)) arena.free(block);
    expect(() => arena.free(blocks[1])).toThrow(InvariantError);
  });
});
