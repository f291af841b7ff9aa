/**
 * An image on its way into another version of the format. What is the same in both goes as it stands, compressed strings and all; what is not
 * goes part by part, or is built and written in the other form. Hot: a call for each key.
 */

import { assert } from "../../assert.ts";
import { Keyspace } from "../../keyspace/keyspace.ts";
import type { RdbEntry } from "../../rdb/entry.ts";
import { OPCODE, RDB_WRITTEN_VERSION, REDIS_TYPE, VALKEY_TYPE, VALUE_TYPE, valueTypeName } from "../../rdb/format.ts";
import type { ReadContext, ValueReader } from "../../rdb/value.ts";
import { ownReaders, VALUE_READERS } from "../../rdb/value-readers.ts";
import { type ByteSink, RdbWriter } from "../../rdb/writer.ts";
import { RdbSink, rdbTypeOf } from "../../snapshot/sinks/rdb.ts";
import { encodingOf, walkValue } from "../../snapshot/value-walk.ts";
import { isTimed } from "../../values/hash/timed.ts";
import { DEFAULT_LIMITS } from "../../values/limits.ts";
import { Temporary } from "../../values/temporary.ts";
import { TYPE_NAMES, type Type } from "../../values/value-types.ts";
import { ModuleOutline, type OutlineTarget } from "../outline.ts";
import { StreamOutline } from "../outline-stream.ts";
import { outlines } from "../outlines.ts";
import { type EntryTarget, ListAsZiplists, TimedAsValkey } from "./element-readers.ts";
import { formOfStream, goesAsItIs, LISTPACK_VERSION, ownFamily, streamForm, WRITTEN_VERSIONS } from "./form.ts";
import type { ImageTarget } from "./image-pipe.ts";
import type { Losses } from "./losses.ts";
import { OlderSink, olderTypeOf } from "./older-sink.ts";

const BUFFER_BYTES = 1024 * 1024;
/** Facts of an image that say that it is part of an append-only file: it is none now. */
const AOF_FACTS = ["aof-base", "aof-preamble"];

export interface ImageOutOptions {
  /** The version to write; null: that of the image read, or the oldest that can be written. */
  readonly version: number | null;
  /** Whether strings that are written anew are tried with LZF. */
  readonly compress: boolean;
  readonly losses: Losses;
}

/** Takes an image from a reader, and writes it. */
export class ImageOut implements ImageTarget, OutlineTarget, EntryTarget {
  readonly out: RdbWriter;
  keys = 0;
  readonly moduleAux: ValueReader;
  private version = 0;
  private readonly options: ImageOutOptions;
  private sink: RdbSink;
  private readonly building = new Temporary(new Keyspace({ databases: 1, now: 0 }).space, { ...DEFAULT_LIMITS });
  /** The value type that each goes as, of those that are handed on as they stand. */
  private readonly types: number[] = [];
  selected = 0;
  private sizesOf: { keys: number; expires: number } | null = null;
  private announced = -1;
  /** Streams of which not all goes. */
  private shortened = 0;

  constructor(target: ByteSink, options: ImageOutOptions) {
    this.options = options;
    this.out = new RdbWriter(target, { compress: options.compress, bufferBytes: BUFFER_BYTES });
    this.sink = new OlderSink(this.out);
    this.moduleAux = new ModuleOutline({
      passed() {},
      begun: () => this.out.byte(OPCODE.moduleAux),
      copied: (bytes, from, to) => this.out.raw(bytes, from, to),
    });
  }

  /** Begins the image once the version of the one read is known. Returns who reads its values. */
  begin(from: number): Map<number, () => ValueReader> {
    const { out, types } = this;
    const oldest = RDB_WRITTEN_VERSION;
    this.version = this.options.version ?? (WRITTEN_VERSIONS.includes(from) ? from : oldest);
    out.header([], this.version);
    if (this.version >= LISTPACK_VERSION)
      this.sink = new RdbSink(out, { family: ownFamily(this.version) ?? "redis", modern: this.version > LISTPACK_VERSION });
    const readers = outlines(from, this);
    const built = new Map([...VALUE_READERS, ...ownReaders(from)]);
    const lost = outlines(from, { passed: (context) => this.lose(context, from) });
    for (const type of readers.keys()) {
      types[type] = type;
      const special = this.special(type, from);
      if (special !== null) readers.set(type, special);
      else if (!goesAsItIs(type, from, this.version)) {
        const reader = this.lacksTimes && isTimedType(type, from) ? lost.get(type) : built.get(type);
        assert(reader !== undefined, "every value type that does not go as it stands is built");
        readers.set(type, reader);
      }
    }
    return readers;
  }

  /** Whether the version has no hashes whose fields expire. */
  private get lacksTimes(): boolean {
    return ownFamily(this.version) === null;
  }

  /** Who passes a value part by part, in another form. */
  private special(type: number, from: number): (() => ValueReader) | null {
    if (goesAsItIs(type, from, this.version)) return null;
    if (type === VALUE_TYPE.listQuicklist2) return () => new ListAsZiplists(this);
    if (type === REDIS_TYPE.timedHash && ownFamily(from) === "redis" && ownFamily(this.version) === "valkey")
      return () => new TimedAsValkey(this);
    const form = formOfStream(type, from);
    if (form === null) return null;
    const kept = streamForm(this.version);
    this.types[type] = kept.type;
    return () => new StreamOutline(this, form, kept.form);
  }

  /** The image is over. */
  finish(): void {
    const { losses } = this.options;
    if (this.shortened > 0)
      losses.note(`what producers were told (Redis 8.6) does not go with ${this.shortened} ${this.shortened === 1 ? "stream" : "streams"}`);
    this.out.end();
  }

  // ---- values that stand as they are

  begun(context: ReadContext, at: number): void {
    this.head(context, this.types[context.type], at);
  }

  copied(bytes: Buffer, from: number, to: number): void {
    this.out.raw(bytes, from, to);
  }

  passed({ type }: ReadContext): void {
    if (type === REDIS_TYPE.streamWithProducers && this.types[type] !== type) this.shortened++;
    this.written();
  }

  head({ entry, input }: ReadContext, type: number, at: number): void {
    this.facts(entry);
    this.out.byte(type);
    this.out.raw(input.bytes, input.start + 1, at);
  }

  written(): void {
    this.keys++;
  }

  /** Writes what stands before an entry. */
  private facts({ expireAt, farExpiry, idle, freq }: RdbEntry): void {
    const { out } = this;
    if (this.announced !== this.selected) this.announce();
    if (expireAt !== -1) out.expiry(expireAt > Number.MAX_SAFE_INTEGER ? farExpiry : expireAt);
    if (idle >= 0) out.idle(idle);
    if (freq >= 0) out.freq(freq);
  }

  private announce(): void {
    const { out, selected, sizesOf } = this;
    if (sizesOf === null) {
      out.byte(OPCODE.selectDb);
      out.length(selected);
    } else out.selectDatabase(selected, sizesOf.keys, sizesOf.expires);
    this.announced = selected;
  }

  private lose({ entry, type }: ReadContext, from: number): void {
    this.loseTimed(entry, valueTypeName(type, from) ?? "hash");
  }

  private loseTimed({ key }: RdbEntry, type: string): void {
    this.options.losses.key(this.selected, key.text(), type, `fields of it expire, which version ${this.version} has no form for`);
  }

  // ---- values that are built

  string(entry: RdbEntry): void {
    const { key, value } = entry;
    this.facts(entry);
    this.out.key(VALUE_TYPE.string, key.bytes, key.from, key.to);
    this.out.rawString(value.bytes, value.from, value.to);
    this.written();
  }

  draft(type: Type): Temporary {
    return this.building.begin(type);
  }

  collection(entry: RdbEntry, draft: Temporary): void {
    const { out, sink } = this;
    const { key } = entry;
    const encoding = encodingOf(draft);
    if (isTimed(encoding) && this.lacksTimes) {
      this.loseTimed(entry, TYPE_NAMES[draft.type]);
      return draft.discard();
    }
    this.facts(entry);
    const type = sink instanceof OlderSink ? olderTypeOf(draft.type, encoding) : rdbTypeOf(draft.type, encoding, sink.form);
    out.key(type, key.bytes, key.from, key.to);
    walkValue(sink, draft.type, draft);
    draft.discard();
    this.written();
  }

  empty({ key }: RdbEntry): void {
    this.building.discard();
    this.options.losses.note(`key ${JSON.stringify(key.text().slice(0, 100))} has nothing in it and is passed over`);
  }

  abandon(): void {
    this.building.discard();
  }

  // ---- what else there is

  aux(name: string, value: string): void {
    const { out } = this;
    out.byte(OPCODE.aux);
    for (const text of [name, AOF_FACTS.includes(name) ? "0" : value]) {
      const bytes = Buffer.from(text, "latin1");
      out.rawString(bytes, 0, bytes.length);
    }
  }

  database(index: number): void {
    this.selected = index;
    this.sizesOf = null;
  }

  sizes(keys: number, expires: number): void {
    this.sizesOf = { keys, expires };
  }

  library(code: Buffer): void {
    if (this.version >= LISTPACK_VERSION) return this.out.library(code);
    const [line] = code.latin1Slice(0, Math.min(code.length, 200)).split("\n", 1);
    this.options.losses.add(`the function library ${JSON.stringify(line)}: version ${this.version} has none`);
  }

  command(): void {
    this.options.losses.add("a command that stands between the keys, which only images of a full synchronization have");
  }

  warning(message: string): void {
    this.options.losses.note(message);
  }

  unsupported(): void {}
}

/** Whether values of this type are hashes whose fields expire, and read field by field. */
function isTimedType(type: number, version: number): boolean {
  if (ownFamily(version) === "valkey") return type === VALKEY_TYPE.timedHash;
  return type === REDIS_TYPE.timedHash || type === REDIS_TYPE.timedHashPreGa;
}
