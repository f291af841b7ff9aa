/** The executable as a child of this program: started with options, asked things, and gone when it is stopped or the program ends. */

import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { ExecutableError } from "./executable.ts";
import { type FromServer, Lines, type Question, type StartWords, type ToServer } from "./messages.ts";

/** What a server says once it serves. */
export type Ready = Extract<FromServer, { ready: unknown }>["ready"];

/** What is told of a server while it runs. */
export interface ChildEvents {
  readonly onLog: (line: string) => void;
  readonly onCommand: (command: unknown) => void;
}

/** Of what it prints to standard error no more is kept than a message needs. */
const LONGEST_COMPLAINT = 4096;

export class Child {
  readonly ready: Ready;
  /** Resolved once the process has ended. */
  readonly ended: Promise<void>;
  private readonly process: ChildProcessWithoutNullStreams;
  private readonly open: Conversation;

  private constructor(process: ChildProcessWithoutNullStreams, open: Conversation, ready: Ready) {
    this.process = process;
    this.open = open;
    this.ready = ready;
    this.ended = open.ended;
  }

  /** Resolves once the server serves. Errors: ExecutableError, with what the server says where it does not start. */
  static async start(executable: string, start: StartWords, events: ChildEvents): Promise<Child> {
    const child = spawn(executable, ["attached"], { stdio: "pipe", windowsHide: true });
    const conversation = new Conversation(child, events);
    try {
      conversation.write({ start });
      return new Child(child, conversation, await conversation.ready);
    } catch (error) {
      child.kill("SIGKILL");
      throw error;
    }
  }

  /** Resolves with the answer. Errors: Error, with the server's message or that it has ended. */
  ask(question: Question): Promise<string | null> {
    return this.open.ask(question);
  }

  /** Lets this program end although the server still runs; it ends then, too. */
  unref(): void {
    const { process } = this;
    process.unref();
    for (const stream of [process.stdin, process.stdout, process.stderr]) (stream as { unref?: () => void }).unref?.();
  }

  /** Resolves once the process has ended. */
  async stop(): Promise<void> {
    this.process.stdin.end();
    await this.ended;
  }
}

/** Lines to and from the child. */
class Conversation {
  readonly ready: Promise<Ready>;
  readonly ended: Promise<void>;
  private readonly child: ChildProcessWithoutNullStreams;
  private readonly events: ChildEvents;
  private readonly waiting = new Map<number, PromiseWithResolvers<string | null>>();
  private readonly starting: PromiseWithResolvers<Ready>;
  private lastId = 0;
  private complaint = "";
  private over: Error | null = null;

  constructor(child: ChildProcessWithoutNullStreams, events: ChildEvents) {
    this.child = child;
    this.events = events;
    this.starting = withResolvers();
    this.ready = this.starting.promise;
    const ending = withResolvers<void>();
    this.ended = ending.promise;
    const lines = new Lines();
    child.stdout.setEncoding("utf8");
    child.stdout.on("data", (piece: string) => {
      for (const line of lines.take(piece)) this.take(line);
    });
    child.stderr.setEncoding("utf8");
    child.stderr.on("data", (piece: string) => {
      this.complaint = (this.complaint + piece).slice(-LONGEST_COMPLAINT);
    });
    child.stdin.on("error", () => {}); // it has ended, which "close" tells
    child.on("error", (error) => this.end(new ExecutableError(`${child.spawnfile} cannot be run: ${error.message}`)));
    child.on("close", (code, signal) => {
      const how = signal === null ? `with ${code}` : `by ${signal}`;
      const said = this.complaint.trim();
      this.end(new ExecutableError(`The server has ended ${how}${said === "" ? "" : `: ${said}`}`));
      ending.resolve();
    });
  }

  write(message: ToServer): void {
    this.child.stdin.write(`${JSON.stringify(message)}\n`);
  }

  ask(question: Question): Promise<string | null> {
    if (this.over !== null) return Promise.reject(this.over);
    const id = ++this.lastId;
    const answer = withResolvers<string | null>();
    this.waiting.set(id, answer);
    this.write({ id, ask: question });
    return answer.promise;
  }

  private take(line: string): void {
    const message = parse(line);
    if (message === null) return; // what a library prints is nothing that we are told
    if ("ready" in message) this.starting.resolve(message.ready);
    else if ("failed" in message) this.end(new ExecutableError(message.failed));
    else if ("log" in message) this.events.onLog(message.log);
    else if ("command" in message) this.events.onCommand(message.command);
    else {
      const answer = this.waiting.get(message.id);
      this.waiting.delete(message.id);
      if ("error" in message) answer?.reject(new Error(message.error));
      else answer?.resolve(message.answer);
    }
  }

  private end(error: Error): void {
    this.over ??= error;
    this.starting.reject(this.over);
    for (const answer of this.waiting.values()) answer.reject(this.over);
    this.waiting.clear();
  }
}

function parse(line: string): FromServer | null {
  try {
    return JSON.parse(line) as FromServer;
  } catch {
    return null;
  }
}

/** Node 20 has no Promise.withResolvers. */
function withResolvers<T>(): PromiseWithResolvers<T> {
  let resolve: PromiseWithResolvers<T>["resolve"] = () => {};
  let reject: PromiseWithResolvers<T>["reject"] = () => {};
  const promise = new Promise<T>((resolved, rejected) => {
    resolve = resolved;
    reject = rejected;
  });
  return { promise, resolve, reject };
}
