/** Clients as CLIENT LIST and CLIENT INFO describe them, and the words by which commands name them. */

import { commandError } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import type { Frame } from "../../protocol/frame.ts";
import { PubSub } from "../../session/pubsub.ts";
import { type Session, SessionKind } from "../../session/session.ts";

const KINDS: ReadonlyMap<string, SessionKind> = new Map([
  ["normal", SessionKind.NORMAL],
  ["slave", SessionKind.REPLICA],
  ["replica", SessionKind.REPLICA],
  ["master", SessionKind.MASTER],
  ["pubsub", SessionKind.PUBSUB],
]);

/** Returns the class of clients that `word` names in any case. Errors: unknown client type. */
export function clientKind(word: string): SessionKind {
  const kind = KINDS.get(word.toLowerCase());
  if (kind === undefined) throw commandError(`ERR Unknown client type '${word}'`);
  return kind;
}

/** Returns whether `text` can be a field of CLIENT LIST: printable ASCII without spaces. */
export function isListable(text: string): boolean {
  return /^[!-~]*$/.test(text);
}

/** Checks a client's name, which can be "". Errors: characters that CLIENT LIST cannot show. */
export function checkClientName(name: string): void {
  if (!isListable(name)) throw commandError("ERR Client names cannot contain spaces, newlines or special characters.");
}

/**
 * One client in CLIENT LIST's form, with the line end. A client has no reply buffer of its own here (rbs, rbp, obl), and the bytes of a
 * request under way (qbuf, argv-mem) are those of the client that asks, and of blocked ones: all others have been served. Sizes in bytes,
 * ages in seconds.
 */
export function describeClient(call: Call, session: Session): string {
  const { link, transaction } = session;
  const { frame } = call;
  const current = session === call.session;
  const [channels, patterns, shards] = PubSub.of(session).names;
  const queryBytes = link.inputBytes + (current ? frame.end - frame.start : 0);
  const request = current ? frame : call.server.blocked.requestOf(session);
  const argumentBytes = request === null ? 0 : lengthOfArguments(request);
  const queueBytes = transaction?.bytes ?? 0;
  const fields: [name: string, value: string | number][] = [
    ["id", session.id],
    ["addr", link.remoteAddress],
    ["laddr", link.localAddress],
    ["fd", link.fileDescriptor],
    ["name", session.name],
    ["age", seconds(call.now) - seconds(session.createdAt)],
    ["idle", seconds(call.now) - seconds(session.lastActive)],
    ["flags", flagsOf(session)],
    ["db", session.database.index],
    ["sub", channels.size],
    ["psub", patterns.size],
    ["ssub", shards.size],
    ["multi", session.queueing ? (transaction?.queue.length ?? 0) : -1],
    ["qbuf", queryBytes],
    ["qbuf-free", 0],
    ["argv-mem", argumentBytes],
    ["multi-mem", queueBytes],
    ["rbs", 0],
    ["rbp", 0],
    ["obl", 0],
    ["oll", link.outputPieces],
    ["omem", link.outputBytes],
    ["tot-mem", queryBytes + argumentBytes + queueBytes + link.outputBytes],
    ["events", link.outputBytes > 0 ? "rw" : "r"],
    ["cmd", session.lastCommand],
    ["user", session.user],
    ["redir", -1],
    ["resp", session.protocol],
    ["lib-name", session.libraryName],
    ["lib-ver", session.libraryVersion],
  ];
  return `${fields.map(([name, value]) => `${name}=${value}`).join(" ")}\n`;
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000);
}

function lengthOfArguments(request: Frame): number {
  let bytes = 0;
  for (let index = 0; index < request.count; index++) bytes += request.lengths[index];
  return bytes;
}

function flagsOf(session: Session): string {
  let flags = "";
  if (session.kind === SessionKind.REPLICA) flags += "S";
  if (session.kind === SessionKind.MASTER) flags += "M";
  if (session.kind === SessionKind.PUBSUB) flags += "P";
  if (session.queueing) flags += "x";
  if (session.blocked || session.postponed) flags += "b";
  if (session.transaction?.touched) flags += "d";
  if (session.closing) flags += "c";
  if (session.unixSocket) flags += "U";
  if (session.noEvict) flags += "e";
  if (session.noTouch) flags += "T";
  return flags === "" ? "N" : flags;
}
