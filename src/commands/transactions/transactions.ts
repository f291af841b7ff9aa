/** MULTI and WATCH. While a transaction is open its commands are queued; EXEC runs them as one unit of the journal. */

import { commandError, errors } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import { LOOK_AHEAD_KEYS } from "../../keyspace/lookahead.ts";
import type { Frame } from "../../protocol/frame.ts";
import type { Session } from "../../session/session.ts";
import { Transaction } from "../../session/transaction.ts";

const command = commandsOf("transactions");

/** Returns the client's transaction, created at its first use. */
function transactionOf(call: Call): Transaction {
  const { session } = call;
  session.transaction ??= new Transaction(call.server.keyspace);
  return session.transaction;
}

/** Returns the transaction that MULTI opened, or null. */
function openTransaction(session: Session): Transaction | null {
  return session.transaction?.open ? session.transaction : null;
}

/** Errors: a transaction is already open. */
export const multi = command("multi", { arity: 1, since: "1.2.0", flags: "noscript loading stale fast allow_busy" })
  .answers("OK")
  .marked("unqueued")
  .docs("Starts a transaction.", "O(1)")
  .run((call) => {
    const transaction = transactionOf(call);
    if (transaction.open) throw commandError("ERR MULTI calls can not be nested");
    transaction.open = true;
    call.reply.ok();
  });

/**
 * Replies with an array of each queued command's reply, or null if a watched key changed. Errors: EXECABORT after a refused command, no
 * transaction.
 */
export const exec = command("exec", { arity: 1, since: "1.2.0", flags: "noscript loading stale skip_slowlog" })
  .answers("any[] | null-array")
  .marked("unqueued", "runs-queue")
  .docs("Executes the commands of a transaction.", "Depends on the queued commands.")
  .run((call) => {
    const { session } = call;
    const transaction = openTransaction(session);
    if (transaction === null) throw commandError("ERR EXEC without MULTI");
    const { refused } = transaction;
    if (refused || transaction.touched || transaction.watchedExpired) {
      transaction.reset();
      if (refused) throw errors.execAbort;
      return call.reply.nullArray();
    }
    // The transaction stays open meanwhile, so that commands that would block see that they must not.
    transaction.unwatch();
    call.reply.array(transaction.queue.length);
    runQueue(call, transaction);
  });

/** Runs what is queued, a window of requests after the other, at once or with a break where a script runs too long. */
function runQueue(call: Call, transaction: Transaction): void {
  const { queue } = transaction;
  const frames: Frame[] = [];
  let count = 0;
  let next = 0;
  const go = (): void => {
    for (;;) {
      while (next < count) if (!call.nest(frames[next++])) return call.suspend(go);
      count = queue.read(frames, LOOK_AHEAD_KEYS);
      next = 0;
      if (count === 0) return endQueue(call, transaction);
      call.prepareNested(frames, count);
    }
  };
  go();
}

function endQueue(call: Call, transaction: Transaction): void {
  transaction.reset();
  // Each command was journalled by itself.
  call.journalNothing();
  call.nestedAll();
}

/** Errors: no transaction. */
export const discard = command("discard", { arity: 1, since: "2.0.0", flags: "noscript loading stale fast allow_busy" })
  .answers("OK")
  .marked("unqueued")
  .docs("Discards a transaction.", "O(N) for N queued commands")
  .run((call) => {
    const transaction = openTransaction(call.session);
    if (transaction === null) throw commandError("ERR DISCARD without MULTI");
    transaction.reset();
    call.reply.ok();
  });

/** Errors: a transaction is already open. */
export const watch = command("watch", { arity: -2, since: "2.2.0", flags: "noscript loading stale fast allow_busy" })
  .takes("key{RO}...")
  .answers("OK")
  .marked("unqueued")
  .docs("Watches keys: a transaction is executed only if none of them changes.", "O(1) for each key")
  .run((call) => {
    const { database, frame } = call;
    const transaction = transactionOf(call);
    if (transaction.open) throw commandError("ERR WATCH inside MULTI is not allowed");
    // A transaction that will fail anyway needs no further keys.
    if (!transaction.touched) {
      for (let index = 1; index < call.count; index++)
        transaction.watch(database, frame.buffer, frame.offsets[index], frame.lengths[index]);
    }
    call.reply.ok();
  });

export const unwatch = command("unwatch", { arity: 1, since: "2.2.0", flags: "noscript loading stale fast allow_busy" })
  .answers("OK")
  .docs("Forgets the watched keys of a transaction.", "O(1)")
  .run((call) => {
    call.session.transaction?.unwatch();
    call.reply.ok();
  });
