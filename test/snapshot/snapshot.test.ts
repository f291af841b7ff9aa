import { describe, expect, test } from "bun:test";
import { BLOCKS_FROM } from "../../src/blocks/block-string.ts";
import { lfuInitial } from "../../src/keyspace/access.ts";
import type { Keyspace } from "../../src/keyspace/keyspace.ts";
import { NO_EXPIRY } from "../../src/keyspace/lookup.ts";
import { Snapshot } from "../../src/snapshot/snapshot.ts";
import { BULK_BYTES } from "../../src/snapshot/value-walk.ts";
import { datasetDigest, type Entry, entry, Random, readImage } from "../rdb/support.ts";
import { LOOK } from "../support/lookup.ts";
import { contents, find, get, ManualLoop, MemoryConsumer, makeKeyspace, NOW, set, snapshotOptions, sorted } from "./support.ts";

const DATABASES = 4;

/** Entries of the image, in order; a key that stands in it twice shows. */
function imageOf(consumer: MemoryConsumer): Entry[] {
  return sorted(readImage(consumer.image, 70_000).seen.entries);
}

function expectFree(keyspace: Keyspace): void {
  for (const { table } of keyspace.databases) {
    expect(table.guard).toBeNull();
    expect(table.rehashPaused).toBe(false);
  }
}

const OTHER_BYTES = Buffer.from("!!!!!");

/** Bytes that tell where they are from, a little more than fit a slice. */
function longValue(random: Random): Buffer {
  const least = random.below(4) === 0 ? BLOCKS_FROM : BULK_BYTES;
  return Buffer.alloc(least + 1 + random.below(100_000), random.bytes(10 + random.below(1000)));
}

function value(random: Random): string {
  if (random.below(4) === 0) return String(random.below(100_000) - 50_000);
  // Now and then too long for the arena.
  return String.fromCharCode(33 + random.below(90)).repeat(random.below(random.below(100) === 0 ? 60_000 : 100)) + random.below(1000);
}

/** One random change of the kind that commands make. */
function change(keyspace: Keyspace, random: Random, keys: number): void {
  const database = keyspace.databases[random.below(DATABASES)];
  const key = `key:${random.below(keys)}`;
  const address = find(database, key);
  switch (random.below(24)) {
    case 0:
    case 1:
      if (address !== 0) database.delete(address);
      break;
    case 2:
      if (address !== 0) database.setExpiry(address, random.below(4) === 0 ? NO_EXPIRY : NOW + random.below(100_000));
      break;
    case 3:
    case 4: {
      if (address === 0) break;
      // In place: as long and other bytes.
      const length = database.stringLength(address);
      database.writeString(address, random.below(Math.max(1, length - 5)), OTHER_BYTES, 0, Math.min(5, length));
      break;
    }
    case 5:
      if (address !== 0) database.announce(database.openString(address, database.stringLength(address) + random.below(200)));
      break;
    case 6:
      if (random.below(12) === 0) set(database, key, longValue(random), random.below(2) === 0 ? NO_EXPIRY : NOW + 1_000_000);
      break;
    case 7:
      if (random.below(25) === 0) keyspace.clear({ sync: random.below(2) === 0 }, [database]);
      break;
    case 8:
      if (random.below(8) === 0) keyspace.swap(database, keyspace.databases[random.below(DATABASES)]);
      break;
    case 9:
      if (random.below(40) === 0) keyspace.clear({ sync: false });
      break;
    case 10:
      keyspace.now += random.below(400);
      keyspace.expireDue(1000);
      break;
    case 11:
      keyspace.rehash(1);
      keyspace.lazyFree.run(1);
      break;
    case 12: {
      const target = keyspace.databases[random.below(DATABASES)];
      const name = Buffer.from(`moved:${random.below(keys)}`);
      if (address !== 0 && target.find(LOOK, name, 0, name.length) === 0)
        database.transfer(address, target, name, 0, name.length, { move: random.below(2) === 0 });
      break;
    }
    default:
      set(database, key, value(random), random.below(3) === 0 ? NOW + random.below(200_000) : NO_EXPIRY);
  }
}

describe("a snapshot", () => {
  test("is the image of the moment it was made, whatever happens while it is written", () => {
    for (let seed = 1; seed <= 25; seed++) {
      const random = new Random(seed);
      const keyspace = makeKeyspace(DATABASES);
      const keys = 20 + random.below(3000);
      // With a delay per key, however small, a slice is a single chain.
      // The number of changes decides how far a rehash is when the snapshot begins.
      for (let i = random.below(4000); i > 0; i--) change(keyspace, random, keys);
      const before = contents(keyspace);
      const loop = new ManualLoop();
      const consumer = new MemoryConsumer();
      const compress = random.below(2) === 0;
      const delay = random.below(2);
      const snapshot = new Snapshot(keyspace, consumer, snapshotOptions(loop, { compress, keyDelay: () => delay }));
      snapshot.start();
      while (!snapshot.over) {
        for (let i = random.below(40); i > 0; i--) change(keyspace, random, keys * 2);
        consumer.isReady = random.below(4) > 0;
        if (consumer.isReady) snapshot.wake();
        loop.run();
      }
      expect(consumer.failures).toEqual([]);
      expect(consumer.finishes).toBe(1);
      expect(datasetDigest(imageOf(consumer))).toBe(datasetDigest(before));
      expect(imageOf(consumer).length).toBe(before.length);
      expect(snapshot.keysWritten).toBe(before.length);
      expect(snapshot.keysTotal).toBe(before.length);
      expectFree(keyspace);
    }
  });

  test("may be taken while another is under way; each is of its own moment", () => {
    for (let seed = 100; seed < 110; seed++) {
      const random = new Random(seed);
      const keyspace = makeKeyspace(DATABASES);
      for (let i = 0; i < 2000; i++) change(keyspace, random, 1500);
      const running: { snapshot: Snapshot; consumer: MemoryConsumer; loop: ManualLoop; before: Entry[] }[] = [];
      const begin = (): void => {
        const loop = new ManualLoop();
        const consumer = new MemoryConsumer();
        const before = contents(keyspace);
        const snapshot = new Snapshot(keyspace, consumer, snapshotOptions(loop, { keyDelay: () => 1 }));
        snapshot.start();
        running.push({ snapshot, consumer, loop, before });
      };
      begin();
      for (let round = 0; round < 7 || running.some(({ snapshot }) => !snapshot.over); round++) {
        for (let i = random.below(20); i > 0; i--) change(keyspace, random, 2000);
        if (round === 3 || round === 6) begin();
        for (const { loop } of running) if (random.below(3) > 0) loop.run();
      }
      expect(running.length).toBe(3);
      for (const { consumer, before } of running) expect(imageOf(consumer)).toEqual(before);
      expectFree(keyspace);
    }
  });

  test("holds what FLUSHALL takes away, and lets it be freed when it has been written", () => {
    const keyspace = makeKeyspace(DATABASES);
    for (let i = 0; i < 5000; i++) set(keyspace.databases[i & 1], `key:${i}`, `value ${i}`);
    const before = contents(keyspace);
    const loop = new ManualLoop();
    const consumer = new MemoryConsumer();
    const snapshot = new Snapshot(keyspace, consumer, snapshotOptions(loop));
    snapshot.start();
    loop.run();
    keyspace.clear({ sync: true });
    for (let i = 0; i < 100; i++) set(keyspace.databases[0], `key:${i}`, "of another time");
    expect(keyspace.lazyFree.pending).toBe(5000);
    loop.runAll();
    expect(imageOf(consumer)).toEqual(before);
    keyspace.lazyFree.run(1000);
    expect(keyspace.lazyFree.pending).toBe(0);
    expect(keyspace.keyCount).toBe(100);
  });

  test("has keys whose time has passed, with their time: to drop them is for who loads it", () => {
    const keyspace = makeKeyspace();
    set(keyspace.databases[0], "over", "1", NOW + 5);
    keyspace.now = NOW + 10;
    const consumer = new MemoryConsumer();
    new Snapshot(keyspace, consumer, snapshotOptions(new ManualLoop()), "whole").runNow();
    expect(imageOf(consumer)).toEqual([entry("over", "1", { expireAt: NOW + 5 })]);
  });

  test("names each database once with its sizes, in the form that Redis writes when nothing changes", () => {
    const keyspace = makeKeyspace();
    set(keyspace.databases[3], "a", "1");
    set(keyspace.databases[3], "b", "2", NOW + 1000);
    set(keyspace.databases[9], "c", "3");
    const consumer = new MemoryConsumer();
    new Snapshot(keyspace, consumer, snapshotOptions(new ManualLoop(), { aux: [["redis-ver", "7.2.4"]] }), "whole").runNow();
    const { seen } = readImage(consumer.image);
    expect(seen.auxFields).toEqual([["redis-ver", "7.2.4"]]);
    expect(seen.databases).toEqual([
      { index: 3, keys: 2, expires: 1 },
      { index: 9, keys: 1, expires: 0 },
    ]);
  });

  test("of nothing is an image of nothing", () => {
    const consumer = new MemoryConsumer();
    const loop = new ManualLoop();
    const snapshot = new Snapshot(makeKeyspace(), consumer, snapshotOptions(loop));
    expect(snapshot.keysTotal).toBe(0);
    snapshot.start();
    loop.runAll();
    expect(imageOf(consumer)).toEqual([]);
    expect(consumer.finishes).toBe(1);
  });

  test("says how long a key was not used, or how often it was, when the eviction policy asks for that", () => {
    const keyspace = makeKeyspace();
    const database = keyspace.databases[0];
    set(database, "a", "1");
    keyspace.now += 77_000;
    const idle = new MemoryConsumer();
    new Snapshot(keyspace, idle, snapshotOptions(new ManualLoop(), { usage: "idle" }), "whole").runNow();
    expect(readImage(idle.image).seen.entries[0].idle).toBe(77);
    keyspace.lfu = { logFactor: 10, decayMinutes: 1 };
    database.setAccess(find(database, "a"), (lfuInitial(keyspace.now) & ~0xff) | 200);
    const often = new MemoryConsumer();
    new Snapshot(keyspace, often, snapshotOptions(new ManualLoop(), { usage: "frequency" }), "whole").runNow();
    expect(readImage(often.image).seen.entries[0].freq).toBe(200);
  });
});

describe("long values", () => {
  const long = (letter: string): string => letter.repeat(BULK_BYTES * 3);

  test("are written in pieces, and other changes wait behind them", () => {
    const keyspace = makeKeyspace();
    const database = keyspace.databases[0];
    for (const letter of "abc") set(database, letter, long(letter));
    for (let i = 0; i < 50; i++) set(keyspace.databases[i % 3], `small:${i}`, String(i));
    const before = contents(keyspace);
    const consumer = new MemoryConsumer();
    const loop = new ManualLoop();
    const snapshot = new Snapshot(keyspace, consumer, snapshotOptions(loop));
    snapshot.start();
    let slices = 0;
    while (!snapshot.over) {
      loop.run();
      set(keyspace.databases[slices % 3], `small:${slices % 50}`, "changed");
      slices++;
    }
    expect(slices).toBeGreaterThan((9 * BULK_BYTES) / 200_000);
    expect(imageOf(consumer)).toEqual(before);
  });

  for (const [what, act] of [
    ["written over", (keyspace: Keyspace, key: string) => set(keyspace.databases[0], key, "short")],
    ["deleted", (keyspace: Keyspace, key: string) => keyspace.databases[0].delete(find(keyspace.databases[0], key))],
    ["changed in place", (keyspace: Keyspace, key: string) => changeInPlace(keyspace, key)],
    ["flushed away", (keyspace: Keyspace) => void keyspace.clear({ sync: true })],
  ] as const) {
    test(`are what they were when they are ${what} half-way`, () => {
      for (let at = 0; at < 24; at++) {
        const keyspace = makeKeyspace();
        set(keyspace.databases[0], "a", long("a"));
        set(keyspace.databases[0], "b", long("b"));
        const before = contents(keyspace);
        const consumer = new MemoryConsumer();
        const loop = new ManualLoop();
        const snapshot = new Snapshot(keyspace, consumer, snapshotOptions(loop));
        snapshot.start();
        for (let i = 0; i < at; i++) loop.run();
        act(keyspace, "a");
        if (get(keyspace.databases[0], "b") !== null) act(keyspace, "b");
        loop.runAll();
        expect(imageOf(consumer)).toEqual(before);
        expectFree(keyspace);
      }
    });
  }

  test("are compressed where everything waits anyway, and not in the background", () => {
    const keyspace = makeKeyspace();
    set(keyspace.databases[0], "a", long("a"));
    const loop = new ManualLoop();
    const [whole, sliced] = [new MemoryConsumer(), new MemoryConsumer()];
    new Snapshot(keyspace, whole, snapshotOptions(loop), "whole").runNow();
    new Snapshot(keyspace, sliced, snapshotOptions(loop)).start();
    loop.runAll();
    expect(whole.image.length).toBeLessThan(BULK_BYTES / 4);
    expect(sliced.image.length).toBeGreaterThan(BULK_BYTES * 3);
    expect(imageOf(whole)).toEqual(imageOf(sliced));
  });
});

describe("a snapshot and its consumer", () => {
  const filled = (): Keyspace => {
    const keyspace = makeKeyspace();
    for (let i = 0; i < 20_000; i++) set(keyspace.databases[i % 3], `key:${i}`, `value ${i}`);
    return keyspace;
  };

  test("the walk pauses while the consumer is not ready, and goes on when woken", () => {
    const keyspace = filled();
    const loop = new ManualLoop();
    const consumer = new MemoryConsumer();
    const snapshot = new Snapshot(keyspace, consumer, snapshotOptions(loop));
    consumer.isReady = false;
    snapshot.start();
    loop.runAll();
    expect(snapshot.keysWritten).toBe(0);
    for (let i = 0; i < 2000; i++) set(keyspace.databases[i % 3], `key:${i}`, "new");
    expect(snapshot.keysWritten).toBeGreaterThanOrEqual(2000);
    consumer.isReady = true;
    snapshot.wake();
    snapshot.wake();
    loop.runAll();
    expect(consumer.finishes).toBe(1);
    expect(imageOf(consumer).length).toBe(20_000);
  });

  test("cancelled half-way it tells the consumer once and lets go of the keyspace", () => {
    const keyspace = filled();
    const loop = new ManualLoop();
    const consumer = new MemoryConsumer();
    const snapshot = new Snapshot(keyspace, consumer, snapshotOptions(loop));
    snapshot.start();
    loop.run();
    snapshot.cancel(new Error("no longer wanted"));
    snapshot.cancel(new Error("again"));
    expectFree(keyspace);
    const written = consumer.image.length;
    set(keyspace.databases[0], "key:0", "new");
    snapshot.wake();
    loop.runAll();
    expect(consumer.image.length).toBe(written);
    expect(consumer.failures.map(({ message }) => message)).toEqual(["no longer wanted"]);
    expect(consumer.finishes).toBe(0);
  });

  test("a consumer that fails ends the snapshot, not the command whose change it had to write, nor another snapshot", () => {
    const keyspace = filled();
    const loop = new ManualLoop();
    const [broken, whole] = [new MemoryConsumer(), new MemoryConsumer()];
    const first = new Snapshot(keyspace, broken, snapshotOptions(loop));
    const second = new Snapshot(keyspace, whole, snapshotOptions(loop));
    first.start();
    broken.breakWith = new Error("disk full");
    for (let i = 0; i < 10_000 && !first.over; i++) set(keyspace.databases[0], `key:${i}`, "x".repeat(1000));
    expect(first.over).toBe(true);
    expect(broken.failures.map(({ message }) => message)).toEqual(["disk full"]);
    second.start();
    loop.runAll();
    expect(imageOf(whole).length).toBe(20_000);
    expectFree(keyspace);
  });

  test("with a delay per key that is given up it rests no longer", () => {
    const keyspace = makeKeyspace();
    for (let i = 0; i < 10; i++) set(keyspace.databases[0], `key:${i}`, "1");
    const rests: number[] = [];
    const slices: (() => void)[] = [];
    const consumer = new MemoryConsumer();
    const defer = (slice: () => void, delayMs: number): void => {
      rests.push(delayMs);
      slices.push(slice);
    };
    let keyDelay = 100_000_000;
    new Snapshot(keyspace, consumer, { ...snapshotOptions(new ManualLoop(0)), defer, keyDelay: () => keyDelay }).start();
    for (let slice = slices.shift(); slice !== undefined; slice = slices.shift()) {
      if (rests.length === 5) keyDelay = 0;
      slice();
    }
    expect(consumer.finishes).toBe(1);
    expect(rests).toEqual([0, 100, 100, 100, 100]);
  });

  test("with a delay per key it rests between slices for as long as the keys are worth", () => {
    const keyspace = makeKeyspace();
    for (let i = 0; i < 100; i++) set(keyspace.databases[0], `key:${i}`, "1");
    const rests: number[] = [];
    const slices: (() => void)[] = [];
    const consumer = new MemoryConsumer();
    const defer = (slice: () => void, delayMs: number): void => {
      rests.push(delayMs);
      slices.push(slice);
    };
    new Snapshot(keyspace, consumer, { ...snapshotOptions(new ManualLoop(0)), defer, keyDelay: () => 500 }).start();
    for (let slice = slices.shift(); slice !== undefined; slice = slices.shift()) slice();
    expect(consumer.finishes).toBe(1);
    const rest = rests.reduce((sum, ms) => sum + ms, 0);
    expect(rest).toBeGreaterThanOrEqual(48);
    expect(rest).toBeLessThanOrEqual(50);
  });
});

function changeInPlace(keyspace: Keyspace, key: string): void {
  const database = keyspace.databases[0];
  const before = find(database, key);
  const length = database.stringLength(before);
  database.writeString(before, 0, Buffer.alloc(length, "!"), 0, length);
}
