/**
 * An image as the parts of its values, given to a sink (snapshot/value-walk.ts says what such a one gets). What stands element by element in the
 * image, and lists node by node, are given so, and never held as a whole; other values are built one at a time.
 */

import { Keyspace } from "../../keyspace/keyspace.ts";
import { NO_TIME } from "../../memory/expiring-map.ts";
import { Element, MAX_PACKED_BYTES, packedAtEnd, packedFirst, packedRead, packedValid } from "../../memory/packed.ts";
import { type RdbEntry, RdbString } from "../../rdb/entry.ts";
import { integrityFailure } from "../../rdb/error.ts";
import { NODE_CONTAINER, REDIS_TYPE, VALKEY_TYPE, VALUE_TYPE } from "../../rdb/format.ts";
import type { RdbInput } from "../../rdb/input.ts";
import { type ReadContext, STEP, type Step, type ValueReader } from "../../rdb/value.ts";
import { ownReaders, VALUE_READERS } from "../../rdb/value-readers.ts";
import { ZiplistReader } from "../../rdb/ziplist.ts";
import { type ValueSink, walkValue } from "../../snapshot/value-walk.ts";
import { DEFAULT_LIMITS } from "../../values/limits.ts";
import { Temporary } from "../../values/temporary.ts";
import { Type } from "../../values/value-types.ts";
import { ModuleOutline } from "../outline.ts";
import { ownFamily } from "./form.ts";
import type { ImageTarget } from "./image-pipe.ts";
import type { Losses } from "./losses.ts";

/** What takes the values of an image, with what stands around them. */
export interface EntriesSink extends ValueSink {
  /** A value of this type begins, at the key of the entry. */
  beginEntry(database: number, entry: RdbEntry, type: Type): void;
  /** In place of `collection`, for a list whose elements are not counted. */
  list(): void;
  /** The entry is over, its value included. */
  finishEntry(entry: RdbEntry): void;
  fact(name: string, value: string): void;
  library(code: Buffer): void;
  /** All is over. */
  close(): void;
}

export class ValueEvents implements ImageTarget {
  keys = 0;
  selected = 0;
  readonly moduleAux = null;
  private readonly sink: EntriesSink;
  private readonly losses: Losses;
  private readonly name: string;
  private readonly building = new Temporary(new Keyspace({ databases: 1, now: 0 }).space, { ...DEFAULT_LIMITS });

  /** `name`: what they go into, for messages. */
  constructor(sink: EntriesSink, losses: Losses, name: string) {
    this.sink = sink;
    this.losses = losses;
    this.name = name;
  }

  begin(version: number): ReadonlyMap<number, () => ValueReader> {
    const readers = new Map([...VALUE_READERS, ...ownReaders(version)]);
    for (const [type, form] of ELEMENTS) readers.set(type, () => new ElementEvents(this, form));
    for (const contained of [false, true])
      readers.set(contained ? VALUE_TYPE.listQuicklist2 : VALUE_TYPE.listQuicklist, () => new NodeEvents(this, contained));
    const family = ownFamily(version);
    if (family === "redis") readers.set(REDIS_TYPE.timedHash, () => new ElementEvents(this, new TimedForm("redis")));
    if (family === "valkey") readers.set(VALKEY_TYPE.timedHash, () => new ElementEvents(this, new TimedForm("valkey")));
    readers.set(VALUE_TYPE.module2, () => new ModuleOutline({ passed: (context, { module }) => this.lose(context.entry, module) }));
    return readers;
  }

  finish(): void {
    this.sink.close();
  }

  private lose({ key }: RdbEntry, module: string): void {
    this.losses.key(this.selected, key.text(), `value of module ${module}`, `${this.name} have no form for it`);
  }

  // ---- values

  /** A value begins that is given part by part. Returns who takes it. */
  open(entry: RdbEntry, type: Type): EntriesSink {
    this.sink.beginEntry(this.selected, entry, type);
    return this.sink;
  }

  close(entry: RdbEntry): void {
    this.sink.end();
    this.sink.finishEntry(entry);
    this.keys++;
  }

  string(entry: RdbEntry): void {
    const { bytes, from, to } = entry.value;
    this.open(entry, Type.STRING).string(bytes, from, to);
    this.close(entry);
  }

  draft(type: Type): Temporary {
    return this.building.begin(type);
  }

  collection(entry: RdbEntry, draft: Temporary): void {
    walkValue(this.open(entry, draft.type), draft.type, draft);
    draft.discard();
    this.sink.finishEntry(entry);
    this.keys++;
  }

  empty({ key }: RdbEntry): void {
    this.building.discard();
    this.losses.note(`key ${JSON.stringify(key.text().slice(0, 100))} has nothing in it and is passed over`);
  }

  abandon(): void {
    this.building.discard();
  }

  // ---- what else there is

  aux(name: string, value: string): void {
    this.sink.fact(name, value);
  }

  database(index: number): void {
    this.selected = index;
  }

  sizes(): void {}

  library(code: Buffer): void {
    this.sink.library(code);
  }

  command(): void {
    this.losses.add("a command that stands between the keys, which only images of a full synchronization have");
  }

  warning(message: string): void {
    this.losses.note(message);
  }

  unsupported(): void {}
}

// ---- element by element

const name = new RdbString();
const content = new RdbString();
const element = new Element();

interface ElementForm {
  readonly type: Type;
  /** Reads what stands before the elements, and how many there are into `input.value`. Returns false when the window ends inside it. */
  head(input: RdbInput): boolean;
  /** Tells the sink of `count` elements. */
  begin(sink: EntriesSink, count: number): void;
  /** Reads an element and gives it. Returns false when the window ends inside it. */
  give(input: RdbInput, sink: EntriesSink): boolean;
}

const counted = (type: Type, give: ElementForm["give"]): ElementForm => ({
  type,
  head: (input) => input.readLength(),
  begin: (sink, count) => sink.collection(type, count, 0),
  give,
});

function giveName(input: RdbInput, sink: EntriesSink): boolean {
  if (!input.readString(name)) return false;
  sink.element(name.bytes, name.from, name.to);
  return true;
}

const giveScored =
  (readScore: (input: RdbInput) => boolean): ElementForm["give"] =>
  (input, sink) => {
    if (!input.readString(name) || !readScore(input)) return false;
    if (Number.isNaN(input.number)) throw input.error("Zset with NAN score detected", input.start);
    sink.scored(name.bytes, name.from, name.to, input.number);
    return true;
  };

const ELEMENTS: readonly (readonly [number, ElementForm])[] = [
  [VALUE_TYPE.list, counted(Type.LIST, giveName)],
  [VALUE_TYPE.set, counted(Type.SET, giveName)],
  [
    VALUE_TYPE.zset,
    counted(
      Type.ZSET,
      giveScored((input) => input.readTextDouble()),
    ),
  ],
  [
    VALUE_TYPE.zset2,
    counted(
      Type.ZSET,
      giveScored((input) => input.readBinaryDouble()),
    ),
  ],
  [
    VALUE_TYPE.hash,
    counted(Type.HASH, (input, sink) => {
      if (!input.readString(name) || !input.readString(content)) return false;
      sink.field(name.bytes, name.from, name.to, content.bytes, content.from, content.to, NO_TIME);
      return true;
    }),
  ],
];

/** Hashes with times of fields: rdb/timed-hash.ts. */
class TimedForm implements ElementForm {
  readonly type = Type.HASH;
  private readonly family: "redis" | "valkey";
  private base = 0;

  constructor(family: "redis" | "valkey") {
    this.family = family;
  }

  head(input: RdbInput): boolean {
    if (this.family === "redis") {
      if (!input.readInt64()) return false;
      this.base = input.number;
    }
    return input.readLength();
  }

  begin(sink: EntriesSink, count: number): void {
    sink.timedHash(count, this.base);
  }

  give(input: RdbInput, sink: EntriesSink): boolean {
    let time = NO_TIME;
    if (this.family === "redis") {
      if (!input.readLength()) return false;
      if (input.value !== 0) time = this.base + input.value - 1;
    }
    if (!input.readString(name) || !input.readString(content)) return false;
    if (this.family === "valkey") {
      if (!input.readInt64()) return false;
      if (input.number >= 0) time = input.number;
    }
    sink.field(name.bytes, name.from, name.to, content.bytes, content.from, content.to, time);
    return true;
  }
}

class ElementEvents implements ValueReader {
  private readonly events: ValueEvents;
  private readonly form: ElementForm;
  private sink: EntriesSink | null = null;
  private left = 0;

  constructor(events: ValueEvents, form: ElementForm) {
    this.events = events;
    this.form = form;
  }

  begin({ input, entry }: ReadContext): Step {
    const { events, form } = this;
    if (!form.head(input)) return STEP.incomplete;
    this.left = input.value;
    if (this.left === 0) {
      events.empty(entry);
      return STEP.done;
    }
    this.sink = events.open(entry, form.type);
    form.begin(this.sink, this.left);
    return STEP.more;
  }

  next({ input, entry }: ReadContext): Step {
    const { sink } = this;
    if (sink === null || !this.form.give(input, sink)) return STEP.incomplete;
    if (--this.left > 0) return STEP.more;
    this.sink = null;
    this.events.close(entry);
    return STEP.done;
  }
}

/** Lists of nodes: ziplists, or (`contained`) listpacks and single elements. */
class NodeEvents implements ValueReader {
  private readonly events: ValueEvents;
  private readonly contained: boolean;
  private readonly ziplist = new ZiplistReader();
  /** Null while no element has come: nodes may be empty. */
  private sink: EntriesSink | null = null;
  private left = 0;

  constructor(events: ValueEvents, contained: boolean) {
    this.events = events;
    this.contained = contained;
  }

  begin({ input, entry }: ReadContext): Step {
    if (!input.readLength()) return STEP.incomplete;
    this.left = input.value;
    if (this.left === 0) {
      this.events.empty(entry);
      return STEP.done;
    }
    this.sink = null;
    return STEP.more;
  }

  next(context: ReadContext): Step {
    const { input, entry } = context;
    if (!(this.contained ? this.giveContained(input, entry) : this.giveZiplist(input, entry))) return STEP.incomplete;
    if (--this.left > 0) return STEP.more;
    if (this.sink === null) this.events.empty(entry);
    else this.events.close(entry);
    this.sink = null;
    return STEP.done;
  }

  private element(entry: RdbEntry, bytes: Buffer, from: number, to: number): void {
    if (this.sink === null) {
      this.sink = this.events.open(entry, Type.LIST);
      this.sink.list();
    }
    this.sink.element(bytes, from, to);
  }

  private giveContained(input: RdbInput, entry: RdbEntry): boolean {
    if (!input.readLength()) return false;
    const container = input.value;
    if (!input.readString(content)) return false;
    const { bytes, from, to } = content;
    if (container === NODE_CONTAINER.plain) {
      this.element(entry, bytes, from, to);
      return true;
    }
    if (container !== NODE_CONTAINER.packed || to - from > MAX_PACKED_BYTES || !packedValid(bytes, from, to))
      throw input.error(integrityFailure("Quicklist", "a node is neither a listpack nor one element"), input.start);
    for (let at = packedFirst(bytes, from); !packedAtEnd(bytes, at); ) {
      at = packedRead(bytes, at, element);
      this.element(entry, element.bytes, element.from, element.to);
    }
    return true;
  }

  private giveZiplist(input: RdbInput, entry: RdbEntry): boolean {
    const { ziplist } = this;
    const { offset } = input;
    if (!input.readString(content)) return false;
    ziplist.open("Ziplist", content.bytes, content.from, content.to, offset);
    while (ziplist.next()) this.element(entry, ziplist.bytes, ziplist.from, ziplist.to);
    return true;
  }
}
