/**
 * A sorted set that is no longer packed: a dictionary of members, each record's value its score (binary64, little-endian: the runtime reads
 * one in a nanosecond), and the index that orders the records. Hot: nothing here makes an object or a string for a member.
 */

import { assert } from "../../assert.ts";
import { ByteMap } from "../../memory/bytemap.ts";
import type { Mover } from "../../memory/mover.ts";
import type { LargeObject } from "../../memory/objects.ts";
import { Ordered, OrderedCursor } from "../../memory/ordered.ts";
import { Element } from "../../memory/packed.ts";
import type { Table, TableSpace } from "../../memory/record-table.ts";

export const SCORE_BYTES = 8;
/** Above all cursors of tables. */
const CHUNKS = 2 ** 32;

/** The score in the record at `address`. */
export function recordScore(table: Table, address: number): number {
  return table.bytesOf(address).readDoubleLE(table.valueOffset(address));
}

/** Puts a score into a record that has room for it; the table is not told. */
export function setRecordScore(table: Table, address: number, score: number): void {
  table.bytesOf(address).writeDoubleLE(score, table.valueOffset(address));
}

export class SortedSet implements LargeObject {
  readonly map: ByteMap;
  readonly index: Ordered;
  private readonly tables: TableSpace;

  /** A set of what `map` holds, whose values must be scores; it is the set's from now on. */
  constructor(tables: TableSpace, map: ByteMap = new ByteMap(tables)) {
    this.tables = tables;
    this.map = map;
    this.index = new Ordered(map.table);
    if (map.size > 0) this.indexAll();
  }

  private indexAll(): void {
    const { map } = this;
    const scores = new Float64Array(map.size);
    const addresses = new Int32Array(map.size);
    let count = 0;
    map.each((address) => {
      scores[count] = recordScore(map.table, address);
      addresses[count++] = address;
    });
    this.index.build(scores, addresses, count);
    this.checkSizes();
  }

  get size(): number {
    return this.map.size;
  }

  get heldBytes(): number {
    return this.map.heldBytes + this.index.heldBytes;
  }

  get streamed(): boolean {
    return this.map.streamed;
  }

  score(address: number): number {
    return recordScore(this.map.table, address);
  }

  /** Adds a member that is not there. Errors: ArenaFull, and nothing is added. */
  insert(value: number, bytes: Buffer, from: number, length: number): void {
    const { map } = this;
    const address = map.table.insert(map.table.hash(bytes, from, length), bytes, from, length, 0, SCORE_BYTES);
    setRecordScore(map.table, address, value);
    try {
      this.index.insert(value, address);
    } catch (error) {
      map.remove(address);
      throw error;
    }
    this.checkSizes();
  }

  /** Gives a member another score. Errors: ArenaFull, and it keeps the one it has. */
  setScore(address: number, value: number): void {
    assert(value === value, "a score is a number: NaN has no place in an order");
    const { table } = this.map;
    table.beforeChange(address);
    this.index.change(recordScore(table, address), value, address);
    setRecordScore(table, address, value);
  }

  remove(address: number): void {
    this.index.remove(recordScore(this.map.table, address), address);
    this.map.remove(address);
    this.checkSizes();
  }

  /** Takes out the member at `cursor`, which is nowhere then. */
  removeAt(cursor: OrderedCursor): void {
    const { address } = cursor;
    this.index.removeCursor(cursor);
    this.map.remove(address);
    this.checkSizes();
  }

  private checkSizes(): void {
    assert(this.index.size === this.map.size, "the order of a sorted set holds the members that its dictionary holds");
  }

  /** Visits every member with its score, in order; the visitor must not change the set. The element is the same at each visit. */
  each(visit: (member: Element, score: number) => void): void {
    const member = new Element();
    const cursor = new OrderedCursor();
    if (this.size === 0) return;
    for (this.index.seek(cursor, 0); cursor.chunk !== -1; this.index.next(cursor)) {
      this.show(cursor.address, member);
      visit(member, cursor.score);
    }
  }

  /** Shows the member of the record at `address`. */
  show(address: number, member: Element): void {
    this.map.showKey(address, member);
  }

  memoryBytes(samples: number): number {
    return this.map.memoryBytes(samples) + this.index.heldBytes + this.index.blockBytes;
  }

  free(stop: () => boolean): boolean {
    return this.index.free(stop) && this.map.free(stop);
  }

  /** The members first, then, from CHUNKS on, the chunks of their order. */
  defragment(cursor: number, mover: Mover): number {
    const { map, index } = this;
    if (cursor < CHUNKS) {
      const next = map.table.defragment(cursor, mover, (from, to) => index.readdress(recordScore(map.table, to), from, to));
      return next === 0 ? CHUNKS : next;
    }
    const next = index.defragmentChunks(cursor - CHUNKS, mover);
    return next < index.length ? CHUNKS + next : 0;
  }

  copy(): SortedSet {
    const twin = new SortedSet(this.tables);
    twin.map.table.reserve(this.size);
    this.each((member, score) => twin.insert(score, member.bytes, member.from, member.length));
    assert(twin.size === this.size, "a copy has as many members");
    return twin;
  }
}
