/** An image of all keys on its way to the consumer, and into the copy where one is kept. */

import type { FeedEvent, KeyState, Text, TextOf, TypedValue } from "../changes/events.ts";
import type { Filter } from "../changes/filter.ts";
import { AT_IMAGE } from "../changes/position.ts";
import { TypedValues, typeName } from "../changes/typed-value.ts";
import { Keyspace } from "../keyspace/keyspace.ts";
import type { RdbEntry, RdbString } from "../rdb/entry.ts";
import { VALUE_TYPE } from "../rdb/format.ts";
import type { RdbHandler } from "../rdb/handler.ts";
import { ModuleValueSkipper } from "../rdb/module.ts";
import { RdbReader } from "../rdb/reader.ts";
import { VALUE_READERS } from "../rdb/value-readers.ts";
import { Temporary } from "../values/temporary.ts";
import type { Type } from "../values/value-types.ts";
import { FollowError } from "./error.ts";

/** What takes the keys of the image beside the consumer. */
type ImageCopy = Pick<RdbHandler, "aux" | "database" | "sizes" | "string" | "draft" | "collection" | "empty" | "abandon">;

export interface ImageOptions<T extends Text> {
  readonly text: TextOf<T>;
  readonly filter: Filter;
  /** Whether the consumer wants the keys. */
  readonly delivers: boolean;
  readonly copy: ImageCopy | null;
  /** Runs a command that stands between the keys, in this database. */
  readonly command: (db: number, words: readonly Buffer[], events: FeedEvent<T>[]) => void;
  readonly warning: (message: string) => void;
}

const MOST_SHOWN_BYTES = 128;

export class ImageStream<T extends Text> implements RdbHandler {
  keys = 0;
  /** The database that the stream has selected. */
  streamDb = 0;
  private readonly options: ImageOptions<T>;
  private readonly reader: RdbReader;
  private readonly values: TypedValues<T>;
  private db = 0;
  private own: Temporary | null = null;
  private events: FeedEvent<T>[] = [];

  constructor(options: ImageOptions<T>) {
    this.options = options;
    this.values = new TypedValues(options.text);
    const readers = new Map(VALUE_READERS);
    readers.set(VALUE_TYPE.module2, () => new ModuleValueSkipper((entry, module) => this.opaque(entry, module)));
    this.reader = new RdbReader(this, { readers });
  }

  get finished(): boolean {
    return this.reader.finished;
  }

  /** Takes bytes of the image, and adds what they tell to `events`; what follows the image is passed over. Errors: FollowError. */
  take(bytes: Buffer, events: FeedEvent<T>[]): void {
    this.events = events;
    try {
      this.reader.push(bytes, 0, bytes.length);
    } catch (error) {
      throw unreadable(error);
    }
  }

  /** Nothing more of it comes. Errors: FollowError when it is not complete. */
  finish(): void {
    try {
      this.reader.finish();
    } catch (error) {
      throw unreadable(error);
    }
  }

  // ---- what the reader finds

  aux(name: string, value: string): void {
    if (name === "repl-stream-db" && /^\d{1,9}$/.test(value)) this.streamDb = Number(value);
    this.options.copy?.aux(name, value);
  }

  database(index: number): void {
    this.db = index;
    this.options.copy?.database(index);
  }

  sizes(keys: number, expires: number): void {
    this.options.copy?.sizes(keys, expires);
  }

  string(entry: RdbEntry): void {
    this.keys++;
    if (this.wants(entry.key) && this.options.filter.takesType("string")) {
      const { bytes, from, to } = entry.value;
      this.show(entry, { type: "string", value: this.options.text(bytes, from, to) });
    }
    this.options.copy?.string(entry);
  }

  draft(type: Type): Temporary {
    if (this.options.copy !== null) return this.options.copy.draft(type);
    if (this.own === null) {
      const { space, limits } = new Keyspace({ databases: 1, now: Date.now() });
      this.own = new Temporary(space, limits);
    }
    return this.own.begin(type);
  }

  collection(entry: RdbEntry, draft: Temporary): void {
    this.keys++;
    const { type } = draft;
    if (this.wants(entry.key) && this.options.filter.takesType(typeName(type))) this.show(entry, this.values.of(type, draft));
    if (this.options.copy !== null) this.options.copy.collection(entry, draft);
    else draft.discard();
  }

  private wants({ bytes, from, to }: RdbString): boolean {
    return this.options.delivers && this.options.filter.takesKey(this.db, bytes, from, to);
  }

  private show(entry: RdbEntry, value: TypedValue<T>): void {
    const state: KeyState<T> = { ...value, expireAt: entry.expireAt === -1 ? null : entry.expireAt };
    this.events.push({ kind: "image", db: this.db, key: this.keyOf(entry), ...state, position: AT_IMAGE });
  }

  private keyOf({ key }: RdbEntry): T {
    return this.options.text(key.bytes, key.from, key.to);
  }

  private opaque(entry: RdbEntry, what: string): void {
    this.keys++;
    if (!this.wants(entry.key)) return;
    const expireAt = entry.expireAt === -1 ? null : entry.expireAt;
    this.events.push({ kind: "image-opaque", db: this.db, key: this.keyOf(entry), what, expireAt, position: AT_IMAGE });
  }

  empty(entry: RdbEntry): void {
    this.own?.discard();
    this.options.copy?.empty(entry);
  }

  library(code: Buffer): void {
    if (this.options.delivers)
      this.events.push({ kind: "image-library", code: this.options.text(code, 0, code.length), position: AT_IMAGE });
  }

  command(words: readonly Buffer[]): void {
    this.options.command(this.db, words, this.events);
  }

  warning(message: string): void {
    this.options.warning(message);
  }

  unsupported(type: number, key: Buffer): void {
    const name = JSON.stringify(key.latin1Slice(0, Math.min(key.length, MOST_SHOWN_BYTES)));
    this.options.warning(`The image has key ${name} in database ${this.db}, of value type ${type}, which cannot be read here`);
  }

  abandon(): void {
    this.own?.discard();
    this.options.copy?.abandon();
  }
}

function unreadable(error: unknown): FollowError {
  return new FollowError("DATA", `the image cannot be read: ${error instanceof Error ? error.message : error}`, error);
}
