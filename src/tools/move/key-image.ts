/**
 * An image taken apart into its keys, each with its value as a payload of RESTORE in the version that the target reads. Two steps: the image
 * is turned into one of that version, as `replicant convert` does, and that one is cut into keys.
 */

import { Crc64 } from "../../rdb/crc64.ts";
import { familyOf, REDIS_TYPE, VALKEY_TYPE, VALUE_TYPE } from "../../rdb/format.ts";
import type { RdbHandler } from "../../rdb/handler.ts";
import { RdbReader } from "../../rdb/reader.ts";
import type { ReadContext } from "../../rdb/value.ts";
import { type ByteSink, RdbWriter } from "../../rdb/writer.ts";
import { ownFamily } from "../convert/form.ts";
import { ImageOut } from "../convert/image-out.ts";
import { ImagePipe } from "../convert/image-pipe.ts";
import type { Losses } from "../convert/losses.ts";
import type { OutlineTarget } from "../outline.ts";
import { outlines } from "../outlines.ts";
import { NEVER } from "./deadlines.ts";
import { earliestFieldTime } from "./field-times.ts";

const FIRST_BYTES = 4096;
const FOOTER_BYTES = 10;

export interface MovedKey {
  readonly db: number;
  readonly key: Buffer;
  /** What DUMP gives: value type, value, version and checksum. */
  readonly payload: Buffer;
  /** ms since 1970 as text, "0" for none. */
  readonly expireAt: string;
  /** When it may be another key than it is now: the time of the key, or of a field of it; NEVER where it has none. */
  readonly deadline: number;
  /** Seconds since the last use, and the LFU counter; -1 where that is not told. */
  readonly idle: number;
  readonly freq: number;
}

export interface KeyImageOptions {
  /** The version to write payloads in; null: that of the image. */
  readonly version: number | null;
  readonly losses: Losses;
  readonly key: (key: MovedKey) => void;
  readonly library: (code: Buffer) => void;
  /** What is read, for messages. */
  readonly name: string;
}

export class KeyImage implements Disposable {
  /** The database that the stream behind the image has selected. */
  streamDb = 0;
  private readonly pipe: ImagePipe;

  constructor({ version, losses, key, library, name }: KeyImageOptions) {
    const keys = new KeyCutter(key, library, (db) => {
      this.streamDb = db;
    });
    this.pipe = new ImagePipe(new ImageOut(keys, { version, compress: true, losses }), name);
  }

  get finished(): boolean {
    return this.pipe.finished;
  }

  /** Takes bytes of the image; what follows it is passed over. Errors: ToolError. */
  push(bytes: Buffer): void {
    this.pipe.push(bytes, 0, bytes.length);
  }

  /** Nothing more comes. Errors: ToolError where the image is not whole. */
  finish(): void {
    this.pipe.finish();
  }

  [Symbol.dispose](): void {
    this.pipe[Symbol.dispose]();
  }
}

/** Cuts an image that we have written ourselves into keys. */
class KeyCutter implements ByteSink, RdbHandler, OutlineTarget {
  private readonly reader: RdbReader;
  private readonly taken: KeyImageOptions["key"];
  private readonly libraryTaken: KeyImageOptions["library"];
  private readonly streamDb: (db: number) => void;
  private db = 0;
  private value = Buffer.allocUnsafeSlow(FIRST_BYTES);
  private length = 0;
  private key: Buffer = Buffer.alloc(0);

  constructor(taken: KeyImageOptions["key"], libraryTaken: KeyImageOptions["library"], streamDb: (db: number) => void) {
    this.taken = taken;
    this.libraryTaken = libraryTaken;
    this.streamDb = streamDb;
    this.reader = new RdbReader(this, { checksum: false, readers: new Map(), ownReaders: (version) => outlines(version, this) });
  }

  write(bytes: Buffer, from: number, to: number): void {
    this.reader.push(bytes, from, to);
  }

  // ---- values

  begun({ entry, type }: ReadContext): void {
    this.key = Buffer.from(entry.key.bytes.subarray(entry.key.from, entry.key.to));
    this.value[0] = type;
    this.length = 1;
  }

  copied(bytes: Buffer, from: number, to: number): void {
    const length = this.length + to - from;
    if (length + FOOTER_BYTES > this.value.length) {
      const larger = Buffer.allocUnsafeSlow((length + FOOTER_BYTES) * 2);
      this.value.copy(larger, 0, 0, this.length);
      this.value = larger;
    }
    bytes.copy(this.value, this.length, from, to);
    this.length = length;
  }

  passed({ entry, type }: ReadContext): void {
    const payload = Buffer.allocUnsafe(this.length + FOOTER_BYTES);
    this.value.copy(payload, 0, 0, this.length);
    payload.writeUInt16LE(this.reader.version, this.length);
    const crc = new Crc64();
    crc.update(payload, 0, this.length + 2);
    crc.writeTo(payload, this.length + 2);
    const { expireAt, farExpiry, idle, freq } = entry;
    const time = expireAt === -1 ? NEVER : expireAt;
    const ofFields = isTimed(type, this.reader.version) ? earliestFieldTime(payload, this.length) : NEVER;
    this.taken({
      db: this.db,
      key: this.key,
      payload,
      expireAt: expireAt === -1 ? "0" : String(expireAt > Number.MAX_SAFE_INTEGER ? farExpiry : Math.max(1, expireAt)),
      deadline: Math.min(time, ofFields),
      idle,
      freq,
    });
    if (this.value.length > LARGE_VALUE) this.value = Buffer.allocUnsafeSlow(FIRST_BYTES);
  }

  // ---- what else there is

  aux(name: string, value: string): void {
    if (name === "repl-stream-db" && /^\d{1,9}$/.test(value)) this.streamDb(Number(value));
  }

  database(index: number): void {
    this.db = index;
  }

  library(code: Buffer): void {
    this.libraryTaken(code);
  }

  sizes(): void {}
  string(): void {}
  draft(): never {
    throw new Error("values are passed, not built");
  }
  collection(): void {}
  empty(): void {}
  command(): void {}
  warning(): void {}
  unsupported(): void {}
  abandon(): void {}
}

const LARGE_VALUE = 1024 * 1024;

function isTimed(type: number, version: number): boolean {
  if (type <= VALUE_TYPE.streamListpacks3) return false;
  if (ownFamily(version) === "valkey") return type === VALKEY_TYPE.timedHash;
  return type === REDIS_TYPE.timedHash || type === REDIS_TYPE.timedHashListpack;
}

/** An image of version `version` whose keys have these payloads, of that version too: they go the way of an image then. */
export function imageOf(
  version: number,
  keys: readonly (Pick<MovedKey, "db" | "key" | "payload"> & { readonly expireAt: number })[],
): Buffer {
  const pieces: Buffer[] = [];
  const out = new RdbWriter({ write: (bytes, from, to) => pieces.push(Buffer.from(bytes.subarray(from, to))) }, { compress: false });
  out.header([], version);
  for (const { db, key, payload, expireAt } of keys) {
    out.selectDatabase(db, 0, 0);
    if (expireAt > 0) out.expiry(expireAt);
    out.key(payload[0], key, 0, key.length);
    out.raw(payload, 1, payload.length - FOOTER_BYTES);
  }
  out.end();
  return Buffer.concat(pieces);
}

/** The version of a payload of DUMP; null where it is none that can be read. */
export function versionOfPayload(payload: Buffer): number | null {
  if (payload.length < FOOTER_BYTES) return null;
  const version = payload.readUInt16LE(payload.length - FOOTER_BYTES);
  return familyOf(version) === null ? null : version;
}
