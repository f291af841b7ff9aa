/** REPLICANT.PURGE: deletes many keys in steps that can be called off (docs/console-commands.md). */

import { commandError } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import type { Purge } from "../../inspection/purge.ts";
import { Count } from "../../inspection/surveys.ts";
import { Frame } from "../../protocol/frame.ts";
import type { Reply } from "../../protocol/reply.ts";
import { helpOf } from "../arguments/help.ts";
import { deletableBy, FILTERS, filterOf, filterWords } from "../arguments/key-filter.ts";
import { orError, waitFor } from "../arguments/walk.ts";

const command = commandsOf("server");

const PURGE = `{id: count, state: string, reason: string, user: string, database: count, filters: string[], keys: count, bytes: count,
    deleted: count, freed: count, progress: double, starts-in: integer, age: count}`;

const noSuchPurge = commandError("ERR No such purge");

/** Counts the keys, and replies with the purge that is to delete them. Errors: an invalid option, neither PREFIX nor MATCH, too many purges. */
const stage = command("replicant.purge|stage", { arity: -2, since: "0.1.0", flags: "write noscript no_multi blocking" })
  .takes(FILTERS)
  .answers(PURGE)
  .acl("keyspace dangerous")
  .docs("Counts the keys that are to be deleted.", "O(N) for N keys in the database")
  .run((call) => {
    const { server, session } = call;
    const words = filterWords(call, 2);
    if (!words.named) throw commandError("ERR PREFIX or MATCH must say which keys are meant");
    const { user } = session;
    // It goes by that name, which may be another command's, or no one's.
    const unlink = server.commands.resolve(new Frame().encode(["UNLINK"]));
    if (unlink === null || unlink !== server.commands.original("unlink")) throw commandError("ERR There is no UNLINK on this server");
    if (user !== null && !user.selectors.some((selector) => selector.allowsCommand(unlink, () => null)))
      throw commandError(`NOPERM User ${user.name} has no permissions to run the 'unlink' command`);
    const { database } = words;
    const filter = filterOf(words, deletableBy(call, unlink));
    const work = new Count(database, filter);
    const { inspections } = server;
    waitFor(
      call,
      (wanted) => inspections.run(work, wanted),
      (reply) => {
        const { keys, bytes } = work;
        try {
          const purge = orError(() => inspections.purges.stage({ database, filter, words: words.words, user, keys, bytes }));
          writePurge(reply, purge, server.keyspace.now);
        } catch (error) {
          reply.error((error as Error).message);
        }
      },
    );
  });

/** Replies with the purge. Errors: no such purge, it is not staged. */
const confirm = command("replicant.purge|confirm", { arity: 3, since: "0.1.0", flags: "write noscript no_multi" })
  .takes("id:integer")
  .answers(PURGE)
  .acl("keyspace dangerous")
  .docs("Has a deletion begin after a delay.", "O(1), and O(N) in the background for N keys in the database")
  .run((call) => {
    const purge = purgeAt(call);
    if (purge.state !== "staged") throw commandError("ERR Purge is not staged");
    call.server.inspections.purges.confirm(purge);
    writePurge(call.reply, purge, call.now);
  });

/** Replies with the purge. Errors: no such purge, it is over. */
const cancel = command("replicant.purge|cancel", { arity: 3, since: "0.1.0", flags: "noscript no_multi" })
  .takes("id:integer")
  .answers(PURGE)
  .acl("keyspace write dangerous")
  .docs("Calls a deletion off, even in its middle.", "O(1)")
  .run((call) => {
    const purge = purgeAt(call);
    if (purge.isOver) throw commandError("ERR Purge is over");
    call.server.inspections.purges.cancel(purge);
    writePurge(call.reply, purge, call.now);
  });

const list = command("replicant.purge|list", { arity: 2, since: "0.1.0", flags: "noscript" })
  .answers(`(${PURGE})[]`)
  .acl("keyspace dangerous")
  .docs("Lists deletions that are staged, under way or over.", "O(N) for N deletions")
  .run((call) => {
    const purges = call.server.inspections.purges.list(call.session.user);
    call.reply.array(purges.length);
    for (const purge of purges) writePurge(call.reply, purge, call.now);
  });

const help = helpOf(command("replicant.purge|help", { arity: 2, since: "0.1.0", flags: "loading stale" }), [
  ["STAGE <filter> [<filter> ...]", "Counts the keys that are to be deleted, and returns an id."],
  ["CONFIRM <id>", "Begins the deletion after a delay (purge-delay)."],
  ["CANCEL <id>", "Calls the deletion off."],
  ["LIST", "Lists deletions that are staged, under way or over."],
]);

export const purge = command("replicant.purge", { arity: -2, since: "0.1.0", flags: "" })
  .docs("A container for commands that delete many keys.", "Depends on subcommand.")
  .family([stage, confirm, cancel, list, help]);

function purgeAt(call: Call): Purge {
  const found = call.server.inspections.purges.find(call.integer(2), call.session.user);
  if (found === null) throw noSuchPurge;
  return found;
}

function writePurge(reply: Reply, purge: Purge, now: number): void {
  const { request } = purge;
  reply.map(13);
  reply.field("id", purge.id);
  reply.field("state", purge.state);
  reply.field("reason", purge.reason);
  reply.field("user", request.user?.name ?? "");
  reply.field("database", request.database.index);
  reply.bulk("filters");
  reply.array(request.words.length);
  for (const word of request.words) reply.bytesOf(word);
  reply.field("keys", request.keys);
  reply.field("bytes", request.bytes);
  reply.field("deleted", purge.deleted);
  reply.field("freed", purge.freed);
  reply.bulk("progress");
  reply.double(purge.progress);
  reply.field("starts-in", purge.state === "confirmed" ? Math.max(0, purge.startsAt - now) : -1);
  reply.field("age", Math.max(0, now - purge.stagedAt));
}
