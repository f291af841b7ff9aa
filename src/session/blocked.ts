/**
 * Clients that wait for keys. A command that finds nothing to do has its client blocked: the request is kept, the client's link rests, and when one of the keys is
 * ready (keyspace/blocking.ts) the request is executed again, as if it had just come in. It may block once more; its deadline stays. As Redis 7.2 does it (blocked.c).
 */

import type { BlockedKeys, KeyWaiter } from "../keyspace/blocking.ts";
import type { Database } from "../keyspace/database.ts";
import type { Frame } from "../protocol/frame.ts";
import type { Reply } from "../protocol/reply.ts";
import type { Type } from "../values/value-types.ts";
import { Deadlines, type Timed } from "./deadlines.ts";
import { ReplyMode, type Session } from "./session.ts";

/** What a client waits for, and what it wants done then. */
export interface BlockingRequest {
  readonly session: Session;
  /** Keys of the session's database. */
  readonly keys: readonly Buffer[];
  readonly type: Type;
  readonly wakesWhenGone: boolean;
  /** In ms since 1970; 0 for never. A request that blocks again keeps its first one. */
  readonly deadline: number;
  /** The request to execute, in bytes of its own. Not asked for when it blocks again. */
  readonly frame: () => Frame;
}

/** What this needs of those who run commands. */
export interface BlockedHost {
  readonly reply: Reply;
  /** Whether nothing can be executed at the moment, because a data set is being loaded. */
  readonly loading: boolean;
  /** Requests are executed, though none has come in; see Dispatcher. */
  beginBatch(): void;
  endBatch(): void;
  execute(session: Session, frame: Frame): void;
  /** The request is over without having been executed again; it counts as a call, with the error that was its answer. */
  ended(session: Session, frame: Frame, error: string | null): void;
}

class BlockedClient implements KeyWaiter, Timed {
  readonly session: Session;
  readonly frame: Frame;
  readonly deadline: number;
  database: Database;
  keys: readonly Buffer[];
  type: Type;
  wakesWhenGone: boolean;
  place = -1;

  constructor(request: BlockingRequest) {
    this.session = request.session;
    this.frame = request.frame();
    this.deadline = request.deadline;
    this.database = request.session.database;
    this.keys = request.keys;
    this.type = request.type;
    this.wakesWhenGone = request.wakesWhenGone;
  }
}

export class BlockedClients {
  private readonly host: BlockedHost;
  private readonly awaited: BlockedKeys;
  private readonly clients = new Map<Session, BlockedClient>();
  /** Those whose key was ready while writes were paused: they wait for that to end, not for keys. */
  private readonly postponed = new Map<Session, BlockedClient>();
  private readonly deadlines = new Deadlines<BlockedClient>((client) => this.end(client, null));
  private serving = false;
  /** Who is being served: if its request blocks again, this goes on. */
  private current: BlockedClient | null = null;

  constructor(host: BlockedHost, awaited: BlockedKeys) {
    this.host = host;
    this.awaited = awaited;
    // What is done in commands is followed by `serveReady`; this is for all else. Both find what there is to do.
    awaited.onReady = () => queueMicrotask(() => this.serveBetweenTicks());
  }

  /** How many clients are blocked here. */
  get count(): number {
    return this.clients.size + this.postponed.size;
  }

  /** How many of them wait for a time and not for ever. */
  get timedCount(): number {
    return this.deadlines.size;
  }

  /** The request that the client waits with, or null when it is not blocked here. */
  requestOf(session: Session): Frame | null {
    return (this.clients.get(session) ?? this.postponed.get(session))?.frame ?? null;
  }

  // ---- blocking

  /** Blocks the client whose request is being executed. */
  block(request: BlockingRequest): void {
    const { session } = request;
    const former = this.current;
    let client: BlockedClient;
    if (former !== null && former.session === session) {
      client = former;
      client.keys = request.keys;
      client.type = request.type;
      client.wakesWhenGone = request.wakesWhenGone;
    } else {
      client = new BlockedClient(request);
      session.link.pause();
    }
    session.blocked = true;
    this.clients.set(session, client);
    this.awaited.add(client, client.database, client.keys);
    if (client.deadline !== 0) this.deadlines.add(client);
  }

  /** The client is gone. */
  remove(session: Session): void {
    this.postponed.delete(session);
    const client = this.clients.get(session);
    if (client !== undefined) this.unlink(client);
  }

  private unlink(client: BlockedClient): void {
    client.session.blocked = false;
    this.clients.delete(client.session);
    this.awaited.remove(client, client.database, client.keys);
    this.deadlines.remove(client);
  }

  // ---- serving

  /** Serves those who wait for keys that are ready. To be called after each command that a client sent, EXEC being one. */
  serveReady(): void {
    if (this.serving || this.host.loading) return;
    this.serving = true;
    try {
      this.awaited.drain((waiter) => {
        if (waiter instanceof BlockedClient) this.serve(waiter);
      });
    } finally {
      this.serving = false;
    }
  }

  /** For keys that were made ready by what is no command: a key whose time was over, a data set that was replaced. */
  serveBetweenTicks(): void {
    if (!this.awaited.hasReady || this.host.loading) return;
    this.host.beginBatch();
    this.serveReady();
    this.host.endBatch();
  }

  private serve(client: BlockedClient): void {
    this.unlink(client);
    if (!client.session.closing) this.execute(client);
  }

  private execute(client: BlockedClient): void {
    const { session, frame } = client;
    const { reply } = this.host;
    const diverted = reply.divert(session.link, session.protocol);
    const outer = this.current;
    this.current = client;
    try {
      this.host.execute(session, frame);
    } finally {
      this.current = outer;
      reply.rejoin(diverted);
    }
    if (session.blocked) return;
    if (session.postponed) this.postponed.set(session, client);
    else this.release(session);
  }

  /** The client has its answer: what it sent meanwhile is served when the command under way is over. */
  private release(session: Session): void {
    session.lastActive = Date.now();
    session.link.resume();
  }

  /** Writes go on: what waited only for that is executed once the tick is over. -> whether the client is one of those. */
  resumePostponed(session: Session): boolean {
    const client = this.postponed.get(session);
    if (client === undefined) return false;
    queueMicrotask(() => {
      if (session.closing || !this.postponed.delete(session)) return;
      this.host.beginBatch();
      this.execute(client);
      this.serveReady();
      this.host.endBatch();
    });
    return true;
  }

  // ---- giving up

  /** CLIENT UNBLOCK: as if the time were over, or with an error. -> whether the client was blocked here. */
  unblock(session: Session, options: { error: boolean }): boolean {
    const client = this.clients.get(session);
    if (client === undefined) return false;
    this.end(client, options.error ? "UNBLOCKED client unblocked via CLIENT UNBLOCK" : null);
    return true;
  }

  /** The server is no master any more: whoever waits is told and disconnected. */
  disconnectAll(): void {
    for (const client of [...this.clients.values()]) {
      this.end(client, "UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)");
      client.session.link.closeAfterReply();
    }
  }

  /** No command is told of it, so nothing is served any more. */
  stop(): void {
    this.deadlines.stop();
  }

  /** The wait is over in vain: the client is told with `error`, or that its time is over. */
  private end(client: BlockedClient, error: string | null): void {
    const { session, frame } = client;
    this.unlink(client);
    this.answer(session, (reply) => {
      if (error === null) reply.nullArray();
      else reply.error(error);
    });
    this.host.ended(session, frame, error);
    this.release(session);
  }

  private answer(session: Session, write: (reply: Reply) => void): void {
    const { reply } = this.host;
    if (session.replyMode === ReplyMode.SKIP_NEXT) session.replyMode = ReplyMode.ON;
    else if (session.replyMode === ReplyMode.ON) {
      const diverted = reply.divert(session.link, session.protocol);
      write(reply);
      reply.rejoin(diverted);
    }
  }
}
