/**
 * What Redis 8.6 and later and Valkey 9.2 have that no server at hand writes: the bytes are made here, as the sources of these releases make
 * them, and those of hashes by template are the payloads of Redis's own tests.
 */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packedClose, packedFirst, packedWrite } from "../../src/memory/packed.ts";
import { LENGTH } from "../../src/rdb/format.ts";
import { RdbWriter } from "../../src/rdb/writer.ts";
import { FakeMaster, id, linkUp, Ours, streamed } from "../replication/support.ts";
import type { Word } from "../support/client.ts";
import { readImage } from "./support.ts";

const NO_CHECKSUM = Buffer.alloc(8);

function written(build: (out: RdbWriter) => void): Buffer {
  const pieces: Buffer[] = [];
  const out = new RdbWriter({ write: (bytes, from, to) => pieces.push(Buffer.from(bytes.subarray(from, to))) }, { checksum: false });
  build(out);
  out.flush();
  return Buffer.concat(pieces);
}

const text = (out: RdbWriter, value: string | Buffer): void => {
  const bytes = Buffer.from(value as string, "latin1");
  out.rawString(bytes, 0, bytes.length);
};

function listpack(...values: string[]): Buffer {
  const bytes = Buffer.alloc(4096);
  let at = packedFirst(bytes, 0);
  for (const value of values) at = packedWrite(bytes, at, Buffer.from(value), 0, value.length);
  return bytes.subarray(0, packedClose(bytes, 0, at, values.length));
}

const words = (...values: number[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 2);
  for (const [index, value] of values.entries()) bytes.writeUInt16LE(value, index * 2);
  return bytes;
};
const long = (value: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
};

/** The portable form of {1, 3, 70000 to 70007, and all odd numbers of the third container}: a list, a run, bits. */
const ROARING = Buffer.concat([
  long(1),
  Buffer.alloc(4), // the high half
  words(12347, 2), // three containers, some of them runs
  Buffer.of(0b010),
  words(0, 1, 1, 7, 2, 32767),
  words(1, 3),
  words(1, 70000 - 65536, 7),
  Buffer.alloc(8192, 0b10101010),
]);
const BITMAP_BYTES = 3 * 8192 + 2;

/** An id of a stream's entry, as pending entries have it. */
function entryId(ms: number): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeBigUInt64BE(BigInt(ms));
  return bytes;
}

/** A stream of three entries, in a group whose consumer has the first of them; `more` follows its consumers, and the groups. */
function stream(
  out: RdbWriter,
  behindConsumers: (out: RdbWriter) => void,
  behindGroups: (out: RdbWriter) => void,
  pending: readonly number[],
): void {
  out.length(1);
  text(out, entryId(1));
  // count, deleted, fields, their names, 0; of each entry: flags, ms and seq from the master's, values, number of elements before
  text(out, listpack("3", "0", "1", "f", "0", "2", "0", "0", "a", "4", "2", "1", "0", "b", "4", "2", "2", "0", "c", "4"));
  out.length(3);
  for (const value of [3, 0, 1, 0, 0, 0]) out.length(value); // last, first, greatest deleted id
  out.length(3); // added
  out.length(1); // groups
  text(out, "g");
  for (const value of [3, 0, 3]) out.length(value); // last id, read
  out.length(pending.length);
  for (const ms of pending) {
    out.raw(entryId(ms), 0, 16);
    out.int64(1_700_000_000_000);
    out.length(1);
  }
  out.length(1);
  text(out, "consumer");
  out.int64(1_700_000_000_000);
  out.int64(1_700_000_000_000);
  out.length(1);
  out.raw(entryId(1), 0, 16);
  behindConsumers(out);
  behindGroups(out);
}

const unowned = (out: RdbWriter): void => {
  out.length(2);
  for (const ms of [2, 3]) out.raw(entryId(ms), 0, 16);
};
/** Two producers with one and two ids. */
const producers = (out: RdbWriter): void => {
  for (const value of [100, 1000, 2]) out.length(value);
  text(out, "p1");
  out.length(1);
  text(out, "id1");
  for (const value of [1, 0]) out.length(value);
  text(out, "p2");
  out.length(2);
  for (const id of ["id2", "id3"]) {
    text(out, id);
    for (const value of [2, 0]) out.length(value);
  }
  for (const value of [3, 0]) out.length(value);
};
const noProducers = (out: RdbWriter): void => {
  for (const value of [100, 1000, 0, 0, 0]) out.length(value);
};

const LEFT_OUT_PENDING = "2 pending entries that belong to no consumer (Redis 8.8) were left out of the groups of 1 stream";
const LEFT_OUT_IDS = "3 ids of idempotent producers (Redis 8.6) were left out of 1 stream: what is sent again is added again";

interface Value {
  readonly name: string;
  readonly version: number;
  readonly type: number;
  readonly value: Buffer;
  /** What the image has before its keys. */
  readonly head?: Buffer;
  /** Whether a payload may hold it. */
  readonly inPayloads?: boolean;
  readonly asked: readonly (readonly [request: readonly Word[], reply: string])[];
  readonly said?: string;
}

const template = written((out) => {
  out.byte(242);
  out.length(7);
  out.length(2);
  text(out, "age");
  text(out, "name");
});
const PERSON: Value["asked"] = [
  [["TYPE", "key"], "+hash"],
  [["HGETALL", "key"], "*4 $3 age $2 42 $4 name $5 Edijs"],
];
const FIELDS: Value["asked"] = [
  [["HGETALL", "key"], "*4 $6 field1 $1 1 $6 field2 $1 2"],
  [["HSET", "key", "field1", "3"], ":0"],
];
const STREAM: Value["asked"] = [
  [["XLEN", "key"], ":3"],
  [["XPENDING", "key", "g"], "*4 :1 $3 1-0 $3 1-0 *1 *2 $8 consumer $1 1"],
  [["XADD", "key", "4-0", "f", "d"], "$3 4-0"],
];

const VALUES: readonly Value[] = [
  {
    name: "a hash by template, names and values in listpacks",
    version: 15,
    type: 29,
    value: Buffer.from("00171700000002008666" + "69656c6431078666" + "69656c643207ff0d0d00000003000001010102" + "01ff", "hex"),
    asked: FIELDS,
  },
  {
    name: "a hash by template, names as strings",
    version: 15,
    type: 29,
    value: written((out) => {
      out.length(1);
      out.length(2);
      text(out, "age");
      text(out, "name");
      text(out, listpack("0", "42", "Edijs"));
    }),
    asked: PERSON,
  },
  {
    name: "a hash by template, by its number, in a listpack",
    version: 15,
    type: 30,
    value: written((out) => text(out, listpack("7", "42", "Edijs"))),
    head: template,
    inPayloads: false,
    asked: PERSON,
  },
  {
    name: "a hash by template, one by one",
    version: 15,
    type: 31,
    value: Buffer.from("0102066669656c6431066669656c6432c001c002", "hex"),
    asked: FIELDS,
  },
  {
    name: "a hash by template, by its number, one by one",
    version: 16,
    type: 32,
    value: written((out) => {
      out.length(7);
      text(out, "42");
      text(out, "Edijs");
    }),
    head: template,
    inPayloads: false,
    asked: PERSON,
  },
  {
    name: "a bitmap",
    version: 16,
    type: 33,
    value: written((out) => {
      out.length(BITMAP_BYTES);
      text(out, ROARING);
    }),
    asked: [
      [["TYPE", "key"], "+string"],
      [["STRLEN", "key"], `:${BITMAP_BYTES}`],
      [["BITCOUNT", "key"], `:${2 + 8 + 32768}`],
      [["BITCOUNT", "key", "0", "0"], ":2"],
      [["GETBIT", "key", "1"], ":1"],
      [["GETBIT", "key", "3"], ":1"],
      [["BITPOS", "key", "1", "2"], ":70000"],
      [["GETBIT", "key", "70007"], ":1"],
      [["GETBIT", "key", "70008"], ":0"],
      [["GETBIT", "key", "131072"], ":0"],
      [["GETBIT", "key", "131073"], ":1"],
    ],
  },
  {
    name: "an empty bitmap, as Redis's tests write it",
    version: 16,
    type: 33,
    value: Buffer.from("00080000000000000000", "hex"),
    asked: [[["GET", "key"], "$0 "]],
  },
  {
    name: "a stream with idempotent producers",
    version: 13,
    type: 26,
    value: written((out) => stream(out, () => {}, producers, [1])),
    asked: STREAM,
    said: LEFT_OUT_IDS,
  },
  {
    name: "a stream with pending entries that belong to no consumer",
    version: 14,
    type: 27,
    value: written((out) => stream(out, unowned, noProducers, [1, 2, 3])),
    asked: STREAM,
    said: LEFT_OUT_PENDING,
  },
  {
    name: "a path hash",
    version: 81,
    type: 23,
    value: written((out) => {
      out.length(2);
      text(out, "/users/1");
      out.length(2);
      for (const word of ["name", "Ada", "age", "36"]) text(out, word);
      text(out, "/users/2");
      out.length(1);
      for (const word of ["name", "Bob"]) text(out, word);
    }),
    asked: [
      [["HLEN", "key"], ":3"],
      [["HMGET", "key", "/users/1/name", "/users/1/age", "/users/2/name"], "*3 $3 Ada $2 36 $3 Bob"],
    ],
  },
];

function payload({ type, value, version }: Pick<Value, "type" | "value" | "version">): Buffer {
  return Buffer.concat([Buffer.of(type), value, Buffer.of(version, 0), NO_CHECKSUM]);
}

function image({ type, value, version, head = Buffer.alloc(0) }: Pick<Value, "type" | "value" | "version" | "head">): Buffer {
  const magic = version < 80 ? `REDIS${String(version).padStart(4, "0")}` : `VALKEY${String(version).padStart(3, "0")}`;
  return Buffer.concat([Buffer.from(magic), head, Buffer.of(0xfe, 0, type, 3), Buffer.from("key"), value, Buffer.of(0xff), NO_CHECKSUM]);
}

async function expectAsked(ours: Ours, asked: Value["asked"]): Promise<void> {
  for (const [request, reply] of asked) {
    const answer = (await ours.client.command(...request)).toString("latin1").replaceAll("\r\n", " ").trimEnd();
    expect([request, answer]).toEqual([request, reply.trimEnd()]);
  }
}

let dir = "";
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "replicant-later-"));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe("is read as what it says", () => {
  for (const value of VALUES) {
    test(`${value.name}, in a payload, in a file and in a full synchronization`, async () => {
      {
        await using ours = await Ours.start();
        const reply = (await ours.client.command("RESTORE", "key", 0, payload(value))).toString();
        if (value.inPayloads === false) expect(reply).toBe("-ERR Bad data format\r\n");
        else {
          expect(reply).toBe("+OK\r\n");
          await expectAsked(ours, value.asked);
        }
        if (value.said !== undefined) expect(ours.log).toContain(`RESTORE of key "key": ${value.said}`);
      }
      writeFileSync(join(dir, "dump.rdb"), image(value));
      {
        await using ours = await Ours.start({ dir });
        await expectAsked(ours, value.asked);
        if (value.said !== undefined) expect(ours.log).toContain(value.said);
      }
      using master = new FakeMaster();
      await using ours = await Ours.start({ replicaof: `127.0.0.1 ${master.port}`, "replica-read-only": "no" });
      const link = await master.accept();
      await link.greet();
      link.send(`+FULLRESYNC ${id("a")} 0\r\n`);
      link.send(streamed(image(value)));
      await linkUp(ours.client);
      await expectAsked(ours, value.asked);
    });
  }
});

describe("however it is cut", () => {
  for (const value of VALUES) {
    test(value.name, () => {
      const whole = readImage(image(value));
      const bytewise = readImage(image(value), 1);
      expect(bytewise.seen.entries).toEqual(whole.seen.entries);
      expect(bytewise.seen.collections).toEqual(whole.seen.collections);
      expect(bytewise.seen.warnings).toEqual(whole.seen.warnings);
      expect(whole.seen.entries.length + whole.seen.collections.length).toBe(1);
    });
  }
});

describe("is refused", () => {
  const ARRAY = written((out) => {
    for (const value of [1, 0, 0, 0]) out.length(value);
    text(out, "element");
  });

  test("an array, with its key, type and version, in a file and in a full synchronization, without a loop of them", async () => {
    expect(() => readImage(image({ type: 28, version: 14, value: ARRAY }))).toThrow(
      'value type 28, array, of key "key" is not supported (RDB version 14)',
    );
    await using ours = await Ours.start();
    expect((await ours.client.command("RESTORE", "key", 0, payload({ type: 28, version: 14, value: ARRAY }))).toString()).toBe(
      "-ERR Bad data format\r\n",
    );
    expect(ours.log).toContain("value type 28, array, is not supported (RDB version 14)");
  });

  const refusals: readonly (readonly [what: string, value: Pick<Value, "type" | "version" | "value" | "head">, message: string])[] = [
    [
      "a template that is not there",
      { type: 30, version: 15, value: written((out) => text(out, listpack("9", "1"))), head: template },
      "there is no hash template 9",
    ],
    [
      "a template that is there twice",
      { type: 30, version: 15, value: Buffer.alloc(0), head: Buffer.concat([template, template]) },
      "hash template 7 is there twice",
    ],
    [
      "a template without fields",
      { type: 30, version: 15, value: Buffer.alloc(0), head: Buffer.of(242, 7, 0) },
      "hash template 7 has no fields",
    ],
    ["too few values", { type: 30, version: 15, value: written((out) => text(out, listpack("7", "1"))), head: template }, "fewer values"],
    [
      "too many values",
      { type: 30, version: 15, value: written((out) => text(out, listpack("7", "1", "2", "3"))), head: template },
      "more values",
    ],
    [
      "no number before the values",
      { type: 30, version: 15, value: written((out) => text(out, listpack("x", "1", "2"))), head: template },
      "do not begin with a number",
    ],
    [
      "an empty listpack of values",
      { type: 30, version: 15, value: written((out) => text(out, listpack())), head: template },
      "do not begin with a number",
    ],
    ["the same name twice", { type: 31, version: 15, value: Buffer.from("01020161016101310132", "hex") }, "fields of a hash by template"],
    ["no names", { type: 31, version: 15, value: Buffer.from("0100", "hex") }, "has no fields"],
    ["names of an unknown form", { type: 31, version: 15, value: Buffer.from("0201016101310132", "hex") }, "unknown form 2"],
    [
      "a bitmap of more bytes than a string has",
      {
        type: 33,
        version: 16,
        value: written((out) => {
          out.length(2 ** 40);
          text(out, ROARING);
        }),
      },
      "stands for 1099511627776 bytes",
    ],
    [
      "a bitmap with a bit beyond its length",
      {
        type: 33,
        version: 16,
        value: written((out) => {
          out.length(BITMAP_BYTES - 3);
          text(out, ROARING);
        }),
      },
      "a bit beyond its length",
    ],
    [
      "a bitmap that ends too early",
      {
        type: 33,
        version: 16,
        value: written((out) => {
          out.length(BITMAP_BYTES);
          text(out, ROARING.subarray(0, 100));
        }),
      },
      "ends too early",
    ],
    [
      "a bitmap with something behind it",
      {
        type: 33,
        version: 16,
        value: written((out) => {
          out.length(BITMAP_BYTES);
          text(out, Buffer.concat([ROARING, Buffer.of(0)]));
        }),
      },
      "something behind it",
    ],
    ["a path without fields", { type: 23, version: 81, value: Buffer.from("010161" + "00", "hex") }, "has no fields"],
    [
      "two paths that make the same field",
      {
        type: 23,
        version: 81,
        value: written((out) => {
          out.length(2);
          text(out, "a");
          out.length(1);
          text(out, "b/c");
          text(out, "1");
          text(out, "a/b");
          out.length(1);
          text(out, "c");
          text(out, "2");
        }),
      },
      "fields of a path hash",
    ],
    [
      "pending entries of no consumer that the group has not",
      { type: 27, version: 14, value: written((out) => stream(out, unowned, noProducers, [1, 2])) },
      "not one of its group",
    ],
    [
      "a pending entry without an owner that is not said to be one",
      { type: 26, version: 13, value: written((out) => stream(out, () => {}, noProducers, [1, 2])) },
      "Stream CG PEL entry without consumer",
    ],
    [
      "metadata of keys",
      { type: 0, version: 13, value: Buffer.alloc(0), head: Buffer.of(243) },
      "what modules keep about keys (opcode 243) is not supported",
    ],
    [
      "a slot that is imported",
      { type: 0, version: 80, value: Buffer.alloc(0), head: Buffer.of(243) },
      "a slot that is being imported (opcode 243) is not supported",
    ],
    ["opcode 242 before the families parted", { type: 0, version: 11, value: Buffer.alloc(0), head: Buffer.of(242) }, "unknown opcode 242"],
    [
      "a slot number that no cluster has",
      { type: 0, version: 12, value: Buffer.alloc(0), head: Buffer.of(244, LENGTH.bits32, 0, 0, 0x40, 0, 1, 0) },
      "there is no cluster slot 16384",
    ],
  ];
  for (const [what, value, message] of refusals) {
    test(what, () => {
      expect(() => readImage(image(value))).toThrow(message);
    });
  }

  test("a payload without a checksum of a version that always has one", async () => {
    await using ours = await Ours.start();
    const restore = async (version: number) =>
      (
        await ours.client.command("RESTORE", "key", 0, payload({ type: 0, version, value: Buffer.from("0161", "hex") }), "REPLACE")
      ).toString();
    expect(await restore(11)).toBe("-ERR DUMP payload version or checksum are wrong\r\n");
    expect(await restore(12)).toBe("+OK\r\n");
    expect(await restore(80)).toBe("+OK\r\n");
    expect(await restore(82)).toBe("-ERR DUMP payload version or checksum are wrong\r\n");
  });
});
