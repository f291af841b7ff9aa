/** Which keys a command is about that looks through a database: DB, PREFIX, MATCH, TYPE, MINSIZE, MAXSIZE, TTL, and what its user may see. */

import { commandError, errors } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import { type ExpiryWish, KeyFilter, type Visible } from "../../inspection/key-filter.ts";
import type { Database } from "../../keyspace/database.ts";
import type { RuleCommand } from "../../session/acl/commands.ts";
import { Access } from "../../session/acl/selector.ts";
import { TYPE_NAMES, type Type } from "../../values/value-types.ts";
import { patternArgument } from "./collection-scan.ts";
import { databaseArgument } from "./database-index.ts";

/** These options in the notation of arguments. */
export const FILTERS =
  "[DB db:integer] [PREFIX prefix] [MATCH pattern] [TYPE type] [MINSIZE minsize:integer] [MAXSIZE maxsize:integer] " +
  "[TTL ttl(WITH | WITHOUT | BELOW below:integer)]";

/** What was asked for, as it is read. */
export interface FilterWords {
  database: Database;
  prefix: Buffer;
  /** Whether the prefix or a pattern was given. */
  named: boolean;
  pattern: Buffer | null;
  type: Type | null;
  minBytes: number;
  maxBytes: number;
  expiry: ExpiryWish;
  /** The words themselves, DB's aside. */
  words: Buffer[];
}

export interface Visibility {
  readonly visible: Visible | null;
  /** Says which keys these are: "" for all. */
  readonly scope: string;
}

/** Reads one option of a command's own at argument `index`. Returns how many arguments it takes, 0 when it is none. */
type OwnOption = (index: number) => number;

/** Reads filters, and what else `own` knows, from argument `first` on. Errors: syntax, not an integer, no such type or database. */
export function filterWords(call: Call, first: number, own: OwnOption = () => 0): FilterWords {
  const words: FilterWords = {
    database: call.database,
    prefix: Buffer.alloc(0),
    named: false,
    pattern: null,
    type: null,
    minBytes: 0,
    maxBytes: Number.POSITIVE_INFINITY,
    expiry: "any",
    words: [],
  };
  const given = new Set<string>();
  for (let index = first; index < call.count; ) {
    const taken = own(index);
    if (taken > 0) {
      index += taken;
      continue;
    }
    const next = index + 2;
    if (next > call.count) throw errors.syntax;
    // Of two the first would be shown, and not count.
    const name = call.text(index).toLowerCase();
    if (given.has(name)) throw errors.syntax;
    given.add(name);
    const end = readFilter(call, index, words);
    if (!call.is(index, "db")) for (let at = index; at < end; at++) words.words.push(call.bytes(at));
    index = end;
  }
  return words;
}

/** Returns the argument behind it. */
function readFilter(call: Call, index: number, words: FilterWords): number {
  const value = index + 1;
  if (call.is(index, "db")) words.database = databaseArgument(call, value);
  else if (call.is(index, "prefix")) words.prefix = call.bytes(value);
  else if (call.is(index, "match")) words.pattern = patternArgument(call, value);
  else if (call.is(index, "type")) words.type = typeArgument(call, value);
  else if (call.is(index, "minsize")) words.minBytes = call.integer(value, 0);
  else if (call.is(index, "maxsize")) words.maxBytes = call.integer(value, 0);
  else if (call.is(index, "ttl")) return readExpiry(call, value, words);
  else throw errors.syntax;
  if (call.is(index, "prefix") || call.is(index, "match")) words.named = true;
  return value + 1;
}

function readExpiry(call: Call, index: number, words: FilterWords): number {
  if (call.is(index, "with")) words.expiry = "with";
  else if (call.is(index, "without")) words.expiry = "without";
  else if (call.is(index, "below") && index + 1 < call.count) {
    words.expiry = { below: call.integer(index + 1, 0, Number.MAX_SAFE_INTEGER / 1000) * 1000 };
    return index + 2;
  } else throw errors.syntax;
  return index + 1;
}

function typeArgument(call: Call, index: number): Type {
  const wanted = call.text(index).toLowerCase();
  const found = Object.entries(TYPE_NAMES).find(([, name]) => name === wanted);
  if (found === undefined) throw commandError(`ERR unknown type name '${call.text(index)}'`);
  return Number(found[0]) as Type;
}

/** The filter of these words for keys that are `visible`, with another prefix where that is given. */
export function filterOf(
  { prefix, pattern, type, minBytes, maxBytes, expiry }: FilterWords,
  visible: Visible | null,
  other = prefix,
): KeyFilter {
  return new KeyFilter({ prefix: other, pattern, type, minBytes, maxBytes, expiry, visible });
}

/** Says what two filters that are equal but for their prefixes have in common. */
export function scopeOf({ pattern, type, minBytes, maxBytes, expiry }: FilterWords, { scope }: Visibility): string {
  return JSON.stringify([pattern?.latin1Slice() ?? null, type, minBytes, String(maxBytes), expiry, scope]);
}

/** What the client's user may read by this command, by its rules as they are now. */
export function readableBy({ session, entry }: Call): Visibility {
  const { user } = session;
  if (!session.guarded || user === null) return { visible: null, scope: "" };
  const selectors = user.selectors.filter((selector) => selector.allowsCommand(entry, () => null));
  if (selectors.some((selector) => selector.allowsEveryKey(Access.READ))) return { visible: null, scope: "" };
  return {
    visible: (bytes, from, length) => selectors.some((selector) => selector.allowsKey(bytes, from, length, Access.READ)),
    scope: selectors.map(({ keyRules }) => keyRules).join("\n"),
  };
}

/** Which keys the client's user may delete by `command`, by the rules that it has when it is asked. */
export function deletableBy({ session: { user } }: Call, command: RuleCommand): Visible | null {
  if (user === null) return null;
  return (bytes, from, length) =>
    user.selectors.some((selector) => selector.allowsCommand(command, () => null) && selector.allowsKey(bytes, from, length, Access.WRITE));
}
