/** Deletions of many keys, as the server tells of them. */

import { count, bytes as size } from "../../format.ts";
import { textOf } from "../../octets.ts";
import { fieldsOf, listOf, numberOf, octetsIn, wordOf } from "../../reply.ts";
import type { Reply } from "../../resp.ts";

export interface Purge {
  readonly id: number;
  /** staged, confirmed, running, done, cancelled, ended. */
  readonly state: string;
  readonly reason: string;
  readonly user: string;
  readonly database: number;
  /** Which keys are meant, in words behind "keys"; empty: all. */
  readonly meant: string;
  readonly keys: number;
  readonly bytes: number;
  readonly deleted: number;
  readonly freed: number;
  /** 0 to 1. */
  readonly progress: number;
  /** When the deletion begins, ms since 1970. */
  readonly starts: number | null;
  /** When it was staged. */
  readonly staged: number;
}

export function purgeOf(reply: Reply): Purge {
  const fields = fieldsOf(reply);
  const startsIn = numberOf(fields["starts-in"]);
  return {
    id: numberOf(fields.id),
    state: wordOf(fields.state),
    reason: wordOf(fields.reason),
    user: wordOf(fields.user),
    database: numberOf(fields.database),
    meant: meaningOf(listOf(fields.filters).map(octetsIn)),
    keys: numberOf(fields.keys),
    bytes: numberOf(fields.bytes),
    deleted: numberOf(fields.deleted),
    freed: numberOf(fields.freed),
    progress: numberOf(fields.progress),
    starts: startsIn < 0 ? null : Date.now() + startsIn,
    staged: Date.now() - numberOf(fields.age),
  };
}

/** Whether something is to be seen of it from one second to the next. */
export function isUnderWay({ state }: Purge): boolean {
  return state === "confirmed" || state === "running";
}

/** "1,234 keys (1.2 MiB)". */
export function amountOf({ keys, bytes }: Purge): string {
  return `${count(keys)} ${keys === 1 ? "key" : "keys"} (${size(bytes)})`;
}

/** " whose names begin with user: in database 0": what stands behind their number. */
export function placeOf({ meant, database }: Purge): string {
  return `${meant === "" ? "" : ` ${meant}`} in database ${database}`;
}

/** Filters in words: "whose names begin with user:, of type hash". */
function meaningOf(filters: readonly Uint8Array[]): string {
  const words: string[] = [];
  for (let at = 0; at < filters.length; at += 2) {
    const value = textOf(filters[at + 1] ?? new Uint8Array(0));
    switch (wordOf(filters[at]).toUpperCase()) {
      case "PREFIX":
        if (value !== "") words.push(`whose names begin with ${value}`);
        break;
      case "MATCH":
        if (value !== "*") words.push(`whose names match ${value}`);
        break;
      case "TYPE":
        words.push(`of type ${value}`);
        break;
      case "MINSIZE":
        words.push(`of at least ${size(Number(value))}`);
        break;
      case "MAXSIZE":
        words.push(`of at most ${size(Number(value))}`);
        break;
      case "TTL":
        if (value.toUpperCase() === "BELOW") {
          words.push(`that expire within ${textOf(filters[at + 2] ?? new Uint8Array(0))} s`);
          at++;
        } else words.push(value.toUpperCase() === "WITH" ? "that expire" : "that never expire");
        break;
      default:
    }
  }
  return words.join(", ");
}
