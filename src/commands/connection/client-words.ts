/** The words by which commands name clients. */

import { commandError } from "../../errors.ts";
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

/** Returns the class that a client belongs to. */
export function kindOf({ kind }: Session): SessionKind {
  return kind === SessionKind.MONITOR ? SessionKind.NORMAL : kind;
}

/** Returns whether `text` can be a field of CLIENT LIST: printable ASCII without spaces. */
export function isListable(text: string): boolean {
  return /^[!-~]*$/.test(text);
}

/** Checks a client's name, which can be "". Errors: characters that CLIENT LIST cannot show. */
export function checkClientName(name: string): void {
  if (!isListable(name)) throw commandError("ERR Client names cannot contain spaces, newlines or special characters.");
}
