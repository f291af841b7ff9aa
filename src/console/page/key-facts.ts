/** What a key is, for lists of keys: looked up over a connection of its own, so that the shared one keeps its database. */

import type { OwnLink } from "./own-link.ts";
import { numberOf, wordOf } from "./reply.ts";

export interface KeyFacts {
  /** As TYPE names it; "none": it is gone. */
  readonly type: string;
  /** Bytes; null where that may not be asked. */
  readonly size: number | null;
  readonly elements: number | null;
  /** ms until it expires, -1: never. */
  readonly ttl: number;
}

const COUNTS: Readonly<Record<string, string>> = {
  string: "STRLEN",
  list: "LLEN",
  set: "SCARD",
  zset: "ZCARD",
  hash: "HLEN",
  stream: "XLEN",
};

/** Errors: ReplyError where not even TYPE may be asked, LinkError. */
export async function keyFacts(link: OwnLink, key: Uint8Array): Promise<KeyFacts> {
  const type = wordOf(await link.call("TYPE", key));
  const command = COUNTS[type];
  const [size, elements, ttl] = await Promise.all([
    link.call("MEMORY", "USAGE", key, "SAMPLES", 0).then(numberOf, () => null),
    command === undefined ? null : link.call(command, key).then(numberOf, () => null),
    link.call("PTTL", key).then(numberOf, () => -1),
  ]);
  return { type, size: size === null || Number.isNaN(size) ? null : size, elements, ttl };
}
