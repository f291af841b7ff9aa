/** What a command is: its contract as data, which COMMAND, ACL, key extraction, documentation and tests read, and its handler. */

import type { Context } from "./context.ts";

export type Group =
  | "string"
  | "generic"
  | "connection"
  | "server"
  | "transactions"
  | "list"
  | "hash"
  | "set"
  | "sorted-set"
  | "stream"
  | "bitmap"
  | "hyperloglog"
  | "geo"
  | "pubsub"
  | "scripting"
  | "cluster";

/** Redis's command flags, by the names COMMAND INFO gives them. */
export type Flag =
  | "write"
  | "readonly"
  | "denyoom"
  | "admin"
  | "pubsub"
  | "noscript"
  | "blocking"
  | "loading"
  | "stale"
  | "skip_monitor"
  | "skip_slowlog"
  | "asking"
  | "fast"
  | "no_auth"
  | "may_replicate"
  | "no_async_loading"
  | "no_multi"
  | "allow_busy"
  | "no_mandatory_keys"
  | "movablekeys";

export type KeyFlag = "RO" | "RW" | "OW" | "RM" | "access" | "update" | "insert" | "delete" | "not_key" | "incomplete" | "variable_flags";

/** Where a command's keys are: Redis 7's key specifications. */
export interface KeySpec {
  readonly flags: readonly KeyFlag[];
  /** The first key is at a fixed index, or after a word searched from `startFrom` on (backwards from the end if negative). */
  readonly begin: { readonly index: number } | { readonly keyword: string; readonly startFrom: number } | "unknown";
  /** Up to `lastKey` (relative to the first; negative: from the end) in steps, at most 1/limit of the arguments; or as many as an argument says. */
  readonly find:
    | { readonly lastKey: number; readonly step: number; readonly limit: number }
    | { readonly keyNumIndex: number; readonly firstKey: number; readonly step: number }
    | "unknown";
  readonly notes?: string;
}

export type ArgumentType = "string" | "integer" | "double" | "key" | "pattern" | "unix-time" | "pure-token" | "oneof" | "block";

export interface Argument {
  readonly name: string;
  readonly type: ArgumentType;
  readonly token?: string;
  readonly displayText?: string;
  readonly keySpecIndex?: number;
  readonly since?: string;
  readonly deprecatedSince?: string;
  readonly summary?: string;
  readonly optional?: boolean;
  readonly multiple?: boolean;
  readonly multipleToken?: boolean;
  readonly arguments?: readonly Argument[];
}

export interface CommandSpec {
  /** Lower case; of a subcommand the last word only. */
  readonly name: string;
  /** Number of arguments with the name(s); negative: at least so many. */
  readonly arity: number;
  readonly group: Group;
  readonly since: string;
  readonly flags: readonly Flag[];
  readonly keys?: readonly KeySpec[];
  readonly summary: string;
  readonly complexity?: string;
  /** ACL categories beyond those that flags and group imply ("keyspace", "dangerous", ...). */
  readonly categories?: readonly string[];
  readonly arguments?: readonly Argument[];
  readonly history?: readonly (readonly [version: string, change: string])[];
  /** Hints for clients: request and response policies, non-determinism. */
  readonly tips?: readonly string[];
  readonly docFlags?: readonly ("deprecated" | "syscmd")[];
  readonly deprecatedSince?: string;
  readonly replacedBy?: string;
}

export type Handler = (ctx: Context) => void;

export interface Command {
  readonly spec: CommandSpec;
  readonly handler: Handler;
  readonly subcommands: readonly Command[];
}

export function command(spec: CommandSpec, handler: Handler): Command {
  return { spec, handler, subcommands: [] };
}

/** A command that is only a family of subcommands (CONFIG, CLIENT, ...). */
export function container(spec: CommandSpec, subcommands: readonly Command[]): Command {
  return { spec, handler: missingSubcommand, subcommands };
}

/** A command that does something without a subcommand too (COMMAND). */
export function commandWithSubcommands(spec: CommandSpec, handler: Handler, subcommands: readonly Command[]): Command {
  return { spec, handler, subcommands };
}

function missingSubcommand(): void {
  throw new Error("a container is never called itself: its arity asks for a subcommand");
}

// ---- key specifications that most commands share

function keysAt(flags: readonly KeyFlag[], index: number, lastKey: number, step: number): KeySpec {
  return { flags, begin: { index }, find: { lastKey, step, limit: 0 } };
}

/** One key, the first argument. */
export function oneKey(...flags: KeyFlag[]): readonly KeySpec[] {
  return [keysAt(flags, 1, 0, 1)];
}

/** One key at argument `index`. */
export function keyAt(index: number, ...flags: KeyFlag[]): KeySpec {
  return keysAt(flags, index, 0, 1);
}

/** All arguments from the first on, or every `step`th. */
export function allKeys(step: number, ...flags: KeyFlag[]): readonly KeySpec[] {
  return [keysAt(flags, 1, -1, step)];
}

// ---- arguments, for COMMAND DOCS

type Extra = Partial<Omit<Argument, "name" | "type">>;

export function arg(type: ArgumentType, name: string, extra: Extra = {}): Argument {
  return { name, type, ...extra };
}

export function key(name = "key", extra: Extra = {}): Argument {
  return { name, type: "key", keySpecIndex: 0, ...extra };
}

/** A bare word: `token("NX")` is named nx. */
export function token(word: string, extra: Extra = {}): Argument {
  return { name: word.toLowerCase(), type: "pure-token", token: word, ...extra };
}

export function oneOf(name: string, choices: readonly Argument[], extra: Extra = {}): Argument {
  return { name, type: "oneof", arguments: choices, ...extra };
}

export function block(name: string, parts: readonly Argument[], extra: Extra = {}): Argument {
  return { name, type: "block", arguments: parts, ...extra };
}
