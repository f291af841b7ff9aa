/**
 * Lua's patterns, compiled into lists of steps for string-matcher.ts. A malformed place becomes a step that fails: as in Lua, only a match
 * that gets there does.
 */

import { byteTable } from "../../../base/bytes.ts";

/** LUA_MAXCAPTURES. */
export const MAX_CAPTURES = 32;
/** A capture that has no end (yet), and one that is a position. */
export const UNFINISHED = -1;
export const POSITION = -2;

export const OP = {
  end: 0,
  character: 1,
  set: 2,
  optional: 3,
  greedy: 4,
  lazy: 5,
  open: 6,
  close: 7,
  reference: 8,
  balance: 9,
  frontier: 10,
  atEnd: 11,
  error: 12,
  /** A greedy repetition of which no shorter one can lead to a match. */
  run: 13,
} as const;

export interface Step {
  op: number;
  /** The character of `character`; the least number of repetitions of `greedy` and `run`; what `open` opens; the capture of `reference`. */
  readonly value: number;
  /** The characters of `set`, repetitions and `frontier`: 1 for those that match. */
  readonly set: Uint8Array;
  /** The two characters of `balance`; the message of `error`. */
  readonly text: string;
  /** Of repetitions: the character that must follow, or -1. */
  follower: number;
}

/** How a match may begin, which lets a search pass over all other places. */
interface Lead {
  /** The text that begins all matches, "" if there is none. */
  readonly text: string;
  /** The characters that may begin one; null: no telling. */
  readonly set: Uint8Array | null;
}

export interface Pattern {
  readonly steps: readonly Step[];
  /** Matches at the place where the search begins only. */
  readonly isAnchored: boolean;
  readonly lead: Lead;
  /** All that it matches is the text of `lead`. */
  readonly isLiteral: boolean;
  /** All that it matches is characters of this set, as many as there are; else null. */
  readonly run: Uint8Array | null;
}

// ---- sets of characters

const EMPTY = new Uint8Array(256);
export const ANY = new Uint8Array(256).fill(1);

function setOf(matches: (code: number) => boolean): Uint8Array {
  return byteTable((code) => (matches(code) ? 1 : 0));
}

function complement(set: Uint8Array): Uint8Array {
  return set.map((bit) => bit ^ 1);
}

const isUpper = (code: number) => code >= 0x41 && code <= 0x5a;
const isLower = (code: number) => code >= 0x61 && code <= 0x7a;
const isDigit = (code: number) => code >= 0x30 && code <= 0x39;
const isAlphanumeric = (code: number) => isUpper(code) || isLower(code) || isDigit(code);

/** `%a` and so on in the C locale. */
const IN_CLASS: ReadonlyMap<string, (code: number) => boolean> = new Map([
  ["a", (code) => isUpper(code) || isLower(code)],
  ["c", (code) => code < 0x20 || code === 0x7f],
  ["d", isDigit],
  ["l", isLower],
  ["p", (code) => code > 0x20 && code < 0x7f && !isAlphanumeric(code)],
  ["s", (code) => code === 0x20 || (code >= 9 && code <= 13)],
  ["u", isUpper],
  ["w", isAlphanumeric],
  ["x", (code) => isDigit(code) || (code >= 0x41 && code <= 0x46) || (code >= 0x61 && code <= 0x66)],
  ["z", (code) => code === 0],
]);
const classes = new Map<string, Uint8Array>();

/** The set that `%` and a letter stand for, all other characters where it is a capital; null: that letter itself. Made when it is asked for. */
function classOf(letter: string): Uint8Array | null {
  const known = classes.get(letter);
  if (known !== undefined) return known;
  const matches = IN_CLASS.get(letter.toLowerCase());
  if (matches === undefined) return null;
  const set = setOf(matches);
  const asked = IN_CLASS.has(letter) ? set : complement(set);
  classes.set(letter, asked);
  return asked;
}

/** Characters that make more of a pattern than a text. */
const SPECIALS = setOf((code) => "^$*+?.([%-".includes(String.fromCharCode(code)));

/** Whether string.find takes a pattern as it stands. What follows a zero byte is not looked at. */
export function isPlain(text: string): boolean {
  for (let place = 0; place < text.length; place++) {
    const code = text.charCodeAt(place);
    if (SPECIALS[code] === 1) return false;
    if (code === 0) return true;
  }
  return true;
}

// ---- compiling

/**
 * Compiles a pattern. `text` ends at its first zero byte, as in C. `mayBeAnchored`: a `^` in front anchors it; string.gmatch takes it for
 * itself.
 */
export function compilePattern(source: string, mayBeAnchored: boolean): Pattern {
  const end = source.indexOf("\0");
  const text = end < 0 ? source : source.slice(0, end);
  const isAnchored = mayBeAnchored && text.startsWith("^");
  const steps = new Compiler(text, isAnchored ? 1 : 0).compile();
  const lead = leadOf(steps);
  const isLiteral = lead.text.length === steps.length - 1 && steps.at(-1)?.op === OP.end;
  return { steps, isAnchored, lead, isLiteral, run: steps.length === 2 && steps[0]?.op === OP.run ? lead.set : null };
}

/** Reads a pattern from left to right. A malformed place becomes a step that throws, and the last one. */
class Compiler {
  private readonly text: string;
  private place: number;
  private readonly steps: Step[] = [];

  constructor(text: string, place: number) {
    this.text = text;
    this.place = place;
  }

  compile(): Step[] {
    const { steps, text } = this;
    while (steps.at(-1)?.op !== OP.error) {
      if (this.place >= text.length) {
        this.add(OP.end);
        break;
      }
      this.item();
    }
    lookAhead(steps);
    return steps;
  }

  private add(op: number, value = 0, set: Uint8Array = EMPTY, text = ""): void {
    this.steps.push({ op, value, set, text, follower: -1 });
  }

  private item(): void {
    const { text, place } = this;
    const character = text.charAt(place);
    if (character === "(") {
      const isPosition = text.charAt(place + 1) === ")";
      this.place += isPosition ? 2 : 1;
      this.add(OP.open, isPosition ? POSITION : UNFINISHED);
    } else if (character === ")") {
      this.place++;
      this.add(OP.close);
    } else if (character === "$" && place + 1 === text.length) {
      this.place++;
      this.add(OP.atEnd);
    } else if (character === "%") this.escape();
    else this.single();
  }

  /** `%b`, `%f`, `%1`, or a class. */
  private escape(): void {
    const { text } = this;
    const letter = text.charAt(this.place + 1);
    if (letter === "b") {
      if (this.place + 4 > text.length) return this.add(OP.error, 0, EMPTY, "unbalanced pattern");
      this.add(OP.balance, 0, EMPTY, text.slice(this.place + 2, this.place + 4));
      this.place += 4;
    } else if (letter === "f") {
      this.place += 2;
      if (text.charAt(this.place) !== "[") return this.add(OP.error, 0, EMPTY, "missing '[' after '%f' in pattern");
      this.place++;
      const set = this.bracket();
      if (set !== null) this.add(OP.frontier, 0, set);
    } else if (letter !== "" && isDigit(letter.charCodeAt(0))) {
      this.place += 2;
      this.add(OP.reference, letter.charCodeAt(0) - 0x31);
    } else this.single();
  }

  /** One character of the subject, and how often. */
  private single(): void {
    const { text } = this;
    const characters = this.characters();
    if (characters === null) return;
    const repetition = text.charAt(this.place);
    const isRepeated = repetition !== "" && "?*+-".includes(repetition);
    if (isRepeated) this.place++;
    else if (typeof characters === "number") return this.add(OP.character, characters);
    const set = typeof characters === "number" ? onlyOne(characters) : characters;
    if (repetition === "?") this.add(OP.optional, 0, set);
    else if (repetition === "*") this.add(OP.greedy, 0, set);
    else if (repetition === "+") this.add(OP.greedy, 1, set);
    else if (repetition === "-") this.add(OP.lazy, 0, set);
    else this.add(OP.set, 0, set);
  }

  /** Reads what stands for one character: the one that it is, or several. Null where it is malformed, which has become a step. */
  private characters(): number | Uint8Array | null {
    const { text } = this;
    const character = text.charAt(this.place++);
    if (character === "[") return this.bracket();
    if (character === ".") return ANY;
    if (character !== "%") return character.charCodeAt(0);
    if (this.place >= text.length) {
      this.add(OP.error, 0, EMPTY, "malformed pattern (ends with '%')");
      return null;
    }
    const letter = text.charAt(this.place++);
    return classOf(letter) ?? letter.charCodeAt(0);
  }

  /** What follows a `[`. */
  private bracket(): Uint8Array | null {
    const start = this.place;
    const end = this.endOfBracket();
    if (end < 0) {
      this.add(OP.error, 0, EMPTY, "malformed pattern (missing ']')");
      return null;
    }
    this.place = end + 1;
    const isComplement = this.text.charAt(start) === "^";
    const set = membersOf(this.text, isComplement ? start + 1 : start, end);
    return isComplement ? complement(set) : set;
  }

  /** The place of the `]`, which is not the first character of the set; -1 for none. Source: classend. */
  private endOfBracket(): number {
    const { text } = this;
    let place = text.charAt(this.place) === "^" ? this.place + 1 : this.place;
    do {
      if (place >= text.length) return -1;
      if (text.charAt(place++) === "%" && place < text.length) place++;
    } while (text.charAt(place) !== "]");
    return place;
  }
}

function onlyOne(code: number): Uint8Array {
  const set = new Uint8Array(256);
  set[code] = 1;
  return set;
}

/** The characters of a set: those between its brackets. Source: matchbracketclass. */
function membersOf(text: string, start: number, end: number): Uint8Array {
  const set = new Uint8Array(256);
  for (let place = start; place < end; place++) {
    const code = text.charCodeAt(place);
    if (text.charAt(place) === "%") {
      place++;
      const letter = text.charAt(place);
      const members = classOf(letter);
      if (members === null) set[letter.charCodeAt(0)] = 1;
      else for (let member = 0; member < 256; member++) set[member] = (set[member] as number) | (members[member] as number);
    } else if (text.charAt(place + 1) === "-" && place + 2 < end) {
      place += 2;
      set.fill(1, code, Math.max(code, text.charCodeAt(place) + 1));
    } else set[code] = 1;
  }
  return set;
}

/** Tells each repetition what must follow it, and turns those into runs that need never give anything back. */
function lookAhead(steps: readonly Step[]): void {
  const surplus = firstSurplus(steps);
  let next: Step | null = null;
  for (let index = steps.length - 1; index >= 0; index--) {
    const step = steps[index] as Step;
    if (step.op === OP.open || step.op === OP.close) {
      // Parentheses take no character: what follows them counts, unless they are an error.
      if (index >= surplus) next = null;
      continue;
    }
    if (next?.op === OP.character) step.follower = next.value;
    if (step.op === OP.greedy && next !== null && cannotFollow(step.set, next)) step.op = OP.run;
    next = step;
  }
}

/** The place of the first parenthesis that is one too many: matching ends there, if it gets there, with an error. */
function firstSurplus(steps: readonly Step[]): number {
  let opened = 0;
  let unfinished = 0;
  for (const [index, { op, value }] of steps.entries()) {
    if (op === OP.open) {
      if (++opened > MAX_CAPTURES) return index;
      if (value === UNFINISHED) unfinished++;
    } else if (op === OP.close && --unfinished < 0) return index;
  }
  return steps.length;
}

/** Whether `next` can only match where there is no character of `set`, or matches always. */
function cannotFollow(set: Uint8Array, next: Step): boolean {
  switch (next.op) {
    case OP.end:
    case OP.atEnd:
      return true;
    case OP.character:
      return set[next.value] === 0;
    case OP.set:
      return areDisjoint(set, next.set);
    case OP.greedy:
    case OP.run:
      return next.value > 0 && areDisjoint(set, next.set);
    default:
      return false;
  }
}

function areDisjoint(a: Uint8Array, b: Uint8Array): boolean {
  for (let code = 0; code < a.length; code++) if (a[code] === 1 && b[code] === 1) return false;
  return true;
}

function leadOf(steps: readonly Step[]): Lead {
  let index = 0;
  while (index < MAX_CAPTURES && steps[index]?.op === OP.open) index++;
  let text = "";
  for (let step = steps[index]; step?.op === OP.character; step = steps[++index]) text += String.fromCharCode(step.value);
  if (text !== "") return { text, set: null };
  const first = steps[index];
  const mustMatch = first !== undefined && (first.op === OP.set || ((first.op === OP.greedy || first.op === OP.run) && first.value === 1));
  return { text, set: mustMatch ? first.set : null };
}
