import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { asFailure } from "../../src/assert.ts";
import type { SaveError } from "../../src/snapshot/file.ts";
import { Spool, type SpoolOptions } from "../../src/snapshot/spool.ts";

let directory = "";

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "replicant-spool-"));
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

function make(options: Partial<SpoolOptions> = {}) {
  const failures: SaveError[] = [];
  const failed = Promise.withResolvers<string>();
  const spool = new Spool({
    directory,
    room: () => {},
    failed: (error) => {
      failures.push(error);
      failed.resolve(error.message);
    },
    broken: asFailure,
    ...options,
  });
  return { spool, failures, failed: failed.promise };
}

async function content(file: FileHandle): Promise<Buffer> {
  try {
    return await file.readFile();
  } finally {
    await file.close();
  }
}

describe("a spool", () => {
  test("gives back what was pushed, cut to the length wanted, and leaves no file", async () => {
    const { spool, failures } = make();
    const bytes = Buffer.alloc(3_000_000, "0123456789abcdef");
    for (let at = 0; at < bytes.length; at += 70_001) {
      const to = Math.min(bytes.length, at + 70_001);
      expect(spool.push(bytes, at, to)).toBe(to - at);
    }
    const file = await spool.complete(bytes.length - 40);
    expect(readdirSync(directory)).toHaveLength(1);
    expect((await content(file)).equals(bytes.subarray(0, -40))).toBe(true);
    spool.discard();
    await spool.gone;
    expect(readdirSync(directory)).toEqual([]);
    expect(failures).toEqual([]);
  });

  test("says when the disk does not keep up, and when it has caught up", async () => {
    const room = Promise.withResolvers<void>();
    const { spool } = make({ room: () => room.resolve() });
    const bytes = Buffer.alloc(1024 * 1024);
    let pushed = 0;
    while (spool.ready()) pushed += spool.push(bytes, 0, bytes.length);
    expect(pushed).toBe(4 * 1024 * 1024);
    await room.promise;
    expect(spool.ready()).toBe(true);
    spool.discard();
    await spool.gone;
  });

  test("discarded while it is created or written leaves no file and reports nothing", async () => {
    const { spool, failures } = make();
    spool.push(Buffer.alloc(2_000_000), 0, 2_000_000);
    spool.discard();
    await spool.gone;
    expect(readdirSync(directory)).toEqual([]);
    const other = make();
    other.spool.push(Buffer.alloc(2_000_000), 0, 2_000_000);
    while (readdirSync(directory).length === 0) await new Promise((resolve) => setImmediate(resolve));
    other.spool.discard();
    await other.spool.gone;
    expect(readdirSync(directory)).toEqual([]);
    expect([...failures, ...other.failures]).toEqual([]);
  });

  test("in a directory that is not there says so, once, and to who waits for the file as well", async () => {
    const { spool, failures, failed } = make({ directory: join(directory, "gone") });
    const reason = "Opening the temp file needed for MASTER <-> REPLICA synchronization: No such file or directory";
    expect(await failed).toBe(reason);
    await expect(spool.complete(0)).rejects.toThrow(reason);
    await spool.gone;
    expect(failures).toHaveLength(1);
  });

  test.skipIf(process.platform !== "linux")("on a full disk says so, takes no more memory, and is gone by itself", async () => {
    const { spool, failed } = make({ create: () => open("/dev/full", "w") });
    const bytes = Buffer.alloc(1024 * 1024);
    spool.push(bytes, 0, bytes.length);
    expect(await failed).toBe(
      "Write error or short write writing to the DB dump file needed for MASTER <-> REPLICA synchronization: No space left on device (write)",
    );
    for (let count = 0; count < 20; count++) spool.push(bytes, 0, bytes.length);
    expect(spool.ready()).toBe(true);
    await expect(spool.complete(1)).rejects.toThrow("No space left on device");
  });
});
