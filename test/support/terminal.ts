/** What a program shows at a terminal. */
import { join } from "node:path";
import { PATIENCE_MS } from "./limits.ts";

export const MAIN = join(import.meta.dir, "../../src/main.ts");
export const COLUMNS = 100;

/** What a terminal of COLUMNS shows of the bytes that were written to it: enough of its language for what a line editor says. */
export class Screen {
  rows: string[][] = [[]];
  row = 0;
  column = 0;
  private wraps = true;

  write(text: string): void {
    for (const [part] of text.matchAll(/\x1b\[[\d;?]*[A-Za-z]|[^\x1b]|\x1b/gsu)) {
      if (part.startsWith("\x1b[")) this.control(part.slice(2, -1), part.at(-1) ?? "");
      else if (part === "\r") this.column = 0;
      else if (part === "\n") this.down();
      else if (part >= " ") this.put(part);
    }
  }

  private control(argument: string, command: string): void {
    if (argument === "?7") this.wraps = command === "h";
    const count = Number.parseInt(argument, 10) || 1;
    if (command === "A") this.row = Math.max(this.row - count, 0);
    else if (command === "C") this.column += count;
    else if (command === "J") this.rows.splice(this.row + 1);
    if (command === "J" || command === "K") this.rows[this.row].splice(this.column);
    if (command === "H") [this.row, this.column] = [0, 0];
  }

  private down(): void {
    this.row++;
    this.rows[this.row] ??= [];
  }

  private put(character: string): void {
    if (this.column === COLUMNS) {
      if (!this.wraps) return;
      this.column = 0;
      this.down();
    }
    const line = this.rows[this.row];
    while (line.length < this.column) line.push(" ");
    line[this.column++] = character;
  }

  get text(): string {
    return this.rows.map((line) => line.join("").trimEnd()).join("\n");
  }

  get line(): string {
    return this.rows[this.row].join("").trimEnd();
  }
}

/** Our program at a terminal. */
export class AtTerminal implements AsyncDisposable {
  readonly screen = new Screen();
  /** All that was written to it. */
  raw = "";
  private readonly child: Bun.Subprocess;
  private readonly terminal: Bun.Terminal;
  private written = Promise.withResolvers<void>();

  constructor(words: readonly string[], env: Readonly<Record<string, string>>) {
    const decoder = new TextDecoder();
    this.terminal = new Bun.Terminal({
      cols: COLUMNS,
      rows: 50,
      data: (_, bytes) => {
        const text = decoder.decode(bytes, { stream: true });
        this.raw += text;
        this.screen.write(text);
        this.written.resolve();
        this.written = Promise.withResolvers();
      },
    });
    this.child = Bun.spawn([process.execPath, MAIN, ...words], {
      terminal: this.terminal,
      env: { PATH: process.env.PATH, TERM: "xterm-256color", ...env },
    });
  }

  /** Types, and waits until the screen is as wanted. */
  async type(keys: string, wanted: (screen: Screen) => boolean): Promise<void> {
    this.terminal.write(keys);
    await this.shows(wanted);
  }

  async shows(wanted: (screen: Screen) => boolean): Promise<void> {
    const limit = setTimeout(() => this.written.reject(new Error(`the screen stays\n${this.screen.text}`)), PATIENCE_MS / 4);
    try {
      while (!wanted(this.screen)) await this.written.promise;
    } finally {
      clearTimeout(limit);
    }
  }

  async end(keys: string): Promise<number> {
    this.terminal.write(keys);
    return this.child.exited;
  }

  /** What ^C is where the terminal is not raw: the test's own process is in charge of that. */
  interrupt(): void {
    this.child.kill("SIGINT");
  }

  get exited(): Promise<number> {
    return this.child.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill("SIGKILL");
    await this.child.exited;
    this.terminal.close();
  }
}
