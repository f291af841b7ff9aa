import { describe, expect, test } from "bun:test";
import { Arena } from "../../src/memory/arena.ts";
import type { NodeImage } from "../../src/memory/node-image.ts";
import { ObjectTable } from "../../src/memory/objects.ts";
import { type Element, packedAppend, packedBytes, packedCount, packedValid } from "../../src/memory/packed.ts";
import type { ByteSpan, TableSpace } from "../../src/memory/record-table.ts";
import { randomSeed } from "../../src/memory/siphash.ts";
import { DEFAULT_LIMITS, type ValueLimits } from "../../src/values/limits.ts";
import {
  ListCursor,
  ListEnd,
  listBuilding,
  listCompact,
  listDeleteRange,
  listDrop,
  listEach,
  listFind,
  listInsert,
  listLength,
  listPeek,
  listPrepare,
  listPush,
  listRead,
  listRemove,
  listReplace,
  listSettle,
} from "../../src/values/list/list.ts";
import { exceedsListLimit, PACKED, PLAIN, QuickList } from "../../src/values/list/quicklist.ts";
import { Temporary } from "../../src/values/temporary.ts";
import { Encoding, Type } from "../../src/values/value-types.ts";
import { check, property, type Random } from "../support/property.ts";

const span: ByteSpan = { buffer: Buffer.alloc(0), from: 0, to: 0 };

function space(): TableSpace {
  return { arena: new Arena(), objects: new ObjectTable(), seed: randomSeed() };
}

function temporary(limits: Partial<ValueLimits> = {}, tables = space()): Temporary {
  return new Temporary(tables, { ...DEFAULT_LIMITS, ...limits }).begin(Type.LIST);
}

function nodesOf(list: Temporary): QuickList {
  if (!(list.object instanceof QuickList)) throw new Error("the list is not large");
  return list.object;
}

function text(element: Element): string {
  return element.bytes.toString("latin1", element.from, element.to);
}

function contents(list: Temporary): string[] {
  const all: string[] = [];
  listEach(list, (element) => all.push(text(element)));
  return all;
}

function pushAll(list: Temporary, elements: readonly string[], end: ListEnd = ListEnd.TAIL): void {
  for (const each of elements) listPush(list, Buffer.from(each), 0, each.length, end);
}

/** What each node holds: its count, and for a plain one its bytes. */
function shape(list: Temporary): string[] {
  const nodes = nodesOf(list);
  return Array.from({ length: nodes.length }, (_, node) =>
    nodes.kind(node) === PLAIN ? `plain ${nodes.bytes(node)}` : `${nodes.count(node)}`,
  );
}

/** A list and what it should hold. */
class Model {
  readonly list: Temporary;
  model: string[] = [];
  image: { image: NodeImage; nodes: Buffer[] } | null = null;
  private readonly random: Random;
  private readonly element = new ListCursor().element;
  private readonly sizes: readonly number[];

  constructor(random: Random, tables: TableSpace) {
    this.random = random;
    const listSize = random.pick([-2, -1, -5, 1, 2, 5, 128, 0]);
    this.list = temporary({ listSize, plainNodeBytes: random.pick([2 ** 30, 2 ** 30, 1, 5, 100]) }, tables);
    this.sizes = random.pick([
      [0, 1, 2, 3],
      [5, 20, 63, 64, 65],
      [10, 1000, 4000, 9000, 70_000],
    ]);
  }

  private any(): Buffer {
    const { random } = this;
    if (random.chance(0.4))
      return Buffer.from(String(random.pick([random.below(20), random.below(2 ** 31), -random.below(70_000), 2 ** 52])));
    return Buffer.alloc(random.pick(this.sizes), random.pick(["a", "b", "c"]));
  }

  /** An element, mostly one that the list has. */
  private known(): Buffer {
    const { random, model } = this;
    return model.length > 0 && random.chance(0.9) ? Buffer.from(random.pick(model), "latin1") : this.any();
  }

  push(): void {
    const bytes = this.any();
    const end = this.random.pick([ListEnd.HEAD, ListEnd.TAIL]);
    listPush(this.list, Buffer.concat([Buffer.from("x"), bytes]), 1, bytes.length + 1, end);
    if (end === ListEnd.HEAD) this.model.unshift(bytes.toString("latin1"));
    else this.model.push(bytes.toString("latin1"));
  }

  pop(): void {
    if (this.model.length === 0) return;
    const end = this.random.pick([ListEnd.HEAD, ListEnd.TAIL]);
    const expected = end === ListEnd.HEAD ? this.model.shift() : this.model.pop();
    listPeek(this.list, end, this.element);
    check(text(this.element) === expected, "the element at the end");
    listDrop(this.list, end);
    this.shrunk();
  }

  replace(): void {
    if (this.model.length === 0) return;
    const bytes = this.any();
    const index = this.random.below(this.model.length);
    listPrepare(this.list, bytes.length, 1);
    listReplace(this.list, index, bytes, 0, bytes.length);
    this.model[index] = bytes.toString("latin1");
    this.shrunk();
  }

  insert(): void {
    const bytes = this.any();
    const pivot = this.known();
    const after = this.random.chance(0.5);
    listPrepare(this.list, bytes.length, 1);
    const place = listFind(this.list, pivot, 0, pivot.length);
    const inserted = place !== -1;
    if (inserted) listInsert(this.list, place, after, bytes, 0, bytes.length);
    const index = this.model.indexOf(pivot.toString("latin1"));
    check(inserted === index >= 0, "whether the pivot is there");
    if (inserted) this.model.splice(after ? index + 1 : index, 0, bytes.toString("latin1"));
  }

  remove(): void {
    const bytes = this.known();
    const limit = this.random.pick([1, 2, 5, Number.POSITIVE_INFINITY]);
    const backwards = this.random.chance(0.5);
    const removed = listRemove(this.list, bytes, 0, bytes.length, limit, backwards);
    const wanted = bytes.toString("latin1");
    let left = limit;
    const keep = (each: string) => each !== wanted || left-- <= 0;
    const kept = backwards ? this.model.slice().reverse().filter(keep).reverse() : this.model.filter(keep);
    check(removed === this.model.length - kept.length, "how many were removed");
    this.model = kept;
    this.shrunk();
  }

  deleteRange(): void {
    const { random, model } = this;
    if (model.length === 0) return;
    const start = random.pick([0, random.below(model.length)]);
    const count = random.chance(0.8) ? Math.min(random.below(4), model.length - start) : random.between(0, model.length - start);
    listDeleteRange(this.list, start, count);
    model.splice(start, count);
    this.shrunk();
  }

  private shrunk(): void {
    // A list that an image reads stays large here: who keeps an object that is streamed until it may be freed is the keyspace (lazyfree.ts).
    if (this.model.length > 0 && this.image === null) listCompact(this.list);
  }

  read(): void {
    const { random, model, list } = this;
    const index = random.between(-1, model.length);
    check(listRead(list, index, this.element) === (index >= 0 && index < model.length), "whether there is such an element");
    if (index >= 0 && index < model.length) check(text(this.element) === model[index], `element ${index}`);
  }

  walk(): void {
    const { random, model, list } = this;
    if (model.length === 0) return;
    const cursor = new ListCursor();
    const backwards = random.chance(0.5);
    let index = random.below(model.length);
    cursor.start(list, index, backwards);
    const known = this.known();
    for (; index >= 0 && index < model.length; index += backwards ? -1 : 1) {
      if (random.chance(0.5)) {
        check(cursor.next() && text(cursor.element) === model[index], `walking over ${index}`);
      } else {
        check(cursor.step(), `stepping to ${index}`);
        check(cursor.equals(known, 0, known.length) === (model[index] === known.toString("latin1")), `comparing ${index}`);
      }
    }
    check(!cursor.next() && !cursor.step(), "the end");
  }

  /** Now and then an image of a large list is made, and looked at again later. */
  capture(): void {
    if (this.image !== null) {
      const { image, nodes } = this.image;
      for (const [index, bytes] of nodes.entries()) {
        image.locate(index, span);
        check(bytes.equals(span.buffer.subarray(span.from, span.to)), "what the image keeps");
      }
      image.release();
      this.image = null;
    } else if (this.list.object instanceof QuickList && this.random.chance(0.2)) {
      const image = this.list.object.capture();
      const nodes: Buffer[] = [];
      for (let index = 0; index < image.length; index++) {
        image.locate(index, span);
        nodes.push(Buffer.from(span.buffer.subarray(span.from, span.to)));
      }
      this.image = { image, nodes };
    }
  }

  verify(): void {
    const { list, model } = this;
    check(listLength(list) === model.length, `${listLength(list)} elements for ${model.length}`);
    const held = contents(list);
    for (const [index, each] of model.entries()) check(held[index] === each, `element ${index}`);
    if (list.object === null) {
      check(packedValid(list.buffer, list.from, list.to), "a small list is well formed");
      return;
    }
    const nodes = nodesOf(list);
    for (let node = 0; node < nodes.length; node++) {
      if (nodes.kind(node) === PLAIN) continue;
      nodes.locate(node, span);
      check(packedValid(span.buffer, span.from, span.to), `node ${node} is well formed`);
      check(packedBytes(span.buffer, span.from) === nodes.bytes(node), `node ${node} is as long as it says`);
      check(packedCount(span.buffer, span.from) === nodes.count(node) && nodes.count(node) > 0, `node ${node} has what is counted`);
    }
  }

  step(): void {
    const at = this.random.below(100);
    if (at < 10) this.capture();
    if (at < 45) this.push();
    else if (at < 55) this.pop();
    else if (at < 65) this.replace();
    else if (at < 75) this.insert();
    else if (at < 80) this.remove();
    else if (at < 85) this.deleteRange();
    else if (at < 94) this.read();
    else if (at < 98) this.walk();
    else this.verify();
  }
}

describe("lists", () => {
  property(
    "hold what an array would, small and large, with all limits",
    (random) => {
      const tables = space();
      const model = new Model(random, tables);
      for (let step = random.between(100, 600); step > 0; step--) model.step();
      model.verify();
      model.image?.image.release();
      model.list.discard();
      expect([tables.arena.usedBytes, tables.objects.usedBytes]).toEqual([0, 0]);
    },
    80,
  );

  test("a list is small up to the bytes or elements of list-max-listpack-size", () => {
    for (const [listSize, bytes] of [
      [-1, 4096],
      [-2, 8192],
      [-3, 16384],
      [-4, 32768],
      [-5, 65536],
      [-9, 65536],
    ]) {
      const list = temporary({ listSize });
      // Both entries cost 3 bytes more than what they hold, and 5 when they are long; the new element is counted by its own bytes.
      pushAll(list, ["x".repeat(bytes - 7 - 8 - 10), "y".repeat(10)]);
      expect(list.encoding).toBe(Encoding.LISTPACK);
      pushAll(list, ["z".repeat(50)]);
      expect(list.encoding).toBe(Encoding.QUICKLIST);
    }
    for (const [listSize, count] of [
      [0, 1],
      [1, 1],
      [3, 3],
      [128, 128],
    ]) {
      const list = temporary({ listSize });
      pushAll(
        list,
        Array.from({ length: count }, (_, index) => `${index}`),
      );
      expect(list.encoding).toBe(Encoding.LISTPACK);
      pushAll(list, ["x"]);
      expect(list.encoding).toBe(Encoding.QUICKLIST);
    }
    expect(exceedsListLimit(5, 8192, 5)).toBe(false);
    expect(exceedsListLimit(5, 8193, 1)).toBe(true);
  });

  test("a large list becomes small again at half the limit, and not before", () => {
    const list = temporary({ listSize: 8 });
    pushAll(
      list,
      Array.from({ length: 9 }, (_, index) => `${index}`),
    );
    expect(shape(list)).toEqual(["8", "1"]);
    listDrop(list, ListEnd.TAIL);
    listCompact(list);
    while (listLength(list) > 5) listDrop(list, ListEnd.TAIL);
    listCompact(list);
    expect(list.encoding).toBe(Encoding.QUICKLIST);
    listDrop(list, ListEnd.TAIL);
    listCompact(list);
    expect(list.encoding).toBe(Encoding.LISTPACK);
    expect(contents(list)).toEqual(["0", "1", "2", "3"]);
  });

  test("a list that was built settles at the whole limit", () => {
    const list = temporary({ listSize: 8 });
    const bytes = Buffer.alloc(100);
    const packed = temporary();
    pushAll(packed, ["a", "b", "12"]);
    packed.buffer.copy(bytes, 5, packed.from, packed.to);
    listBuilding(list).appendPacked(bytes, 5, 5 + packed.to - packed.from, packedCount(bytes, 5));
    expect(list.encoding).toBe(Encoding.QUICKLIST);
    listSettle(list);
    expect(list.encoding).toBe(Encoding.LISTPACK);
    listBuilding(list).appendPlain(Buffer.from("plain"), 0, 5);
    listSettle(list);
    expect(shape(list)).toEqual(["3", "plain 5"]);
    expect(contents(list)).toEqual(["a", "b", "12", "plain"]);
    const full = temporary({ listSize: 2 });
    packedAppend(full, Buffer.from("a"), 0, 1);
    packedAppend(full, Buffer.from("b"), 0, 1);
    packedAppend(full, Buffer.from("c"), 0, 1);
    listSettle(full);
    expect([full.encoding, ...shape(full)]).toEqual([Encoding.QUICKLIST, "3"]);
  });

  test("an insertion into a full node splits it, and what became small is merged", () => {
    const list = temporary({ listSize: 4 });
    pushAll(list, ["a", "b", "c", "d", "e", "f", "g", "h", "i"]);
    expect(shape(list)).toEqual(["4", "4", "1"]);
    const insert = (pivot: string, after: boolean) =>
      listInsert(list, listFind(list, Buffer.from(pivot), 0, 1), after, Buffer.from("X"), 0, 1);
    insert("f", true); // e f | X g h, i joins the latter
    expect(shape(list)).toEqual(["4", "2", "4"]);
    insert("a", false); // full, and nothing before it: a node of its own
    expect(shape(list)).toEqual(["1", "4", "2", "4"]);
    insert("d", true); // full, at its end: goes to the next
    expect(shape(list)).toEqual(["1", "4", "3", "4"]);
    expect(contents(list).join("")).toBe("XabcdXefXghi");
  });

  test("elements beyond the threshold have plain nodes, and are replaced by packed ones and back", () => {
    const list = temporary({ listSize: 3, plainNodeBytes: 5 });
    pushAll(list, ["a", "b", "c", "d", "e"]);
    const replace = (index: number, by: string) => listReplace(list, index, Buffer.from(by), 0, by.length);
    replace(1, "longer");
    expect(shape(list)).toEqual(["1", "plain 6", "3"]);
    replace(1, "longest!");
    expect(shape(list)).toEqual(["1", "plain 8", "3"]);
    replace(1, "b");
    expect(contents(list)).toEqual(["a", "b", "c", "d", "e"]);
    expect(shape(list)).toEqual(["1", "1", "3"]);
    replace(0, "plain");
    expect(shape(list)).toEqual(["plain 5", "1", "3"]);
  });

  test("an element that fills more than a node has one of its own, packed, that is not larger than it must be", () => {
    const list = temporary();
    pushAll(list, ["a".repeat(100), "b".repeat(10_000), "c".repeat(8150), "d"]);
    expect(shape(list)).toEqual(["1", "1", "2"]);
    const nodes = nodesOf(list);
    expect(nodes.kind(1)).toBe(PACKED);
    expect(nodes.capacity(1)).toBe(Arena.blockSize(nodes.bytes(1)));
    expect(nodes.capacity(2)).toBe(8192);
  });

  test("a copy keeps to the limit of its original", () => {
    const list = temporary({ listSize: 2 });
    pushAll(list, ["a", "b", "c"]);
    list.limits.listSize = 100;
    const copy = nodesOf(list).copy();
    copy.push(ListEnd.TAIL, Buffer.from("d"), 0, 1);
    copy.push(ListEnd.TAIL, Buffer.from("e"), 0, 1);
    expect([copy.length, copy.size, nodesOf(list).size]).toEqual([3, 5, 3]);
  });
});
