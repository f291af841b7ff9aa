/** What REPLICANT.CHANGES tells of, as the page keeps it. */

import { fieldsOf, listOf, numberOf, octetsIn, wordOf } from "../../reply.ts";
import type { Reply } from "../../resp.ts";

export interface Change {
  readonly kind: "change" | "flush" | "swap" | "command";
  /** ms since 1970, by the browser's clock. */
  readonly at: number;
  /** Null: all of them. */
  readonly database: number | null;
  /** Of a `swap`. */
  readonly other: number | null;
  /** Of a `change`. */
  readonly key: Uint8Array | null;
  /** Null: the command does not tell. */
  readonly type: string | null;
  readonly command: string;
  /** The first words behind the command, each cut where it is long; null: the user may not see them. */
  readonly words: readonly Uint8Array[] | null;
  /** How many more words there are. */
  readonly rest: number;
  /** Where in the server's history it ends. */
  readonly offset: number;
  readonly transaction: string | null;
  readonly position: string;
}

/** Changes that are not here, and why. */
export interface Hole {
  readonly kind: "hole";
  readonly at: number;
  readonly text: string;
}

/** The feed has ended: the server has other data now. */
export const ENDED = "gap";

const MOST_WORDS = 24;
const MOST_BYTES = 200;

/** The event of a push; ENDED where the subscription is over, null where it is none. */
export function changeOf(items: readonly Reply[], now: number): Change | typeof ENDED | null {
  const [name, event] = items;
  if (wordOf(name) !== "replicant.changes") return null;
  const fields = fieldsOf(event ?? null);
  const kind = wordOf(fields.kind);
  if (kind === "gap") return ENDED;
  if (kind !== "change" && kind !== "flush" && kind !== "swap" && kind !== "command") return null;
  const words = fields.args === null ? null : listOf(fields.args).map(octetsIn);
  const textOrNull = (reply: Reply | undefined): string | null => (reply === null || reply === undefined ? null : wordOf(reply));
  const numberOrNull = (reply: Reply | undefined): number | null => (reply === null || reply === undefined ? null : numberOf(reply));
  return {
    kind,
    at: now,
    database: numberOrNull(fields.db),
    other: numberOrNull(fields.other),
    key: kind === "change" ? octetsIn(fields.key) : null,
    type: textOrNull(fields.type),
    command: wordOf(fields.command),
    words: words === null ? null : words.slice(0, MOST_WORDS).map((word) => (word.length > MOST_BYTES ? word.slice(0, MOST_BYTES) : word)),
    rest: Math.max(0, (words?.length ?? 0) - MOST_WORDS),
    offset: numberOf(fields.offset),
    transaction: textOrNull(fields.transaction),
    position: wordOf(fields.position),
  };
}

/** The offset that a position names; NaN: it names none. */
export function offsetOf(position: string): number {
  return Number(position.split(":")[1] ?? "");
}
