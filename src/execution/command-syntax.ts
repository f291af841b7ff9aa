/**
 * The notation of a command's arguments and keys: that of Redis's documentation, with names for groups and with annotations for what the
 * words alone do not say. COMMAND DOCS and key extraction use what is parsed from it.
 *
 *     key{RW update} value [condition(NX | XX)@2.6.12] [GET@6.2.0] [expiration(EX seconds | PX milliseconds)]
 *
 *     name             an argument. Its type is what TYPES says of its name, else string
 *     TOKEN 'token'    a literal word; before an argument or a group it belongs to that: EX seconds, FILTERBY filterby(...)
 *     name='token'     a literal word under another name
 *     [element]        optional
 *     name(a b)        a block of arguments
 *     name(a | b)      one of several
 *     element...       may be repeated; [TOKEN name]... with its token
 *
 * After a name or a group, in any order:
 *
 *     :integer         its type. A name in upper case needs one
 *     'text'           what documentation shows in place of the name
 *     @6.2.0           the version that brought it; @-2.8.12 the version from which on it is deprecated
 *     {RW update}      a key, and how it is accessed. Where it is follows from its place, from `numkeys` before it, or is said:
 *     {OW from 6}      after its token, which is searched from argument 6 on
 *     {OW unknown}     the specification cannot say
 *     {^}              one more key of the specification before
 *     {RW access: ...} with a note
 */

import { NotationReader } from "./notation.ts";

/** The words of a list that is written as one string, with spaces between them. */
export type WordOf<List extends string> = List extends `${infer First} ${infer Rest}` ? First | WordOf<Rest> : List;

/** Few lists of words are in the many contracts: each is split once, and is the same array wherever it is written. */
const SPLIT = new Map<string, readonly string[]>([["", []]]);

export function wordsOf<const List extends string>(list: List): readonly WordOf<List>[] {
  let words = SPLIT.get(list);
  if (words === undefined) {
    words = list.split(" ");
    SPLIT.set(list, words);
  }
  return words as readonly WordOf<List>[];
}

export type KeyFlag = WordOf<"RO RW OW RM access update insert delete not_key incomplete variable_flags">;

/** Where a command's keys are: Redis 7's key specifications. */
export interface KeySpec {
  readonly flags: readonly KeyFlag[];
  /** The first key is at a fixed index, or after a word searched from `startFrom` on (backwards from the end if negative). */
  readonly begin: { readonly index: number } | { readonly keyword: string; readonly startFrom: number } | "unknown";
  /**
   * Up to `lastKey` (relative to the first; negative: from the end) in steps, at most 1/limit of the arguments; or as many as an argument
   * says.
   */
  readonly find:
    | { readonly lastKey: number; readonly step: number; readonly limit: number }
    | { readonly keyNumIndex: number; readonly firstKey: number; readonly step: number }
    | "unknown";
  readonly notes?: string;
}

type ArgumentType = "string" | "integer" | "double" | "key" | "pattern" | "unix-time" | "pure-token" | "oneof" | "block";

export interface Argument {
  name: string;
  type: ArgumentType;
  token?: string;
  displayText?: string;
  keySpecIndex?: number;
  since?: string;
  deprecatedSince?: string;
  optional?: boolean;
  multiple?: boolean;
  multipleToken?: boolean;
  arguments?: readonly Argument[];
}

export interface Syntax {
  readonly arguments: readonly Argument[];
  readonly keys: readonly KeySpec[];
}

/** Types that names have wherever no other is written. */
const TYPES: ReadonlyMap<string, ArgumentType> = new Map<string, ArgumentType>([
  ...typed(
    "integer",
    "bit client-id count cursor db decrement destination-db entries-added entries-read entriesread frequency increment index index1 index2 len",
    "limit milliseconds min-match-len ms num-matches numfields numkeys numlocal numreplicas offset port protover rank seconds start stop ttl version weight",
  ),
  ...typed("double", "height latitude longitude radius score timeout width"),
  ...typed("pattern", "pattern by-pattern get-pattern"),
  ...typed("unix-time", "unix-time-seconds unix-time-milliseconds"),
]);

function typed(type: ArgumentType, ...names: readonly string[]): [string, ArgumentType][] {
  return names.flatMap((line) => line.split(" ")).map((name) => [name, type]);
}

/** @param first index of the argument that the notation begins with. Errors: SyntaxError. */
export function parseSyntax(notation: string, first: number): Syntax {
  return new SyntaxParser(notation, first).parse();
}

/** Ends of words; a group, a note or the next element begins there. */
const WORD = /[^\s()[\]|{}@:'=.]+/y;
const UPPER_CASE = /^[A-Z][A-Z0-9_-]*$/;
const VERSION = /-?\d+\.\d+\.\d+/y;

interface Range {
  lastKey: number;
  step: number;
  limit: number;
}

class SyntaxParser extends NotationReader {
  /** Index of the next argument in a request; NaN behind one that may be missing or repeated. */
  private place: number;
  /** The token of the innermost group that has one. */
  private groupToken = "";
  private readonly keys: KeySpec[] = [];

  constructor(text: string, first: number) {
    super(text);
    this.place = first;
  }

  parse(): Syntax {
    const args = this.sequence();
    if (this.position < this.text.length) throw this.error("an end");
    this.endRanges(args);
    return { arguments: args, keys: this.keys };
  }

  /** Arguments behind a repeated key are not keys: BLPOP key [key ...] timeout. */
  private endRanges(args: readonly Argument[]): void {
    const repeated = args.findIndex((arg) => arg.multiple && arg.keySpecIndex !== undefined);
    if (repeated < 0) return;
    const find = this.keys[args[repeated].keySpecIndex ?? 0].find;
    if (typeof find === "object" && "lastKey" in find) (find as Range).lastKey -= args.length - 1 - repeated;
  }

  /** Up to a bracket that closes, a bar, or the end. `before`: what stands in front of all of it. */
  private sequence(before?: Argument): Argument[] {
    const args: Argument[] = [];
    for (;;) {
      this.skipSpace();
      if (this.position === this.text.length || ")]|".includes(this.text[this.position])) return args;
      args.push(this.element(args.at(-1) ?? before));
    }
  }

  private element(before: Argument | undefined): Argument {
    if (this.take("[")) return this.optional(before);
    const token = this.token();
    if (token === null) return this.named(before);
    this.place++;
    this.skipSpace();
    const next = this.text[this.position];
    if (token.name !== undefined || next === undefined || !/[a-z]/.test(next)) {
      return this.notes({ name: token.name ?? token.word.toLowerCase(), type: "pure-token", token: token.word });
    }
    const outer = this.groupToken;
    this.groupToken = token.word;
    const { name, type, ...rest } = this.named(before);
    this.groupToken = outer;
    return { name, type, token: token.word, ...rest };
  }

  private optional(before: Argument | undefined): Argument {
    const [arg, ...others] = this.sequence(before);
    if (arg === undefined || others.length > 0 || !this.take("]")) throw this.error("one element and ]");
    arg.optional = true;
    if (this.take("...")) {
      arg.multiple = true;
      if (arg.token !== undefined) arg.multipleToken = true;
    }
    this.place = Number.NaN;
    return arg;
  }

  /** A word in upper case or in quotes, perhaps with another name before; null where none is. */
  private token(): { readonly name?: string; readonly word: string } | null {
    const start = this.position;
    const quoted = this.quotedText();
    if (quoted !== null) return { word: quoted };
    const word = this.word();
    if (this.take("=")) return { name: word, word: this.quotedText() ?? this.word() };
    if (UPPER_CASE.test(word) && this.text[this.position] !== ":") return { word };
    this.position = start;
    return null;
  }

  private named(before: Argument | undefined): Argument {
    const name = this.word();
    const start = this.place;
    const firstKey = this.keys.length;
    const parts = this.take("(") ? this.group(before) : null;
    const arg: Argument = parts ?? { name, type: TYPES.get(name) ?? "string" };
    arg.name = name;
    if (parts === null) this.place++;
    this.notes(arg, start, before);
    if (this.take("...")) {
      arg.multiple = true;
      for (const key of this.keys.slice(firstKey)) this.repeat(key, this.place - start);
      this.place = Number.NaN;
    }
    if (parts?.type === "block" && this.groupToken !== "") for (const key of this.keys.slice(firstKey)) this.share(key, parts);
    return arg;
  }

  /** What is in the brackets of a group behind `before`. Alternatives that differ in length leave the place of what follows open. */
  private group(before: Argument | undefined): Argument {
    const start = this.place;
    const choices: Argument[] = [];
    const ends = new Set<number>();
    let parts = this.sequence(before);
    if (parts.length > 0 && this.take(")")) return { name: "", type: "block", arguments: parts };
    for (;;) {
      if (parts.length !== 1) throw this.error("one element");
      choices.push(parts[0]);
      ends.add(this.place);
      if (this.take(")")) break;
      if (!this.take("|")) throw this.error("| or )");
      this.place = start;
      parts = this.sequence();
    }
    if (ends.size > 1) this.place = Number.NaN;
    return { name: "", type: "oneof", arguments: choices };
  }

  private notes(arg: Argument, start = Number.NaN, before?: Argument): Argument {
    for (;;) {
      if (this.take(":")) arg.type = this.word() as ArgumentType;
      else if (this.take("@")) {
        const version = this.match(VERSION, "a version");
        if (version.startsWith("-")) arg.deprecatedSince = version.slice(1);
        else arg.since = version;
      } else if (this.take("{")) this.key(arg, start, before);
      else {
        const text = this.quotedText();
        if (text === null) return arg;
        arg.displayText = text;
      }
    }
  }

  /** Makes the key specification of a key, up to the closing brace. */
  private key(arg: Argument, start: number, before: Argument | undefined): void {
    const end = this.text.indexOf("}", this.position);
    if (end < 0) throw this.error("}");
    const inside = this.text.slice(this.position, end);
    const colon = inside.indexOf(": ");
    const [list, notes] = colon < 0 ? [inside] : [inside.slice(0, colon), inside.slice(colon + 2)];
    this.position = end + 1;
    const words = list.split(" ");
    const from = words.indexOf("from");
    const startFrom = from < 0 ? 0 : Number(words.splice(from, 2)[1]);
    const isUnknown = words.at(-1) === "unknown";
    if (isUnknown) words.pop();
    const flags = words as KeyFlag[];
    if (arg.type === "string" && !flags.includes("not_key")) arg.type = "key";
    if (list === "^") return this.sameAsBefore(arg);
    if (!flags.includes("not_key")) arg.keySpecIndex = this.keys.length;
    const range: Range = { lastKey: 0, step: 1, limit: 0 };
    const spec = (begin: KeySpec["begin"], find: KeySpec["find"]): void => {
      this.keys.push({ flags, begin, find, ...(notes === undefined ? {} : { notes }) });
    };
    if (isUnknown) return spec("unknown", "unknown");
    if (from >= 0) return spec({ keyword: this.groupToken, startFrom }, range);
    if (Number.isNaN(start)) throw this.error("a key whose place is fixed");
    if (before?.name === "numkeys") return spec({ index: start - 1 }, { keyNumIndex: 0, firstKey: 1, step: 1 });
    spec({ index: start }, range);
  }

  private sameAsBefore(arg: Argument): void {
    arg.keySpecIndex = this.keys.length - 1;
    const find = this.keys[arg.keySpecIndex].find;
    if (typeof find === "object" && "lastKey" in find) (find as Range).lastKey++;
  }

  /** A key, or a block of so many arguments with one in it, is repeated. */
  private repeat({ find }: KeySpec, width: number): void {
    if (typeof find !== "object") return;
    const range = find as Range;
    if ("lastKey" in find) range.lastKey = -1;
    if (width > 1) range.step = width;
  }

  /** The keys behind a token are followed by as many arguments of each other kind: STREAMS key [key ...] id [id ...]. */
  private share({ begin, find }: KeySpec, block: Argument): void {
    if (typeof begin !== "object" || !("keyword" in begin) || typeof find !== "object") return;
    (find as Range).limit = block.arguments?.length ?? 0;
  }

  private word(): string {
    return this.match(WORD, "a word");
  }
}
