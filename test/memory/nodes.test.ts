import { describe, expect, spyOn, test } from "bun:test";
import { InvariantError } from "../../src/assert.ts";
import { blocksInUse } from "../../src/blocks/block.ts";
import { BlockString } from "../../src/blocks/block-string.ts";
import { Arena, MAX_BLOCK } from "../../src/memory/arena.ts";
import { Mover } from "../../src/memory/mover.ts";
import { type NodeImage, STRIDE } from "../../src/memory/node-image.ts";
import { NodeDeque } from "../../src/memory/nodes.ts";
import { ObjectTable } from "../../src/memory/objects.ts";
import type { ByteSpan, TableSpace } from "../../src/memory/record-table.ts";
import { randomSeed } from "../../src/memory/siphash.ts";
import { check, property, type Random } from "../support/property.ts";
import { highArena } from "./arenas.ts";

interface Node {
  bytes: Buffer;
  count: number;
  kind: number;
}

const span: ByteSpan = { buffer: Buffer.alloc(0), from: 0, to: 0 };
const never = () => false;

function space(arena = new Arena()): TableSpace {
  return { arena, objects: new ObjectTable(), seed: randomSeed() };
}

function read(nodes: NodeDeque | NodeImage, index: number): Buffer {
  const blocks = nodes.blocksAt(index);
  if (blocks !== null) return blocks.joined();
  nodes.locate(index, span);
  return Buffer.from(span.buffer.subarray(span.from, span.to));
}

function add(nodes: NodeDeque, index: number, { bytes, count, kind }: Node): void {
  nodes.insert(index, bytes.length, kind);
  nodes.locate(index, span);
  bytes.copy(span.buffer, span.from);
  nodes.setCount(index, count);
}

function node(random: Random): Node {
  const length = random.chance(0.9)
    ? random.between(0, 300)
    : random.chance(0.8)
      ? random.between(0, 9000)
      : random.between(30_000, 70_000);
  return { bytes: random.bytes(length), count: random.chance(0.1) ? 0 : random.below(50), kind: random.below(4) };
}

/** What a deque or an image holds is what the model holds. */
function verify(nodes: NodeDeque | NodeImage, model: readonly Node[]): void {
  check(nodes.length === model.length, `${nodes.length} nodes for ${model.length}`);
  for (const [index, { bytes, count, kind }] of model.entries()) {
    check(nodes.count(index) === count, `count of ${index}`);
    check(nodes.kind(index) === kind, `kind of ${index}`);
    check(read(nodes, index).equals(bytes), `bytes of ${index}`);
  }
  check(nodes.size === model.reduce((sum, each) => sum + each.count, 0), "size");
}

/** A deque, what it should hold, and the images made of it with what they should go on holding. */
class Model {
  readonly nodes: NodeDeque;
  /** Where `move` goes on. */
  private cursor = 0;
  readonly images: { image: NodeImage; model: readonly Node[] }[] = [];
  model: Node[] = [];
  private readonly random: Random;

  constructor(random: Random, tables: TableSpace) {
    this.random = random;
    this.nodes = new NodeDeque(tables);
    this.nodes.fullBytes = random.pick([64, 4096, 8192]);
  }

  insert(): void {
    const { random, model } = this;
    const index = random.pick([0, model.length, random.below(model.length + 1)]);
    const made = node(random);
    if (random.chance(0.97)) add(this.nodes, index, made);
    else {
      this.nodes.insertBlocks(index, BlockString.of(made.bytes, 0, made.bytes.length), made.kind);
      this.nodes.setCount(index, made.count);
    }
    model.splice(index, 0, made);
  }

  remove(): void {
    const { random, model } = this;
    if (model.length === 0) return;
    const index = random.pick([0, model.length - 1, random.below(model.length)]);
    const nodes = random.chance(0.9) ? 1 : random.between(0, model.length - index);
    if (nodes === 1) this.nodes.remove(index);
    else this.nodes.removeRange(index, nodes);
    model.splice(index, nodes);
  }

  splice(): void {
    const { random, model } = this;
    if (model.length === 0) return;
    const index = random.below(model.length);
    if (this.nodes.blocksAt(index) !== null) return;
    const old = model[index];
    const at = random.below(old.bytes.length + 1);
    const removed = random.chance(0.5) ? 0 : random.between(0, old.bytes.length - at);
    const inserted = random.bytes(random.chance(0.95) ? random.below(60) : random.below(40_000));
    const cursor = this.nodes.open(index);
    cursor.splice(at, removed, inserted.length);
    inserted.copy(cursor.buffer, cursor.from + at);
    const bytes = Buffer.concat([old.bytes.subarray(0, at), inserted, old.bytes.subarray(at + removed)]);
    check(cursor.to - cursor.from === bytes.length, "the cursor's length");
    check(cursor.buffer.subarray(cursor.from, cursor.to).equals(bytes), "the cursor's bytes");
    model[index] = { ...old, bytes };
  }

  /** Bytes may also be changed where they are, once the node is open. */
  overwrite(): void {
    const { random, model } = this;
    if (model.length === 0) return;
    const index = random.below(model.length);
    if (this.nodes.blocksAt(index) !== null) return;
    const bytes = random.bytes(model[index].bytes.length);
    const cursor = this.nodes.open(index);
    bytes.copy(cursor.buffer, cursor.from);
    model[index] = { ...model[index], bytes };
  }

  describe(): void {
    const { random, model } = this;
    if (model.length === 0) return;
    const index = random.below(model.length);
    const { bytes, kind } = model[index];
    model[index] = { bytes, count: random.below(50), kind };
    this.nodes.setCount(index, model[index].count);
    if (random.chance(0.3)) this.nodes.fit(index);
    check(this.nodes.bytes(index) === bytes.length && this.nodes.capacity(index) >= bytes.length, "length and capacity");
  }

  seek(): void {
    const { random, model, nodes } = this;
    if (nodes.size === 0) return;
    const element = random.pick([0, nodes.size - 1, random.below(nodes.size)]);
    let rest = element;
    let index = 0;
    while (rest >= model[index].count) rest -= model[index++].count;
    check(nodes.seek(element) === index && nodes.offset === rest, `element ${element} of ${nodes.size}`);
  }

  /** Has a few blocks moved, whatever pages they are in. */
  move(): void {
    const { arena } = this.nodes.tables;
    const mover = new Mover(arena);
    arena.isSparse = () => true;
    mover.begin(0);
    this.cursor = this.nodes.defragment(this.cursor, mover);
    check(this.cursor >= 0 && this.cursor <= this.nodes.length, "the cursor is a place among the nodes");
  }

  capture(): void {
    if (this.images.length < 4) this.images.push({ image: this.nodes.capture(), model: this.model.slice() });
  }

  release(): void {
    const { random, images } = this;
    if (images.length === 0) return;
    const [{ image, model }] = images.splice(random.below(images.length), 1);
    verify(image, model);
    image.release();
  }

  copy(): void {
    const copy = this.nodes.copy();
    verify(copy, this.model);
    if (copy.length > 0) copy.remove(0);
    verify(this.nodes, this.model);
    check(copy.free(never), "a copy is freed at once");
  }

  step(): void {
    const at = this.random.below(1000);
    if (at < 250) this.insert();
    else if (at < 460) this.remove();
    else if (at < 800) this.splice();
    else if (at < 850) this.overwrite();
    else if (at < 880) this.describe();
    else if (at < 910) this.move();
    else if (at < 940) this.seek();
    else if (at < 960) this.capture();
    else if (at < 990) this.release();
    else if (at < 995) this.copy();
    else verify(this.nodes, this.model);
  }

  end(): void {
    verify(this.nodes, this.model);
    check(this.nodes.streamed === this.images.length > 0, "streamed while there are images");
    while (this.images.length > 0) this.release();
    check(!this.nodes.streamed, "not streamed without images");
    verify(this.nodes, this.model);
    let calls = 1;
    while (!this.nodes.free(() => true)) calls++;
    check(calls * 16 >= this.model.length, "freed in slices");
    check(this.nodes.length === 0 && this.nodes.size === 0, "nothing is left");
  }
}

describe("NodeDeque", () => {
  property(
    "holds what an array would, and its images what it held, and gives all memory back",
    (random) => {
      const arena = random.chance(0.9) ? new Arena() : highArena();
      const tables = space(arena);
      const inUse = blocksInUse();
      const model = new Model(random, tables);
      for (let step = random.between(100, 1500); step > 0; step--) model.step();
      model.end();
      expect([arena.usedBytes, tables.objects.usedBytes, model.nodes.longNodes]).toEqual([0, 0, 0]);
      expect(blocksInUse()).toBe(inUse);
    },
    60,
  );

  test("an image keeps a node though it is changed, removed and its place taken, and its memory goes with the image", () => {
    const tables = space();
    const nodes = new NodeDeque(tables);
    add(nodes, 0, { bytes: Buffer.from("first"), count: 1, kind: 0 });
    add(nodes, 1, { bytes: Buffer.alloc(MAX_BLOCK + 1, "x"), count: 1, kind: 1 });
    const image = nodes.capture();
    nodes.open(0).splice(0, 5, 0);
    nodes.remove(1);
    nodes.remove(0);
    add(nodes, 0, { bytes: Buffer.from("other"), count: 2, kind: 0 });
    expect(nodes.streamed).toBe(true);
    expect(read(image, 0).toString()).toBe("first");
    expect(read(image, 1)).toEqual(Buffer.alloc(MAX_BLOCK + 1, "x"));
    expect([image.length, image.size, image.kind(1), image.count(1)]).toEqual([2, 2, 1, 1]);
    image.release();
    expect(nodes.streamed).toBe(false);
    expect(tables.objects.usedBytes).toBe(0);
    expect(tables.arena.usedBytes).toBe(Arena.blockSize(5));
  });

  test("a node changed once after a capture is not copied again", () => {
    const nodes = new NodeDeque(space());
    add(nodes, 0, { bytes: Buffer.alloc(100, "a"), count: 1, kind: 0 });
    const image = nodes.capture();
    const { from } = nodes.open(0);
    expect(nodes.open(0).from).toBe(from);
    nodes.locate(0, span);
    expect(span.from).toBe(from);
    const second = nodes.capture();
    expect(nodes.open(0).from).not.toBe(from);
    image.release();
    second.release();
  });

  test("a node freed or an image released twice is a broken invariant", () => {
    const nodes = new NodeDeque(space());
    const image = nodes.capture();
    expect(() => nodes.free(never)).toThrow(InvariantError);
    image.release();
    expect(() => image.release()).toThrow(InvariantError);
  });

  test("many blocks kept for an image are given back in parts", () => {
    const tables = space();
    const nodes = new NodeDeque(tables);
    for (let index = 0; index < 10_000; index++) nodes.insert(index, 16);
    const image = nodes.capture();
    nodes.removeRange(0, 10_000);
    expect(tables.arena.usedBytes).toBe(160_000);
    image.release();
    const after = tables.arena.usedBytes;
    expect(after).toBeGreaterThan(0);
    nodes.insert(0, 16);
    expect(tables.arena.usedBytes).toBeLessThan(after);
    expect(nodes.free(() => true)).toBe(false);
    expect(nodes.free(never)).toBe(true);
    expect(tables.arena.usedBytes).toBe(0);
  });

  test("a capture copies the directory, once, and no node", () => {
    const tables = space();
    const nodes = new NodeDeque(tables);
    for (let index = 0; index < 1000; index++) nodes.insert(index, 100);
    const { usedBytes } = tables.arena;
    const copies = spyOn(Int32Array.prototype, "slice");
    const blocks = spyOn(tables.arena, "allocate");
    try {
      const image = nodes.capture();
      expect(copies.mock.results.map(({ value }) => (value as Int32Array).length)).toEqual([1000 * STRIDE]);
      expect(blocks).not.toHaveBeenCalled();
      expect(tables.arena.usedBytes).toBe(usedBytes);
      image.release();
    } finally {
      copies.mockRestore();
      blocks.mockRestore();
    }
  });

  test("a node that is appended to moves seldom, and full wastes nothing", () => {
    const nodes = new NodeDeque(space());
    nodes.insert(0, 7);
    let moves = 0;
    let from = -1;
    for (let length = 7; length + 12 <= 8192; length += 12) {
      const cursor = nodes.open(0);
      cursor.splice(length, 0, 12);
      if (cursor.from !== from) moves++;
      from = cursor.from;
    }
    expect(moves).toBeLessThan(20);
    expect(nodes.capacity(0)).toBe(8192);
    nodes.open(0).splice(0, 3000, 0);
    expect(nodes.capacity(0)).toBe(8192);
    nodes.fit(0);
    expect(nodes.capacity(0)).toBe(Arena.blockSize(nodes.bytes(0)));
  });

  test("a queue pushed at one end and popped at the other keeps a small directory", () => {
    const nodes = new NodeDeque(space());
    for (let round = 0; round < 10_000; round++) {
      nodes.insert(nodes.length, 10);
      if (nodes.length > 5) nodes.remove(0);
    }
    expect(nodes.heldBytes).toBeLessThan(1024);
    for (let round = 0; round < 1000; round++) nodes.insert(0, 10);
    for (let round = 0; round < 1000; round++) nodes.remove(nodes.length - 1);
    expect(nodes.heldBytes).toBeLessThan(1024);
  });

  test("without memory for a new block an insertion and a change leave everything as it was", () => {
    const tables = space(new Arena({ maxSegments: 1 }));
    const nodes = new NodeDeque(tables);
    expect(() => {
      for (;;) add(nodes, nodes.length, { bytes: Buffer.alloc(4000, nodes.length & 255), count: 1, kind: 0 });
    }).toThrow("arena");
    const { length, size } = nodes;
    const used = tables.arena.usedBytes;
    expect(() => nodes.open(0).splice(1, 0, 20_000)).toThrow("arena");
    const image = nodes.capture();
    expect(() => nodes.open(3)).toThrow("arena");
    expect(() => nodes.copy()).toThrow("arena");
    image.release();
    expect([nodes.length, nodes.size, tables.arena.usedBytes]).toEqual([length, size, used]);
    for (const index of [0, 3, length - 1]) expect(read(nodes, index)).toEqual(Buffer.alloc(4000, index & 255));
  });

  test("memoryBytes counts the directory and the blocks, sampled or all", () => {
    const nodes = new NodeDeque(space());
    for (let index = 0; index < 100; index++) add(nodes, index, { bytes: Buffer.alloc(1000), count: 10, kind: 0 });
    const all = nodes.heldBytes + 100 * Arena.blockSize(1000);
    expect(nodes.memoryBytes(0)).toBe(all);
    expect(nodes.memoryBytes(5)).toBe(all);
    add(nodes, 0, { bytes: Buffer.alloc(MAX_BLOCK * 2), count: 1, kind: 0 });
    expect(nodes.memoryBytes(1)).toBeGreaterThan(all * 10);
  });
});
