import { describe, expect, test } from "bun:test";
import { blocksInUse } from "../../src/blocks/block.ts";
import { BLOCKS_FROM } from "../../src/blocks/block-string.ts";
import { KEEP_EXPIRY } from "../../src/keyspace/changes.ts";
import type { Database } from "../../src/keyspace/database.ts";
import { ExpiryMode, type KeyAccess } from "../../src/keyspace/key-access.ts";
import { Keyspace } from "../../src/keyspace/keyspace.ts";
import { NO_EXPIRY } from "../../src/keyspace/lookup.ts";
import { Arena, ArenaFull, MAX_BLOCK, PAGE_BYTES } from "../../src/memory/arena.ts";
import { Encoding, Type } from "../../src/values/value-types.ts";
import { emptyKeyByKey, LOOK } from "../support/lookup.ts";
import { check, property, type Random } from "../support/property.ts";

const START = 1_700_000_000_000;
const DATABASES = 3;
/** What an empty database of no keys takes: 16 buckets of 4 bytes. */
const EMPTY_BYTES = DATABASES * 64;

interface Held {
  value: Buffer;
  expireAt: number;
}

/** A keyspace and what it should hold, by database and key. */
class Model {
  readonly keyspace = new Keyspace({ databases: DATABASES, now: START });
  readonly access: KeyAccess & { expiryMode: ExpiryMode } = { ...LOOK };
  readonly held = Array.from({ length: DATABASES }, () => new Map<string, Held>());
  private readonly random: Random;
  private readonly keys: Buffer[] = [];

  constructor(random: Random) {
    this.random = random;
    for (let i = 0; i < 200; i++) this.keys.push(Buffer.from(`key:${i}`));
    for (const length of [0, 100, 32_000, 32_690, 32_704, 32_705, 40_000]) this.keys.push(random.bytes(length));
  }

  anyKey(): Buffer {
    return this.random.pick(this.keys);
  }

  anyTime(): number {
    return this.keyspace.now + this.random.between(-50, this.random.pick([100, 3000, 100_000]));
  }

  anyValue(keyLength: number): Buffer {
    const { random } = this;
    const kind = random.below(100);
    if (kind < 30) return Buffer.from(String(random.between(-1e6, 1e6)));
    if (kind < 90) return random.bytes(random.between(0, 100));
    // Around the border between inside and outside, with and without an expiry.
    if (kind < 97) return random.bytes(Math.max(0, MAX_BLOCK - 16 - keyLength + random.between(-40, 40)));
    if (kind < 99 || random.chance(0.8)) return random.bytes(random.between(32_000, 150_000));
    return Buffer.alloc(BLOCKS_FROM + random.between(-1, 300_000), random.bytes(1000));
  }

  private isExpired(held: Held): boolean {
    return held.expireAt !== NO_EXPIRY && held.expireAt < this.keyspace.now;
  }

  /** What looking a key up finds, and does to the key if its time has passed. */
  lookUp(database: number, key: Buffer, how: "read" | "write"): Held | undefined {
    const name = key.toString("latin1");
    const held = this.held[database].get(name);
    const { expiryMode } = this.access;
    if (held === undefined || !this.isExpired(held) || expiryMode === ExpiryMode.KEEP) return held;
    if (expiryMode === ExpiryMode.DELETE || how === "write") this.held[database].delete(name);
    return undefined;
  }

  verify(database: Database, address: number, held: Held): void {
    const { value, expireAt } = held;
    check(database.type(address) === Type.STRING, "it is a string");
    check(database.stringLength(address) === value.length, `it has ${database.stringLength(address)} bytes, not ${value.length}`);
    const { buffer, from, to } = database.locateString(address);
    check(buffer.compare(value, 0, value.length, from, to) === 0, "its bytes are what was set");
    check((database.blocksAt(address) !== null) === value.length > BLOCKS_FROM, "it is in blocks if it is long");
    check(database.expiryOf(address) === expireAt, `it expires at ${database.expiryOf(address)}, not ${expireAt}`);
  }

  verifyAll(): void {
    const { keyspace } = this;
    let bytes = 0;
    for (const database of keyspace.databases) {
      const held = this.held[database.index];
      check(database.size === held.size, `database ${database.index} holds ${database.size} keys, not ${held.size}`);
      let expiring = 0;
      const { table } = database;
      for (let chain = 0; chain < table.chainCount; chain++) {
        for (let address = table.chain(chain); address !== 0; address = table.next(address)) {
          const expected = held.get(table.key(address).toString("latin1"));
          check(expected !== undefined, "it holds only what was set");
          this.verify(database, address, expected);
          bytes += database.memoryOf(address, 0);
          if (expected.expireAt !== NO_EXPIRY) expiring++;
        }
      }
      check(database.expiry.size === expiring, `${database.expiry.size} keys are said to expire, ${expiring} do`);
      bytes += table.bucketBytes;
    }
    if (keyspace.lazyFree.pending === 0) check(keyspace.usedBytes === bytes, `usedBytes is ${keyspace.usedBytes}, ${bytes} are held`);
  }
}

/** One operation on one key, as commands make it: look up, then change. -> whether the key was changed. */
function change(model: Model, random: Random, database: Database, key: Buffer): boolean {
  const { keyspace } = model;
  const map = model.held[database.index];
  const name = key.toString("latin1");
  const was = map.get(name);
  const address = database.write(model.access, key, 0, key.length);
  const held = model.lookUp(database.index, key, "write");
  const dropped = was !== undefined && held === undefined;
  check((address !== 0) === (held !== undefined), "a key is found if it is there");
  if (held !== undefined) model.verify(database, address, held);
  const changes = keyspace.changes;
  const what = random.below(100);
  if (what < 45 || held === undefined) {
    if (what >= 45 && random.chance(0.7)) return dropped;
    const value = model.anyValue(key.length);
    const expireAt = random.pick([NO_EXPIRY, NO_EXPIRY, KEEP_EXPIRY, model.anyTime()]);
    // The value as it lies in a request, or in a buffer of its own; neither may be kept.
    const before = random.chance(0.5) ? 0 : 5;
    const request = Buffer.allocUnsafeSlow(before + value.length + random.pick([0, before]));
    value.copy(request, before);
    database.setString(address, model.access.keyHash, key, 0, key.length, request, before, before + value.length, expireAt);
    request.fill(0);
    map.set(name, { value, expireAt: expireAt === KEEP_EXPIRY ? (held?.expireAt ?? NO_EXPIRY) : expireAt });
  } else if (what < 60) {
    const length = random.pick([
      0,
      held.value.length,
      held.value.length + random.below(100),
      MAX_BLOCK - key.length,
      random.below(80_000),
      random.chance(0.05) ? BLOCKS_FROM + 300_000 : 0,
    ]);
    // Strings grow; to be shorter they are set again.
    const newLength = Math.max(length, held.value.length);
    const moved = database.openString(address, newLength);
    check(database.encoding(moved) === Encoding.RAW, "what was written to in place is raw");
    held.value = Buffer.concat([held.value, Buffer.alloc(newLength - held.value.length)]);
    if (newLength > 0) {
      const at = random.below(newLength);
      held.value[at] = 0x2a;
      database.writeString(moved, at, Buffer.from("*"), 0, 1);
    } else database.announce(moved);
  } else if (what < 70) {
    const integer = random.between(-(10 ** random.below(15)), 10 ** random.below(15));
    database.setInteger(address, model.access.keyHash, key, 0, key.length, integer);
    held.value = Buffer.from(String(integer));
  } else if (what < 85) {
    held.expireAt = random.chance(0.4) ? NO_EXPIRY : model.anyTime();
    database.setExpiry(address, held.expireAt);
  } else {
    database.delete(address);
    map.delete(name);
  }
  check(keyspace.changes === changes + 1, "a change is counted once");
  const now = map.get(name);
  const found = database.table.find(database.table.hash(key, 0, key.length), key, 0, key.length);
  check((found !== 0) === (now !== undefined), "the change was made");
  if (now !== undefined) model.verify(database, found, now);
  return true;
}

/** RENAME, MOVE and COPY. */
function transfer(model: Model, random: Random): void {
  const { keyspace } = model;
  const [source, target] = [random.pick(keyspace.databases), random.pick(keyspace.databases)];
  const [from, to] = [model.anyKey(), model.anyKey()];
  if (source === target && from.equals(to)) return;
  const address = source.write(model.access, from, 0, from.length);
  const held = model.lookUp(source.index, from, "write");
  if (held === undefined) return;
  const replaced = target.write(model.access, to, 0, to.length);
  model.lookUp(target.index, to, "write");
  const move = random.chance(0.5);
  const access = source.access(address);
  source.transfer(address, target, to, 0, to.length, { move, replaced });
  model.held[target.index].set(to.toString("latin1"), { ...held, value: Buffer.from(held.value) });
  if (move) model.held[source.index].delete(from.toString("latin1"));
  const made = target.find(model.access, to, 0, to.length);
  if (made !== 0) check(target.access(made) === access, "access bits go along");
}

function live(model: Model, random: Random, steps: number): void {
  const { keyspace } = model;
  for (let step = 0; step < steps; step++) {
    const what = random.below(1000);
    const database = random.pick(keyspace.databases);
    const key = model.anyKey();
    if (what < 700) {
      const [touched, other] = [{ touched: false }, { touched: false }];
      const watches = [keyspace.watched.add(touched, database, key)];
      for (const bystander of keyspace.databases) if (bystander !== database) watches.push(keyspace.watched.add(other, bystander, key));
      const wasStale = watches[0].stale;
      const changed = change(model, random, database, key);
      // The first thing that happens to a stale key, its deletion, is none to who watched it as a missing one.
      if (!wasStale)
        check(
          touched.touched === changed,
          `a watcher was ${touched.touched ? "" : "not "}told, the key did ${changed ? "" : "not "}change`,
        );
      check(!other.touched, "the same key in other databases is another");
      for (const watch of watches) keyspace.watched.remove(watch);
      check(keyspace.watched.size === 0, "nothing is watched any more");
    } else if (what < 800) {
      const { hits, misses } = keyspace.stats;
      const address = database.read(model.access, key, 0, key.length);
      const held = model.lookUp(database.index, key, "read");
      check((address !== 0) === (held !== undefined), "a key is found if it is there");
      check(keyspace.stats.hits + keyspace.stats.misses === hits + misses + 1, "a look-up is counted once");
      if (held !== undefined) model.verify(database, address, held);
    } else if (what < 900) transfer(model, random);
    else if (what < 990) {
      keyspace.now += random.below(random.pick([3, 100, 2000]));
      if (model.access.expiryMode === ExpiryMode.DELETE && random.chance(0.3)) expireDue(model);
      keyspace.rehash(0);
      keyspace.lazyFree.run(0);
    } else if (what < 995) model.access.expiryMode = random.pick([ExpiryMode.DELETE, ExpiryMode.DELETE, ExpiryMode.HIDE, ExpiryMode.KEEP]);
    else if (what < 998) {
      const other = random.pick(keyspace.databases);
      keyspace.swap(database, other);
      const maps = model.held;
      [maps[database.index], maps[other.index]] = [maps[other.index], maps[database.index]];
    } else {
      expect(keyspace.clear({ sync: random.chance(0.5) }, [database])).toBe(model.held[database.index].size);
      model.held[database.index].clear();
    }
    if (step % 1000 === 0) model.verifyAll();
  }
}

function expireDue(model: Model): void {
  const { keyspace } = model;
  const expired = keyspace.stats.expired;
  check(keyspace.expireDue(Number.POSITIVE_INFINITY), "with all the time in the world none is left");
  let due = 0;
  for (const held of model.held) {
    for (const [name, { expireAt }] of held) {
      if (expireAt === NO_EXPIRY || Math.floor(expireAt / 16) >= Math.floor(keyspace.now / 16)) continue;
      held.delete(name);
      due++;
    }
  }
  check(keyspace.stats.expired === expired + due, `${keyspace.stats.expired - expired} keys expired, not ${due}`);
}

function set(database: Database, key: Buffer, value: Buffer, expireAt = NO_EXPIRY): number {
  return database.setString(database.write(LOOK, key, 0, key.length), LOOK.keyHash, key, 0, key.length, value, 0, value.length, expireAt);
}

describe("a keyspace", () => {
  property(
    "holds what maps would, tells watchers of each change and no other, and gives back every byte",
    (random) => {
      const model = new Model(random);
      const { keyspace } = model;
      live(model, random, 12_000);
      model.verifyAll();
      emptyKeyByKey(keyspace);
      while (!keyspace.rehash(100));
      expect(keyspace.keyCount).toBe(0);
      expect(keyspace.lazyFree.pending).toBe(0);
      expect(keyspace.usedBytes).toBe(EMPTY_BYTES);
    },
    6,
  );

  property("deletes expired keys of all databases in slices", (random) => {
    const model = new Model(random);
    const { keyspace } = model;
    for (let i = 0; i < 6000; i++)
      set(random.pick(keyspace.databases), Buffer.from(`due:${i}`), Buffer.from("x"), START + random.below(1000));
    keyspace.now += 2000;
    const told = new Set<string>();
    keyspace.onLeaving = (database, key) => {
      expect(database.locate(key)).not.toBe(0);
      told.add(`${database.index} ${key}`);
    };
    let slices = 0;
    const keys = keyspace.keyCount;
    while (!keyspace.expireDue(0)) slices++;
    expect(told.size).toBe(keys);
    expect(keyspace.keyCount).toBe(0);
    expect(slices).toBeGreaterThan(keys / 32);
    expect(keyspace.stats.expired).toBe(keys);
  });

  test("gives each database its turn when there is not time for all", () => {
    const keyspace = new Keyspace({ databases: 4, now: START });
    for (const database of keyspace.databases)
      for (let i = 0; i < 2000; i++) set(database, Buffer.from(`due:${i}`), Buffer.from("x"), START + 5);
    keyspace.now += 100;
    for (let turn = 0; turn < 4; turn++) expect(keyspace.expireDue(0)).toBe(false);
    for (const database of keyspace.databases) expect(database.size).toBeLessThan(2000);
  });

  test("a key that is watched and expired counts as missing: its deletion is no change, a new one is", () => {
    const keyspace = new Keyspace({ databases: 1, now: START });
    const [database] = keyspace.databases;
    const key = Buffer.from("k");
    set(database, key, Buffer.from("v"), START + 10);
    keyspace.now += 100;
    const watcher = { touched: false };
    keyspace.watched.add(watcher, database, key);
    expect(database.find(LOOK, key, 0, 1)).toBe(0);
    expect([database.size, watcher.touched]).toEqual([0, false]);
    set(database, key, Buffer.from("w"));
    expect(watcher.touched).toBe(true);
  });

  test("emptying and swapping tell the sessions that watch a key that is there before or after", () => {
    const keyspace = new Keyspace({ databases: 2, now: START });
    const [first, second] = keyspace.databases;
    for (const [name, database] of [
      ["a", first],
      ["b", second],
      ["c", first],
      ["c", second],
    ] as const)
      set(database, Buffer.from(name), Buffer.from("v"));
    const watch = (name: string, database: Database) => {
      const watcher = { touched: false };
      const entry = keyspace.watched.add(watcher, database, Buffer.from(name));
      return { watcher, entry };
    };
    const touchedBy = (run: () => void): string[] => {
      const watches = ["a", "b", "c", "d"].flatMap((name) =>
        [first, second].map((database) => ({ name: `${name}${database.index}`, ...watch(name, database) })),
      );
      run();
      for (const { entry } of watches) keyspace.watched.remove(entry);
      return watches.filter(({ watcher }) => watcher.touched).map(({ name }) => name);
    };
    expect(touchedBy(() => keyspace.swap(first, second))).toEqual(["a0", "a1", "b0", "b1", "c0", "c1"]);
    expect(touchedBy(() => keyspace.clear({ sync: true }, [first]))).toEqual(["b0", "c0"]);
    expect(touchedBy(() => keyspace.clear({ sync: false }))).toEqual(["a1", "c1"]);
  });

  test("a copy of a large value is its own, and a moved one is not copied", () => {
    const keyspace = new Keyspace({ databases: 2, now: START });
    const [first, second] = keyspace.databases;
    const [one, two] = [Buffer.from("one"), Buffer.from("two")];
    const value = Buffer.allocUnsafeSlow(100_000).fill("v");
    const address = set(first, one, value);
    const bufferAt = (database: Database, at: number) => database.locateString(at).buffer;
    const { buffer } = bufferAt(first, address);
    first.transfer(address, second, two, 0, 3, { move: false });
    const copy = second.find(LOOK, two, 0, 3);
    expect(bufferAt(second, copy).buffer).not.toBe(buffer);
    first.writeString(address, 0, Buffer.from("*"), 0, 1);
    expect(bufferAt(second, copy)[0]).toBe(0x76);
    second.delete(copy);
    first.transfer(first.find(LOOK, one, 0, 3), second, two, 0, 3, { move: true });
    expect(bufferAt(second, second.find(LOOK, two, 0, 3)).buffer).toBe(buffer);
    expect([first.size, second.size]).toEqual([0, 1]);
    expect(keyspace.space.objects.usedBytes).toBe(100_000);
  });

  test("keeps nothing of the buffer that a value came in", () => {
    const keyspace = new Keyspace({ databases: 1, now: START });
    const [database] = keyspace.databases;
    const key = Buffer.from("k");
    const request = Buffer.allocUnsafeSlow(100_000).fill("v");
    database.setString(database.write(LOOK, key, 0, 1), LOOK.keyHash, key, 0, 1, request, 1000, 99_000, NO_EXPIRY);
    expect(keyspace.space.objects.usedBytes).toBe(98_000);
    request.fill("w");
    const { buffer, from, to } = database.locateString(database.find(LOOK, key, 0, 1));
    expect(buffer.subarray(from, to).equals(Buffer.alloc(98_000, "v"))).toBe(true);
  });

  test("is as it was after a change for which there is no memory", () => {
    const keyspace = new Keyspace({ databases: 1, now: START, arena: new Arena({ maxSegments: 1 }) });
    const [database] = keyspace.databases;
    const value = Buffer.alloc(200, "v");
    const large = Buffer.allocUnsafeSlow(50_000).fill("w");
    const keys: Buffer[] = [];
    set(database, Buffer.from("outside"), large, START + 1000);
    set(database, Buffer.from("expires"), value, START + 1000);
    expect(() => {
      for (;;) {
        const key = Buffer.from(`key:${keys.length}`);
        set(database, key, Buffer.alloc(16_000));
        keys.push(key);
      }
    }).toThrow(ArenaFull);
    const state = () => {
      const found = ["outside", "expires"].map((name) => database.find(LOOK, Buffer.from(name), 0, 7));
      return [
        database.size,
        database.expiry.size,
        keyspace.space.arena.usedBytes,
        keyspace.space.objects.usedBytes,
        ...found.map((address) => database.stringLength(address)),
        ...found.map((address) => database.expiryOf(address)),
      ];
    };
    const before = state();
    expect(before[0]).toBe(keys.length + 2);
    const address = (name: string) => database.write(LOOK, Buffer.from(name), 0, name.length);
    const refused: (() => unknown)[] = [
      () => set(database, Buffer.alloc(300, "k"), large),
      () => set(database, Buffer.alloc(900, "k"), value, START + 5000),
      () => set(database, Buffer.from("expires"), Buffer.alloc(3000)),
      () => set(database, Buffer.from("expires"), Buffer.alloc(3000), START + 5000),
      () => set(database, Buffer.from("outside"), Buffer.alloc(3000)),
      () => database.openString(address("expires"), 3000),
      () => database.openString(address("expires"), 100_000),
      () => database.openString(address("expires"), 2_000_000),
      () => database.setExpiry(address("expires"), NO_EXPIRY),
      () => database.setExpiry(address("key:1"), START + 1000),
    ];
    const thrown = refused.map((run) => {
      try {
        run();
        return null;
      } catch (error) {
        return error;
      }
    });
    for (const error of thrown) if (error !== null) expect(error).toBeInstanceOf(ArenaFull);
    // Small records may still find room in pages of their size.
    expect(thrown.filter((error) => error !== null).length).toBeGreaterThanOrEqual(5);
    expect(thrown.slice(0, 4).every((error) => error !== null)).toBe(true);
    if (thrown.slice(4).every((error) => error !== null)) expect(state()).toEqual(before);
    for (const key of keys) database.delete(database.write(LOOK, key, 0, key.length));
    keyspace.now += 100_000;
    expect(keyspace.expireDue(Number.POSITIVE_INFINITY)).toBe(true);
    expect(database.expiry.size).toBe(0);
  });
});

describe("lazy freeing", () => {
  function filled(keys: number): Keyspace {
    const keyspace = new Keyspace({ databases: DATABASES, now: START });
    const large = Buffer.alloc(40_000);
    for (const database of keyspace.databases)
      for (let i = 0; i < keys; i++) set(database, Buffer.from(`key:${i}`), i % 100 === 0 ? large : Buffer.from("small"));
    return keyspace;
  }

  test("gives memory back in slices, the bytes of what waits counted to the end", () => {
    const keyspace = filled(3000);
    const [first, second, third] = keyspace.databases;
    const before = keyspace.usedBytes;
    expect(keyspace.clear({ sync: false }, [first, second])).toBe(6000);
    expect([keyspace.keyCount, keyspace.lazyFree.pending]).toEqual([3000, 6000]);
    expect(keyspace.usedBytes).toBe(before + (2 * EMPTY_BYTES) / DATABASES);
    let last = keyspace.usedBytes;
    let slices = 0;
    while (!keyspace.lazyFree.run(0)) {
      expect(keyspace.usedBytes).toBeLessThanOrEqual(last);
      last = keyspace.usedBytes;
      slices++;
    }
    expect(slices).toBeGreaterThan(20);
    expect([keyspace.lazyFree.pending, keyspace.lazyFree.heldBytes, keyspace.lazyFree.freed]).toEqual([0, 0, 6000]);
    expect(third.size).toBe(3000);
    keyspace.clear({ sync: false }, [third]);
    expect(keyspace.usedBytes).toBe(EMPTY_BYTES);
  });

  test("is not needed where everything goes: all blocks are given back at one go, what waits included", () => {
    const keyspace = filled(1000);
    const { arena } = keyspace.space;
    keyspace.clear({ sync: false }, [keyspace.databases[0]]);
    expect(keyspace.lazyFree.pending).toBe(1000);
    expect(keyspace.clear({ sync: true })).toBe(2000);
    expect([keyspace.lazyFree.pending, keyspace.lazyFree.freed, keyspace.usedBytes]).toEqual([0, 1000, EMPTY_BYTES]);
    expect([arena.usedBytes, arena.pageBytes, arena.idlePages * PAGE_BYTES]).toEqual([0, 0, arena.touchedBytes]);
    set(keyspace.databases[2], Buffer.from("key"), Buffer.from("again"));
    expect(keyspace.clear({ sync: false })).toBe(1);
    expect(keyspace.lazyFree.freed).toBe(1001);
  });

  test("is not what a synchronous clear does, nor is it counted", () => {
    const keyspace = filled(1000);
    keyspace.clear({ sync: false }, [keyspace.databases[0]]);
    keyspace.clear({ sync: true }, [keyspace.databases[1]]);
    expect([keyspace.lazyFree.pending, keyspace.lazyFree.freed]).toEqual([1000, 0]);
  });

  test("of strings in blocks gives the blocks back, whichever way they go", () => {
    const before = blocksInUse();
    for (const beside of [false, true]) {
      const keyspace = new Keyspace({ databases: 2, now: START });
      const [database, other] = keyspace.databases;
      set(database, Buffer.from("long"), Buffer.alloc(3_000_000));
      set(database, Buffer.from("short"), Buffer.alloc(300));
      set(database, Buffer.from("old"), Buffer.alloc(3_000_000));
      database.transfer(database.locate(Buffer.from("old")), database, Buffer.from("new"), 0, 3, { move: true });
      if (beside) set(other, Buffer.from("short"), Buffer.alloc(300));
      expect(blocksInUse()).toBeGreaterThan(before + 20);
      keyspace.clear({ sync: true }, [database]);
      while (!keyspace.lazyFree.run(1));
      expect(blocksInUse()).toBe(before);
    }
  });

  test("waits for those that still read a table", () => {
    const keyspace = filled(1000);
    const { table } = keyspace.databases[1];
    table.guard = { beforeChange() {} };
    for (const database of keyspace.databases) keyspace.clear({ sync: database.index === 1 }, [database]);
    while (!keyspace.lazyFree.run(1));
    expect(keyspace.lazyFree.pending).toBe(1000);
    keyspace.clear({ sync: true });
    expect(keyspace.lazyFree.pending).toBe(1000);
    expect(table.key(table.random()).toString()).toStartWith("key:");
    table.guard = null;
    while (!keyspace.lazyFree.run(1));
    expect([keyspace.lazyFree.pending, keyspace.usedBytes]).toEqual([0, EMPTY_BYTES]);
  });
});
