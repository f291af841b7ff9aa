/** Lists: pushing, popping, reading, changing. LPUSH, RPUSH, LPOP, RPOP and LRANGE are hot: they make no object on their way. */

import { commandError, errors } from "../../errors.ts";
import { type Argument, arg, type CommandSpec, command, key, keyAt, oneKey, oneOf, token } from "../../execution/command-spec.ts";
import type { Context } from "../../execution/context.ts";
import { EventClass } from "../../keyspace/events.ts";
import type { Value } from "../../keyspace/value.ts";
import { Element } from "../../memory/packed.ts";
import {
  ListEnd,
  listAdd,
  listCompact,
  listDeleteRange,
  listInsert,
  listLength,
  listPrepare,
  listRead,
  listRemove,
  listReplace,
} from "../../values/list/list.ts";
import { Type } from "../../values/value-types.ts";
import {
  atLeast,
  listEnd,
  noteShrunk,
  parseMultiPop,
  replyPopped,
  replyPoppedRange,
  replyRange,
  serveMove,
  serveMultiPop,
} from "./list-moves.ts";

const ELEMENT = arg("string", "element");
const ELEMENTS = arg("string", "element", { multiple: true });
const RANGE = [arg("integer", "start"), arg("integer", "stop")];

// ---- pushing

type PushSpec = Required<Pick<CommandSpec, "name" | "since" | "summary" | "history">>;

function pushSpec({ name, since, summary, history }: PushSpec): CommandSpec {
  return {
    name,
    arity: -3,
    group: "list",
    since,
    flags: ["write", "denyoom", "fast"],
    keys: oneKey("RW", "insert"),
    summary,
    complexity: "O(1) for each element",
    arguments: [key(), ELEMENTS],
    history,
  };
}

export const lpush = command(
  pushSpec({
    name: "lpush",
    since: "1.0.0",
    summary: "Puts elements at the head of a list, one after the other",
    history: [["2.4.0", "Several elements at once"]],
  }),
  (ctx) => push(ctx, ctx.openWrite(1, Type.LIST), ListEnd.HEAD),
);

export const rpush = command(
  pushSpec({
    name: "rpush",
    since: "1.0.0",
    summary: "Puts elements at the tail of a list, one after the other",
    history: [["2.4.0", "Several elements at once"]],
  }),
  (ctx) => push(ctx, ctx.openWrite(1, Type.LIST), ListEnd.TAIL),
);

export const lpushx = command(
  pushSpec({
    name: "lpushx",
    since: "2.2.0",
    summary: "Puts elements at the head of a list that is there already",
    history: [["4.0.0", "Several elements at once"]],
  }),
  (ctx) => pushIfThere(ctx, ListEnd.HEAD),
);

export const rpushx = command(
  pushSpec({
    name: "rpushx",
    since: "2.2.0",
    summary: "Puts elements at the tail of a list that is there already",
    history: [["4.0.0", "Several elements at once"]],
  }),
  (ctx) => pushIfThere(ctx, ListEnd.TAIL),
);

function pushIfThere(ctx: Context, end: ListEnd): void {
  const list = ctx.openWrite(1, Type.LIST);
  if (list.exists) push(ctx, list, end);
  else ctx.reply.integer(0);
}

function push(ctx: Context, list: Value, end: ListEnd): void {
  const { buffer, offsets, lengths, count } = ctx.frame;
  let bytes = 0;
  for (let index = 2; index < count; index++) bytes += lengths[index];
  // All elements or none: what one needs it has or has not, what many need is asked for beforehand.
  if (count > 3) ctx.host.keyspace.requireRoom(count, bytes);
  listPrepare(list, bytes, count - 2);
  for (let index = 2; index < count; index++) listAdd(list, buffer, offsets[index], offsets[index] + lengths[index], end);
  list.changed(count - 2);
  ctx.reply.integer(listLength(list));
  ctx.event(EventClass.LIST, end === ListEnd.HEAD ? "lpush" : "rpush", 1);
}

// ---- popping

function popSpec(name: string, end: string): CommandSpec {
  return {
    name,
    arity: -2,
    group: "list",
    since: "1.0.0",
    flags: ["write", "fast"],
    keys: oneKey("RW", "access", "delete"),
    summary: `Takes the element, or several, at the ${end} off a list; a list that is then empty is deleted`,
    complexity: "O(N), N being the number of elements taken",
    arguments: [key(), arg("integer", "count", { optional: true, since: "6.2.0" })],
    history: [["6.2.0", "The argument `count`"]],
  };
}

export const lpop = command(popSpec("lpop", "head"), (ctx) => pop(ctx, ListEnd.HEAD));

export const rpop = command(popSpec("rpop", "tail"), (ctx) => pop(ctx, ListEnd.TAIL));

function pop(ctx: Context, end: ListEnd): void {
  if (ctx.count === 2) {
    const list = ctx.openWrite(1, Type.LIST);
    if (list.exists) replyPopped(ctx, list, 1, end);
    else ctx.reply.null();
    return;
  }
  if (ctx.count > 3) throw commandError(`ERR wrong number of arguments for '${ctx.entry.fullName}' command`);
  const count = atLeast(ctx, 2, 0, errors.notPositive);
  const list = ctx.openWrite(1, Type.LIST);
  if (!list.exists) ctx.reply.nullArray();
  else if (count === 0) ctx.reply.array(0);
  else replyPoppedRange(ctx, list, 1, end, count);
}

export const lmpop = command(
  {
    name: "lmpop",
    arity: -4,
    group: "list",
    since: "7.0.0",
    flags: ["write"],
    keys: [{ flags: ["RW", "access", "delete"], begin: { index: 1 }, find: { keyNumIndex: 0, firstKey: 1, step: 1 } }],
    summary: "Takes elements off the first of several lists that is there; a list that is then empty is deleted",
    complexity: "O(N+M), N being the number of keys and M that of the elements taken",
    arguments: [
      arg("integer", "numkeys"),
      key("key", { multiple: true }),
      oneOf("where", [token("LEFT"), token("RIGHT")]),
      arg("integer", "count", { token: "COUNT", optional: true }),
    ],
  },
  (ctx) => {
    if (!serveMultiPop(ctx, parseMultiPop(ctx, 1))) ctx.reply.nullArray();
  },
);

// ---- from list to list

const MOVE_KEYS = [keyAt(1, "RW", "access", "delete"), keyAt(2, "RW", "insert")];
const MOVE_ARGUMENTS = [key("source"), key("destination", { keySpecIndex: 1 })];

function side(name: string): Argument {
  return oneOf(name, [token("LEFT"), token("RIGHT")]);
}

export const lmove = command(
  {
    name: "lmove",
    arity: 5,
    group: "list",
    since: "6.2.0",
    flags: ["write", "denyoom"],
    keys: MOVE_KEYS,
    summary: "Moves an element from an end of one list to an end of another; a list that is then empty is deleted",
    complexity: "O(1)",
    arguments: [...MOVE_ARGUMENTS, side("wherefrom"), side("whereto")],
  },
  (ctx) => {
    const from = listEnd(ctx, 3);
    if (!serveMove(ctx, 1, 2, from, listEnd(ctx, 4))) ctx.reply.null();
  },
);

export const rpoplpush = command(
  {
    name: "rpoplpush",
    arity: 3,
    group: "list",
    since: "1.2.0",
    flags: ["write", "denyoom"],
    keys: MOVE_KEYS,
    summary: "Moves the element at the tail of one list to the head of another; a list that is then empty is deleted",
    complexity: "O(1)",
    arguments: MOVE_ARGUMENTS,
    docFlags: ["deprecated"],
    deprecatedSince: "6.2.0",
    replacedBy: "`LMOVE` with `RIGHT` and `LEFT`",
  },
  (ctx) => {
    if (!serveMove(ctx, 1, 2, ListEnd.TAIL, ListEnd.HEAD)) ctx.reply.null();
  },
);

// ---- reading

export const llen = command(
  {
    name: "llen",
    arity: 2,
    group: "list",
    since: "1.0.0",
    flags: ["readonly", "fast"],
    keys: oneKey("RO"),
    summary: "How many elements a list has",
    complexity: "O(1)",
    arguments: [key()],
  },
  (ctx) => ctx.reply.integer(listLength(ctx.openRead(1, Type.LIST))),
);

export const lrange = command(
  {
    name: "lrange",
    arity: 4,
    group: "list",
    since: "1.0.0",
    flags: ["readonly"],
    keys: oneKey("RO", "access"),
    summary: "Answers with the elements of a list from one index to another",
    complexity: "O(S+N), S being the distance of the start from the nearer end and N the number of elements in the range",
    arguments: [key(), ...RANGE],
  },
  (ctx) => {
    const start = anyIndex(ctx, 2);
    const stop = anyIndex(ctx, 3);
    const list = ctx.openRead(1, Type.LIST);
    const length = listLength(list);
    const first = Math.max(start < 0 ? length + start : start, 0);
    const last = Math.min(stop < 0 ? length + stop : stop, length - 1);
    replyRange(ctx, list, first, Math.max(last - first + 1, 0));
  },
);

export const lindex = command(
  {
    name: "lindex",
    arity: 3,
    group: "list",
    since: "1.0.0",
    flags: ["readonly"],
    keys: oneKey("RO", "access"),
    summary: "Answers with one element of a list, by its index",
    complexity: "O(N), N being the distance from the nearer end; O(1) for the first and the last element",
    arguments: [key(), arg("integer", "index")],
  },
  (ctx) => {
    const list = ctx.openRead(1, Type.LIST);
    if (!list.exists) return ctx.reply.null();
    const index = anyIndex(ctx, 2);
    if (listRead(list, index < 0 ? listLength(list) + index : index, element)) ctx.reply.bytes(element.bytes, element.from, element.to);
    else ctx.reply.null();
  },
);

/** An index or a bound of a range: any int64, beyond 2^53 as near as there is. Errors: not an integer. */
function anyIndex(ctx: Context, index: number): number {
  return ctx.integer(index, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
}

const element = new Element();

// ---- changing

export const lset = command(
  {
    name: "lset",
    arity: 4,
    group: "list",
    since: "1.0.0",
    flags: ["write", "denyoom"],
    keys: oneKey("RW", "update"),
    summary: "Puts another element in the place of one, by its index",
    complexity: "O(N), N being the length of the list; O(1) for the first and the last element",
    arguments: [key(), arg("integer", "index"), ELEMENT],
  },
  (ctx) => {
    const list = ctx.openWrite(1, Type.LIST);
    if (!list.exists) throw errors.noSuchKey;
    const asked = anyIndex(ctx, 2);
    const { buffer, offsets, lengths } = ctx.frame;
    listPrepare(list, lengths[3], 1);
    const length = listLength(list);
    const index = asked < 0 ? length + asked : asked;
    if (index < 0 || index >= length) throw errors.outOfRange;
    listReplace(list, index, buffer, offsets[3], offsets[3] + lengths[3]);
    listCompact(list);
    list.changed();
    ctx.event(EventClass.LIST, "lset", 1);
    ctx.reply.ok();
  },
);

export const linsert = command(
  {
    name: "linsert",
    arity: 5,
    group: "list",
    since: "2.2.0",
    flags: ["write", "denyoom"],
    keys: oneKey("RW", "insert"),
    summary: "Puts an element before or behind the first one that equals another",
    complexity: "O(N), N being the number of elements before the one searched for",
    arguments: [key(), oneOf("where", [token("BEFORE"), token("AFTER")]), arg("string", "pivot"), ELEMENT],
  },
  (ctx) => {
    const after = ctx.is(2, "after");
    if (!after && !ctx.is(2, "before")) throw errors.syntax;
    const list = ctx.openWrite(1, Type.LIST);
    if (!list.exists) return ctx.reply.integer(0);
    const { buffer, offsets, lengths } = ctx.frame;
    const pivot = offsets[3];
    const from = offsets[4];
    listPrepare(list, lengths[4], 1);
    if (!listInsert(list, buffer, pivot, pivot + lengths[3], after, buffer, from, from + lengths[4])) return ctx.reply.integer(-1);
    list.changed();
    ctx.event(EventClass.LIST, "linsert", 1);
    ctx.reply.integer(listLength(list));
  },
);

export const lrem = command(
  {
    name: "lrem",
    arity: 4,
    group: "list",
    since: "1.0.0",
    flags: ["write"],
    keys: oneKey("RW", "delete"),
    summary: "Removes elements that equal another; a list that is then empty is deleted",
    complexity: "O(N+M), N being the length of the list and M the number of elements removed",
    arguments: [key(), arg("integer", "count"), ELEMENT],
  },
  (ctx) => {
    const count = anyIndex(ctx, 2);
    const list = ctx.openWrite(1, Type.LIST);
    const { buffer, offsets, lengths } = ctx.frame;
    const limit = count === 0 ? Number.POSITIVE_INFINITY : Math.abs(count);
    const removed = list.exists ? listRemove(list, buffer, offsets[3], offsets[3] + lengths[3], limit, count < 0) : 0;
    if (removed > 0) {
      ctx.event(EventClass.LIST, "lrem", 1);
      noteShrunk(ctx, list, 1, removed);
    }
    ctx.reply.integer(removed);
  },
);

export const ltrim = command(
  {
    name: "ltrim",
    arity: 4,
    group: "list",
    since: "1.0.0",
    flags: ["write"],
    keys: oneKey("RW", "delete"),
    summary: "Removes what is not between two indexes; a list that is then empty is deleted",
    complexity: "O(N), N being the number of elements removed",
    arguments: [key(), ...RANGE],
  },
  (ctx) => {
    const start = anyIndex(ctx, 2);
    const stop = anyIndex(ctx, 3);
    const list = ctx.openWrite(1, Type.LIST);
    ctx.reply.ok();
    if (!list.exists) return;
    const length = listLength(list);
    const first = Math.max(start < 0 ? length + start : start, 0);
    const last = Math.min(stop < 0 ? length + stop : stop, length - 1);
    const behind = first > last ? 0 : length - 1 - last;
    const before = first > last ? length : first;
    listDeleteRange(list, length - behind, behind);
    listDeleteRange(list, 0, before);
    ctx.event(EventClass.LIST, "ltrim", 1);
    noteShrunk(ctx, list, 1, before + behind);
  },
);
