/** A server in a program of TypeScript. Any number of them may live in one process, and nothing outside of them is touched. */

import { resolve } from "node:path";
import type { Link } from "../client/link.ts";
import type { Config } from "../config/config.ts";
import { Log } from "../log.ts";
import { Server } from "../server.ts";
import { InProcessLink } from "./in-process-link.ts";
import { configOf, type ListenOptions, type ServerOptions } from "./options.ts";

/**
 * A server in this process, and what one can do with it beside sending commands.
 *
 *     await using server = await Replicant.inProcess();
 */
export class Replicant implements AsyncDisposable {
  protected readonly server: Server;

  protected constructor(server: Server) {
    this.server = server;
  }

  /**
   * Starts a server that others can connect to: on any free port of 127.0.0.1 unless told. Resolves when it is ready: what `dir` has is
   * loaded. Errors: TypeError for options that cannot be; those of opening the port, and of loading.
   */
  static async start(options: ListenOptions = {}): Promise<ListeningReplicant> {
    const config = configOf(options, "Replicant.start");
    const server = await started(config, options, options.port === undefined);
    return new ListeningReplicant(server);
  }

  /** Starts a server without a port, for this program alone. Errors: as of `start`. */
  static async inProcess(options: ServerOptions = {}): Promise<Replicant> {
    if ("port" in options) throw new TypeError("Replicant.inProcess: such a server has no port: Replicant.start starts one that has");
    return new Replicant(await started(configOf(options, "Replicant.inProcess"), options, false));
  }

  /** A further connection to the server, with a database, subscriptions and a transaction of its own. */
  connect(): Link {
    return new InProcessLink(this.server.conversations);
  }

  /** Stops the server. With a folder and save points the data set is saved before, as by SHUTDOWN. Connections are closed. */
  async stop(): Promise<void> {
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
    const login = values.requirepass === "" ? "" : `:${encodeURIComponent(values.requirepass)}@`;
    const host = hostOf(values.bind);
    if (this.port > 0) return `redis://${login}${host}:${this.port}`;
    if (this.server.tlsPort > 0) return `rediss://${login}${host}:${this.server.tlsPort}`;
    return `redis+unix://${login}${resolve(values.dir, values.unixsocket)}`;
  }
}

async function started(config: Config, options: ServerOptions, anyPort: boolean): Promise<Server> {
  const server = new Server(config, { anyPort, log: logOf(options, config), ownsProcess: false });
  await server.start();
  return server;
}

function logOf({ log = "silent" }: ServerOptions, config: Config): Log {
  const level = config.values.loglevel;
  if (typeof log === "function") return new Log({ level, file: "", write: log });
  return log === "silent" ? new Log({ level, file: "", write: () => {} }) : new Log({ level, file: resolve(log) });
}

/** An address that clients of this machine can connect to, where the server listens on those of `bind`. */
function hostOf(bind: readonly string[]): string {
  const [first = "127.0.0.1"] = bind.map((address) => address.replace(/^-/, ""));
  if (first === "*" || first === "0.0.0.0") return "127.0.0.1";
  if (first === "::*" || first === "::") return "[::1]";
  return first.includes(":") ? `[${first}]` : first;
}
