/** Clients as CLIENT LIST, CLIENT INFO and the ACL log describe them. */

import type { Frame } from "../protocol/frame.ts";
import { PubSub } from "./pubsub.ts";
import { type Session, SessionKind } from "./session.ts";

/** What the client itself does not tell. */
export interface ClientFacts {
  /** The request that is being served, or the one that waits. */
  readonly current?: Frame | null;
  readonly blocked?: Frame | null;
  /** Of a replica: bytes of the stream that it has not been sent. */
  readonly behind?: number;
}

/**
 * One client in CLIENT LIST's form, with the line end. A client has no buffers of a fixed size here: rbs and rbp are 0, and qbuf-free is what was
 * announced of a long argument and has not come. Sizes in bytes, ages in seconds.
 */
export function describeClient(session: Session, now: number, facts: ClientFacts = {}): string {
  return `${clientFields(session, now, facts)
    .map(([name, value]) => `${name}=${value}`)
    .join(" ")}\n`;
}

/** The fields of that, one by one. */
export function clientFields(
  session: Session,
  now: number,
  { current, blocked, behind = 0 }: ClientFacts = {},
): [name: string, value: string | number][] {
  const { link, transaction } = session;
  const [channels, patterns, shards] = PubSub.of(session).names;
  const argumentBytes = (current ?? blocked)?.argumentBytes ?? link.inputArguments;
  return [
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
    ["qbuf", link.inputUnread],
    ["qbuf-free", link.inputAwaited],
    ["argv-mem", argumentBytes],
    ["multi-mem", transaction?.argumentBytes ?? 0],
    ["rbs", 0],
    ["rbp", 0],
    ["obl", link.outputFree],
    ["oll", link.outputPieces + (behind > 0 ? 1 : 0)],
    ["omem", link.outputMemory + behind],
    ["tot-mem", session.memoryBytes + argumentBytes - link.inputArguments + behind],
    ["events", link.outputBytes + behind > 0 ? "rw" : "r"],
    ["cmd", session.lastCommand],
    ["user", session.user?.name ?? "(superuser)"],
    ["redir", session.tracking?.redirect ?? -1],
    ["resp", session.protocol],
    ["lib-name", session.libraryName],
    ["lib-ver", session.libraryVersion],
  ];
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000);
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
