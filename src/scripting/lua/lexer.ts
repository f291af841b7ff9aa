/**
 * The tokens of a Lua chunk, one at a time, with one more on demand. Hot: the first run of a script is mostly spent before it runs, in code
 * that is interpreted itself until it has run for a while. So scanning reads bytes, which costs no call, leaves to built-in functions what
 * it can, and makes nothing for each token.
 */

import { byteTable } from "../../base/bytes.ts";
import type { Local } from "./ast.ts";
import { parseNumber } from "./numbers.ts";
import {
  ASSIGN,
  CONCATENATE,
  END_OF_TEXT,
  EQUAL,
  GREATER,
  GREATER_OR_EQUAL,
  LESS,
  LESS_OR_EQUAL,
  MINUS,
  NAME,
  NOT_EQUAL,
  NUMBER,
  OPEN_BRACKET,
  PLUS,
  POINT,
  RESERVED,
  STRING,
  TILDE,
  tokenText,
  VARARGS,
} from "./tokens.ts";

/** What Lua allows a chunk's name in messages about its syntax, the NUL at the end included (MAXSRC). */
const SYNTAX_NAME_SIZE = 80;
/** Likewise in those of its run (LUA_IDSIZE). */
const NAME_SIZE = 60;

const TAB = 0x09;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const QUOTE = 0x22;
const APOSTROPHE = 0x27;
const ZERO = 0x30;
const NINE = 0x39;
const BACKSLASH = 0x5c;
const UNDERSCORE = 0x5f;

/** What a byte begins. Letters and digits come first: the bytes of a name. */
const LETTER = 0;
const DIGIT = 1;
const BLANK = 2;
const NEWLINE = 3;
const BY_ITSELF = 4;
/** `=`, `<`, `>` and `~`: another byte may belong to them. */
const COMPARISON = 5;
const BRACKET = 6;
const DASH = 7;
const DOT = 8;
const DELIMITER = 9;

const PUNCTUATION: ReadonlyMap<number, number> = new Map([
  [ASSIGN, COMPARISON],
  [LESS, COMPARISON],
  [GREATER, COMPARISON],
  [TILDE, COMPARISON],
  [OPEN_BRACKET, BRACKET],
  [MINUS, DASH],
  [POINT, DOT],
]);
const KINDS = byteTable(kindOf);

function kindOf(code: number): number {
  const letter = code | 0x20;
  if ((letter >= 0x61 && letter <= 0x7a) || code === UNDERSCORE) return LETTER;
  if (code >= ZERO && code <= NINE) return DIGIT;
  if (code === LINE_FEED || code === CARRIAGE_RETURN) return NEWLINE;
  if (code === 0x20 || (code >= TAB && code <= CARRIAGE_RETURN)) return BLANK;
  if (code === QUOTE || code === APOSTROPHE) return DELIMITER;
  return PUNCTUATION.get(code) ?? BY_ITSELF;
}

/** The tokens of COMPARISON characters that an `=` follows. */
const WITH_EQUALS: ReadonlyMap<number, number> = new Map([
  [ASSIGN, EQUAL],
  [LESS, LESS_OR_EQUAL],
  [GREATER, GREATER_OR_EQUAL],
  [TILDE, NOT_EQUAL],
]);

/** Escapes of one letter: `\a` and the like. Any other character stands for itself. */
const ESCAPES: ReadonlyMap<number, string> = new Map(
  [..."abfnrtv"].map((letter, place) => [letter.charCodeAt(0), "\x07\b\f\n\r\t\v"[place]]),
);

/** So many digits make a whole number that a double holds. */
const EXACT_DIGITS = 15;

/** A chunk that is not Lua. The message is Lua's own, with the chunk and the line. */
export class LuaSyntaxError extends Error {
  override name = "LuaSyntaxError";
}

/** What messages call a chunk of this name: `@file` and `=title` name it, any other text is the chunk itself. Source: luaO_chunkid. */
export function chunkId(chunkName: string, size: number = NAME_SIZE): string {
  const name = untilNul(chunkName);
  if (name.startsWith("=")) return name.slice(1, size);
  if (name.startsWith("@")) {
    const room = size - " '...' \0".length;
    return name.length - 1 > room ? `...${name.slice(-room)}` : name.slice(1);
  }
  const line = /^[^\r\n]*/.exec(name)?.[0] ?? "";
  const shown = line.slice(0, size - ' [string "..."] \0'.length);
  return shown === name ? `[string "${shown}"]` : `[string "${shown}..."]`;
}

function untilNul(text: string): string {
  const end = text.indexOf("\0");
  return end < 0 ? text : text.slice(0, end);
}

/** An identifier or reserved word of the chunk, the same object wherever it occurs. */
export interface Name {
  readonly text: string;
  readonly token: number;
  /** The local variable that it means at this point of the text. */
  local: Local | null;
  /** How often it was used as a variable. */
  uses: number;
}

const RESERVED_NAMES: readonly (readonly [string, Name])[] = RESERVED.map(([text, token]) => [text, { text, token, local: null, uses: 0 }]);

export class Lexer {
  /** The current token, and what goes with it if it is a name, a number or a string. */
  protected token = END_OF_TEXT;
  protected name: Name = RESERVED_NAMES[0][1];
  protected number = 0;
  protected string = "";
  /** The line up to which the text has been scanned, the current token and one seen ahead included. */
  protected line = 1;
  /** The value of `line` when the token before the current one was the current one: where Lua places the code it makes. */
  protected lastLine = 1;

  private readonly text: string;
  private readonly bytes: Uint8Array;
  private readonly chunkName: string;
  private readonly names = new Map<string, Name>(RESERVED_NAMES);
  private position = 0;
  /** Where the token scanned last begins. */
  private start = 0;
  /** The token behind the current one, if it was looked at; the end of the text stands for none. */
  private ahead = END_OF_TEXT;
  private nameAhead: Name = RESERVED_NAMES[0][1];

  constructor(text: string, chunkName: string) {
    this.text = text;
    this.bytes = Buffer.from(text, "latin1");
    this.chunkName = chunkName;
  }

  /** Goes on to the next token. Errors: LuaSyntaxError if what follows is none. */
  protected next(): void {
    this.lastLine = this.line;
    if (this.ahead === END_OF_TEXT) this.token = this.scan();
    else {
      this.token = this.ahead;
      this.name = this.nameAhead;
      this.ahead = END_OF_TEXT;
    }
  }

  /** Returns the token behind the current one, which is a name. */
  protected lookAhead(): number {
    const { name } = this;
    this.ahead = this.scan();
    this.nameAhead = this.name;
    this.name = name;
    return this.ahead;
  }

  /** The name that is spelled so. */
  protected nameOf(text: string): Name {
    let name = this.names.get(text);
    if (name === undefined) {
      name = { text, token: NAME, local: null, uses: 0 };
      this.names.set(text, name);
    }
    return name;
  }

  // ---- errors

  /** The error that `message` is wrong at the current token. */
  protected syntaxError(message: string): LuaSyntaxError {
    const { token } = this;
    if (token === 0) return this.error(message);
    const hasText = token === NAME || token === NUMBER || token === STRING;
    return this.errorNear(message, hasText ? this.tokenAsScanned() : tokenText(token));
  }

  protected error(message: string): LuaSyntaxError {
    return new LuaSyntaxError(`${chunkId(this.chunkName, SYNTAX_NAME_SIZE)}:${this.line}: ${message}`);
  }

  /** An error that does not say where. */
  protected plainError(message: string): LuaSyntaxError {
    return new LuaSyntaxError(message);
  }

  private errorNear(message: string, near: string): LuaSyntaxError {
    return this.error(`${message} near '${untilNul(near)}'`);
  }

  /** The text of the token scanned last; of a string, what its escapes and ends of lines stand for. */
  private tokenAsScanned(): string {
    const { text, start, position } = this;
    if (this.token !== STRING) return text.slice(start, position);
    if (KINDS[text.charCodeAt(start)] === DELIMITER) return text[start] + this.string + text[start];
    const opening = text.slice(start, text.indexOf("[", start + 1) + 1);
    return opening + this.string + opening.replaceAll("[", "]");
  }

  // ---- scanning

  private scan(): number {
    const { bytes } = this;
    const { length } = bytes;
    for (let at = this.position; at < length; ) {
      const code = bytes[at];
      const kind = KINDS[code];
      if (kind === BLANK) {
        at++;
        continue;
      }
      this.start = at;
      if (kind === LETTER) return this.scanWord(at);
      this.position = at + 1;
      if (kind === BY_ITSELF) return code;
      if (kind === NEWLINE) at = this.endLine(at);
      else if (kind === DELIMITER) return this.scanString(at, code);
      else if (kind === DIGIT) return this.scanNumber(at);
      else if (kind === DOT) return this.scanDots(at);
      else if (kind === BRACKET) return this.scanBracket(at);
      else if (kind === COMPARISON) {
        if (bytes[at + 1] !== ASSIGN) return code;
        this.position = at + 2;
        return WITH_EQUALS.get(code) as number;
      } else {
        if (bytes[at + 1] !== MINUS) return code;
        at = this.endOfComment(at + 2);
      }
    }
    this.position = length;
    return END_OF_TEXT;
  }

  /** Counts the end of a line at `at`, of one character or two different ones. Returns what is behind it. */
  private endLine(at: number): number {
    const { bytes } = this;
    const second = bytes[at + 1];
    this.line++;
    return KINDS[second] === NEWLINE && second !== bytes[at] ? at + 2 : at + 1;
  }

  private scanWord(start: number): number {
    const { bytes } = this;
    let at = start + 1;
    while (KINDS[bytes[at]] <= DIGIT) at++;
    this.position = at;
    const name = this.nameOf(this.text.slice(start, at));
    this.name = name;
    return name.token;
  }

  /** `.`, `..`, `...` or a number. */
  private scanDots(start: number): number {
    const { bytes } = this;
    const second = bytes[start + 1];
    if (KINDS[second] === DIGIT) return this.scanNumber(start);
    // NUL passes for what may follow: C's strchr finds it at the end of any text.
    if (second !== POINT && second !== 0) return POINT;
    const third = bytes[start + 2];
    const isThree = third === POINT || third === 0;
    this.position = isThree ? start + 3 : start + 2;
    return isThree ? VARARGS : CONCATENATE;
  }

  private scanNumber(start: number): number {
    const { bytes } = this;
    let at = start;
    let value = 0;
    let code = bytes[at];
    for (; code >= ZERO && code <= NINE; code = bytes[++at]) value = value * 10 + (code - ZERO);
    const goesOn = KINDS[code] <= DIGIT || code === POINT || code === 0;
    if (goesOn || at - start > EXACT_DIGITS) return this.scanOtherNumber(start);
    this.position = at;
    this.number = value;
    return NUMBER;
  }

  /** A number that is not just a few digits. NUL passes for an exponent and its sign, as in `scanDots`. */
  private scanOtherNumber(start: number): number {
    const { bytes } = this;
    let at = start;
    let code = bytes[at];
    while (KINDS[code] === DIGIT || code === POINT) code = bytes[++at];
    if ((code | 0x20) === 0x65 || code === 0) {
      code = bytes[++at];
      if (code === PLUS || code === MINUS || code === 0) at++;
    }
    while (KINDS[bytes[at]] <= DIGIT) at++;
    this.position = at;
    const spelled = untilNul(this.text.slice(start, at));
    const value = parseNumber(spelled);
    if (value === undefined) throw this.errorNear("malformed number", spelled);
    this.number = value;
    return NUMBER;
  }

  private scanString(start: number, delimiter: number): number {
    const { text, bytes } = this;
    const { length } = bytes;
    let value = "";
    let from = start + 1;
    let at = from;
    for (let code = bytes[at]; code !== delimiter; code = bytes[at]) {
      if (code > BACKSLASH) at++;
      else if (code === BACKSLASH) {
        value += text.slice(from, at);
        at = this.endOfEscape(at + 1, text[start] + value);
        value += this.string;
        from = at;
      } else if (code === LINE_FEED || code === CARRIAGE_RETURN) {
        throw this.errorNear("unfinished string", text[start] + value + text.slice(from, at));
      } else if (at >= length) {
        throw this.errorNear("unfinished string", tokenText(END_OF_TEXT));
      } else at++;
    }
    this.position = at + 1;
    this.string = value + text.slice(from, at);
    return STRING;
  }

  /** Leaves in `string` what the escape means whose `\` is before `at`. `before`: the string so far. Returns the end of the escape. */
  private endOfEscape(at: number, before: string): number {
    const { bytes } = this;
    const code = bytes[at];
    const kind = KINDS[code];
    if (kind === NEWLINE) {
      this.string = "\n";
      return this.endLine(at);
    }
    if (kind !== DIGIT) {
      this.string = ESCAPES.get(code) ?? this.text.charAt(at);
      // At the end of the text there is nothing to escape; what lacks is the delimiter.
      return Math.min(at + 1, bytes.length);
    }
    let end = at;
    let value = 0;
    while (end < at + 3 && KINDS[bytes[end]] === DIGIT) value = value * 10 + bytes[end++] - ZERO;
    if (value > 255) throw this.errorNear("escape sequence too large", before);
    this.string = String.fromCharCode(value);
    return end;
  }

  /** `[`, or a long string. */
  private scanBracket(start: number): number {
    const level = this.levelOfBracket(start);
    if (level === -1) return OPEN_BRACKET;
    if (level < 0) throw this.errorNear("invalid long string delimiter", this.text.slice(start, start - level));
    const content = this.scanLong(start + level + 2, level, "string");
    const value = content.includes("\r") ? content.replace(/\r\n|\n\r|\r/g, "\n") : content;
    this.string = value.charCodeAt(0) === LINE_FEED ? value.slice(1) : value;
    return STRING;
  }

  /** How many `=` there are in the long bracket that opens at `at`; with n of them but no second bracket, -n - 1. */
  private levelOfBracket(at: number): number {
    const { bytes } = this;
    let end = at + 1;
    while (bytes[end] === ASSIGN) end++;
    const level = end - at - 1;
    return bytes[end] === OPEN_BRACKET ? level : -level - 1;
  }

  /** Returns where the comment ends whose dashes are before `at`. */
  private endOfComment(at: number): number {
    const { bytes } = this;
    const { length } = bytes;
    const level = bytes[at] === OPEN_BRACKET ? this.levelOfBracket(at) : -1;
    if (level >= 0) {
      this.scanLong(at + level + 2, level, "comment");
      return this.position;
    }
    let end = at;
    while (end < length && KINDS[bytes[end]] !== NEWLINE) end++;
    return end;
  }

  /**
   * Scans what is in a long bracket, from `from` on, and its end. Returns what is in it, lines as they are. `[[` in it is fine: Lua 5.1 meant
   * to refuse it, and Redis did until the correction of CVE-2025-46819 took the check away with it.
   */
  private scanLong(from: number, level: number, what: "string" | "comment"): string {
    const { text } = this;
    const closing = `]${"=".repeat(level)}]`;
    const end = text.indexOf(closing, from);
    const content = text.slice(from, end < 0 ? text.length : end);
    this.countLines(content);
    if (end < 0) throw this.errorNear(`unfinished long ${what}`, tokenText(END_OF_TEXT));
    this.position = end + closing.length;
    return content;
  }

  private countLines(content: string): void {
    if (content.includes("\r")) this.line += content.match(/\r\n|\n\r|\r|\n/g)?.length ?? 0;
    else for (let at = content.indexOf("\n"); at >= 0; at = content.indexOf("\n", at + 1)) this.line++;
  }
}
