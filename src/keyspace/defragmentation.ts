/**
 * Empties sparse pages of the arena: a walk through all keys, in slices, that moves what lies in the pages that were chosen at its start. A
 * record can be moved at any time between two commands, since only its chain, the index of expiries and, of a member of a sorted set, the order
 * know its address; blocks that nothing here leads to (values being built or freed, nodes that an image reads) stay.
 */

import { assert } from "../assert.ts";
import { Mover } from "../memory/mover.ts";
import type { LargeObject } from "../memory/objects.ts";
import { EXPIRES, OUTSIDE } from "../memory/record.ts";
import type { Table } from "../memory/record-table.ts";
import type { Database } from "./database.ts";
import type { SharedState } from "./shared.ts";

/** An object with too many elements to be gone through together with its key. */
interface Later {
  readonly key: Buffer;
  readonly object: LargeObject;
}

export class Defragmentation {
  /** Keys of which something was moved, and keys of which nothing was, since the start or CONFIG RESETSTAT. */
  movedKeys = 0;
  stayedKeys = 0;
  readonly mover: Mover;
  /** How many of its pages the last walk could not empty. */
  left = 0;
  private readonly keyspace: SharedState;
  private readonly databases: readonly Database[];
  /** Where the walk is: the database, or -1 when there is no walk; the cursor of its table, and then that of its index of hashes with times. */
  private at = -1;
  private cursor = 0;
  private inFields = false;
  /** Of the chain looked at last, and how far the first of them is. */
  private later: Later[] = [];
  private laterCursor = 0;
  private mostElements = 0;

  constructor(keyspace: SharedState, databases: readonly Database[]) {
    this.keyspace = keyspace;
    this.databases = databases;
    this.mover = new Mover(keyspace.space.arena);
  }

  get underWay(): boolean {
    return this.at !== -1;
  }

  /** Starts a walk, if there is a page that can be emptied. Returns how many such pages there are. */
  begin(): number {
    assert(!this.underWay, "one walk ends before the next begins");
    const pages = this.keyspace.space.arena.markSparse();
    if (pages === 0) return 0;
    this.at = 0;
    this.cursor = 0;
    this.inFields = false;
    return pages;
  }

  resetStats(): void {
    this.movedKeys = 0;
    this.stayedKeys = 0;
    this.mover.moved = 0;
    this.mover.stayed = 0;
  }

  /** Ends the walk where it is. */
  end(): void {
    this.at = -1;
    this.later = [];
    this.laterCursor = 0;
    const { arena } = this.keyspace.space;
    this.left = arena.sparsePages;
    arena.unmarkSparse();
  }

  /** Goes on until `end` (performance.now()); objects of more elements than `mostElements` are gone through in steps. Errors: ArenaFull. */
  step(end: number, mostElements: number): void {
    const { mover } = this;
    const { arena } = this.keyspace.space;
    assert(this.underWay, "a walk goes on that has begun");
    this.mostElements = mostElements;
    mover.begin(end);
    while (this.underWay && !mover.isOver) {
      if (this.later.length > 0) this.stepObject(this.later[0]);
      else if (this.inFields) this.stepFields();
      else this.stepKeys();
      mover.pass();
      if (arena.sparsePages === 0) this.end();
    }
  }

  /** The next chain of the database's keys. */
  private stepKeys(): void {
    const database = this.databases[this.at];
    const { table } = database;
    this.cursor = table.scan(this.cursor, (address) => this.visit(database, table, address));
    if (this.cursor === 0) this.inFields = true;
  }

  private stepFields(): void {
    const { fields } = this.databases[this.at];
    this.cursor = fields === null ? 0 : fields.defragment(this.cursor, this.mover);
    if (this.cursor !== 0) return;
    this.inFields = false;
    if (++this.at === this.databases.length) this.end();
  }

  private visit(database: Database, table: Table, address: number): void {
    const { mover } = this;
    const before = mover.moved;
    const at = table.relocate(address, mover, (from, to) => {
      if ((table.flags(to) & EXPIRES) !== 0) database.expiry.moved(from, to);
    });
    if ((table.flags(at) & OUTSIDE) !== 0) {
      const object = this.keyspace.space.objects.get(table.handle(at));
      if (object.size > this.mostElements) this.later.push({ key: table.key(at), object });
      else for (let cursor = object.defragment(0, mover); cursor !== 0; ) cursor = object.defragment(cursor, mover);
    }
    this.countKey(mover.moved > before);
  }

  private countKey(moved: boolean): void {
    if (moved) this.movedKeys++;
    else this.stayedKeys++;
  }

  private stepObject({ key, object }: Later): void {
    // A cursor is of no use in another object that has come to the key; that one's blocks are new.
    const cursor = this.holds(key, object) ? object.defragment(this.laterCursor, this.mover) : 0;
    this.laterCursor = cursor;
    if (cursor === 0) this.later.shift();
  }

  private holds(key: Buffer, object: LargeObject): boolean {
    const { table } = this.databases[this.at];
    const address = this.databases[this.at].locate(key);
    if (address === 0 || (table.flags(address) & OUTSIDE) === 0) return false;
    return this.keyspace.space.objects.get(table.handle(address)) === object;
  }
}
