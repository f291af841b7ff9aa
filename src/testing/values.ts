/** What keys hold, in lines of text: how assertions compare, and show what differs. */

import type { Link } from "../client/link.ts";

/** What a test may expect a key to hold: a string or number; an array of a list; a Set; an object or Map of a hash or sorted set. */
export type Expected =
  | string
  | number
  | bigint
  | Uint8Array
  | readonly unknown[]
  | ReadonlySet<unknown>
  | ReadonlyMap<unknown, unknown>
  | Readonly<Record<string, unknown>>;

/** The types of keys, as TYPE has them; "none" where there is no key. */
export type KeyType = "string" | "list" | "set" | "hash" | "zset" | "stream" | "none";

/** What the key is and holds. */
export async function readKey(link: Link, key: string): Promise<{ readonly type: KeyType; readonly lines: readonly string[] }> {
  const type = (await link.send(["TYPE", key], false)) as KeyType;
  return { type, lines: await readLines(link, key, type) };
}

async function readLines(link: Link, key: string, type: KeyType): Promise<string[]> {
  switch (type) {
    case "none":
      return [];
    case "string":
      return linesOf(type, (await link.send(["GET", key], true)) as Uint8Array);
    case "list":
      return linesOf(type, (await link.send(["LRANGE", key, 0, -1], true)) as unknown[]);
    case "set":
      return linesOf(type, (await link.send(["SMEMBERS", key], true)) as Set<unknown>);
    case "hash":
      return linesOf(type, (await link.send(["HGETALL", key], true)) as Map<unknown, unknown>);
    case "zset":
      return linesOf(type, (await link.send(["ZRANGE", key, 0, -1, "WITHSCORES"], true)) as unknown[]);
    case "stream":
      return linesOf(type, (await link.send(["XRANGE", key, "-", "+"], true)) as unknown[]);
  }
}

/** Why no key of this type can hold `value`, as what it is in words; null: it could. */
export function otherKind(type: KeyType, value: Expected): string | null {
  const isArray = Array.isArray(value);
  const isSet = value instanceof Set;
  const isPairs = isArray && value.every((pair) => Array.isArray(pair) && pair.length === 2);
  const isRecord = !isScalar(value) && !isArray && !isSet;
  const fits = {
    none: false,
    string: isScalar(value),
    list: isArray,
    set: isArray || isSet,
    hash: isRecord,
    zset: isRecord || isPairs,
    stream: isPairs,
  }[type];
  if (fits) return null;
  if (isScalar(value)) return "a string";
  if (isArray) return "an array";
  return isSet ? "a Set" : value instanceof Map ? "a Map" : "an object";
}

/** What a key of this type would hold, line by line; the same lines mean the same value. */
export function linesOf(type: KeyType, value: Expected): string[] {
  switch (type) {
    case "none":
      return [];
    case "string":
      return isScalar(value) ? [shown(value)] : [JSON.stringify(value)];
    case "list":
      return elementsOf(value).map(shown);
    case "set":
      return elementsOf(value).map(shown).sort();
    case "hash":
      return pairsOf(value)
        .map(([field, content]) => `${shown(field)}: ${shown(content)}`)
        .sort();
    case "zset":
      // The server has them in this order, and a test should not need to.
      return pairsOf(value)
        .map(([member, score]) => ({ member: shown(member), score: Number(score) }))
        .sort((a, b) => a.score - b.score || (a.member < b.member ? -1 : 1))
        .map(({ member, score }) => `${member}: ${score}`);
    case "stream":
      return elementsOf(value).map((entry) => {
        const [id, fields] = entry as [unknown, Expected];
        const pairs = Array.isArray(fields) && !Array.isArray(fields[0]) ? inPairs(fields) : pairsOf(fields);
        return `${textOf(id)} ${pairs.map(([field, content]) => `${shown(field)}: ${shown(content)}`).join(", ")}`;
      });
  }
}

function isScalar(value: unknown): value is string | number | bigint | Uint8Array {
  return typeof value === "string" || typeof value === "number" || typeof value === "bigint" || value instanceof Uint8Array;
}

function elementsOf(value: Expected): unknown[] {
  if (Array.isArray(value) || value instanceof Set) return [...value];
  return [value];
}

/** Pairs of a record, a Map, or a list of pairs. */
function pairsOf(value: Expected): [unknown, unknown][] {
  if (value instanceof Map) return [...value];
  if (Array.isArray(value)) return value as [unknown, unknown][];
  return typeof value === "object" ? Object.entries(value) : [[value, undefined]];
}

function inPairs(flat: readonly unknown[]): [unknown, unknown][] {
  return Array.from({ length: flat.length / 2 }, (_, index) => [flat[index * 2], flat[index * 2 + 1]]);
}

/** Text in quotes; what is no text with its bytes in hexadecimal. */
function shown(value: unknown): string {
  return JSON.stringify(textOf(value));
}

function textOf(value: unknown): string {
  if (!(value instanceof Uint8Array)) return String(value);
  const text = new TextDecoder().decode(value);
  return text.includes("\ufffd") ? `bytes ${Array.from(value, (byte) => byte.toString(16).padStart(2, "0")).join(" ")}` : text;
}
