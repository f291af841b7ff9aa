/** Turns accepted sockets into clients: refuses those over `maxclients` or outside protected mode, sets socket options, and knows each class's output limit. */

import type { Socket } from "bun";
import { InvariantError } from "../assert.ts";
import type { Config } from "../config/config.ts";
import type { Database } from "../keyspace/database.ts";
import { RequestBatch } from "../protocol/batch.ts";
import type { Frame } from "../protocol/frame.ts";
import type { Reply } from "../protocol/reply.ts";
import type { Clients } from "../session/clients.ts";
import { Session, SessionKind } from "../session/session.ts";
import { Connection, type ConnectionCounters, type ConnectionHost } from "./connection.ts";
import type { Outbox } from "./deferred-replies.ts";
import type { Acceptor } from "./listeners.ts";
import type { OutputLimit } from "./output-buffer.ts";
import type { AnswerGate } from "./reply-barrier.ts";

/** What clients need of the server; `ConnectionHost` is made of it. */
export interface ClientHost {
  readonly config: Config;
  readonly clients: Clients;
  readonly reply: Reply;
  readonly gate: AnswerGate;
  readonly outbox: Outbox;
  readonly counters: ConnectionCounters & { connections: number; rejectedConnections: number };
  readonly firstDatabase: Database;
  /** ms since 1970, as of the tick. */
  readonly now: number;
  beginBatch(): number;
  endBatch(): void;
  /** The first `count` of `frames` are about to be executed, in order. */
  lookAhead(session: Session, frames: readonly Frame[], count: number): void;
  execute(session: Session, frame: Frame): void;
  protocolError(session: Session, message: string): void;
  /** The client is gone, its session already off the list of clients. */
  departed(session: Session): void;
  verbose(message: string): void;
  warn(message: string): void;
}

const REFUSED_FULL = "-ERR max number of clients reached\r\n";
const REFUSED_PROTECTED =
  "-DENIED Replicant is running in protected mode because protected mode is enabled and no password is set for the default user. In this mode connections " +
  "are only accepted from the loopback interface. To connect from other machines, set a password with 'requirepass', or switch protected mode off with " +
  "'CONFIG SET protected-mode no' from this machine or 'protected-mode no' in the configuration, once you are sure that the port cannot be reached by " +
  "anyone you do not trust.\r\n";

export class ClientAcceptor implements Acceptor, ConnectionHost {
  readonly reply: Reply;
  readonly batch = new RequestBatch();
  readonly counters: ConnectionCounters;
  readonly gate: AnswerGate;
  readonly outbox: Outbox;
  readonly limits = { maxBulk: 0, maxQueryBuffer: 0, authenticated: true };
  private readonly host: ClientHost;

  /** Long enough that turns cost nothing that can be measured; clients of one that sends for ever wait no longer. */
  readonly turnMs = 2;

  constructor(host: ClientHost) {
    this.host = host;
    this.reply = host.reply;
    this.counters = host.counters;
    this.gate = host.gate;
    this.outbox = host.outbox;
    this.readLimits();
    host.config.onChange(["proto-max-bulk-len", "client-query-buffer-limit"], () => this.readLimits());
  }

  private readLimits(): undefined {
    const { values } = this.host.config;
    this.limits.maxBulk = values["proto-max-bulk-len"];
    this.limits.maxQueryBuffer = values["client-query-buffer-limit"];
  }

  accept(socket: Socket<Connection>, options: { unixSocket: boolean }): Connection | null {
    const { host } = this;
    const { values } = host.config;
    if (host.clients.count >= values.maxclients) {
      host.counters.rejectedConnections++;
      socket.end(REFUSED_FULL);
      return null;
    }
    const remote = socket.remoteAddress ?? "";
    const passwordless = values.requirepass === "";
    if (!options.unixSocket && values["protected-mode"] && passwordless && !isLoopback(remote)) {
      host.counters.rejectedConnections++;
      socket.end(REFUSED_PROTECTED);
      return null;
    }
    if (!options.unixSocket) {
      socket.setNoDelay(true);
      if (values["tcp-keepalive"] > 0) socket.setKeepAlive(true, values["tcp-keepalive"] * 1000);
    }
    const path = values.unixsocket ?? "";
    const connection = new Connection(socket, this, {
      remote: options.unixSocket ? `${path}:0` : endpoint(remote, socket.remotePort),
      local: options.unixSocket ? `${path}:0` : endpoint(socket.localAddress, socket.localPort),
    });
    connection.session = new Session({
      id: host.clients.newId(),
      link: connection,
      database: host.firstDatabase,
      now: Date.now(),
      authenticated: passwordless,
      unixSocket: options.unixSocket,
    });
    host.counters.connections++;
    host.clients.add(connection.session);
    host.verbose(`Accepted ${connection.remoteAddress}`);
    return connection;
  }

  outputLimit(session: Session): OutputLimit {
    const limits = this.host.config.values["client-output-buffer-limit"];
    if (session.kind === SessionKind.REPLICA) return limits.replica;
    return session.kind === SessionKind.PUBSUB ? limits.pubsub : limits.normal;
  }

  get now(): number {
    return this.host.now;
  }

  beginBatch(): number {
    return this.host.beginBatch();
  }

  endBatch(): void {
    this.host.endBatch();
  }

  lookAhead(session: Session, frames: readonly Frame[], count: number): void {
    this.host.lookAhead(session, frames, count);
  }

  execute(session: Session, frame: Frame): void {
    this.host.execute(session, frame);
  }

  protocolError(session: Session, message: string): void {
    this.host.protocolError(session, message);
  }

  closed(session: Session): void {
    this.host.clients.remove(session);
    this.host.verbose(`Client closed connection id=${session.id} addr=${session.link.remoteAddress}`);
    this.host.departed(session);
  }

  warn(message: string): void {
    this.host.warn(message);
  }

  /** What a broken socket tells is of no interest; anything else is our own fault. */
  failed(error: Error): void {
    if (error instanceof InvariantError) {
      // Not survivable: whoever owns the process learns of it and decides how to stop.
      queueMicrotask(() => {
        throw error;
      });
    } else if (!("syscall" in error)) this.host.warn(`Unexpected exception while serving a client: ${error.stack ?? error.message}`);
  }
}

function endpoint(address: string, port: number): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

function isLoopback(address: string): boolean {
  return address === "::1" || address.startsWith("127.") || address.startsWith("::ffff:127.");
}
