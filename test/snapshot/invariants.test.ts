/** Invariants of snapshots, files and images, broken on purpose: each is seen, and says why it must hold. */
import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Manifest } from "../../src/aof/manifest.ts";
import { AofWriter } from "../../src/aof/writer.ts";
import { asFailure, InvariantError } from "../../src/assert.ts";
import { Config } from "../../src/config/config.ts";
import { Journal } from "../../src/journal/journal.ts";
import type { Keyspace } from "../../src/keyspace/keyspace.ts";
import { LatencyMonitor } from "../../src/keyspace/latency-monitor.ts";
import { RdbEntry } from "../../src/rdb/entry.ts";
import { RdbWriter } from "../../src/rdb/writer.ts";
import { SnapshotFile, SnapshotFileSync } from "../../src/snapshot/file.ts";
import { FileQueue } from "../../src/snapshot/file-queue.ts";
import { DatabaseImage, Image } from "../../src/snapshot/image.ts";
import { LoadHandler } from "../../src/snapshot/load-handler.ts";
import { CommandSink } from "../../src/snapshot/sinks/commands.ts";
import { RdbImageSink, RdbSink, rdbForm } from "../../src/snapshot/sinks/rdb.ts";
import { Spool } from "../../src/snapshot/spool.ts";
import { StoredValue } from "../../src/snapshot/stored-value.ts";
import { TableWalk } from "../../src/snapshot/table-walk.ts";
import { BULK_BYTES, type ReadValue, type StreamedValue, streamValue } from "../../src/snapshot/value-walk.ts";
import { hashSet } from "../../src/values/hash/hash.ts";
import { DEFAULT_LIMITS } from "../../src/values/limits.ts";
import { ListEnd, listPush } from "../../src/values/list/list.ts";
import { Temporary } from "../../src/values/temporary.ts";
import { Encoding, Type } from "../../src/values/value-types.ts";
import { MemoryLog, makeKeyspace, makePersistence, NOW, set } from "./support.ts";

/** What an invariant that does not hold says. */
function broken(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof InvariantError) return error.message;
    throw error;
  }
  return "nothing was broken";
}

async function brokenLater(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(InvariantError);
  return (error as Error).message;
}

const writer = (): RdbWriter => new RdbWriter({ write() {} }, { compress: false, checksum: false });
const bytes = Buffer.from("some bytes");

function filled(keys: number): Keyspace {
  const keyspace = makeKeyspace(1);
  for (let index = 0; index < keys; index++) set(keyspace.databases[0], `key:${index}`, "value");
  return keyspace;
}

function walkOf(keyspace: Keyspace): TableWalk {
  return new TableWalk(keyspace.databases[0].table, { blocked: false, write: () => 1, keep() {} });
}

describe("a walk through a table", () => {
  test("goes on only while it guards the table", () => {
    const walk = walkOf(filled(100));
    walk.release();
    expect(broken(() => walk.step(1000))).toBe("a table is walked only while it is guarded");
  });

  for (const [what, unheard, reason] of [
    ["when a record comes in", false, "a table that is walked has the chains that it had when the walk began"],
    ["when it goes on", true, "chains do not move while a table is walked"],
  ] as const) {
    test(`sees that the chains have moved: ${what}`, () => {
      const keyspace = filled(100);
      const walk = walkOf(keyspace);
      const [database] = keyspace.databases;
      database.table.resumeRehash();
      const grow = (): void => {
        if (unheard) database.table.guard = null;
        for (let index = 0; database.table.chainCount < 1000; index++) set(database, `more:${index}`, "value");
        walk.step(1000);
      };
      expect(broken(grow)).toBe(reason);
    });
  }

  test("sees that a record came in without the guard hearing of it", () => {
    const keyspace = filled(20);
    const walk = walkOf(keyspace);
    keyspace.databases[0].table.guard = null;
    set(keyspace.databases[0], "unheard of", "value");
    expect(broken(() => walk.step(Number.POSITIVE_INFINITY))).toBe("a walk has written each record that the table had at its start once");
  });

  test("is released while rehash still stands still", () => {
    const keyspace = filled(20);
    const walk = walkOf(keyspace);
    keyspace.databases[0].table.resumeRehash();
    expect(broken(() => walk.release())).toBe("a table that is guarded does not rehash");
  });
});

describe("a value that is given in steps", () => {
  function streamed(type: Type, value: ReadValue): StreamedValue {
    const sink = new RdbSink(writer(), rdbForm("auto"));
    return streamValue(sink, () => sink, type, value);
  }

  function made(type: Type, fill: (draft: Temporary, name: Buffer) => void): Temporary {
    const draft = new Temporary(makeKeyspace(1).space, DEFAULT_LIMITS).begin(type);
    for (let index = 0; index < 5000; index++) fill(draft, Buffer.from(`element ${index}`));
    return draft;
  }

  const string = { object: null, encoding: Encoding.RAW, buffer: Buffer.alloc(BULK_BYTES + 1), from: 0, to: BULK_BYTES + 1 };
  const hash = made(Type.HASH, (draft, name) => hashSet(draft, name, 0, name.length, name, 0, name.length));
  const list = made(Type.LIST, (draft, name) => listPush(draft, name, 0, name.length, ListEnd.TAIL));

  for (const [what, type, value, reason] of [
    ["a string", Type.STRING, string, "a long string is asked for more only while there is more"],
    ["a hash", Type.HASH, hash, "a large collection is asked for more only while there is more"],
    ["a list", Type.LIST, list, "a list or stream is asked for more only while there is more"],
  ] as const) {
    test(`has an end: ${what}`, () => {
      const whole = streamed(type, value);
      while (!whole.done) whole.step(1000);
      expect(broken(() => whole.step(1000))).toBe(reason);
    });
  }

  test("is no small collection", () => {
    expect(broken(() => streamed(Type.SET, string))).toBe("only strings are long and held as bytes");
  });
});

describe("an image", () => {
  function imageOf(keyspace: Keyspace): { image: Image; from: DatabaseImage } {
    const sink = new RdbImageSink(writer(), keyspace, { usage: "none", aux: [] });
    const image = new Image(sink, { compress: false, inSteps: true });
    return { image, from: new DatabaseImage(image, keyspace.databases[0]) };
  }

  test("does not end before what waits in its queue", () => {
    const keyspace = makeKeyspace(1);
    set(keyspace.databases[0], "long", Buffer.alloc(BULK_BYTES + 1));
    const { image, from } = imageOf(keyspace);
    from.walk.step(Number.POSITIVE_INFINITY);
    expect(broken(() => image.end())).toBe("an image ends after its last entry");
  });

  test("drains no queue that is empty", () => {
    const { image } = imageOf(filled(1));
    expect(broken(() => image.drain(1000))).toBe("only a queue with something in it is drained");
  });

  test("is made of values that are only read", () => {
    expect(broken(() => new StoredValue().splice())).toBe("a stored value is only read");
    expect(broken(() => new StoredValue().tables)).toBe("a stored value is shown before it is read");
  });
});

describe("a value as commands", () => {
  test("has as many elements as it was said to have, no more and no fewer", () => {
    const sink = new CommandSink(writer());
    sink.collection(Type.SET, 1);
    expect(broken(() => sink.end())).toBe("a value ends after its last element");
    sink.element(bytes, 0, 4);
    sink.end();
    expect(broken(() => sink.element(bytes, 0, 4))).toBe("a collection has as many elements as it was said to have");
  });

  test("has as many bytes as it was said to have", () => {
    const sink = new CommandSink(writer());
    sink.longString(5);
    expect(broken(() => sink.piece(bytes, 0, 6))).toBe("the pieces of a string are no longer than it was said to be");
  });
});

describe("the RDB format", () => {
  test("has no compressed form that is longer than its string", () => {
    expect(broken(() => writer().lzfString(bytes, 0, 10, 9))).toBe("the compressed form of a string is not longer than the string");
    expect(broken(() => new RdbWriter({ write() {} }, { bufferBytes: 8 }))).toContain("at least 32 bytes");
  });

  test("is loaded into the place that was given for a value, and into no other", () => {
    const keyspace = makeKeyspace(1);
    const handler = new LoadHandler(keyspace, new MemoryLog(), { dropExpired: false }, { maxReserve: 1, startedAt: NOW });
    const other = new Temporary(keyspace.space, DEFAULT_LIMITS).begin(Type.SET);
    expect(broken(() => handler.collection(new RdbEntry(), other))).toBe("a value is built in the place that was given for it");
  });
});

describe("files", () => {
  async function inDirectory(act: (directory: string) => Promise<void>): Promise<void> {
    const directory = mkdtempSync(join(tmpdir(), "replicant-invariants-"));
    try {
      await act(directory);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  }

  test("take nothing after their end", () => {
    const queue = new FileQueue({ room() {}, failure: () => new Error(), syncBytes: 0 });
    queue.end();
    expect(broken(() => queue.write(bytes, 0, 1))).toBe("nothing is written to a file after its end");
  });

  test("are made from one image, and are open while they are written", () =>
    inDirectory(async (directory) => {
      const place = { directory, name: "dump.rdb", incrementalSync: false };
      const { promise, resolve } = Promise.withResolvers<Error | null>();
      const file = new SnapshotFile({ ...place, settled: resolve });
      const source = { wake() {}, cancel() {} };
      file.start(source);
      expect(broken(() => file.start(source))).toBe("a file is made from one image");
      file.failed(new Error("given up"));
      expect(await promise).toMatchObject({ message: "given up" });
      const sync = new SnapshotFileSync(place);
      sync.failed(new Error("given up"));
      expect(broken(() => sync.write(bytes, 0, 1))).toBe("an image is written to an open file");
    }));

  test("hold no more of a master's image than came", () =>
    inDirectory(async (directory) => {
      const spool = new Spool({ directory, room() {}, failed() {}, broken: asFailure });
      spool.push(bytes, 0, 5);
      expect(await brokenLater(spool.complete(6))).toBe("an image has no more bytes than came");
      spool.discard();
      await spool.gone;
    }));

  test("are loaded in pieces, of which a load takes no more than it is given", () =>
    inDirectory(async (directory) => {
      const path = join(directory, "file");
      writeFileSync(path, bytes);
      const { persistence } = makePersistence({ dir: directory });
      const greedy = { finished: false, keysLoaded: 0, keysExpired: 0, push: () => 1000 };
      expect(await brokenLater(persistence.feed(await open(path), greedy, () => false))).toBe(
        "a load takes no more bytes than it is given",
      );
      const forgetful = { finished: false, keysLoaded: 2, keysExpired: 0, push: () => forgetful.keysLoaded-- };
      writeFileSync(path, Buffer.alloc(3_000_000));
      expect(broken(() => persistence.feedNow(path, forgetful))).toBe("the keys of a load are counted upwards");
    }));
});

describe("the append-only file", () => {
  test("keeps no more increments than it has, and gives numbers upwards", () => {
    const manifest = new Manifest().withBase("aof", "rdb").withIncrement("aof");
    expect(broken(() => manifest.withoutIncrements(2))).toBe("a rewrite keeps no more increments than there are");
    expect(broken(() => new Manifest({ ...manifest, baseSequence: 0 }))).toBe(
      "the number given to a base last is not below that of the base",
    );
    expect(broken(() => new Manifest({ ...manifest, incrementSequence: 0 }))).toBe("nor is that of the increments");
  });

  test("becomes shorter when it is cut", () => {
    const events = { statusChanged() {}, flushed() {}, fatal() {}, broken: asFailure };
    const made = new AofWriter({
      config: Config.of({}),
      log: new MemoryLog(),
      journal: new Journal(),
      latency: new LatencyMonitor(),
      events,
      diskBusy: () => false,
    });
    expect(broken(() => made.truncatedTo(1))).toBe("a file that is cut becomes shorter");
  });
});
