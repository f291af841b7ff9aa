/** Puts what an RDB image says into the keyspace. Hot: `string` is called for every key, and makes no object and no JavaScript string. */

import { assert } from "../assert.ts";
import { statedAccess } from "../keyspace/access.ts";
import type { Database } from "../keyspace/database.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import type { Log } from "../log.ts";
import type { RdbEntry } from "../rdb/entry.ts";
import type { RdbHandler } from "../rdb/handler.ts";
import { Temporary } from "../values/temporary.ts";
import type { Type } from "../values/value-types.ts";

/** An image that cannot be taken in, though it can be read: too many databases, a key that is there already. */
export class LoadError extends Error {
  override name = "LoadError";
}

export interface LoadOptions {
  /** Whether keys whose time has passed are left out: on a master. A replica takes them, its master deletes them. */
  readonly dropExpired: boolean;
  /** Whether a key that there is already gives way (DEBUG RELOAD MERGE) or is an error. */
  readonly merge?: boolean;
  /** Told of each key that was left out because its time has passed; key[from, from + length) is good until it returns. */
  readonly expired?: (database: Database, key: Buffer, from: number, length: number) => void;
  /** The databases that the keys go to; those of the keyspace unless told. */
  readonly databases?: readonly Database[];
  /** Takes the text of a function library (errors: LoadError). Without it libraries are passed over, with a warning. */
  readonly library?: ((text: Buffer) => void) | undefined;
  /** Runs a command that stands between the keys, in this database. Errors: LoadError. Without it such an image is refused. */
  readonly command?: (database: Database, words: readonly Buffer[]) => void;
}

/** Where a data set stands in its replication history: images carry it, so that a server that loads one can go on from there. */
export interface HistoryPoint {
  /** 40 hexadecimal digits. */
  readonly id: string;
  readonly offset: number;
  /** The database that the stream had selected. */
  readonly streamDb: number;
}

const ID_LENGTH = 40;
const INTEGER = /^-?\d{1,15}$/;
const SHOWN_KEY_BYTES = 128;
/** Redis names no more of the empty keys than this. */
const EMPTY_KEYS_LOGGED = 10;

export class LoadHandler implements RdbHandler {
  keysLoaded = 0;
  keysExpired = 0;
  /** Keys passed over because nothing was in them. */
  emptyKeys = 0;
  /** Keys that the image says it has, in the databases begun so far; 0 where it does not say. */
  keysAnnounced = 0;
  /** `used_memory` of the server that made the image, 0 when it does not say. */
  usedMemory = 0;
  private readonly keyspace: Keyspace;
  protected readonly log: Log;
  private readonly options: LoadOptions;
  /** At most so many keys of a database get room in advance: what the image says is not to be trusted. */
  private readonly maxReserve: number;
  /** ms since 1970 of the start: what is over then is left out. */
  readonly startedAt: number;
  private readonly facts = new Map<string, string>();
  private readonly building: Temporary;
  private readonly databases: readonly Database[];
  private into: Database;
  private warnedOfLibraries = false;

  constructor(keyspace: Keyspace, log: Log, options: LoadOptions, { maxReserve, startedAt }: { maxReserve: number; startedAt: number }) {
    this.keyspace = keyspace;
    this.log = log;
    this.options = options;
    this.maxReserve = maxReserve;
    this.startedAt = startedAt;
    this.building = new Temporary(keyspace.space, keyspace.limits);
    this.databases = options.databases ?? keyspace.databases;
    this.into = this.databases[0];
  }

  /** The image's place in a replication history, if it names one wholly. */
  get history(): HistoryPoint | null {
    const id = this.facts.get("repl-id") ?? "";
    const offset = this.number("repl-offset");
    const streamDb = this.number("repl-stream-db");
    return id.length !== ID_LENGTH || offset < 0 || streamDb < 0 ? null : { id, offset, streamDb };
  }

  aux(name: string, value: string): void {
    this.facts.set(name, value);
    if (name.startsWith("%")) this.log.notice(`RDB '${name}': ${value}`);
    else if (name === "redis-ver") this.log.notice(`Loading RDB produced by version ${value}`);
    else if (name === "ctime") this.log.notice(`RDB age ${Math.max(0, Math.floor(this.startedAt / 1000) - this.number(name))} seconds`);
    else if (name === "used-mem") {
      this.usedMemory = Math.max(0, this.number(name));
      this.log.notice(`RDB memory usage when created ${(this.usedMemory / (1024 * 1024)).toFixed(2)} Mb`);
    } else if (name === "aof-preamble" && this.number(name) > 0) this.log.notice("RDB has an AOF tail");
    else if (name === "aof-base" && this.number(name) > 0) this.log.notice("RDB is base AOF");
  }

  /** The fact called `name` as a number, -1 where it is none. */
  private number(name: string): number {
    const text = this.facts.get(name) ?? "";
    return INTEGER.test(text) ? Number(text) : -1;
  }

  database(index: number): void {
    const { databases } = this;
    if (index >= databases.length)
      throw new LoadError(`it has a database ${index}, but there are only ${databases.length} (directive databases)`);
    this.into = databases[index];
  }

  sizes(keys: number): void {
    this.keysAnnounced += keys;
    this.into.table.reserve(Math.min(keys, this.maxReserve));
  }

  string(entry: RdbEntry): void {
    if (this.leavesOut(entry)) return;
    const { into } = this;
    const access = this.access(entry);
    this.keysLoaded++;
    let address = into.loadString(entry, access);
    if (address === 0) {
      this.makeWay(entry);
      address = into.loadString(entry, access);
    }
    this.refineExpiry(entry, address);
  }

  draft(type: Type): Temporary {
    return this.building.begin(type);
  }

  collection(entry: RdbEntry, draft: Temporary): void {
    assert(draft === this.building, "a value is built in the place that was given for it");
    if (this.leavesOut(entry)) return draft.discard();
    const { into } = this;
    const access = this.access(entry);
    this.keysLoaded++;
    let address = into.loadValue(draft, entry.key, entry.expireAt, access);
    if (address === 0) {
      this.makeWay(entry);
      address = into.loadValue(draft, entry.key, entry.expireAt, access);
    }
    this.refineExpiry(entry, address);
  }

  empty({ key }: RdbEntry): void {
    this.building.discard();
    if (this.emptyKeys++ < EMPTY_KEYS_LOGGED) this.log.notice(`rdbLoadObject skipping empty key: ${shown(key).slice(1, -1)}`);
  }

  /** The rest of the image is not wanted or will not come: what of it is in no key yet is dropped. */
  abandon(): void {
    this.building.discard();
  }

  /** Whether the key's time has passed and it is not to be loaded for that; counted and told. */
  private leavesOut({ expireAt, key }: RdbEntry): boolean {
    if (expireAt === -1 || expireAt >= this.startedAt || !this.options.dropExpired) return false;
    this.keysExpired++;
    this.options.expired?.(this.into, key.bytes, key.from, key.length);
    return true;
  }

  /** The access bits that the entry's use makes. */
  private access({ idle, freq }: RdbEntry): number {
    const { keyspace } = this;
    return statedAccess(keyspace.now, keyspace.lfu !== null, idle, freq);
  }

  /** Times beyond 2^53 ms are entered as the number nearest to them. */
  private refineExpiry({ expireAt, farExpiry }: RdbEntry, address: number): void {
    if (expireAt > Number.MAX_SAFE_INTEGER) this.into.expiry.refine(address, farExpiry);
  }

  private makeWay({ key }: RdbEntry): void {
    const { into } = this;
    if (this.options.merge !== true) {
      throw new LoadError(`key ${shown(key)} of database ${into.index} is there already`);
    }
    const { table } = into;
    into.delete(table.find(table.hash(key.bytes, key.from, key.length), key.bytes, key.from, key.length));
  }

  library(text: Buffer): void {
    if (this.options.library !== undefined) {
      this.options.library(text);
      return;
    }
    if (this.warnedOfLibraries) return;
    this.warnedOfLibraries = true;
    this.log.warning(
      "The RDB holds function libraries, which this server does not know: they are not loaded, and files it saves will not have them",
    );
  }

  command(words: readonly Buffer[]): void {
    const { command } = this.options;
    if (command === undefined) throw new LoadError("it has a command between its keys, which only the image of a full synchronization may");
    command(this.into, words);
  }

  warning(message: string): void {
    this.log.warning(message);
  }

  unsupported(type: number, key: Buffer): void {
    const name = JSON.stringify(key.latin1Slice(0, Math.min(key.length, SHOWN_KEY_BYTES)));
    this.log.warning(`The RDB has key ${name} in database ${this.into.index}, of value type ${type}, which this server cannot hold`);
  }
}

/** The beginning of a key, for messages. */
function shown(key: RdbEntry["key"]): string {
  return JSON.stringify(key.bytes.latin1Slice(key.from, Math.min(key.to, key.from + SHOWN_KEY_BYTES)));
}
