/**
 * Values as the commands that make them, arrays of bulk strings: what an append-only file begins with unless it begins with an image
 * (aof-use-rdb-preamble no). Hot: called for every element.
 *
 * Lists, sets, sorted sets and hashes are RPUSH, SADD, ZADD and HMSET of 64 elements each, as in Redis. A stream is XADD for each entry,
 * XSETID for what entries do not tell, XGROUP CREATE for each group, XCLAIM for each pending entry, XGROUP CREATECONSUMER for others.
 */

import { assert } from "../../assert.ts";
import { copied, writeInteger } from "../../base/bytes.ts";
import { MAX_DOUBLE_BYTES, writeDouble } from "../../base/numbers/doubles.ts";
import { NO_TIME } from "../../memory/expiring-map.ts";
import { EXPIRES } from "../../memory/record.ts";
import type { RdbWriter } from "../../rdb/writer.ts";
import type { StreamFacts } from "../../values/stream/stream.ts";
import type { PendingRecord } from "../../values/stream/stream-group.ts";
import { StreamId } from "../../values/stream/stream-id.ts";
import type { FieldReader } from "../../values/stream/stream-node.ts";
import { Type } from "../../values/value-types.ts";
import type { DatabaseImage, EntrySink } from "../image.ts";
import { pieceParts } from "../streamed-strings.ts";
import { type ConsumerFacts, entriesOf, type GroupFacts, type ReadNodes, type ValueSink } from "../value-walk.ts";

export interface CommandImageOptions {
  /** The time to note at the head, in s since 1970; null for none. */
  readonly timestamp: number | null;
}

/** Redis's figure: AOF_REWRITE_ITEMS_PER_CMD. */
const ELEMENTS = 64;

const STAR = 0x2a;
const DOLLAR = 0x24;
const CR = 0x0d;
const LF = 0x0a;
const LINE_END = Buffer.of(CR, LF);

const HMSET = Buffer.from("HMSET");
/** The commands that build collections, and how many words an element is. */
const BUILDERS: Readonly<Partial<Record<Type, { readonly word: Buffer; readonly wordsEach: number }>>> = {
  [Type.LIST]: { word: Buffer.from("RPUSH"), wordsEach: 1 },
  [Type.SET]: { word: Buffer.from("SADD"), wordsEach: 1 },
  [Type.ZSET]: { word: Buffer.from("ZADD"), wordsEach: 2 },
  [Type.HASH]: { word: HMSET, wordsEach: 2 },
};
const SET = Buffer.from("SET");

/** Room for the longest line: `*` or `$`, 16 digits, CRLF. */
const line = Buffer.alloc(24);
const digits = Buffer.alloc(MAX_DOUBLE_BYTES);
const id = new StreamId();

/** A line that says that what follows was written at `seconds` since 1970. */
export function annotation(seconds: number): Buffer {
  return Buffer.from(`#TS:${seconds}\r\n`, "latin1");
}

export class CommandSink implements EntrySink {
  /** Of an RDB writer, only the buffer is of use here. */
  out: RdbWriter;
  /** The key of the value: key[keyFrom, keyTo). */
  private key: Buffer = LINE_END;
  private keyFrom = 0;
  private keyTo = 0;
  /** The command that takes the elements of the value. */
  private word: Buffer = SET;
  private wordsEach = 0;
  /** Elements of the value to come, and those to come in the command that has begun. */
  private left = 0;
  private inCommand = 0;
  /** Bytes to come of what comes in pieces. */
  private pieceBytes = 0;
  /** Whether the value is a hash with times of fields: these take a command each. */
  private withTimes = false;
  /** What follows a value that comes in pieces: its field and when that expires. */
  private timed: { readonly field: Buffer; readonly time: number } | null = null;

  constructor(out: RdbWriter) {
    this.out = out;
  }

  /** Returns the sink of an image; `timestamp` is noted at its head. */
  static image(out: RdbWriter, { timestamp }: CommandImageOptions): CommandSink {
    const note = timestamp === null ? LINE_END : annotation(timestamp);
    if (timestamp !== null) out.raw(note, 0, note.length);
    return new CommandSink(out);
  }

  library(text: Buffer): void {
    this.header(STAR, 3);
    this.texts("FUNCTION", "LOAD");
    this.bytes(text, 0, text.length);
  }

  // ---- entries

  select({ database }: Pick<DatabaseImage, "database">): void {
    this.header(STAR, 2);
    this.texts("SELECT", String(database));
  }

  begin({ table }: DatabaseImage, address: number): void {
    const from = table.keyOffset(address);
    this.at(table.keyBuffer(address), from, from + table.keyLength(address));
  }

  /** The value that follows is at this key. */
  protected at(key: Buffer, from: number, to: number): void {
    this.key = key;
    this.keyFrom = from;
    this.keyTo = to;
  }

  /** The key may move meanwhile. */
  forLater(out: RdbWriter): ValueSink {
    const later = new CommandSink(out);
    later.key = copied(this.key, this.keyFrom, this.keyTo);
    later.keyTo = later.key.length;
    later.word = this.word;
    later.wordsEach = this.wordsEach;
    later.left = this.left;
    later.pieceBytes = this.pieceBytes;
    later.withTimes = this.withTimes;
    this.withTimes = false;
    this.left = 0;
    this.pieceBytes = 0;
    return later;
  }

  finish({ table, expiry }: DatabaseImage, address: number): void {
    if ((table.flags(address) & EXPIRES) === 0) return;
    const at = expiry.at(address);
    this.expireKey(at <= Number.MAX_SAFE_INTEGER ? at : expiry.exact(address));
  }

  protected expireKey(at: number | bigint): void {
    this.command(3, "PEXPIREAT");
    this.text(String(at));
  }

  close(): void {
    this.out.flush();
  }

  // ---- values

  string(bytes: Buffer, from: number, to: number): void {
    this.begun(3, SET);
    this.bytes(bytes, from, to);
  }

  longString(length: number): void {
    this.begun(3, SET);
    this.long(length);
  }

  private long(length: number): void {
    this.header(DOLLAR, length);
    this.pieceBytes = length;
  }

  piece(bytes: Buffer, from: number, to: number): void {
    assert(to - from <= this.pieceBytes, "the pieces of a string are no longer than it was said to be");
    this.pieceBytes -= to - from;
    this.out.raw(bytes, from, to);
    if (this.pieceBytes === 0) this.out.raw(LINE_END, 0, 2);
  }

  packed(): boolean {
    return false;
  }

  collection(type: Type, count: number): void {
    const builder = BUILDERS[type];
    this.left = builder === undefined ? 0 : count;
    this.inCommand = 0;
    if (builder !== undefined) {
      this.word = builder.word;
      this.wordsEach = builder.wordsEach;
    } else if (count === 0) {
      // There is no command that makes an empty stream: one that adds an entry and trims it away does.
      this.command(7, "XADD");
      this.texts("MAXLEN", "0", "0-1", "x", "y");
    }
  }

  node(): number {
    return -1;
  }

  longElement(length: number): void {
    this.next();
    this.long(length);
  }

  longField(bytes: Buffer, from: number, to: number, length: number, time: number): void {
    this.beginField(bytes, from, to);
    this.long(length);
    if (time !== NO_TIME) this.timed = { field: copied(bytes, from, to), time };
  }

  endLong(): void {
    assert(this.pieceBytes === 0, "what comes in pieces ends after its last byte");
    const { timed } = this;
    if (timed !== null) this.expire(timed.field, 0, timed.field.length, timed.time);
    this.timed = null;
  }

  element(bytes: Buffer, from: number, to: number): void {
    this.next();
    this.bytes(bytes, from, to);
  }

  scored(bytes: Buffer, from: number, to: number, score: number): void {
    this.next();
    // The shortest text that reads back as the same number.
    const end = writeDouble(digits, 0, score);
    this.bytes(digits, 0, end);
    this.bytes(bytes, from, to);
  }

  timedHash(): void {
    this.left = 0;
    this.inCommand = 0;
    this.withTimes = true;
  }

  field(bytes: Buffer, from: number, to: number, value: Buffer, valueFrom: number, valueTo: number, time: number): void {
    this.beginField(bytes, from, to);
    this.bytes(value, valueFrom, valueTo);
    if (time !== NO_TIME) this.expire(bytes, from, to, time);
  }

  private beginField(bytes: Buffer, from: number, to: number): void {
    if (this.withTimes) this.begun(4, HMSET);
    else this.next();
    this.bytes(bytes, from, to);
  }

  private expire(field: Buffer, from: number, to: number, time: number): void {
    this.command(6, "HPEXPIREAT");
    this.texts(String(time), "FIELDS", "1");
    this.bytes(field, from, to);
  }

  /** An element follows: in front of every 64th stands the head of a command. */
  private next(): void {
    if (this.inCommand === 0) {
      assert(this.left > 0, "a collection has as many elements as it was said to have");
      this.inCommand = Math.min(ELEMENTS, this.left);
      this.begun(2 + this.inCommand * this.wordsEach, this.word);
    }
    this.inCommand--;
    this.left--;
  }

  entry(entryId: StreamId, count: number, fields: FieldReader): void {
    this.beginAdding(entryId, count);
    for (let left = count; left > 0; left--) {
      fields.next();
      const { field, value } = fields;
      const { bytes, from, to } = value.joined();
      this.bytes(field.bytes, field.from, field.to);
      this.bytes(bytes, from, to);
    }
  }

  private beginAdding(entryId: StreamId, count: number): void {
    this.command(3 + count * 2, "XADD");
    this.text(entryId.toString());
  }

  *longNode(nodes: ReadNodes, index: number): Generator<number> {
    for (const { reader, fields } of entriesOf(nodes, index)) yield* this.entryParts(reader.id, reader.fields, fields);
  }

  private *entryParts(entryId: StreamId, count: number, fields: FieldReader): Generator<number> {
    this.beginAdding(entryId, count);
    for (let left = count; left > 0; left--) {
      fields.next();
      const { field, value } = fields;
      const { blocks } = value;
      this.bytes(field.bytes, field.from, field.to);
      if (blocks === null) this.bytes(value.bytes, value.from, value.to);
      else {
        this.long(blocks.length);
        yield* pieceParts(blocks, (bytes, from, to) => this.piece(bytes, from, to));
      }
    }
  }

  streamFacts(_length: number, { lastId, entriesAdded, maxDeletedId }: StreamFacts): void {
    this.command(7, "XSETID");
    this.texts(lastId.toString(), "ENTRIESADDED", String(entriesAdded), "MAXDELETEDID", maxDeletedId.toString());
  }

  group({ name, lastId, entriesRead }: GroupFacts): void {
    this.command(7, "XGROUP", "CREATE");
    this.bytes(name, 0, name.length);
    this.texts(lastId.toString(), "ENTRIESREAD", String(entriesRead));
  }

  pending({ name, consumerNames }: GroupFacts, bytes: Buffer, at: number, { time, deliveries, consumer: index }: PendingRecord): void {
    const consumer = consumerNames.get(index);
    if (consumer === undefined) return;
    this.command(12, "XCLAIM");
    this.bytes(name, 0, name.length);
    this.bytes(consumer, 0, consumer.length);
    this.texts("0", id.read(bytes, at).toString(), "TIME", String(time), "RETRYCOUNT", String(deliveries), "JUSTID", "FORCE");
  }

  consumers(): void {}

  /** XCLAIM has made those that have pending entries. */
  consumer(group: GroupFacts, { name, owned }: ConsumerFacts): void {
    if (owned.size > 0) return;
    this.command(5, "XGROUP", "CREATECONSUMER");
    this.bytes(group.name, 0, group.name.length);
    this.bytes(name, 0, name.length);
  }

  owned(): void {}

  end(): void {
    assert(this.left === 0 && this.pieceBytes === 0, "a value ends after its last element");
    this.withTimes = false;
  }

  // ---- words

  private header(mark: number, count: number): void {
    line[0] = mark;
    const end = writeInteger(line, 1, count);
    line[end] = CR;
    line[end + 1] = LF;
    this.out.raw(line, 0, end + 2);
  }

  /** A command of `count` words begins: its name, and the key. */
  private begun(count: number, word: Buffer): void {
    this.header(STAR, count);
    this.bytes(word, 0, word.length);
    this.bytes(this.key, this.keyFrom, this.keyTo);
  }

  private command(count: number, ...words: readonly string[]): void {
    this.header(STAR, count);
    this.texts(...words);
    this.bytes(this.key, this.keyFrom, this.keyTo);
  }

  private bytes(bytes: Buffer, from: number, to: number): void {
    this.header(DOLLAR, to - from);
    this.out.raw(bytes, from, to);
    this.out.raw(LINE_END, 0, 2);
  }

  private texts(...words: readonly string[]): void {
    for (const word of words) this.text(word);
  }

  /** A word of one byte a character. */
  private text(text: string): void {
    const bytes = Buffer.from(text, "latin1");
    this.bytes(bytes, 0, bytes.length);
  }
}
