/**
 * Nodes of lists and streams that stay compressed after a start until a command looks into them (src/rdb/compressed-node.ts), and what a
 * file's checksum is trusted with: two servers that began with the same file, one of them told not to look at checksums so that it decodes
 * everything at once, answer alike.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NodeDeque } from "../../src/memory/nodes.ts";
import { VALUE_TYPE } from "../../src/rdb/format.ts";
import { LzfCompressor } from "../../src/rdb/lzf.ts";
import type { RdbWriter } from "../../src/rdb/writer.ts";
import { LoadError } from "../../src/snapshot/load-handler.ts";
import { StoredValue } from "../../src/snapshot/stored-value.ts";
import type { Stream } from "../../src/values/stream/stream.ts";
import { find, makePersistence } from "../snapshot/support.ts";
import { connect, encodeCommand, type RawClient, type Word } from "../support/client.ts";
import { Random } from "../support/property.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { stringEntry, writeImage } from "./support.ts";

/** Enough for the list to be written bit by bit. */
const ELEMENTS = 8000;
const element = (index: number): string => `element ${index} of the list, ${"x".repeat(index % 17)} ${index % 7 === 0 ? index : "text"}`;

let dir = "";
let file = "";

/** A server with its client, started with the file; `eager`: it keeps nothing compressed. */
class Side implements AsyncDisposable {
  readonly test: TestServer;
  readonly client: RawClient;
  private readonly directory: string;

  private constructor(server: TestServer, client: RawClient, directory: string) {
    this.test = server;
    this.client = client;
    this.directory = directory;
  }

  static async start(from: string | null, eager: boolean): Promise<Side> {
    const directory = mkdtempSync(join(tmpdir(), "replicant-dormant-"));
    if (from !== null) copyFileSync(from, join(directory, "dump.rdb"));
    const server = await startServer({ dir: directory, rdbchecksum: eager ? "no" : "yes" });
    return new Side(server, await connect(server.port), directory);
  }

  get path(): string {
    return join(this.directory, "dump.rdb");
  }

  async raw(...words: Word[]): Promise<string> {
    this.client.send(encodeCommand(words));
    return (await this.client.readReply()).toString("latin1");
  }

  nodes(key: string): NodeDeque {
    const [database] = this.test.server.keyspace.databases;
    const held = new StoredValue().show(database.table, find(database, key)).object;
    return key.startsWith("stream") ? (held as Stream).nodes : (held as NodeDeque);
  }

  dormant(key: string): number {
    const nodes = this.nodes(key);
    return Array.from({ length: nodes.length }, (_, index) => nodes.isCompressed(index)).filter(Boolean).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.close();
    await this.test.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

async function both<T>(use: (lazy: Side, eager: Side) => Promise<T>): Promise<T> {
  await using lazy = await Side.start(file, false);
  await using eager = await Side.start(file, true);
  return await use(lazy, eager);
}

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "replicant-dormant-"));
  file = join(dir, "dump.rdb");
  await using maker = await Side.start(null, false);
  for (let from = 0; from < ELEMENTS; from += 100)
    await maker.raw("RPUSH", "list", ...Array.from({ length: 100 }, (_, index) => element(from + index)));
  for (let index = 0; index < ELEMENTS; index++) {
    const fields = index % 50 === 0 ? ["other", "field", "number", index] : ["name", `entry ${index}`, "more", "the same text"];
    await maker.raw("XADD", "stream", `${1000 + (index >> 1)}-${index & 1}`, ...fields);
  }
  for (let index = 0; index < ELEMENTS; index += 40) await maker.raw("XDEL", "stream", `${1000 + (index >> 1)}-${index & 1}`);
  await maker.raw("XGROUP", "CREATE", "stream", "group", "0");
  await maker.raw("XREADGROUP", "GROUP", "group", "consumer", "COUNT", 500, "STREAMS", "stream", ">");
  await maker.raw("SAVE");
  copyFileSync(maker.path, file);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** A command on either value, of any kind. */
function step(random: Random): Word[] {
  const index = random.below(ELEMENTS);
  const id = `${1000 + (index >> 1)}-${index & 1}`;
  const later = `${1000 + (index >> 1) + random.below(400)}-${index & 1}`;
  const text = element(index);
  const choices: Word[][] = [
    ["LLEN", "list"],
    ["LINDEX", "list", index],
    ["LINDEX", "list", -index],
    ["LRANGE", "list", index, index + random.below(600)],
    ["LPOS", "list", text],
    ["LPOS", "list", text, "RANK", -1],
    ["LSET", "list", index, "set"],
    ["LINSERT", "list", random.chance(0.5) ? "BEFORE" : "AFTER", text, "y".repeat(random.below(3000))],
    ["LREM", "list", random.below(5) - 2, text],
    ["LTRIM", "list", random.below(300), -1 - random.below(300)],
    ["LPUSH", "list", "front"],
    ["RPUSH", "list", "back"],
    ["LPOP", "list", random.below(200)],
    ["RPOP", "list", random.below(200)],
    ["LMOVE", "list", "list", "LEFT", "RIGHT"],
    ["COPY", "list", "list2", "REPLACE"],
    ["LRANGE", "list2", index, index + 20],
    ["DUMP", "list"],
    ["OBJECT", "ENCODING", "list"],
    ["SORT", "list", "ALPHA", "LIMIT", 0, 5],
    ["DEBUG", "DIGEST-VALUE", "list", "stream"],
    ["XLEN", "stream"],
    ["XRANGE", "stream", id, later],
    ["XRANGE", "stream", id, "+", "COUNT", random.below(300)],
    ["XREVRANGE", "stream", later, id, "COUNT", random.below(300)],
    ["XREAD", "COUNT", 7, "STREAMS", "stream", id],
    ["XDEL", "stream", id, later],
    ["XTRIM", "stream", "MAXLEN", "~", ELEMENTS - random.below(900)],
    ["XTRIM", "stream", "MAXLEN", ELEMENTS - random.below(900)],
    ["XTRIM", "stream", "MINID", `${1000 + random.below(300)}`],
    ["XADD", "stream", `${900_000 + random.below(1000)}-*`, "name", "new"],
    ["XINFO", "STREAM", "stream"],
    ["XINFO", "GROUPS", "stream"],
    ["COPY", "stream", "stream2", "REPLACE"],
    ["XRANGE", "stream2", id, later, "COUNT", 5],
    ["DUMP", "stream"],
  ];
  return choices[random.below(choices.length)];
}

describe("nodes that stay compressed", () => {
  test("are all but the first and the last, and reading wakes those that are read", async () => {
    await both(async (lazy, eager) => {
      for (const key of ["list", "stream"]) {
        const nodes = lazy.nodes(key);
        expect(nodes.length).toBeGreaterThan(8);
        expect(lazy.dormant(key)).toBe(nodes.length - 2);
        expect(nodes.isCompressed(0) || nodes.isCompressed(nodes.length - 1)).toBe(false);
        expect(eager.dormant(key)).toBe(0);
      }
      const { length } = lazy.nodes("list");
      expect(await lazy.raw("LINDEX", "list", ELEMENTS / 2)).toContain(element(ELEMENTS / 2));
      expect(lazy.dormant("list")).toBe(length - 3);
      expect(await lazy.raw("XRANGE", "stream", "1700-1", "1700-1")).toContain("entry 1401");
      expect(lazy.dormant("stream")).toBe(lazy.nodes("stream").length - 3);
      expect(await lazy.raw("COPY", "list", "copy")).toBe(":1\r\n");
      expect(lazy.dormant("copy")).toBe(length - 3);
      expect(Number((await lazy.raw("MEMORY", "USAGE", "list", "SAMPLES", 0)).slice(1))).toBeGreaterThan(1000);
      expect(await lazy.raw("DEBUG", "DIGEST")).toBe((await eager.raw("COPY", "list", "copy")) && (await eager.raw("DEBUG", "DIGEST")));
      expect([lazy.dormant("list"), lazy.dormant("copy"), lazy.dormant("stream")]).toEqual([0, 0, 0]);
    });
  });

  test("answer whatever is asked as decoded ones do", async () => {
    for (let round = 0; round < 6; round++) {
      const seed = Number(process.env.PROPERTY_SEED ?? Math.floor(Math.random() * 2 ** 32));
      const random = new Random(seed);
      await both(async (lazy, eager) => {
        for (let count = 0; count < 40; count++) {
          const words = step(random);
          const [ours, theirs] = [await lazy.raw(...words), await eager.raw(...words)];
          if (ours !== theirs)
            throw new Error(`PROPERTY_SEED=${seed}: ${words.join(" ")}: ${ours.slice(0, 300)} instead of ${theirs.slice(0, 300)}`);
        }
        expect(await lazy.raw("DEBUG", "DIGEST")).toBe(await eager.raw("DEBUG", "DIGEST"));
        expect(lazy.test.server.keyspace.databases[0].table.size).toBe(eager.test.server.keyspace.databases[0].table.size);
      });
    }
  });

  test("are saved as they are, by SAVE and by BGSAVE while they change", async () => {
    await both(async (lazy, eager) => {
      const before = await eager.raw("DEBUG", "DIGEST");
      await lazy.raw("SAVE");
      expect(lazy.dormant("list")).toBe(lazy.nodes("list").length - 2);
      expect(lazy.dormant("stream")).toBe(lazy.nodes("stream").length - 2);
      await using again = await Side.start(lazy.path, true);
      expect(await again.raw("DEBUG", "DIGEST")).toBe(before);
      await lazy.raw("BGSAVE");
      await lazy.raw("LINSERT", "list", "BEFORE", element(1500), "inserted");
      await lazy.raw("LTRIM", "list", 5, -1000);
      await lazy.raw("XTRIM", "stream", "MAXLEN", 1234);
      while ((await lazy.raw("INFO", "persistence")).includes("rdb_bgsave_in_progress:1"));
      await using third = await Side.start(lazy.path, true);
      expect(await third.raw("DEBUG", "DIGEST")).toBe(before);
    });
  });

  test("go into an append-only file as commands", async () => {
    await using lazy = await Side.start(file, false);
    await lazy.raw("CONFIG", "SET", "aof-use-rdb-preamble", "no");
    await lazy.raw("XGROUP", "DESTROY", "stream", "group"); // delivery times are the clock's
    await lazy.raw("CONFIG", "SET", "appendonly", "yes");
    while (/aof_rewrite_(in_progress|scheduled):1/.test(await lazy.raw("INFO", "persistence")));
    expect(lazy.dormant("list")).toBe(lazy.nodes("list").length - 2);
    const before = await lazy.raw("DEBUG", "DIGEST");
    expect(await lazy.raw("DEBUG", "LOADAOF")).toBe("+OK\r\n");
    expect(await lazy.raw("DEBUG", "DIGEST")).toBe(before);
  });

  test("give all their memory back", async () => {
    await using lazy = await Side.start(file, false);
    const { keyspace } = lazy.test.server;
    await lazy.raw("XRANGE", "stream", "1300", "1400");
    await lazy.raw("FLUSHALL", "SYNC");
    const empty = keyspace.space.arena.usedBytes;
    expect(empty).toBe(0);
  });
});

/** A listpack of `elements` strings of one byte of length. */
function listpack(elements: readonly string[]): Buffer {
  const entries = elements.map((text) =>
    Buffer.from(`${String.fromCharCode(0x80 | text.length)}${text}${String.fromCharCode(text.length + 1)}`, "latin1"),
  );
  const body = Buffer.concat(entries);
  const head = Buffer.alloc(6);
  head.writeUInt32LE(body.length + 7, 0);
  head.writeUInt16LE(elements.length, 4);
  return Buffer.concat([head, body, Buffer.of(0xff)]);
}

const lzf = new LzfCompressor();
function compressed(bytes: Buffer): Buffer {
  const target = Buffer.alloc(bytes.length);
  return target.subarray(0, lzf.compress(bytes, 0, bytes.length, target, 0));
}

/** An image with a list of three nodes, the middle one being `stored`, said to be the LZF form of `length` bytes. */
function imageWith(stored: Buffer, length: number): Buffer {
  const node = (out: RdbWriter, name: string): void => {
    const bytes = listpack(Array.from({ length: 60 }, (_, index) => `${name} ${"z".repeat(20)} ${index + 100}`));
    out.length(2);
    out.rawString(bytes, 0, bytes.length);
  };
  return writeImage((out) => {
    out.header([]);
    out.selectDatabase(0, 2, 0);
    const key = Buffer.from("list");
    out.key(VALUE_TYPE.listQuicklist2, key, 0, key.length);
    out.length(3);
    node(out, "first");
    out.length(2);
    out.lzfString(stored, 0, stored.length, length);
    node(out, "last");
    stringEntry(out, Buffer.from("other"), 0, 5, Buffer.from("value"), 0, 5);
    out.end();
  });
}

describe("a node that turns out to be corrupt, though the checksum holds,", () => {
  const whole = listpack(Array.from({ length: 300 }, (_, index) => `middle of the list ${index + 100}`));
  const wrongEntry = Buffer.from(whole);
  wrongEntry[6 + 24 * 10] ^= 1; // the length of the tenth
  const packed = compressed(whole);
  const wrongLzf = Buffer.from(packed);
  wrongLzf.fill(0xff, 60, 64);
  const cases: readonly (readonly [string, Buffer])[] = [
    ["the listpack in it", compressed(wrongEntry)],
    ["its compressed form", wrongLzf],
    ["its end", packed.subarray(0, packed.length - 9)],
  ];
  for (const [what, stored] of cases)
    test(`is an error of who needs it: ${what}`, async () => {
      const path = join(dir, "broken.rdb");
      writeFileSync(path, imageWith(stored, whole.length));
      await using lazy = await Side.start(path, false);
      expect(await lazy.raw("LLEN", "list")).toBe(":420\r\n");
      expect(await lazy.raw("LINDEX", "list", 0)).toContain("first");
      for (let again = 0; again < 2; again++) {
        expect(await lazy.raw("LINDEX", "list", 100)).toBe("-ERR internal error in 'lindex', see the server log\r\n");
        expect(await lazy.raw("LRANGE", "list", 0, -1)).toBe("-ERR internal error in 'lrange', see the server log\r\n");
      }
      expect(await lazy.raw("LINDEX", "list", -1)).toContain("last");
      expect(await lazy.raw("GET", "other")).toBe("$5\r\nvalue\r\n");
      expect(await lazy.raw("DEL", "list")).toBe(":1\r\n");
      expect(await lazy.raw("FLUSHALL", "SYNC")).toBe("+OK\r\n");
      expect(lazy.test.server.keyspace.space.arena.usedBytes).toBe(0);
      // Without a checksum that vouches for it, it is found at once.
      const { persistence } = makePersistence({ dir, dbfilename: "broken.rdb", rdbchecksum: "no" });
      const refused = await persistence.load().catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(LoadError);
    });

  test("whole, the same image is read", async () => {
    writeFileSync(join(dir, "sound.rdb"), imageWith(packed, whole.length));
    await using lazy = await Side.start(join(dir, "sound.rdb"), false);
    expect(lazy.dormant("list")).toBe(1);
    expect(await lazy.raw("LINDEX", "list", 60)).toContain("middle of the list 100");
  });
});

describe("a file whose checksum does not hold", () => {
  test("is refused wherever it is damaged, and leaves nothing behind", async () => {
    const path = join(dir, "small.rdb");
    await using maker = await Side.start(file, false);
    await maker.raw("LTRIM", "list", 0, 900);
    await maker.raw("XTRIM", "stream", "MAXLEN", 600);
    for (let key = 0; key < 20; key++) {
      for (let index = 0; index < 10; index++) {
        await maker.raw("HSET", `hash:${key}`, `field ${index}`, `value ${key}`);
        await maker.raw("ZADD", `zset:${key}`, index * 1.5, `member ${index}`);
        await maker.raw("SADD", `set:${key}`, index * key * 1000);
      }
    }
    await maker.raw("SAVE");
    const image = readFileSync(maker.path);
    const random = new Random(Number(process.env.PROPERTY_SEED ?? 7));
    for (let round = 0; round < 100; round++) {
      const at = 9 + random.below(image.length - 17 - 9);
      const damaged = Buffer.from(image);
      damaged[at] ^= 1 << random.below(8);
      writeFileSync(path, damaged);
      const { persistence, keyspace } = makePersistence({ dir, dbfilename: "small.rdb" });
      const refused = await persistence.load().catch((error: unknown) => error);
      if (!(refused instanceof LoadError)) throw new Error(`byte ${at} damaged: ${String(refused)}`);
      expect(keyspace.databases[0].table.size).toBe(0);
    }
  });

  test("a file that ends with no checksum, and one with bytes behind its end, are looked into", async () => {
    const whole = readFileSync(file);
    const bare = Buffer.from(whole);
    bare.fill(0, bare.length - 8);
    writeFileSync(join(dir, "bare.rdb"), bare);
    await using lazy = await Side.start(join(dir, "bare.rdb"), false);
    expect([lazy.dormant("list"), lazy.dormant("stream")]).toEqual([0, 0]);
    writeFileSync(join(dir, "longer.rdb"), Buffer.concat([whole, Buffer.from("more bytes")]));
    await using longer = await Side.start(join(dir, "longer.rdb"), false);
    expect(await longer.raw("DEBUG", "DIGEST")).toBe(await lazy.raw("DEBUG", "DIGEST"));
    writeFileSync(join(dir, "bare-longer.rdb"), Buffer.concat([bare, Buffer.from("more bytes")]));
    await using bareLonger = await Side.start(join(dir, "bare-longer.rdb"), false);
    expect(bareLonger.dormant("list")).toBe(0);
    expect(await bareLonger.raw("DEBUG", "DIGEST")).toBe(await lazy.raw("DEBUG", "DIGEST"));
  });
});
