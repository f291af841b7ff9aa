import { describe, test } from "bun:test";
import { Arena } from "../../src/memory/arena.ts";
import { ByteMap } from "../../src/memory/bytemap.ts";
import { ObjectTable } from "../../src/memory/objects.ts";
import { Element } from "../../src/memory/packed.ts";
import type { TableSpace } from "../../src/memory/record-table.ts";
import { randomSeed } from "../../src/memory/siphash.ts";
import { hashRandom, hashSample, hashSet } from "../../src/values/hash/hash.ts";
import { DEFAULT_LIMITS, type ValueLimits } from "../../src/values/limits.ts";
import { ListEnd, listCompact, listDeleteRange, listDrop, listPeek, listPush, listReplace } from "../../src/values/list/list.ts";
import type { QuickList } from "../../src/values/list/quicklist.ts";
import { setAdd, setChoose, setRandom } from "../../src/values/set/set.ts";
import { SortedSet } from "../../src/values/sorted-set/sorted-set.ts";
import { ZsetCursor, zsetInsert, zsetRemoveRanks, zsetSeek } from "../../src/values/sorted-set/zset.ts";
import { IdRecords } from "../../src/values/stream/id-records.ts";
import { createStream, type Stream } from "../../src/values/stream/stream.ts";
import { NameIndex } from "../../src/values/stream/stream-group.ts";
import { StreamId } from "../../src/values/stream/stream-id.ts";
import { Temporary } from "../../src/values/temporary.ts";
import { Encoding, Type } from "../../src/values/value-types.ts";
import { trips } from "../support/trips.ts";

function space(): TableSpace {
  return { arena: new Arena(), objects: new ObjectTable(), seed: randomSeed() };
}

function empty(type: Type, limits: Partial<ValueLimits> = {}): Temporary {
  return new Temporary(space(), { ...DEFAULT_LIMITS, ...limits }).begin(type);
}

const WORD = Buffer.from("word");

describe("a temporary value stops", () => {
  test("when a splice leaves its bytes, or there are none to edit", () => {
    const value = empty(Type.STRING);
    value.setPacked(Encoding.RAW, 4);
    trips("bytes of the value", () => value.splice(2, 5, 0));
    value.setObject(Encoding.HASHTABLE, new ByteMap(value.tables));
    trips("as long as the value is no object", () => value.splice(0, 0, 1));
  });

  test("when it is given what it holds, or fewer bytes than none", () => {
    const value = empty(Type.SET);
    const map = new ByteMap(value.tables);
    value.setObject(Encoding.HASHTABLE, map);
    trips("its own place", () => value.setObject(Encoding.HASHTABLE, map));
    trips("no fewer than none", () => value.setPacked(Encoding.LISTPACK, -1));
  });
});

describe("hashes and sets stop", () => {
  test("when something is drawn from nothing", () => {
    trips("a hash that has one", () => hashRandom(empty(Type.HASH), new Element(), new Element()));
    trips("a set that has one", () => setRandom(empty(Type.SET)));
  });

  test("when they count more than a walk comes upon", () => {
    const hash = empty(Type.HASH);
    hashSet(hash, WORD, 0, 4, WORD, 0, 4);
    hash.buffer[4] = 6;
    trips("as many as the hash counts", () => hashSample(hash, 3, new Element(), new Element(), () => {}));
    const set = empty(Type.SET);
    setAdd(set, WORD, 0, 4);
    set.buffer[4] = 3;
    trips("as many as the set counts", () => setChoose(set, 3));
  });
});

describe("lists stop", () => {
  function list(limits: Partial<ValueLimits> = {}, count = 4): Temporary {
    const value = empty(Type.LIST, limits);
    for (let i = 0; i < count; i++) listPush(value, WORD, 0, 4, ListEnd.TAIL);
    return value;
  }

  test("when elements are named that they have not", () => {
    for (const limits of [{}, { listSize: 2 }]) {
      const value = list(limits);
      trips("is in the list", () => listReplace(value, 4, WORD, 0, 4));
      trips("are in the list", () => listDeleteRange(value, 2, 3));
    }
    trips("a list with elements", () => listPeek(list({}, 0), ListEnd.HEAD, new Element()));
  });

  test("when a node has other elements than are counted", () => {
    const value = list({ listSize: 3 });
    listDeleteRange(value, 3, 1);
    const large = value.object as QuickList;
    large.setCount(0, 1);
    trips("all that the list counts", () => listCompact(value));
    large.setCount(0, 0);
    trips("no node of a list is empty", () => listDrop(value, ListEnd.HEAD));
  });

  test("when an element has no place in its node", () => {
    const large = list({ listSize: 3 }).object as QuickList;
    trips("between those of its node", () => large.insertAt(1, 2, false, WORD, 0, 4));
  });
});

describe("sorted sets stop", () => {
  test("when a score is none", () => {
    trips("NaN", () => zsetInsert(empty(Type.ZSET), Number.NaN, WORD, 0, 4));
    const set = new SortedSet(space());
    set.insert(1, WORD, 0, 4);
    trips("NaN", () => set.setScore(set.map.find(WORD, 0, 4), Number.NaN));
  });

  test("when ranks are named that they have not", () => {
    const zset = empty(Type.ZSET);
    zsetInsert(zset, 1, WORD, 0, 4);
    trips("those of members", () => zsetRemoveRanks(zset, 0, 2));
    trips("a member that there is", () => zsetSeek(zset, new ZsetCursor(), 1));
  });

  test("when order and dictionary hold different members", () => {
    const set = new SortedSet(space());
    set.insert(1, WORD, 0, 4);
    set.insert(2, WORD, 0, 3);
    set.map.remove(set.map.find(WORD, 0, 4));
    trips("that its dictionary holds", () => set.insert(3, WORD, 0, 2));
  });
});

describe("streams stop", () => {
  const PAIR = { buffer: Buffer.from("fv"), offsets: Int32Array.of(0, 1), lengths: Int32Array.of(1, 1) };

  function stream(entries = 3): Stream {
    const made = createStream(empty(Type.STREAM));
    for (let ms = 1; ms <= entries; ms++) made.append(new StreamId().set(ms, 0), PAIR, 0, 1, DEFAULT_LIMITS);
    return made;
  }

  test("when an id does not grow", () => {
    trips("ids only grow", () => stream(3).append(new StreamId().set(3, 0), PAIR, 0, 1, DEFAULT_LIMITS));
  });

  test("when a node counts other entries than it has", () => {
    const few = stream();
    few.nodes.setCount(0, 0);
    trips("counts it", () => few.delete(new StreamId().set(2, 0)));
    const many = stream();
    many.nodes.setCount(0, 3 + 1);
    trips("no more live entries than entries", () => many.append(new StreamId().set(9, 0), PAIR, 0, 1, DEFAULT_LIMITS));
  });

  test("when names are taken, or are none of theirs", () => {
    const named = stream();
    const group = named.createGroup("group", new StreamId().set(0, 0), 0);
    trips("one name", () => named.createGroup("group", new StreamId().set(0, 0), 0));
    const other = named.createGroup("other", new StreamId().set(0, 0), 0);
    const consumer = other.addConsumer("consumer", 0);
    trips("one of the group's", () => group.removeConsumer(consumer));
    const names = new NameIndex<{ name: string }>();
    names.add({ name: "name" });
    trips("each name stands once", () => names.add({ name: "name" }));
    trips("in the order of names", () => names.delete("none"));
  });

  test("when a pending entry has no consumer", () => {
    const group = stream().createGroup("group", new StreamId().set(0, 0), 0);
    group.addUnowned(new StreamId().set(1, 0), 0, 1);
    trips("has a consumer", () => group.owner);
  });

  test("when records are changed where there is none, or put in out of order", () => {
    const records = new IdRecords(space(), 16, { bytes: 0 });
    trips("taken out is there", () => records.remove());
    trips("changed is there", () => records.open());
    for (const ms of [1, 2, 3]) records.append(new StreamId().set(ms, 0));
    records.find(new StreamId().set(2, 0));
    trips("the record before has a lower one", () => records.insert(new StreamId().set(1, 0)));
    records.find(new StreamId().set(3, 0));
    trips("the record behind has a higher one", () => records.insert(new StreamId().set(9, 0)));
  });

  test("when more bytes are given back than were counted", () => {
    const held = { bytes: 0 };
    const records = new IdRecords(space(), 16, held);
    held.bytes = 0;
    trips("were counted for them", () => records.forget());
  });
});
