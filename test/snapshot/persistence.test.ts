import { afterEach, beforeEach, describe, expect, spyOn, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Persistence } from "../../src/snapshot/persistence.ts";
import { REDIS_VERSION, VERSION } from "../../src/version.ts";
import { datasetDigest, Random, readImage } from "../rdb/support.ts";
import { startRedis, testWithRedis } from "../support/redis.ts";
import { contents, get, makePersistence, type Setup, set, sorted } from "./support.ts";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "replicant-persistence-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const file = (): string => join(dir, "dump.rdb");
const image = () => readImage(readFileSync(file())).seen;

/** Enough keys of every kind for several slices. */
function fill({ keyspace }: Setup, keys = 5000): void {
  const random = new Random(keys);
  for (let i = 0; i < keys; i++) {
    set(keyspace.databases[i % 3], `key:${i}`, random.value().slice(0, 300), i % 4 === 0 ? Date.now() + 1_000_000 : -1);
  }
}

async function untilSaved(persistence: Persistence): Promise<void> {
  while (persistence.saving) await new Promise((resolve) => setImmediate(resolve));
}

describe("SAVE", () => {
  test("writes the file, leaves nothing else, and is remembered", () => {
    let now = 1_000_000;
    const setup = makePersistence({ dir }, { clock: () => now });
    const { keyspace, persistence, log } = setup;
    fill(setup);
    expect(persistence.changesSinceSave).toBe(5000);
    expect(persistence.lastSaveAt).toBe(1000);
    now += 5000;
    persistence.save();
    expect(sorted(image().entries)).toEqual(contents(keyspace));
    expect(readdirSync(dir)).toEqual(["dump.rdb"]);
    expect(persistence.changesSinceSave).toBe(0);
    expect(persistence.lastSaveAt).toBe(1005);
    expect(persistence.saves).toBe(1);
    expect(persistence.lastSaveSeconds).toBe(-1);
    expect(log.lines).toEqual(["DB saved on disk"]);
    persistence.saves = 0;
    expect(persistence.saves).toBe(0);
  });

  test("says about itself what Redis does, and who it was", () => {
    const history = { id: "a".repeat(40), offset: 1234, streamDb: 5 };
    const { persistence, keyspace } = makePersistence({ dir }, { history, clock: () => 1_700_000_000_999 });
    persistence.save();
    expect(image().auxFields).toEqual([
      ["redis-ver", REDIS_VERSION],
      ["redis-bits", "64"],
      ["ctime", "1700000000"],
      ["used-mem", String(keyspace.usedBytes)],
      ["repl-stream-db", "5"],
      ["repl-id", "a".repeat(40)],
      ["repl-offset", "1234"],
      ["aof-base", "0"],
      ["replicant-version", VERSION],
    ]);
    const alone = makePersistence({ dir });
    alone.persistence.save();
    expect(image().auxFields.map(([name]) => name)).toEqual([
      "redis-ver",
      "redis-bits",
      "ctime",
      "used-mem",
      "aof-base",
      "replicant-version",
    ]);
  });

  test("follows rdbcompression, rdbchecksum and dbfilename", () => {
    const compressed = makePersistence({ dir });
    set(compressed.keyspace.databases[0], "k", "x".repeat(1000));
    compressed.persistence.save();
    expect(readFileSync(file()).length).toBeLessThan(400);
    const plain = makePersistence({ dir, rdbcompression: "no", rdbchecksum: "no", dbfilename: "other.rdb" });
    set(plain.keyspace.databases[0], "k", "x".repeat(1000));
    plain.persistence.save();
    const other = readFileSync(join(dir, "other.rdb"));
    expect(other.length).toBeGreaterThan(1000);
    expect(other.subarray(-8)).toEqual(Buffer.alloc(8));
  });

  test("fails with Redis's bare error where it cannot write, says why in the log, and counts nothing as saved", () => {
    const setup = makePersistence({ dir });
    fill(setup, 10);
    rmSync(dir, { recursive: true });
    expect(() => setup.persistence.save()).toThrow(/^ERR$/);
    expect(setup.log.lines).toEqual([
      `! Failed opening the temp RDB file temp-${process.pid}.rdb (in directory ${dir}) for saving: No such file or directory`,
    ]);
    expect(setup.persistence.changesSinceSave).toBe(10);
    expect(setup.persistence.lastSaveOk).toBe(true);
  });

  test("leaves a file that it cannot replace, and removes its own", () => {
    const setup = makePersistence({ dir });
    mkdirSync(join(file(), "in the way"), { recursive: true });
    expect(() => setup.persistence.save()).toThrow(/^ERR$/);
    expect(setup.log.lines[0]).toContain(
      `Error moving temp DB file temp-${process.pid}.rdb on the final destination dump.rdb (in directory ${dir}): `,
    );
    expect(readdirSync(dir)).toEqual(["dump.rdb"]);
  });

  test("does not take a temporary file that is in use by another server of this process", () => {
    const taken = join(dir, `temp-${process.pid}.rdb`);
    writeFileSync(taken, "mine");
    makePersistence({ dir }).persistence.save();
    expect(readFileSync(taken, "latin1")).toBe("mine");
    expect(existsSync(file())).toBe(true);
  });

  testWithRedis("makes a file that a real Redis loads, every key of it", async () => {
    const setup = makePersistence({ dir });
    fill(setup);
    set(setup.keyspace.databases[7], "long", "ab".repeat(400_000));
    setup.persistence.save();
    const digest = datasetDigest(contents(setup.keyspace));
    expect(await redisDigest(dir)).toBe(digest);
    setup.persistence.startBackgroundSave();
    await untilSaved(setup.persistence);
    expect(await redisDigest(dir)).toBe(digest);
  });
});

async function redisDigest(directory: string): Promise<string> {
  await using redis = await startRedis({ dir: directory, args: ["--enable-debug-command", "yes"] });
  const client = await redis.connect();
  const digest = await client.text("DEBUG", "DIGEST");
  client.close();
  return digest;
}

describe("BGSAVE", () => {
  test("saves the moment it began, while changes go on", async () => {
    let now = 1_000_000;
    const setup = makePersistence({ dir }, { clock: () => now });
    const { keyspace, persistence, log } = setup;
    fill(setup);
    const before = contents(keyspace);
    expect(persistence.savingSeconds).toBe(-1);
    expect(persistence.savingKeys).toEqual({ written: 0, total: 0 });
    persistence.startBackgroundSave();
    expect(persistence.saving).toBe(true);
    expect(persistence.savingKeys.total).toBe(5000);
    expect(() => persistence.startBackgroundSave()).toThrow("ERR Background save already in progress");
    expect(() => persistence.save()).toThrow("ERR Background save already in progress");
    for (let i = 0; i < 100; i++) set(keyspace.databases[0], `key:${i * 3}`, "changed");
    now += 3000;
    expect(persistence.savingSeconds).toBe(3);
    await untilSaved(persistence);
    expect(sorted(image().entries)).toEqual(before);
    expect(readdirSync(dir)).toEqual(["dump.rdb"]);
    expect(persistence).toMatchObject({
      lastSaveOk: true,
      lastSaveAt: 1003,
      lastAttemptAt: 1000,
      lastSaveSeconds: 3,
      saves: 1,
      changesSinceSave: 100,
    });
    expect(log.lines).toEqual(["Background saving started", "DB saved on disk", "Background saving terminated with success"]);
  });

  test("keeps the event loop turning", async () => {
    const setup = makePersistence({ dir });
    fill(setup, 30_000);
    let turns = 0;
    setup.persistence.startBackgroundSave();
    while (setup.persistence.saving) {
      turns++;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(turns).toBeGreaterThan(5);
    expect(image().entries.length).toBe(30_000);
  });

  test("more than may wait for the disk reaches the file all the same", async () => {
    const setup = makePersistence({ dir, rdbcompression: "no" });
    for (let i = 0; i < 400; i++) set(setup.keyspace.databases[0], `key:${i}`, Buffer.alloc(100_000, i & 255));
    setup.persistence.startBackgroundSave();
    await untilSaved(setup.persistence);
    expect(sorted(image().entries)).toEqual(contents(setup.keyspace));
  });

  test("to a directory that is gone fails, keeps the old file's count, and refuses writes until a save succeeds", async () => {
    const setup = makePersistence({ dir, save: "3600 1" });
    const { persistence, log } = setup;
    fill(setup, 100);
    rmSync(dir, { recursive: true });
    persistence.startBackgroundSave();
    set(setup.keyspace.databases[0], "key:0", "changed meanwhile");
    await untilSaved(persistence);
    expect(persistence.lastSaveOk).toBe(false);
    expect(persistence.writesRefused).toBe(true);
    expect(persistence.changesSinceSave).toBe(101);
    expect(log.lines).toEqual([
      "Background saving started",
      `! Failed opening the temp RDB file temp-${process.pid}.rdb (in directory ${dir}) for saving: No such file or directory`,
      "! Background saving error",
    ]);
    for (const { table } of setup.keyspace.databases) expect(table.guard).toBeNull();
    expect(setup.config.set([["stop-writes-on-bgsave-error", "no"]])).toBeNull();
    expect(persistence.writesRefused).toBe(false);
    setup.config.set([["stop-writes-on-bgsave-error", "yes"]]);
    mkdirSync(dir);
    persistence.save();
    expect(persistence.writesRefused).toBe(false);
  });

  test("without save points a failure refuses no writes", async () => {
    const { persistence } = makePersistence({ dir });
    rmSync(dir, { recursive: true });
    persistence.startBackgroundSave();
    await untilSaved(persistence);
    expect(persistence.lastSaveOk).toBe(false);
    expect(persistence.writesRefused).toBe(false);
  });

  test.skipIf(process.platform !== "linux")("on a full disk fails, and the file of before stays", async () => {
    let full = false;
    const createFile = (path: string) => open(full ? "/dev/full" : path, full ? "w" : "wx");
    const setup = makePersistence({ dir, rdbcompression: "no" }, { createFile });
    const { persistence, keyspace, log } = setup;
    fill(setup, 100);
    persistence.startBackgroundSave();
    await untilSaved(persistence);
    const before = readFileSync(file());
    full = true;
    for (let i = 0; i < 200; i++) set(keyspace.databases[0], `more:${i}`, Buffer.alloc(60_000, i));
    persistence.startBackgroundSave();
    await untilSaved(persistence);
    expect(persistence.lastSaveOk).toBe(false);
    expect(log.lines.slice(-2)).toEqual([
      "! Write error while saving DB to the disk(write): No space left on device",
      "! Background saving error",
    ]);
    expect(readFileSync(file())).toEqual(before);
    expect(readdirSync(dir)).toEqual(["dump.rdb"]);
    for (const { table } of keyspace.databases) expect(table.guard).toBeNull();
  });

  test("cancelled it leaves no trace and is no failure", async () => {
    const setup = makePersistence({ dir });
    fill(setup, 20_000);
    setup.persistence.startBackgroundSave();
    await new Promise((resolve) => setImmediate(resolve));
    await setup.persistence.cancelBackgroundSave();
    expect(setup.persistence.saving).toBe(false);
    expect(setup.persistence.lastSaveOk).toBe(true);
    expect(setup.persistence.changesSinceSave).toBe(20_000);
    expect(readdirSync(dir)).toEqual([]);
    expect(setup.log.lines).toEqual(["Background saving started", "Background saving cancelled"]);
    await setup.persistence.cancelBackgroundSave();
    await setup.persistence.close();
  });

  test("rdb-key-save-delay stretches it", async () => {
    const setup = makePersistence({ dir, "rdb-key-save-delay": "10000" });
    fill(setup, 8);
    const pauses = spyOn(globalThis, "setTimeout");
    try {
      setup.persistence.startBackgroundSave();
      await untilSaved(setup.persistence);
      // 10 ms for each of 8 keys, the last one perhaps not waited for.
      expect(pauses.mock.calls.reduce((total, [, ms]) => total + (ms ?? 0), 0)).toBeGreaterThanOrEqual(70);
    } finally {
      pauses.mockRestore();
    }
  });
});

describe("what is saved by itself", () => {
  const start = (directives: Parameters<typeof makePersistence>[0]) => {
    const time = { seconds: 1000 };
    return { time, ...makePersistence({ dir, ...directives }, { clock: () => time.seconds * 1000 }) };
  };

  test("a save point: so many changes, and more than so many seconds since the last save", async () => {
    const setup = start({ save: "60 5 10 100" });
    const { persistence, time, log } = setup;
    fill(setup, 5);
    persistence.cron();
    time.seconds = 1060;
    persistence.cron();
    expect(persistence.saving).toBe(false);
    time.seconds = 1061;
    persistence.cron();
    expect(persistence.saving).toBe(true);
    expect(log.lines[0]).toBe("5 changes in 60 seconds. Saving...");
    await untilSaved(persistence);
    time.seconds = 2000;
    persistence.cron();
    expect(persistence.saving).toBe(false);
    fill(setup, 100);
    persistence.cron();
    expect(log.lines).toContain("5 changes in 60 seconds. Saving...");
    await untilSaved(persistence);
    expect(persistence.saves).toBe(2);
  });

  test("after a failure the next try waits for more than five seconds", async () => {
    const setup = start({ save: "1 1" });
    const { persistence, time } = setup;
    rmSync(dir, { recursive: true });
    fill(setup, 1);
    time.seconds = 1010;
    persistence.cron();
    await untilSaved(persistence);
    expect(persistence.lastSaveOk).toBe(false);
    time.seconds = 1015;
    persistence.cron();
    expect(persistence.saving).toBe(false);
    mkdirSync(dir);
    time.seconds = 1016;
    persistence.cron();
    expect(persistence.saving).toBe(true);
    await untilSaved(persistence);
    expect(persistence.lastSaveOk).toBe(true);
  });

  test("a scheduled save begins at the next look, once", async () => {
    const { persistence } = start({});
    persistence.saveScheduled = true;
    expect(persistence.saveScheduled).toBe(true);
    expect(persistence.saving).toBe(false);
    persistence.cron();
    expect(persistence.saving).toBe(true);
    expect(persistence.saveScheduled).toBe(false);
    await untilSaved(persistence);
    persistence.cron();
    expect(persistence.saving).toBe(false);
  });

  test("FLUSHALL ends the save under way and empties the file, if there are save points", async () => {
    for (let wait = 0; wait < 12; wait++) {
      const setup = start({ save: "3600 1" });
      const { persistence, keyspace } = setup;
      fill(setup, 2000);
      persistence.startBackgroundSave();
      // The save is caught at every stage, up to the renaming of the file.
      for (let turn = 0; turn < wait; turn++) await new Promise((resolve) => setImmediate(resolve));
      persistence.flushing();
      keyspace.clear({ sync: true });
      persistence.flushed();
      expect(image().entries).toEqual([]);
      await untilSaved(persistence);
      expect(image().entries).toEqual([]);
      expect(readdirSync(dir)).toEqual(["dump.rdb"]);
      expect(persistence.changesSinceSave).toBe(0);
    }
    const without = start({});
    rmSync(file());
    without.persistence.flushed();
    expect(existsSync(file())).toBe(false);
  });
});

describe("files of replication", () => {
  test("are removed with rdb-del-sync-files where nothing else is persisted", () => {
    const { persistence, log } = makePersistence({ dir, "rdb-del-sync-files": "yes" });
    persistence.save();
    persistence.removeSyncFile();
    expect(existsSync(file())).toBe(true);
    persistence.markSyncFile();
    persistence.removeSyncFile();
    expect(existsSync(file())).toBe(false);
    expect(log.lines.at(-1)).toContain("Removing the RDB file");
    persistence.save();
    persistence.removeSyncFile();
    expect(existsSync(file())).toBe(true);
  });

  test("stay without the directive, and where there are save points", () => {
    for (const directives of [{ "rdb-del-sync-files": "no" }, { "rdb-del-sync-files": "yes", save: "60 1" }]) {
      const { persistence } = makePersistence({ dir, ...directives });
      persistence.save();
      persistence.markSyncFile();
      persistence.removeSyncFile();
      expect(existsSync(file())).toBe(true);
    }
  });
});

describe("DEBUG RELOAD", () => {
  test("saves, empties and loads: all is as it was, and nothing counts as a change", () => {
    const setup = makePersistence({ dir });
    const { persistence, keyspace } = setup;
    fill(setup);
    const before = contents(keyspace);
    const { changes } = keyspace;
    persistence.reload();
    expect(contents(keyspace)).toEqual(before);
    expect(keyspace.changes).toBe(changes);
    expect(persistence.loading).toBeNull();
    expect(persistence.lastLoad.keysLoaded).toBe(5000);
    expect(setup.log.lines.at(-1)).toBe("DB reloaded by DEBUG RELOAD");
  });

  test("without saving goes back to the file; without emptying it must be told to merge", () => {
    const { persistence, keyspace } = makePersistence({ dir });
    const [database] = keyspace.databases;
    set(database, "a", "1");
    set(database, "b", "1", Date.now() + 100_000);
    persistence.save();
    set(database, "a", "2");
    set(database, "b", "2");
    set(database, "c", "2");
    expect(() => persistence.reload({ save: false, flush: false })).toThrow("ERR Error trying to load the RDB dump, check server logs.");
    persistence.reload({ save: false, flush: false, merge: true });
    expect(["a", "b", "c"].map((key) => get(database, key))).toEqual(["1", "1", "2"]);
    expect(database.expiry.size).toBe(1);
    persistence.reload({ save: false });
    expect(["a", "b", "c"].map((key) => get(database, key))).toEqual(["1", "1", null]);
  });

  test("that cannot save changes nothing; without a file it is an error", () => {
    const { persistence, keyspace } = makePersistence({ dir });
    set(keyspace.databases[0], "a", "1");
    expect(() => persistence.reload({ save: false, flush: false })).toThrow("ERR Error trying to load the RDB dump, check server logs.");
    rmSync(dir, { recursive: true });
    expect(() => persistence.reload()).toThrow(/^ERR$/);
    expect(get(keyspace.databases[0], "a")).toBe("1");
  });
});
