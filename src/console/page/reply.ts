/** Reads what a server answers: maps by name, bulk strings as bytes or text. */

import { utf8 } from "./octets.ts";
import type { Reply } from "./resp.ts";

/** A map of a reply, by the names of its fields. */
export type Fields = Readonly<Record<string, Reply>>;

/** A map, or a flat list of names and values. */
export function fieldsOf(reply: Reply): Fields {
  const pairs: [Reply, Reply][] = [];
  if (reply instanceof Map) pairs.push(...reply);
  else if (Array.isArray(reply)) for (let at = 0; at + 1 < reply.length; at += 2) pairs.push([reply[at] ?? null, reply[at + 1] ?? null]);
  return Object.fromEntries(pairs.map(([name, value]) => [wordOf(name), value]));
}

/** As text, whatever it is. */
export function wordOf(reply: Reply | undefined): string {
  if (reply instanceof Uint8Array) return utf8(reply) ?? "";
  return reply === null || reply === undefined ? "" : String(reply);
}

/** As a number; NaN: it is none. */
export function numberOf(reply: Reply | undefined): number {
  return typeof reply === "number" ? reply : Number(wordOf(reply) || Number.NaN);
}

/** As bytes; of what is no bulk string none. */
export function octetsIn(reply: Reply | undefined): Uint8Array {
  return reply instanceof Uint8Array ? reply : new Uint8Array(0);
}

/** The items of an array or a set. */
export function listOf(reply: Reply | undefined): readonly Reply[] {
  if (Array.isArray(reply)) return reply;
  return reply instanceof Set ? [...reply] : [];
}
