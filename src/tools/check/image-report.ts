/** What is in an image: gathered while it is read. Hot: `passed` is called for every key. */

import { assert } from "../../assert.ts";
import type { RdbEntry } from "../../rdb/entry.ts";
import { REDIS_TYPE, VALUE_TYPE, valueTypeName } from "../../rdb/format.ts";
import type { RdbHandler } from "../../rdb/handler.ts";
import type { ReadContext } from "../../rdb/value.ts";
import { type Outline, type OutlineTarget, STRING_FORM, type StringForm } from "../outline.ts";
import { type RankedKey, Ranking } from "./ranking.ts";

/** No more facts and warnings of a file are kept than this. */
const MOST_FACTS = 1000;

export type TypeName = "string" | "list" | "set" | "zset" | "hash" | "stream" | "module";

/** By the number of the value type. The families gave 22 and 23 to hashes both. */
const TYPE_OF: TypeName[] = [];
const TYPES: Readonly<Partial<Record<TypeName, readonly number[]>>> = {
  string: [VALUE_TYPE.string, REDIS_TYPE.bitmap],
  list: [VALUE_TYPE.list, VALUE_TYPE.listZiplist, VALUE_TYPE.listQuicklist, VALUE_TYPE.listQuicklist2],
  set: [VALUE_TYPE.set, VALUE_TYPE.setIntset, VALUE_TYPE.setListpack],
  zset: [VALUE_TYPE.zset, VALUE_TYPE.zset2, VALUE_TYPE.zsetZiplist, VALUE_TYPE.zsetListpack],
  stream: [
    VALUE_TYPE.streamListpacks,
    VALUE_TYPE.streamListpacks2,
    VALUE_TYPE.streamListpacks3,
    REDIS_TYPE.streamWithProducers,
    REDIS_TYPE.streamWithUnowned,
  ],
  module: [VALUE_TYPE.modulePreGa, VALUE_TYPE.module2],
};
for (const [name, types] of Object.entries(TYPES)) for (const type of types) TYPE_OF[type] = name as TypeName;

/** What users call a value type; one of the rest is a hash. */
function typeNameOf(type: number): TypeName {
  return TYPE_OF[type] ?? "hash";
}

/** What a key takes in Redis's memory beside its bytes, in bytes: an entry of the table, two objects, two heads of strings. */
const KEY_OVERHEAD = 64;
const EXPIRY_OVERHEAD = 32;
/** Likewise an element of a value that is held as a table (and, of a sorted set, in a skip list), and one of any other. */
const TABLE_OVERHEAD: Readonly<Record<number, number>> = {
  [VALUE_TYPE.set]: 40,
  [VALUE_TYPE.hash]: 56,
  [VALUE_TYPE.zset]: 88,
  [VALUE_TYPE.zset2]: 88,
  [VALUE_TYPE.list]: 2,
};
const PACKED_OVERHEAD = 2;

/** Bytes of an expiry before the entry, with its opcode: in ms from version 3 on. */
const EXPIRY_BYTES = 9;

/** What there is of one type. */
export interface TypeCounts {
  keys: number;
  elements: number;
  /** In the file, keys and expiries included. */
  bytes: number;
  /** About what they take in Redis's memory. */
  memory: number;
  /** Keys by how they are held in the file. */
  readonly encodings: Record<string, number>;
}

/** Counts of one value type of the format. */
interface Slot {
  readonly name: TypeName;
  readonly encoding: string;
  readonly overhead: number;
  keys: number;
  elements: number;
  bytes: number;
  memory: number;
}

export interface DatabaseCounts {
  keys: number;
  expires: number;
}

/** Strings have a slot for each form, behind those of value types. */
const STRING_SLOTS = 256;
const STRING_ENCODINGS: Readonly<Record<StringForm, string>> = {
  [STRING_FORM.plain]: "plain",
  [STRING_FORM.integer]: "integer",
  [STRING_FORM.compressed]: "compressed",
};

export class ImageReport implements RdbHandler, OutlineTarget {
  readonly facts: [name: string, value: string][] = [];
  readonly libraries: string[] = [];
  readonly databases = new Map<number, DatabaseCounts>();
  readonly warnings: string[] = [];
  readonly modules = new Map<string, number>();
  readonly byBytes: Ranking;
  readonly byElements: Ranking;
  keys = 0;
  expires = 0;
  expired = 0;
  /** Keys whose collection has nothing in it: no server should have saved them, and those that load them pass them over. */
  emptyKeys = 0;
  /** Commands between entries. */
  commands = 0;
  /** Where the last whole entry ends. */
  goodUpTo = 0;
  /** To be set once the header has been read. */
  version = 0;
  private readonly now: number;
  private readonly slots: (Slot | undefined)[] = [];
  /** The database of what comes next. */
  selected = 0;
  private current: DatabaseCounts | null = null;

  /** `top`: how many of the largest keys are named. `now`: ms since 1970; what expires before is expired. */
  constructor(options: { readonly top: number; readonly now: number }) {
    this.now = options.now;
    this.byBytes = new Ranking("bytes", options.top);
    this.byElements = new Ranking("elements", options.top);
  }

  /** What there is by type, types that there are not left out. */
  get types(): Map<TypeName, TypeCounts> {
    const types = new Map<TypeName, TypeCounts>();
    for (const slot of this.slots) {
      if (slot === undefined) continue;
      const counts = types.get(slot.name) ?? { keys: 0, elements: 0, bytes: 0, memory: 0, encodings: {} };
      for (const field of ["keys", "elements", "bytes", "memory"] as const) counts[field] += slot[field];
      counts.encodings[slot.encoding] = slot.keys;
      types.set(slot.name, counts);
    }
    return types;
  }

  passed({ entry, type }: ReadContext, outline: Outline, offset: number): void {
    const { elements, unpacked } = outline;
    const index = type === VALUE_TYPE.string ? STRING_SLOTS + outline.form : type;
    const slot = this.slots[index] ?? this.makeSlot(index);
    let bytes = offset - outline.offset;
    let memory = KEY_OVERHEAD + entry.key.length + unpacked + elements * slot.overhead;
    const current = this.current ?? this.select(0);
    current.keys++;
    if (entry.expireAt !== -1) {
      bytes += EXPIRY_BYTES;
      memory += EXPIRY_OVERHEAD;
      current.expires++;
      this.expires++;
      if (entry.expireAt < this.now) this.expired++;
    }
    slot.keys++;
    slot.elements += elements;
    slot.bytes += bytes;
    slot.memory += memory;
    this.keys++;
    if (elements === 0 && slot.name !== "stream" && slot.name !== "module") this.emptyKeys++;
    this.goodUpTo = offset;
    if (outline.module !== "") this.modules.set(outline.module, (this.modules.get(outline.module) ?? 0) + 1);
    if (bytes > this.byBytes.floor) this.byBytes.add(this.ranked(entry, slot, bytes, elements));
    if (elements > this.byElements.floor && slot.name !== "string") this.byElements.add(this.ranked(entry, slot, bytes, elements));
  }

  private ranked({ key }: RdbEntry, { name }: Slot, bytes: number, elements: number): RankedKey {
    return { database: this.selected, key: key.text(), type: name, bytes, elements };
  }

  private makeSlot(index: number): Slot {
    const type = index >= STRING_SLOTS ? VALUE_TYPE.string : index;
    const slot: Slot = {
      name: typeNameOf(type),
      encoding: index >= STRING_SLOTS ? STRING_ENCODINGS[(index - STRING_SLOTS) as StringForm] : (valueTypeName(type, this.version) ?? ""),
      overhead: type === VALUE_TYPE.string ? 0 : (TABLE_OVERHEAD[type] ?? PACKED_OVERHEAD),
      keys: 0,
      elements: 0,
      bytes: 0,
      memory: 0,
    };
    this.slots[index] = slot;
    return slot;
  }

  private select(index: number): DatabaseCounts {
    this.selected = index;
    const counts = this.databases.get(index) ?? { keys: 0, expires: 0 };
    this.databases.set(index, counts);
    this.current = counts;
    return counts;
  }

  // ---- what else an image has

  aux(name: string, value: string): void {
    if (this.facts.length < MOST_FACTS) this.facts.push([name, value]);
  }

  database(index: number): void {
    this.select(index);
  }

  sizes(): void {}

  library(code: Buffer): void {
    const [line = ""] = code.latin1Slice(0, Math.min(code.length, 1024)).split("\n", 1);
    this.libraries.push(/\bname=([^\s]+)/.exec(line)?.[1] ?? line);
  }

  command(): void {
    this.commands++;
  }

  warning(message: string): void {
    if (this.warnings.length < MOST_FACTS) this.warnings.push(message);
  }

  unsupported(): void {}

  abandon(): void {}

  string(): never {
    return unbuilt();
  }

  draft(): never {
    return unbuilt();
  }

  collection(): never {
    return unbuilt();
  }

  empty(): never {
    return unbuilt();
  }
}

function unbuilt(): never {
  assert(false, "values that are only passed are not built");
}
