/** REPLICANT.CHANGES: pushes to a client what changes, as events with keys and types (changes/subscribers.ts). */

import { pointOf } from "../../changes/position.ts";
import { TYPE_WORDS } from "../../changes/typed-value.ts";
import { commandError, errors } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import { commandsOf } from "../../execution/command-spec.ts";
import type { ChangeRequest } from "../../execution/server-parts.ts";
import { isFed } from "../../session/session.ts";

const command = commandsOf("server");

/** What comes behind now. */
const NOW = "$";

/**
 * Replies with a map with the position that the events begin behind. Errors: a client of RESP2, a position that is none, one that the
 * backlog does not reach back to.
 */
const subscribe = command("replicant.changes|subscribe", { arity: -2, since: "0.1.0", flags: "noscript no_multi" })
  .takes("[FROM position] [KEYS pattern] [TYPES types] [DB db:integer]")
  .answers("{position: string}")
  .acl("read")
  .docs("Pushes to the client what is written from now on, or from a position on.", "O(1), and O(N) for N changes since the position")
  .run((call) => {
    const { session, server, reply } = call;
    if (session.protocol !== 3) throw commandError("ERR REPLICANT.CHANGES needs a client that speaks RESP3: HELLO 3");
    if (!call.mayBlock || isFed(session.kind)) throw commandError("ERR REPLICANT.CHANGES SUBSCRIBE isn't allowed for this client");
    const position = server.changeSubscribers.subscribe(session, requestOf(call));
    if (position === null)
      throw commandError("GAP The changes behind this position are not kept any more (repl-backlog-size), or are of another history");
    reply.map(1);
    reply.bulk("position");
    reply.bulk(position);
  });

/** Errors: syntax, a position or a type that is none. */
function requestOf(call: Call): ChangeRequest {
  let from: ChangeRequest["from"] = null;
  let keys: Buffer | null = null;
  let types: readonly string[] | null = null;
  let db: number | null = null;
  for (let index = 2; index < call.count; index += 2) {
    if (index + 1 === call.count) throw errors.syntax;
    if (call.is(index, "from")) from = placeAt(call, index + 1);
    else if (call.is(index, "keys")) keys = call.frame.argument(index + 1);
    else if (call.is(index, "types")) types = typesAt(call, index + 1);
    else if (call.is(index, "db")) db = call.integer(index + 1, 0, call.server.keyspace.databases.length - 1);
    else throw errors.syntax;
  }
  return { from, keys, types, db };
}

function placeAt(call: Call, index: number): ChangeRequest["from"] {
  const text = call.text(index);
  if (text === NOW) return null;
  const point = pointOf(text);
  if (point === null) throw commandError("ERR invalid position: it is '<replication id>:<offset>:<database>' or '$'");
  return point;
}

function typesAt(call: Call, index: number): readonly string[] {
  const types = call.text(index).toLowerCase().split(",");
  if (!types.every((type) => TYPE_WORDS.includes(type))) throw commandError(`ERR unknown type: there are ${TYPE_WORDS.join(", ")}`);
  return types;
}

const unsubscribe = command("replicant.changes|unsubscribe", { arity: 2, since: "0.1.0", flags: "noscript no_multi" })
  .answers("OK")
  .acl("read")
  .docs("Ends what REPLICANT.CHANGES SUBSCRIBE has begun.", "O(1)")
  .run(({ session, server, reply }) => {
    server.changeSubscribers.remove(session);
    reply.ok();
  });

export const changes = command("replicant.changes", { arity: -2, since: "0.1.0", flags: "" })
  .docs("A container for commands about what changes.", "Depends on subcommand.")
  .family([subscribe, unsubscribe]);
