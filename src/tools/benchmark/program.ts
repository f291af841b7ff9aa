/** `replicant benchmark`: a redis-benchmark for machines that have none. */

import { itemsOf, type Reply, textOf } from "../../protocol/reply-decoder.ts";
import { REDIS_VERSION, VERSION } from "../../version.ts";
import { Connection, ConnectionError, encodeWords } from "../cli/connection.ts";
import { type Console, consoleOf, runWith, ToolFailure, wordBytes } from "../cli/console.ts";
import { readAll } from "../cli/input.ts";
import { ConnectError, complaintOf } from "../cli/socket.ts";
import type { Target } from "../cli/target.ts";
import { Load } from "./load.ts";
import { type Options, parseOptions, usage } from "./options.ts";
import { CSV_HEAD, progress, report, type ServerConfig } from "./report.ts";
import { sampleData, suite } from "./suite.ts";

const PROGRESS_MS = 250;

/** Runs it with the words behind `benchmark`. Returns the exit code. */
export function benchmarkProgram(argv: readonly string[], process: NodeJS.Process): Promise<number> {
  return runBenchmark(wordBytes(argv), consoleOf(process));
}

/** The same with words that are bytes, on any console. */
export function runBenchmark(argv: readonly string[], console: Console): Promise<number> {
  return runWith(console, async () => {
    const parsed = parseOptions(argv);
    if (parsed.kind === "run") {
      await new Benchmark(parsed.options, console).run(parsed.warnings);
      return 0;
    }
    if (parsed.kind === "invalid") {
      console.print(`Invalid option "${parsed.word}" or option argument missing\n\n${usage()}`);
      return 1;
    }
    console.print(parsed.kind === "help" ? usage() : `redis-benchmark ${REDIS_VERSION} (replicant ${VERSION})\n`);
    return 0;
  });
}

class Benchmark {
  private readonly options: Options;
  private readonly console: Console;
  private readonly random: () => number;
  private config: ServerConfig | null = null;

  constructor(options: Options, console: Console) {
    this.options = options;
    this.console = console;
    this.random = generator(options.seed ?? Date.now());
  }

  async run(warnings: readonly string[]): Promise<void> {
    const { options, console } = this;
    this.config = await configOf(options.target);
    if (this.config === null) console.complain("WARNING: Could not fetch server CONFIG\n");
    for (const warning of warnings) console.complain(`${warning}\n`);
    if (options.idle) return this.idle();
    if (options.csv) console.print(CSV_HEAD);
    if (options.words.length > 0) await this.ownCommand();
    else await this.allTests();
  }

  private async ownCommand(): Promise<void> {
    const { options, console } = this;
    const words = options.stdinLast ? [...options.words, await readAll(console.input)] : options.words;
    const request = encodeWords(words);
    do await this.test(options.words.join(" "), request, request.length);
    while (options.loop);
  }

  private async allTests(): Promise<void> {
    const { options, console } = this;
    const tests = suite(sampleData(options.dataBytes), options.keyspace !== null);
    do {
      for (const { title, names, request } of tests) {
        if (names.some((name) => options.tests?.has(name) ?? true)) await this.test(title, request, options.dataBytes);
      }
      if (!options.csv) console.print("\n");
    } while (options.loop);
  }

  private async test(title: string, request: Buffer, payload: number): Promise<void> {
    const { console, options } = this;
    const load = new Load(options, request, this.random);
    let printed = 0;
    let before = { at: 0, finished: 0 };
    const clean = (): string => `${" ".repeat(Math.max(printed, 1))}\r`;
    const timer = setInterval(() => {
      const now = performance.now();
      const line = progress(title, load, now, before.at === 0 ? { at: load.begin, finished: 0 } : before);
      console.print(`${clean()}${line}\r`);
      printed = line.length + 1;
      before = { at: now, finished: load.finished };
      load.recent.reset();
    }, PROGRESS_MS);
    if (options.csv) clearInterval(timer);
    try {
      await load.connect();
      const elapsed = await load.run();
      console.print(`${options.csv ? "" : clean()}${report(title, load, elapsed, payload, this.config)}`);
    } finally {
      clearInterval(timer);
      load.close();
    }
  }

  /** Connections that do nothing, until the program is ended or one is lost. */
  private async idle(): Promise<void> {
    const { console, options } = this;
    console.print(`Creating ${options.clients} idle connections and waiting forever (Ctrl+C when done)\n`);
    const load = new Load(options, Buffer.alloc(0), this.random);
    const timer = setInterval(() => console.print(`clients: ${load.live.size}\r`), PROGRESS_MS);
    try {
      await load.connect();
      await load.wait();
    } finally {
      clearInterval(timer);
      load.close();
    }
  }
}

/** What the server is configured with, or null when it does not say. Errors: ToolFailure when it is not there or wants a login. */
async function configOf(target: Target): Promise<ServerConfig | null> {
  let connection: Connection;
  try {
    connection = await Connection.open(target);
  } catch (error) {
    if (error instanceof ConnectError) throw new ToolFailure(complaintOf(error, target));
    throw error;
  }
  const node = `Node ${target.socket ?? `${target.host}:${target.port}`} replied with error:\n`;
  try {
    const { user, password } = target;
    if (password !== null) {
      const reply = await connection.ask(user === null ? ["AUTH", password] : ["AUTH", user, password]);
      if (reply.kind === "error") throw new ToolFailure(node + reply.text);
    }
    const values: string[] = [];
    for (const name of ["save", "appendonly"]) {
      const reply = await connection.ask(["CONFIG", "GET", name]);
      if (reply.kind === "error" && reply.text.startsWith("NOAUTH")) throw new ToolFailure(node + reply.text);
      const value = settingIn(reply);
      if (value === null) return null;
      values.push(value);
    }
    return { save: values[0], appendonly: values[1] };
  } catch (error) {
    if (error instanceof ConnectionError) return null;
    throw error;
  } finally {
    connection.close();
  }
}

function settingIn(reply: Reply): string | null {
  return itemsOf(reply).length === 2 ? textOf(itemsOf(reply)[1]) : null;
}

/** Whole numbers of 32 bits, the same for the same seed (mulberry32). */
function generator(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}
