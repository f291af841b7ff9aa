import { describe, expect, test } from "bun:test";
import { addCounters, subtractCounters } from "../../src/base/numbers/counter.ts";
import { Arena, ArenaFull } from "../../src/memory/arena.ts";
import { ObjectTable } from "../../src/memory/objects.ts";
import type { ByteSpan, TableSpace } from "../../src/memory/record-table.ts";
import { randomSeed } from "../../src/memory/siphash.ts";
import { DEFAULT_LIMITS, type ValueLimits } from "../../src/values/limits.ts";
import { IdRecords } from "../../src/values/stream/id-records.ts";
import { Stream } from "../../src/values/stream/stream.ts";
import { countRange, StreamCursor } from "../../src/values/stream/stream-cursor.ts";
import { IdText, parseStreamId, StreamId } from "../../src/values/stream/stream-id.ts";
import { ListpackMaker, NodeMaker } from "../../src/values/stream/stream-listpack.ts";
import type { Words } from "../../src/values/stream/stream-words.ts";
import { check, property, type Random } from "../support/property.ts";

interface Entry {
  readonly ms: bigint;
  readonly seq: bigint;
  readonly fields: readonly string[];
}

const WORD = 2n ** 32n;
const LAST = 2n ** 64n - 1n;

function makeSpace(): TableSpace {
  return { arena: new Arena(), objects: new ObjectTable(), seed: randomSeed() };
}

function idOf(ms: bigint, seq: bigint): StreamId {
  const id = new StreamId();
  id.msHigh = Number(ms / WORD);
  id.msLow = Number(ms % WORD);
  id.seqHigh = Number(seq / WORD);
  id.seqLow = Number(seq % WORD);
  return id;
}

function wordsOf(texts: readonly string[]): Words {
  const buffer = Buffer.from(texts.join(""), "latin1");
  const lengths = Int32Array.from(texts, (text) => text.length);
  const offsets = new Int32Array(texts.length);
  for (let index = 1; index < texts.length; index++) offsets[index] = offsets[index - 1] + lengths[index - 1];
  return { buffer, offsets, lengths };
}

function add(stream: Stream, { ms, seq, fields }: Entry, limits: ValueLimits = DEFAULT_LIMITS): void {
  stream.append(idOf(ms, seq), wordsOf(fields), 0, fields.length / 2, limits);
}

/** The entries as text. */
function read(stream: Stream, from: StreamId | null = null, to: StreamId | null = null, reverse = false): string[] {
  const cursor = new StreamCursor().open(stream, from, to, { reverse });
  const entries: string[] = [];
  while (cursor.next()) {
    const words: string[] = [];
    for (let left = cursor.fields; left > 0; left--) {
      cursor.content.next();
      for (const { bytes, from: start, to: end } of [cursor.content.field, cursor.content.value]) words.push(bytes.latin1Slice(start, end));
    }
    entries.push(`${cursor.id}:${words.join(",")}`);
  }
  return entries;
}

function textOf({ ms, seq, fields }: Entry): string {
  return `${ms}-${seq}:${fields.join(",")}`;
}

function randomFields(random: Random): string[] {
  const value = () => {
    const kind = random.below(5);
    if (kind === 0) return String(random.between(-(2 ** 53), 2 ** 53) >> random.below(31));
    if (kind === 1) return random.bytes(random.below(300)).toString("latin1");
    return "x".repeat(random.below(20));
  };
  if (random.chance(0.7)) return ["alpha", value(), "7", value()];
  return Array.from({ length: random.between(1, 4) * 2 }, value);
}

/** The node `index` and its listpack. */
function listpackOf(stream: Stream, index: number): { master: StreamId; bytes: Buffer } {
  const span: ByteSpan = { buffer: Buffer.alloc(0), from: 0, to: 0 };
  stream.nodes.locate(index, span);
  const maker = new ListpackMaker();
  const length = maker.make(stream.nodes.tables.objects, span, stream.nodes.count(index));
  return { master: new StreamId().read(span.buffer, span.from), bytes: Buffer.from(maker.bytes.subarray(0, length)) };
}

function built(count: number, space = makeSpace(), limits?: ValueLimits): Stream {
  const stream = new Stream(space);
  for (let index = 1; index <= count; index++) add(stream, { ms: BigInt(index), seq: 0n, fields: ["f", `v${index}`] }, limits);
  return stream;
}

describe("a stream", () => {
  property(
    "holds what a list of entries holds, whatever is added, deleted and trimmed",
    (random) => {
      const space = makeSpace();
      const limits = { ...DEFAULT_LIMITS, streamNodeBytes: random.pick([0, 300, 4096]), streamNodeEntries: random.pick([0, 1, 7, 100]) };
      const stream = new Stream(space);
      let model: Entry[] = [];
      let ms = random.chance(0.3) ? 2n ** 63n : 1n;
      let seq = 0n;
      for (let step = 0; step < 800; step++) {
        const kind = random.below(20);
        if (kind < 15) {
          if (random.chance(0.5)) {
            ms += BigInt(random.below(random.chance(0.1) ? 2 ** 45 : 3) + 1);
            seq = random.chance(0.8) ? 0n : BigInt(random.below(2 ** 40));
          } else seq += random.chance(0.8) ? 1n : BigInt(random.below(2 ** 40) + 1);
          const entry = { ms, seq, fields: randomFields(random) };
          add(stream, entry, limits);
          model.push(entry);
        } else if (kind < 18 && model.length > 0) {
          const [gone] = model.splice(random.below(model.length), 1);
          check(stream.delete(idOf(gone.ms, gone.seq)), "an entry that is there is deleted");
          check(!stream.delete(idOf(gone.ms, gone.seq)), "an entry is deleted once");
        } else if (kind === 18 && random.chance(0.2)) {
          const maxLength = random.below(model.length + 2);
          const deleted = stream.trim({ maxLength, minId: null, approximate: false, limit: 0 });
          check(deleted === Math.max(0, model.length - maxLength), "as many go as are too many");
          model = model.slice(deleted);
        } else if (random.chance(0.2) && model.length > 0) {
          const least = model[random.below(model.length)];
          stream.trim({ maxLength: null, minId: idOf(least.ms, least.seq), approximate: false, limit: 0 });
          model = model.slice(model.indexOf(least));
        }
        check(stream.length === model.length, "it knows its length");
      }
      expect(read(stream)).toEqual(model.map(textOf));
      expect(read(stream, null, null, true)).toEqual(model.map(textOf).reverse());
      expect(stream.firstId.toString()).toBe(model.length === 0 ? "0-0" : `${model[0].ms}-${model[0].seq}`);
      if (model.length === 0) return;
      const from = random.below(model.length);
      const to = random.below(model.length);
      const slice = model.slice(from, to + 1);
      const [start, end] = [model[from], model[to]].map((entry) => idOf(entry.ms, entry.seq));
      expect(read(stream, start, end)).toEqual(slice.map(textOf));
      expect(read(stream, start, end, true)).toEqual(slice.map(textOf).reverse());
      check(countRange(stream, start, end, Number.POSITIVE_INFINITY) === slice.length, "a range is counted");
      check(countRange(stream, start, end, 3) === Math.min(3, slice.length), "a range is counted up to a limit");
      stream.free(() => false);
      check(space.arena.usedBytes === 0, "all memory is given back");
    },
    5,
  );

  property("comes back from the listpacks that Redis would keep it as", (random) => {
    const space = makeSpace();
    const stream = new Stream(space);
    let ms = random.chance(0.5) ? 2n ** 62n : 5n;
    for (let index = 0; index < 500; index++) {
      ms += BigInt(random.below(3));
      const seq = BigInt(index) * (random.chance(0.5) ? 1n : 1n) + (LAST >> 1n);
      add(stream, { ms, seq, fields: randomFields(random) });
      if (random.chance(0.2)) stream.delete(idOf(ms, seq));
    }
    const again = new Stream(space);
    const maker = new NodeMaker();
    for (let index = 0; index < stream.nodes.length; index++) {
      const { master, bytes } = listpackOf(stream, index);
      check(maker.make(bytes, 0, bytes.length, master), "a listpack of ours is a good one");
      again.appendNode(maker.bytes, maker.length, maker.live);
    }
    again.measureTail();
    again.setFacts(stream);
    expect(read(again)).toEqual(read(stream));
    for (let index = 0; index < 150; index++) {
      const entry = { ms: ms + BigInt(index + 1), seq: 0n, fields: ["alpha", `${index}`, "7", "x"] };
      add(stream, entry);
      add(again, entry);
    }
    expect(read(again)).toEqual(read(stream));
    expect(again.nodes.length).toBe(stream.nodes.length);
  });

  property(
    "takes no listpack whose bytes were changed for something else than a stream",
    (random) => {
      const space = makeSpace();
      const stream = new Stream(space);
      for (let index = 1; index <= 20; index++) add(stream, { ms: BigInt(index), seq: 0n, fields: randomFields(random) });
      const { master, bytes } = listpackOf(stream, 0);
      const maker = new NodeMaker();
      for (let round = 0; round < 1000; round++) {
        const broken = Buffer.from(bytes);
        for (let left = random.between(1, 3); left > 0; left--) broken[random.below(broken.length)] = random.below(256);
        if (!maker.make(broken, 0, broken.length, master)) continue;
        const loaded = new Stream(space);
        loaded.appendNode(maker.bytes, maker.length, maker.live);
        loaded.measureTail();
        // What is taken can be gone through in both directions, and is as long as it says.
        expect(read(loaded).length).toBe(loaded.length);
        expect(read(loaded, null, null, true)).toEqual(read(loaded).reverse());
        loaded.free(() => false);
      }
      for (let length = 0; length < bytes.length; length++) check(!maker.make(bytes, 0, length, master), "a part is no listpack");
    },
    2,
  );

  test("is copied with its groups, and both live on by themselves", () => {
    const space = makeSpace();
    const stream = built(250, space);
    const group = stream.createGroup("g", idOf(0n, 0n), 0);
    const consumer = group.addConsumer("c", 7);
    for (let index = 1n; index <= 200n; index++) {
      check(!group.pending.find(idOf(index, 0n)), "it is not pending yet");
      group.add(idOf(index, 0n), consumer, 5, 1);
    }
    const copy = stream.copy();
    stream.trim({ maxLength: 0, minId: null, approximate: false, limit: 0 });
    group.removeConsumer(consumer);
    expect(copy.length).toBe(250);
    expect(read(copy).length).toBe(250);
    const copied = copy.groups.get("g");
    expect(copied?.pending.size).toBe(200);
    expect(copied?.consumers.get("c")?.pending.size).toBe(200);
    expect(copied?.pending.find(idOf(77n, 0n))).toBe(true);
    expect(copied?.owner.name).toBe("c");
    add(copy, { ms: 1000n, seq: 0n, fields: ["f", "v"] });
    expect(stream.length).toBe(0);
    consumer.pending.nodes.free(() => false);
    stream.free(() => false);
    copy.free(() => false);
    expect(space.arena.usedBytes).toBe(0);
  });

  test("shows an image of one moment, whatever happens after it", () => {
    const stream = built(350);
    const image = stream.nodes.capture();
    expect(stream.streamed).toBe(true);
    stream.delete(idOf(120n, 0n));
    for (let index = 1; index <= 200; index++) add(stream, { ms: BigInt(1000 + index), seq: 0n, fields: ["g", "w"] });
    stream.trim({ maxLength: 100, minId: null, approximate: false, limit: 0 });
    const seen = new Stream(makeSpace());
    const maker = new ListpackMaker();
    const nodes = new NodeMaker();
    const span: ByteSpan = { buffer: Buffer.alloc(0), from: 0, to: 0 };
    for (let index = 0; index < image.length; index++) {
      image.locate(index, span);
      const master = new StreamId().read(span.buffer, span.from);
      const length = maker.make(image.tables.objects, span, image.count(index));
      expect(nodes.make(maker.bytes, 0, length, master)).toBe(true);
      seen.appendNode(nodes.bytes, nodes.length, nodes.live);
    }
    seen.measureTail();
    expect(read(seen)).toEqual(read(built(350)));
    image.release();
    expect(stream.streamed).toBe(false);
  });

  test("takes less memory than the listpacks that Redis keeps", () => {
    const space = makeSpace();
    const stream = built(10_000, space);
    let packed = 0;
    for (let index = 0; index < stream.nodes.length; index++) packed += listpackOf(stream, index).bytes.length;
    expect(space.arena.usedBytes).toBeLessThan(packed * 0.9);
  });

  test("without memory for an entry it stays as it was", () => {
    const space = { arena: new Arena({ maxSegments: 1 }), objects: new ObjectTable(), seed: randomSeed() };
    const stream = new Stream(space);
    const value = "x".repeat(20_000);
    const fill = () => {
      for (;;) add(stream, { ms: BigInt(stream.length + 1), seq: 0n, fields: ["f", value] });
    };
    expect(fill).toThrow(ArenaFull);
    const length = stream.length;
    expect(fill).toThrow(ArenaFull);
    expect(stream.length).toBe(length);
    expect(stream.nodes.length).toBe(length);
    expect(stream.lastId.toString()).toBe(`${length}-0`);
    const entries = read(stream);
    expect(entries.length).toBe(length);
    expect(read(stream, null, null, true)).toEqual(entries.reverse());
  });

  test("is given back bit by bit", () => {
    const space = makeSpace();
    const stream = built(20_000, space);
    let pauses = 0;
    while (!stream.free(() => true)) pauses++;
    expect(pauses).toBeGreaterThan(5);
    expect(space.arena.usedBytes).toBe(0);
  });
});

describe("ids", () => {
  property("are written as they are read, counted up and down, and ordered as numbers", (random) => {
    const number = () => {
      const bits = random.below(65);
      return bits === 0 ? 0n : BigInt.asUintN(bits, BigInt(random.below(2 ** 32)) * WORD + BigInt(random.below(2 ** 32)));
    };
    const bytes = Buffer.alloc(64);
    for (let round = 0; round < 3000; round++) {
      const [ms, seq, otherMs, otherSeq] = [number(), number(), random.chance(0.5) ? 5n : number(), number()];
      const id = idOf(ms, seq);
      const end = id.writeText(bytes, 0);
      const text = `${ms}-${seq}`;
      check(bytes.latin1Slice(0, end) === text && id.toString() === text, "an id has its text");
      const parsed = new StreamId();
      check(parseStreamId(bytes, 0, end, parsed, { missing: "first" }) === IdText.WHOLE && parsed.compare(id) === 0, "its text is read");
      const other = idOf(otherMs, otherSeq);
      const order = ms === otherMs ? (seq < otherSeq ? -1 : seq > otherSeq ? 1 : 0) : ms < otherMs ? -1 : 1;
      other.write(bytes, 0);
      check(Math.sign(id.compare(other)) === order && Math.sign(id.compareBytes(bytes, 0)) === order, "ids are ordered");
      const next = (((ms << 64n) | seq) + 1n) & ((1n << 128n) - 1n);
      const before = new StreamId().assign(id);
      check(id.increment() === (next !== 0n) && id.toString() === `${next >> 64n}-${next & LAST}`, "the next id is one more");
      check(id.decrement() === (next !== 0n) && id.compare(before) === 0, "and back");
    }
  });
});

describe("records by id", () => {
  property(
    "are found, gone through and taken out as in a sorted list",
    (random) => {
      const space = makeSpace();
      const held = { bytes: 0 };
      const records = new IdRecords(space, 16 + random.below(20), held);
      let model: number[] = [];
      const at = (value: number) => new StreamId().set(value, 0);
      for (let step = 0; step < 2000; step++) {
        const value = random.chance(0.4) ? (model.at(-1) ?? 0) + 1 : random.below(4000);
        const place = model.findIndex((each) => each >= value);
        const found = records.find(at(value));
        check(found === model.includes(value), "a record is found");
        check(records.atEnd === place < 0, "it stands at the next one otherwise");
        if (!records.atEnd) check(at(model[place]).compareBytes(records.buffer, records.at) === 0, "it is the next one");
        check(records.countAhead(50) === (place < 0 ? 0 : Math.min(50, model.length - place)), "those ahead are counted");
        if (found && random.chance(0.7)) {
          records.remove();
          model.splice(place, 1);
        } else if (!found) {
          records.insert(at(value));
          if (place < 0) model.push(value);
          else model.splice(place, 0, value);
        }
        if (random.chance(0.001)) {
          records.first();
          while (!records.atEnd) records.remove();
          model = [];
        }
        check(records.size === model.length && held.bytes === records.nodes.heldBytes, "sizes are known");
      }
      const seen: number[] = [];
      for (records.first(); !records.atEnd; records.advance()) seen.push(new StreamId().read(records.buffer, records.at).msLow);
      expect(seen).toEqual(model);
    },
    3,
  );
});

test("counters are exact beyond what numbers hold, and wrap as in C", () => {
  expect(addCounters(2, 3)).toBe(5);
  expect(addCounters(Number.MAX_SAFE_INTEGER, 1)).toBe(9007199254740992n);
  expect(addCounters(9223372036854775807n, 1)).toBe(-9223372036854775808n);
  expect(subtractCounters(9007199254740993n, 2)).toBe(9007199254740991);
});
