/** A broken invariant stops the server that it concerns, wherever it is met: it is no failed save or load, and no other server's business. */
import { describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InvariantError } from "../../src/assert.ts";
import { failureWords } from "../../src/config/error.ts";
import { Snapshot } from "../../src/snapshot/snapshot.ts";
import { AofServer, Directory } from "../aof/support.ts";
import { Ours, until } from "../replication/support.ts";
import { ManualLoop, makeKeyspace, makePersistence, set, snapshotOptions } from "../snapshot/support.ts";

const fault = (): never => {
  throw new InvariantError("broken on purpose");
};

/** Has a method of `target` meet the fault. */
function sabotage(target: object, method: string): void {
  Object.defineProperty(target, method, { value: fault, configurable: true });
}

async function inDirectory(act: (dir: string) => Promise<void>): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), "replicant-broken-"));
  try {
    await act(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

describe("a save", () => {
  test("in the foreground throws it", () =>
    inDirectory(async (dir) => {
      const { persistence, log } = makePersistence({ dir, save: "1 1" });
      sabotage(persistence, "snapshotOptions");
      for (const save of [() => persistence.save(), () => persistence.flushed(), () => persistence.reload()])
        expect(save).toThrow(InvariantError);
      expect(log.lines).toEqual([]);
    }));

  test("in the background tells it, of its image and of its file alike", () =>
    inDirectory(async (dir) => {
      for (const part of ["image", "file"]) {
        const { promise, resolve } = Promise.withResolvers<InvariantError>();
        const createFile = async (path: string) => {
          const handle = await open(path, "wx");
          if (part === "file") sabotage(handle, "sync");
          return handle;
        };
        const { persistence, keyspace } = makePersistence({ dir }, { broken: resolve, createFile });
        set(keyspace.databases[0], "key", "value");
        if (part === "image") sabotage(keyspace.databases[0].table, "keyBuffer");
        persistence.startBackgroundSave();
        expect((await promise).message).toBe("broken on purpose");
        await persistence.close();
        expect(persistence.saving).toBe(false);
      }
    }));

  test("does not take it for what its consumer has against it", () => {
    const keyspace = makeKeyspace(1);
    const told: Error[] = [];
    const consumer = { write: fault, ready: () => true, finished() {}, failed: (error: Error) => void told.push(error) };
    expect(() => new Snapshot(keyspace, consumer, snapshotOptions(new ManualLoop()), "whole").runNow()).toThrow(InvariantError);
    expect(told.map(({ message }) => message)).toEqual(["broken on purpose"]);
  });
});

describe("a load", () => {
  test("of an RDB file throws it, at start and for DEBUG RELOAD", () =>
    inDirectory(async (dir) => {
      const { persistence, keyspace, log } = makePersistence({ dir });
      set(keyspace.databases[0], "key", "value");
      persistence.save();
      sabotage(keyspace.databases[0], "loadString");
      expect(() => persistence.reload({ save: false })).toThrow(InvariantError);
      expect(await persistence.load().catch((error: unknown) => error)).toBeInstanceOf(InvariantError);
      expect(log.lines.filter((line) => line.startsWith("!"))).toEqual([]);
    }));

  test("of an append-only file throws it, at start and for DEBUG LOADAOF", async () => {
    using directory = new Directory();
    await using server = await AofServer.start(directory);
    await server.run("SET", "key", "value");
    const { appendOnly } = server.server;
    sabotage(Reflect.get(appendOnly, "runner"), "run");
    expect(() => appendOnly.reloadNow()).toThrow(InvariantError);
    expect(await appendOnly.reload().catch((error: unknown) => error)).toBeInstanceOf(InvariantError);
    expect(await appendOnly.load().catch((error: unknown) => error)).toBeInstanceOf(InvariantError);
  });
});

test("a failed operation on a file is put in words, a broken invariant is not", () => {
  expect(failureWords(Object.assign(new Error("x"), { code: "ENOSPC" }))).toBe("No space left on device");
  expect(() => failureWords(new InvariantError("broken on purpose"))).toThrow(InvariantError);
});

describe("a server stops with code 1, and no other does", () => {
  async function stops(part: Ours | AofServer, other: Ours): Promise<void> {
    expect(await part.server.stopped).toBe(1);
    expect(await other.client.text("PING")).toBe("PONG");
  }

  test("when its append-only file meets it", async () => {
    using directory = new Directory();
    await using other = await Ours.start();
    await using server = await AofServer.start(directory);
    sabotage(server.server.appendOnly.writer, "write");
    server.client.send(Buffer.from("SET key value\r\n"));
    Object.defineProperty(server.server.appendOnly.writer, "isOpen", { value: false });
    await stops(server, other);
    expect(readFileSync(join(directory.path, "log"), "latin1")).toContain("internal error: InvariantError: broken on purpose");
  });

  for (const diskless of ["disabled", "on-empty-db"]) {
    test(`when it loads its master's image, repl-diskless-load ${diskless}`, async () => {
      await using master = await Ours.start();
      await using replica = await Ours.start({ "repl-diskless-load": diskless });
      await master.client.text("SET", "key", "value");
      sabotage(replica.server.keyspace.databases[0], "loadString");
      await replica.client.text("REPLICAOF", "127.0.0.1", master.port);
      await stops(replica, master);
    });
  }

  test("when it runs its master's stream", async () => {
    await using master = await Ours.start();
    await using replica = await Ours.start();
    await replica.client.text("REPLICAOF", "127.0.0.1", master.port);
    await until("the link to be up", () => replica.server.replication.link?.connected === true);
    sabotage(replica.server.journal, "appendRaw");
    await master.client.text("SET", "key", "value");
    await stops(replica, master);
  });

  test("when it sends its replicas the stream", async () => {
    await using master = await Ours.start();
    await using replica = await Ours.start();
    await replica.client.text("REPLICAOF", "127.0.0.1", master.port);
    await until("the link to be up", () => replica.server.replication.link?.connected === true);
    sabotage(master.server.journal, "read");
    master.client.send(Buffer.from("SET key value\r\n"));
    await stops(master, replica);
  });
});
