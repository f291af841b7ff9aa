/** What all connections share: the parts of the server that they work with, the limits that the configuration sets, and replies that wait. */

import type { Broken } from "../assert.ts";
import { UnusedMemory } from "../blocks/unused.ts";
import type { Config } from "../config/config.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import type { Log } from "../log.ts";
import { Lines } from "../protocol/request.ts";
import { RequestBatch } from "../protocol/request-stream.ts";
import type { AccessControl } from "../session/acl/access-control.ts";
import type { ClientMemory } from "../session/client-memory.ts";
import type { Clients } from "../session/clients.ts";
import type { Executor } from "../session/executor.ts";
import type { Session, SessionKind } from "../session/session.ts";
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
  /** An invariant is broken, which serving a client has brought to light. */
  readonly broken: Broken;
  /** The client is gone, its session already off the list of clients. */
  departed(session: Session): void;
}

const LIMIT_DIRECTIVES = ["proto-max-bulk-len", "client-query-buffer-limit", "client-output-buffer-limit", "maxmemory-clients"] as const;

const NO_LIMIT: OutputLimit = { hard: 0, soft: 0, softSeconds: 0 };

function isLimit({ hard, soft }: OutputLimit): boolean {
  return hard > 0 || soft > 0;
}

export class Conversations {
  readonly parts: ConversationParts;
  readonly executor: Executor;
  readonly stats: ServerStats;
  readonly keyspace: Keyspace;
  readonly memory: ClientMemory;
  /** What clients that left had sent, or had not read. */
  readonly unused = new UnusedMemory();
  /** Reused for the requests of every chunk. */
  readonly batch = new RequestBatch();
  /** `authenticated` is that of the client being served. */
  readonly limits = { maxBulk: 0, maxQueryBuffer: 0, authenticated: true, lines: Lines.REQUESTS };
  outputLimits: Record<SessionKind, OutputLimit> = {
    normal: NO_LIMIT,
    replica: NO_LIMIT,
    pubsub: NO_LIMIT,
    master: NO_LIMIT,
    monitor: NO_LIMIT,
  };
  /**
   * Whether the replies to such clients are counted before they go out, because of limits to what may wait for one or to what all take. A replica's
   * limit is that of its place in the journal (replication/master).
   */
  readonly countsReplies: Record<SessionKind, boolean> = {
    normal: false,
    replica: false,
    pubsub: false,
    master: false,
    monitor: false,
  };
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
    this.memory = parts.clients.memory;
    this.readLimits();
    parts.config.onChange(LIMIT_DIRECTIVES, () => this.readLimits());
  }

  private readLimits(): undefined {
    const { values } = this.parts.config;
    this.limits.maxBulk = values["proto-max-bulk-len"];
    this.limits.maxQueryBuffer = values["client-query-buffer-limit"];
    const { normal, replica, pubsub } = values["client-output-buffer-limit"];
    this.outputLimits = { normal, replica, pubsub, master: normal, monitor: normal };
    const evicts = values["maxmemory-clients"].amount > 0;
    this.countsReplies.normal = evicts || isLimit(normal);
    this.countsReplies.monitor = this.countsReplies.normal;
    this.countsReplies.pubsub = evicts || isLimit(pubsub);
  }

  closed(session: Session): void {
    const { clients, log } = this.parts;
    clients.remove(session);
    log.verbose(`Client closed connection id=${session.id} addr=${session.link.remoteAddress}`);
    this.parts.departed(session);
  }
}
