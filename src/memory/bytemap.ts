/**
 * A dictionary of byte strings: what large hashes, sets and sorted sets stand on. An entry is one record of a `Table`, key and value side
 * by side in the arena; a set's values are empty. A value that is too long for that is an object, a long one in blocks, which never changes.
 * Hot: `find` and `set` make no object and no string.
 */

import { assert } from "../assert.ts";
import { copied, copyBytes } from "../base/bytes.ts";
import { BLOCKS_FROM, BlockString } from "../blocks/block-string.ts";
import type { Mover } from "./mover.ts";
import { Blob, filled, type LargeObject } from "./objects.ts";
import { Element } from "./packed.ts";
import { EXPIRES, OUTSIDE } from "./record.ts";
import { type ByteSpan, Table, type TableSpace } from "./record-table.ts";

/**
 * `random` draws a chain and a place in it, and draws again where there is no entry: an even choice among all but the few entries in chains
 * of more places. Few of many are not worth the extra draws, each of which may wait for memory; few of few would be noticed.
 */
const FAIR_CHAIN = 4;
const FAIR_CHAIN_OF_FEW = 12;
const FEW = 4096;
/** Calls of `draw` before `random` takes what comes: a table far too large for its members. */
const MAX_DRAW_CALLS = 32;
/** Buckets of a rehash under way that a draw moves along. */
const STEPS_PER_DRAW = 16;

/** No handle. */
const NO_HANDLE = -1;

const SPAN: ByteSpan = { buffer: Buffer.alloc(0), from: 0, to: 0 };

export class ByteMap implements LargeObject {
  table: Table;
  /** How many values are in blocks. */
  valuesInBlocks = 0;
  protected readonly tables: TableSpace;
  /** The chain that `free` goes on from, -1 before it began. */
  private freeing = -1;
  /** An entry is at `to` now, and for the moment at `from` too. */
  protected readonly entryMoved: (from: number, to: number) => void = () => {};
  private readonly releaseValue = (address: number) => this.dropValue(address);

  /** `table`: one with its entries, taken over from another map. */
  constructor(tables: TableSpace, table = new Table(tables, { meta: false })) {
    this.tables = tables;
    this.table = table;
  }

  get size(): number {
    return this.table.size;
  }

  get heldBytes(): number {
    return this.table.bucketBytes;
  }

  get streamed(): boolean {
    return this.table.guard !== null;
  }

  /** Returns the address of the entry of key[from, from + length), or 0. Addresses are good until the next change of their entry. */
  find(key: Buffer, from: number, length: number): number {
    return this.table.find(this.table.hash(key, from, length), key, from, length);
  }

  /** Adds a key, with an empty value, unless it is there. Returns whether it is new. */
  add(key: Buffer, from: number, length: number): boolean {
    const hash = this.table.hash(key, from, length);
    if (this.table.find(hash, key, from, length) !== 0) return false;
    this.table.insert(hash, key, from, length, 0, 0);
    return true;
  }

  /** Gives a key the value value[vFrom, vTo). Returns whether the key is new. */
  set(key: Buffer, from: number, length: number, value: Buffer, vFrom: number, vTo: number): boolean {
    const { table } = this;
    const hash = table.hash(key, from, length);
    const address = table.find(hash, key, from, length);
    if (address !== 0) {
      this.setValue(address, value, vFrom, vTo);
      return false;
    }
    const valueLength = vTo - vFrom;
    if (table.fits(length, 0, valueLength)) {
      const added = table.insert(hash, key, from, length, 0, valueLength);
      copyBytes(table.bytesOf(added), table.valueOffset(added), value, vFrom, vTo);
    } else this.insertOutside(hash, key, from, length, outside(value, vFrom, vTo));
    return true;
  }

  /** Likewise a string, whose blocks are shared. */
  setBlocks(key: Buffer, from: number, length: number, value: BlockString): boolean {
    const { table } = this;
    const hash = table.hash(key, from, length);
    const address = table.find(hash, key, from, length);
    if (address !== 0) this.setValueBlocks(address, value);
    else this.insertOutside(hash, key, from, length, value.copy());
    return address === 0;
  }

  private insertOutside(hash: number, key: Buffer, from: number, length: number, value: Blob | BlockString): void {
    const { table } = this;
    filled(value, () => table.ensureRoom(length, OUTSIDE, 0));
    table.insert(hash, key, from, length, OUTSIDE, 0, this.addObject(value));
  }

  /** Gives the entry at `address` another value; a time that it has stays. Returns where the entry is now. */
  setValue(address: number, value: Buffer, vFrom: number, vTo: number): number {
    const { table } = this;
    const flags = table.flags(address);
    const valueLength = vTo - vFrom;
    if (!table.fits(table.keyLength(address), flags & EXPIRES, valueLength)) return this.putOutside(address, outside(value, vFrom, vTo));
    const oldHandle = (flags & OUTSIDE) === 0 ? NO_HANDLE : table.handle(address);
    let moved = address;
    if (oldHandle !== NO_HANDLE || table.valueLength(address) !== valueLength) moved = table.resize(address, flags & EXPIRES, valueLength);
    else table.beforeChange(address);
    copyBytes(table.bytesOf(moved), table.valueOffset(moved), value, vFrom, vTo);
    if (oldHandle !== NO_HANDLE) this.removeObject(oldHandle);
    return moved;
  }

  /** Likewise a string, whose blocks are shared. */
  setValueBlocks(address: number, value: BlockString): number {
    return this.putOutside(address, value.copy());
  }

  /** Gives an entry an object as its value. Returns where the entry is now. */
  private putOutside(address: number, value: Blob | BlockString): number {
    const { table } = this;
    const flags = table.flags(address);
    filled(value, () => table.ensureRoom(table.keyLength(address), flags | OUTSIDE, 0));
    const oldHandle = (flags & OUTSIDE) === 0 ? NO_HANDLE : table.handle(address);
    const moved = table.resize(address, flags | OUTSIDE, 0, this.addObject(value));
    if (oldHandle !== NO_HANDLE) this.removeObject(oldHandle);
    return moved;
  }

  private addObject(value: Blob | BlockString): number {
    if (value instanceof BlockString) this.valuesInBlocks++;
    return this.tables.objects.add(value);
  }

  private removeObject(handle: number): void {
    const { objects } = this.tables;
    if (objects.get(handle) instanceof BlockString) this.valuesInBlocks--;
    objects.removeBytes(handle);
  }

  remove(address: number): void {
    const { table } = this;
    table.beforeChange(address);
    this.dropValue(address);
    table.remove(address);
  }

  /** Hands its entries over to another map, in the table that they are in. None are left here. */
  yieldTable(): Table {
    const { table } = this;
    this.table = new Table(this.tables, { meta: false });
    return table;
  }

  private dropValue(address: number): void {
    if ((this.table.flags(address) & OUTSIDE) !== 0) this.removeObject(this.table.handle(address));
  }

  /** The value of an entry if it is in blocks, to be read only, else null: only what is not in blocks can be located. */
  blocksAt(address: number): BlockString | null {
    if ((this.table.flags(address) & OUTSIDE) === 0) return null;
    const object = this.tables.objects.get(this.table.handle(address));
    return object instanceof BlockString ? object : null;
  }

  /** Notes in `span` where the value of an entry lies. */
  locateValue(address: number, span: ByteSpan): void {
    const { table } = this;
    if ((table.flags(address) & OUTSIDE) === 0) return table.locateValue(address, span);
    const blob = this.tables.objects.get(table.handle(address));
    assert(blob instanceof Blob, "the handle of a value that is located names bytes in one piece");
    span.buffer = blob.buffer;
    span.from = 0;
    span.to = blob.length;
  }

  /** Shows the key of an entry in `element`. */
  showKey(address: number, element: Element): void {
    this.table.locateKey(address, SPAN);
    element.setSpan(SPAN);
  }

  /** Shows the value of an entry in `element`. */
  showValue(address: number, element: Element): void {
    if ((this.table.flags(address) & OUTSIDE) !== 0) {
      const blocks = this.blocksAt(address);
      if (blocks !== null) return element.setBlocks(blocks);
    }
    this.locateValue(address, SPAN);
    element.setSpan(SPAN);
  }

  /** Visits every entry, in no order; the visitor must change nothing. */
  each(visit: (address: number) => void): void {
    const { table } = this;
    table.pauseRehash();
    const chains = table.chainCount;
    try {
      for (let index = 0; index < chains; index++) for (let at = table.chain(index); at !== 0; at = table.next(at)) visit(at);
    } finally {
      table.resumeRehash();
    }
  }

  /** Returns the address of an entry, each with the same probability (nearly: see FAIR_CHAIN); 0 when empty. */
  random(): number {
    const { table } = this;
    // A client that only draws and removes (SPOP) looks nothing up: without this a table would stay as wide as it ever was.
    if (table.rehashing) table.rehashStep(STEPS_PER_DRAW);
    const places = table.size <= FEW ? FAIR_CHAIN_OF_FEW : FAIR_CHAIN;
    for (let calls = 0; calls < MAX_DRAW_CALLS && table.size > 0; calls++) {
      const address = table.draw(places);
      if (address !== 0) return address;
    }
    return table.random();
  }

  memoryBytes(samples: number): number {
    const { table, tables } = this;
    const wanted = samples === 0 ? table.size : Math.min(samples, table.size);
    let bytes = 0;
    let seen = 0;
    for (let index = 0; index < table.chainCount && seen < wanted; index++) {
      for (let at = table.chain(index); at !== 0 && seen < wanted; at = table.next(at)) {
        bytes += tables.arena.capacity(at);
        if ((table.flags(at) & OUTSIDE) !== 0) bytes += tables.objects.get(table.handle(at)).heldBytes;
        seen++;
      }
    }
    return this.heldBytes + (seen === 0 ? 0 : Math.round((bytes / seen) * table.size));
  }

  free(stop: () => boolean): boolean {
    const { table } = this;
    if (this.freeing === -1) {
      table.pauseRehash();
      this.freeing = 0;
    }
    this.freeing = table.freeChains(this.freeing, this.releaseValue, stop);
    assert(this.freeing <= table.chainCount, "freeing goes on from a chain that exists, or is at its end");
    return this.freeing === table.chainCount;
  }

  defragment(cursor: number, mover: Mover): number {
    return this.freeing === -1 ? this.table.defragment(cursor, mover, this.entryMoved) : 0;
  }

  copy(): ByteMap {
    const twin = new ByteMap(this.tables);
    twin.table.reserve(this.size);
    const key = new Element();
    const value = new Element();
    this.each((address) => {
      this.showKey(address, key);
      this.showValue(address, value);
      twin.setShown(key, value);
    });
    assert(twin.size === this.size, "a copy has as many entries: no two have the same key");
    return twin;
  }

  /** Gives a key a value, both of another map. */
  protected setShown(key: Element, { blocks, bytes, from, to }: Element): void {
    if (blocks === null) this.set(key.bytes, key.from, key.length, bytes, from, to);
    else this.setBlocks(key.bytes, key.from, key.length, blocks);
  }
}

/** What holds a value that is too long for its record. */
function outside(value: Buffer, from: number, to: number): Blob | BlockString {
  return to - from > BLOCKS_FROM ? BlockString.of(value, from, to) : new Blob(copied(value, from, to));
}
