/**
 * Lines from a terminal, with the keys of Emacs, completion, hints and a search through the history. `node:readline` tells the keys apart;
 * its own editor has neither hints nor a search, so the line is ours.
 */

import { emitKeypressEvents, type Key } from "node:readline";
import { fromBytes, toBytes } from "../../base/utf8.ts";
import type { Console } from "./console.ts";

export interface EditorOptions {
  /** Whether stars are shown in place of what is typed. */
  readonly masked?: boolean;
  /** Lines typed before, oldest first; it may grow meanwhile. */
  readonly history?: readonly string[];
  /** Returns whole lines that begin with what was typed. */
  readonly complete?: (line: string) => readonly string[];
  /** Returns what could follow, or null. */
  readonly hint?: (line: string) => string | null;
}

type Pressed = Key & { readonly text: string };

const CLEAR_BELOW = "\x1b[J";
const CLEAR_SCREEN = "\x1b[H\x1b[2J";
const BELL = "\x07";
const GREY = "\x1b[0;90;49m";
const NORMAL = "\x1b[0m";
const WORD = /[\p{L}\p{N}_]/u;

/** What a line is given up for: an interrupt or the end of the input. */
const GIVEN_UP = Symbol("given up");
type Ended = string | typeof GIVEN_UP;

export class LineEditor {
  private readonly console: Console;
  private readonly options: EditorOptions;
  private readonly keys: Pressed[] = [];
  private ended = false;
  private waiting: (() => void) | null = null;
  /** The line, a character an element, and where the cursor is in it. */
  private characters: string[] = [];
  private at = 0;
  private killed: string[] = [];
  /** How far back in the history the line is from, and what was typed before that. */
  private depth = 0;
  private typed = "";
  private prompt = "";
  private row = 0;

  private readonly onKey = (text: string | undefined, key: Key): void => {
    this.keys.push({ ...key, text: text ?? "" });
    this.wake();
  };
  private readonly onEnd = (): void => {
    this.ended = true;
    this.wake();
  };

  constructor(console: Console, options: EditorOptions = {}) {
    this.console = console;
    this.options = options;
    const { input } = console;
    emitKeypressEvents(input);
    input.on("keypress", this.onKey);
    input.on("end", this.onEnd);
    input.resume();
  }

  close(): void {
    const { input } = this.console;
    input.off("keypress", this.onKey);
    input.off("end", this.onEnd);
    input.pause();
  }

  /** Reads a line. Returns its bytes, or null at the end of the input and after an interrupt. */
  async read(prompt: string): Promise<string | null> {
    this.prompt = fromBytes(prompt);
    this.setLine("");
    this.depth = 0;
    this.row = 0;
    this.console.input.setRawMode?.(true);
    try {
      this.draw(true);
      for (;;) {
        const key = await this.nextKey();
        const line = key === null ? GIVEN_UP : await this.press(key);
        if (line === null) {
          if (this.keys.length === 0) this.draw(true); // what is pasted is drawn once
          continue;
        }
        this.at = this.characters.length;
        this.draw(false);
        this.console.print("\n");
        return line === GIVEN_UP ? null : toBytes(line);
      }
    } finally {
      this.console.input.setRawMode?.(false);
    }
  }

  /** Resolves when a key has been pressed that no one has taken, without a line being asked for. Returns whether it is an interrupt. */
  async keyPressed(): Promise<"interrupt" | "key"> {
    this.console.input.setRawMode?.(true);
    try {
      while (this.keys.length === 0 && !this.ended) await this.more();
      if (!isControl(this.keys.at(0), "c")) return "key";
      this.keys.shift();
      return "interrupt";
    } finally {
      this.console.input.setRawMode?.(false);
    }
  }

  clearScreen(): void {
    this.console.print(CLEAR_SCREEN);
  }

  private wake(): void {
    const { waiting } = this;
    this.waiting = null;
    waiting?.();
  }

  private more(): Promise<void> {
    return new Promise((resolve) => {
      this.waiting = resolve;
    });
  }

  private async nextKey(): Promise<Pressed | null> {
    for (;;) {
      const key = this.keys.shift();
      if (key !== undefined) return key;
      if (this.ended) return null;
      await this.more();
    }
  }

  private get line(): string {
    return this.characters.join("");
  }

  private setLine(line: string): void {
    this.characters = [...line];
    this.at = this.characters.length;
  }

  /** Does what a key asks for. Returns the line when it ends it, else null. */
  private async press(key: Pressed): Promise<Ended | null> {
    const { name = "", ctrl = false, meta = false } = key;
    if (name === "return" || name === "enter" || isControl(key, "j") || isControl(key, "m")) return this.line;
    if (isControl(key, "c")) return GIVEN_UP;
    if (isControl(key, "d") && this.characters.length === 0) return GIVEN_UP;
    if (name === "tab") return this.complete();
    if (isControl(key, "r")) return this.search();
    const action = ctrl ? CONTROL[name] : meta ? META[name] : PLAIN[name];
    if (action !== undefined) this[action]();
    else if (!ctrl && !meta && isPrintable(key.text)) this.insert(key.text);
    return null;
  }

  private insert(text: string): void {
    const characters = [...text];
    this.characters.splice(this.at, 0, ...characters);
    this.at += characters.length;
  }

  home(): void {
    this.at = 0;
  }

  end(): void {
    this.at = this.characters.length;
  }

  left(): void {
    this.at = Math.max(this.at - 1, 0);
  }

  right(): void {
    this.at = Math.min(this.at + 1, this.characters.length);
  }

  wordLeft(): void {
    this.at = this.wordStart();
  }

  wordRight(): void {
    this.at = this.wordEnd();
  }

  erase(): void {
    if (this.at > 0) this.characters.splice(--this.at, 1);
  }

  remove(): void {
    this.characters.splice(this.at, 1);
  }

  killEnd(): void {
    this.kill(this.at, this.characters.length);
  }

  killLine(): void {
    this.kill(0, this.characters.length);
  }

  /** Back to the last blank, as Unix shells do. */
  killBack(): void {
    let start = this.at;
    while (start > 0 && this.characters[start - 1] === " ") start--;
    while (start > 0 && this.characters[start - 1] !== " ") start--;
    this.kill(start, this.at);
  }

  killWord(): void {
    this.kill(this.at, this.wordEnd());
  }

  yank(): void {
    this.insert(this.killed.join(""));
  }

  transpose(): void {
    if (this.at === 0 || this.characters.length < 2) return;
    const second = Math.min(this.at, this.characters.length - 1);
    const [a, b] = this.characters.slice(second - 1, second + 1);
    this.characters.splice(second - 1, 2, b, a);
    this.at = second + 1;
  }

  clear(): void {
    this.clearScreen();
    this.row = 0;
  }

  older(): void {
    this.goBack(1);
  }

  newer(): void {
    this.goBack(-1);
  }

  private kill(from: number, to: number): void {
    this.killed = this.characters.splice(from, to - from);
    this.at = from;
  }

  private wordStart(): number {
    let at = this.at;
    while (at > 0 && !WORD.test(this.characters[at - 1])) at--;
    while (at > 0 && WORD.test(this.characters[at - 1])) at--;
    return at;
  }

  private wordEnd(): number {
    let at = this.at;
    const { length } = this.characters;
    while (at < length && !WORD.test(this.characters[at])) at++;
    while (at < length && WORD.test(this.characters[at])) at++;
    return at;
  }

  private goBack(lines: number): void {
    const history = this.options.history ?? [];
    const depth = this.depth + lines;
    if (depth < 0 || depth > history.length) return;
    if (this.depth === 0) this.typed = this.line;
    this.depth = depth;
    this.setLine(depth === 0 ? this.typed : (history.at(-depth) ?? ""));
  }

  /** Offers one completion after the other; escape takes back what was typed, and any other key goes on with what is shown. */
  private async complete(): Promise<Ended | null> {
    const typed = this.line;
    const offers = this.options.complete?.(typed) ?? [];
    if (offers.length === 0) {
      this.console.print(BELL);
      return null;
    }
    for (let index = 0; ; index = (index + 1) % (offers.length + 1)) {
      if (index === offers.length) this.console.print(BELL);
      this.setLine(offers[index] ?? typed);
      this.draw(true);
      const key = await this.nextKey();
      if (key === null) return GIVEN_UP;
      if (key.name === "tab") continue;
      if (key.name !== "escape") return this.press(key);
      this.setLine(typed);
      return null;
    }
  }

  /** Looks for what is typed in older and older lines (^R); a key that is none of the search's goes on with the line that was found. */
  private async search(): Promise<Ended | null> {
    const before = this.line;
    const history = this.options.history ?? [];
    const { prompt } = this;
    let query = "";
    let place = history.length;
    const find = (from: number): void => {
      const found = query === "" ? -1 : history.findLastIndex((line, index) => index <= from && line.includes(query));
      if (found < 0) {
        if (query !== "") this.console.print(BELL);
        return;
      }
      place = found;
      this.setLine(history[found]);
      this.at = [...history[found].slice(0, history[found].indexOf(query))].length;
    };
    try {
      for (;;) {
        this.prompt = `(reverse-i-search)\`${query}': `;
        this.draw(false);
        const key = await this.nextKey();
        if (key === null) return GIVEN_UP;
        if (isControl(key, "r")) find(place - 1);
        else if (key.name === "backspace" || isControl(key, "h")) {
          query = [...query].slice(0, -1).join("");
          find(history.length);
        } else if (key.name === "escape" || isControl(key, "g") || isControl(key, "c")) {
          this.setLine(before);
          return null;
        } else if (key.ctrl !== true && key.meta !== true && isPrintable(key.text)) {
          query += key.text;
          find(place);
        } else {
          this.prompt = prompt;
          return this.press(key);
        }
      }
    } finally {
      this.prompt = prompt;
    }
  }

  /** Draws prompt and line over what was drawn before, on as many rows as they take. */
  private draw(withHint: boolean): void {
    const columns = Math.max(this.console.columns(), 2);
    const shown = this.options.masked === true ? this.characters.map(() => "*") : this.characters;
    const line = shown.join("");
    const start = Bun.stringWidth(this.prompt);
    const width = start + Bun.stringWidth(line);
    let text = `${this.row > 0 ? `\x1b[${this.row}A` : ""}\r${CLEAR_BELOW}${this.prompt}${line}`;
    if (withHint && this.options.masked !== true) text += this.hint(columns - width - 1);
    const cursor = start + Bun.stringWidth(shown.slice(0, this.at).join(""));
    // A full row: the terminal goes on to the next only when something is printed there.
    if (width > 0 && width % columns === 0) text += "\n\r";
    const lastRow = Math.floor(width / columns);
    const row = Math.floor(cursor / columns);
    if (lastRow > row) text += `\x1b[${lastRow - row}A`;
    const column = cursor % columns;
    text += column === 0 ? "\r" : `\r\x1b[${column}C`;
    this.row = row;
    this.console.print(toBytes(text));
  }

  private hint(room: number): string {
    const hint = this.options.hint?.(this.line) ?? null;
    if (hint === null || hint === "" || room < 1) return "";
    const spaced = /\s$/.test(this.line) ? hint : ` ${hint}`;
    return `${GREY}${[...spaced].slice(0, room).join("")}${NORMAL}`;
  }
}

type Action =
  | "home"
  | "end"
  | "left"
  | "right"
  | "wordLeft"
  | "wordRight"
  | "erase"
  | "remove"
  | "killEnd"
  | "killLine"
  | "killBack"
  | "killWord"
  | "yank"
  | "transpose"
  | "clear"
  | "older"
  | "newer";

const PLAIN: Readonly<Record<string, Action | undefined>> = {
  home: "home",
  end: "end",
  left: "left",
  right: "right",
  up: "older",
  down: "newer",
  backspace: "erase",
  delete: "remove",
};

const CONTROL: Readonly<Record<string, Action | undefined>> = {
  a: "home",
  b: "left",
  d: "remove",
  e: "end",
  f: "right",
  h: "erase",
  k: "killEnd",
  l: "clear",
  n: "newer",
  p: "older",
  t: "transpose",
  u: "killLine",
  w: "killBack",
  y: "yank",
  left: "wordLeft",
  right: "wordRight",
};

const META: Readonly<Record<string, Action | undefined>> = {
  b: "wordLeft",
  f: "wordRight",
  d: "killWord",
  left: "wordLeft",
  right: "wordRight",
  backspace: "killBack",
};

function isControl(key: Key | undefined, name: string): boolean {
  return key?.ctrl === true && key.name === name;
}

/** Whether it is text and not a control character. */
function isPrintable(text: string): boolean {
  return text !== "" && !/[\x00-\x1f\x7f]/.test(text);
}
