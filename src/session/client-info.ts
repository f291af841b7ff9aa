/** Clients as CLIENT LIST, CLIENT INFO and the ACL log describe them. */

import type { Frame } from "../protocol/frame.ts";
import { PubSub } from "./pubsub.ts";
import { type Session, SessionKind } from "./session.ts";

/** Of the client that is described: the request that is being served, or the one that waits; null for none. */
export interface RequestsUnderWay {
  readonly current: Frame | null;
  readonly blocked: Frame | null;
}

/**
 * One client in CLIENT LIST's form, with the line end. A client has no reply buffer of its own here (rbs, rbp, obl), and the bytes of a
 * request under way (qbuf, argv-mem) are those of the client that asks, and of blocked ones: all others have been served. Sizes in bytes,
 * ages in seconds.
 */
export function describeClient(session: Session, now: number, { current, blocked }: RequestsUnderWay): string {
  const { link, transaction } = session;
  const [channels, patterns, shards] = PubSub.of(session).names;
  const queryBytes = link.inputBytes + (current === null ? 0 : current.end - current.start);
  const request = current ?? blocked;
  const argumentBytes = request === null ? 0 : lengthOfArguments(request);
  const queueBytes = transaction?.bytes ?? 0;
  const fields: [name: string, value: string | number][] = [
    ["id", session.id],
    ["addr", link.remoteAddress],
    ["laddr", link.localAddress],
    ["fd", link.fileDescriptor],
    ["name", session.name],
    ["age", seconds(now) - seconds(session.createdAt)],
    ["idle", seconds(now) - seconds(session.lastActive)],
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
    ["user", session.user?.name ?? "(superuser)"],
    ["redir", session.tracking?.redirect ?? -1],
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
  if (session.kind === SessionKind.MONITOR) flags += "O";
  if (session.kind === SessionKind.REPLICA) flags += "S";
  if (session.imageChannel) flags += "C";
  if (session.kind === SessionKind.MASTER) flags += "M";
  if (session.subscriptions !== null) flags += "P";
  if (session.tracking !== null) flags += "t";
  if (session.tracking?.redirectBroken) flags += "R";
  if (session.tracking?.broadcast) flags += "B";
  if (session.queueing) flags += "x";
  if (session.blocked || session.postponed) flags += "b";
  if (session.transaction?.touched) flags += "d";
  if (session.closing) flags += "c";
  if (session.unixSocket) flags += "U";
  if (session.noEvict) flags += "e";
  if (session.noTouch) flags += "T";
  return flags === "" ? "N" : flags;
}
