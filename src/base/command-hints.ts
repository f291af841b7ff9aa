/**
 * What is still to type of a command: its arguments, from COMMAND DOCS, without those that the words so far have filled. The rules are
 * redis-cli's; only the bracket too many that it has behind an optional argument that repeats is not.
 */

/** An argument of a command, as COMMAND DOCS describes it. */
export interface Argument {
  /** What it is called in a hint. */
  readonly name: string;
  readonly token: string | null;
  readonly type: string;
  readonly optional: boolean;
  readonly multiple: boolean;
  /** Whether the token comes again with each repetition. */
  readonly multipleToken: boolean;
  readonly children: readonly Argument[];
}

/** An argument and how much of it has been typed. */
class Slot {
  readonly argument: Argument;
  readonly children: Slot[];
  /** How many words of it there are; 0: it has not begun. */
  matched = 0;
  matchedToken = false;
  matchedName = false;
  /** Whether nothing of it is left to type. */
  complete = false;

  constructor(argument: Argument) {
    this.argument = argument;
    this.children = argument.children.map((child) => new Slot(child));
  }

  clear(): void {
    this.matched = 0;
    this.matchedToken = false;
    this.matchedName = false;
    this.complete = false;
    for (const child of this.children) child.clear();
  }
}

/** Returns the hint for a command whose arguments so far are `words`; "" when they do not fit. */
export function hintFor(words: readonly string[], args: readonly Argument[]): string {
  const slots = args.map((argument) => new Slot(argument));
  return matchAll(words, slots) === words.length ? describeAll(slots, " ") : "";
}

/** The syntax of a command's arguments. */
export function syntaxOf(args: readonly Argument[]): string {
  return hintFor([], args);
}

/** Each `match` function returns how many words belong to what it is about. */
function matchAll(words: readonly string[], slots: readonly Slot[]): number {
  let word = 0;
  for (let index = 0; word !== words.length && index < slots.length; index++) {
    let count: number;
    if (slots[index].argument.optional) {
      const end = endOfOptional(slots, index);
      count = matchOptional(words.slice(word), slots.slice(index, end));
      index = end - 1;
    } else {
      count = match(words.slice(word), slots[index]);
      if (count === 0) return 0;
    }
    word += count;
  }
  return word;
}

/** Optional arguments beside each other come in any order. */
function matchOptional(words: readonly string[], slots: readonly Slot[]): number {
  let word = 0;
  let before: Slot | null = null;
  while (word !== words.length) {
    let found: Slot | null = null;
    let count = 0;
    for (const slot of slots) {
      if (slot.matched > 0) continue;
      count = match(words.slice(word), slot);
      if (count > 0) {
        found = slot;
        break;
      }
    }
    if (found === null) break;
    // What came before is done with: it is not hinted at in part.
    if (before !== null) before.complete = true;
    before = found;
    word += count;
  }
  return word;
}

function match(words: readonly string[], slot: Slot): number {
  const { argument } = slot;
  let count = matchOnce(words, slot);
  if (!argument.multiple) return count;
  while (slot.complete && count < words.length) {
    slot.clear();
    const rest = words.slice(count);
    if (argument.token !== null && !argument.multipleToken) {
      count += matchBody(rest, slot);
      if (slot.matched > 0) slot.matchedToken = true; // it stands before the first only
    } else {
      count += matchOnce(rest, slot);
    }
  }
  slot.complete = false; // there may be more of them
  return count;
}

function matchOnce(words: readonly string[], slot: Slot): number {
  const { token, type } = slot.argument;
  if (token === null) return matchBody(words, slot);
  if (token.toLowerCase() !== words[0].toLowerCase()) return 0;
  slot.matchedToken = true;
  slot.matched = 1;
  if (type === "pure-token") slot.complete = true;
  if (type === "pure-token" || words.length === 1) return 1;
  return matchBody(words.slice(1), slot);
}

const INTEGER = /^(?:\s*[+-]?\d|\s*$)/;
const DOUBLE = /^(?:\s*[+-]?(?:\d|\.\d|inf|nan)|\s*$)/i;

function matchBody(words: readonly string[], slot: Slot): number {
  const { type } = slot.argument;
  if (type === "block") {
    slot.matched += matchAll(words, slot.children);
    slot.complete = slot.children.every((child) => child.complete);
  } else if (type === "oneof") {
    const chosen = slot.children.find((child) => match(words, child) > 0);
    if (chosen !== undefined) {
      slot.matched += chosen.matched;
      slot.complete = chosen.complete;
    }
  } else if (((type === "integer" || type === "unix-time") && !INTEGER.test(words[0])) || (type === "double" && !DOUBLE.test(words[0]))) {
    slot.matched = 0;
    slot.matchedName = false;
  } else {
    slot.matched += 1;
    slot.matchedName = true;
    slot.complete = true;
  }
  return slot.matched;
}

function endOfOptional(slots: readonly Slot[], from: number): number {
  let end = from;
  while (end < slots.length && slots[end].argument.optional) end++;
  return end;
}

function describeAll(slots: readonly Slot[], separator: string): string {
  let hint = "";
  let length = 0;
  const add = (text: string, isLast: boolean): void => {
    hint += text;
    if (hint.length > length && !isLast) {
      hint += separator;
      length = hint.length;
    }
  };
  for (let index = 0; index < slots.length; index++) {
    const isLast = index === slots.length - 1;
    if (!slots[index].argument.optional) {
      add(describe(slots[index]), isLast);
      continue;
    }
    const end = endOfOptional(slots, index);
    let begun: Slot | null = null;
    for (const slot of slots.slice(index, end)) {
      if (slot.matched === 0 || slot.complete) continue;
      add(describe(slot), isLast); // what is being typed stands first
      begun = slot;
    }
    // Once what comes behind them has begun, no more of them can come.
    if (end === slots.length || slots[end].matched === 0) {
      for (let other = index; other < end; other++) {
        if (slots[other] !== begun) add(describe(slots[other]), other === slots.length - 1);
      }
    }
    index = end - 1;
  }
  return hint;
}

function describe(slot: Slot): string {
  if (slot.complete) return "";
  const { argument } = slot;
  let hint = "";
  if (argument.token !== null && !slot.matchedToken) hint += tokenOf(argument);
  if (argument.type === "oneof" && slot.matched > 0) {
    for (const child of slot.children) if (child.matched > 0) hint += describe(child);
  } else if (slot.children.length > 0 || argument.type === "oneof" || argument.type === "block") {
    hint += describeAll(slot.children, argument.type === "oneof" ? "|" : " ");
  } else if (argument.type !== "pure-token" && !slot.matchedName) {
    hint += orQuotes(argument.name);
  }
  const bracketed = argument.optional && slot.matched === 0;
  if (argument.multiple) {
    const before = hint;
    slot.clear(); // the part that repeats is shown whole
    hint = `${before === "" && !bracketed ? "" : `${before} `}[${repetition(slot)} ...]`;
  }
  return bracketed ? `[${hint}]` : hint;
}

function repetition(slot: Slot): string {
  const { argument } = slot;
  const token = argument.multipleToken && argument.token !== null ? tokenOf(argument) : "";
  if (argument.type === "oneof") return token + describeAll(slot.children, "|");
  if (argument.type === "block") return token + describeAll(slot.children, " ");
  return argument.type === "pure-token" ? token : token + orQuotes(argument.name);
}

function tokenOf({ token, type }: Argument): string {
  return `${orQuotes(token ?? "")}${type === "pure-token" ? "" : " "}`;
}

function orQuotes(text: string): string {
  return text === "" ? '""' : text;
}
