import { describe, expect, test } from "bun:test";
import { Arena, MAX_BLOCK } from "../../src/memory/arena.ts";
import { ByteMap } from "../../src/memory/bytemap.ts";
import { intsetAdd, intsetGet, intsetRemoveAt } from "../../src/memory/intset.ts";
import { NodeDeque } from "../../src/memory/nodes.ts";
import { Blob, ObjectTable } from "../../src/memory/objects.ts";
import { Ordered, OrderedCursor } from "../../src/memory/ordered.ts";
import {
  Element,
  type PackedSpace,
  packedAppend,
  packedDelete,
  packedInsert,
  packedPrevious,
  packedReplace,
} from "../../src/memory/packed.ts";
import { OUTSIDE } from "../../src/memory/record.ts";
import { type ByteSpan, Table, type TableSpace } from "../../src/memory/record-table.ts";
import { randomSeed } from "../../src/memory/siphash.ts";
import { DEFAULT_LIMITS } from "../../src/values/limits.ts";
import { Temporary } from "../../src/values/temporary.ts";
import { Encoding } from "../../src/values/value-types.ts";
import { trips } from "../support/trips.ts";

function space(): TableSpace {
  return { arena: new Arena(), objects: new ObjectTable(), seed: randomSeed() };
}

const KEY = Buffer.from("key");

describe("the arena stops", () => {
  test("when a block of no size, or of more than the largest, is asked for", () => {
    const arena = new Arena();
    trips("1 to MAX_BLOCK bytes", () => arena.allocate(0));
    trips("1 to MAX_BLOCK bytes", () => arena.allocate(MAX_BLOCK + 1));
  });

  test("when what is no address, or none that it ever gave, is freed", () => {
    const arena = new Arena();
    arena.allocate(16);
    trips("has handed blocks out", () => arena.free(0));
    trips("a page with live blocks", () => arena.free(1 << 20));
    trips("a page with live blocks", () => arena.free(-1));
  });

  test("when a block is freed that was not allocated", () => {
    const arena = new Arena();
    const address = arena.allocate(16);
    trips("has handed blocks out", () => arena.free(address + 5));
  });

  test("when a block is freed twice", () => {
    const arena = new Arena();
    const address = arena.allocate(100);
    arena.free(address);
    trips("none is freed twice", () => arena.free(address));
  });

  test("when a block is freed in a page that was given up", () => {
    const arena = new Arena();
    const blocks = Array.from({ length: 5 }, () => arena.allocate(MAX_BLOCK));
    for (const address of blocks.slice(0, 2)) arena.free(address);
    trips("a page with live blocks", () => {
      for (const address of blocks.slice(0, 2)) arena.free(address);
    });
  });
});

describe("a table stops", () => {
  test("when its rehash is resumed more often than it was paused", () => {
    trips("was paused", () => new Table(space(), { meta: false }).resumeRehash());
  });

  test("when a chain is asked for that there is not", () => {
    const table = new Table(space(), { meta: false });
    trips("a chain that is walked exists", () => table.chain(-1));
    trips("a chain that is walked exists", () => table.chain(table.chainCount));
    trips("a chain that holds one", () => table.randomFrom(0));
  });

  test("when a record would not fit its words", () => {
    const table = new Table(space(), { meta: false });
    trips("fifteen bits", () => table.insert(1, KEY, 0, 3, 0, 0x8000));
    trips("two bits hold the flags", () => table.insert(1, KEY, 0, 3, 8, 0));
  });

  test("when it is asked for parts that a record has not", () => {
    const table = new Table(space(), { meta: false });
    const address = table.insert(1, KEY, 0, 3, 0, 0);
    trips("only a value that is outside has a handle", () => table.handle(address));
    trips("only a record that expires", () => table.setExpiryWord(address, 0, 1));
  });

  test("when a record is removed twice", () => {
    const table = new Table(space(), { meta: false });
    const address = table.insert(1, KEY, 0, 3, 0, 0);
    table.remove(address);
    trips("in the chain that its hash names", () => table.remove(address));
  });

  test("when its chains are freed while they may move, or it has miscounted", () => {
    const table = new Table(space(), { meta: false });
    const free = () =>
      table.freeChains(
        0,
        () => {},
        () => false,
      );
    trips("while none of them moves", free);
    table.pauseRehash();
    table.size = 1;
    trips("as many records as the table counts", free);
  });

  test("when it counts a record and no chain holds one", () => {
    const table = new Table(space(), { meta: false });
    table.size = 1;
    trips("has a chain that holds one", () => table.random());
  });

  test("when the handle of a value names what is no value", () => {
    const tables = space();
    const map = new ByteMap(tables);
    map.set(KEY, 0, 3, Buffer.alloc(MAX_BLOCK * 2), 0, MAX_BLOCK * 2);
    const address = map.find(KEY, 0, 3);
    expect(map.table.flags(address) & OUTSIDE).toBe(OUTSIDE);
    tables.objects.remove(map.table.handle(address));
    tables.objects.add(new ByteMap(tables));
    trips("names bytes", () => map.showValue(address, new Element()));
  });
});

describe("the object table stops", () => {
  test("when a handle is used that names nothing", () => {
    const objects = new ObjectTable();
    const handle = objects.add(new Blob(Buffer.alloc(10)));
    objects.remove(handle);
    trips("removed once", () => objects.remove(handle));
    trips("names an object", () => objects.get(handle));
  });

  test("when a blob claims more than its buffer, or its object gave back more than was counted", () => {
    trips("no longer than the buffer", () => new Blob(Buffer.alloc(10), 11));
    const objects = new ObjectTable();
    const handle = objects.add(new Blob(Buffer.alloc(10)));
    objects.usedBytes = 0;
    trips("as many bytes as were counted", () => objects.remove(handle));
  });
});

describe("an intset stops", () => {
  function intset(...bytes: number[]): Temporary {
    const holder = new Temporary(space(), DEFAULT_LIMITS);
    holder.setPacked(Encoding.INTSET, bytes.length);
    Buffer.from(bytes).copy(holder.buffer);
    return holder;
  }

  test("when a number is named that it has not", () => {
    const set = intset(2, 0, 0, 0, 1, 0, 0, 0, 7, 0);
    trips("read from an intset is in it", () => intsetGet(set.buffer, set.from, 1, new Element()));
    trips("taken out of an intset is in it", () => intsetRemoveAt(set, -1));
  });

  test("when its numbers have an impossible width, or the room made is not where it was asked for", () => {
    trips("2, 4 or 8 bytes", () => intsetAdd(intset(1, 0, 0, 0, 1, 0, 0, 0, 7), Buffer.from("300"), 0, 3));
    const set = intset(2, 0, 0, 0, 2, 0, 0, 0, 3, 0, 9, 0);
    // A space that makes its room at the end, wherever it is asked to.
    const wrong: PackedSpace = {
      buffer: set.buffer,
      from: 0,
      to: set.to,
      splice() {
        this.to += 2;
        this.buffer.fill(0, this.to - 2, this.to);
      },
    };
    trips("ascend", () => intsetAdd(wrong, Buffer.from("5"), 0, 1));
  });
});

describe("packed bytes stop", () => {
  function packed(...entries: string[]): Temporary {
    const holder = new Temporary(space(), DEFAULT_LIMITS).begin(4);
    for (const entry of entries) packedAppend(holder, Buffer.from(entry), 0, entry.length);
    return holder;
  }

  test("when an edit reaches into the header or over the end", () => {
    const bytes = packed("one", "two");
    trips("alone", () => packedInsert(bytes, 2, KEY, 0, 3));
    trips("alone", () => packedInsert(bytes, bytes.to, KEY, 0, 3));
    trips("is an entry", () => packedReplace(bytes, bytes.to - 1, KEY, 0, 3));
  });

  test("when the header tells another length or count than there is", () => {
    const long = packed("one", "two");
    long.buffer[0] -= 5;
    trips("the length of the bytes", () => packedAppend(long, KEY, 0, 3));
    const few = packed("one", "two");
    few.buffer[4] = 1;
    trips("than there are", () => packedDelete(few, 6, 2));
  });

  test("when an entry says that it began before the header", () => {
    const bytes = packed("one");
    bytes.buffer[bytes.to - 2] = 100;
    trips("behind the header", () => packedPrevious(bytes.buffer, 0, bytes.to - 1));
  });
});

describe("a directory of nodes stops", () => {
  const span: ByteSpan = { buffer: Buffer.alloc(0), from: 0, to: 0 };

  function nodes(): NodeDeque {
    const deque = new NodeDeque(space());
    deque.insert(0, 10);
    deque.setCount(0, 3);
    return deque;
  }

  test("when a node is named that it has not", () => {
    trips("looked at is in the directory", () => nodes().locate(1, span));
    trips("changed is in the directory", () => nodes().open(-1));
    trips("inserted among the others", () => nodes().insert(3, 1));
    trips("removed are in the directory", () => nodes().removeRange(0, 2));
  });

  test("when counts and kinds are none", () => {
    trips("no fewer elements than none", () => nodes().setCount(0, -1));
    trips("one of those that the nodes count", () => nodes().seek(3));
    trips("two bits hold the kind", () => nodes().insert(0, 1, 4));
    const miscounted = nodes();
    miscounted.size = 5;
    trips("add up", () => miscounted.remove(0));
  });

  test("when a splice leaves its node", () => {
    trips("bytes of its own node", () => nodes().open(0).splice(8, 5, 0));
  });

  test("when its images are not what they were", () => {
    const deque = nodes();
    const image = deque.capture();
    trips("no image reads them", () => deque.free(() => false));
    image.release();
    trips("released once", () => image.release());
    const form = { decode: () => {} };
    deque.setCompressed(0, form);
    trips("one form", () => deque.setCompressed(0, { decode: () => {} }));
  });
});

describe("an ordered index stops", () => {
  function index(...scores: number[]): { ordered: Ordered; addresses: number[] } {
    const table = new Table(space(), { meta: false });
    const ordered = new Ordered(table);
    const addresses = scores.map((score, i) => {
      const member = Buffer.from(`member ${i}`);
      const address = table.insert(table.hash(member, 0, member.length), member, 0, member.length, 0, 0);
      ordered.insert(score, address);
      return address;
    });
    return { ordered, addresses };
  }

  test("when a score is none, or not that of the record", () => {
    const { ordered, addresses } = index(1, 2, 3);
    trips("NaN", () => ordered.insert(Number.NaN, addresses[0]));
    trips("where its score and member say", () => ordered.remove(7, addresses[0]));
  });

  test("when a place is named that it has not", () => {
    const { ordered } = index(1, 2, 3);
    trips("less than the number of entries", () => ordered.seek(new OrderedCursor(), 3));
    trips("is in its chunk", () => ordered.removeAt(0, 3));
    trips("a chunk that there is", () => ordered.insertAt(1, 0, 5, 1));
  });

  test("when an entry would break the order", () => {
    const { ordered, addresses } = index(1, 2, 3);
    trips("the entry behind has none that is lower", () => ordered.insertAt(0, 0, 9, addresses[0]));
    trips("the entry before has none that is higher", () => index(1, 2).ordered.insertAt(0, 2, 0, addresses[0]));
  });

  test("when it is built twice, or its counts do not add up", () => {
    const { ordered } = index(1);
    trips("built once", () => ordered.build(Float64Array.of(1), Int32Array.of(1), 1));
    ordered.size = 3;
    trips("add up to the size", () => ordered.free(() => false));
  });
});
