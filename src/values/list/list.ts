/**
 * Lists: small ones are one listpack in the key's record, large ones a QuickList. When one becomes the other is Redis 7.2's rule
 * (t_list.c): before elements are added their bytes are counted (`listPrepare`), after some went it takes half the limit to come back
 * (`listCompact`). Hot: push, drop and the cursor.
 */

import { assert } from "../../assert.ts";
import { copied, copyBytes, equalBytes } from "../../base/bytes.ts";
import type { BlockString } from "../../blocks/block-string.ts";
import {
  Element,
  packedAtEnd,
  packedBytes,
  packedCount,
  packedDelete,
  packedEnd,
  packedEquals,
  packedFind,
  packedFirst,
  packedInsert,
  packedNext,
  packedPrevious,
  packedRead,
  packedReplace,
  packedSeek,
} from "../../memory/packed.ts";
import type { ByteSpan } from "../../memory/record-table.ts";
import type { Holder } from "../holder.ts";
import { Encoding } from "../value-types.ts";
import { exceedsListLimit, ListEnd, listBytesLimit, listCountLimit, PACKED, QuickList, removeEqualPacked } from "./quicklist.ts";

export { ListEnd } from "./quicklist.ts";

/** The list when it is large, else null. */
function large(h: Holder): QuickList | null {
  return h.object as QuickList | null;
}

/** How many elements it has. */
export function listLength(h: Holder): number {
  const list = large(h);
  return list === null ? packedCount(h.buffer, h.from) : list.size;
}

// ---- encodings

/** `count` elements of `bytes` bytes in all are about to be added or put in the place of others: a list too long for them becomes large. */
export function listPrepare(h: Holder, bytes: number, count: number): void {
  if (h.object !== null) return;
  const { buffer, from, limits } = h;
  if (!exceedsListLimit(limits.listSize, packedBytes(buffer, from) + bytes, packedCount(buffer, from) + count)) return;
  listBuilding(h);
}

/** Elements went: a large list of one node that fills no more than half of what a small one may becomes small. */
export function listCompact(h: Holder): void {
  convertToSmall(h, 2);
}

/** The list was built piece by piece, as it came: it gets the encoding that suits it. */
export function listSettle(h: Holder): void {
  if (h.object === null) listPrepare(h, 0, 0);
  else convertToSmall(h, 1);
}

function convertToSmall(h: Holder, share: number): void {
  const list = large(h);
  if (list === null || list.length !== 1 || list.kind(0) !== PACKED) return;
  const { listSize } = h.limits;
  if (list.bytes(0) > Math.floor(listBytesLimit(listSize) / share) || list.size > Math.floor(listCountLimit(listSize) / share)) return;
  list.locate(0, span);
  const bytes = copied(span.buffer, span.from, span.to);
  assert(packedCount(bytes, 0) === list.size, "the only node of a list holds all that the list counts");
  h.setPacked(Encoding.LISTPACK, bytes.length);
  copyBytes(h.buffer, h.from, bytes, 0, bytes.length);
}

/** Where nodes that are only read are seen; of no use after anything else is asked. */
const span: ByteSpan = { buffer: Buffer.alloc(0), from: 0, to: 0 };

// ---- at the ends

/** Adds bytes[from, to) at an end, the encoding being seen to. */
export function listPush(h: Holder, bytes: Buffer, from: number, to: number, end: ListEnd): void {
  listPrepare(h, to - from, 1);
  listAdd(h, bytes, from, to, end);
}

/** Adds bytes[from, to) at an end; `listPrepare` has been told of it. */
export function listAdd(h: Holder, bytes: Buffer, from: number, to: number, end: ListEnd): void {
  const list = large(h);
  if (list !== null) list.push(end, bytes, from, to);
  else packedInsert(h, end === ListEnd.HEAD ? packedFirst(h.buffer, h.from) : packedEnd(h), bytes, from, to);
}

/** Likewise a string that is long enough for blocks, which are shared. */
export function listAddBlocks(h: Holder, value: BlockString, end: ListEnd): void {
  prepared(h).pushBlocks(end, value);
}

/** The list, which is to get an element too long for a small one: `listPrepare` has been told of it. */
function prepared(h: Holder): QuickList {
  const list = large(h);
  assert(list !== null, "a list is made large before it gets an element that is in blocks");
  return list;
}

/** Returns where the element at an end of a small list is. */
function atEnd(h: Holder, end: ListEnd): number {
  return end === ListEnd.HEAD ? packedFirst(h.buffer, h.from) : packedPrevious(h.buffer, h.from, packedEnd(h));
}

/** Shows the element at an end of a list that has one. Good until the next change. */
export function listPeek(h: Holder, end: ListEnd, element: Element): void {
  assert(listLength(h) > 0, "the end that is looked at is that of a list with elements");
  const list = large(h);
  if (list === null) packedRead(h.buffer, atEnd(h, end), element);
  else if (end === ListEnd.HEAD) list.read(0, 0, element);
  else list.read(list.length - 1, list.count(list.length - 1) - 1, element);
}

/** Takes away the element at an end of a list that has one. `listCompact` is the caller's. */
export function listDrop(h: Holder, end: ListEnd): void {
  const list = large(h);
  if (list !== null) list.drop(end);
  else packedDelete(h, atEnd(h, end), 1);
}

// ---- anywhere. Positions count from 0; positions that do not exist are the caller's to refuse

/** Shows element `index`. Returns whether there is one. Good until the next change. */
export function listRead(h: Holder, index: number, element: Element): boolean {
  if (index < 0 || index >= listLength(h)) return false;
  const list = large(h);
  if (list === null) packedRead(h.buffer, packedSeek(h.buffer, h.from, index), element);
  else list.read(list.seek(index), list.offset, element);
  return true;
}

/** Puts bytes[from, to) in the place of element `index`; `listPrepare` has been told of it. */
export function listReplace(h: Holder, index: number, bytes: Buffer, from: number, to: number): void {
  assert(index >= 0 && index < listLength(h), "an element that is replaced is in the list");
  const list = large(h);
  if (list === null) packedReplace(h, packedSeek(h.buffer, h.from, index), bytes, from, to);
  else list.replaceAt(list.seek(index), list.offset, bytes, from, to);
}

/** Likewise a string that is long enough for blocks, which are shared. */
export function listReplaceByBlocks(h: Holder, index: number, value: BlockString): void {
  assert(index >= 0 && index < listLength(h), "an element that is replaced is in the list");
  const list = prepared(h);
  list.replaceByBlocks(list.seek(index), list.offset, value);
}

/** Returns the place of the first element that is bytes[from, to), for `listInsert` until the list changes, or -1. */
export function listFind(h: Holder, bytes: Buffer, from: number, to: number): number {
  return large(h)?.find(bytes, from, to) ?? packedFind(h.buffer, h.from, bytes, from, to, 1);
}

/** Likewise of the first that is a string that is long enough for blocks. */
export function listFindBlocks(h: Holder, value: BlockString): number {
  return large(h)?.findBlocks(value) ?? -1;
}

/** Puts bytes[from, to) before, or with `after` behind, the element that was just found; `listPrepare` was told of it before. */
export function listInsert(h: Holder, place: number, after: boolean, bytes: Buffer, from: number, to: number): void {
  const list = large(h);
  if (list !== null) list.insertAt(place, list.offset, after, bytes, from, to);
  else packedInsert(h, after ? packedNext(h.buffer, place) : place, bytes, from, to);
}

/** Likewise a string that is long enough for blocks, which are shared. */
export function listInsertBlocks(h: Holder, place: number, after: boolean, value: BlockString): void {
  const list = prepared(h);
  list.insertBlocksAt(place, list.offset, after, value);
}

/** Removes up to `limit` elements that are bytes[from, to), from the head or tail on. Returns how many. `listCompact` is the caller's. */
export function listRemove(h: Holder, bytes: Buffer, from: number, to: number, limit: number, backwards: boolean): number {
  const list = large(h);
  if (list === null) return removeEqualPacked(h, bytes, from, to, limit, backwards);
  return list.removeEqual(bytes, from, to, limit, backwards);
}

/** Likewise elements that are a string that is long enough for blocks. */
export function listRemoveBlocks(h: Holder, value: BlockString, limit: number, backwards: boolean): number {
  return large(h)?.removeEqualBlocks(value, limit, backwards) ?? 0;
}

/** Removes `count` elements from `start` on. `listCompact` is the caller's. */
export function listDeleteRange(h: Holder, start: number, count: number): void {
  if (count === 0) return;
  assert(start >= 0 && start + count <= listLength(h), "elements that are removed are in the list");
  const list = large(h);
  if (list === null) packedDelete(h, packedSeek(h.buffer, h.from, start), count);
  else list.deleteRange(start, count);
}

// ---- walking

/**
 * Goes from element to element of a list that does not change meanwhile; reused from list to list. `next` and `step` go to the next
 * element: `next` shows it in `element`, `step` only so that it can be compared.
 */
export class ListCursor {
  readonly element = new Element();
  private list: QuickList | null = null;
  private node = 0;
  private readonly span: ByteSpan = { buffer: Buffer.alloc(0), from: 0, to: 0 };
  private packed = true;
  /** The node, if it is in blocks: `span` does not show it then. */
  private blocks: BlockString | null = null;
  private backwards = false;
  /** The element being looked at, and the one to be looked at next: offsets in the node, -1 where there is none. */
  private at = -1;
  private following = -1;

  /** Puts the cursor before element `index`, or with `backwards` behind it to go towards the head. There must be such an element. */
  start(h: Holder, index: number, backwards = false): void {
    this.backwards = backwards;
    this.list = large(h);
    if (this.list === null) {
      this.span.buffer = h.buffer;
      this.span.from = h.from;
      this.packed = true;
      this.blocks = null;
      this.following = packedSeek(h.buffer, h.from, index);
      return;
    }
    this.node = this.list.seek(index);
    this.enter(this.list, this.list.offset);
  }

  /** Goes to the next element and shows it. Returns whether there is one. */
  next(): boolean {
    if (this.following === -1 && !this.nextNode()) return false;
    const { span, element, following } = this;
    this.at = following;
    if (this.packed) return this.goOn(packedRead(span.buffer, following, element));
    if (this.blocks !== null) element.setBlocks(this.blocks);
    else element.setSpan(span);
    return this.goOn(-1);
  }

  /** Goes to the next element without showing it. Returns whether there is one. */
  step(): boolean {
    if (this.following === -1 && !this.nextNode()) return false;
    this.at = this.following;
    return this.goOn(this.packed ? packedNext(this.span.buffer, this.at) : -1);
  }

  /** Notes what comes after the element being looked at; `after` is where it ends, -1 for one that has a node of its own. */
  private goOn(after: number): true {
    const { buffer, from } = this.span;
    if (after === -1) this.following = -1;
    else if (this.backwards) this.following = packedPrevious(buffer, from, this.at);
    else this.following = packedAtEnd(buffer, after) ? -1 : after;
    return true;
  }

  /** Whether the element being looked at is bytes[from, to). */
  equals(bytes: Buffer, from: number, to: number): boolean {
    const { span } = this;
    if (this.packed) return packedEquals(span.buffer, this.at, bytes, from, to);
    if (this.blocks !== null) return this.blocks.equals(bytes, from, to);
    return span.to - span.from === to - from && equalBytes(span.buffer, span.from, bytes, from, to - from);
  }

  /** Whether it is a string that is long enough for blocks. */
  equalsBlocks(value: BlockString): boolean {
    return this.blocks?.equalsBlocks(value) === true;
  }

  private nextNode(): boolean {
    const { list } = this;
    if (list === null) return false;
    this.node += this.backwards ? -1 : 1;
    if (this.node < 0 || this.node >= list.length) return false;
    this.enter(list, this.backwards ? -1 : 0);
    return true;
  }

  /** Goes into node `node`, to its element `offset` (negative: from the end). */
  private enter(list: QuickList, offset: number): void {
    const { span } = this;
    this.packed = list.kind(this.node) === PACKED;
    this.blocks = this.packed ? null : list.blocksAt(this.node);
    if (this.blocks !== null) {
      this.following = 0;
      return;
    }
    list.locate(this.node, span);
    this.following = this.packed ? packedSeek(span.buffer, span.from, offset) : span.from;
    assert(this.following !== -1, "a node of a list has the elements that are counted");
  }
}

/** Shows every element, from the head on. The list must not change meanwhile. */
export function listEach(h: Holder, visit: (element: Element) => void): void {
  const length = listLength(h);
  if (length === 0) return;
  const cursor = new ListCursor();
  cursor.start(h, 0);
  while (cursor.next()) visit(cursor.element);
}

// ---- loading

/** Returns the large list that is to be built node by node; `listSettle` at the end. */
export function listBuilding(h: Holder): QuickList {
  const held = large(h);
  if (held !== null) return held;
  const list = new QuickList(h.tables, h.limits);
  const count = packedCount(h.buffer, h.from);
  if (count > 0) list.appendPacked(h.buffer, h.from, h.to, count);
  assert(list.size === count, "a list keeps its elements when it becomes a large one");
  h.setObject(Encoding.QUICKLIST, list);
  return list;
}
