/** What the tests of the tools share: images with every value type of a version, and the tools run in this process. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RDB_MAGIC } from "../../src/rdb/format.ts";
import type { RdbWriter } from "../../src/rdb/writer.ts";
import { type Body, counted, idBytes, inOne, listpack, raw } from "../rdb/collections.ts";
import { intset, ziplist, zipmap } from "../rdb/old-encodings.ts";
import { writeImage } from "../rdb/support.ts";

/** A directory that is gone at the end. */
export class Folder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "replicant-tools-"));

  file(name: string): string {
    return join(this.path, name);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly complaints: string;
}

type Program = (
  argv: readonly string[],
  print: (text: string) => void,
  complain: (text: string) => void,
  options?: { readonly terminal?: boolean },
) => Promise<number>;

export async function run(program: Program, argv: readonly string[], options: { readonly terminal?: boolean } = {}): Promise<Outcome> {
  let out = "";
  let complaints = "";
  const print = (text: string): void => {
    out += text;
  };
  const complain = (text: string): void => {
    complaints += text;
  };
  const code = await program(argv, print, complain, options);
  return { code, out, complaints };
}

/** One key of a sample. */
export interface Sample {
  readonly key: string;
  readonly type: number;
  /** As tools name it, and how many elements it has. */
  readonly name: string;
  readonly elements: number;
  readonly body: Body;
  /** The first version with this type, and the family whose it is; both have it unless told. */
  readonly since: number;
  readonly family?: "redis" | "valkey";
}

const double = (value: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return bytes;
};

const long = (value: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt(value));
  return bytes;
};

function bytes(out: RdbWriter, value: Buffer): void {
  out.raw(value, 0, value.length);
}

/** A stream of two entries and a group with a consumer, in one of the forms 1 to 3. */
const stream =
  (form: 1 | 2 | 3): Body =>
  (out) => {
    out.length(1);
    raw(out, idBytes(1, 1));
    raw(out, listpack([2, 0, 1, "f", 0, 2, 0, 0, "a", 4, 2, 1, 0, "b", 4]));
    out.length(2);
    out.length(2);
    out.length(1);
    if (form >= 2) for (const fact of [1, 1, 0, 0, 2]) out.length(fact);
    out.length(1);
    raw(out, "group");
    out.length(2);
    out.length(1);
    if (form >= 2) out.length(2);
    out.length(1);
    bytes(out, idBytes(1, 1));
    bytes(out, long(1_700_000_000_000));
    out.length(3);
    out.length(1);
    raw(out, "consumer");
    bytes(out, long(1_700_000_000_001));
    if (form >= 3) bytes(out, long(1_700_000_000_002));
    out.length(1);
    bytes(out, idBytes(1, 1));
  };

/** A value of a module with an element of every kind. */
const module: Body = (out) => {
  bytes(out, Buffer.of(0x81, 0x82, 0xc9, 0x14, 0x71, 0xa5, 0x7a, 0x34, 0x01)); // the id: nine characters of six bits, and a version
  out.length(2);
  out.length(7);
  out.length(3);
  bytes(out, Buffer.alloc(4, 1));
  out.length(4);
  bytes(out, double(1.5));
  out.length(5);
  raw(out, "module text ".repeat(20));
  out.length(0);
};

const big = "compressible ".repeat(40);

/** A key of every value type that the tests can make. */
const SAMPLES: readonly Sample[] = [
  { key: "string", type: 0, name: "string", elements: 1, since: 1, body: inOne("text") },
  { key: "number", type: 0, name: "string", elements: 1, since: 1, body: inOne("-1234") },
  { key: "compressed", type: 0, name: "string", elements: 1, since: 1, body: inOne(big) },
  { key: Buffer.from([0, 255, 10]).toString("latin1"), type: 0, name: "string", elements: 1, since: 1, body: inOne("\xff\xfe\x00\r\n") },
  { key: "list", type: 1, name: "list", elements: 3, since: 1, body: counted(1, "a", "b", big) },
  { key: "set", type: 2, name: "set", elements: 2, since: 1, body: counted(1, "a", "b") },
  {
    key: "zset",
    type: 3,
    name: "zset",
    elements: 2,
    since: 1,
    body(out) {
      out.length(2);
      raw(out, "a");
      bytes(out, Buffer.from("\x031.5", "latin1"));
      raw(out, "b");
      bytes(out, Buffer.of(254));
    },
  },
  { key: "hash", type: 4, name: "hash", elements: 2, since: 1, body: counted(2, "f", "v", "g", big) },
  {
    key: "zipmap",
    type: 9,
    name: "hash",
    elements: 2,
    since: 2,
    body: inOne(
      zipmap([
        ["f", "v"],
        ["g", "w"],
      ]),
    ),
  },
  { key: "ziplist", type: 10, name: "list", elements: 3, since: 2, body: inOne(ziplist(["a", 5, 70000])) },
  { key: "intset", type: 11, name: "set", elements: 3, since: 2, body: inOne(intset([-1n, 2n, 300n], 2)) },
  { key: "zset-ziplist", type: 12, name: "zset", elements: 2, since: 2, body: inOne(ziplist(["a", 1, "b", "2.5"])) },
  { key: "hash-ziplist", type: 13, name: "hash", elements: 2, since: 4, body: inOne(ziplist(["f", "v", "g", 12])) },
  { key: "quicklist", type: 14, name: "list", elements: 4, since: 7, body: counted(1, ziplist(["a", "b"]), ziplist(["c", 4])) },
  {
    key: "zset2",
    type: 5,
    name: "zset",
    elements: 2,
    since: 8,
    body(out) {
      out.length(2);
      raw(out, "a");
      bytes(out, double(-2.25));
      raw(out, "b");
      bytes(out, double(3));
    },
  },
  { key: "module", type: 7, name: "module", elements: 4, since: 8, body: module },
  { key: "stream", type: 15, name: "stream", elements: 2, since: 9, body: stream(1) },
  { key: "hash-listpack", type: 16, name: "hash", elements: 2, since: 10, body: inOne(listpack(["f", "v", "g", 5])) },
  { key: "zset-listpack", type: 17, name: "zset", elements: 2, since: 10, body: inOne(listpack(["a", 1, "b", "2.5"])) },
  {
    key: "quicklist2",
    type: 18,
    name: "list",
    elements: 3,
    since: 10,
    body(out) {
      out.length(2);
      out.length(2);
      raw(out, listpack(["a", "b"]));
      out.length(1);
      raw(out, big);
    },
  },
  { key: "stream2", type: 19, name: "stream", elements: 2, since: 10, body: stream(2) },
  { key: "set-listpack", type: 20, name: "set", elements: 3, since: 11, body: inOne(listpack(["a", "b", 3])) },
  { key: "stream3", type: 21, name: "stream", elements: 2, since: 11, body: stream(3) },
  {
    key: "timed",
    type: 24,
    name: "hash",
    elements: 2,
    since: 12,
    family: "redis",
    body(out) {
      bytes(out, long(4_000_000_000_000));
      out.length(2);
      out.length(1);
      raw(out, "f");
      raw(out, "v");
      out.length(0);
      raw(out, "g");
      raw(out, "w");
    },
  },
  {
    key: "timed-listpack",
    type: 25,
    name: "hash",
    elements: 2,
    since: 12,
    family: "redis",
    body(out) {
      bytes(out, long(4_000_000_000_000));
      raw(out, listpack(["f", "v", 4_000_000_000_000, "g", "w", 0]));
    },
  },
  {
    key: "timed-valkey",
    type: 22,
    name: "hash",
    elements: 2,
    since: 80,
    family: "valkey",
    body(out) {
      out.length(2);
      raw(out, "f");
      raw(out, "v");
      bytes(out, long(4_000_000_000_000));
      raw(out, "g");
      raw(out, "w");
      bytes(out, long(-1));
    },
  },
];

export const ALL_VERSIONS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 80, 81] as const;
const EXPIRES_AT = 4_000_000_000_000;
const EXPIRED_AT = 1_000_000_000_000;

/** The samples that an image of this version can have. */
export function samplesOf(version: number): readonly Sample[] {
  const family = version >= 80 ? "valkey" : "redis";
  return SAMPLES.filter((sample) => sample.since <= version && (sample.family ?? family) === family);
}

export interface ImageOptions {
  readonly checksum?: boolean;
  readonly samples?: readonly Sample[];
  /** With a function library and an auxiliary field, where the version has them. */
  readonly extras?: boolean;
}

/** An image of this version with its samples in databases 0 and 3; of database 3 one key has expired and one expires. `ends`: where entries end. */
export function imageOf(version: number, options: ImageOptions = {}): { image: Buffer; ends: number[] } {
  const { checksum = true, samples = samplesOf(version), extras = true } = options;
  const ends: number[] = [];
  const image = writeImage(
    (out) => {
      out.header(version >= 7 && extras ? [["redis-ver", "1.2.3"]] : [], version);
      if (version >= 10 && extras) out.library(Buffer.from("#!lua name=mylib\nredis.register_function('f', function() return 1 end)"));
      for (const database of [0, 3]) {
        if (version >= 7) out.selectDatabase(database, samples.length, database === 3 ? 2 : 0);
        else {
          out.byte(254);
          out.length(database);
        }
        for (const [index, { key, type, body }] of samples.entries()) {
          if (database === 3 && index < 2) {
            if (version >= 3) out.expiry(index === 0 ? EXPIRED_AT : EXPIRES_AT);
            else {
              const seconds = Buffer.alloc(5, 253);
              seconds.writeInt32LE(index === 0 ? EXPIRED_AT / 1000 : 2 ** 31 - 1, 1);
              bytes(out, seconds);
            }
          }
          const name = Buffer.from(key, "latin1");
          out.key(type, name, 0, name.length);
          body(out);
          ends.push(out.bytesWritten);
        }
      }
      if (version >= 5) out.end();
      else {
        out.byte(255);
        out.flush();
      }
    },
    { checksum },
  );
  return { image, ends };
}

export const HEADER_BYTES = RDB_MAGIC.redis.length + 4;
