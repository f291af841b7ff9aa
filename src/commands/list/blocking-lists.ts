/** The list commands that wait for an element when there is none. What they do when there is one is their plain kin's (list-moves.ts); so is what the journal takes. */

import { type Argument, arg, type CommandSpec, command, type KeySpec, key, keyAt, oneOf, token } from "../../execution/command-spec.ts";
import type { Context } from "../../execution/context.ts";
import { ListEnd } from "../../values/list/list.ts";
import { Type } from "../../values/value-types.ts";
import { parseTimeout } from "../arguments/timeout.ts";
import { listEnd, parseMultiPop, replyPopped, serveMove, serveMultiPop } from "./list-moves.ts";

const TIMEOUT = arg("double", "timeout");
const FRACTIONS: CommandSpec["history"] = [["6.0.0", "The timeout may have a fraction"]];

/** Every argument but the last, the timeout. */
const KEYS: readonly KeySpec[] = [{ flags: ["RW", "access", "delete"], begin: { index: 1 }, find: { lastKey: -2, step: 1, limit: 0 } }];

const POP: Omit<CommandSpec, "name" | "summary"> = {
  arity: -3,
  group: "list",
  since: "2.0.0",
  flags: ["write", "blocking"],
  keys: KEYS,
  complexity: "O(N), N being the number of keys",
  arguments: [key("key", { multiple: true }), TIMEOUT],
  history: FRACTIONS,
};

export const blpop = command(
  { name: "blpop", summary: "Takes the element at the head of the first list that has one, or waits for it", ...POP },
  (ctx) => popOrWait(ctx, ListEnd.HEAD),
);

export const brpop = command(
  { name: "brpop", summary: "Takes the element at the tail of the first list that has one, or waits for it", ...POP },
  (ctx) => popOrWait(ctx, ListEnd.TAIL),
);

/** -> the key and its element. */
function popOrWait(ctx: Context, end: ListEnd): void {
  const last = ctx.count - 1;
  const deadline = parseTimeout(ctx, last);
  for (let index = 1; index < last; index++) {
    ctx.prepareKeys(1, index, 1);
    const list = ctx.openWrite(index, Type.LIST);
    if (!list.exists) continue;
    const { buffer, offsets, lengths } = ctx.frame;
    ctx.reply.array(2);
    ctx.reply.bytes(buffer, offsets[index], offsets[index] + lengths[index]);
    replyPopped(ctx, list, index, end);
    return ctx.journalAs(end === ListEnd.HEAD ? "LPOP" : "RPOP", ctx.bytes(index));
  }
  ctx.block({ firstKey: 1, keyCount: last - 1, type: Type.LIST, deadline });
}

export const blmpop = command(
  {
    name: "blmpop",
    arity: -5,
    group: "list",
    since: "7.0.0",
    flags: ["write", "blocking"],
    keys: [{ flags: ["RW", "access", "delete"], begin: { index: 2 }, find: { keyNumIndex: 0, firstKey: 1, step: 1 } }],
    summary: "Takes elements off the first of several lists that is there, or waits for one",
    complexity: "O(N+M), N being the number of keys and M that of the elements taken",
    arguments: [
      TIMEOUT,
      arg("integer", "numkeys"),
      key("key", { multiple: true }),
      oneOf("where", [token("LEFT"), token("RIGHT")]),
      arg("integer", "count", { token: "COUNT", optional: true }),
    ],
  },
  (ctx) => {
    const wanted = parseMultiPop(ctx, 2);
    const deadline = parseTimeout(ctx, 1);
    if (!serveMultiPop(ctx, wanted)) ctx.block({ firstKey: wanted.firstKey, keyCount: wanted.keys, type: Type.LIST, deadline });
  },
);

// ---- from list to list

const MOVE_KEYS = [keyAt(1, "RW", "access", "delete"), keyAt(2, "RW", "insert")];
const MOVE_ARGUMENTS = [key("source"), key("destination", { keySpecIndex: 1 })];

function side(name: string): Argument {
  return oneOf(name, [token("LEFT"), token("RIGHT")]);
}

export const blmove = command(
  {
    name: "blmove",
    arity: 6,
    group: "list",
    since: "6.2.0",
    flags: ["write", "denyoom", "blocking"],
    keys: MOVE_KEYS,
    summary: "Moves an element from an end of one list to an end of another, or waits for one",
    complexity: "O(1)",
    arguments: [...MOVE_ARGUMENTS, side("wherefrom"), side("whereto"), TIMEOUT],
  },
  (ctx) => {
    const from = listEnd(ctx, 3);
    const to = listEnd(ctx, 4);
    if (moveOrWait(ctx, from, to, parseTimeout(ctx, 5))) ctx.journalAs("LMOVE", ctx.bytes(1), ctx.bytes(2), ctx.bytes(3), ctx.bytes(4));
  },
);

export const brpoplpush = command(
  {
    name: "brpoplpush",
    arity: 4,
    group: "list",
    since: "2.2.0",
    flags: ["write", "denyoom", "blocking"],
    keys: MOVE_KEYS,
    summary: "Moves the element at the tail of one list to the head of another, or waits for one",
    complexity: "O(1)",
    arguments: [...MOVE_ARGUMENTS, TIMEOUT],
    history: FRACTIONS,
    docFlags: ["deprecated"],
    deprecatedSince: "6.2.0",
    replacedBy: "`BLMOVE` with `RIGHT` and `LEFT`",
  },
  (ctx) => {
    if (moveOrWait(ctx, ListEnd.TAIL, ListEnd.HEAD, parseTimeout(ctx, 3))) ctx.journalAs("RPOPLPUSH", ctx.bytes(1), ctx.bytes(2));
  },
);

/** -> whether an element was moved. */
function moveOrWait(ctx: Context, from: ListEnd, to: ListEnd, deadline: number): boolean {
  if (serveMove(ctx, 1, 2, from, to)) return true;
  // Not the null array that a client gets who has waited in vain.
  if (ctx.mayBlock) ctx.block({ firstKey: 1, keyCount: 1, type: Type.LIST, deadline });
  else ctx.reply.null();
  return false;
}
