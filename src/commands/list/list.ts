/** Lists: pushing, popping, reading, changing. LPUSH, RPUSH, LPOP, RPOP and LRANGE are hot: they allocate nothing. */

import { commandError, errors } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import { EventClass } from "../../keyspace/events.ts";
import type { Value } from "../../keyspace/value.ts";
import { Element } from "../../memory/packed.ts";
import { SessionKind } from "../../session/session.ts";
import {
  ListCursor,
  ListEnd,
  listAdd,
  listAddBlocks,
  listCompact,
  listDeleteRange,
  listFind,
  listFindBlocks,
  listInsert,
  listInsertBlocks,
  listLength,
  listPrepare,
  listRead,
  listRemove,
  listRemoveBlocks,
  listReplace,
  listReplaceByBlocks,
} from "../../values/list/list.ts";
import { Type } from "../../values/value-types.ts";
import { parseMultiPop } from "../arguments/multi-pop.ts";
import { choice, longArgument, longAtLeast, wrongCount } from "../arguments/numbers.ts";
import { LIST_ENDS, noteShrunk, replyPopped, replyPoppedRange, replyRange, serveMove, serveMultiPop } from "./list-moves.ts";

const command = commandsOf("list");

// ---- pushing

export const lpush = command("lpush", { arity: -3, since: "1.0.0", flags: "write denyoom fast" })
  .takes("key{RW insert} element...")
  .answers("count")
  .docs("Prepends elements to a list. Creates the list if it doesn't exist.", "O(1) for each element")
  .changed("2.4.0: Accepts several elements.")
  .inBlocks(2, 1)
  .run((call) => push(call, call.openWrite(1, Type.LIST), ListEnd.HEAD));

export const rpush = command("rpush", { arity: -3, since: "1.0.0", flags: "write denyoom fast" })
  .takes("key{RW insert} element...")
  .answers("count")
  .docs("Appends elements to a list. Creates the list if it doesn't exist.", "O(1) for each element")
  .changed("2.4.0: Accepts several elements.")
  .inBlocks(2, 1)
  .run((call) => push(call, call.openWrite(1, Type.LIST), ListEnd.TAIL));

export const lpushx = command("lpushx", { arity: -3, since: "2.2.0", flags: "write denyoom fast" })
  .takes("key{RW insert} element...")
  .answers("count")
  .docs("Prepends elements to a list only if the list exists.", "O(1) for each element")
  .changed("4.0.0: Accepts several elements.")
  .inBlocks(2, 1)
  .run((call) => pushIfThere(call, ListEnd.HEAD));

export const rpushx = command("rpushx", { arity: -3, since: "2.2.0", flags: "write denyoom fast" })
  .takes("key{RW insert} element...")
  .answers("count")
  .docs("Appends elements to a list only if the list exists.", "O(1) for each element")
  .changed("4.0.0: Accepts several elements.")
  .inBlocks(2, 1)
  .run((call) => pushIfThere(call, ListEnd.TAIL));

function pushIfThere(call: Call, end: ListEnd): void {
  const list = call.openWrite(1, Type.LIST);
  if (list.exists) push(call, list, end);
  else call.reply.integer(0);
}

function push(call: Call, list: Value, end: ListEnd): void {
  const { buffer, offsets, lengths, count, long } = call.frame;
  let bytes = 0;
  for (let index = 2; index < count; index++) bytes += lengths[index];
  // All elements or none: one either fits or not, for many the memory is reserved beforehand.
  if (count > 3) call.server.keyspace.requireRoom(count, bytes - call.frame.longBytes);
  listPrepare(list, bytes, count - 2);
  for (let index = 2; index < count; index++) {
    const blocks = long === null ? null : call.frame.blocksAt(index);
    if (blocks === null) listAdd(list, buffer, offsets[index], offsets[index] + lengths[index], end);
    else listAddBlocks(list, blocks, end);
  }
  list.changed(count - 2);
  call.reply.integer(listLength(list));
  call.event(EventClass.LIST, end === ListEnd.HEAD ? "lpush" : "rpush", 1);
}

// ---- popping

export const lpop = command("lpop", { arity: -2, since: "1.0.0", flags: "write fast" })
  .takes("key{RW access delete} [count@6.2.0]")
  .answers("string | null; if count: string[] | null-array")
  .docs("Pops the first elements of a list. Deletes the list if no elements remain.", "O(N) for N elements returned")
  .changed("6.2.0: Added `count`.")
  .run((call) => pop(call, ListEnd.HEAD));

export const rpop = command("rpop", { arity: -2, since: "1.0.0", flags: "write fast" })
  .takes("key{RW access delete} [count@6.2.0]")
  .answers("string | null; if count: string[] | null-array")
  .docs("Pops the last elements of a list. Deletes the list if no elements remain.", "O(N) for N elements returned")
  .changed("6.2.0: Added `count`.")
  .run((call) => pop(call, ListEnd.TAIL));

function pop(call: Call, end: ListEnd): void {
  if (call.count === 2) {
    const list = call.openWrite(1, Type.LIST);
    if (list.exists) replyPopped(call, list, end);
    else call.reply.null();
    return;
  }
  if (call.count > 3) throw wrongCount(call);
  const count = longAtLeast(call, 2, 0, errors.notPositive);
  const list = call.openWrite(1, Type.LIST);
  if (!list.exists) call.reply.nullArray();
  else if (count === 0) call.reply.array(0);
  else replyPoppedRange(call, list, end, count);
}

export const lmpop = command("lmpop", { arity: -4, since: "7.0.0", flags: "write" })
  .takes("numkeys key{RW access delete}... where(LEFT | RIGHT) [COUNT count]")
  .answers("[key: string, elements: string[+]] | null-array")
  .docs("Pops elements from the first non-empty list of several.", "O(N+M) for N keys and M elements returned")
  .run((call) => {
    if (!serveMultiPop(call, parseMultiPop(call, 1, LIST_ENDS))) call.reply.nullArray();
  });

// ---- from list to list

export const lmove = command("lmove", { arity: 5, since: "6.2.0", flags: "write denyoom" })
  .takes("source{RW access delete} destination{RW insert} wherefrom(LEFT | RIGHT) whereto(LEFT | RIGHT)")
  .answers("string | null")
  .docs("Moves an element from one list to another. Deletes the list if no elements remain.", "O(1)")
  .run((call) => {
    if (!serveMove(call, 1, 2, choice(call, 3, LIST_ENDS), choice(call, 4, LIST_ENDS))) call.reply.null();
  });

export const rpoplpush = command("rpoplpush", { arity: 3, since: "1.2.0", flags: "write denyoom" })
  .takes("source{RW access delete} destination{RW insert}")
  .answers("string | null")
  .docs("Moves the last element of a list to the front of another. Deletes the list if no elements remain.", "O(1)")
  .deprecated("6.2.0", "`LMOVE` with `RIGHT` and `LEFT`")
  .run((call) => {
    if (!serveMove(call, 1, 2, ListEnd.TAIL, ListEnd.HEAD)) call.reply.null();
  });

// ---- reading

export const llen = command("llen", { arity: 2, since: "1.0.0", flags: "readonly fast" })
  .takes("key{RO}")
  .answers("count")
  .docs("Returns the length of a list.", "O(1)")
  .run((call) => call.reply.integer(listLength(call.openRead(1, Type.LIST))));

export const lrange = command("lrange", { arity: 4, since: "1.0.0", flags: "readonly" })
  .takes("key{RO access} start stop")
  .answers("string[]")
  .docs("Returns a range of elements of a list.", "O(S+N) for N elements at a distance of S from the nearer end")
  .run((call) => {
    const start = longArgument(call, 2);
    const stop = longArgument(call, 3);
    const list = call.openRead(1, Type.LIST);
    const length = listLength(list);
    const first = Math.max(start < 0 ? length + start : start, 0);
    const last = Math.min(stop < 0 ? length + stop : stop, length - 1);
    replyRange(call, list, first, Math.max(last - first + 1, 0));
  });

export const lindex = command("lindex", { arity: 3, since: "1.0.0", flags: "readonly" })
  .takes("key{RO access} index")
  .answers("string | null")
  .docs("Returns an element of a list by its index.", "O(N) for a distance of N from the nearer end")
  .run((call) => {
    const list = call.openRead(1, Type.LIST);
    if (!list.exists) return call.reply.null();
    const index = longArgument(call, 2);
    if (listRead(list, index < 0 ? listLength(list) + index : index, element)) call.reply.slice(element);
    else call.reply.null();
  });

const element = new Element();

// ---- changing

export const lset = command("lset", { arity: 4, since: "1.0.0", flags: "write denyoom" })
  .takes("key{RW update} index element")
  .answers("OK")
  .docs("Sets the value of an element of a list by its index.", "O(N) for a distance of N from the nearer end")
  .inBlocks(3)
  .run((call) => {
    const list = call.openWrite(1, Type.LIST);
    if (!list.exists) throw errors.noSuchKey;
    const asked = indexToSet(call);
    const { buffer, offsets, lengths } = call.frame;
    const blocks = call.frame.blocksAt(3);
    listPrepare(list, lengths[3], 1);
    const length = listLength(list);
    const index = asked < 0 ? length + asked : asked;
    if (index < 0 || index >= length) throw errors.outOfRange;
    if (blocks === null) listReplace(list, index, buffer, offsets[3], offsets[3] + lengths[3]);
    else listReplaceByBlocks(list, index, blocks);
    listCompact(list);
    list.changed();
    call.event(EventClass.LIST, "lset", 1);
    call.reply.ok();
  });

/** Redis since 7.2 and Valkey look at 32 bits of the index alone: what a master has set in that way is set here too. */
function indexToSet(call: Call): number {
  const index = longArgument(call, 2);
  if (Math.abs(index) < 2 ** 31 || call.session.kind !== SessionKind.MASTER) return index;
  return Number(BigInt.asIntN(32, BigInt(call.text(2))));
}

export const linsert = command("linsert", { arity: 5, since: "2.2.0", flags: "write denyoom" })
  .takes("key{RW insert} where(BEFORE | AFTER) pivot element")
  .answers("-1 | count")
  .docs("Inserts an element before or after another element of a list.", "O(N) for N elements before the pivot")
  .inBlocks(3, 1)
  .run((call) => {
    const after = choice(call, 2, { before: false, after: true });
    const list = call.openWrite(1, Type.LIST);
    if (!list.exists) return call.reply.integer(0);
    const { buffer, offsets, lengths } = call.frame;
    const pivot = call.frame.blocksAt(3);
    const blocks = call.frame.blocksAt(4);
    listPrepare(list, lengths[4], 1);
    const place = pivot === null ? listFind(list, buffer, offsets[3], offsets[3] + lengths[3]) : listFindBlocks(list, pivot);
    if (place === -1) return call.reply.integer(-1);
    if (blocks === null) listInsert(list, place, after, buffer, offsets[4], offsets[4] + lengths[4]);
    else listInsertBlocks(list, place, after, blocks);
    list.changed();
    call.event(EventClass.LIST, "linsert", 1);
    call.reply.integer(listLength(list));
  });

export const lrem = command("lrem", { arity: 4, since: "1.0.0", flags: "write" })
  .takes("key{RW delete} count element")
  .answers("count")
  .docs("Removes elements with a given value from a list.", "O(N+M) for N elements, M of them removed")
  .inBlocks(3)
  .run((call) => {
    const count = longArgument(call, 2);
    const list = call.openWrite(1, Type.LIST);
    const limit = count === 0 ? Number.POSITIVE_INFINITY : Math.abs(count);
    const removed = list.exists ? remove(call, list, limit, count < 0) : 0;
    // Redis 8 and Valkey 9 refuse the number that has no positive counterpart.
    if (count < -Number.MAX_SAFE_INTEGER) call.spell(2, "0");
    if (removed > 0) noteShrunk(list, removed, "lrem");
    call.reply.integer(removed);
  });

/** Removes up to `limit` elements that are argument 3. Returns how many. */
function remove(call: Call, list: Value, limit: number, backwards: boolean): number {
  const { buffer, offsets, lengths } = call.frame;
  const blocks = call.frame.blocksAt(3);
  if (blocks !== null) return listRemoveBlocks(list, blocks, limit, backwards);
  return listRemove(list, buffer, offsets[3], offsets[3] + lengths[3], limit, backwards);
}

export const ltrim = command("ltrim", { arity: 4, since: "1.0.0", flags: "write" })
  .takes("key{RW delete} start stop")
  .answers("OK")
  .docs("Removes the elements outside a range from a list. Deletes the list if no elements remain.", "O(N) for N elements removed")
  .run((call) => {
    const start = longArgument(call, 2);
    const stop = longArgument(call, 3);
    const list = call.openWrite(1, Type.LIST);
    call.reply.ok();
    if (!list.exists) return;
    const length = listLength(list);
    const first = Math.max(start < 0 ? length + start : start, 0);
    const last = Math.min(stop < 0 ? length + stop : stop, length - 1);
    const behind = first > last ? 0 : length - 1 - last;
    const before = first > last ? length : first;
    listDeleteRange(list, length - behind, behind);
    listDeleteRange(list, 0, before);
    noteShrunk(list, before + behind, "ltrim");
  });

const INT64_MAX_TEXT = "9223372036854775807";
const zeroRank = commandError(
  "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list",
);
const rankRange = commandError(`ERR value is out of range, value must between -${INT64_MAX_TEXT} and ${INT64_MAX_TEXT}`);
const negativeCount = commandError("ERR COUNT can't be negative");
const negativeLength = commandError("ERR MAXLEN can't be negative");

export const lpos = command("lpos", { arity: -3, since: "6.0.6", flags: "readonly" })
  .takes("key{RO access} element [RANK rank] [COUNT num-matches] [MAXLEN len]")
  .answers("count | null; if COUNT: count[]")
  .docs("Returns the indexes of elements with a given value in a list.", "O(N) for N elements searched")
  .inBlocks(2)
  .run((call) => {
    const search = parse(call);
    const found = indexesOf(call, search);
    if (search.count !== null) {
      call.reply.array(found.length);
      for (const index of found) call.reply.integer(index);
    } else if (found.length > 0) {
      call.reply.integer(found[0]);
    } else {
      call.reply.null();
    }
  });

interface Search {
  /** Which match is the first wanted, from 1. */
  rank: number;
  /** From the tail to the head. */
  backwards: boolean;
  /** How many matches are wanted (0: all), or null when one is and not in an array. */
  count: number | null;
  /** How many elements are looked at (0: all). */
  most: number;
}

function parse(call: Call): Search {
  const search: Search = { rank: 1, backwards: false, count: null, most: 0 };
  for (let index = 3; index < call.count; index += 2) {
    if (index + 1 === call.count) throw errors.syntax;
    if (call.is(index, "rank")) {
      const rank = call.int64(index + 1);
      if (rank < -(2n ** 63n - 1n)) throw rankRange;
      if (rank === 0n) throw zeroRank;
      search.backwards = rank < 0n;
      search.rank = Math.abs(Number(rank));
    } else if (call.is(index, "count")) {
      search.count = longAtLeast(call, index + 1, 0, negativeCount);
    } else if (call.is(index, "maxlen")) {
      search.most = longAtLeast(call, index + 1, 0, negativeLength);
    } else {
      throw errors.syntax;
    }
  }
  return search;
}

function indexesOf(call: Call, { rank, backwards, count, most }: Search): number[] {
  const found: number[] = [];
  const list = call.openRead(1, Type.LIST);
  const length = listLength(list);
  if (length === 0) return found;
  const { buffer, offsets, lengths } = call.frame;
  const blocks = call.frame.blocksAt(2);
  const from = offsets[2];
  const to = from + lengths[2];
  const wanted = count === null ? 1 : count === 0 ? length : count;
  const looks = most === 0 ? length : Math.min(most, length);
  const cursor = new ListCursor();
  cursor.start(list, backwards ? length - 1 : 0, backwards);
  let matches = 0;
  for (let looked = 0; looked < looks && found.length < wanted; looked++) {
    cursor.step();
    const equal = blocks === null ? cursor.equals(buffer, from, to) : cursor.equalsBlocks(blocks);
    if (equal && ++matches >= rank) found.push(backwards ? length - 1 - looked : looked);
  }
  return found;
}
