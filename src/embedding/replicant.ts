/** A server in a program of TypeScript. Any number of them may live in one process, and nothing outside of them is touched. */

import { resolve } from "node:path";
import type { Duplex } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import { systemClock } from "../base/clock.ts";
import { Client } from "../client/client.ts";
import { INSPECT, inspectedAs } from "../client/inspecting.ts";
import { requireKnown } from "../client/known-options.ts";
import { LINK_OPTIONS, type Link, type LinkOptions } from "../client/link.ts";
import type { Config } from "../config/config.ts";
import { ConfigError } from "../config/error.ts";
import { Log } from "../log.ts";
import { Server } from "../server.ts";
import { Adapters, type IoredisOptions, loginOf, type NodeRedisOptions, unixUrl } from "./adapters.ts";
import { Events, type ServerEvents } from "./events.ts";
import { takeImage, takeIn } from "./images.ts";
import { InProcessLink, type InProcessLinkOptions } from "./in-process-link.ts";
import { configOf, type ListenOptions, type ServerOptions } from "./options.ts";
import { Reset } from "./reset.ts";
import { VirtualClock } from "./virtual-clock.ts";

/** A server that runs, and its clock. */
interface Started {
  readonly server: Server;
  /** Null: it goes by the machine's. */
  readonly clock: VirtualClock | null;
}

/**
 * A server in this process, and what one can do with it beside sending commands.
 *
 *     await using server = await Replicant.inProcess();
 */
export class Replicant implements AsyncDisposable {
  protected readonly server: Server;
  private readonly clock: VirtualClock | null;
  private readonly events: Events;
  private readonly adapters: Adapters;
  /** Of requests that the server makes of itself. */
  private ownLinkMade: Link | null = null;
  private readonly asAtStart: Reset;
  private ownClient: Client | null = null;
  private stopping: Promise<void> | null = null;
  /** Resolves when the clock is where it was told to be set last. */
  private advancing: Promise<void> = Promise.resolve();

  protected constructor({ server, clock }: Started) {
    this.server = server;
    this.clock = clock;
    this.events = new Events(server);
    this.adapters = new Adapters(server);
    this.asAtStart = new Reset(server, () => this.ownLink);
  }

  /**
   * Starts a server that others can connect to: on any free port of 127.0.0.1 unless told. Resolves when it is ready: what `dir` has is
   * loaded. Errors: TypeError for options that cannot be; those of opening the port, and of loading.
   */
  static async start(options: ListenOptions = {}): Promise<ListeningReplicant> {
    return new ListeningReplicant(await startServer(options, "Replicant.start"));
  }

  /** Starts a server without a port, for this program alone. Errors: as of `start`. */
  static async inProcess(options: ServerOptions = {}): Promise<Replicant> {
    if ("port" in options) throw new TypeError("Replicant.inProcess: such a server has no port: Replicant.start starts one that has");
    return new Replicant(await startServer({ ...options, port: null }, "Replicant.inProcess"));
  }

  /** A client of the server, the same each time. */
  get client(): Client {
    this.ownClient ??= new Client(this.connect({ reconnect: true }), async () => this.connect());
    return this.ownClient;
  }

  /**
   * A further connection to the server, with a database, subscriptions and a transaction of its own. `reconnect`: when the server ends it
   * (CLIENT KILL), it begins anew, with its database and its user, and without the rest. Errors: Error when the server has stopped.
   */
  connect(options: LinkOptions = {}): Link {
    requireKnown(options, LINK_OPTIONS);
    return this.newLink({ renewed: options.reconnect === true });
  }

  private newLink(options: InProcessLinkOptions): Link {
    const { server } = this;
    if (server.hasStopped) throw new Error("the server has stopped");
    return new InProcessLink(server.conversations, { ...options, isOver: () => server.hasStopped });
  }

  private get ownLink(): Link {
    // CLIENT KILL may end it, as any.
    this.ownLinkMade ??= this.newLink({ own: true, renewed: true });
    return this.ownLinkMade;
  }

  /** @internal for console.log. */
  [INSPECT](): string {
    const { server } = this;
    return inspectedAs("Replicant", server.hasStopped ? "stopped" : server.port > 0 ? `port ${server.port}` : "in this process");
  }

  // ---- clients that others made

  /** Options for ioredis, and for what is built on it (BullMQ): `new Redis({ ...server.ioredis() })` connects without a port. */
  ioredis(): IoredisOptions {
    return this.adapters.ioredis;
  }

  /** Options for node-redis: `createClient(server.nodeRedis())` connects over a unix socket, which is removed when the server stops. */
  nodeRedis(): NodeRedisOptions {
    return this.adapters.nodeRedis;
  }

  /** An address for Bun's client: `new Bun.RedisClient(server.bunRedis())` connects over a unix socket, as `nodeRedis` does. */
  bunRedis(): string {
    return this.adapters.bunRedis;
  }

  /** A connection for any other client that reads and writes the protocol itself: a stream, as `net.connect` gives one. */
  socket(): Duplex {
    return this.adapters.socket();
  }

  // ---- the whole state

  /**
   * Deletes all keys of all databases, as FLUSHALL does; a million in less than a millisecond. Neither CLIENT PAUSE nor what FLUSHALL is called
   * stand in its way. Errors: Error on a replica, whose data is its master's.
   */
  async flush(): Promise<void> {
    const { executor, replication } = this.server;
    while (executor.busy) await new Promise<void>((idle) => executor.whenIdle(idle));
    if (replication.isReplica) throw new Error("the data of a replica is its master's: the master is the one to flush");
    await this.ownLink.send(["FLUSHALL", "ASYNC"], false);
  }

  /**
   * Makes the server what it was when it was started, but for what `dir` had then: without keys, functions, scripts and statistics, with the
   * directives, users and, where it is virtual, the time of the start. Clients stay connected; those that wait for keys give up. Takes less
   * than a millisecond.
   */
  async reset(): Promise<void> {
    this.clock?.reset();
    await this.asAtStart.run();
  }

  /**
   * Returns the state of this moment as bytes: all databases and the function libraries, in the RDB format, which Redis and Valkey can load as
   * well.
   */
  snapshot(): Promise<Uint8Array> {
    return takeImage(this.server);
  }

  /**
   * Puts the state that `snapshot` gave, of this server or another, in the place of all there is; the file of a snapshot (dump.rdb) will do,
   * too. Clients stay connected. Errors: Error when the bytes are no image or are damaged; everything is as it was then.
   */
  restore(snapshot: Uint8Array): Promise<void> {
    return takeIn(this.server, snapshot);
  }

  // ---- time

  /** The time that the server lives in, in ms since 1970. */
  get now(): number {
    return (this.clock ?? systemClock).now();
  }

  /**
   * Sets a virtual clock ahead. All that time brings about happens in its order, each at its time: keys and fields expire, and are told of as
   * expired, clients that wait for a while give up, pauses end. Resolves when it has, and the program has had turns in between. Errors: Error
   * on a server whose clock is the machine's.
   */
  async advance(milliseconds: number): Promise<void> {
    const { clock } = this;
    if (clock === null)
      throw new Error('the clock of this server is the machine\'s: only one with the option clock: "virtual" can be set ahead');
    if (!Number.isSafeInteger(milliseconds) || milliseconds < 0)
      throw new RangeError(`a clock can be set ahead by a whole number of ms, and not by ${milliseconds}`);
    const before = this.advancing;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.advancing = promise;
    try {
      // One after the other: each sets it ahead by what it was told.
      await before;
      await this.advanceTo(clock, clock.now() + milliseconds);
    } finally {
      resolve();
    }
  }

  private async advanceTo(clock: VirtualClock, until: number): Promise<void> {
    const { housekeeping, executor } = this.server;
    // What was sent before, and waits for its turn, is of the time before.
    await nextTurn();
    for (let due = clock.next(until); ; due = clock.next(until)) {
      while (executor.busy) await new Promise<void>((idle) => executor.whenIdle(idle));
      housekeeping.catchUp();
      due?.();
      await nextTurn();
      if (due === null && clock.now() >= until) return;
    }
  }

  // ---- events

  /**
   * Has `listener` called for each command that is executed, right after it was: what MONITOR would show. It must not take long, since the
   * server waits for it; commands that it sends are executed afterwards.
   */
  on<Name extends keyof ServerEvents>(event: Name, listener: (event: ServerEvents[Name]) => void): this {
    this.events.on(event, listener);
    return this;
  }

  /** Ends what `on` began. */
  off<Name extends keyof ServerEvents>(event: Name, listener: (event: ServerEvents[Name]) => void): this {
    this.events.off(event, listener);
    return this;
  }

  // ---- the end

  /** Resolves once the server has stopped: by `stop`, or because a client sent SHUTDOWN. */
  get stopped(): Promise<void> {
    return this.server.stopped.then(() => {});
  }

  /**
   * Stops the server; called again it waits for the same. With a folder and save points the data set is saved before, as by SHUTDOWN.
   * Connections are closed.
   */
  stop(): Promise<void> {
    this.stopping ??= this.end();
    return this.stopping;
  }

  private async end(): Promise<void> {
    const { server } = this;
    if (server.hasStopped) return;
    const ended = await server.shutdown({ save: server.config.hasFolder ? "configured" : "never", now: true, force: true });
    if (!ended) await server.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

/** A server that others can connect to, over TCP, TLS or a unix socket. */
export class ListeningReplicant extends Replicant {
  /** Resolves once the server serves clients; it does when `Replicant.start` has resolved. */
  readonly ready: Promise<void> = Promise.resolve();

  /** The TCP port; 0 where there is none. */
  get port(): number {
    return this.server.port;
  }

  /** Where to connect to: `redis://127.0.0.1:40123`. Of a server with neither a port nor TLS: `redis+unix:///path`. */
  get url(): string {
    const { values } = this.server.config;
    const login = loginOf(values.requirepass);
    const host = hostOf(values.bind);
    if (this.port > 0) return `redis://${login}${host}:${this.port}`;
    if (this.server.tlsPort > 0) return `rediss://${login}${host}:${this.server.tlsPort}`;
    return unixUrl(resolve(values.dir, values.unixsocket), values.requirepass);
  }
}

async function startServer(options: ListenOptions, caller: string): Promise<Started> {
  const config = configOf(options, caller);
  const { values } = config;
  const { log = "silent" } = options;
  const level = values.loglevel;
  // A turn later: the program may send commands then, and not in the middle of what is logged.
  const write = typeof log === "function" ? (line: string) => queueMicrotask(() => log(line)) : null;
  const clock = clockOf(options, caller);
  const server = serverOf(
    config,
    {
      anyPort: options.port === undefined,
      log: typeof log === "function" || log === "silent" ? new Log({ level, file: "", write }) : new Log({ level, file: resolve(log) }),
      ownsProcess: false,
      // What no one can reach has nothing to wait for.
      keepsAlive: options.port !== null || values.unixsocket !== "" || values["tls-port"] !== 0,
      ...(clock === null ? {} : { clock }),
    },
    caller,
  );
  config.onChange(["save", "appendonly"], () =>
    config.hasFolder || (values.save.length === 0 && !values.appendonly)
      ? undefined
      : "This server has no folder: the option dir names one",
  );
  await server.start();
  return { server, clock };
}

/** Errors: TypeError where users or commands of the options make no sense. */
function serverOf(config: Config, options: ConstructorParameters<typeof Server>[1], caller: string): Server {
  try {
    return new Server(config, options);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    // The words of a user may have its password in them.
    throw new TypeError(`${caller}: ${error.message.replace(/ ([<>#!])[^ ']+/g, " $1...")}`);
  }
}

/** Returns the virtual clock that the options ask for, or null. Errors: TypeError. */
function clockOf({ clock = "system", now }: ServerOptions, caller: string): VirtualClock | null {
  if (clock !== "system" && clock !== "virtual") throw new TypeError(`${caller}: clock is "system" or "virtual"`);
  if (clock === "system" && now !== undefined) throw new TypeError(`${caller}: now is for a clock that is "virtual"`);
  const time = Number(now ?? Date.now());
  if (!Number.isSafeInteger(time) || time < 0) throw new TypeError(`${caller}: now is a date, or a number of ms since 1970`);
  return clock === "system" ? null : new VirtualClock(time);
}

/** An address that clients of this machine can connect to, where the server listens on those of `bind`. */
function hostOf(bind: readonly string[]): string {
  const [first = "127.0.0.1"] = bind.map((address) => address.replace(/^-/, ""));
  if (first === "*" || first === "0.0.0.0") return "127.0.0.1";
  if (first === "::*" || first === "::") return "[::1]";
  return first.includes(":") ? `[${first}]` : first;
}
