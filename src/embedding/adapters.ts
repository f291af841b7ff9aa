/** How clients that others made connect to a server in this process: what ioredis, node-redis and Bun take in the place of an address. */

import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { randomHex } from "../base/random.ts";
import type { Server } from "../server.ts";
import { ClientAcceptor } from "../transport/acceptor.ts";
import { InProcessSocket } from "./in-process-socket.ts";

/**
 * What `new Redis(...)` of ioredis takes: each connection is two ends in this process. Typed as what fits anywhere, since the types of ioredis
 * take no other class than a descendant of their own.
 */
export interface IoredisOptions {
  readonly Connector: never;
}

/** What `createClient(...)` of node-redis takes. */
export interface NodeRedisOptions {
  readonly socket: { readonly path: string; readonly tls: false } | { readonly host: string; readonly port: number; readonly tls: false };
  readonly password?: string;
}

const HAS_UNIX_SOCKETS = process.platform !== "win32";
const LOCALHOST = "127.0.0.1";

/** The ways into a server from its own program. */
export class Adapters {
  private readonly server: Server;
  private readonly acceptor: ClientAcceptor;

  constructor(server: Server) {
    this.server = server;
    this.acceptor = new ClientAcceptor(server.conversations);
  }

  /** A connection for clients that read and write the protocol themselves. Errors: Error when the server has stopped. */
  socket(): InProcessSocket {
    if (this.server.hasStopped) throw new Error("the server has stopped");
    return new InProcessSocket(this.acceptor);
  }

  get ioredis(): IoredisOptions {
    const open = (): InProcessSocket => this.socket();
    return { Connector: connectorOf(open) as never };
  }

  get nodeRedis(): NodeRedisOptions {
    const { requirepass } = this.server.config.values;
    const door = this.door();
    const socket = typeof door === "string" ? { path: door, tls: false as const } : { host: LOCALHOST, port: door, tls: false as const };
    return requirepass === "" ? { socket } : { socket, password: requirepass };
  }

  get bunRedis(): string {
    const { requirepass } = this.server.config.values;
    const door = this.door();
    return typeof door === "string" ? unixUrl(door, requirepass) : `redis://${loginOf(requirepass)}${LOCALHOST}:${door}`;
  }

  /** Returns the path of the server's unix socket, which is opened if there is none; where there are no such sockets, a port. */
  private door(): string | number {
    const { server } = this;
    const { values } = server.config;
    if (server.hasStopped) throw new Error("the server has stopped");
    if (!HAS_UNIX_SOCKETS) {
      if (server.port === 0) server.endpoints.open(true);
      return server.port;
    }
    if (values.unixsocket === "") server.endpoints.openUnixSocket(join(tmpdir(), `replicant-${process.pid}-${randomHex(12)}.sock`));
    return resolve(values.dir, values.unixsocket);
  }
}

/** What stands before the host of an address. */
export function loginOf(password: string): string {
  return password === "" ? "" : `:${encodeURIComponent(password)}@`;
}

/** The address of a unix socket. Bun's client takes a password before the name of a host only, which means nothing here. */
export function unixUrl(path: string, password: string): string {
  return `redis+unix://${password === "" ? "" : `${loginOf(password)}localhost`}${path}`;
}

/** A class as ioredis wants one (AbstractConnector): it makes one for each client, and asks it for a stream at each connection. */
function connectorOf(open: () => InProcessSocket) {
  return class {
    firstError: Error | undefined;
    connecting = false;
    stream: InProcessSocket | null = null;

    check(): boolean {
      return true;
    }

    async connect(): Promise<InProcessSocket> {
      this.connecting = true;
      // A client that is disconnected at once is not to connect any more.
      await Promise.resolve();
      if (!this.connecting) throw new Error("Connection is closed.");
      this.stream = open();
      return this.stream;
    }

    disconnect(): void {
      this.connecting = false;
      this.stream?.end();
    }
  };
}
