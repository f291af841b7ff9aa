/** Which requests a client passes on, and on which link: some change what a connection is, others make it wait. */

import { kindOf } from "../base/word-error.ts";
import type { Word } from "./link.ts";

/** What to use in the place of a command that a client's link must not be sent. */
const INSTEAD: ReadonlyMap<string, string> = new Map([
  ...["SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE"].map((name) => [name, `client.${name.toLowerCase()}()`] as const),
  ...["UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE"].map((name) => [name, "close() of the subscription"] as const),
  ...["MULTI", "EXEC", "DISCARD"].map((name) => [name, "client.multi()"] as const),
  ...["WATCH", "UNWATCH"].map((name) => [name, "client.watch()"] as const),
  ...["QUIT", "RESET"].map((name) => [name, "client.close()"] as const),
  ...["SELECT", "AUTH"].map((name) => [name, `client.${name.toLowerCase()}()`] as const),
  ["HELLO", "the options of the connection"],
  ["REPLICANT.CHANGES", "follow() of replicant/follow"],
  ...["MONITOR", "SYNC", "PSYNC"].map((name) => [name, "a connection of its own"] as const),
]);

const BLOCKING: ReadonlySet<string> = new Set("BLPOP BRPOP BLMOVE BRPOPLPUSH BLMPOP BZMPOP BZPOPMIN BZPOPMAX".split(" "));
const BLOCKING_WITH_TOKEN: ReadonlySet<string> = new Set(["XREAD", "XREADGROUP"]);

/** Returns the name of a command in upper case. Errors: TypeError where it is none. */
export function commandName(name: unknown): string {
  if (typeof name !== "string") throw new TypeError(`call() needs the name of a command first, and is given ${kindOf(name)}`);
  return name.toUpperCase();
}

/** Errors: TypeError for one after which replies would no longer be those to the requests, or others that share the link would suffer. */
export function refuseUnfit(name: string, request: readonly Word[]): void {
  const instead = INSTEAD.get(name);
  if (instead !== undefined) throw new TypeError(`${name} changes what the connection is: use ${instead} instead`);
  if (name === "CLIENT" && String(request[1]).toUpperCase() === "REPLY") {
    throw new TypeError("CLIENT REPLY changes what the connection is: replies are always wanted");
  }
}

/** Whether it may keep its connection waiting. */
export function mayBlock(name: string, request: readonly Word[]): boolean {
  return BLOCKING.has(name) || (BLOCKING_WITH_TOKEN.has(name) && request.some((word) => String(word).toUpperCase() === "BLOCK"));
}
