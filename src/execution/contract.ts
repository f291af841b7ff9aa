/**
 * A command's contract as data, which COMMAND, ACL, key extraction, documentation and tests read, and what goes with it to make a command. It
 * knows no call: what a call refers to, the table of all commands, is made of contracts.
 */

import { type Argument, type KeySpec, parseSyntax, type Syntax, type WordOf, wordsOf } from "./command-syntax.ts";
import { parseReplies, type Replies } from "./reply-shape.ts";

export type Group =
  WordOf<"string bitmap hyperloglog list hash set sorted-set geo stream generic pubsub transactions scripting connection server cluster">;

/** Redis's command flags, by the names COMMAND INFO gives them. */
export type Flag = WordOf<
  | "write readonly denyoom admin pubsub noscript blocking loading stale skip_monitor skip_slowlog asking fast no_auth"
  | "may_replicate no_async_loading no_multi allow_busy no_mandatory_keys movablekeys"
>;

export type DocFlag = "deprecated" | "syscmd";

/** What the server itself must know about a command and clients are not told. */
export type Trait =
  /** Runs at once inside MULTI instead of being queued. */
  | "unqueued"
  /** A RESP2 client may call it while it listens to channels. */
  | "while-subscribed"
  /** Refused, as writes are, while the disk fails: PING, so that monitors notice. */
  | "tells-disk-errors"
  /** TOUCH: notes the access even after CLIENT NO-TOUCH. */
  | "touches"
  /** EXEC: its restrictions are those of the queued commands. */
  | "runs-queue"
  /** EVAL, FCALL: what the script says of itself may add restrictions, and take some away. */
  | "runs-script"
  /** Waits until no key is being migrated to another server: what the data stands for changes, or that it stands still is asked for. */
  | "awaits-migrations"
  /** Only whom a directive allows may call it: DEBUG, MODULE LOAD. */
  | "protected"
  /** Sent by a master it is not written to the append-only file: it changes no data. */
  | "no-data";

/** A request: the command's name is argument 0. A Frame is one. */
export interface Arguments {
  readonly count: number;
  text(index: number): string;
  /** Whether argument `index` is `word` (lower case) in any case. */
  is(index: number, word: string): boolean;
}

const NONE: readonly never[] = [];
const noSecrets = (): readonly number[] => NONE;
const noBlocks = (): boolean => false;

/** Lists of words are written as one string with spaces: "write denyoom". */
export interface CommandFacts<Flags extends string> {
  /** Number of arguments with the name(s); negative: at least so many. */
  readonly arity: number;
  readonly since: string;
  readonly flags: Flags;
}

/** Written as a chain of calls (command-spec.ts). */
export class Contract {
  /** Lower case; of a subcommand the last word only. */
  readonly name: string;
  readonly arity: number;
  readonly group: Group;
  readonly since: string;
  readonly flags: readonly Flag[];
  /** ACL categories beyond those that flags and group imply ("keyspace", "dangerous", ...). */
  categories: readonly string[] = NONE;
  traits: readonly Trait[] = NONE;
  summary = "";
  /** Empty: not said. */
  complexity = "";
  history: readonly (readonly [version: string, change: string])[] = NONE;
  /** Hints for clients: request and response policies, non-determinism. */
  hints: readonly string[] = NONE;
  docFlags: readonly DocFlag[] = NONE;
  deprecatedSince: string | null = null;
  replacedBy: string | null = null;
  /** Returns which arguments of a request must show neither in MONITOR nor in the command log. */
  secretsOf: (request: Arguments) => readonly number[] = noSecrets;
  /** Whether argument `index` of a request may be in blocks. */
  takesBlocks: (index: number) => boolean = noBlocks;
  /** The arguments as they are written. */
  notation = "";
  /** What it answers as it is written. Empty: a family, whose subcommands answer. */
  replyNotation = "";
  /** Index of the first argument after the name(s). */
  private readonly first: number;
  /** Parsed when COMMAND or a caller who wants keys asks for it: a server that starts needs none of it. */
  private parsed: Syntax | null = null;
  private parsedReplies: Replies | null = null;

  constructor(group: Group, fullName: string, facts: CommandFacts<string>) {
    const words = fullName.split("|");
    this.name = words[words.length - 1];
    this.first = words.length;
    this.group = group;
    this.arity = facts.arity;
    this.since = facts.since;
    this.flags = wordsOf(facts.flags) as readonly Flag[];
  }

  /** The arguments, in the notation that command-syntax.ts describes. */
  takes(notation: string): this {
    this.notation = notation;
    return this;
  }

  /** What it answers, in the notation that reply-shape.ts describes. */
  answers(notation: string): this {
    this.replyNotation = notation;
    return this;
  }

  docs(summary: string, complexity = ""): this {
    this.summary = summary;
    this.complexity = complexity;
    return this;
  }

  /** Changes since the first version that had the command, each as "2.4.0: Accepts several fields." */
  changed(...changes: readonly string[]): this {
    this.history = changes.map((change) => [change.slice(0, change.indexOf(":")), change.slice(change.indexOf(":") + 2)]);
    return this;
  }

  acl(categories: string): this {
    this.categories = wordsOf(categories);
    return this;
  }

  marked(...traits: readonly Trait[]): this {
    this.traits = traits;
    return this;
  }

  secrets(secretsOf: Contract["secretsOf"]): this {
    this.secretsOf = secretsOf;
    return this;
  }

  /** Its handler reads argument `index` as it is, in blocks where it is long (`Frame.long`); with `step` also every one that far behind. */
  inBlocks(index: number, step = Number.POSITIVE_INFINITY): this {
    this.takesBlocks = (asked) => asked === index || (asked > index && (asked - index) % step === 0);
    return this;
  }

  tips(hints: string): this {
    this.hints = wordsOf(hints);
    return this;
  }

  deprecated(since: string, replacedBy: string): this {
    this.docFlags = ["deprecated"];
    this.deprecatedSince = since;
    this.replacedBy = replacedBy;
    return this;
  }

  /** Only servers and tests call it. */
  internal(): this {
    this.docFlags = ["syscmd"];
    return this;
  }

  get arguments(): readonly Argument[] {
    return this.syntax.arguments;
  }

  get keys(): readonly KeySpec[] {
    return this.syntax.keys;
  }

  /** What it answers; null of a family. Errors: SyntaxError when the notation makes no sense. */
  get replies(): Replies | null {
    if (this.replyNotation === "") return null;
    this.parsedReplies ??= parseReplies(this.replyNotation);
    return this.parsedReplies;
  }

  /** Errors: SyntaxError when the notation makes no sense. */
  private get syntax(): Syntax {
    this.parsed ??= parseSyntax(this.notation, this.first);
    return this.parsed;
  }
}

/** `Context` is what its handler works on. One that is not named can be read but not run. */
export interface Runnable<Context = never> {
  readonly spec: Contract;
  readonly handler: (context: Context) => void;
  readonly subcommands: readonly Runnable<Context>[];
}
