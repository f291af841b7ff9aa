/** Commands one after the other from standard input: of a person at a terminal, or from a pipe. */

import { readFileSync } from "node:fs";
import { isSensitive } from "../../base/sensitive-commands.ts";
import { DUMB_TERMINAL } from "../../base/status-line.ts";
import { fromBytes } from "../../base/utf8.ts";
import { splitWords } from "../../base/words.ts";
import { type Console, ToolFailure } from "./console.ts";
import { History, userFile } from "./history.ts";
import { linesOf } from "./input.ts";
import { LineEditor } from "./line-editor.ts";
import { fixed } from "./numbers.ts";
import type { Session } from "./session.ts";
import { leadingInteger } from "./target.ts";

/** From when on the time that a command took is printed. */
const SLOW_MS = 500;
const READING = "Reading messages... (press Ctrl-C to quit or any key to type command)\r";

/** Where lines come from. */
interface Lines {
  /** The next line, in bytes; null when there is none any more. */
  read(prompt: string): Promise<string | null>;
  /** Resolves when there is something to read, or the end; says whether it is an interrupt. */
  pending(): Promise<"interrupt" | "key">;
  clearScreen(): void;
  close(): void;
}

class PipeLines implements Lines {
  private readonly lines: AsyncGenerator<string>;
  private readonly console: Console;
  private readonly prompts: boolean;
  private next: Promise<IteratorResult<string>> | null = null;

  constructor(console: Console, prompts: boolean) {
    this.console = console;
    this.prompts = prompts;
    this.lines = linesOf(console.input);
  }

  async read(prompt: string): Promise<string | null> {
    if (this.prompts) this.console.print(prompt);
    const { value, done } = await this.peek();
    if (done === true) return null;
    this.next = null;
    return value;
  }

  async pending(): Promise<"key"> {
    await this.peek();
    return "key";
  }

  clearScreen(): void {}

  close(): void {}

  private peek(): Promise<IteratorResult<string>> {
    this.next ??= this.lines.next();
    return this.next;
  }
}

class TerminalLines implements Lines {
  private readonly editor: LineEditor;

  constructor(editor: LineEditor) {
    this.editor = editor;
  }

  read(prompt: string): Promise<string | null> {
    return this.editor.read(prompt);
  }

  pending(): Promise<"interrupt" | "key"> {
    return this.editor.keyPressed();
  }

  clearScreen(): void {
    this.editor.clearScreen();
  }

  close(): void {
    this.editor.close();
  }
}

/** Reads and executes commands until there are no more. Returns the exit code. */
export async function repl(session: Session): Promise<number> {
  const { console } = session;
  session.interactive = true;
  const interrupted = Promise.withResolvers<never>();
  const forget = console.onInterrupt(() => {
    if (!session.interrupt()) interrupted.reject(new ToolFailure(""));
  });
  const loop = new Repl(session);
  try {
    return await Promise.race([loop.run(), interrupted.promise]);
  } finally {
    loop.close();
    forget();
  }
}

class Repl {
  private readonly session: Session;
  private readonly lines: Lines;
  private readonly history: History | null;
  private hints = true;

  constructor(session: Session) {
    this.session = session;
    const { console } = session;
    const isTerminal = console.input.isTTY === true;
    this.history = isTerminal ? new History(userFile(console.env, "REDISCLI_HISTFILE", ".rediscli_history")) : null;
    this.lines =
      isTerminal && !DUMB_TERMINAL.test(console.env.TERM ?? "") ? new TerminalLines(this.editor()) : new PipeLines(console, isTerminal);
  }

  private editor(): LineEditor {
    const { session } = this;
    return new LineEditor(session.console, {
      history: this.history?.lines ?? [],
      complete: (line) => session.help.completions(line),
      hint: (line) => (this.hints ? session.help.hint(line) : null),
    });
  }

  close(): void {
    this.lines.close();
  }

  async run(): Promise<number> {
    const { session } = this;
    if (this.history !== null) {
      await session.help.load(session);
      this.readPreferences();
    }
    for (;;) {
      const line = await this.lines.read(session.prompt);
      if (line === null) {
        if (!session.subscribed || !(await session.connect())) return 0;
        continue;
      }
      if (line !== "" && (await this.execute(line)) === "quit") return 0;
      if (session.subscribed) await this.showMessages();
    }
  }

  private async execute(line: string): Promise<"quit" | "done"> {
    const { session } = this;
    const { console } = session;
    const all = splitWords(line);
    if (all === null) {
      console.print("Invalid argument(s)\n");
      this.history?.add(fromBytes(line));
      return "done";
    }
    if (all.length === 0) return "done";
    const isCount = all.length > 1 && /^(?:\s*[+-]?\d+|)$/.test(all[0]);
    const repeat = isCount ? leadingInteger(all[0]) : 1;
    if (repeat <= 0 || !Number.isSafeInteger(repeat)) {
      console.print("Invalid redis-cli repeat command option value.\n");
      return "done";
    }
    const words = isCount ? all.slice(1) : all;
    if (!isSensitive(words)) this.history?.add(fromBytes(line));
    const name = all[0].toLowerCase();
    if (name === "quit" || name === "exit") return "quit";
    if (name.startsWith(":")) this.setPreference(all, "");
    else if (name === "restart") console.print("Use 'restart' only in Lua debugging mode.\n");
    else if (name === "connect" && all.length === 3) {
      session.options.target.host = all[1];
      session.options.target.port = leadingInteger(all[2]);
      await session.connect();
    } else if (name === "clear" && all.length === 1) this.lines.clearScreen();
    else {
      const begin = performance.now();
      await session.issue(words, repeat);
      const elapsed = performance.now() - begin;
      if (elapsed >= SLOW_MS && session.options.output === "standard") console.print(`(${fixed(elapsed / 1000, 2)}s)\n`);
    }
    return "done";
  }

  /** Prints what channels bring until something is typed. */
  private async showMessages(): Promise<void> {
    const { session } = this;
    const { console, options } = session;
    const informs = options.output !== "raw" && (console.outputIsTerminal || console.env.FAKETTY !== undefined);
    const coloured = (console.env.TERM ?? "").includes("xterm");
    while (session.subscribed && session.connection !== null) {
      session.showArrived();
      // Before the words that ask for it: a key pressed at once is one of ours already, and not the terminal's.
      const pressed = this.lines.pending();
      if (informs) console.print(coloured ? `\x1b[1;90m${READING}\x1b[0m` : READING);
      const what = await Promise.race([pressed, session.connection.arrival()]);
      if (informs) console.print("\x1b[K");
      if (what === "key") return;
      if (what === "interrupt") {
        if (!(await session.connect())) throw new ToolFailure("");
      } else if (session.connection.lost) throw new ToolFailure("Error: Server closed the connection");
    }
  }

  private readPreferences(): void {
    const path = userFile(this.session.console.env, "REDISCLI_RCFILE", ".redisclirc");
    if (path === null) return;
    let text: string;
    try {
      text = readFileSync(path, "latin1");
    } catch {
      return; // there is none
    }
    for (const line of text.split("\n")) {
      const words = splitWords(line);
      if (words !== null && words.length > 0) this.setPreference(words, ".redisclirc: ");
    }
  }

  private setPreference(words: readonly string[], place: string): void {
    const { console } = this.session;
    if (words[0].toLowerCase() !== ":set" || words.length < 2) {
      console.print(`${place}unknown redis-cli internal command '${words[0]}'\n`);
      return;
    }
    const preference = words[1].toLowerCase();
    if (preference === "hints" || preference === "nohints") this.hints = preference === "hints";
    else console.print(`${place}unknown redis-cli preference '${words[1]}'\n`);
  }
}
