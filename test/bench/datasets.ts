/** Collections of every type, for the suites that weigh, save and remove them. Values differ, so that nothing compresses too well. */
import type { Word } from "../support/client.ts";
import { digits, value32 } from "./servers.ts";

/** The types that have collections. */
export type CollectionType = "hash" | "zset" | "set" | "list" | "stream";

/** One command that adds the elements from..to of `total` to `key`; that of a stream takes one element. */
export type Adding = (key: string, from: number, to: number, total: number) => readonly Word[];

function words(head: readonly Word[], from: number, to: number, element: (index: number) => readonly Word[]): readonly Word[] {
  const all = [...head];
  for (let index = from; index < to; index += 1) all.push(...element(index));
  return all;
}

/**
 * `index` at another place among `total`: neighbours come to lie far apart, as in data that did not arrive in order. One to one for every
 * total that 7919, a prime, does not divide.
 */
export function scattered(index: number, total: number): number {
  return (index * 7919) % total;
}

/** The field that a big hash has for number `index`. */
export const fieldName = (index: number): string => `field:${digits(index)}`;
/** The member that a big set or sorted set has for number `index`. */
export const memberName = (index: number): string => `member:${digits(index)}`;

/** How elements of 18-byte fields or 19-byte members and of 32-byte values are added. */
export const ADDING: Readonly<Record<CollectionType, Adding>> = {
  hash: (key, from, to) => words(["HSET", key], from, to, (index) => [fieldName(index), value32(index)]),
  zset: (key, from, to, total) => words(["ZADD", key], from, to, (index) => [scattered(index, total), memberName(index)]),
  set: (key, from, to) => words(["SADD", key], from, to, (index) => [memberName(index)]),
  list: (key, from, to) => words(["RPUSH", key], from, to, (index) => [value32(index)]),
  stream: (key, from) => ["XADD", key, `${from + 1}-0`, "field", value32(from)],
};

/** How many elements a collection has. */
export const COUNTING: Readonly<Record<CollectionType, string>> = {
  hash: "HLEN",
  zset: "ZCARD",
  set: "SCARD",
  list: "LLEN",
  stream: "XLEN",
};
