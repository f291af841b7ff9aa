/** The two servers of a comparison, and how what they say differs. */

import { askPatiently, type Endpoint, type Words } from "./endpoint.ts";
import { ErrorReply, type Value } from "./reply-decoder.ts";

export type Pair = readonly [here: Endpoint, there: Endpoint];

export type DifferenceKind = "missing-here" | "missing-there" | "type" | "value" | "ttl";

/** How a key differs; `trace` is the same as long as both sides stay what they were. */
export interface Difference {
  readonly kind: DifferenceKind;
  readonly trace: string;
}

/** Asks both the same. Errors: CompareError. */
export async function askBoth([here, there]: Pair, requests: readonly Words[]): Promise<[Value[], Value[]]> {
  return Promise.all([askPatiently(here, requests), askPatiently(there, requests)]);
}

/** Returns null when the replies are equal, and no errors: what could not be read is not known to be the same. */
export function valueDifference(here: Value, there: Value): Difference | null {
  const [ours, theirs] = [JSON.stringify(here), JSON.stringify(there)];
  if (ours === theirs && !hasError(here)) return null;
  return { kind: "value", trace: `${Bun.hash(ours)} ${Bun.hash(theirs)}` };
}

function hasError(reply: Value): boolean {
  return reply instanceof ErrorReply || (Array.isArray(reply) && reply.some((part) => part instanceof ErrorReply));
}
