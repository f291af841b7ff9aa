/**
 * Whether a user may make a request: its command, and every key and channel in it, allowed by one selector. Asked for sessions that are
 * guarded only. Source: ACLCheckAllUserCommandPerm in acl.c.
 */

import type { Frame } from "../protocol/frame.ts";
import { Denied } from "../session/acl/acl-log.ts";
import type { RuleCommand, RuleCommands } from "../session/acl/commands.ts";
import { Access, type Selector } from "../session/acl/selector.ts";
import type { User } from "../session/acl/user.ts";
import { CATEGORIES, categoriesOf } from "./categories.ts";
import type { KeyFlag, KeySpec } from "./command-syntax.ts";
import { canHaveKeys, flagFinder, keysToCheck } from "./key-extraction.ts";
import type { CommandEntry, CommandTable } from "./registry.ts";

/** What is denied, and the argument that it is denied for: 0 for the command itself. */
export interface Denial {
  readonly reason: typeof Denied.COMMAND | typeof Denied.KEY | typeof Denied.CHANNEL;
  readonly index: number;
}

/** Keys at fixed places: argument `first` and every `step`th after it to `last` (negative: from the end). */
interface KeyRange {
  readonly first: number;
  readonly last: number;
  readonly step: number;
  /** What is done with them; a function where that depends on the request. */
  readonly access: number | ((request: Frame) => number);
}

/** Null: they must be looked for. */
type KeyPlan = readonly KeyRange[] | null;

/** Channels from argument 1 on, one or all; `patterns`: patterns of channels. Leaving channels is free. */
const CHANNELS: ReadonlyMap<string, { readonly all: boolean; readonly patterns: boolean }> = new Map([
  ["publish", { all: false, patterns: false }],
  ["spublish", { all: false, patterns: false }],
  ["subscribe", { all: true, patterns: false }],
  ["ssubscribe", { all: true, patterns: false }],
  ["psubscribe", { all: true, patterns: true }],
]);

/** What rules may name. */
export function ruleCommands(commands: CommandTable): RuleCommands {
  return {
    named: (fullName) => commands.original(fullName),
    inCategory: (category) => {
      if (!CATEGORIES.some((known) => known === category)) return null;
      return [...commands.everything()].filter((entry) => categoriesOf(entry).some((own) => own === category));
    },
  };
}

export class Permissions {
  /** By the command's id, as they are first asked for. */
  private readonly plans: (KeyPlan | undefined)[] = [];

  /** Why the user may not make this request, which has as many arguments as its command takes, or null. */
  denial(user: User, entry: CommandEntry, request: Frame): Denial | null {
    let denial: Denial | null = null;
    for (const selector of user.selectors) {
      const found = this.denialBy(selector, entry, request);
      if (found === null) return null;
      if (denial === null || found.reason > denial.reason || (found.reason === denial.reason && found.index > denial.index)) denial = found;
    }
    return denial;
  }

  private denialBy(selector: Selector, entry: CommandEntry, request: Frame): Denial | null {
    if (!selector.allCommands && !selector.allowsCommand(entry, firstArgumentOf(entry, request)))
      return { reason: Denied.COMMAND, index: 0 };
    const key = selector.allKeys ? 0 : this.deniedKey(selector, entry, request);
    if (key > 0) return { reason: Denied.KEY, index: key };
    const channel = selector.allChannels ? 0 : deniedChannel(selector, entry, request);
    return channel > 0 ? { reason: Denied.CHANNEL, index: channel } : null;
  }

  /** Returns the argument that is a key which may not be accessed as the command does, or 0. */
  private deniedKey(selector: Selector, entry: CommandEntry, request: Frame): number {
    let plan = this.plans[entry.id];
    if (plan === undefined) {
      plan = planOf(entry);
      this.plans[entry.id] = plan;
    }
    if (plan === null) return deniedAmong(selector, entry, request);
    const { buffer, offsets, lengths, count } = request;
    for (const { first, last, step, access } of plan) {
      const end = last < 0 ? count + last : last;
      const wanted = typeof access === "number" ? access : access(request);
      for (let index = first; index <= end && index < count; index += step) {
        if (!selector.allowsKey(buffer, offsets[index], lengths[index], wanted)) return index;
      }
    }
    return 0;
  }

  /** Whether the user may make this request, and read whatever key there is: SORT's BY and GET do. */
  mayReadEveryKey(user: User, entry: CommandEntry, request: Frame): boolean {
    return user.selectors.some((selector) => selector.allowsEveryKey(Access.READ) && this.denialBy(selector, entry, request) === null);
  }
}

function firstArgumentOf(entry: RuleCommand, request: Frame): () => string | null {
  return () => {
    const index = entry.parent === null ? 1 : 2;
    return request.count > index ? request.text(index) : null;
  };
}

function accessOf(flags: readonly KeyFlag[]): number {
  const reads = flags.includes("access") ? Access.READ : 0;
  return flags.includes("insert") || flags.includes("delete") || flags.includes("update") ? reads | Access.WRITE : reads;
}

function planOf(entry: CommandEntry): KeyPlan {
  if (!canHaveKeys(entry)) return [];
  const specs = entry.spec.keys.filter(({ flags }) => !flags.includes("not_key"));
  const ranges = specs.map((spec) => rangeOf(entry, spec));
  return ranges.every((range) => range !== null) ? ranges : null;
}

function rangeOf(entry: CommandEntry, { begin, find, flags }: KeySpec): KeyRange | null {
  const finder = flagFinder(entry);
  if ((flags.includes("variable_flags") && finder === null) || flags.includes("incomplete")) return null;
  if (typeof begin !== "object" || !("index" in begin) || typeof find !== "object" || !("lastKey" in find) || find.limit > 1) return null;
  const { lastKey, step } = find;
  return {
    first: begin.index,
    last: lastKey < 0 ? lastKey : begin.index + lastKey,
    step,
    access: finder === null ? accessOf(flags) : (request) => accessOf(finder(request)),
  };
}

function deniedAmong(selector: Selector, entry: CommandEntry, request: Frame): number {
  const { buffer, offsets, lengths } = request;
  for (const { index, flags } of keysToCheck(entry, request)) {
    if (!selector.allowsKey(buffer, offsets[index], lengths[index], accessOf(flags))) return index;
  }
  return 0;
}

function deniedChannel(selector: Selector, entry: CommandEntry, request: Frame): number {
  const channels = CHANNELS.get(entry.fullName);
  if (channels === undefined) return 0;
  const end = channels.all ? request.count : 2;
  for (let index = 1; index < end; index++) if (!selector.allowsChannel(request.argument(index), channels.patterns)) return index;
  return 0;
}

const DENIAL_TEXTS = {
  [Denied.KEY]: "access a key",
  [Denied.CHANNEL]: "access a channel",
} as const;

/** What is said of a denial, but not what it was denied for: keys and channels of others are not to be learnt from it. */
export function denialText({ reason }: Denial, user: User, entry: CommandEntry): string {
  if (reason === Denied.COMMAND) return `User ${user.name} has no permissions to run the '${entry.fullName}' command`;
  return `No permissions to ${DENIAL_TEXTS[reason]}`;
}

/** The same with the key or channel: ACL DRYRUN. */
export function denialDetails(denial: Denial, user: User, entry: CommandEntry, request: Frame): string {
  if (denial.reason === Denied.COMMAND) return denialText(denial, user, entry);
  const what = denial.reason === Denied.KEY ? "key" : "channel";
  return `User ${user.name} has no permissions to access the '${request.text(denial.index)}' ${what}`;
}
