/** The library `string`. Positions count from 1, negative ones from the end. Source: lstrlib.c of Lua 5.1.5 as Redis has it. */

import { checkFunction, checkInt, checkInteger, checkString, optInt, optInteger } from "../arguments.ts";
import { numberText } from "../numbers.ts";
import { index as indexTable, isTrue } from "../operations.ts";
import type { LuaState } from "../state.ts";
import { LuaTable } from "../table.ts";
import { first, LuaError, type LuaFunction, type LuaResult, type LuaValue, NOTHING, typeName } from "../value.ts";
import { checkStack, takeMemory } from "./limits.ts";
import { Formatter } from "./string-format.ts";
import { Matcher } from "./string-matcher.ts";
import { compilePattern, isPlain, type Pattern } from "./string-patterns.ts";

/** No string can be longer in JavaScript. */
const MAX_LENGTH = 2 ** 30;
/** Compiled patterns that are kept, and how long their texts may be. */
const MAX_PATTERNS = 200;
const MAX_PATTERN_LENGTH = 500;

/** How functions begin that Lua has compiled. There is no more to say: nothing loads them. */
const COMPILED = "\x1bLuaQ\0\x01\x04\x08\x04\x08\0";

/** The functions of `string`. */
export function stringLibrary(L: LuaState): Record<string, LuaFunction> {
  const patterns = new Patterns(L);
  const formatter = new Formatter(L);
  return {
    byte: (...values) => byte(L, values),
    char: (...values) => char(L, values),
    dump: (...values) => {
      if (checkFunction(L, values, 1).native) throw L.error("unable to dump given function");
      return COMPILED;
    },
    find: (...values) => find(L, patterns, values),
    format: (...values) => formatter.format(values),
    gfind: (...values) => gmatch(L, patterns, values),
    gmatch: (...values) => gmatch(L, patterns, values),
    gsub: (...values) => gsub(L, patterns, values),
    len: (...values) => checkString(L, values, 1).length,
    lower: (...values) => L.made(lowerCase(checkString(L, values, 1))),
    match: (...values) => match(L, patterns, values),
    rep: (...values) => repeat(L, values),
    reverse: (...values) => L.made(reversed(checkString(L, values, 1))),
    sub: (...values) => sub(L, values),
    upper: (...values) => L.made(upperCase(checkString(L, values, 1))),
  };
}

/** Patterns that were compiled and matchers that are free, of one interpreter. */
class Patterns {
  private readonly L: LuaState;
  /** For string.gmatch, to which `^` means nothing, and for the others. */
  private readonly unanchored = new Map<string, Pattern>();
  private readonly known = new Map<string, Pattern>();
  /** For what calls nothing while it matches. */
  private readonly single: Matcher;
  private readonly free: Matcher[] = [];
  private lastReplacement = "";
  private lastReplace: Replacement = () => "";

  constructor(L: LuaState) {
    this.L = L;
    this.single = new Matcher(L);
  }

  compiled(text: string, mayBeAnchored: boolean): Pattern {
    const known = mayBeAnchored ? this.known : this.unanchored;
    let pattern = known.get(text);
    if (pattern === undefined) {
      pattern = compilePattern(text, mayBeAnchored);
      if (known.size >= MAX_PATTERNS) known.clear();
      if (text.length <= MAX_PATTERN_LENGTH) known.set(text, pattern);
    }
    return pattern;
  }

  /** What string.gsub does by a replacement text: mostly the same as the last time. */
  replacement(text: string): Replacement {
    if (text !== this.lastReplacement) {
      this.lastReplace = replacementText(text);
      this.lastReplacement = text;
    }
    return this.lastReplace;
  }

  /** The first match of a pattern from place `from` on: what `show` makes of it, or undefined. `show` calls nothing. */
  first(subject: string, pattern: Pattern, from: number, show: (matcher: Matcher) => LuaResult): LuaResult {
    const { single } = this;
    single.open(subject, pattern);
    const result = single.search(from) ? show(single) : undefined;
    single.close();
    return result;
  }

  /** A matcher of its own, to be given back, for string.gsub: the functions that it calls may match too. */
  matcher(subject: string, pattern: Pattern): Matcher {
    const matcher = this.free.pop() ?? new Matcher(this.L);
    matcher.open(subject, pattern);
    return matcher;
  }

  giveBack(matcher: Matcher): void {
    matcher.close();
    this.free.push(matcher);
  }
}

/** A position counted from the start; 0 for one before it. Source: posrelat. */
function fromStart(position: number, length: number): number {
  return Math.max(position < 0 ? position + length + 1 : position, 0);
}

function sub(L: LuaState, values: readonly LuaValue[]): LuaResult {
  const text = checkString(L, values, 1);
  const { length } = text;
  const start = Math.max(fromStart(checkInteger(L, values, 2), length), 1);
  const end = fromStart(optInteger(L, values, 3, -1), length);
  return start <= end ? text.slice(start - 1, end) : "";
}

function byte(L: LuaState, values: readonly LuaValue[]): LuaResult {
  const text = checkString(L, values, 1);
  const { length } = text;
  const from = fromStart(optInteger(L, values, 2, 1), length);
  const end = Math.min(fromStart(optInteger(L, values, 3, from), length), length);
  const start = Math.max(from, 1);
  if (start > end) return NOTHING;
  if (start === end) return text.charCodeAt(start - 1);
  checkStack(L, values.length + end - start + 1, "string slice too long");
  const codes: LuaValue[] = [];
  for (let place = start - 1; place < end; place++) codes.push(text.charCodeAt(place));
  return codes;
}

function char(L: LuaState, values: readonly LuaValue[]): LuaResult {
  let text = "";
  for (let index = 1; index <= values.length; index++) {
    const code = checkInt(L, values, index);
    if (code < 0 || code > 255) throw L.argumentError(index, "invalid value");
    text += String.fromCharCode(code);
  }
  return L.made(text);
}

function repeat(L: LuaState, values: readonly LuaValue[]): LuaResult {
  const text = checkString(L, values, 1);
  const count = Math.max(checkInt(L, values, 2), 0);
  const length = text.length * count;
  if (length === 0) return "";
  // Accounted for first: a string of this length may be too much for the process.
  takeMemory(L, length);
  if (length >= MAX_LENGTH) throw new LuaError("not enough memory", 0);
  return text.repeat(count);
}

const LOWER = /[a-z]+/g;
const UPPER = /[A-Z]+/g;
const BEYOND_ASCII = /[\x80-\xff]/;

/** JavaScript would change letters beyond ASCII too. */
function upperCase(text: string): string {
  return BEYOND_ASCII.test(text) ? text.replace(LOWER, (letters) => letters.toUpperCase()) : text.toUpperCase();
}

function lowerCase(text: string): string {
  return BEYOND_ASCII.test(text) ? text.replace(UPPER, (letters) => letters.toLowerCase()) : text.toLowerCase();
}

function reversed(text: string): string {
  return Buffer.from(text, "latin1").reverse().toString("latin1");
}

// ---- patterns

/** Where a search begins, from 0. */
function startOf(L: LuaState, values: readonly LuaValue[], length: number): number {
  if (values.length < 3) return 0;
  return Math.min(Math.max(fromStart(optInteger(L, values, 3, 1), length) - 1, 0), length) | 0;
}

function find(L: LuaState, patterns: Patterns, values: readonly LuaValue[]): LuaResult {
  const subject = checkString(L, values, 1);
  const text = checkString(L, values, 2);
  const from = startOf(L, values, subject.length);
  if ((values.length > 3 && isTrue(values[3])) || isPlain(text)) {
    const place = subject.indexOf(text, from);
    return place < 0 ? undefined : [place + 1, place + text.length];
  }
  return patterns.first(subject, patterns.compiled(text, true), from, found);
}

function match(L: LuaState, patterns: Patterns, values: readonly LuaValue[]): LuaResult {
  const subject = checkString(L, values, 1);
  const text = checkString(L, values, 2);
  const from = startOf(L, values, subject.length);
  return patterns.first(subject, patterns.compiled(text, true), from, matched);
}

/** Where a match is, and its captures. */
function found(matcher: Matcher): LuaResult {
  return matcher.captures([matcher.start + 1, matcher.end]);
}

/** The captures of a match, or all of it if there are none. */
function matched(matcher: Matcher): LuaResult {
  return matcher.level <= 1 ? matcher.capture(0) : matcher.captures([]);
}

function gmatch(L: LuaState, patterns: Patterns, values: readonly LuaValue[]): LuaFunction {
  const subject = checkString(L, values, 1);
  const pattern = patterns.compiled(checkString(L, values, 2), false);
  let from = 0;
  const shown = (matcher: Matcher): LuaResult => {
    // An empty match is not to be found again.
    from = matcher.end === matcher.start ? matcher.end + 1 : matcher.end;
    return matched(matcher);
  };
  const next: LuaFunction & { native?: boolean } = () => {
    if (from > subject.length) return NOTHING;
    return patterns.first(subject, pattern, from, shown) ?? NOTHING;
  };
  return Object.assign(next, { native: true });
}

/** What string.gsub does with a match: returns the text that takes its place. */
type Replacement = (matcher: Matcher) => string;

function gsub(L: LuaState, patterns: Patterns, values: readonly LuaValue[]): LuaResult {
  const subject = checkString(L, values, 1);
  const text = checkString(L, values, 2);
  const limit = optInt(L, values, 4, subject.length + 1);
  const replace = replacementOf(L, patterns, values[2]);
  const pattern = patterns.compiled(text, true);
  const matcher = patterns.matcher(subject, pattern);
  let result = "";
  let copied = 0;
  let count = 0;
  for (let from = 0; count < limit && from <= subject.length && matcher.search(from); ) {
    count++;
    const { start, end } = matcher;
    result += subject.slice(copied, start) + L.made(replace(matcher));
    copied = end;
    // Behind an empty match one character is kept.
    from = end > start ? end : end + 1;
    if (pattern.isAnchored) break;
  }
  patterns.giveBack(matcher);
  return [count === 0 ? subject : result + subject.slice(copied), count];
}

function replacementOf(L: LuaState, patterns: Patterns, value: LuaValue): Replacement {
  if (typeof value === "string") return patterns.replacement(value);
  if (typeof value === "number") return patterns.replacement(numberText(value));
  if (typeof value === "function") {
    return (matcher) => {
      const result = matcher.level <= 1 ? L.call(value, matcher.capture(0)) : L.call(value, ...matcher.captures([]));
      return replacementValue(L, matcher, first(result));
    };
  }
  if (value instanceof LuaTable) {
    return (matcher) => {
      const key = matcher.capture(0);
      return replacementValue(L, matcher, value.metatable === undefined ? value.get(key) : indexed(L, value, key));
    };
  }
  throw L.argumentError(3, "string/function/table expected");
}

/** `table[key]` as C asks for it: what it calls has a function of C below it. */
function indexed(L: LuaState, table: LuaTable, key: LuaValue): LuaValue {
  return first(L.call(() => indexTable(L, table, key, 0)));
}

function replacementValue(L: LuaState, matcher: Matcher, value: LuaValue): string {
  if (typeof value === "string") return value;
  if (typeof value === "number") return numberText(value);
  if (!isTrue(value)) return matcher.whole();
  throw L.error(`invalid replacement value (a ${typeName(value)})`);
}

/** A text in which `%1` stands for a capture, `%0` for the match and `%` for the character behind it. Source: add_s. */
function replacementText(text: string): Replacement {
  if (!text.includes("%")) return () => text;
  const parts: (string | number)[] = [];
  let copied = 0;
  for (let place = text.indexOf("%"); place >= 0; place = text.indexOf("%", copied)) {
    parts.push(text.slice(copied, place));
    const code = text.charCodeAt(place + 1);
    if (code >= 0x30 && code <= 0x39) parts.push(code - 0x31);
    // Behind a % at the end stands the zero byte that ends every string of C.
    else parts.push(text.charAt(place + 1) || "\0");
    copied = place + 2;
  }
  parts.push(text.slice(copied));
  return (matcher) => filled(parts, matcher);
}

/** Numbers among the parts are captures; -1 is the whole match. */
function filled(parts: readonly (string | number)[], matcher: Matcher): string {
  let text = "";
  for (const part of parts) {
    if (typeof part === "string") text += part;
    else if (part < 0) text += matcher.whole();
    else {
      const capture = matcher.capture(part);
      text += typeof capture === "number" ? numberText(capture) : capture;
    }
  }
  return text;
}
