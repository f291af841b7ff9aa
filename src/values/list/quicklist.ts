/**
 * Large lists: nodes that are listpacks (memory/packed.ts), or, of elements beyond DEBUG QUICKLIST-PACKED-THRESHOLD, those elements
 * themselves; so are elements that are held in blocks, as in Redis 8 those that fill more than a node. When a node is full, split or merged is
 * decided as in Redis 7.2 (quicklist.c), so that the encodings that clients see change when Redis's do; nodes are not merged on removal
 * there, nor here. Elements are named by node and offset, as `locate` found them. Hot: `push` and `drop`.
 */

import { assert } from "../../assert.ts";
import { copyBytes, equalBytes } from "../../base/bytes.ts";
import { BLOCKS_FROM, BlockString } from "../../blocks/block-string.ts";
import type { CompressedForm } from "../../memory/node-image.ts";
import { NodeDeque } from "../../memory/nodes.ts";
import {
  Element,
  EMPTY_PACKED_BYTES,
  type PackedSpace,
  packedAppend,
  packedAppendAll,
  packedAtEnd,
  packedBytes,
  packedClose,
  packedDelete,
  packedEnd,
  packedEntryBytes,
  packedEquals,
  packedFind,
  packedFirst,
  packedInsert,
  packedNext,
  packedPrevious,
  packedRead,
  packedReplace,
  packedSeek,
  packedWrite,
} from "../../memory/packed.ts";
import type { ByteSpan, TableSpace } from "../../memory/record-table.ts";
import type { ValueLimits } from "../limits.ts";

/** An end of a list: the index, for `packedSeek`, of the element there. */
export const ListEnd = { HEAD: 0, TAIL: -1 } as const;
export type ListEnd = (typeof ListEnd)[keyof typeof ListEnd];

/** Kinds of nodes: a listpack, or one element as it stands. */
export const PACKED = 0;
export const PLAIN = 1;

/** By list-max-listpack-size from -1 down: the most bytes of a node. */
const NODE_BYTES = [4096, 8192, 16384, 32768, 65536] as const;
/** Nodes limited by their count are limited to so many bytes too. */
const COUNTED_NODE_BYTES = 8192;
/** The largest count that a list keeps to, whatever the directive says. */
const MAX_COUNT = 32767;
/** More than an entry of a listpack takes besides its bytes: how Redis tells whether one more fits. */
export const ENTRY_OVERHEAD = 8;
/** Two listpacks that become one lose a header and an end. */
const MERGED_BYTES = EMPTY_PACKED_BYTES;

/** The most bytes of a node or small list under list-max-listpack-size `size`, when that limits bytes; Infinity when it limits elements. */
export function listBytesLimit(size: number): number {
  return size >= 0 ? Number.POSITIVE_INFINITY : NODE_BYTES[Math.min(-size, NODE_BYTES.length) - 1];
}

/** Likewise the most elements. */
export function listCountLimit(size: number): number {
  return size < 0 ? Number.POSITIVE_INFINITY : Math.max(size, 1);
}

/** Whether so many bytes and elements are too much for one node or small list. */
export function exceedsListLimit(size: number, bytes: number, count: number): boolean {
  if (size < 0) return bytes > listBytesLimit(size);
  return bytes > COUNTED_NODE_BYTES || count > listCountLimit(size);
}

/** Where nodes that are only read are seen; of no use after anything else is asked. */
const span: ByteSpan = { buffer: Buffer.alloc(0), from: 0, to: 0 };
const shown = new Element();

export class QuickList extends NodeDeque {
  private readonly limits: ValueLimits;
  /** list-max-listpack-size when the list was made: a list keeps to it. */
  private readonly fill: number;
  private readonly maxBytes: number;
  private readonly maxCount: number;

  constructor(tables: TableSpace, limits: ValueLimits, fill = Math.min(limits.listSize, MAX_COUNT)) {
    super(tables);
    this.limits = limits;
    this.fill = fill;
    this.maxBytes = fill < 0 ? listBytesLimit(fill) : COUNTED_NODE_BYTES;
    this.maxCount = listCountLimit(fill);
    this.fullBytes = this.maxBytes;
  }

  override copy(): QuickList {
    return this.copyTo(new QuickList(this.tables, this.limits, this.fill));
  }

  // ---- at the ends

  /** Puts bytes[from, to) at an end. */
  push(end: ListEnd, bytes: Buffer, from: number, to: number): void {
    const last = end === ListEnd.HEAD ? 0 : this.length - 1;
    if (this.isLarge(to - from)) return this.insertPlain(last - end, bytes, from, to);
    if (!this.allowsInsert(last, to - from)) {
      if (this.length > 0) this.fit(last);
      return this.insertPacked(last - end, bytes, from, to);
    }
    // As insertIn, without looking for the place: half of what LPUSH costs here.
    const space = this.open(last);
    if (end === ListEnd.HEAD) packedInsert(space, packedFirst(space.buffer, space.from), bytes, from, to);
    else packedAppend(space, bytes, from, to);
    this.setCount(last, this.count(last) + 1);
  }

  /** Puts a string, whose blocks are shared, at an end. */
  pushBlocks(end: ListEnd, value: BlockString): void {
    this.insertHeld(end === ListEnd.HEAD ? 0 : this.length, value.copy());
  }

  /** Takes away the element at an end; the list must have one. */
  drop(end: ListEnd): void {
    const node = end === ListEnd.HEAD ? 0 : this.length - 1;
    const count = this.count(node);
    assert(count > 0, "no node of a list is empty");
    if (count === 1) return this.remove(node);
    const space = this.open(node);
    const { buffer, from } = space;
    packedDelete(space, end === ListEnd.HEAD ? packedFirst(buffer, from) : packedPrevious(buffer, from, packedEnd(space)), 1);
    this.setCount(node, count - 1);
  }

  /** Puts a listpack that is well formed and not empty at the tail, as a node of its own unless it has elements that are to be in blocks. */
  appendPacked(bytes: Buffer, from: number, to: number, count: number): void {
    if (to - from > BLOCKS_FROM) return this.appendElements(bytes, from);
    this.insertNode(this.length, PACKED, to - from, count);
    copyBytes(span.buffer, span.from, bytes, from, to);
  }

  /** Likewise one of any length: what stands between elements that are to be in blocks is a node. */
  private appendElements(bytes: Buffer, from: number): void {
    let run = packedFirst(bytes, from);
    let count = 0;
    for (let at = run; !packedAtEnd(bytes, at); ) {
      const next = packedRead(bytes, at, shown);
      if (shown.length > BLOCKS_FROM) {
        this.appendRun(bytes, run, at, count);
        this.insertPlain(this.length, shown.bytes, shown.from, shown.to);
        run = next;
        count = 0;
      } else count++;
      at = next;
    }
    this.appendRun(bytes, run, from + packedBytes(bytes, from) - 1, count);
  }

  /** Puts the entries bytes[from, to) of a listpack at the tail, as a node. */
  private appendRun(bytes: Buffer, from: number, to: number, count: number): void {
    if (count === 0) return;
    this.insertNode(this.length, PACKED, EMPTY_PACKED_BYTES + to - from, count);
    const { buffer, from: start } = span;
    packedClose(buffer, start, copyBytes(buffer, packedFirst(buffer, start), bytes, from, to), count);
  }

  /** Likewise one that bytes[0, length) stand for. */
  appendCompressed(bytes: Buffer, length: number, count: number, form: CompressedForm): void {
    this.insertNode(this.length, PACKED, length, count);
    this.setCompressed(this.length - 1, form);
    copyBytes(span.buffer, span.from, bytes, 0, length);
  }

  /** Puts an element at the tail, in a plain node whatever its length. */
  appendPlain(bytes: Buffer, from: number, to: number): void {
    this.insertPlain(this.length, bytes, from, to);
  }

  // ---- anywhere

  /** Shows the element at `offset` of `node`. */
  read(node: number, offset: number, element: Element): void {
    const blocks = this.blocksAt(node);
    if (blocks !== null) return element.setBlocks(blocks);
    this.locate(node, span);
    if (this.kind(node) === PACKED) packedRead(span.buffer, packedSeek(span.buffer, span.from, offset), element);
    else element.setSpan(span);
  }

  /** Puts bytes[from, to) before the element at `offset` of `node`, or with `after` behind it. */
  insertAt(node: number, offset: number, after: boolean, bytes: Buffer, from: number, to: number): void {
    const length = to - from;
    const cut = after ? offset + 1 : offset;
    const atEdge = cut === (after ? this.count(node) : 0);
    const beside = after ? node + 1 : node - 1;
    if (this.isLarge(length)) {
      this.insertPlain(this.placeBeside(node, cut, after), bytes, from, to);
    } else if (this.allowsInsert(node, length)) {
      this.insertIn(node, cut, bytes, from, to);
    } else if (!atEdge) {
      this.split(node, cut);
      // The element goes to the part that the split broke off: that is the one which does not hold the element it was to stand by.
      if (after) this.insertIn(node + 1, 0, bytes, from, to);
      else this.insertIn(node, cut, bytes, from, to);
      this.mergeAround(after ? node : node + 1);
    } else if (this.allowsInsert(beside, length)) {
      this.insertIn(beside, after ? 0 : this.count(beside), bytes, from, to);
    } else {
      this.insertPacked(after ? node + 1 : node, bytes, from, to);
    }
  }

  /** Likewise a string, whose blocks are shared. */
  insertBlocksAt(node: number, offset: number, after: boolean, value: BlockString): void {
    this.insertHeld(this.placeBeside(node, after ? offset + 1 : offset, after), value.copy());
  }

  /** Where a node goes that comes before the element at `cut` of `node`: it is split there, but at its edge before or, with `after`, behind it. */
  private placeBeside(node: number, cut: number, after: boolean): number {
    const atEdge = cut === (after ? this.count(node) : 0);
    if (!atEdge && this.kind(node) === PACKED) this.split(node, cut);
    return !atEdge || after ? node + 1 : node;
  }

  /** Puts bytes[from, to) in the place of the element at `offset` of `node`. */
  replaceAt(node: number, offset: number, bytes: Buffer, from: number, to: number): void {
    if (this.isLarge(to - from)) {
      this.insertPlain(this.placeInstead(node, offset), bytes, from, to);
      this.leave(node, offset);
    } else if (this.kind(node) === PLAIN) {
      this.insertAt(node, 0, true, bytes, from, to);
      this.remove(node);
    } else {
      const space = this.open(node);
      packedReplace(space, packedSeek(space.buffer, space.from, offset), bytes, from, to);
    }
  }

  /** Likewise by a string, whose blocks are shared. */
  replaceByBlocks(node: number, offset: number, value: BlockString): void {
    this.insertHeld(this.placeInstead(node, offset), value.copy());
    this.leave(node, offset);
  }

  /** Where a node goes that takes the place of the element at `offset` of `node`: behind that, which ends with the element then. */
  private placeInstead(node: number, offset: number): number {
    if (offset < this.count(node) - 1) this.split(node, offset + 1);
    return node + 1;
  }

  /** Another node has taken the place of the last element of `node`, which is at `offset`. */
  private leave(node: number, offset: number): void {
    if (offset === 0) return this.remove(node);
    this.deleteIn(node, offset, 1);
    this.mergeAround(node + 1);
  }

  /** Removes `count` elements from element `start` on. */
  deleteRange(start: number, count: number): void {
    if (count === 0) return;
    let node = this.seek(start);
    let offset = this.offset;
    let left = count;
    if (offset > 0) {
      const here = Math.min(left, this.count(node) - offset);
      this.deleteIn(node, offset, here);
      left -= here;
      node++;
      offset = 0;
    }
    let whole = 0;
    while (left > 0 && this.count(node + whole) <= left) left -= this.count(node + whole++);
    if (whole > 0) this.removeRange(node, whole);
    if (left > 0) this.deleteIn(node, 0, left);
  }

  /** Removes elements that are bytes[from, to), at most `limit` of them, from the head or with `backwards` from the tail on. Returns how many. */
  removeEqual(bytes: Buffer, from: number, to: number, limit: number, backwards: boolean): number {
    return this.removeFrom(limit, backwards, (node, most) => this.removeEqualIn(node, bytes, from, to, most, backwards));
  }

  /** Likewise elements that are `value`, which is long enough for blocks. */
  removeEqualBlocks(value: BlockString, limit: number, backwards: boolean): number {
    return this.removeFrom(limit, backwards, (node) => (this.blocksAt(node)?.equalsBlocks(value) === true ? 1 : 0));
  }

  /** `removeIn` removes up to so many elements of a node, whose count stays to be set, and returns how many. */
  private removeFrom(limit: number, backwards: boolean, removeIn: (node: number, most: number) => number): number {
    let removed = 0;
    let node = backwards ? this.length - 1 : 0;
    while (removed < limit && node >= 0 && node < this.length) {
      const gone = removeIn(node, limit - removed);
      removed += gone;
      assert(gone <= this.count(node), "no more elements go than the node counts");
      const emptied = gone === this.count(node);
      if (emptied) this.remove(node);
      else if (gone > 0) this.setCount(node, this.count(node) - gone);
      if (backwards) node--;
      else if (!emptied) node++;
    }
    return removed;
  }

  /** The node of the first element that is bytes[from, to), or -1; `offset` tells which of the node's it is. */
  find(bytes: Buffer, from: number, to: number): number {
    for (let node = 0; node < this.length; node++) {
      if (this.kind(node) === PLAIN) {
        this.offset = 0;
        if (this.equalsPlain(node, bytes, from, to)) return node;
        continue;
      }
      this.locate(node, span);
      const { buffer } = span;
      const found = packedFind(buffer, span.from, bytes, from, to, 1);
      if (found === -1) continue;
      this.offset = 0;
      for (let at = packedFirst(buffer, span.from); at !== found; at = packedNext(buffer, at)) this.offset++;
      return node;
    }
    return -1;
  }

  /** Likewise of the first that is `value`, which is long enough for blocks. */
  findBlocks(value: BlockString): number {
    this.offset = 0;
    for (let node = 0; node < this.length; node++) if (this.blocksAt(node)?.equalsBlocks(value) === true) return node;
    return -1;
  }

  // ---- nodes

  private isLarge(length: number): boolean {
    return length >= this.limits.plainNodeBytes || length > BLOCKS_FROM;
  }

  /** Whether there is a node `node` with room for an element of `length` bytes. */
  private allowsInsert(node: number, length: number): boolean {
    if (node < 0 || node >= this.length || this.kind(node) === PLAIN) return false;
    return this.bytes(node) + length + ENTRY_OVERHEAD <= this.maxBytes && this.count(node) < this.maxCount;
  }

  private allowsMerge(left: number): boolean {
    const right = left + 1;
    if (left < 0 || right >= this.length || this.kind(left) === PLAIN || this.kind(right) === PLAIN) return false;
    const bytes = this.bytes(left) + this.bytes(right) - MERGED_BYTES;
    return bytes <= this.maxBytes && this.count(left) + this.count(right) <= this.maxCount;
  }

  /** A node of `count` elements, whose bytes, yet to be written, `span` shows. */
  private insertNode(index: number, kind: number, bytes: number, count: number): void {
    assert(kind === PACKED || count === 1, "a plain node is one element");
    this.insert(index, bytes, kind);
    this.setCount(index, count);
    this.locate(index, span);
  }

  /** Puts an element before node `index`, in a plain node whatever its length. */
  private insertPlain(index: number, bytes: Buffer, from: number, to: number): void {
    if (to - from > BLOCKS_FROM) return this.insertHeld(index, BlockString.of(bytes, from, to));
    this.insertNode(index, PLAIN, to - from, 1);
    copyBytes(span.buffer, span.from, bytes, from, to);
  }

  /** Likewise a string, which is the node's from then on. */
  private insertHeld(index: number, value: BlockString): void {
    this.insertBlocks(index, value, PLAIN);
    this.setCount(index, 1);
  }

  /** A listpack of one element. */
  private insertPacked(index: number, bytes: Buffer, from: number, to: number): void {
    this.insertNode(index, PACKED, EMPTY_PACKED_BYTES + packedEntryBytes(bytes, from, to), 1);
    const { buffer, from: start } = span;
    packedClose(buffer, start, packedWrite(buffer, packedFirst(buffer, start), bytes, from, to), 1);
  }

  /** Puts an element into a packed node, before the one at `offset`. */
  private insertIn(node: number, offset: number, bytes: Buffer, from: number, to: number): void {
    const space = this.open(node);
    const count = this.count(node);
    assert(offset >= 0 && offset <= count, "an element goes between those of its node or to an end");
    if (offset === count) packedAppend(space, bytes, from, to);
    else packedInsert(space, packedSeek(space.buffer, space.from, offset), bytes, from, to);
    this.setCount(node, count + 1);
  }

  /** Removes elements of one node; all of them: the node. */
  private deleteIn(node: number, offset: number, count: number): void {
    const before = this.count(node);
    assert(offset >= 0 && count > 0 && offset + count <= before, "elements that are removed are in their node");
    if (count === before) return this.remove(node);
    const space = this.open(node);
    packedDelete(space, packedSeek(space.buffer, space.from, offset), count);
    this.setCount(node, before - count);
  }

  /** Makes two nodes of one: elements from `cut` on, neither none nor all, become the next node. */
  private split(node: number, cut: number): void {
    const count = this.count(node);
    assert(cut > 0 && cut < count, "a node is split into two that both have elements");
    this.open(node); // first, because there may be no memory for a node of its own
    this.insertNode(node + 1, PACKED, this.bytes(node), count);
    const { buffer, from } = span;
    this.locate(node, span);
    copyBytes(buffer, from, span.buffer, span.from, span.to);
    this.deleteIn(node + 1, 0, cut);
    this.deleteIn(node, cut, count - cut);
  }

  /** Appends the next node to node `left`. */
  private merge(left: number): void {
    assert(this.kind(left) === PACKED && this.kind(left + 1) === PACKED, "nodes that are merged are listpacks");
    const space = this.open(left);
    this.locate(left + 1, span);
    packedAppendAll(space, span.buffer, span.from);
    const count = this.count(left) + this.count(left + 1);
    this.remove(left + 1);
    this.setCount(left, count);
  }

  /** Merges where it is allowed: the two nodes before `node`, the two behind it, then it with what stands beside it. */
  private mergeAround(node: number): void {
    if (!this.canMove) return;
    let center = node;
    if (this.allowsMerge(center - 2)) {
      this.merge(center - 2);
      center--;
    }
    if (this.allowsMerge(center + 1)) this.merge(center + 1);
    if (this.allowsMerge(center - 1)) {
      this.merge(center - 1);
      center--;
    }
    if (this.allowsMerge(center)) this.merge(center);
  }

  /** `removeEqual` of one node, whose count stays to be set. */
  private removeEqualIn(node: number, bytes: Buffer, from: number, to: number, limit: number, backwards: boolean): number {
    if (this.kind(node) === PLAIN) return this.equalsPlain(node, bytes, from, to) ? 1 : 0;
    this.locate(node, span);
    // Nodes without the element are only read: to open one that an image holds is to copy it.
    if (packedFind(span.buffer, span.from, bytes, from, to, 1) === -1) return 0;
    return removeEqualPacked(this.open(node), bytes, from, to, limit, backwards);
  }

  /** Whether the element that `node` is is bytes[from, to). */
  private equalsPlain(node: number, bytes: Buffer, from: number, to: number): boolean {
    const blocks = this.blocksAt(node);
    if (blocks !== null) return blocks.equals(bytes, from, to);
    this.locate(node, span);
    return span.to - span.from === to - from && equalBytes(span.buffer, span.from, bytes, from, to - from);
  }
}

/** Removes entries of a listpack that are bytes[from, to), at most `limit`. Returns how many. */
export function removeEqualPacked(space: PackedSpace, bytes: Buffer, from: number, to: number, limit: number, backwards: boolean): number {
  let removed = 0;
  if (backwards) {
    let at = packedSeek(space.buffer, space.from, -1);
    while (at !== -1 && removed < limit) {
      if (packedEquals(space.buffer, at, bytes, from, to)) {
        at = packedDelete(space, at, 1);
        removed++;
      }
      at = packedPrevious(space.buffer, space.from, at);
    }
    return removed;
  }
  let at = packedFirst(space.buffer, space.from);
  while (!packedAtEnd(space.buffer, at) && removed < limit) {
    let run = 0;
    let next = at;
    while (run < limit - removed && !packedAtEnd(space.buffer, next) && packedEquals(space.buffer, next, bytes, from, to)) {
      next = packedNext(space.buffer, next);
      run++;
    }
    at = run > 0 ? packedDelete(space, at, run) : packedNext(space.buffer, at);
    removed += run;
  }
  return removed;
}
