/** What tests say about keys. */

import type { Link } from "../client/link.ts";
import { diffLines } from "./diff.ts";
import { type Expected, type KeyType, linesOf, otherKind, readKey } from "./values.ts";

/** What was asserted does not hold. Test runners show the message, which has the difference; some show `expected` and `actual` as well. */
export class KeyAssertionError extends Error {
  override name = "AssertionError";
  readonly code = "ERR_ASSERTION";
  readonly expected: unknown;
  readonly actual: unknown;

  constructor(message: string, expected: unknown, actual: unknown) {
    super(message);
    this.expected = expected;
    this.actual = actual;
  }
}

/** Each resolves when what it says holds. Errors: KeyAssertionError. */
export class KeyAssertions {
  private readonly linkOf: () => Link;

  constructor(linkOf: () => Link) {
    this.linkOf = linkOf;
  }

  /** There is a key of this name. */
  async exists(key: string): Promise<void> {
    const { type } = await readKey(this.linkOf(), key);
    if (type === "none") throw new KeyAssertionError(`key ${quoted(key)} does not exist${await this.others(key)}`, "a key", "none");
  }

  /** There is none. */
  async missing(key: string): Promise<void> {
    const { type, lines } = await readKey(this.linkOf(), key);
    if (type === "none") return;
    throw new KeyAssertionError(`key ${quoted(key)} exists: it is a ${type}\n\n${indented(lines)}`, "none", type);
  }

  /** The key is of this type, as TYPE has it. */
  async type(key: string, expected: KeyType): Promise<void> {
    const { type } = await readKey(this.linkOf(), key);
    if (type !== expected) throw new KeyAssertionError(`key ${quoted(key)} is of type ${type}, expected ${expected}`, expected, type);
  }

  /**
   * The key holds this value: a string or number for a string, an array for a list, a Set or array for a set, an object or Map for a hash,
   * an object of members and scores (or an array of pairs) for a sorted set, an array of [id, fields] for a stream.
   */
  async equals(key: string, expected: Expected): Promise<void> {
    const { type, lines } = await readKey(this.linkOf(), key);
    if (type === "none") throw new KeyAssertionError(`key ${quoted(key)} does not exist${await this.others(key)}`, expected, null);
    const other = otherKind(type, expected);
    if (other !== null) throw new KeyAssertionError(`key ${quoted(key)} is a ${type}, which is not compared with ${other}`, expected, type);
    const wanted = linesOf(type, expected);
    if (wanted.length === lines.length && wanted.every((line, index) => line === lines[index])) return;
    const heading = `key ${quoted(key)}, a ${type}, has another value`;
    throw new KeyAssertionError(`${heading}\n\n${LEGEND}\n${diffLines(wanted, lines).join("\n")}`, wanted, lines);
  }

  /** The key has no time to live, or one between so many seconds. */
  async ttl(key: string, least: number, most: number): Promise<void> {
    const ms = Number(await this.linkOf().send(["PTTL", key], false));
    const seconds = ms / 1000;
    if (ms >= 0 && seconds >= least && seconds <= most) return;
    const found = ms === -2 ? "does not exist" : ms === -1 ? "does not expire" : `expires in ${seconds} s`;
    throw new KeyAssertionError(`key ${quoted(key)} ${found}, expected ${least} to ${most} s`, [least, most], ms < 0 ? null : seconds);
  }

  /** The key is there and never expires. */
  async persists(key: string): Promise<void> {
    const ms = Number(await this.linkOf().send(["PTTL", key], false));
    if (ms === -1) return;
    const found = ms === -2 ? "does not exist" : `expires in ${ms / 1000} s`;
    throw new KeyAssertionError(`key ${quoted(key)} ${found}, expected one that does not expire`, -1, ms);
  }

  /** These are the keys that match the pattern, in any order: all keys of the database where only names are given. */
  async keys(pattern: string | readonly string[], names?: readonly string[]): Promise<void> {
    const [glob, expected] = typeof pattern === "string" ? [pattern, names ?? []] : ["*", pattern];
    const found = ((await this.linkOf().send(["KEYS", glob], false)) as string[]).sort();
    const wanted = [...expected].sort();
    if (found.length === wanted.length && found.every((name, index) => name === wanted[index])) return;
    const heading = glob === "*" ? "there are other keys" : `other keys match ${quoted(glob)}`;
    throw new KeyAssertionError(`${heading}\n\n${LEGEND}\n${diffLines(wanted, found).join("\n")}`, wanted, found);
  }

  /** What may have been meant by the name of a key that is not there. */
  private async others(key: string): Promise<string> {
    const [, names] = (await this.linkOf().send(["SCAN", 0, "COUNT", 1000], false)) as [string, string[]];
    if (names.length === 0) return ": the database is empty";
    const start = key.slice(0, Math.max(1, key.search(/[:.\-/]/)));
    const alike = names.filter((name) => name.startsWith(start)).sort();
    const shown = (alike.length > 0 ? alike : names.sort()).slice(0, MOST_NAMES).map(quoted).join(", ");
    return `: there are ${shown}${names.length > MOST_NAMES ? ", ..." : ""}`;
  }
}

const LEGEND = "- expected\n+ found\n";
const MOST_NAMES = 10;

function quoted(key: string): string {
  return JSON.stringify(key);
}

function indented(lines: readonly string[]): string {
  const shown = lines.slice(0, MOST_NAMES).map((line) => `  ${line}`);
  return (lines.length > MOST_NAMES ? [...shown, `  ... ${lines.length - MOST_NAMES} more`] : shown).join("\n");
}
