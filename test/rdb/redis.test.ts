/** The codec against a real Redis: its files read by us, ours loaded and checked by it. */
import { expect, test } from "bun:test";
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RdbReader } from "../../src/rdb/reader.ts";
import type { RawClient, Word } from "../support/client.ts";
import type { ServerProcess } from "../support/process.ts";
import { describeWithRedis, startRedis } from "../support/redis.ts";
import { datasetDigest, EMPTY_DIGEST, type Entry, entry, Random, Recorder, readImage, writeEntries, writeImage } from "./support.ts";

const FUTURE = Date.now() + 3_600_000;
const DEBUG = ["--enable-debug-command", "yes"];

/** Runs `body` with a data directory that is removed afterwards. */
async function inDirectory<T>(body: (dir: string) => Promise<T>): Promise<T> {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), "replicant-rdb-")));
  try {
    return await body(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Runs `body` with a Redis and one client of it. */
async function withRedis<T>(args: string[], body: (client: RawClient, redis: ServerProcess) => Promise<T>, dir?: string): Promise<T> {
  await using redis = await startRedis({ args: [...DEBUG, ...args], ...(dir === undefined ? {} : { dir }) });
  const client = await redis.connect();
  try {
    return await body(client, redis);
  } finally {
    client.close();
  }
}

/** Puts these entries into a Redis, in their databases, and checks that all of it was accepted. */
async function fill(client: RawClient, entries: readonly Entry[]): Promise<void> {
  const commands: Word[][] = [["DEBUG", "SET-ACTIVE-EXPIRE", "0"]];
  for (const { db, key, value, expireAt } of entries) {
    commands.push(["SELECT", db], ["SET", latin1(key), latin1(value), ...(expireAt === -1 ? [] : ["PXAT", expireAt])]);
  }
  for (const reply of await client.pipeline(commands)) expect(reply.toString("latin1")).toBe("+OK\r\n");
}

/** The file that a Redis saves of these entries, and what it says of them. */
function savedByRedis(entries: readonly Entry[], args: string[] = []): Promise<{ file: Buffer; digest: string }> {
  return withRedis(args, async (client, redis) => {
    await fill(client, entries);
    const digest = await client.text("DEBUG", "DIGEST");
    expect(await client.text("SAVE")).toBe("OK");
    return { file: Buffer.from(await Bun.file(join(redis.dir, "dump.rdb")).arrayBuffer()), digest };
  });
}

const latin1 = (text: string): Buffer => Buffer.from(text, "latin1");
/** In an order of their own: a Redis saves in that of its table. */
const sorted = (entries: readonly Entry[]): Entry[] => [...entries].sort((a, b) => a.db - b.db || (a.key < b.key ? -1 : 1));

/** Strings of every encoding in memory and in the file. */
const SMALL: Entry[] = [
  entry("int8", "-128"),
  entry("int16", "12345", { expireAt: FUTURE }),
  entry("int32", "-2147483648"),
  entry("int64", "9223372036854775807"),
  entry("embstr", "forty-four bytes or less"),
  entry("raw", new Random(20).bytes(80).toString("latin1")),
  entry("lzf", "compressible ".repeat(20)),
  entry("empty", ""),
  entry("gone", "expired long ago", { expireAt: 1 }),
  entry("1234", "a key that is an integer", { db: 2 }),
  entry(`binary \x00\r\n\xff ${"k".repeat(60)}`, "\x00\xff", { db: 2, expireAt: FUTURE + 1 }),
  entry("z".repeat(100), "a key that compresses", { db: 15 }),
];
const LARGE: Entry[] = [
  ...SMALL,
  entry("1 MB random", new Random(21).bytes(1_000_000).toString("latin1")),
  entry("1 MB letters", new Random(22).bytes(1_000_000, 20).toString("latin1"), { expireAt: FUTURE }),
  entry("1 MB zeros", "\0".repeat(1_000_000), { db: 7 }),
];

describeWithRedis("files of a real Redis", () => {
  test("are read whole, and add up to its own digest", async () => {
    for (const args of [[], ["--rdbcompression", "no"]]) {
      const { file, digest } = await savedByRedis(LARGE, args);
      for (const piece of [file.length, 65536, 1009]) {
        const { seen, reader, used } = readImage(file, piece);
        expect(sorted(seen.entries)).toEqual(sorted(LARGE));
        expect([reader.checksum, used]).toEqual(["verified", file.length]);
        expect(seen.databases).toEqual([
          { index: 0, keys: 11, expires: 3 },
          { index: 2, keys: 2, expires: 1 },
          { index: 7, keys: 1, expires: 0 },
          { index: 15, keys: 1, expires: 0 },
        ]);
        expect(seen.auxFields.map(([name]) => name)).toEqual(["redis-ver", "redis-bits", "ctime", "used-mem", "aof-base"]);
        expect(datasetDigest(seen.entries)).toBe(digest);
      }
    }
  });

  test("are read the same when cut in two at any byte", async () => {
    const { file } = await savedByRedis(SMALL);
    for (let cut = 0; cut <= file.length; cut++) {
      const seen = new Recorder();
      const reader = new RdbReader(seen);
      expect(reader.push(file, 0, cut) + reader.push(file, cut)).toBe(file.length);
      expect(reader.checksum).toBe("verified");
      expect(sorted(seen.entries)).toEqual(sorted(SMALL));
    }
  });

  test("are what we write, byte for byte, when nothing is compressed", async () => {
    for (const checksum of ["yes", "no"]) {
      const { file } = await savedByRedis(LARGE, ["--rdbcompression", "no", "--rdbchecksum", checksum]);
      const { seen } = readImage(file);
      const ours = writeImage((writer) => writeEntries(writer, seen.entries, seen.auxFields), {
        compress: false,
        checksum: checksum === "yes",
      });
      expect(ours.equals(file)).toBe(true);
    }
  });

  test("are no smaller than ours by more than 2 % when all is compressed", async () => {
    const { file } = await savedByRedis(LARGE);
    const { seen } = readImage(file);
    const ours = writeImage((writer) => writeEntries(writer, seen.entries, seen.auxFields));
    expect(ours.length).toBeLessThan(file.length * 1.02);
  });

  test("carry idle times under an LRU policy and counters under an LFU policy", async () => {
    const lru = readImage((await savedByRedis(SMALL, ["--maxmemory-policy", "allkeys-lru"])).file).seen.entries;
    expect(lru.map(({ idle, freq }) => [idle >= 0 && idle < 60, freq])).toEqual(Array(SMALL.length).fill([true, -1]));
    const lfu = readImage((await savedByRedis(SMALL, ["--maxmemory-policy", "allkeys-lfu"])).file).seen.entries;
    expect(lfu.map(({ idle, freq }) => [idle, freq >= 1 && freq <= 255])).toEqual(Array(SMALL.length).fill([-1, true]));
  });

  test("carry its function libraries", async () => {
    const code = `#!lua name=mylib\n${"-- padding that compresses\n".repeat(5)}redis.register_function('f', function() return 1 end)`;
    await withRedis([], async (client, redis) => {
      await client.text("FUNCTION", "LOAD", code);
      await client.text("SAVE");
      const { seen } = readImage(Buffer.from(await Bun.file(join(redis.dir, "dump.rdb")).arrayBuffer()));
      expect(seen.libraries).toEqual([code]);
      expect(seen.entries).toEqual([]);
    });
  });
});

describeWithRedis("our files", () => {
  test("pass redis-check-rdb and load into a real Redis with every value, expiry and digest", async () => {
    const entries = LARGE.filter(({ expireAt }) => expireAt !== 1);
    for (const options of [{}, { compress: false }, { checksum: false }]) {
      await inDirectory(async (dir) => {
        const path = join(dir, "dump.rdb");
        await Bun.write(
          path,
          writeImage((writer) => writeEntries(writer, sorted(entries), [["redis-ver", "7.2.4"]]), options),
        );
        await expectPassesCheck(path, entries.length, options.checksum !== false);
        await withRedis([], (client) => expectHolds(client, entries), dir);
      });
    }
  });

  test("load with idle times and counters where the policy asks for them", async () => {
    await inDirectory(async (dir) => {
      const file = writeImage((writer) => writeEntries(writer, [entry("a", "1", { idle: 5000 }), entry("b", "2", { idle: 0 })]));
      await Bun.write(join(dir, "dump.rdb"), file);
      await withRedis(
        ["--maxmemory-policy", "allkeys-lru"],
        async (client) => {
          expect(Math.abs(Number(await client.text("OBJECT", "IDLETIME", "a")) - 5000)).toBeLessThan(60);
          expect(Number(await client.text("OBJECT", "IDLETIME", "b"))).toBeLessThan(60);
        },
        dir,
      );
    });
    await inDirectory(async (dir) => {
      const file = writeImage((writer) => writeEntries(writer, [entry("a", "1", { freq: 200 }), entry("b", "2", { freq: 3 })]));
      await Bun.write(join(dir, "dump.rdb"), file);
      await withRedis(
        ["--maxmemory-policy", "allkeys-lfu"],
        async (client) => {
          expect(Number(await client.text("OBJECT", "FREQ", "a"))).toBe(200);
          expect(Number(await client.text("OBJECT", "FREQ", "b"))).toBe(3);
        },
        dir,
      );
    });
  });

  test("drop what expired in the past when a master loads them", async () => {
    await inDirectory(async (dir) => {
      await Bun.write(
        join(dir, "dump.rdb"),
        writeImage((writer) => writeEntries(writer, SMALL)),
      );
      await withRedis(
        [],
        async (client) => {
          expect(await client.text("DBSIZE")).toBe("8");
          expect(await client.text("EXISTS", "gone")).toBe("0");
        },
        dir,
      );
    });
  });

  test("load their function libraries", async () => {
    await inDirectory(async (dir) => {
      const image = writeImage((writer) => {
        writer.header([]);
        writer.library(Buffer.from("#!lua name=mylib\nredis.register_function('answer', function() return 42 end)"));
        writer.end();
      });
      await Bun.write(join(dir, "dump.rdb"), image);
      await withRedis([], async (client) => expect(await client.text("FCALL", "answer", 0)).toBe("42"), dir);
    });
  });

  test("of random entries load into a real Redis with the same digest", async () => {
    const random = new Random(23);
    const entries = random.entries(2000).map((made) => ({ ...made, idle: -1, freq: -1 }));
    await inDirectory(async (dir) => {
      await Bun.write(
        join(dir, "dump.rdb"),
        writeImage((writer) => writeEntries(writer, entries)),
      );
      await withRedis([], async (client) => expect(await client.text("DEBUG", "DIGEST")).toBe(datasetDigest(entries)), dir);
    });
  });

  test("of nothing load as nothing", async () => {
    await inDirectory(async (dir) => {
      await Bun.write(
        join(dir, "dump.rdb"),
        writeImage((writer) => writeEntries(writer, [])),
      );
      await withRedis([], async (client) => expect(await client.text("DEBUG", "DIGEST")).toBe(EMPTY_DIGEST), dir);
    });
  });
});

async function expectPassesCheck(path: string, keys: number, hasChecksum: boolean): Promise<void> {
  const checker = Bun.which("redis-check-rdb");
  if (checker === null) throw new Error("there is a redis-server but no redis-check-rdb on the PATH");
  const check = Bun.spawn([checker, path], { stdout: "pipe", stderr: "pipe" });
  const printed = await new Response(check.stdout).text();
  expect(await check.exited).toBe(0);
  expect(printed).toContain(hasChecksum ? "Checksum OK" : "RDB file was saved with checksum disabled");
  expect(printed).toContain("\\o/ RDB looks OK! \\o/");
  expect(printed).toContain(`${keys} keys read`);
}

/** Checks that a Redis has exactly these entries. */
async function expectHolds(client: RawClient, entries: readonly Entry[]): Promise<void> {
  for (const { db, key, value, expireAt } of entries) {
    await client.text("SELECT", db);
    expect((await client.text("GET", latin1(key))) === value).toBe(true);
    expect(await client.text("PEXPIRETIME", latin1(key))).toBe(String(expireAt));
  }
  expect(await client.text("DEBUG", "DIGEST")).toBe(datasetDigest(entries));
}
