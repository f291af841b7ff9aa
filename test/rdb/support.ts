/**
 * What the tests of the RDB codec share: an image in memory, a handler that writes down what it is told, random bytes that are the same
 * every run.
 */
import { Keyspace } from "../../src/keyspace/keyspace.ts";
import type { RdbEntry } from "../../src/rdb/entry.ts";
import { TEXT_DOUBLE, VALUE_TYPE } from "../../src/rdb/format.ts";
import type { RdbHandler } from "../../src/rdb/handler.ts";
import { RdbReader, type RdbReaderOptions } from "../../src/rdb/reader.ts";
import { RdbWriter, type RdbWriterOptions } from "../../src/rdb/writer.ts";
import { DatasetDigest, type Digest, digestValue } from "../../src/snapshot/sinks/digest.ts";
import { DEFAULT_LIMITS } from "../../src/values/limits.ts";
import { Temporary } from "../../src/values/temporary.ts";
import { Encoding, Type } from "../../src/values/value-types.ts";

/** An entry as the tests compare it; key and value as latin1. */
export type Entry = { db: number; key: string; value: string; expireAt: number; idle: number; freq: number };

/** Where collections are built before they are dropped. */
const SPACE = new Keyspace({ databases: 1, now: 0 }).space;

/** Keeps everything an image says. */
export class Recorder implements RdbHandler {
  readonly auxFields: [string, string][] = [];
  readonly databases: { index: number; keys: number; expires: number }[] = [];
  readonly entries: Entry[] = [];
  readonly libraries: string[] = [];
  readonly commands: string[][] = [];
  readonly warnings: string[] = [];
  readonly refused: { type: number; key: string }[] = [];
  readonly collections: { db: number; key: string; type: Type; encoding: Encoding }[] = [];
  readonly emptyKeys: string[] = [];
  private readonly building = new Temporary(SPACE, { ...DEFAULT_LIMITS });
  private db = 0;

  aux(name: string, value: string): void {
    this.auxFields.push([name, value]);
  }

  database(index: number): void {
    this.db = index;
    this.databases.push({ index, keys: -1, expires: -1 });
  }

  sizes(keys: number, expires: number): void {
    if (this.databases.length === 0) this.database(0);
    Object.assign(this.databases[this.databases.length - 1], { keys, expires });
  }

  string({ key, value, expireAt, idle, freq }: RdbEntry): void {
    this.entries.push({ db: this.db, key: key.text(), value: value.text(), expireAt, idle, freq });
  }

  library(code: Buffer): void {
    this.libraries.push(code.toString("latin1"));
  }

  command(words: readonly Buffer[]): void {
    this.commands.push(words.map((word) => word.toString("latin1")));
  }

  warning(message: string): void {
    this.warnings.push(message);
  }

  draft(type: Type): Temporary {
    return this.building.begin(type);
  }

  collection({ key }: RdbEntry, draft: Temporary): void {
    this.collections.push({ db: this.db, key: key.text(), type: draft.type, encoding: draft.encoding });
    draft.discard();
  }

  empty({ key }: RdbEntry): void {
    this.emptyKeys.push(key.text());
  }

  abandon(): void {
    this.building.discard();
  }

  unsupported(type: number, key: Buffer): void {
    this.refused.push({ type, key: key.toString("latin1") });
  }
}

/** Reads a whole image pushed in pieces of `pieceBytes`; `used` is how many bytes it took. */
export function readImage(
  image: Buffer,
  pieceBytes = image.length,
  options: RdbReaderOptions = {},
): { seen: Recorder; reader: RdbReader; used: number } {
  const seen = new Recorder();
  const reader = new RdbReader(seen, options);
  let used = 0;
  while (used < image.length && !reader.finished) {
    // A copy that is wiped afterwards: whatever still points into the chunk is found out.
    const piece = Buffer.from(image.subarray(used, used + pieceBytes));
    used += reader.push(piece);
    piece.fill(0xee);
  }
  reader.finish();
  return { seen, reader, used };
}

/** The image that `build` writes. */
export function writeImage(build: (writer: RdbWriter) => void, options: RdbWriterOptions = {}): Buffer {
  const parts: Buffer[] = [];
  const writer = new RdbWriter({ write: (bytes, from, to) => void parts.push(Buffer.from(bytes.subarray(from, to))) }, options);
  build(writer);
  return Buffer.concat(parts);
}

/** Writes entries, in the order of their databases, after a header with these facts. */
export function writeEntries(writer: RdbWriter, entries: readonly Entry[], aux: readonly (readonly [string, string])[] = []): void {
  writer.header(aux);
  let db = -1;
  for (const entry of entries) {
    if (entry.db !== db) {
      db = entry.db;
      const inIt = entries.filter((other) => other.db === entry.db);
      writer.selectDatabase(db, inIt.length, inIt.filter((other) => other.expireAt !== -1).length);
    }
    if (entry.expireAt !== -1) writer.expiry(entry.expireAt);
    if (entry.idle !== -1) writer.idle(entry.idle);
    if (entry.freq !== -1) writer.freq(entry.freq);
    // Somewhere inside a larger buffer, as in the arena.
    const bytes = Buffer.from(`..${entry.key}...${entry.value}.`, "latin1");
    const keyEnd = 2 + entry.key.length;
    stringEntry(writer, bytes, 2, keyEnd, bytes, keyEnd + 3, keyEnd + 3 + entry.value.length);
  }
  writer.end();
}

/** Entry with nothing special about it. */
export function entry(key: string, value: string, more: Partial<Entry> = {}): Entry {
  return { db: 0, key, value, expireAt: -1, idle: -1, freq: -1, ...more };
}

/** Numbers that look random and are the same in every run (mulberry32). */
export class Random {
  private state: number;

  constructor(seed: number) {
    this.state = seed;
  }

  /** A whole number from 0 to limit - 1. */
  below(limit: number): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * limit);
  }

  /** Bytes drawn from an alphabet of so many: few make what LZF likes, 256 what it cannot shorten. */
  bytes(length: number, alphabet = 256): Buffer {
    return Buffer.from(Array.from({ length }, () => this.below(alphabet)));
  }

  /** A string of some kind that the format treats in its own way. */
  value(): string {
    switch (this.below(6)) {
      case 0:
        return String(this.below(2 ** 32) - 2 ** 31);
      case 1:
        return String(this.below(400) - 200);
      case 2:
        return this.bytes(this.below(40)).toString("latin1");
      case 3:
        return this.bytes(this.below(300), 3).toString("latin1");
      case 4:
        return this.bytes(this.below(20_000), 2 + this.below(250)).toString("latin1");
      default:
        return "x".repeat(this.below(90));
    }
  }

  entries(count: number): Entry[] {
    return Array.from({ length: count }, (_, i) =>
      entry(`${i}:${this.value().slice(0, 100)}`, this.value(), {
        db: Math.floor((i * 3) / count),
        expireAt: this.below(3) === 0 ? 1_900_000_000_000 + this.below(1e9) : -1,
        idle: this.below(5) === 0 ? this.below(100_000) : -1,
        freq: this.below(5) === 0 ? this.below(256) : -1,
      }),
    );
  }
}

/** The DEBUG DIGEST of these entries, given in any order. */
/** Writes a whole entry whose value is a string. */
export function stringEntry(out: RdbWriter, key: Buffer, keyFrom: number, keyTo: number, value: Buffer, from: number, to: number): void {
  out.key(VALUE_TYPE.string, key, keyFrom, keyTo);
  out.rawString(value, from, to);
}

/** Writes a score as text behind its length in one byte: what the first zset type stores. */
export function textDouble(out: RdbWriter, value: number): void {
  const special = Number.isNaN(value)
    ? TEXT_DOUBLE.nan
    : value === Number.POSITIVE_INFINITY
      ? TEXT_DOUBLE.positiveInfinity
      : value === Number.NEGATIVE_INFINITY
        ? TEXT_DOUBLE.negativeInfinity
        : null;
  const text = special === null ? (Object.is(value, -0) ? "-0" : String(value)) : "";
  const bytes = Buffer.from(`.${text}`, "latin1");
  bytes[0] = special ?? text.length;
  out.raw(bytes, 0, bytes.length);
}

/** What DEBUG DIGEST-VALUE shows for a key that does not exist, and DEBUG DIGEST for no keys at all. */
export const EMPTY_DIGEST = "0".repeat(40);

/** Adds a whole string value. */
export function digestString(digest: Digest, buffer: Buffer, from: number, to: number, hasExpiry: boolean): void {
  digestValue(digest, Type.STRING, { object: null, encoding: Encoding.RAW, buffer, from, to }, hasExpiry);
}

export function datasetDigest(entries: readonly Entry[]): string {
  const dataset = new DatasetDigest();
  const databases = [...new Set(entries.map(({ db }) => db))].sort((a, b) => a - b);
  for (const database of databases) {
    dataset.database(database);
    for (const { db, key, value, expireAt } of entries) {
      if (db !== database) continue;
      // Inside a larger buffer, as in the arena.
      const bytes = Buffer.from(`..${key}...${value}.`, "latin1");
      const keyEnd = 2 + key.length;
      const digest = dataset.beginKey(bytes, 2, keyEnd);
      digestString(digest, bytes, keyEnd + 3, keyEnd + 3 + value.length, expireAt !== -1);
      dataset.endKey();
    }
  }
  return dataset.hex();
}
