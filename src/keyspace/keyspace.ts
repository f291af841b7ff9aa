/** All databases of a server, and what is done with them together. */

import { assert } from "../assert.ts";
import { latin1 } from "../base/bytes.ts";
import type { Clock } from "../base/clock.ts";
import { type Arena, ArenaFull } from "../memory/arena.ts";
import { Database, type DatabaseContents } from "./database.ts";
import { Defragmentation } from "./defragmentation.ts";
import { Eviction } from "./eviction.ts";
import { SharedState } from "./shared.ts";

const SHOWN_KEY_BYTES = 128;
/** For how long FLUSHALL and FLUSHDB free what they leave, unless they are to be asynchronous, in ms: a few thousand keys. */
const SYNC_MS = 1;

export class Keyspace extends SharedState {
  readonly databases: readonly Database[];
  readonly eviction: Eviction;
  readonly defragmentation: Defragmentation;
  /** Takes out what is due of the fields of the hash at `address`, until `stop()`. Returns false if some may be left; see field-expirer.ts. */
  expireFields: ((database: Database, address: number, stop: () => boolean) => boolean) | null = null;
  /** Takes a field of the hash at `key` out if it has expired, or all that have (null). Returns whether there is one that will expire later. */
  expireField: ((database: Database, key: Buffer, field: Buffer | null) => boolean) | null = null;
  /** The database that `expireDue` looks at first. */
  private expiryTurn = 0;
  /** Those of `stage`, while there are any. */
  private staged: readonly Database[] = [];

  /** `arena`: where everything is kept; unless given, one that may grow to its full 64 GiB. `clock`: the machine's unless given. */
  constructor({ databases, now, arena, clock }: { databases: number; now: number; arena?: Arena; clock?: Clock }) {
    super(arena, now, clock);
    this.databases = Array.from({ length: databases }, (_, index) => new Database(this, index));
    this.eviction = new Eviction(this, this.databases);
    this.defragmentation = new Defragmentation(this, this.databases);
  }

  get usedBytes(): number {
    const { arena, objects } = this.space;
    const tables = heldBytes(this.databases) + heldBytes(this.staged);
    return arena.usedBytes + objects.usedBytes + tables + this.lazyFree.heldBytes;
  }

  mayTake(bytes: number): boolean {
    return this.eviction.hasRoomFor(bytes);
  }

  /**
   * Makes sure that so many records, with keys and values of so many bytes in all, find room, for changes that are made whole or not at
   * all. Errors: ArenaFull.
   */
  requireRoom(records: number, bytes: number): void {
    assert(records >= 0 && bytes >= 0, "room is asked for what is there");
    const { arena } = this.space;
    // At most: beside the bytes there are heads, blocks and pages that are not quite filled.
    const most = bytes * 2 + records * 128 + 8 * 1024 * 1024;
    if (arena.unusedBytes < most) throw new ArenaFull(`${arena.unusedBytes} bytes of the arena are left`);
  }

  /** Whether some hash has a field with a time. */
  get hasFieldTimes(): boolean {
    return this.databases.some(({ fields }) => fields !== null && fields.size > 0);
  }

  /** What some hash is called that has a field with a time, and what it is, for messages; null where there is none. */
  get timedHashWords(): string | null {
    for (const { index, someTimedHash: key } of this.databases)
      if (key !== null)
        return `key ${JSON.stringify(latin1(key, 0, Math.min(key.length, SHOWN_KEY_BYTES)))} (db ${index}), a hash with field expiration`;
    return null;
  }

  get keyCount(): number {
    let keys = 0;
    for (const database of this.databases) keys += database.table.size;
    return keys;
  }

  /** Exchanges what two databases hold; their numbers, and the clients that selected them, stay. */
  swap(first: Database, second: Database): void {
    this.watched.touchExisting(first, second);
    this.watched.touchExisting(second, first);
    this.blocked.contentsGo(first, second);
    this.blocked.contentsGo(second, first);
    first.exchange(second);
    this.blocked.contentsCame(first);
    this.blocked.contentsCame(second);
    this.changed();
  }

  /** Returns databases that no client sees, for a data set that is loaded while this one is served. There is one at a time. */
  stage(): readonly Database[] {
    assert(this.staged.length === 0, "one data set is loaded at a time");
    this.staged = this.databases.map(({ index }) => new Database(this, index));
    return this.staged;
  }

  /** Has what the staged databases hold take the place of what is here. Whoever watches or waits for keys is told, as by `swap`. */
  adoptStaged(): void {
    assert(this.staged.length === this.databases.length, "a data set has been staged");
    for (const [index, database] of this.databases.entries()) this.swap(database, this.staged[index]);
    this.tracker?.allChanged();
    this.dropStaged();
  }

  /** Drops the staged databases with what they hold. That is no change. */
  dropStaged(): void {
    const { changes, staged } = this;
    this.staged = [];
    this.free(emptied(staged), { sync: false });
    this.changes = changes;
  }

  /**
   * Empties every database, or those given. Their keys are gone at once; their memory is given back at once, too, or bit by bit. `sync`: what
   * takes no longer than a moment is not left for later. Returns how many keys went.
   */
  clear({ sync }: { sync: boolean }, databases: readonly Database[] = this.databases): number {
    const contents = emptied(databases);
    this.tracker?.allChanged();
    const keys = keysOf(contents);
    this.free(contents, { sync });
    return keys;
  }

  /**
   * Frees what databases held: all blocks of the arena at once where nothing else has any, which takes a few microseconds for a million keys,
   * and key by key in the background where there are others, a value is being built, or an image reads them.
   */
  private free(contents: readonly DatabaseContents[], { sync }: { sync: boolean }): void {
    const { lazyFree, space } = this;
    if (contents.length === 0) return;
    const tables = contents.flatMap(({ table, fields }) => (fields === null ? [table] : [table, fields]));
    const isUsed = space.arena.drafts > 0 || tables.some(({ guard }) => guard !== null) || lazyFree.isRead;
    if (!isUsed && !this.databases.some(holdsBlocks) && !this.staged.some(holdsBlocks)) {
      lazyFree.forget();
      space.arena.freeAll();
      space.objects.forgetAll();
      for (const table of tables) table.abandon();
      if (!sync) lazyFree.freed += keysOf(contents);
      return;
    }
    const end = performance.now() + SYNC_MS;
    const stop = sync ? () => performance.now() >= end : null;
    for (const { table, fields } of contents) {
      lazyFree.addTable(table, space.objects, { counted: true, stop });
      if (fields !== null) lazyFree.addTable(fields, space.objects, { counted: false, stop });
    }
  }

  /** Deletes keys and fields that are due, for at most `budgetMs`; `exact`: to the ms. Returns whether none is left. */
  expireDue(budgetMs: number, { exact = false } = {}): boolean {
    const start = performance.now();
    const stop = () => performance.now() - start > budgetMs;
    let finished = true;
    // A database that takes all the time takes it once: the next time begins with the one after it.
    const count = this.databases.length;
    const first = this.expiryTurn;
    for (let i = 0; i < count && finished; i++) {
      const database = this.databases[(first + i) % count];
      if (database.expiry.size === 0 && database.fields === null) continue;
      finished = database.expireDue(stop, exact) && this.expireFieldsOf(database, stop, exact) && !stop();
      if (!finished) this.expiryTurn = (database.index + 1) % count;
    }
    const milliseconds = performance.now() - start;
    this.stats.expireCycleMs += milliseconds;
    this.latency.note("expire-cycle", Math.floor(milliseconds));
    if (!finished) this.stats.expireCyclesCutShort++;
    return finished;
  }

  /** Estimates which share of the keys that expire have expired, but are not deleted yet. */
  expiredShare(): number {
    let stale = 0;
    let keys = 0;
    for (const database of this.databases) {
      stale += database.expiredShare() * database.expiry.size;
      keys += database.expiry.size;
    }
    return keys === 0 ? 0 : stale / keys;
  }

  private expireFieldsOf(database: Database, stop: () => boolean, exact: boolean): boolean {
    const { expireFields } = this;
    return expireFields === null || database.expireDueFields((address) => expireFields(database, address, stop), stop, exact);
  }

  /** Goes on with rehashes that are under way, for at most `budgetMs`. Returns whether none is left that could go on. */
  rehash(budgetMs: number): boolean {
    const start = performance.now();
    for (const { table } of this.databases) {
      while (!table.rehashPaused && table.rehashStep(64)) if (performance.now() - start > budgetMs) return false;
    }
    return true;
  }
}

/** Empties databases. Returns what they held. */
function emptied(databases: readonly Database[]): DatabaseContents[] {
  return databases.map((database) => database.empty()).filter((contents) => contents !== null);
}

function keysOf(contents: readonly DatabaseContents[]): number {
  return contents.reduce((sum, { table }) => sum + table.size, 0);
}

function holdsBlocks({ table, fields }: Database): boolean {
  return table.size > 0 || (fields !== null && fields.size > 0);
}

/** Bytes that these take outside the arena. */
function heldBytes(databases: readonly Database[]): number {
  let bytes = 0;
  for (const { table, fields } of databases) bytes += table.bucketBytes + (fields === null ? 0 : fields.heldBytes);
  return bytes;
}
