/** Collections for tests of loading and saving: images of them, and what a keyspace holds. */
import type { Database } from "../../src/keyspace/database.ts";
import { Keyspace } from "../../src/keyspace/keyspace.ts";
import { packedAppend } from "../../src/memory/packed.ts";
import type { RdbWriter } from "../../src/rdb/writer.ts";
import { ImageLoad, type ImageLoadOptions } from "../../src/snapshot/load.ts";
import { StoredValue } from "../../src/snapshot/stored-value.ts";
import { hashEach } from "../../src/values/hash/hash.ts";
import { DEFAULT_LIMITS, type ValueLimits } from "../../src/values/limits.ts";
import { listEach } from "../../src/values/list/list.ts";
import { setEach } from "../../src/values/set/set.ts";
import { zsetEach } from "../../src/values/sorted-set/zset.ts";
import { streamOf } from "../../src/values/stream/stream.ts";
import { StreamCursor } from "../../src/values/stream/stream-cursor.ts";
import { Temporary } from "../../src/values/temporary.ts";
import { ENCODING_NAMES, TYPE_NAMES, Type } from "../../src/values/value-types.ts";
import { MemoryLog, NOW } from "../snapshot/support.ts";
import { writeImage } from "./support.ts";

export { NOW };

const scratchSpace = new Keyspace({ databases: 1, now: NOW }).space;

/** A listpack of these entries. */
export function listpack(values: readonly (string | number | bigint)[]): Buffer {
  const draft = new Temporary(scratchSpace, { ...DEFAULT_LIMITS }).begin(Type.LIST);
  for (const value of values) {
    const bytes = Buffer.from(String(value), "latin1");
    packedAppend(draft, bytes, 0, bytes.length);
  }
  return Buffer.from(draft.buffer.subarray(draft.from, draft.to));
}

/** What writes the value of a key, after its type and name. */
export type Body = (out: RdbWriter) => void;

export function raw(out: RdbWriter, value: string | Buffer): void {
  const bytes = typeof value === "string" ? Buffer.from(value, "latin1") : value;
  out.rawString(bytes, 0, bytes.length);
}

/** A value that is one string. */
export function inOne(bytes: Buffer | string): Body {
  return (out) => raw(out, bytes);
}

/** A value that is a count and strings, `each` of them to an element. */
export function counted(each: number, ...texts: (string | Buffer)[]): Body {
  return (out) => {
    out.length(texts.length / each);
    for (const text of texts) raw(out, text);
  };
}

/** The bytes of an id of a stream, as files have it. */
export function idBytes(ms: number, seq: number): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeBigUInt64BE(BigInt(ms), 0);
  bytes.writeBigUInt64BE(BigInt(seq), 8);
  return bytes;
}

/** An image of keys with values of these types. */
export function imageOf(...entries: (readonly [key: string, type: number, body: Body, expireAt?: number])[]): Buffer {
  return writeImage((out) => {
    out.header([]);
    for (const [key, type, body, expireAt] of entries) {
      if (expireAt !== undefined) out.expiry(expireAt);
      out.key(type, Buffer.from(key, "latin1"), 0, key.length);
      body(out);
    }
    out.end();
  });
}

/** A value as tests compare it: pairs and scores are `a=b`, entries of a stream `id a=b c=d`; members and fields are sorted. */
export interface Seen {
  readonly type: string;
  readonly encoding: string;
  readonly content: readonly string[];
}

const stored = new StoredValue();

export function seen(database: Database, key: string): Seen | null {
  const bytes = Buffer.from(key, "latin1");
  const address = database.table.find(database.table.hash(bytes, 0, bytes.length), bytes, 0, bytes.length);
  if (address === 0) return null;
  const type = database.type(address);
  const value = stored.show(database.table, address);
  return { type: TYPE_NAMES[type], encoding: ENCODING_NAMES[value.encoding], content: contentOf(type, value) };
}

type Text = { readonly bytes: Buffer; readonly from: number; readonly to: number };

const text = ({ bytes, from, to }: Text): string => bytes.latin1Slice(from, to);

function contentOf(type: Type, value: StoredValue): string[] {
  const content: string[] = [];
  switch (type) {
    case Type.STRING:
      return [value.buffer.latin1Slice(value.from, value.to)];
    case Type.LIST:
      listEach(value, (each) => content.push(text(each)));
      return content;
    case Type.SET:
      setEach(value, (each) => content.push(text(each)));
      return content.sort();
    case Type.HASH:
      hashEach(value, (field, each) => content.push(`${text(field)}=${text(each)}`));
      return content.sort();
    case Type.ZSET:
      zsetEach(value, (member, score) => content.push(`${text(member)}=${score}`));
      return content;
    case Type.STREAM: {
      const stream = streamOf(value);
      if (stream === null) return content;
      const cursor = new StreamCursor().open(stream, null, null);
      while (cursor.next()) {
        const words = [cursor.id.toString()];
        for (let field = 0; field < cursor.fields; field++) {
          cursor.content.next();
          words.push(`${text(cursor.content.field)}=${text(cursor.content.value)}`);
        }
        content.push(words.join(" "));
      }
      return content;
    }
  }
}

export interface Loaded {
  readonly keyspace: Keyspace;
  readonly database: Database;
  readonly lines: readonly string[];
}

export interface LoadSettings extends Partial<ImageLoadOptions> {
  readonly limits?: Partial<ValueLimits>;
  readonly pieceBytes?: number;
  /** Where to load it, instead of a new keyspace. */
  readonly keyspace?: Keyspace;
}

/** Loads an image, pushed in pieces that are wiped after use. Errors: RdbError, LoadError. */
export function load(image: Buffer, settings: LoadSettings = {}): Loaded {
  const { limits, pieceBytes = image.length, keyspace = new Keyspace({ databases: 2, now: NOW }), ...options } = settings;
  Object.assign(keyspace.limits, limits);
  const log = new MemoryLog();
  const loading = new ImageLoad(keyspace, log, {
    totalBytes: image.length,
    checksum: true,
    startedAt: NOW,
    dropExpired: true,
    ...options,
  });
  for (let at = 0; at < image.length; at += pieceBytes) {
    const piece = Buffer.from(image.subarray(at, at + pieceBytes));
    loading.push(piece, 0, piece.length);
    piece.fill(0xee);
  }
  loading.finish();
  return { keyspace, database: keyspace.databases[0], lines: log.lines };
}
