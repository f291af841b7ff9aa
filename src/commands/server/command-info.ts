/** COMMAND and COMMAND INFO: what clients and proxies need to know in order to route a command. */

import { categoriesOf } from "../../execution/categories.ts";
import { type KeyFlag, type KeySpec, wordsOf } from "../../execution/command-syntax.ts";
import type { Contract, Flag } from "../../execution/contract.ts";
import type { CommandEntry } from "../../execution/registry.ts";
import type { Reply } from "../../protocol/reply.ts";

/** What COMMAND answers for a command (`answers`). */
export const COMMAND_INFO = `CommandInfo = [name: string, arity: integer, flags: set<status>, firstKey: integer, lastKey: integer, step: integer,
    categories: set<status>, tips: set<string>, keys: set<KeySpecification>, subcommands: CommandInfo[] | set<CommandInfo>]
  where KeySpecification = {notes?: string, flags: set<status>,
    begin_search: {type: string, spec: {index?: integer, keyword?: string, startfrom?: integer}},
    find_keys: {type: string, spec: {lastkey?: integer, keystep?: integer, limit?: integer, keynumidx?: integer, firstkey?: integer}}}`;

/** The flags shown to clients, in Redis's order; `may_replicate` is not one of them. */
const SHOWN_FLAGS: readonly Flag[] = [
  ...wordsOf("write readonly denyoom admin pubsub noscript blocking loading stale skip_monitor skip_slowlog asking fast no_auth"),
  ...wordsOf("no_mandatory_keys no_async_loading no_multi movablekeys allow_busy"),
];

const KEY_FLAGS: readonly KeyFlag[] = wordsOf("RO RW OW RM access update insert delete not_key incomplete variable_flags");

/** Where the keys are, in the form that preceded key specifications: indexes from the first key to the last (negative: from the end). */
interface KeyRange {
  readonly first: number;
  readonly last: number;
  readonly step: number;
  /** There may be other keys: `movablekeys`. */
  readonly partial: boolean;
}

/** The ten fields of a command. */
export function replyInfo(reply: Reply, entry: CommandEntry): void {
  const { spec } = entry;
  const range = keyRange(spec);
  const flags = range.partial ? [...spec.flags, "movablekeys"] : spec.flags;
  reply.array(10);
  reply.bulk(entry.fullName);
  reply.integer(spec.arity);
  replyWords(
    reply,
    SHOWN_FLAGS.filter((flag) => flags.includes(flag)),
  );
  reply.integer(range.first);
  reply.integer(range.last);
  reply.integer(range.step);
  replyWords(
    reply,
    categoriesOf(entry).map((category) => `@${category}`),
  );
  reply.set(spec.hints.length);
  for (const tip of spec.hints) reply.bulk(tip);
  replyKeySpecs(reply, spec.keys);
  if (entry.subcommands.size === 0) return reply.set(0);
  reply.array(entry.subcommands.size);
  for (const subcommand of entry.subcommands.values()) replyInfo(reply, subcommand);
}

/** A set of status words: flags of any kind. */
export function replyWords(reply: Reply, words: readonly string[]): void {
  reply.set(words.length);
  for (const word of words) reply.simple(word);
}

/** What a command does with a key. */
export function replyKeyFlags(reply: Reply, flags: readonly KeyFlag[]): void {
  replyWords(
    reply,
    KEY_FLAGS.filter((flag) => flags.includes(flag)),
  );
}

/** Returns the range of the specifications that are ranges with a step of one and follow each other. Any other makes it partial. */
function keyRange({ keys }: Contract): KeyRange {
  const [only] = keys;
  if (
    keys.length === 1 &&
    typeof only.begin === "object" &&
    "index" in only.begin &&
    typeof only.find === "object" &&
    "lastKey" in only.find
  ) {
    const first = only.begin.index;
    return { first, last: absolute(only.find.lastKey, first), step: only.find.step, partial: only.flags.includes("incomplete") };
  }
  let first = 0;
  let last = 0;
  let partial = false;
  for (const { begin, find, flags } of keys) {
    const plain = typeof begin === "object" && "index" in begin && typeof find === "object" && "lastKey" in find && find.step === 1;
    if (!plain || (last !== 0 && last !== begin.index - 1)) {
      partial = true;
      continue;
    }
    if (flags.includes("incomplete")) partial = true;
    if (first === 0 || begin.index < first) first = begin.index;
    last = furthest(last, absolute(find.lastKey, begin.index));
  }
  return { first, last, step: first === 0 ? 0 : 1, partial };
}

function absolute(lastKey: number, first: number): number {
  return lastKey < 0 ? lastKey : first + lastKey;
}

/** A negative index counts from the end, so it is beyond any that counts from the start. */
function furthest(one: number, other: number): number {
  return one >>> 0 > other >>> 0 ? one : other;
}

function replyKeySpecs(reply: Reply, specs: readonly KeySpec[]): void {
  reply.set(specs.length);
  for (const spec of specs) {
    reply.map(spec.notes === undefined ? 3 : 4);
    if (spec.notes !== undefined) reply.field("notes", spec.notes);
    reply.bulk("flags");
    replyKeyFlags(reply, spec.flags);
    reply.bulk("begin_search");
    replyBegin(reply, spec.begin);
    reply.bulk("find_keys");
    replyFind(reply, spec.find);
  }
}

function replyBegin(reply: Reply, begin: KeySpec["begin"]): void {
  if (begin === "unknown") replySearch(reply, "unknown", {});
  else if ("index" in begin) replySearch(reply, "index", { index: begin.index });
  else replySearch(reply, "keyword", { keyword: begin.keyword, startfrom: begin.startFrom });
}

function replyFind(reply: Reply, find: KeySpec["find"]): void {
  if (find === "unknown") replySearch(reply, "unknown", {});
  else if ("lastKey" in find) replySearch(reply, "range", { lastkey: find.lastKey, keystep: find.step, limit: find.limit });
  else replySearch(reply, "keynum", { keynumidx: find.keyNumIndex, firstkey: find.firstKey, keystep: find.step });
}

function replySearch(reply: Reply, type: string, values: Readonly<Record<string, string | number>>): void {
  reply.map(2);
  reply.field("type", type);
  reply.bulk("spec");
  const fields = Object.entries(values);
  reply.map(fields.length);
  for (const [name, value] of fields) reply.field(name, value);
}
