/** All commands of a server by name, each with what restricts it and with its statistics. */

import type { Config } from "../config/config.ts";
import { ConfigError } from "../config/error.ts";
import type { Frame } from "../protocol/frame.ts";
import type { Contract, Flag, Runnable } from "./contract.ts";
import type { LatencyHistogram } from "./latency-histogram.ts";

/** Restrictions that the state of the server or of a client puts on commands; a command lists those that keep it from running. */
export const Restriction = {
  /** The dataset is being loaded. */
  LOADING: 1 << 0,
  /** The link to the master is down and stale data must not be served. */
  STALE: 1 << 1,
  /** Writes are refused: a read-only replica, too few replicas. */
  WRITE: 1 << 2,
  /** Writes are refused because the disk failed: a background save or the append-only file. */
  DISK: 1 << 5,
  /** Memory is at its limit. */
  MEMORY: 1 << 3,
  /** Nothing may be replicated (session/pauses.ts). */
  PAUSE: 1 << 4,
  /** A script runs for so long that only what ends it is served. */
  BUSY: 1 << 6,
  /** Nothing is served: a pause that holds all commands. */
  PAUSE_ALL: 1 << 7,
  /** Keys are being migrated to another server: what could see or change them has to wait. */
  MIGRATION: 1 << 8,
  /** A dataset is being loaded while the one that there was is served. */
  ASYNC_LOADING: 1 << 9,
  /** A directive says who may call it, and not everyone may. */
  PROTECTED: 1 << 10,
} as const;

/** What flags come to. */
interface FlagFacts {
  readonly isWrite: boolean;
  readonly isReadOnly: boolean;
  readonly noAuth: boolean;
  readonly noMulti: boolean;
  readonly noScript: boolean;
  readonly isFast: boolean;
  readonly isHidden: boolean;
  readonly skipsLog: boolean;
  readonly mayReplicate: boolean;
  /** Bits of Restriction. */
  readonly restrictions: number;
}

/** Looked up for each list of flags once: 400 commands share some 60 (`wordsOf`). */
const FACTS = new Map<readonly Flag[], FlagFacts>();

function factsOf(flags: readonly Flag[]): FlagFacts {
  let facts = FACTS.get(flags);
  if (facts === undefined) {
    facts = readFlags(new Set(flags));
    FACTS.set(flags, facts);
  }
  return facts;
}

function readFlags(flags: ReadonlySet<Flag>): FlagFacts {
  const isWrite = flags.has("write");
  const mayReplicate = flags.has("may_replicate");
  return {
    isWrite,
    isReadOnly: flags.has("readonly"),
    noAuth: flags.has("no_auth"),
    noMulti: flags.has("no_multi"),
    noScript: flags.has("noscript"),
    isFast: flags.has("fast"),
    isHidden: flags.has("admin") || flags.has("skip_monitor"),
    skipsLog: flags.has("skip_slowlog"),
    mayReplicate,
    restrictions:
      (flags.has("loading") ? 0 : Restriction.LOADING) |
      (flags.has("no_async_loading") ? Restriction.ASYNC_LOADING : 0) |
      (flags.has("allow_busy") ? 0 : Restriction.BUSY) |
      (flags.has("stale") ? 0 : Restriction.STALE) |
      (isWrite ? Restriction.WRITE | Restriction.DISK : 0) |
      (flags.has("denyoom") ? Restriction.MEMORY : 0) |
      (isWrite || mayReplicate ? Restriction.PAUSE : 0) |
      Restriction.PAUSE_ALL,
  };
}

/** Of a command that has none. */
const NO_SUBCOMMANDS: ReadonlyMap<string, never> = new Map<string, never>();

export class CommandEntry<Context = never> {
  /** From 0 on, one for each command and subcommand of a table. */
  readonly id: number;
  readonly spec: Contract;
  readonly handler: (context: Context) => void;
  /** `config|get` for a subcommand. */
  readonly fullName: string;
  readonly parent: CommandEntry<Context> | null;
  readonly subcommands: ReadonlyMap<string, CommandEntry<Context>>;
  /** The same for requests; null where there are none. */
  readonly subcommandIndex: NameIndex<Context> | null;
  readonly arity: number;
  readonly isWrite: boolean;
  readonly isReadOnly: boolean;
  readonly noAuth: boolean;
  readonly noMulti: boolean;
  readonly noScript: boolean;
  readonly isFast: boolean;
  /** Monitors do not see it, or not when it is over. */
  readonly isHidden: boolean;
  /** It is not for the command log. */
  readonly skipsLog: boolean;
  /** Runs things that can lead to writes, so that it must not run in what only reads. */
  readonly mayReplicate: boolean;
  /** Reads or writes keys. */
  readonly touchesData: boolean;
  /** Likewise, or may: nothing for a connection that the stream goes to. */
  readonly usesKeyspace: boolean;
  // What these say: Trait.
  readonly unqueued: boolean;
  readonly whileSubscribed: boolean;
  readonly touches: boolean;
  readonly runsQueue: boolean;
  readonly runsScript: boolean;
  readonly changesNoData: boolean;
  readonly awaitsMigrations: boolean;
  /** Which restrictions keep it from running; of a command that runs others, which may: `ownRestrictions` has those of itself. */
  readonly restrictions: number;
  readonly ownRestrictions: number;
  // commandstats
  calls = 0;
  microseconds = 0;
  rejected = 0;
  failed = 0;
  /** Calls from scripts since one was timed, and of how many one is (call-timer.ts). */
  untimed = 0;
  callsPerSample = 1;
  /** How many calls in a row are timed together. */
  callsPerLook = 1;
  /** Null until the first call that is counted (latency-tracking). */
  latency: LatencyHistogram | null = null;

  constructor(command: Runnable<Context>, newId: () => number, parent: CommandEntry<Context> | null = null) {
    const { spec } = command;
    this.id = newId();
    this.spec = spec;
    this.handler = command.handler;
    this.parent = parent;
    this.fullName = parent === null ? spec.name : `${parent.spec.name}|${spec.name}`;
    this.arity = spec.arity;
    const facts = factsOf(spec.flags);
    // Nearly all commands have none.
    const traits = spec.traits.length === 0 ? null : spec.traits;
    this.isWrite = facts.isWrite;
    this.isReadOnly = facts.isReadOnly;
    this.noAuth = facts.noAuth;
    this.noMulti = facts.noMulti;
    this.noScript = facts.noScript;
    this.isFast = facts.isFast;
    this.isHidden = facts.isHidden;
    this.skipsLog = facts.skipsLog;
    this.mayReplicate = facts.mayReplicate;
    this.touchesData = facts.isWrite || facts.isReadOnly;
    this.usesKeyspace = this.touchesData || facts.mayReplicate;
    this.whileSubscribed = traits?.includes("while-subscribed") ?? false;
    this.runsQueue = traits?.includes("runs-queue") ?? false;
    this.runsScript = traits?.includes("runs-script") ?? false;
    this.touches = traits?.includes("touches") ?? false;
    this.unqueued = traits?.includes("unqueued") ?? false;
    this.changesNoData = traits?.includes("no-data") ?? false;
    this.awaitsMigrations = traits?.includes("awaits-migrations") ?? false;
    this.ownRestrictions =
      facts.restrictions |
      (traits?.includes("tells-disk-errors") ? Restriction.DISK : 0) |
      (traits?.includes("protected") ? Restriction.PROTECTED : 0) |
      (this.touchesData || this.runsScript || this.awaitsMigrations ? Restriction.MIGRATION : 0);
    this.restrictions = this.runsQueue || this.runsScript ? ~Restriction.PROTECTED : this.ownRestrictions;
    const { subcommands } = command;
    if (subcommands.length === 0) {
      this.subcommands = NO_SUBCOMMANDS;
      this.subcommandIndex = null;
    } else {
      const entries = subcommands.map((sub) => new CommandEntry(sub, newId, this));
      this.subcommands = new Map(entries.map((entry) => [entry.spec.name, entry]));
      this.subcommandIndex = new NameIndex(layoutOf(subcommands), entries);
    }
  }

  acceptsCount(count: number): boolean {
    return this.arity >= 0 ? count === this.arity : count >= -this.arity;
  }

  resetStats(): void {
    this.calls = 0;
    this.microseconds = 0;
    this.rejected = 0;
    this.failed = 0;
    this.untimed = 0;
    this.callsPerSample = 1;
    this.callsPerLook = 1;
    this.latency = null;
    for (const sub of this.subcommands.values()) sub.resetStats();
  }
}

/**
 * Returns the entry of the subcommand that a request names, the container itself if it names none, or null if there is none of that name.
 */
export function subcommandOf<Context>(family: CommandEntry<Context>, frame: Frame): CommandEntry<Context> | null {
  if (frame.count < 2) return family;
  return family.subcommandIndex?.find(frame.buffer, frame.offsets[1], frame.lengths[1]) ?? null;
}

/** Names in capitals or not, of a few hundred commands. */
const MAX_SPELLINGS = 1024;

const NO_NAME = Buffer.alloc(0);

/** Where names have their places in a table of open addressing. */
class NameLayout {
  readonly mask: number;
  /** By their places. */
  readonly names: readonly Buffer[];
  /** The place of each name, in the order in which they were given. */
  readonly places: readonly number[];
  readonly longest: number;

  /** `texts`: in lower case, each once. */
  constructor(texts: readonly string[]) {
    // A power of two, a quarter full at most.
    const size = 4 << (32 - Math.clz32(texts.length));
    const names: Buffer[] = new Array(size).fill(NO_NAME);
    this.mask = size - 1;
    this.longest = Math.max(0, ...texts.map(({ length }) => length));
    this.places = texts.map((text) => {
      const name = Buffer.from(text, "latin1");
      let slot = slotOf(name, 0, name.length, this.mask);
      while (names[slot] !== NO_NAME) slot = (slot + 1) & this.mask;
      names[slot] = name;
      return slot;
    });
    this.names = names;
  }
}

/** Those of lists of commands, which all servers of a process share: each is worked out once. */
const LAYOUTS = new WeakMap<readonly object[], NameLayout>();

function layoutOf(commands: readonly { readonly spec: Contract }[]): NameLayout {
  let layout = LAYOUTS.get(commands);
  if (layout === undefined) {
    layout = new NameLayout(commands.map(({ spec }) => spec.name));
    LAYOUTS.set(commands, layout);
  }
  return layout;
}

/** Entries by their names' bytes, so that a lookup makes no string. */
class NameIndex<Context> {
  private readonly mask: number;
  private readonly slots: (CommandEntry<Context> | null)[];
  private readonly names: readonly Buffer[];
  private readonly longest: number;

  /** `entries` in the order of the names of `layout`. */
  constructor(layout: NameLayout, entries: readonly CommandEntry<Context>[]) {
    const { mask, names, places, longest } = layout;
    this.mask = mask;
    this.names = names;
    this.longest = longest;
    this.slots = new Array(mask + 1).fill(null);
    for (let index = 0; index < places.length; index++) this.slots[places[index]] = entries[index];
  }

  /** Returns the command that bytes[from, from + length) name in any case, or null. Hot. */
  find(bytes: Buffer, from: number, length: number): CommandEntry<Context> | null {
    if (length > this.longest) return null;
    let slot = slotOf(bytes, from, length, this.mask);
    for (;;) {
      const entry = this.slots[slot];
      if (entry === null || sameName(this.names[slot], bytes, from, length)) return entry;
      slot = (slot + 1) & this.mask;
    }
  }
}

export class CommandTable<Context = never> {
  private readonly entries: readonly CommandEntry<Context>[];
  /** Top-level commands by the names that are their own, once they are asked for, and by those under which they can be called if others. */
  private originalsMade: ReadonlyMap<string, CommandEntry<Context>> | null = null;
  private renamed: ReadonlyMap<string, CommandEntry<Context>> | null = null;
  private index: NameIndex<Context>;
  /** Commands as scripts have spelled their names. */
  private readonly spellings = new Map<string, CommandEntry<Context>>();

  constructor(commands: readonly Runnable<Context>[]) {
    let count = 0;
    this.entries = commands.map((command) => new CommandEntry(command, () => count++));
    this.index = new NameIndex(layoutOf(commands), this.entries);
  }

  private get originals(): ReadonlyMap<string, CommandEntry<Context>> {
    this.originalsMade ??= new Map(this.entries.map((entry) => [entry.spec.name, entry]));
    return this.originalsMade;
  }

  /** Top-level commands by the names, in lower case, under which they can be called. */
  get byName(): ReadonlyMap<string, CommandEntry<Context>> {
    return this.renamed ?? this.originals;
  }

  /** `rename-command`: from now on a command is called `to`, or not at all (""). Returns why that cannot be, or null. */
  rename(from: string, to: string): string | null {
    const names = new Map(this.byName);
    const entry = names.get(from.toLowerCase());
    if (entry === undefined) return "No such command in rename-command";
    names.delete(from.toLowerCase());
    if (to !== "") {
      if (names.has(to.toLowerCase())) return "Target command name already exists";
      names.set(to.toLowerCase(), entry);
    }
    this.renamed = names;
    this.index = new NameIndex(new NameLayout([...names.keys()]), [...names.values()]);
    this.spellings.clear();
    return null;
  }

  /** The command that bytes[from, from + length) name in any case, or null. */
  find(bytes: Buffer, from: number, length: number): CommandEntry<Context> | null {
    return this.index.find(bytes, from, length);
  }

  /** Returns the command or subcommand of a request whose first word is `name`, or null. Hot. */
  resolveNamed(name: string, frame: Frame): CommandEntry<Context> | null {
    let found = this.spellings.get(name) ?? null;
    if (found === null) {
      found = this.find(frame.buffer, frame.offsets[0], frame.lengths[0]);
      if (found === null) return null;
      if (this.spellings.size < MAX_SPELLINGS) this.spellings.set(name, found);
    }
    return found.subcommands.size === 0 ? found : subcommandOf(found, frame);
  }

  /** Returns the command or subcommand that a request names, or null. */
  resolve(frame: Frame): CommandEntry<Context> | null {
    const found = this.find(frame.buffer, frame.offsets[0], frame.lengths[0]);
    return found === null || found.subcommands.size === 0 ? found : subcommandOf(found, frame);
  }

  /** Returns the command of this full name in any case ("get", "config|get"), or null. */
  named(fullName: string): CommandEntry<Context> | null {
    return namedIn(this.byName, fullName);
  }

  /** Likewise by the name that is its own, whatever it is called by: rules of users go by these. */
  original(fullName: string): CommandEntry<Context> | null {
    return namedIn(this.originals, fullName);
  }

  /** Every entry, also of commands that cannot be called any more, subcommands after their parents. */
  *everything(): IterableIterator<CommandEntry<Context>> {
    for (const entry of this.entries) {
      yield entry;
      yield* entry.subcommands.values();
    }
  }

  /** Every entry, subcommands after their parents. */
  *all(): IterableIterator<CommandEntry<Context>> {
    for (const entry of this.byName.values()) {
      yield entry;
      yield* entry.subcommands.values();
    }
  }

  resetStats(): void {
    for (const entry of this.entries) entry.resetStats();
  }
}

/** Brings the `rename-command` lines of a configuration into effect. Errors: ConfigError. */
export function renameCommands<Context>(commands: CommandTable<Context>, config: Config): void {
  for (const { place, text, words } of config.renames) {
    const [from = "", to = ""] = words;
    const problem = commands.rename(from, to);
    if (problem !== null) throw new ConfigError(`${place}: '${text}': ${problem}`);
  }
}

function namedIn<Context>(names: ReadonlyMap<string, CommandEntry<Context>>, fullName: string): CommandEntry<Context> | null {
  const [name, subcommand, ...rest] = fullName.toLowerCase().split("|");
  const found = names.get(name);
  if (found === undefined || rest.length > 0) return null;
  return subcommand === undefined ? found : (found.subcommands.get(subcommand) ?? null);
}

function slotOf(bytes: Buffer, from: number, length: number, mask: number): number {
  let hash = length;
  for (let at = from; at < from + length; at++) hash = (Math.imul(hash, 31) + (bytes[at] | 0x20)) | 0;
  return (hash ^ (hash >>> 11)) & mask;
}

/** `name` is lower case; letters of `bytes` match in either. */
function sameName(name: Buffer, bytes: Buffer, from: number, length: number): boolean {
  if (name.length !== length) return false;
  for (let at = 0; at < length; at++) {
    const byte = bytes[from + at];
    if (name[at] !== byte && !(byte >= 0x41 && byte <= 0x5a && name[at] === (byte | 0x20))) return false;
  }
  return true;
}
