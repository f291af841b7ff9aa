/** A value in lines, as far as it is read for the feed. */

import { readable } from "../../format.ts";
import { listOf, numberOf, octetsIn, wordOf } from "../../reply.ts";
import { type Reply, ReplyError, type Word } from "../../resp.ts";

export interface ShownValue {
  /** "none": there is no such key. */
  readonly type: string;
  /** ms since 1970; null: never. */
  readonly expires: number | null;
  readonly lines: readonly string[];
  /** What is there beyond the lines: bytes of a string, elements of others. */
  readonly rest: number;
}

/** No more is read of a value. */
export const MOST_BYTES = 4096;
export const MOST_ELEMENTS = 100;

interface Reading {
  readonly content: (key: Uint8Array) => Word[];
  readonly size: string;
  readonly lines: (reply: Reply) => string[];
}

const text = (reply: Reply | undefined): string =>
  reply instanceof Uint8Array ? readable(reply.length > MOST_BYTES ? reply.subarray(0, MOST_BYTES) : reply) : wordOf(reply);

/** By type. Of hashes and sets as many as SCAN hands out at once. */
const READINGS: Readonly<Record<string, Reading>> = {
  string: { content: (key) => ["GETRANGE", key, 0, MOST_BYTES - 1], size: "STRLEN", lines: (reply) => [text(reply)] },
  list: { content: (key) => ["LRANGE", key, 0, MOST_ELEMENTS - 1], size: "LLEN", lines: (reply) => listOf(reply).map(text) },
  set: {
    content: (key) => ["SSCAN", key, 0, "COUNT", MOST_ELEMENTS],
    size: "SCARD",
    lines: (reply) => listOf(listOf(reply)[1]).map(text).sort(),
  },
  hash: {
    content: (key) => ["HSCAN", key, 0, "COUNT", MOST_ELEMENTS],
    size: "HLEN",
    lines: (reply) => pairsOf(listOf(listOf(reply)[1])).map(([field, value]) => `${text(field)}: ${text(value)}`),
  },
  zset: {
    content: (key) => ["ZRANGE", key, 0, MOST_ELEMENTS - 1, "WITHSCORES"],
    size: "ZCARD",
    // RESP3 has pairs.
    lines: (reply) => listOf(reply).map((pair) => `${wordOf(listOf(pair)[1])}  ${text(listOf(pair)[0])}`),
  },
  stream: {
    content: (key) => ["XREVRANGE", key, "+", "-", "COUNT", MOST_ELEMENTS],
    size: "XLEN",
    lines: (reply) =>
      listOf(reply).map((entry) => {
        const [id, fields] = listOf(entry);
        return `${text(id)}  ${pairsOf(listOf(fields))
          .map(([field, value]) => `${text(field)}: ${text(value)}`)
          .join(", ")}`;
      }),
  },
};

function pairsOf(items: readonly Reply[]): [Reply, Reply][] {
  const pairs: [Reply, Reply][] = [];
  for (let at = 0; at + 1 < items.length; at += 2) pairs.push([items[at] ?? null, items[at + 1] ?? null]);
  return pairs;
}

/** The requests that read a key of this type, all at one moment: its type, when it expires, what is in it, how much that is. */
export function requestsFor(type: string, key: Uint8Array): Word[][] {
  const reading = READINGS[type];
  const common: Word[][] = [
    ["TYPE", key],
    ["PEXPIRETIME", key],
  ];
  return reading === undefined ? common : [...common, reading.content(key), [reading.size, key]];
}

/** What the replies to these requests say; null: the key had another type by then. */
export function valueIn(type: string, replies: readonly Reply[]): ShownValue | null {
  const [typeThen, expires, content, size] = replies;
  if (wordOf(typeThen) !== type) return null;
  const reading = READINGS[type];
  const when = numberOf(expires);
  const base = { type, expires: when >= 0 ? when : null };
  if (reading === undefined || content === undefined) return { ...base, lines: [], rest: 0 };
  if (content instanceof ReplyError) throw content;
  const lines = reading.lines(content).slice(0, MOST_ELEMENTS);
  const seen = type === "string" ? octetsIn(content).length : lines.length;
  return { ...base, lines, rest: Math.max(0, numberOf(size) - seen) };
}
