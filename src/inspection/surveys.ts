/** What is asked of all keys at once: a search, the largest, a count. */

import type { Database } from "../keyspace/database.ts";
import type { Value } from "../keyspace/value.ts";
import { hashLength } from "../values/hash/hash.ts";
import type { Holder } from "../values/holder.ts";
import { listLength } from "../values/list/list.ts";
import { setLength } from "../values/set/set.ts";
import { zsetLength } from "../values/sorted-set/zset.ts";
import type { Stream } from "../values/stream/stream.ts";
import { Type } from "../values/value-types.ts";
import { Best } from "./best.ts";
import type { KeyFilter } from "./key-filter.ts";
import { type KeyVisitor, KeyWalk } from "./key-walk.ts";

/** After so long a search replies with what it has found by then, in ms. */
const SEARCH_MS = 250;
/** How many steps of a scan are made at once, and between two looks at the clock. */
const SCAN_STEPS = 64;

export interface FoundKey {
  readonly name: Buffer;
  readonly type: Type;
  readonly bytes: number;
  /** How many ms are left until it expires; -1: it does not. */
  readonly msToLive: number;
}

export interface LargeKey extends FoundKey {
  readonly elements: number;
}

/** A search from a cursor on, as SCAN's. */
export class Search {
  readonly found: FoundKey[] = [];
  /** Keys looked at. */
  looked = 0;
  cursor: number;
  private readonly database: Database;
  private readonly filter: KeyFilter;
  private readonly count: number;
  private readonly begunAt = performance.now();
  /** Records of the steps made last. */
  private readonly batch: number[] = [];

  constructor(database: Database, filter: KeyFilter, cursor: number, count: number) {
    this.database = database;
    this.filter = filter;
    this.cursor = cursor;
    this.count = count;
  }

  step(deadline: number): boolean {
    const { database, batch, count } = this;
    for (;;) {
      const steps = Math.min(SCAN_STEPS, count - this.found.length);
      this.cursor = database.table.scanMany(this.cursor, steps, batch);
      for (let index = 0; index < batch.length; index++) this.look(batch[index]);
      if (this.cursor === 0 || this.found.length >= count) return true;
      const now = performance.now();
      if (now - this.begunAt >= SEARCH_MS) return true;
      if (now >= deadline) return false;
    }
  }

  private look(address: number): void {
    this.looked++;
    const { database, filter } = this;
    if (filter.takes(database, address)) this.found.push(foundKey(database, address, filter));
  }

  release(): void {}
}

function foundKey(database: Database, address: number, { name, bytes }: KeyFilter): FoundKey {
  return {
    name: Buffer.from(name.buffer.subarray(name.from, name.to)),
    type: database.type(address),
    bytes,
    msToLive: database.msToLive(address),
  };
}

export interface TypeFigures {
  keys: number;
  bytes: number;
  elements: number;
}

/** The largest keys. */
export class BigKeys implements KeyVisitor {
  readonly types = new Map<Type, TypeFigures>();
  keys = 0;
  bytes = 0;
  walkMs = 0;
  private readonly database: Database;
  private readonly filter: KeyFilter;
  private readonly value: Value;
  private readonly options: { readonly count: number; readonly by: "bytes" | "elements" };
  private readonly walk: KeyWalk;
  private readonly begunAt = performance.now();
  private best: Best<LargeKey>;

  constructor(database: Database, filter: KeyFilter, value: Value, options: BigKeys["options"]) {
    this.database = database;
    this.filter = filter;
    this.value = value;
    this.options = options;
    this.walk = new KeyWalk(database, this);
    this.best = this.newBest();
  }

  private newBest(): Best<LargeKey> {
    const { by, count } = this.options;
    return new Best(count, (a, b) => b[by] - a[by] || Buffer.compare(a.name, b.name));
  }

  visit(addresses: Int32Array, count: number): void {
    for (let index = 0; index < count; index++) this.look(addresses[index]);
  }

  private look(address: number): void {
    const { database, filter, best } = this;
    if (!filter.takes(database, address)) return;
    const { bytes, name } = filter;
    const type = database.type(address);
    const elements = elementsOf(this.value, database, address, name);
    this.keys++;
    this.bytes += bytes;
    let figures = this.types.get(type);
    if (figures === undefined) {
      figures = { keys: 0, bytes: 0, elements: 0 };
      this.types.set(type, figures);
    }
    figures.keys++;
    figures.bytes += bytes;
    figures.elements += elements;
    if (best.last === null || (this.options.by === "bytes" ? bytes : elements) > best.last[this.options.by])
      best.add({ ...foundKey(database, address, filter), elements });
  }

  restart(): void {
    this.keys = 0;
    this.bytes = 0;
    this.types.clear();
    this.best = this.newBest();
  }

  step(deadline: number): boolean {
    if (!this.walk.step(deadline)) return false;
    this.walkMs = performance.now() - this.begunAt;
    return true;
  }

  release(): void {
    this.walk.release();
  }

  get biggest(): readonly LargeKey[] {
    return this.best.list();
  }
}

const LENGTHS: Partial<Record<Type, (value: Holder) => number>> = {
  [Type.LIST]: listLength,
  [Type.SET]: setLength,
  [Type.ZSET]: zsetLength,
  [Type.HASH]: hashLength,
  [Type.STREAM]: (value) => (value.object as Stream).length,
};

/** What STRLEN, LLEN and so on say of a key. */
function elementsOf(value: Value, database: Database, address: number, name: KeyFilter["name"]): number {
  const length = LENGTHS[database.type(address)];
  if (length === undefined) return database.stringLength(address);
  const { buffer, from, to } = name;
  return length(value.open(database, address, database.table.hashOf(address), null, buffer, from, to - from));
}

/** How many keys there are, and what they take. */
export class Count implements KeyVisitor {
  keys = 0;
  bytes = 0;
  private readonly filter: KeyFilter;
  private readonly walk: KeyWalk;

  constructor(database: Database, filter: KeyFilter) {
    this.filter = filter;
    this.walk = new KeyWalk(database, this);
  }

  visit(addresses: Int32Array, count: number): void {
    for (let index = 0; index < count; index++) this.look(addresses[index]);
  }

  private look(address: number): void {
    if (!this.filter.takes(this.walk.database, address)) return;
    this.keys++;
    this.bytes += this.filter.bytes;
  }

  restart(): void {
    this.keys = 0;
    this.bytes = 0;
  }

  step(deadline: number): boolean {
    return this.walk.step(deadline);
  }

  release(): void {
    this.walk.release();
  }
}
