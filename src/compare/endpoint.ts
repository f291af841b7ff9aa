/** A server that is compared, seen as something that answers requests: another one at the end of a socket, or this one. */

import { setTimeout as sleep } from "node:timers/promises";
import { ErrorReply, type Value } from "./reply-decoder.ts";

/** Words of a request; those with bytes are latin1. */
export type Words = readonly (string | number)[];

export interface Endpoint {
  /** For people: "127.0.0.1:6379". */
  readonly name: string;
  /** Answers all of these, in their order. Errors: CompareError when the server is gone. */
  ask(requests: readonly Words[]): Promise<Value[]>;
  close(): void;
}

/** Why there is no comparison; the message is for users. */
export class CompareError extends Error {
  override name = "CompareError";
}

/** What a server says while it cannot answer just now. */
const LATER: ReadonlySet<string> = new Set(["BUSY", "LOADING", "MASTERDOWN", "TRYAGAIN"]);
/** What it says when it never will. */
const NEVER: ReadonlySet<string> = new Set(["NOAUTH", "NOPERM", "WRONGPASS"]);
const LATER_MS = 200;
const LATER_ROUNDS = 300;

/** Asks, and again what the server cannot answer just now, for a minute at most. Errors: CompareError. */
export async function askPatiently(endpoint: Endpoint, requests: readonly Words[]): Promise<Value[]> {
  const replies = requests.length === 0 ? [] : await endpoint.ask(requests);
  for (let round = 0; ; round++) {
    const open: number[] = [];
    for (const [index, reply] of replies.entries()) {
      if (!(reply instanceof ErrorReply)) continue;
      if (NEVER.has(reply.code)) throw new CompareError(`${endpoint.name}: ${reply.message}`);
      if (LATER.has(reply.code)) open.push(index);
    }
    if (open.length === 0) return replies;
    if (round === LATER_ROUNDS) throw new CompareError(`${endpoint.name}: ${(replies[open[0]] as ErrorReply).message}`);
    await sleep(LATER_MS);
    const again = await endpoint.ask(open.map((index) => requests[index]));
    for (const [place, index] of open.entries()) replies[index] = again[place];
  }
}
