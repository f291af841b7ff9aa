/**
 * Taking elements off lists, for the commands that reply at once and those that block (BLPOP, BLMOVE, BLMPOP, ...). The functions reply,
 * change, count and publish; journalling is left to the caller, except where a function says so.
 */

import { copyBytes, isInt64 } from "../../base/bytes.ts";
import type { BlockString } from "../../blocks/block-string.ts";
import type { Call } from "../../execution/call.ts";
import { EventClass } from "../../keyspace/events.ts";
import type { Value } from "../../keyspace/value.ts";
import { Element } from "../../memory/packed.ts";
import type { ByteSpan } from "../../memory/record-table.ts";
import {
  ListCursor,
  ListEnd,
  listAdd,
  listAddBlocks,
  listCompact,
  listDeleteRange,
  listDrop,
  listLength,
  listPeek,
  listPrepare,
} from "../../values/list/list.ts";
import { Encoding, Type } from "../../values/value-types.ts";
import { type MultiPop, serveFirst } from "../arguments/multi-pop.ts";

/** The element on its way from one list to another; freed if it is long. */
const SCRATCH_BYTES = 1024;
const MAX_KEPT_BYTES = 64 * 1024;

const moved: ByteSpan = { buffer: Buffer.allocUnsafeSlow(SCRATCH_BYTES), from: 0, to: 0 };
const element = new Element();
const cursor = new ListCursor();

/** The words for the ends of a list. */
export const LIST_ENDS = { left: ListEnd.HEAD, right: ListEnd.TAIL } as const;

// ---- taking

/** Answers with the element at an end of `list`, which has one and was opened for writing, and takes it away. */
export function replyPopped(call: Call, list: Value, end: ListEnd): void {
  listPeek(list, end, element);
  call.reply.slice(element);
  listDrop(list, end);
  noteRemoved(list, end, 1);
}

/** The same with an array of up to `count` elements (at least 1). Returns how many. */
export function replyPoppedRange(call: Call, list: Value, end: ListEnd, count: number): number {
  const length = listLength(list);
  const taken = Math.min(count, length);
  if (end === ListEnd.HEAD) replyRange(call, list, 0, taken);
  else replyRange(call, list, length - 1, taken, true);
  listDeleteRange(list, end === ListEnd.HEAD ? 0 : length - taken, taken);
  noteRemoved(list, end, taken);
  return taken;
}

/**
 * Replies with the first key of `wanted` that has a list and the elements taken off it, journalled as LPOP or RPOP. Returns false, with
 * nothing done, if no key has one. Errors: WRONGTYPE for a key before.
 */
export function serveMultiPop(call: Call, { firstKey, keys, end, count }: MultiPop<ListEnd>): boolean {
  return serveFirst(call, Type.LIST, firstKey, keys, (list, index) => {
    call.reply.array(2);
    call.replyArgument(index);
    const taken = replyPoppedRange(call, list, end, count);
    call.journalAs(end === ListEnd.HEAD ? "LPOP" : "RPOP", call.bytes(index), taken);
  });
}

/**
 * Moves an element from an end of the list at argument `source` to one of that at `destination` and replies with it. Returns false, with
 * nothing done, if there is no list. Errors: WRONGTYPE.
 */
export function serveMove(call: Call, source: number, destination: number, from: ListEnd, to: ListEnd): boolean {
  const list = call.openWrite(source, Type.LIST);
  if (!list.exists) return false;
  const other = call.openWrite(destination, Type.LIST, 1);
  const wasLarge = list.encoding === Encoding.QUICKLIST;
  const blocks = take(list, from);
  try {
    // Redis takes an element off a large list as a number if it can, and does not count numbers among the bytes to be added.
    const counted = wasLarge && blocks === null && isInt64(moved.buffer, moved.from, moved.to) ? 0 : moved.to - moved.from;
    if (other.address === list.address) {
      listDrop(list, from);
      add(list, to, blocks, counted);
      notePushed(call, destination, to);
    } else {
      add(other, to, blocks, counted);
      other.changed(0);
      notePushed(call, destination, to);
      listDrop(list, from);
    }
    if (blocks === null) call.reply.bytes(moved.buffer, moved.from, moved.to);
    else call.reply.blocks(blocks, 0, blocks.length);
  } finally {
    blocks?.free();
  }
  noteRemoved(list, from, 1);
  if (moved.buffer.length > MAX_KEPT_BYTES) moved.buffer = Buffer.allocUnsafeSlow(SCRATCH_BYTES);
  return true;
}

/** Copies the element at an end of a list that has one to `moved`, or returns a copy that shares its blocks, and notes only its length there. */
function take(list: Value, end: ListEnd): BlockString | null {
  listPeek(list, end, element);
  const { blocks, bytes, from, to, length } = element;
  moved.from = 0;
  moved.to = length;
  if (blocks !== null) return blocks.copy();
  if (moved.buffer.length < length) moved.buffer = Buffer.allocUnsafeSlow(length);
  copyBytes(moved.buffer, 0, bytes, from, to);
  return null;
}

function add(list: Value, end: ListEnd, blocks: BlockString | null, counted: number): void {
  listPrepare(list, counted, 1);
  if (blocks === null) listAdd(list, moved.buffer, moved.from, moved.to, end);
  else listAddBlocks(list, blocks, end);
}

function notePushed(call: Call, index: number, end: ListEnd): void {
  call.event(EventClass.LIST, end === ListEnd.HEAD ? "lpush" : "rpush", index);
}

/** Tells that `count` elements went off an end of the list. */
function noteRemoved(list: Value, end: ListEnd, count: number): void {
  noteShrunk(list, count, end === ListEnd.HEAD ? "lpop" : "rpop");
}

/** `count` elements of the list went: the list too if it was all of them. */
export function noteShrunk(list: Value, count: number, event: string): void {
  const left = listLength(list);
  if (left > 0) listCompact(list);
  list.shrunk(left, count, EventClass.LIST, event);
}

/** Replies with an array of `count` elements, which must exist, from element `index` on or, with `backwards`, towards the head. */
export function replyRange(call: Call, list: Value, index: number, count: number, backwards = false): void {
  const { reply } = call;
  reply.array(count);
  if (count === 0) return;
  cursor.start(list, index, backwards);
  const shown = cursor.element;
  for (let left = count; left > 0; left--) {
    cursor.next();
    reply.slice(shown);
  }
}
