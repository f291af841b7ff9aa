/** What the tests of moves share: writers that number what they write, and moves in this process that are stopped by what they tell. */

import { expect } from "bun:test";
import { moveProgram } from "../../../src/tools/move/program.ts";
import { until } from "../../replication/support.ts";
import { connect, type RawClient, replyText } from "../../support/client.ts";

/** Writes numbers into a counter, a text, a list and a stream, one after another, until it is stopped or the server does not answer any more. */
export class Writer implements AsyncDisposable {
  /** How many of each were acknowledged. */
  done = 0;
  private stopped = false;
  private readonly client: RawClient;
  private readonly running: Promise<void>;

  private constructor(client: RawClient, first: number) {
    this.client = client;
    this.done = first;
    this.running = this.run();
  }

  static async start(port: number, first = 0): Promise<Writer> {
    return new Writer(await connect(port), first);
  }

  private async run(): Promise<void> {
    const { client } = this;
    try {
      while (!this.stopped) {
        const number = this.done;
        const commands = [
          ["MULTI"],
          ["INCR", "count"],
          ["APPEND", "text of numbers", `${number};`],
          ["RPUSH", "list of numbers", number],
          ["XADD", "stream of numbers", "*", "n", number],
          // A session whose time is short, and always put off in time.
          ["HINCRBY", "session", "n", 1],
          ["PEXPIRE", "session", 400],
          ["EXEC"],
        ] as const;
        const replies = await Promise.all(commands.map((words) => client.command(...words)));
        if (replies[replies.length - 1].toString().startsWith("*")) this.done = number + 1;
      }
    } catch {
      // The server is gone: what it acknowledged counts.
    }
  }

  async stop(): Promise<number> {
    this.stopped = true;
    await this.running;
    return this.done;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stopped = true;
    this.client.close();
    await this.running;
  }
}

/** Expects a server to have the numbers up to `count`, each once and in order. */
export async function expectNumbers(client: RawClient, count: number): Promise<void> {
  const numbers = Array.from({ length: count }, (_, number) => String(number));
  expect(replyText(await client.command("GET", "count"))).toBe(String(count));
  expect(replyText(await client.command("GET", "text of numbers"))).toBe(numbers.map((number) => `${number};`).join(""));
  expect(await strings(client, "LRANGE", "list of numbers", 0, -1)).toEqual(numbers);
  const entries = (await strings(client, "XRANGE", "stream of numbers", "-", "+")).filter((text) => text !== "n" && !text.includes("-"));
  expect(entries).toEqual(numbers);
}

/** The bulk strings of a reply. */
async function strings(client: RawClient, ...words: (string | number)[]): Promise<string[]> {
  return (await client.command(...words))
    .toString("latin1")
    .split("\r\n")
    .filter((line) => !/^[*$:]\d*$/.test(line) && line !== "");
}

export interface MoveEvent {
  readonly event: string;
  readonly [fact: string]: unknown;
}

/** A move that runs in this process. */
export class Move {
  readonly events: MoveEvent[] = [];
  complaints = "";
  readonly code: Promise<number>;
  private readonly ending = new AbortController();

  constructor(words: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    this.code = moveProgram(["--json", ...words], {
      print: (text) =>
        this.events.push(
          ...text
            .trim()
            .split("\n")
            .map((line): MoveEvent => JSON.parse(line)),
        ),
      complain: (text) => {
        this.complaints += text;
      },
      environment,
      terminal: false,
      signal: this.ending.signal,
    });
    this.code.catch(() => {});
  }

  /** Waits for an event of this name. */
  async reaches(name: string): Promise<MoveEvent> {
    const found = (): MoveEvent | undefined => this.events.find(({ event }) => event === name);
    let code: number | null = null;
    void this.code.then((ended) => {
      code = ended;
    });
    await until(`the move to say "${name}"`, () => {
      if (found() === undefined && code !== null) throw new Error(`it ended with ${code}: ${this.complaints}`);
      return found() !== undefined;
    });
    return found() as MoveEvent;
  }

  /** What it found to differ. */
  differences(): MoveEvent[] {
    return this.events.filter(({ event }) => event === "difference");
  }

  names(): string[] {
    return [...new Set(this.events.map(({ event }) => event))].filter((name) => name !== "lag" && name !== "copying");
  }

  stop(): Promise<number> {
    this.ending.abort();
    return this.code;
  }
}
