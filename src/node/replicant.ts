/** A server in a process of its own, the executable's, with what one in the process of a program of Bun has. */

import { connect as connectSocket, type NetConnectOpts } from "node:net";
import type { Duplex } from "node:stream";
import { addressOf, nameOf } from "../client/address.ts";
import { Client } from "../client/client.ts";
import { INSPECT, inspectedAs } from "../client/inspecting.ts";
import { requireKnown } from "../client/known-options.ts";
import { LINK_OPTIONS, type Link, type LinkOptions } from "../client/link.ts";
import { SocketLink } from "../client/socket-link.ts";
import type { IoredisOptions, ListeningReplicant, ListenOptions, NodeRedisOptions, ServerEvents, ServerOptions } from "../index.ts";
import { Child } from "./child.ts";
import { ExecutableError } from "./executable.ts";
import { LazyLink } from "./lazy-link.ts";
import type { FromAttached, Question, Ready, StartWords } from "./messages.ts";

type CommandListener = (event: ServerEvents["command"]) => void;
type Answer = Extract<FromAttached, { answer: unknown }>;

/** What waits for an answer. */
interface Waiting {
  resolve(answer: Answer): void;
  reject(error: Error): void;
}

/** A server that this program started; it ends with it. */
export class Replicant implements Omit<ListeningReplicant, "on" | "off"> {
  readonly ready: Promise<void> = Promise.resolve();
  readonly stopped: Promise<void>;
  private readonly child: Child;
  private readonly process: Ready;
  private readonly isVirtual: boolean;
  private readonly waiting = new Map<number, Waiting>();
  private readonly commandListeners = new Set<CommandListener>();
  private readonly log: (line: string) => void;
  private ownClient: Client | null = null;
  private virtualNow: number;
  private lastId = 0;
  private over: Error | null = null;

  private constructor(child: Child, ready: Ready, messages: AsyncIterable<FromAttached>, options: ListenOptions) {
    this.child = child;
    this.process = ready;
    this.isVirtual = options.clock === "virtual";
    this.virtualNow = ready.now;
    this.log = typeof options.log === "function" ? options.log : () => {};
    this.stopped = this.listen(messages);
  }

  /** Resolves once the server serves. Errors: ExecutableError where it cannot be started; TypeError for options that cannot be. */
  static async start(options: ListenOptions = {}): Promise<Replicant> {
    const child = new Child({ start: startWords(options) });
    const messages = child.messages();
    const log = typeof options.log === "function" ? options.log : () => {};
    for (;;) {
      const { value, done } = await messages.next();
      if (done === true) throw await child.ended;
      if ("log" in value) log(value.log);
      if ("failed" in value) throw errorOf(value.failed);
      if ("ready" in value) return new Replicant(child, value.ready, messages, options);
    }
  }

  /** Errors: Error, always. */
  static async inProcess(_options: ServerOptions = {}): Promise<Replicant> {
    throw new Error(
      "Replicant.inProcess needs Bun, since the server then runs in this process: run the program with bun in place of node. " +
        "Replicant.start works in Node, too: it runs the server in a process of its own.",
    );
  }

  get port(): number {
    return this.process.port;
  }

  get url(): string {
    return this.process.url;
  }

  /** The process of the server. */
  get pid(): number {
    return this.process.pid;
  }

  get client(): Client {
    this.ownClient ??= new Client(this.connect({ reconnect: true }), async () => this.connect());
    return this.ownClient;
  }

  connect(options: LinkOptions = {}): Link {
    requireKnown(options, LINK_OPTIONS);
    const address = addressOf(this.url, { reconnect: options.reconnect === true });
    return new LazyLink(nameOf(address), () => SocketLink.connect(address));
  }

  [INSPECT](): string {
    return inspectedAs("Replicant", this.over === null ? `port ${this.port}` : "stopped");
  }

  // ---- clients that others made

  /** Options for ioredis. */
  ioredis(): IoredisOptions {
    const { path, host, port, password } = this.door();
    return { ...(path === "" ? { host, port } : { path }), ...(password === "" ? {} : { password }) } as unknown as IoredisOptions;
  }

  /** Options for node-redis. */
  nodeRedis(): NodeRedisOptions {
    const { path, host, port, password } = this.door();
    const socket = path === "" ? { host, port, tls: false as const } : { path, tls: false as const };
    return password === "" ? { socket } : { socket, password };
  }

  bunRedis(): string {
    return this.url;
  }

  socket(): Duplex {
    const { path, host, port } = this.door();
    const where: NetConnectOpts = path === "" ? { host, port } : { path };
    return connectSocket(where);
  }

  /** Errors: Error when the server listens with TLS only. */
  private door() {
    const address = addressOf(this.url, {});
    if (address.tls !== null) throw new Error("this server listens with TLS only: its url and a certificate are what a client needs");
    return address;
  }

  // ---- the whole state

  async flush(): Promise<void> {
    await this.ask({ what: "flush" });
  }

  async reset(): Promise<void> {
    await this.ask({ what: "reset" });
  }

  async snapshot(): Promise<Uint8Array> {
    const { answer } = await this.ask({ what: "snapshot" });
    return answer ?? new Uint8Array();
  }

  async restore(image: Uint8Array): Promise<void> {
    await this.ask({ what: "restore", image });
  }

  // ---- time

  get now(): number {
    return this.isVirtual ? this.virtualNow : Date.now();
  }

  async advance(milliseconds: number): Promise<void> {
    await this.ask({ what: "advance", milliseconds });
  }

  // ---- events

  /** As in the server's own process, but later: the listener hears of what is executed from the next answer of the server on. */
  on<Name extends keyof ServerEvents>(event: Name, listener: (event: ServerEvents[Name]) => void): this {
    if (event !== "command") throw new TypeError(`there is no event ${JSON.stringify(event)}: "command" is one`);
    if (this.commandListeners.size === 0) this.tellCommands(true);
    this.commandListeners.add(listener);
    return this;
  }

  off<Name extends keyof ServerEvents>(_event: Name, listener: (event: ServerEvents[Name]) => void): this {
    if (this.commandListeners.delete(listener) && this.commandListeners.size === 0) this.tellCommands(false);
    return this;
  }

  private tellCommands(wanted: boolean): void {
    this.ask({ what: "commands", wanted }).catch(() => {}); // the server has ended: there are none
  }

  // ---- the end

  async stop(): Promise<void> {
    this.child.finish();
    await this.stopped;
    await this.ownClient?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  // ---- the conversation

  private ask(question: Question): Promise<Answer> {
    if (this.over !== null) return Promise.reject(this.over);
    const id = ++this.lastId;
    this.child.tell({ id, ask: question });
    return new Promise((resolve, reject) => this.waiting.set(id, { resolve, reject }));
  }

  private async listen(messages: AsyncIterable<FromAttached>): Promise<void> {
    for await (const message of messages) this.take(message);
    this.over = await this.child.ended;
    for (const one of this.waiting.values()) one.reject(this.over);
    this.waiting.clear();
    // It would try to reach the server for ever, and keep the program from ending.
    this.ownClient?.close().catch(() => {});
  }

  private take(message: FromAttached): void {
    if ("log" in message) this.log(message.log);
    if ("command" in message) for (const listener of this.commandListeners) listener(message.command);
    if (!("id" in message)) return;
    const waiting = this.waiting.get(message.id);
    this.waiting.delete(message.id);
    if ("error" in message) return waiting?.reject(errorOf(message.error));
    this.virtualNow = message.now;
    waiting?.resolve(message);
  }
}

/** The options as plain values. */
function startWords({ log, now, ...others }: ListenOptions): StartWords {
  return {
    options: { ...others, ...(now === undefined ? {} : { now: Number(now) }), ...(typeof log === "string" ? { log } : {}) },
    tellLog: typeof log === "function",
  };
}

/** An error of the server's process, in this one. */
function errorOf({ name, message }: { readonly name: string; readonly message: string }): Error {
  const kinds: Readonly<Record<string, new (message: string) => Error>> = { Error, TypeError, RangeError };
  return new (kinds[name] ?? ExecutableError)(message);
}
