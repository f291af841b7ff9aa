/** Turns accepted sockets into clients: refuses those over `maxclients` or outside protected mode, and sets socket options. */

import { InvariantError } from "../assert.ts";
import { Session } from "../session/session.ts";
import { Connection } from "./connection.ts";
import type { Conversations } from "./conversations.ts";
import type { Acceptor, ListenerKind } from "./listeners.ts";
import type { Ends, Transport } from "./transport.ts";

const REFUSED_FULL = "-ERR max number of clients reached\r\n";
const REFUSED_PROTECTED =
  "-DENIED Redis is running in protected mode because protected mode is enabled and no password is set for the default user. In this mode " +
  "connections are only accepted from the loopback interface. If you want to connect from external computers to Redis you may adopt one of the " +
  "following solutions: 1) Just disable protected mode sending the command 'CONFIG SET protected-mode no' from the loopback interface by " +
  "connecting to Redis from the same host the server is running, however MAKE SURE Redis is not publicly accessible from internet if you do so. " +
  "Use CONFIG REWRITE to make this change permanent. 2) Alternatively you can just disable the protected mode by editing the Redis configuration " +
  "file, and setting the protected mode option to 'no', and then restarting the server. 3) If you started the server manually just for testing, " +
  "restart it with the '--protected-mode no' option. 4) Set up an authentication password for the default user. NOTE: You only need to do one of " +
  "the above things in order for the server to start accepting connections from the outside.\r\n";

/** What is asked of a socket when it is accepted: one of Bun, or one that a worker owns (workers/). */
export interface AcceptedSocket extends Transport {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  setKeepAlive(enabled: boolean, milliseconds: number): void;
  /** Closes, with last words if there are any. */
  end(text?: string): void;
  /** Closes at once. */
  terminate(): void;
}

type MakeConnection<T extends Connection> = (socket: AcceptedSocket, shared: Conversations, ends: Ends) => T;

export class ClientAcceptor implements Acceptor {
  private readonly shared: Conversations;

  constructor(shared: Conversations) {
    this.shared = shared;
  }

  accept(socket: AcceptedSocket, kind: ListenerKind): Connection | null {
    return this.admit(socket, kind, (transport, shared, ends) => new Connection(transport, shared, ends));
  }

  /** Likewise, with a connection that `make` makes. */
  admit<T extends Connection>(socket: AcceptedSocket, kind: ListenerKind, make: MakeConnection<T>): T | null {
    const { config, clients, log, stats, keyspace, access } = this.shared.parts;
    const { values } = config;
    const remote = socket.remoteAddress ?? "";
    const isNetwork = kind === "tcp" || kind === "tls";
    const isProtected = isNetwork && values["protected-mode"] && access.users.default.noPassword && !isLoopback(remote);
    const isFull = clients.count >= values.maxclients;
    if (isFull || isProtected) {
      stats.rejectedConnections++;
      // Before its handshake a client of TLS can be told nothing.
      if (kind === "tls") socket.terminate();
      else socket.end(isFull ? REFUSED_FULL : REFUSED_PROTECTED);
      return null;
    }
    if (isNetwork) {
      socket.setNoDelay(true);
      if (values["tcp-keepalive"] > 0) socket.setKeepAlive(true, values["tcp-keepalive"] * 1000);
    }
    const path = `${values.unixsocket ?? ""}:0`;
    const connection = make(socket, this.shared, {
      remoteAddress: kind === "unix" ? path : endpoint(remote, socket.remotePort),
      localAddress: kind === "unix" ? path : endpoint(socket.localAddress, socket.localPort),
      fileDescriptor: descriptorOf(socket),
    });
    connection.session = new Session({
      id: clients.newId(),
      link: connection,
      database: keyspace.databases[0],
      now: keyspace.tick(),
      authenticated: false,
      unixSocket: kind === "unix",
      trusted: kind === "program",
    });
    access.reset(connection.session);
    stats.connections++;
    clients.add(connection.session);
    log.verbose(`Accepted ${connection.remoteAddress}`);
    return connection;
  }

  refused(reason: string): void {
    this.shared.parts.log.verbose(`Error accepting a client connection: ${reason}`);
  }

  /** What a broken socket tells is of no interest; anything else is our own fault. */
  failed(error: Error): void {
    if (error instanceof InvariantError) {
      this.shared.parts.broken(error);
    } else if (!("syscall" in error)) {
      this.shared.parts.log.warning(`Unexpected exception while serving a client: ${error.stack ?? error.message}`);
    }
  }
}

function endpoint(address: string, port: number): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

function isLoopback(address: string): boolean {
  return address === "::1" || address.startsWith("127.") || address.startsWith("::ffff:127.");
}

/** The socket's file descriptor, which Bun has and its types do not mention; -1 where it has none. */
function descriptorOf(socket: object): number {
  return "fd" in socket && typeof socket.fd === "number" ? socket.fd : -1;
}
