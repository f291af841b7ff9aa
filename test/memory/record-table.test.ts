import { describe, expect, test } from "bun:test";
import { InvariantError } from "../../src/assert.ts";
import { Arena } from "../../src/memory/arena.ts";
import { Blob, ObjectTable } from "../../src/memory/objects.ts";
import { EXPIRES, FLAGS_MASK, MAX_INLINE_KEY, OUTSIDE } from "../../src/memory/record.ts";
import { Table, type TableSpace } from "../../src/memory/record-table.ts";
import { randomSeed } from "../../src/memory/siphash.ts";
import { check, property, Random } from "../support/property.ts";
import { highArena } from "./arenas.ts";

interface Entry {
  readonly key: Buffer;
  address: number;
  flags: number;
  value: Buffer;
  /** Of a value outside, -1 of others. */
  handle: number;
  meta: number;
  expiry: number[];
}

function space(arena = new Arena()): TableSpace {
  return { arena, objects: new ObjectTable(), seed: randomSeed() };
}

/** A table and what it should hold. */
class Model {
  readonly table: Table;
  readonly entries: Entry[] = [];
  readonly byKey = new Map<string, Entry>();
  private readonly random: Random;
  readonly withMeta: boolean;
  private pauses = 0;
  private cursor = 0;

  constructor(random: Random, options: { meta: boolean; arena: Arena }) {
    this.random = random;
    this.withMeta = options.meta;
    this.table = new Table(space(options.arena), options);
  }

  private anyKey(): Buffer {
    const { random } = this;
    const kind = random.below(1000);
    if (kind < 600) return random.bytes(random.between(0, 3));
    if (kind < 980) return random.bytes(random.between(4, 40));
    if (kind < 997) return random.bytes(random.between(41, 400));
    return random.bytes(random.pick([MAX_INLINE_KEY - 1, MAX_INLINE_KEY, MAX_INLINE_KEY + 1, 32_767, 32_768, 50_000]));
  }

  /** A length for an inline value, now and then the largest that fits. */
  private anyLength(keyLength: number, flags: number): number {
    const { random, table } = this;
    if ((flags & OUTSIDE) !== 0) return 0;
    const length = random.chance(0.98) ? random.between(0, 100) : random.between(0, 32_768);
    if (table.fits(keyLength, flags, length)) return length;
    let fitting = 32_768;
    while (!table.fits(keyLength, flags, fitting)) fitting--;
    return fitting;
  }

  /** With key and flags given, room for a value may be lacking at all: then it is outside. */
  private anyFlags(keyLength: number): number {
    const flags = this.random.below(4);
    return this.table.fits(keyLength, flags & ~OUTSIDE, 0) ? flags : flags | OUTSIDE;
  }

  insert(): void {
    const { random, table } = this;
    const key = this.anyKey();
    const name = key.toString("latin1");
    if (this.byKey.has(name)) return;
    const flags = this.anyFlags(key.length);
    const value = random.bytes(this.anyLength(key.length, flags));
    const handle = (flags & OUTSIDE) === 0 ? -1 : table.space.objects.add(new Blob(Buffer.allocUnsafeSlow(random.between(1, 100))));
    // The key as it lies in a request: with other bytes around it.
    const request = Buffer.concat([random.bytes(3), key, random.bytes(3)]);
    const address = table.insert(table.hash(request, 3, key.length), request, 3, key.length, flags, value.length, handle);
    const entry: Entry = { key, address, flags, value, handle, meta: 0, expiry: [] };
    if ((flags & OUTSIDE) === 0) value.copy(table.bytesOf(address), table.valueOffset(address));
    this.entries.push(entry);
    this.byKey.set(name, entry);
    this.setWords(entry);
    this.verify(entry);
  }

  private setWords(entry: Entry): void {
    const { random, table } = this;
    if (this.withMeta) {
      entry.meta = random.below(2 ** 32) | 0;
      table.setMeta(entry.address, entry.meta);
    }
    if ((entry.flags & EXPIRES) === 0) return;
    entry.expiry = [0, 1, 2, 3].map(() => random.below(2 ** 32) | 0);
    for (let index = 0; index < 4; index++) table.setExpiryWord(entry.address, index, entry.expiry[index]);
  }

  resize(entry: Entry): void {
    const { random, table } = this;
    const flags = this.anyFlags(entry.key.length);
    const length = this.anyLength(entry.key.length, flags);
    const oldHandle = entry.handle;
    entry.handle = (flags & OUTSIDE) === 0 ? -1 : table.space.objects.add(new Blob(Buffer.allocUnsafeSlow(random.between(1, 100))));
    const kept = Math.min(length, entry.value.length);
    const keepsExpiry = (flags & entry.flags & EXPIRES) !== 0;
    entry.address = table.resize(entry.address, flags, length, entry.handle);
    if (oldHandle !== -1) table.space.objects.remove(oldHandle);
    entry.value = Buffer.concat([entry.value.subarray(0, kept), random.bytes(length - kept)]);
    if ((flags & OUTSIDE) === 0) entry.value.copy(table.bytesOf(entry.address), table.valueOffset(entry.address) + kept, kept);
    entry.flags = flags;
    if (!keepsExpiry) this.setWords(entry);
    this.verify(entry);
  }

  /** Works just where value and flags are of the shape that is asked for. */
  overwrite(entry: Entry): void {
    const { random, table } = this;
    const fits = random.chance(0.7);
    const value = random.bytes(fits ? entry.value.length : random.below(300));
    const flagsMask = random.below(4);
    const meta = random.below(2 ** 32) | 0;
    const inline = (entry.flags & OUTSIDE) === 0;
    // What an outside value has inline is nothing, and that can be overwritten with nothing: callers mask OUTSIDE.
    const expected = inline && value.length === entry.value.length && (entry.flags & flagsMask) === 0;
    const request = Buffer.concat([random.bytes(2), value, random.bytes(2)]);
    const done = table.overwrite(entry.address, flagsMask | OUTSIDE, meta, request, 2, 2 + value.length);
    check(done === expected, `overwriting ${done ? "was done" : "was not done"}`);
    if (done) {
      entry.value = value;
      entry.meta = meta;
    }
    this.verify(entry);
  }

  remove(entry: Entry): void {
    this.table.remove(entry.address);
    this.forget(entry);
  }

  /** The record is gone already. */
  forget(entry: Entry): void {
    if (entry.handle !== -1) this.table.space.objects.remove(entry.handle);
    const last = this.entries.pop();
    const index = last === entry ? -1 : this.entries.indexOf(entry);
    if (index !== -1 && last !== undefined) this.entries[index] = last;
    this.byKey.delete(entry.key.toString("latin1"));
  }

  verify(entry: Entry): void {
    const { table } = this;
    const { key, address } = entry;
    check(table.find(table.hash(key, 0, key.length), key, 0, key.length) === address, "a key is found where it was put");
    const recalled = table.recall(key, 0, key.length);
    check(recalled === 0 || recalled === address, "what is recalled is the key's record");
    if (this.random.chance(0.1)) {
      table.remember(address, key, 0, key.length);
      const recallable = key.length > 0 && key.length < 96 && !table.rehashing;
      check(table.recall(key, 0, key.length) === (recallable ? address : 0), "a key just found is recalled");
    }
    if (key.length > 0) {
      // The same hash for another key: only its bytes tell them apart.
      const other = Buffer.from(key);
      other[this.random.below(key.length)] ^= 1 << this.random.below(8);
      check(table.find(table.hash(key, 0, key.length), other, 0, key.length) !== address, "a key of the same hash is not found");
      check(table.find(table.hash(key, 0, key.length), key, 0, key.length - 1) !== address, "nor is a part of the key");
    }
    check((table.flags(address) & FLAGS_MASK) === entry.flags, "flags stay");
    check(table.keyLength(address) === key.length && table.key(address).equals(key), "the key is what was put in");
    const offset = table.keyOffset(address);
    check(
      table.keyBuffer(address).compare(key, 0, key.length, offset, offset + key.length) === 0,
      "keyBuffer and keyOffset lead to the key",
    );
    if (this.withMeta) check(table.meta(address) === entry.meta, "meta bits stay");
    if ((entry.flags & EXPIRES) !== 0) {
      for (let index = 0; index < 4; index++) check(table.expiryWord(address, index) === entry.expiry[index], "expiry words stay");
    }
    if ((entry.flags & OUTSIDE) !== 0) {
      check(table.handle(address) === entry.handle, "the handle stays");
      return;
    }
    const at = table.valueOffset(address);
    check(table.valueLength(address) === entry.value.length, "the value has its length");
    check(
      table.bytesOf(address).compare(entry.value, 0, entry.value.length, at, at + entry.value.length) === 0,
      "the value is what was put in",
    );
  }

  verifyAll(): void {
    const { table } = this;
    check(table.size === this.entries.length, `size is ${table.size}, ${this.entries.length} records are in`);
    for (const entry of this.entries) this.verify(entry);
    let walked = 0;
    for (let index = 0; index < table.chainCount; index++) {
      for (let address = table.chain(index); address !== 0; address = table.next(address)) {
        const key = table.key(address);
        const hash = table.hash(key, 0, key.length);
        check(this.byKey.get(key.toString("latin1"))?.address === address, "chains hold what was put in");
        check(index === table.chainOf(hash) || index === table.oldChainOf(hash), "chainOf names the chain");
        walked++;
      }
    }
    check(walked === table.size, "chains hold all that was put in");
  }

  /** Everything else that a table can be asked for. */
  meddle(): void {
    const { random, table } = this;
    switch (random.below(8)) {
      case 0:
        table.rehashStep(random.between(1, 50));
        break;
      case 1:
        if (this.pauses < 2 && random.chance(0.05)) {
          table.pauseRehash();
          this.pauses++;
        }
        break;
      case 2:
        this.resume();
        break;
      case 3: {
        const missing = Buffer.concat([Buffer.from("missing"), random.bytes(20)]);
        check(table.find(table.hash(missing, 0, missing.length), missing, 0, missing.length) === 0, "what was not put in is not found");
        break;
      }
      case 4: {
        const address = table.random();
        check((address === 0) === (table.size === 0), "a random record is there while there is one");
        if (address !== 0)
          check(this.byKey.get(table.key(address).toString("latin1"))?.address === address, "a random record is one that was put in");
        break;
      }
      case 5:
        this.cursor = table.scan(this.cursor, (address) => {
          check(this.byKey.get(table.key(address).toString("latin1"))?.address === address, "a scan visits what was put in");
        });
        break;
      case 6:
        if (table.size > 0) this.setWords(random.pick(this.entries));
        break;
      default:
        table.prefetch(Int32Array.from([random.below(2 ** 32), random.below(2 ** 32)]), new Int32Array(64), 2);
    }
  }

  resume(): void {
    if (this.pauses === 0) return;
    this.table.resumeRehash();
    this.pauses--;
  }

  resumeAll(): void {
    while (this.pauses > 0) this.resume();
  }
}

function live(model: Model, random: Random, steps: number): void {
  const { table } = model;
  let grown = 0;
  let shrunk = 0;
  let buckets = table.chainCount;
  for (let phase = 0; phase < 8; phase++) {
    const inserts = phase % 2 === 0 ? 0.7 : 0.15;
    for (let step = 0; step < steps / 8; step++) {
      const { entries } = model;
      const what = random.next();
      if (entries.length === 0 || what < inserts * 0.6) model.insert();
      else if (what < 0.6) model.remove(random.pick(entries));
      else if (what < 0.7) model.resize(random.pick(entries));
      else if (what < 0.75 && model.withMeta) model.overwrite(random.pick(entries));
      else if (what < 0.85) model.verify(random.pick(entries));
      else model.meddle();
      if (table.rehashing || table.chainCount === buckets) continue;
      if (table.chainCount > buckets) grown++;
      else shrunk++;
      buckets = table.chainCount;
    }
    model.verifyAll();
  }
  check(grown > 3 && shrunk > 3, `the table grew ${grown} times and shrank ${shrunk} times`);
}

function leavesNothing(model: Model): void {
  const { arena, objects } = model.table.space;
  check(model.table.size === 0, "no record is left");
  check(arena.usedBytes === 0 && objects.usedBytes === 0, `${arena.usedBytes} + ${objects.usedBytes} bytes are left`);
}

describe("the table", () => {
  for (const meta of [true, false]) {
    property(
      `${meta ? "with" : "without"} meta bits holds what a map would, growing and shrinking, and leaves nothing when all is removed`,
      (random) => {
        const model = new Model(random, { meta, arena: new Arena() });
        live(model, random, 300_000);
        model.resumeAll();
        while (model.entries.length > 0) model.remove(random.pick(model.entries));
        leavesNothing(model);
        while (model.table.rehashStep(100));
        check(model.table.chainCount === 16, "an empty table is small");
      },
    );
  }

  property(
    "works beyond 32 GiB, where addresses are negative",
    (random) => {
      const model = new Model(random, { meta: true, arena: highArena() });
      live(model, random, 20_000);
      check(
        model.entries.every((entry) => entry.address < 0),
        "addresses are negative",
      );
    },
    8,
  );

  property(
    "finds every key when one rehash ends and the next begins",
    (random) => {
      const table = new Table(space(), { meta: false });
      const addresses: number[] = [];
      for (let step = 0; step < 3000; step++) {
        const growing = Math.floor(step / 100) % 2 === 0;
        if (growing || addresses.length === 0) {
          const key = random.bytes(12);
          addresses.push(table.insert(table.hash(key, 0, 12), key, 0, 12, 0, 0));
        } else table.remove(addresses.splice(random.below(addresses.length), 1)[0]);
        if (!table.rehashing || random.chance(0.7)) continue;
        const address = random.pick(addresses);
        const key = address === undefined ? Buffer.alloc(0) : table.key(address);
        if (address !== undefined) check(table.find(table.hash(key, 0, 12), key, 0, 12) === address, "a key is found where it was put");
      }
    },
    40,
  );

  property(
    "is freed chain by chain, told of each record once, whatever state its rehash is in",
    (random) => {
      const model = new Model(random, { meta: true, arena: new Arena() });
      for (let count = random.below(5000); count > 0; count--) model.insert();
      const { table } = model;
      table.pauseRehash();
      const wanted = table.size;
      let told = 0;
      let chain = 0;
      let slices = 0;
      do {
        chain = table.freeChains(
          chain,
          (address) => {
            if ((table.flags(address) & OUTSIDE) !== 0) table.space.objects.remove(table.handle(address));
            told++;
          },
          () => true,
        );
        slices++;
        check(chain <= slices * 64, "a slice that is to stop stops");
      } while (chain < table.chainCount);
      check(told === wanted, `${told} of ${wanted} records were told of`);
      leavesNothing(model);
    },
    20,
  );

  property("never takes one rehash further than 64-fold, and gets where it has to in several", (random) => {
    const table = new Table(space(), { meta: false });
    const addresses: number[] = [];
    const insert = () => {
      const key = random.bytes(12);
      addresses.push(table.insert(table.hash(key, 0, 12), key, 0, 12, 0, 0));
    };
    const settle = (buckets: number) => {
      let steps = 0;
      while (table.rehashing) {
        check(table.chainCount <= 64 * 262_144 + 262_144, "no rehash is out of bounds");
        table.rehashStep(100);
        check(++steps < 100_000, "rehashes end");
      }
      expect(table.chainCount).toBe(buckets);
    };
    table.pauseRehash();
    while (addresses.length < 200_000) insert();
    expect(table.chainCount).toBe(16);
    table.resumeRehash();
    expect(table.chainCount).toBe(16 + 1024);
    settle(262_144);
    table.pauseRehash();
    while (addresses.length > 5) table.remove(addresses.pop() as number);
    table.resumeRehash();
    expect(table.chainCount).toBe(262_144 + 4096);
    settle(16);
    check(
      addresses.every((address) => table.key(address).length === 12),
      "records are what they were",
    );
  });

  test("has the room that is asked for before it is filled, and does not grow again", () => {
    const table = new Table(space(), { meta: true });
    table.reserve(5000);
    expect(table.chainCount).toBe(8192);
    for (let i = 0; i < 8192; i++) {
      const key = Buffer.from(String(i));
      table.insert(table.hash(key, 0, key.length), key, 0, key.length, 0, 1);
    }
    expect([table.rehashing, table.chainCount]).toEqual([false, 8192]);
    table.reserve(1_000_000); // too late: it is in use
    expect(table.chainCount).toBe(8192);
  });

  test("draws every record now and then, in a table of few records and many buckets too", () => {
    const table = new Table(space(), { meta: false });
    table.reserve(100_000);
    const keys = new Set<string>();
    for (let i = 0; i < 10; i++) {
      const key = Buffer.from(`key:${i}`);
      table.insert(table.hash(key, 0, key.length), key, 0, key.length, 0, 0);
      keys.add(key.toString());
    }
    const drawn = new Set<string>();
    for (let draw = 0; draw < 2000 && drawn.size < 10; draw++) drawn.add(table.key(table.random()).toString());
    expect(drawn).toEqual(keys);
  });

  test("tells its guard of every change before it is made", () => {
    const table = new Table(space(), { meta: true });
    const key = Buffer.from("guarded");
    const hash = table.hash(key, 0, key.length);
    const seen: string[] = [];
    const state = () => {
      const address = table.find(hash, key, 0, key.length);
      return address === 0 ? "nothing" : `${table.valueLength(address)} bytes, flags ${table.flags(address)}`;
    };
    table.guard = {
      beforeChange(changed, changedHash) {
        expect(changed).toBe(table);
        expect(changedHash).toBe(hash);
        seen.push(state());
      },
    };
    let address = table.insert(hash, key, 0, key.length, 0, 5);
    address = table.resize(address, 0, 6);
    address = table.resize(address, EXPIRES, 600);
    table.beforeChange(address);
    table.remove(address);
    expect(seen).toEqual(["nothing", "5 bytes, flags 0", "6 bytes, flags 0", "600 bytes, flags 1", "600 bytes, flags 1"]);
  });

  test("stops when a record that it does not hold is removed, or an object twice", () => {
    const random = new Random(1);
    const shared = space();
    const [one, other] = [new Table(shared, { meta: true }), new Table(shared, { meta: true })];
    const key = random.bytes(10);
    const address = one.insert(one.hash(key, 0, 10), key, 0, 10, 0, 0);
    expect(() => other.remove(address)).toThrow(InvariantError);
    const handle = shared.objects.add(new Blob(Buffer.alloc(10)));
    shared.objects.remove(handle);
    expect(() => shared.objects.remove(handle)).toThrow(InvariantError);
    expect(() => shared.objects.get(handle)).toThrow(InvariantError);
  });
});

describe("a scan", () => {
  /** A table in which keys come and go while it is scanned; `steady` ones stay. */
  class Traffic {
    readonly table = new Table(space(), { meta: false });
    readonly steady = new Set<string>();
    private readonly passing: number[] = [];
    private made = 0;

    private insert(name: string): number {
      const { table } = this;
      const key = Buffer.from(name);
      const hash = table.hash(key, 0, key.length);
      check(table.find(hash, key, 0, key.length) === 0, "keys are made once");
      return table.insert(hash, key, 0, key.length, 0, 0);
    }

    addSteady(): void {
      const name = `steady:${this.made++}`;
      this.insert(name);
      this.steady.add(name);
    }

    come(count: number): void {
      for (let i = 0; i < count; i++) this.passing.push(this.insert(`passing:${this.made++}`));
    }

    go(count: number): void {
      for (let i = 0; i < count && this.passing.length > 0; i++) this.table.remove(this.passing.pop() as number);
    }
  }

  property(
    "returns every key that is there all the time, while the table grows, shrinks and rehashes",
    (random) => {
      const traffic = new Traffic();
      const { table, steady } = traffic;
      for (let count = random.below(random.pick([2, 40, 600, 3000])); count > 0; count--) traffic.addSteady();
      traffic.come(random.below(random.pick([2, 100, 20_000])));
      if (random.chance(0.5)) while (table.rehashStep(10));
      const seen = new Set<string>();
      let cursor = 0;
      let calls = 0;
      let mostBuckets = 0;
      let pauses = 0;
      do {
        let visits = 0;
        cursor = table.scan(cursor, (address) => {
          seen.add(table.key(address).toString());
          visits++;
        });
        check(cursor >= 0 && cursor < table.chainCount, "the cursor is a bucket's number");
        check(visits <= 64 * 40, `one call visited ${visits} records`);
        if (random.chance(0.3)) {
          const burst = random.below(random.pick([3, 30, 300, calls < 200 ? 3000 : 3]));
          if (random.chance(0.5)) traffic.come(burst);
          else traffic.go(burst * 2);
        }
        if (random.chance(0.3)) table.rehashStep(random.between(1, random.pick([2, 20, 2000])));
        if (random.chance(0.05)) {
          if (pauses === 0) table.pauseRehash();
          else table.resumeRehash();
          pauses = 1 - pauses;
        }
        mostBuckets = Math.max(mostBuckets, table.chainCount);
        check(++calls <= 4 * mostBuckets, `${calls} calls did not end the scan of ${mostBuckets} buckets`);
      } while (cursor !== 0);
      for (const name of steady) check(seen.has(name), `${name} was there all the time and was not returned`);
    },
    60,
  );

  property(
    "may remove what it visits, which then shrinks the table, and misses nothing",
    (random) => {
      const traffic = new Traffic();
      const { table } = traffic;
      traffic.come(random.between(1, 5000));
      if (random.chance(0.5)) while (table.rehashStep(10));
      let cursor = 0;
      do {
        cursor = table.scan(cursor, (address) => table.remove(address));
        if (random.chance(0.2)) table.rehashStep(random.between(1, 100));
      } while (cursor !== 0);
      check(table.size === 0 && table.space.arena.usedBytes === 0, `${table.size} records were passed over`);
    },
    60,
  );

  property(
    "may look up keys from its visitor: nothing moves under it",
    (random) => {
      const traffic = new Traffic();
      const { table } = traffic;
      // Stopped at the start of a rehash, so that every look-up has something to move.
      const size = random.pick([32, 64, 128, 256, 1024, 4096]);
      traffic.come(size + 1);
      if (random.chance(0.5)) {
        while (table.rehashStep(100));
        while (!table.rehashing) traffic.go(1);
      }
      check(table.rehashing, "a rehash is under way");
      const seen = new Set<number>();
      let cursor = 0;
      do {
        cursor = table.scan(cursor, (address) => {
          seen.add(address);
          const key = table.key(address);
          for (let i = 0; i < 5; i++)
            check(table.find(table.hash(key, 0, key.length), key, 0, key.length) === address, "a visited key is found");
        });
      } while (cursor !== 0);
      check(seen.size === table.size, `${table.size - seen.size} records were passed over`);
    },
    60,
  );

  test("of an empty table ends at once, whatever the cursor", () => {
    const table = new Table(space(), { meta: true });
    for (const cursor of [0, 1, 15, 16, 2 ** 31, 2 ** 32 - 1]) expect(table.scan(cursor, () => expect.unreachable())).toBe(0);
  });

  property("with a cursor that was never given out still ends", (random) => {
    const traffic = new Traffic();
    traffic.come(500);
    for (let round = 0; round < 200; round++) {
      let cursor = random.below(2 ** 32);
      let calls = 0;
      do {
        cursor = traffic.table.scan(cursor, () => {});
        check(++calls <= 4096, "a scan ends");
      } while (cursor !== 0);
    }
  });
});
