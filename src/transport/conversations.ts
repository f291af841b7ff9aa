/** What all connections share: the parts of the server that they work with, the limits that the configuration sets, and replies that wait. */

import type { Config } from "../config/config.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import type { Log } from "../log.ts";
import { Lines } from "../protocol/request.ts";
import { RequestBatch } from "../protocol/request-stream.ts";
import type { AccessControl } from "../session/acl/access-control.ts";
import type { Clients } from "../session/clients.ts";
import type { Executor } from "../session/executor.ts";
import { type Session, SessionKind } from "../session/session.ts";
import type { ServerStats } from "../session/stats.ts";
import { DeferredReplies } from "./deferred-replies.ts";
import type { OutputLimit } from "./output-buffer.ts";
import { ReplyBarrier } from "./reply-barrier.ts";

export interface ConversationParts {
  readonly config: Config;
  readonly log: Pick<Log, "verbose" | "warning">;
  readonly clients: Clients;
  readonly keyspace: Keyspace;
  readonly stats: ServerStats;
  readonly executor: Executor;
  readonly access: AccessControl;
  /** The client is gone, its session already off the list of clients. */
  departed(session: Session): void;
}

export class Conversations {
  readonly parts: ConversationParts;
  readonly executor: Executor;
  readonly stats: ServerStats;
  readonly keyspace: Keyspace;
  /** Reused for the requests of every chunk. */
  readonly batch = new RequestBatch();
  /** `authenticated` is that of the client being served. */
  readonly limits = { maxBulk: 0, maxQueryBuffer: 0, authenticated: true, lines: Lines.REQUESTS };
  /** Whether what waits for ordinary clients is limited: then their replies are sent once the turn is over, if all of them keep to that. */
  holdsReplies = false;
  readonly barrier = new ReplyBarrier();
  readonly deferred = new DeferredReplies();
  /**
   * How long one client's requests are served at a time, in ms: long enough that turns cost nothing that can be measured, and no one
   * waits for a client that sends for ever.
   */
  turnMs = 2;

  constructor(parts: ConversationParts) {
    this.parts = parts;
    this.executor = parts.executor;
    this.stats = parts.stats;
    this.keyspace = parts.keyspace;
    this.readLimits();
    parts.config.onChange(["proto-max-bulk-len", "client-query-buffer-limit", "client-output-buffer-limit"], () => this.readLimits());
  }

  private readLimits(): undefined {
    const { values } = this.parts.config;
    this.limits.maxBulk = values["proto-max-bulk-len"];
    this.limits.maxQueryBuffer = values["client-query-buffer-limit"];
    const { normal } = values["client-output-buffer-limit"];
    this.holdsReplies = normal.hard > 0 || normal.soft > 0;
  }

  outputLimit(session: Session): OutputLimit {
    const limits = this.parts.config.values["client-output-buffer-limit"];
    if (session.kind === SessionKind.REPLICA) return limits.replica;
    return session.kind === SessionKind.PUBSUB ? limits.pubsub : limits.normal;
  }

  closed(session: Session): void {
    const { clients, log } = this.parts;
    clients.remove(session);
    log.verbose(`Client closed connection id=${session.id} addr=${session.link.remoteAddress}`);
    this.parts.departed(session);
  }
}
