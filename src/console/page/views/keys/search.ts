/** What keys are searched for, and how the server is asked for it. */

import { octetsOf, sizeOf } from "../../octets.ts";
import type { Word } from "../../resp.ts";

/** What keys are searched for; all empty: nothing is searched. */
export interface Search {
  /** A pattern, or a word to be found anywhere in a name. */
  readonly match: string;
  readonly type: string;
  readonly min: string;
  readonly max: string;
  /** "with", "without", a number of seconds, or empty. */
  readonly ttl: string;
}

export const NO_SEARCH: Search = { match: "", type: "", min: "", max: "", ttl: "" };

export function isSearch(search: Search): boolean {
  return Object.values(search).some((value) => value !== "");
}

/** What is wrong with a search, in words; null: nothing is. */
export function faultOf({ min, max, ttl }: Search): string | null {
  for (const text of [min, max]) if (text !== "" && sizeOf(text) === null) return `This is no size: ${text}. Write 500, 10k or 1.5 MB.`;
  return ttl === "" || ttl === "with" || ttl === "without" || /^\d+$/.test(ttl) ? null : `This is no time in seconds: ${ttl}`;
}

/** A pattern as the server has them: a word without any special character is looked for anywhere. */
export function patternOf(match: string): Uint8Array {
  return octetsOf(/[*?[]/.test(match) ? match : `*${match}*`);
}

/** Where and what is searched. */
interface Searched {
  readonly database: number;
  readonly prefix: Uint8Array;
  readonly search: Search;
}

/** As REPLICANT.SEARCH takes it. */
export function filterWords({ database, prefix, search }: Searched): Word[] {
  const words: Word[] = ["DB", database];
  if (prefix.length > 0) words.push("PREFIX", prefix);
  if (search.match !== "") words.push("MATCH", patternOf(search.match));
  if (search.type !== "") words.push("TYPE", search.type);
  const [min, max] = [sizeOf(search.min), sizeOf(search.max)];
  if (min !== null) words.push("MINSIZE", min);
  if (max !== null) words.push("MAXSIZE", max);
  if (search.ttl === "with" || search.ttl === "without") words.push("TTL", search.ttl);
  else if (search.ttl !== "") words.push("TTL", "BELOW", search.ttl);
  return words;
}

/** As REPLICANT.PURGE takes it: a prefix or a pattern must be there. */
export function purgeWords(searched: Searched): Word[] {
  const words = filterWords(searched);
  return searched.search.match === "" && searched.prefix.length === 0 ? [...words, "MATCH", "*"] : words;
}
