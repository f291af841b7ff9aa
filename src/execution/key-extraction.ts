/** Which arguments of a request are keys: for COMMAND GETKEYS, access rules and clusters. */

import type { KeyFlag, KeySpec } from "./command-syntax.ts";
import type { Arguments } from "./contract.ts";
import type { CommandEntry } from "./registry.ts";

/** A key of a request and what the command does with it. */
export interface KeyReference {
  readonly index: number;
  readonly flags: readonly KeyFlag[];
}

/** Whether requests of this command can have keys at all. */
export function canHaveKeys(entry: CommandEntry): boolean {
  return entry.spec.keys.some((spec) => !spec.flags.includes("not_key"));
}

/** What tells how the one key of a request of this command is accessed, where its specification leaves that open and nothing else; or null. */
export function flagFinder(entry: CommandEntry): ((request: Arguments) => readonly KeyFlag[]) | null {
  return FLAGS.get(entry.fullName) ?? null;
}

/**
 * Returns the keys of a request whose number of arguments the command accepts, in the order of its key specifications. None for a request
 * that the command will refuse for its syntax.
 */
export function keysOf(entry: CommandEntry, request: Arguments): readonly KeyReference[] {
  const specs = entry.spec.keys.filter((spec) => !spec.flags.includes("not_key"));
  const told = specs.some((spec) => spec.flags.includes("variable_flags")) ? null : keysBySpecs(specs, request);
  return told ?? FINDERS.get(entry.fullName)?.(request) ?? [];
}

/**
 * The same for access rules, which must not miss a key: of a request whose specifications do not all fit, what those say that do, and
 * behind a word that comes more than once, as STORE may, every key.
 */
export function keysToCheck(entry: CommandEntry, request: Arguments): readonly KeyReference[] {
  const specs = entry.spec.keys.filter((spec) => !spec.flags.includes("not_key"));
  const told = keysOf(entry, request);
  const keys = told.length > 0 ? [...told] : specs.flatMap((spec) => keysOfSpec(spec, request));
  for (const spec of specs) {
    if (typeof spec.begin === "object" && "keyword" in spec.begin) keys.push(...keysBehindEach(spec, spec.begin.keyword, request));
  }
  return keys;
}

/** The keys whose values a client may keep copies of: none of what only looks like one. */
export function keysToTrack(entry: CommandEntry, request: Arguments): readonly KeyReference[] {
  return entry.spec.flags.includes("pubsub") ? [] : keysOf(entry, request);
}

function keysOfSpec(spec: KeySpec, request: Arguments): KeyReference[] {
  const begin = beginOf(spec, request);
  const range = begin === null || begin === NOT_THERE ? null : rangeOf(spec, begin, request);
  // More keys than arguments are announced: the command will refuse that.
  if (range === null || (typeof spec.find === "object" && "keyNumIndex" in spec.find && range.last >= request.count)) return [];
  const keys: KeyReference[] = [];
  const last = Math.min(range.last, request.count - 1);
  for (let index = range.first; index <= last; index += range.step) keys.push({ index, flags: spec.flags });
  return keys;
}

/** The key behind each place where the word of a specification of one key stands. */
function keysBehindEach({ begin, find, flags }: KeySpec, keyword: string, request: Arguments): KeyReference[] {
  if (typeof find !== "object" || !("lastKey" in find) || find.lastKey !== 0) return [];
  const from = typeof begin === "object" && "startFrom" in begin && begin.startFrom > 0 ? begin.startFrom : 1;
  const keys: KeyReference[] = [];
  for (let index = from; index + 1 < request.count; index++) {
    if (request.text(index).toLowerCase() === keyword.toLowerCase()) keys.push({ index: index + 1, flags });
  }
  return keys;
}

/** Returns null if a specification does not fit the request, or does not cover all keys. */
function keysBySpecs(specs: readonly KeySpec[], request: Arguments): KeyReference[] | null {
  const keys: KeyReference[] = [];
  for (const spec of specs) {
    const begin = beginOf(spec, request);
    if (begin === null) return null;
    if (begin === NOT_THERE) continue;
    const range = rangeOf(spec, begin, request);
    if (range === null) return null;
    const { first, last, step } = range;
    if (last >= request.count || last < first || first >= request.count) return null;
    for (let index = first; index <= last; index += step) keys.push({ index, flags: spec.flags });
    if (spec.flags.includes("incomplete")) return null;
  }
  return keys;
}

const NOT_THERE = 0;

/** Returns the index from which keys are counted, NOT_THERE if the word before them is missing, null if the specification doesn't say. */
function beginOf({ begin }: KeySpec, request: Arguments): number | null {
  if (begin === "unknown") return null;
  if ("index" in begin) return begin.index;
  const { count } = request;
  const forward = begin.startFrom > 0;
  const step = forward ? 1 : -1;
  // A forward search leaves out the last argument, which no key can follow; a backward one the first.
  const end = forward ? count - 1 : 1;
  for (let index = forward ? begin.startFrom : count + begin.startFrom; forward ? index < end : index > end; index += step) {
    if (request.text(index).toLowerCase() === begin.keyword.toLowerCase()) return index + 1;
  }
  return NOT_THERE;
}

/** Returns null if the number of keys is missing or invalid. */
function rangeOf({ find }: KeySpec, begin: number, request: Arguments): { first: number; last: number; step: number } | null {
  if (find === "unknown") return null;
  if ("keyNumIndex" in find) {
    const at = begin + find.keyNumIndex;
    const text = at < request.count ? request.text(at) : "";
    if (!/^[1-9]\d*$/.test(text)) return null;
    const first = begin + find.firstKey;
    return { first, last: first + (Number(text) - 1) * find.step, step: find.step };
  }
  const { lastKey, step, limit } = find;
  if (lastKey >= 0) return { first: begin, last: begin + lastKey, step };
  if (limit === 0) return { first: begin, last: request.count + lastKey, step };
  return { first: begin, last: begin + Math.floor((request.count - begin) / limit) + lastKey, step };
}

// ---- commands whose specifications cannot tell the keys or how they are accessed

const READ: readonly KeyFlag[] = ["RO", "access"];
const READ_AND_WRITE: readonly KeyFlag[] = ["RW", "access", "update"];
const OVERWRITE: readonly KeyFlag[] = ["OW", "update"];
const CONDITIONAL_WRITE: readonly KeyFlag[] = ["RW", "update"];
const PLAIN_DELETE: readonly KeyFlag[] = ["RM", "delete"];
const CONDITIONAL_DELETE: readonly KeyFlag[] = ["RW", "delete"];

type KeyFinder = (request: Arguments) => KeyReference[];

/** What is done with the one key of a request, where only that depends on its options. */
const FLAGS: ReadonlyMap<string, (request: Arguments) => readonly KeyFlag[]> = new Map([
  ["set", setFlags],
  ["delex", (request: Arguments) => (hasCondition(request, 2) ? CONDITIONAL_DELETE : PLAIN_DELETE)],
  ["bitfield", (request: Arguments) => (onlyReadsBits(request) ? READ : READ_AND_WRITE)],
]);

const FINDERS: ReadonlyMap<string, KeyFinder> = new Map<string, KeyFinder>([
  ...[...FLAGS].map(([name, flags]): [string, KeyFinder] => [name, (request) => [{ index: 1, flags: flags(request) }]]),
  ["sort", sortKeys],
  ["sort_ro", () => [{ index: 1, flags: ["RO", "access"] }]],
  ["migrate", migrateKeys],
]);

function hasWord(request: Arguments, from: number, word: string): boolean {
  for (let index = from; index < request.count; index++) if (request.is(index, word)) return true;
  return false;
}

/** Options of SET and DELEX that compare the value. */
const VALUE_CONDITIONS = ["ifeq", "ifne", "ifdeq", "ifdne"];

function hasCondition(request: Arguments, from: number): boolean {
  return VALUE_CONDITIONS.some((word) => hasWord(request, from, word));
}

function setFlags(request: Arguments): readonly KeyFlag[] {
  if (request.count === 3) return OVERWRITE;
  if (hasWord(request, 3, "get")) return READ_AND_WRITE;
  return hasCondition(request, 3) ? CONDITIONAL_WRITE : OVERWRITE;
}

/** Whether all operations are GET, as far as the syntax holds. */
function onlyReadsBits(request: Arguments): boolean {
  for (let index = 2; index < request.count; ) {
    const operation = request.text(index).toLowerCase();
    const size = operation === "get" ? 3 : operation === "overflow" ? 2 : 0;
    if (size === 0 || index + size > request.count) return false;
    index += size;
  }
  return true;
}

const SORT_OPTION_SIZES: ReadonlyMap<string, number> = new Map(Object.entries({ limit: 3, get: 2, by: 2 }));

/** The keys of BY and GET depend on the elements, so they cannot be told; the last STORE counts. */
function sortKeys(request: Arguments): KeyReference[] {
  const keys: KeyReference[] = [{ index: 1, flags: ["RO", "access"] }];
  for (let index = 2; index < request.count; ) {
    const option = request.text(index).toLowerCase();
    if (option === "store" && index + 1 < request.count) keys[1] = { index: index + 1, flags: ["OW", "update"] };
    index += SORT_OPTION_SIZES.get(option) ?? 1;
  }
  return keys;
}

const MIGRATE_OPTION_SIZES: ReadonlyMap<string, number> = new Map(Object.entries({ auth: 2, auth2: 3 }));

/** The key argument, or all that follows KEYS when that is empty; none when both are given. */
function migrateKeys(request: Arguments): KeyReference[] {
  const keys: KeyReference[] = [];
  for (let index = 6; index < request.count; ) {
    const option = request.text(index).toLowerCase();
    if (option === "keys") {
      if (request.text(3) === "") for (let at = index + 1; at < request.count; at++) keys.push({ index: at, flags: MIGRATE_FLAGS });
      return keys;
    }
    index += MIGRATE_OPTION_SIZES.get(option) ?? 1;
  }
  return [{ index: 3, flags: MIGRATE_FLAGS }];
}

const MIGRATE_FLAGS: readonly KeyFlag[] = ["RW", "access", "delete"];
