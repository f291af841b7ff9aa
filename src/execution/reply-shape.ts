/**
 * The notation of what a command answers, beside that of its arguments (command-syntax.ts). COMMAND DOCS, the typed client and the tests, which
 * hold every reply against it, use what is parsed from it. Errors are not mentioned: any command may answer one.
 *
 *     OK | null; if GET: string | null
 *     Entry[]; if JUSTID: id[] where Entry = [id: id, fields: flat<string, string>]
 *
 *     string           a bulk string; `id`: one that is the ID of a stream's entry
 *     decimal          a bulk string that is a number which JavaScript holds exactly
 *     OK  +'some text' this simple string; `status`: any
 *     'text'           this bulk string
 *     integer          a number that JavaScript holds exactly; `count`: not negative; `int64`: perhaps beyond that
 *     time             as count, of a clock or between two times: exact for longer than anyone will wait
 *     0  -1            this integer
 *     double           RESP2: a bulk string; `boolean`: 0 or 1 there; `text`, a verbatim string: a bulk string
 *     null             RESP2: a bulk string that is missing; `null-array`: an array that is
 *     any              anything, errors too; `error`: an error inside an array; `none`: no reply
 *
 *     A[]              an array; `A[+]`: not an empty one
 *     set<A>           RESP2: an array
 *     [A, b: B, c?: C] an array of just these, which may have names; with `?` the last ones may be missing
 *     [A, B...]        an array of A and any number of B
 *     push[A, B]       the same as a message of its own; `push[A, B]...`: one for each argument, so none, one or many
 *     map<K, V>        RESP2: an array of keys and values by turns
 *     {a: A, b?: B}    a map with these keys, in any order; with `?` it may be missing; `db.*: A`: all that begin so
 *     {a@7.2.0: A}     the version that brought it
 *     pairs<A, B>      an array of arrays of two; RESP2: an array of both by turns
 *     flat<A, B>       an array of both by turns
 *     A | B            one of them
 *     A / B            A in RESP2, B in RESP3
 *     (A)              as A, to be followed by []
 *
 * Parts of the request may decide:
 *
 *     A; if GET: B     B where the request has this token, or the optional argument of that name; of several that apply the last one counts
 *     if A | B: C      either does
 *     [A, b if B: C]   an element, or a key of a map, that is there where the request has B
 *
 *     A where Name = B     Name, in A and in B itself, stands for B
 */

import type { WordOf } from "./command-syntax.ts";
import { NotationReader } from "./notation.ts";

type ScalarType = WordOf<"string id decimal status integer count time int64 double boolean text null null-array any error none">;

/** An element of a tuple, or a key of a record. `name`: "" where an element has none. `when`: a condition as in ReplyCase, or "". */
export interface Part {
  readonly name: string;
  readonly optional: boolean;
  readonly when: string;
  /** The version that brought it; "" when the command always had it. */
  readonly since: string;
  /** There may be any number of it. */
  readonly repeated: boolean;
  readonly shape: Shape;
}

export type Shape =
  | { readonly kind: "scalar"; readonly type: ScalarType }
  | { readonly kind: "constant"; readonly of: "status" | "string"; readonly value: string }
  | { readonly kind: "constant"; readonly of: "integer"; readonly value: number }
  | { readonly kind: "array"; readonly of: Shape; readonly least: 0 | 1 }
  | { readonly kind: "set"; readonly of: Shape }
  | { readonly kind: "map" | "pairs" | "flat"; readonly key: Shape; readonly value: Shape }
  | { readonly kind: "tuple"; readonly parts: readonly Part[] }
  | { readonly kind: "push"; readonly parts: readonly Part[]; readonly repeated: boolean }
  | { readonly kind: "record"; readonly parts: readonly Part[] }
  | { readonly kind: "union"; readonly of: readonly Shape[] }
  | { readonly kind: "versions"; readonly resp2: Shape; readonly resp3: Shape }
  | { readonly kind: "name"; readonly name: string };

/** Returns an element that has no name and is always there. */
export function partOf(shape: Shape): Part {
  return { name: "", optional: false, when: "", since: "", repeated: false, shape };
}

/** What a request is answered that has a token or an optional argument of `when`; empty: any request that no other case is for. */
export interface ReplyCase {
  readonly when: readonly string[];
  readonly shape: Shape;
}

/** All that a command may answer. The first case has no condition; of several whose conditions hold the last one counts. */
export interface Replies {
  readonly cases: readonly ReplyCase[];
  /** What names stand for. A name has one meaning in all commands. */
  readonly definitions: ReadonlyMap<string, Shape>;
}

/** Errors: SyntaxError. */
export function parseReplies(notation: string): Replies {
  return new RepliesParser(notation).parse();
}

const SCALARS: ReadonlySet<string> = new Set<ScalarType>([
  ..."string id decimal status integer count time int64 double boolean text null null-array any error none".split(" "),
] as ScalarType[]);

/** A dot belongs to a word, three do not. */
const WORD = /(?:(?!\.{3})[^\s()[\]{}<>|,;:?/'+=@])+/y;
const VERSION = /\d+\.\d+\.\d+/y;
const NUMBER = /^-?\d+$/;
const CONSTANT = /^[A-Z]+$/;
const NAME = /^[A-Z][A-Za-z]*[a-z][A-Za-z]*$/;

class RepliesParser extends NotationReader {
  parse(): Replies {
    const cases: ReplyCase[] = [{ when: [], shape: this.shape() }];
    while (this.take(";")) {
      if (!this.takeWord("if")) throw this.error("if");
      cases.push({ when: this.condition(), shape: this.shape() });
    }
    const definitions = new Map<string, Shape>();
    while (this.takeWord("where")) {
      const name = this.word();
      if (!NAME.test(name) || !this.take("=")) throw this.error("a name and =");
      definitions.set(name, this.shape());
    }
    if (this.position < this.text.length) throw this.error("an end");
    return { cases, definitions };
  }

  /** Words with bars between them, up to the colon. */
  private condition(): string[] {
    const words = [this.word()];
    while (this.take("|")) words.push(this.word());
    if (!this.take(":")) throw this.error(":");
    return words;
  }

  private shape(): Shape {
    const resp2 = this.union();
    return this.take("/") ? { kind: "versions", resp2, resp3: this.union() } : resp2;
  }

  private union(): Shape {
    const of = [this.repeated()];
    while (this.take("|")) of.push(this.repeated());
    return of.length === 1 ? of[0] : { kind: "union", of };
  }

  private repeated(): Shape {
    let shape = this.single();
    for (;;) {
      if (this.take("[]")) shape = { kind: "array", of: shape, least: 0 };
      else if (this.take("[+]")) shape = { kind: "array", of: shape, least: 1 };
      else if (shape.kind === "push" && this.take("...")) shape = { ...shape, repeated: true };
      else return shape;
    }
  }

  private single(): Shape {
    if (this.take("(")) {
      const shape = this.shape();
      if (!this.take(")")) throw this.error(")");
      return shape;
    }
    if (this.take("[")) return { kind: "tuple", parts: this.parts("]") };
    if (this.take("{")) return { kind: "record", parts: this.parts("}") };
    if (this.take("+")) return { kind: "constant", of: "status", value: this.quoted() };
    if (this.text[this.position] === "'") return { kind: "constant", of: "string", value: this.quoted() };
    const word = this.word();
    if (word === "push" && this.take("[")) return { kind: "push", parts: this.parts("]"), repeated: false };
    if (this.take("<")) return this.collection(word);
    if (SCALARS.has(word)) return { kind: "scalar", type: word as ScalarType };
    if (NUMBER.test(word)) return { kind: "constant", of: "integer", value: Number(word) };
    if (CONSTANT.test(word)) return { kind: "constant", of: "status", value: word };
    if (NAME.test(word)) return { kind: "name", name: word };
    throw new SyntaxError(`"${word}" is no shape, in "${this.text}"`);
  }

  private collection(kind: string): Shape {
    const first = this.shape();
    if (kind === "set") {
      if (!this.take(">")) throw this.error(">");
      return { kind, of: first };
    }
    if (!this.take(",")) throw this.error(",");
    const value = this.shape();
    if (!this.take(">")) throw this.error(">");
    if (kind !== "map" && kind !== "pairs" && kind !== "flat") throw this.error("map, pairs, flat or set before it");
    return { kind, key: first, value };
  }

  private parts(end: "]" | "}"): Part[] {
    const parts: Part[] = [];
    if (this.take(end)) return parts;
    for (;;) {
      parts.push(this.part(end === "}"));
      if (this.take(end)) return parts;
      if (!this.take(",")) throw this.error(`, or ${end}`);
    }
  }

  private part(needsName: boolean): Part {
    const start = this.position;
    WORD.lastIndex = start;
    if (WORD.test(this.text)) {
      const name = this.word();
      const since = this.take("@") ? this.match(VERSION, "a version") : "";
      const when = this.takeWord("if") ? this.word() : "";
      const optional = this.take("?");
      if (this.take(":")) return this.partOf({ name, optional, when, since });
      this.position = start;
    }
    if (needsName) throw this.error("a key and :");
    return this.partOf({ name: "", optional: false, when: "", since: "" });
  }

  private partOf(start: Omit<Part, "shape" | "repeated">): Part {
    const shape = this.shape();
    return { ...start, shape, repeated: this.take("...") };
  }

  private word(): string {
    return this.match(WORD, "a word");
  }

  // What is between words has no meaning.

  protected override match(pattern: RegExp, wanted: string): string {
    const found = super.match(pattern, wanted);
    this.skipSpace();
    return found;
  }

  protected override take(mark: string): boolean {
    if (!super.take(mark)) return false;
    this.skipSpace();
    return true;
  }

  private quoted(): string {
    const inside = this.quotedText();
    if (inside === null) throw this.error("a text in quotes");
    this.skipSpace();
    return inside;
  }

  private takeWord(wanted: string): boolean {
    WORD.lastIndex = this.position;
    return WORD.exec(this.text)?.[0] === wanted && this.take(wanted);
  }
}
