/**
 * The list commands that block while there is no element. If there is one they do what the plain commands do (list-moves.ts), and journal
 * the same.
 */

import type { Call } from "../../execution/call.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import { ListEnd } from "../../values/list/list.ts";
import { Type } from "../../values/value-types.ts";
import { parseMultiPop, serveFirst } from "../arguments/multi-pop.ts";
import { choice } from "../arguments/numbers.ts";
import { parseTimeout } from "../arguments/timeout.ts";
import { LIST_ENDS, replyPopped, serveMove, serveMultiPop } from "./list-moves.ts";

const command = commandsOf("list");

export const blpop = command("blpop", { arity: -3, since: "2.0.0", flags: "write blocking" })
  .takes("key{RW access delete}... timeout")
  .answers("[key: string, element: string] | null-array")
  .docs("Pops the first element of the first non-empty list of several, or blocks until there is one.", "O(N) for N keys")
  .changed("6.0.0: The timeout is a double instead of an integer.")
  .run((call) => popOrWait(call, ListEnd.HEAD));

export const brpop = command("brpop", { arity: -3, since: "2.0.0", flags: "write blocking" })
  .takes("key{RW access delete}... timeout")
  .answers("[key: string, element: string] | null-array")
  .docs("Pops the last element of the first non-empty list of several, or blocks until there is one.", "O(N) for N keys")
  .changed("6.0.0: The timeout is a double instead of an integer.")
  .run((call) => popOrWait(call, ListEnd.TAIL));

/** Replies with the key and its element, or blocks. */
function popOrWait(call: Call, end: ListEnd): void {
  const last = call.count - 1;
  const deadline = parseTimeout(call, last);
  const served = serveFirst(call, Type.LIST, 1, last - 1, (list, index) => {
    call.reply.array(2);
    call.replyArgument(index);
    replyPopped(call, list, end);
    call.journalAs(end === ListEnd.HEAD ? "LPOP" : "RPOP", call.bytes(index));
  });
  if (!served) call.block({ firstKey: 1, keyCount: last - 1, type: Type.LIST, deadline });
}

export const blmpop = command("blmpop", { arity: -5, since: "7.0.0", flags: "write blocking" })
  .takes("timeout numkeys key{RW access delete}... where(LEFT | RIGHT) [COUNT count]")
  .answers("[key: string, elements: string[+]] | null-array")
  .docs(
    "Pops elements from the first non-empty list of several, or blocks until there is one.",
    "O(N+M) for N keys and M elements returned",
  )
  .run((call) => {
    const wanted = parseMultiPop(call, 2, LIST_ENDS);
    const deadline = parseTimeout(call, 1);
    if (!serveMultiPop(call, wanted)) call.block({ firstKey: wanted.firstKey, keyCount: wanted.keys, type: Type.LIST, deadline });
  });

// ---- from list to list

export const blmove = command("blmove", { arity: 6, since: "6.2.0", flags: "write denyoom blocking" })
  .takes("source{RW access delete} destination{RW insert} wherefrom(LEFT | RIGHT) whereto(LEFT | RIGHT) timeout")
  .answers("string | null | null-array")
  .docs("Moves an element from one list to another. Blocks until there is one.", "O(1)")
  .run((call) => {
    const from = choice(call, 3, LIST_ENDS);
    const to = choice(call, 4, LIST_ENDS);
    if (moveOrWait(call, from, to, parseTimeout(call, 5)))
      call.journalAs("LMOVE", call.bytes(1), call.bytes(2), call.bytes(3), call.bytes(4));
  });

export const brpoplpush = command("brpoplpush", { arity: 4, since: "2.2.0", flags: "write denyoom blocking" })
  .takes("source{RW access delete} destination{RW insert} timeout")
  .answers("string | null | null-array")
  .docs("Moves the last element of a list to the front of another. Blocks until there is one.", "O(1)")
  .deprecated("6.2.0", "`BLMOVE` with `RIGHT` and `LEFT`")
  .changed("6.0.0: The timeout is a double instead of an integer.")
  .run((call) => {
    if (moveOrWait(call, ListEnd.TAIL, ListEnd.HEAD, parseTimeout(call, 3))) call.journalAs("RPOPLPUSH", call.bytes(1), call.bytes(2));
  });

/** Returns whether an element was moved. */
function moveOrWait(call: Call, from: ListEnd, to: ListEnd, deadline: number): boolean {
  if (serveMove(call, 1, 2, from, to)) return true;
  // Not the null array that a client gets after a timeout.
  if (call.mayBlock) call.block({ firstKey: 1, keyCount: 1, type: Type.LIST, deadline });
  else call.reply.null();
  return false;
}
