/**
 * Lines of JSON (json-out.ts) as an image, of the newest version that has all types and needs to know least in advance: Valkey's 80. A value
 * in one line is built and checked; one that goes on over several is written as its elements come where its head says how many there are, and is
 * built otherwise.
 */

import { Keyspace } from "../../keyspace/keyspace.ts";
import { NO_TIME } from "../../memory/expiring-map.ts";
import { OPCODE, VALKEY_TYPE, VALUE_TYPE } from "../../rdb/format.ts";
import { type ByteSink, RdbWriter } from "../../rdb/writer.ts";
import { RdbSink, rdbTypeOf } from "../../snapshot/sinks/rdb.ts";
import { encodingOf, walkValue } from "../../snapshot/value-walk.ts";
import { hashSet } from "../../values/hash/hash.ts";
import { setFieldTime } from "../../values/hash/timed.ts";
import { DEFAULT_LIMITS } from "../../values/limits.ts";
import { ListEnd, listPush } from "../../values/list/list.ts";
import { setAdd } from "../../values/set/set.ts";
import { zsetPut } from "../../values/sorted-set/zset.ts";
import { Temporary } from "../../values/temporary.ts";
import { TYPE_NAMES, Type } from "../../values/value-types.ts";
import { type Json, JsonLine, LineSplitter } from "./json-lines.ts";
import { JSON_FORM } from "./json-out.ts";
import { PlainLine } from "./plain-line.ts";
import { StreamBuilder } from "./stream-builder.ts";

const VERSION = 80;
const FAMILY = "valkey";
/** Times of fields have 48 bits. */
const MAX_TIME = 2 ** 48 - 1;
const BUFFER_BYTES = 256 * 1024;

const TYPES = new Map(Object.entries(TYPE_NAMES).map(([type, name]) => [name, Number(type) as Type]));

/** A value that goes on: who takes its next lines, and who is told that it is over. */
interface Value {
  take(line: JsonLine): void;
  finish(line: JsonLine): void;
}

export class JsonIn {
  private readonly out: RdbWriter;
  private readonly sink: RdbSink;
  private readonly file: string;
  private readonly lines = new LineSplitter((bytes, from, to) => this.line(bytes, from, to));
  private readonly plain = new PlainLine();
  /** Bytes of lines of which objects were made, which are left behind. */
  leftBehind = 0;
  private readonly building = new Temporary(new Keyspace({ databases: 1, now: 0 }).space, { ...DEFAULT_LIMITS });
  private number = 0;
  private database = -1;
  private keys = 0;
  private value: Value | null = null;

  /** `file`: its name, for messages. The image goes to `target`. */
  constructor(file: string, target: ByteSink) {
    this.file = file;
    this.out = new RdbWriter(target, { compress: true, checksum: false, bufferBytes: BUFFER_BYTES });
    this.sink = new RdbSink(this.out, { family: FAMILY, modern: true });
  }

  /** Errors: BrokenSource where it is not of the form; those of the target. */
  push(chunk: Buffer): void {
    this.lines.push(chunk);
  }

  /** The file is over. Errors: likewise. */
  finish(): void {
    this.lines.finish();
    if (this.number === 0) throw new JsonLine(this.file, 1, "{}").broken("there is nothing in it");
    if (this.value !== null) throw new JsonLine(this.file, this.number, "{}").broken("the value goes on, but nothing follows");
    this.out.end();
  }

  private line(bytes: Buffer, from: number, to: number): void {
    this.number++;
    const { plain } = this;
    if (this.number > 1 && this.value === null && plain.read(bytes, from, to) && this.plainEntry(plain)) return;
    this.leftBehind += to - from;
    const text = bytes.utf8Slice(from, to);
    if (text.trim() === "") return;
    const line = new JsonLine(this.file, this.number, text);
    if (this.number === 1) return this.begin(line);
    if (this.value !== null) return this.goOn(line, this.value);
    if (line.has("key")) this.entry(line);
    else if (line.has("function")) this.library(line);
    else if (line.has("aux")) this.fact(line);
    else throw line.broken('has no "key", no "function" and no "aux"');
  }

  private begin(line: JsonLine): void {
    if (line.get("format") !== "replicant" || line.get("version") !== JSON_FORM)
      throw line.broken(`is not {"format":"replicant","version":${JSON_FORM}}`);
    this.out.header([], VERSION);
  }

  private fact(line: JsonLine): void {
    const [name, value] = line.list("aux");
    this.out.byte(OPCODE.aux);
    for (const part of [name, value]) {
      const bytes = line.asBytes(part, "aux");
      this.out.rawString(bytes, 0, bytes.length);
    }
  }

  private library(line: JsonLine): void {
    if (this.keys > 0) throw line.broken("a function stands behind a key");
    this.out.library(line.bytes("function"));
  }

  private entry(line: JsonLine): void {
    const { out } = this;
    this.selectDatabase(line.count("db") ?? 0);
    this.keys++;
    if (line.has("expireAt")) out.expiry(line.asInteger(line.get("expireAt"), "expireAt"));
    const idle = line.count("idle");
    if (idle !== null) out.idle(idle);
    const freq = line.count("freq");
    if (freq !== null) out.freq(Math.min(freq, 255));
    const type = TYPES.get(line.text("type"));
    if (type === undefined) throw line.broken(`there is no type "${line.text("type")}"`);
    const key = line.bytes("key");
    if (type === Type.STRING) {
      const value = line.bytes("value");
      out.key(VALUE_TYPE.string, key, 0, key.length);
      out.rawString(value, 0, value.length);
      return;
    }
    this.value = this.begun(line, key, type);
    this.goOn(line, this.value);
  }

  /** Writes what a plain line has. Returns whether it could: elements that come twice are for others to tell of. */
  private plainEntry(line: PlainLine): boolean {
    const { out } = this;
    const { bytes, type, keyFrom, keyTo, places } = line;
    const isString = type === Type.STRING;
    const draft = isString ? null : this.plainDraft(line);
    if (draft === null && !isString) return false;
    this.selectDatabase(line.db);
    this.keys++;
    if (line.expireAt >= 0) out.expiry(line.expireAt);
    if (line.idle >= 0) out.idle(line.idle);
    if (line.freq >= 0) out.freq(Math.min(line.freq, 255));
    if (draft === null) {
      out.key(VALUE_TYPE.string, bytes, keyFrom, keyTo);
      out.rawString(bytes, places[0], places[1]);
    } else this.writeDraft(bytes, keyFrom, keyTo, draft);
    return true;
  }

  /** The value of a plain line; null where it has not as many elements as it says, or one twice. */
  private plainDraft({ bytes, type, elements, count, places, numbers }: PlainLine): Temporary | null {
    if (count >= 0 && count !== elements) return null;
    const draft = this.draft(type);
    for (let index = 0; index < elements; index++) {
      const at = index * (type === Type.LIST || type === Type.SET ? 2 : 4);
      const [from, to] = [places[at], places[at + 1]];
      let isNew = true;
      if (type === Type.LIST) listPush(draft, bytes, from, to, ListEnd.TAIL);
      else if (type === Type.SET) isNew = setAdd(draft, bytes, from, to);
      else if (type === Type.ZSET) isNew = zsetPut(draft, numbers[index], bytes, from, to);
      else {
        isNew = hashSet(draft, bytes, from, to, bytes, places[at + 2], places[at + 3]);
        if (numbers[index] > MAX_TIME) isNew = false;
        else if (numbers[index] >= 0) setFieldTime(draft, bytes, from, to, numbers[index]);
      }
      if (isNew) continue;
      draft.discard();
      return null;
    }
    return draft;
  }

  private selectDatabase(database: number): void {
    if (database === this.database) return;
    this.out.byte(OPCODE.selectDb);
    this.out.length(database);
    this.database = database;
  }

  private begun(line: JsonLine, key: Buffer, type: Type): Value {
    const count = line.count("count");
    if (type === Type.STREAM) return new BuiltStream(this, key);
    if (count === null || !line.flag("more")) return new Built(this, key, type, count);
    return new Counted(this.out, key, type, count, line.flag("timed"));
  }

  private goOn(line: JsonLine, value: Value): void {
    value.take(line);
    if (line.flag("more")) return;
    this.value = null;
    value.finish(line);
  }

  // ---- for values

  draft(type: Type): Temporary {
    return this.building.begin(type);
  }

  write(key: Buffer, draft: Temporary): void {
    this.writeDraft(key, 0, key.length, draft);
  }

  private writeDraft(key: Buffer, from: number, to: number, draft: Temporary): void {
    const { out, sink } = this;
    out.key(rdbTypeOf(draft.type, encodingOf(draft), sink.form), key, from, to);
    walkValue(sink, draft.type, draft);
    draft.discard();
  }
}

/** An element of a list or a set, a member with its score, or a field with its value and perhaps its time. */
interface Item {
  readonly name: Buffer;
  readonly content: Buffer;
  readonly score: number;
  readonly time: number;
}

const NONE = Buffer.alloc(0);

function itemOf(line: JsonLine, type: Type, value: Json): Item {
  if (type === Type.LIST || type === Type.SET) return { name: line.asBytes(value, "values"), content: NONE, score: 0, time: NO_TIME };
  const parts = line.asList(value, "values");
  const name = line.asBytes(parts[0], "values");
  if (type === Type.ZSET) return { name, content: NONE, score: line.asScore(parts[1], "values"), time: NO_TIME };
  const time = parts.length > 2 ? line.asCount(parts[2], "values") : NO_TIME;
  if (time > MAX_TIME) throw line.broken(`${time} is no time at which a field expires`);
  return { name, content: line.asBytes(parts[1], "values"), score: 0, time };
}

/** A value that is built, and written once it is whole. */
class Built implements Value {
  private readonly json: JsonIn;
  private readonly key: Buffer;
  private readonly draft: Temporary;
  private readonly type: Type;
  private readonly count: number | null;
  private taken = 0;

  constructor(json: JsonIn, key: Buffer, type: Type, count: number | null) {
    this.json = json;
    this.key = key;
    this.type = type;
    this.count = count;
    this.draft = json.draft(type);
  }

  take(line: JsonLine): void {
    for (const value of line.list("values")) {
      if (!this.add(itemOf(line, this.type, value))) throw line.broken(`${JSON.stringify(value)} is in the value already`);
      this.taken++;
    }
  }

  /** Returns whether it was not there. */
  private add({ name, content, score, time }: Item): boolean {
    const { draft } = this;
    switch (this.type) {
      case Type.LIST:
        listPush(draft, name, 0, name.length, ListEnd.TAIL);
        return true;
      case Type.SET:
        return setAdd(draft, name, 0, name.length);
      case Type.ZSET:
        return zsetPut(draft, score, name, 0, name.length);
      default: {
        const isNew = hashSet(draft, name, 0, name.length, content, 0, content.length);
        if (time !== NO_TIME) setFieldTime(draft, name, 0, name.length, time);
        return isNew;
      }
    }
  }

  finish(line: JsonLine): void {
    checkCount(line, this.count ?? this.taken, this.taken);
    this.json.write(this.key, this.draft);
  }
}

/** One that is written as it comes. */
class Counted implements Value {
  private readonly out: RdbWriter;
  private readonly type: Type;
  private readonly count: number;
  private readonly timed: boolean;
  private taken = 0;

  constructor(out: RdbWriter, key: Buffer, type: Type, count: number, timed: boolean) {
    this.out = out;
    this.type = type;
    this.count = count;
    this.timed = timed && type === Type.HASH;
    out.key(this.timed ? VALKEY_TYPE.timedHash : ELEMENT_TYPES[type], key, 0, key.length);
    out.length(count);
  }

  take(line: JsonLine): void {
    const { out, type } = this;
    for (const value of line.list("values")) {
      const { name, content, score, time } = itemOf(line, type, value);
      if (time !== NO_TIME && !this.timed) throw line.broken('a field has a time, but the head of the hash has no "timed"');
      out.rawString(name, 0, name.length);
      if (type === Type.ZSET) out.binaryDouble(score);
      if (type === Type.HASH) out.rawString(content, 0, content.length);
      if (this.timed) out.int64(time);
      this.taken++;
    }
  }

  finish(line: JsonLine): void {
    checkCount(line, this.count, this.taken);
  }
}

/** The value types of collections that stand element by element. */
const ELEMENT_TYPES: Readonly<Record<Type, number>> = {
  [Type.STRING]: VALUE_TYPE.string,
  [Type.LIST]: VALUE_TYPE.list,
  [Type.SET]: VALUE_TYPE.set,
  [Type.ZSET]: VALUE_TYPE.zset2,
  [Type.HASH]: VALUE_TYPE.hash,
  [Type.STREAM]: VALUE_TYPE.streamListpacks3,
};

function checkCount(line: JsonLine, count: number, taken: number): void {
  if (taken !== count) throw line.broken(`the value was to have ${count} elements, but has ${taken}`);
  if (taken === 0) throw line.broken("the value has no elements");
}

class BuiltStream implements Value {
  private readonly json: JsonIn;
  private readonly key: Buffer;
  private readonly draft: Temporary;
  private readonly builder: StreamBuilder;

  constructor(json: JsonIn, key: Buffer) {
    this.json = json;
    this.key = key;
    this.draft = json.draft(Type.STREAM);
    this.builder = new StreamBuilder(this.draft);
  }

  take(line: JsonLine): void {
    this.builder.take(line);
  }

  finish(line: JsonLine): void {
    this.builder.finish(line);
    this.json.write(this.key, this.draft);
  }
}
