import { afterEach, beforeEach, describe, expect, spyOn, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { idleSeconds } from "../../src/keyspace/access.ts";
import type { LoadProgress } from "../../src/snapshot/load.ts";
import { LoadError } from "../../src/snapshot/load-handler.ts";
import { Encoding } from "../../src/values/value-types.ts";
import { datasetDigest, type Entry, entry, Random, stringEntry, writeEntries, writeImage } from "../rdb/support.ts";
import { startRedis, testWithRedis } from "../support/redis.ts";
import { contents, find, get, makePersistence, set, sorted } from "./support.ts";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "replicant-loader-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const file = (): string => join(dir, "dump.rdb");

function writeFile(entries: readonly Entry[], aux: readonly (readonly [string, string])[] = []): Buffer {
  const image = writeImage((writer) => writeEntries(writer, entries, aux));
  writeFileSync(file(), image);
  return image;
}

async function refusal(load: Promise<unknown>): Promise<string> {
  const error = await load.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(LoadError);
  return error instanceof LoadError ? error.message : "";
}

describe("loading a file", () => {
  test("brings back every key as it was saved", async () => {
    const random = new Random(5);
    const entries = random.entries(4000);
    writeFile(entries);
    const { persistence, keyspace, log } = makePersistence({ dir });
    const summary = await persistence.load();
    expect(summary).toEqual({ keysLoaded: 4000, keysExpired: 0, history: null });
    expect(contents(keyspace)).toEqual(sorted(entries));
    expect(datasetDigest(contents(keyspace))).toBe(datasetDigest(entries));
    expect(keyspace.changes).toBe(0);
    expect(persistence.changesSinceSave).toBe(0);
    expect(log.lines[0]).toBe("Done loading RDB, keys loaded: 4000, keys expired: 0.");
    expect(log.lines[1]).toMatch(/^DB loaded from disk: \d+\.\d{3} seconds$/);
    expect(log.lines.length).toBe(2);
  });

  test("keys and values of every size keep their own memory: the file's buffers are used again", async () => {
    const random = new Random(6);
    const sizes = [0, 1, 44, 45, 32_000, 33_000, 61_000, 64_000, 70_000, 1_000_000, 1_040_000, 1_048_576, 3_000_000];
    const entries = sizes.flatMap((size, i) => [
      entry(`value ${i}`, Buffer.alloc(size, random.bytes(5000)).toString("latin1")),
      entry(`${i}:${Buffer.alloc(size, random.bytes(5000)).toString("latin1")}`, "long key", { expireAt: Date.now() + 1_000_000 }),
    ]);
    writeFile(entries);
    const { persistence, keyspace } = makePersistence({ dir });
    await persistence.load();
    expect(datasetDigest(contents(keyspace))).toBe(datasetDigest(entries));
    expect(keyspace.databases[0].expiry.size).toBe(sizes.length);
    const [database] = keyspace.databases;
    expect(
      sizes.map((size, i) => database.encoding(find(database, `value ${i}`)) === (size <= 44 ? Encoding.EMBSTR : Encoding.RAW)),
    ).toEqual(sizes.map(() => true));
  });

  test("without a file is an empty start, and not an error", async () => {
    const { persistence, keyspace, log } = makePersistence({ dir });
    expect(await persistence.load()).toBeNull();
    expect(keyspace.keyCount).toBe(0);
    expect(persistence.loading).toBeNull();
    expect(log.lines).toEqual([]);
  });

  test("what is saved is loaded, and the encodings with it", async () => {
    const saved = makePersistence({ dir });
    for (const value of ["1", "-9223372036854775808", "9223372036854775808", "abc", "x".repeat(100), ""])
      set(saved.keyspace.databases[0], `=${value}`, value);
    saved.persistence.save();
    const loaded = makePersistence({ dir });
    await loaded.persistence.load();
    const [from, to] = [saved.keyspace.databases[0], loaded.keyspace.databases[0]];
    for (const { key } of contents(saved.keyspace))
      expect([key, to.encoding(find(to, key))]).toEqual([key, from.encoding(find(from, key))]);
    expect(contents(loaded.keyspace)).toEqual(contents(saved.keyspace));
  });

  test("a master leaves out keys whose time has passed, counts and reports them; a replica takes them", async () => {
    const now = Date.now();
    const entries = [
      entry("over", "1", { expireAt: now - 1 }),
      entry("due", "2", { expireAt: now + 100_000 }),
      entry("plain", "3", { db: 2 }),
    ];
    writeFile(entries);
    const master = makePersistence({ dir });
    const expired: string[] = [];
    const summary = await master.persistence.load({
      expired: (database, key, from, length) => expired.push(`${database.index} ${key.latin1Slice(from, from + length)}`),
    });
    expect(summary).toMatchObject({ keysLoaded: 2, keysExpired: 1 });
    expect(master.persistence.lastLoad.keysExpired).toBe(1);
    expect(expired).toEqual(["0 over"]);
    expect(contents(master.keyspace).map(({ key }) => key)).toEqual(["due", "plain"]);
    const replica = makePersistence({ dir, replicaof: "127.0.0.1 1" });
    expect(await replica.persistence.load()).toMatchObject({ keysLoaded: 3, keysExpired: 0 });
    expect(contents(replica.keyspace)).toEqual(sorted(entries));
  });

  test("takes over for how long a key was not used, or how often it was", async () => {
    writeFile([entry("a", "1", { idle: 500, freq: 77 }), entry("b", "2")]);
    const lru = makePersistence({ dir });
    await lru.persistence.load();
    const idle = (key: string): number => {
      const [database] = lru.keyspace.databases;
      return idleSeconds(database.access(find(database, key)), lru.keyspace.now);
    };
    expect([idle("a"), idle("b")]).toEqual([500, 0]);
    const lfu = makePersistence({ dir });
    lfu.keyspace.lfu = { logFactor: 10, decayMinutes: 1 };
    await lfu.persistence.load();
    const [database] = lfu.keyspace.databases;
    expect([database.access(find(database, "a")) & 0xff, database.access(find(database, "b")) & 0xff]).toEqual([77, 5]);
  });

  test("says what the file says about itself", async () => {
    writeFile(
      [],
      [
        ["redis-ver", "7.0.15"],
        ["ctime", String(Math.floor(Date.now() / 1000) - 100)],
        ["used-mem", String(3 * 1024 * 1024)],
        ["repl-stream-db", "3"],
        ["repl-id", "b".repeat(40)],
        ["repl-offset", "77"],
        ["%note", "for people"],
        ["unknown", "thing"],
        ["aof-base", "1"],
      ],
    );
    const { persistence, log } = makePersistence({ dir });
    expect((await persistence.load())?.history).toEqual({ id: "b".repeat(40), offset: 77, streamDb: 3 });
    expect(log.lines.slice(0, 5)).toEqual([
      "Loading RDB produced by version 7.0.15",
      expect.stringMatching(/^RDB age 10[01] seconds$/),
      "RDB memory usage when created 3.00 Mb",
      "RDB '%note': for people",
      "RDB is base AOF",
    ]);
  });

  test("a history that is not whole is none", async () => {
    for (const aux of [
      [["repl-id", "b".repeat(40)]],
      [
        ["repl-id", "short"],
        ["repl-offset", "1"],
        ["repl-stream-db", "0"],
      ],
      [
        ["repl-id", "b".repeat(40)],
        ["repl-offset", "1"],
        ["repl-stream-db", "-1"],
      ],
    ] as [string, string][][]) {
      writeFile([], aux);
      expect((await makePersistence({ dir }).persistence.load())?.history).toBeNull();
    }
  });

  test("a size that the file cannot have makes no room in advance", async () => {
    writeFileSync(
      file(),
      writeImage((writer) => {
        writer.header([]);
        writer.selectDatabase(0, 2 ** 40, 2 ** 40);
        stringEntry(writer, Buffer.from("ab"), 0, 1, Buffer.from("ab"), 1, 2);
        writer.end();
      }),
    );
    const { persistence, keyspace } = makePersistence({ dir });
    await persistence.load();
    expect(get(keyspace.databases[0], "a")).toBe("b");
    expect(keyspace.databases[0].table.chainCount).toBeLessThanOrEqual(64);
  });

  testWithRedis("reads what a real Redis saved, every key of it", async () => {
    const entries = new Random(8).entries(3000).map((one) => ({ ...one, idle: -1, freq: -1 }));
    {
      await using redis = await startRedis({ dir });
      const client = await redis.connect();
      for (const database of [0, 1, 2]) {
        await client.text("SELECT", database);
        const commands = entries
          .filter(({ db }) => db === database)
          .map(({ key, value, expireAt }) => [
            "SET",
            Buffer.from(key, "latin1"),
            Buffer.from(value, "latin1"),
            ...(expireAt === -1 ? [] : ["PXAT", expireAt]),
          ]);
        for (const reply of await client.pipeline(commands)) expect(reply.toString()).toBe("+OK\r\n");
      }
      await client.text("SAVE");
      client.close();
    }
    const { persistence, keyspace } = makePersistence({ dir });
    await persistence.load();
    expect(contents(keyspace)).toEqual(sorted(entries));
  });
});

describe("a file that cannot be loaded", () => {
  test("because it is cut off anywhere: the message says where, the file and the databases are left alone", async () => {
    const image = writeFile(new Random(9).entries(40), [["redis-ver", "7.2.4"]]);
    for (let length = 0; length < image.length; length += 1 + Math.floor(image.length / 60)) {
      writeFileSync(file(), image.subarray(0, length));
      const { persistence, keyspace, log } = makePersistence({ dir });
      const message = await refusal(persistence.load());
      expect(message).toContain(file());
      expect(message).toContain(`RDB, byte ${length}: Unexpected EOF reading RDB file`);
      const [reason, failure, end] = log.lines.slice(-3);
      expect(reason).toStartWith(`! Internal error in RDB reading offset ${length} -> Unexpected EOF reading RDB file`);
      expect([failure, end]).toEqual([`! ${message}`, "! Terminating server after rdb file reading failure."]);
      expect(keyspace.keyCount).toBe(0);
      expect(keyspace.usedBytes).toBe(makePersistence({ dir }).keyspace.usedBytes);
      expect(persistence.loading).toBeNull();
      expect(readFileSync(file()).equals(image.subarray(0, length))).toBe(true);
    }
  });

  test("because a byte of it has changed", async () => {
    const image = writeFile([entry("key", "value")]);
    image[image.length - 12] ^= 1;
    writeFileSync(file(), image);
    expect(await refusal(makePersistence({ dir }).persistence.load())).toContain("RDB CRC error");
    // With rdbchecksum no it is not checked.
    expect(await makePersistence({ dir, rdbchecksum: "no" }).persistence.load()).toMatchObject({ keysLoaded: 1 });
  });

  test("because it is no RDB file, no file, or of a future version", async () => {
    writeFileSync(file(), "hello, this is no data");
    expect(await refusal(makePersistence({ dir }).persistence.load())).toContain("bad magic");
    writeFileSync(file(), "REDIS9999");
    expect(await refusal(makePersistence({ dir }).persistence.load())).toContain("version 9999");
    rmSync(file());
    mkdirSync(file());
    expect(await refusal(makePersistence({ dir }).persistence.load())).toContain("Can't open the RDB file");
  });

  test("because it has more databases than there are", async () => {
    writeFile([entry("a", "1", { db: 3 })]);
    expect(await refusal(makePersistence({ dir, databases: "3" }).persistence.load())).toContain(
      "a database 3, but there are only 3 (directive databases)",
    );
    expect(await makePersistence({ dir, databases: "4" }).persistence.load()).toMatchObject({ keysLoaded: 1 });
  });

  test("because a key is in it twice", async () => {
    writeFile([entry("a\n", "1"), entry("b", "2"), entry("a\n", "3")]);
    expect(await refusal(makePersistence({ dir }).persistence.load())).toContain('key "a\\n" of database 0 is there already');
    writeFile([entry("a", "1"), entry("a", "2", { db: 1 })]);
    expect(await makePersistence({ dir }).persistence.load()).toMatchObject({ keysLoaded: 2 });
  });

  test("because it holds a type that is not known: its key is named", async () => {
    writeFileSync(
      file(),
      writeImage((writer) => {
        writer.header([]);
        writer.selectDatabase(0, 1, 0);
        writer.key(24, Buffer.from("modular"), 0, 7);
        writer.end();
      }),
    );
    const { persistence, log } = makePersistence({ dir });
    expect(await refusal(persistence.load())).toContain("modular");
    expect(log.lines[0]).toContain('key "modular" in database 0, of value type 24');
  });
});

describe("while a file is loaded", () => {
  test("the event loop turns, and shows how far it is", async () => {
    const entries = Array.from({ length: 60_000 }, (_, i) => entry(`key:${i}`, `value ${i} ${"x".repeat(i % 90)}`));
    const size = writeFile(entries, [["used-mem", "1000000"]]).length;
    const { persistence, keyspace } = makePersistence({ dir, "loading-process-events-interval-bytes": "1024" });
    const loading = persistence.load();
    expect(persistence.loading).toMatchObject({ totalBytes: 0, loadedBytes: 0 });
    const seen: LoadProgress[] = [];
    while (persistence.loading !== null) {
      const { startedAt, totalBytes, loadedBytes, usedMemory, finished } = persistence.loading;
      seen.push({ startedAt, totalBytes, loadedBytes, usedMemory, finished });
      await new Promise((resolve) => setImmediate(resolve));
    }
    await loading;
    expect(seen.length).toBeGreaterThan(3);
    const half = seen.filter(({ loadedBytes }) => loadedBytes > 0 && loadedBytes < size);
    expect(half.length).toBeGreaterThan(1);
    for (const progress of half) expect(progress).toMatchObject({ totalBytes: size, usedMemory: 1_000_000, finished: false });
    expect(keyspace.keyCount).toBe(60_000);
  });

  test("key-load-delay stretches it, and can be taken back half-way", async () => {
    writeFile(Array.from({ length: 400 }, (_, i) => entry(`key:${i}`, "v".repeat(20))));
    const { persistence, config } = makePersistence({ dir, "key-load-delay": "5000" });
    const pauses = spyOn(globalThis, "setTimeout");
    try {
      const loading = persistence.load();
      while ((persistence.loading?.loadedBytes ?? 0) < 1000) await new Promise((resolve) => setImmediate(resolve));
      const asked = pauses.mock.calls.reduce((total, [, ms]) => total + (ms ?? 0), 0);
      expect(asked).toBeGreaterThan(30); // ms: 5 for each key of the first thousand bytes
      expect(config.set([["key-load-delay", "0"]])).toBeNull();
      expect(await loading).toMatchObject({ keysLoaded: 400 });
      expect(pauses.mock.calls.reduce((total, [, ms]) => total + (ms ?? 0), 0)).toBeLessThan(asked + 400);
    } finally {
      pauses.mockRestore();
    }
  });

  test("a server that stops gives it up", async () => {
    writeFile(Array.from({ length: 60_000 }, (_, i) => entry(`key:${i}`, "v".repeat(20))));
    const { persistence, keyspace, log } = makePersistence({ dir, "key-load-delay": "1000" });
    const loading = persistence.load();
    while ((persistence.loading?.loadedBytes ?? 0) === 0) await Bun.sleep(1);
    await persistence.close();
    expect(await loading).toBeNull();
    expect(keyspace.keyCount).toBe(0);
    expect(persistence.loading).toBeNull();
    expect(log.lines.at(-1)).toBe("Loading was given up: the server stops");
  });

  test("nothing is saved: the file would lose what is not loaded yet", async () => {
    writeFile(new Random(3).entries(1000));
    const { persistence } = makePersistence({ dir, save: "1 0" }, { clock: () => Date.now() + 100_000 });
    const loading = persistence.load();
    persistence.saveScheduled = true;
    persistence.cron();
    expect(persistence.saving).toBe(false);
    expect(() => persistence.save()).toThrow(/^LOADING /);
    expect(() => persistence.startBackgroundSave()).toThrow(/^LOADING /);
    await loading;
    persistence.cron();
    expect(persistence.saving).toBe(true);
    await persistence.close();
  });

  test("a caller that feeds an image of its own shows its progress the same way", () => {
    const image = writeImage((writer) => writeEntries(writer, [entry("a", "1"), entry("b", "2", { expireAt: 5 })]));
    const { persistence, keyspace } = makePersistence({ dir });
    const load = persistence.beginLoad({ totalBytes: 0, dropExpired: false });
    expect(load.push(image, 0, 20)).toBe(20);
    expect(persistence.loading?.loadedBytes).toBe(20);
    const rest = Buffer.concat([image.subarray(20), Buffer.from("*1\r\n$4\r\nPING\r\n")]);
    expect(load.push(rest, 0, rest.length)).toBe(image.length - 20);
    expect(load.finished).toBe(true);
    persistence.endLoad(load.finish());
    expect(persistence.loading).toBeNull();
    expect(persistence.lastLoad.keysLoaded).toBe(2);
    expect(keyspace.keyCount).toBe(2);
  });
});
