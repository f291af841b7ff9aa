/**
 * Clients whose request has not been answered yet because it waits for something: for keys (BLPOP, XREAD BLOCK and so on), for replicas and
 * the disk (WAIT, WAITAOF), for a task (MIGRATE). All are in one list with one heap of deadlines.
 *
 * A command that waits for keys is executed again, as if it had just come in, when one of them is ready (keyspace/blocking.ts). It may
 * block once more; its deadline stays. As Redis 7.2 does it (blocked.c). A command that waits for a condition is answered when the
 * condition is met or the time is over. One that waits for a task is executed again when that is done, whatever has become of the client.
 */

import { assert } from "../assert.ts";
import { type Clock, systemClock } from "../base/clock.ts";
import type { BlockedKeys, KeyWaiter } from "../keyspace/blocking.ts";
import type { Database } from "../keyspace/database.ts";
import type { LatencyMonitor } from "../keyspace/latency-monitor.ts";
import { Frame } from "../protocol/frame.ts";
import type { Reply } from "../protocol/reply.ts";
import type { Type } from "../values/value-types.ts";
import { Deadlines, type Timed } from "./deadlines.ts";
import type { Executor } from "./executor.ts";
import { ReplyMode, type Session } from "./session.ts";

/** What a client waits for, and what it wants done then. */
export interface KeyWaitRequest {
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

/** What WAIT and WAITAOF wait for. */
export interface Condition {
  met(): boolean;
  /** Answers with how far it has come by now: when it is met, or when the time is over. */
  answer(reply: Reply): void;
  /** Why it will never be met, or null. */
  refusal(): string | null;
}

abstract class BlockedClient implements Timed {
  readonly session: Session;
  /** The request, in bytes of its own. */
  readonly frame: Frame;
  readonly deadline: number;
  place = -1;

  constructor(session: Session, frame: Frame, deadline: number) {
    this.session = session;
    this.frame = frame;
    this.deadline = deadline;
  }

  /** Answers when the time is over. */
  abstract answer(reply: Reply): void;
}

class KeyWait extends BlockedClient implements KeyWaiter {
  readonly database: Database;
  keys: readonly Buffer[];
  type: Type;
  wakesWhenGone: boolean;

  constructor(request: KeyWaitRequest) {
    super(request.session, request.frame(), request.deadline);
    this.database = request.session.database;
    this.keys = request.keys;
    this.type = request.type;
    this.wakesWhenGone = request.wakesWhenGone;
  }

  answer(reply: Reply): void {
    reply.nullArray();
  }
}

class ConditionWait extends BlockedClient {
  readonly condition: Condition;

  constructor(session: Session, frame: Frame, deadline: number, condition: Condition) {
    super(session, new Frame(), deadline);
    this.frame.assign(frame, { copy: true });
    this.condition = condition;
  }

  answer(reply: Reply): void {
    this.condition.answer(reply);
  }
}

/** What is under way cannot be called back: the command ends when the task does. */
class TaskWait extends BlockedClient {
  constructor(session: Session, frame: Frame) {
    super(session, new Frame(), 0);
    this.frame.assign(frame, { copy: true });
  }

  answer(): void {
    assert(false, "a task has no time that could be over");
  }
}

export class BlockedClients {
  private readonly executor: Executor;
  private readonly awaited: BlockedKeys;
  private readonly latency: LatencyMonitor;
  private readonly clients = new Map<Session, BlockedClient>();
  /** Those of them that wait for a condition. */
  private readonly conditions = new Set<ConditionWait>();
  /** Those whose key was ready during a pause: they wait for that to end (pauses.ts), not for keys. */
  private readonly postponed = new Map<Session, KeyWait>();
  private readonly clock: Clock;
  private readonly deadlines: Deadlines<BlockedClient>;
  /** Clients that wait for the end of the server: they are answered by SHUTDOWN itself. */
  private readonly stopping = new Set<Session>();
  private serving = false;
  private checkScheduled = false;
  /** The client that is being served: if its request blocks again, this wait goes on. */
  private current: KeyWait | null = null;
  /** The client whose task is over, while it is answered. */
  private finished: Session | null = null;

  constructor(executor: Executor, awaited: BlockedKeys, latency: LatencyMonitor, clock: Clock = systemClock) {
    this.executor = executor;
    this.clock = clock;
    this.deadlines = new Deadlines((client) => this.end(client, null), clock);
    this.latency = latency;
    this.awaited = awaited;
    // What is done in commands is followed by `serveReady`; this is for all else. Both find what there is to do.
    awaited.onReady = () => queueMicrotask(() => this.serveBetweenTicks());
  }

  /** How many clients are blocked; those that wait for a pause to end are not counted. */
  get count(): number {
    for (const session of this.stopping) if (session.closing) this.stopping.delete(session);
    return this.clients.size + this.stopping.size;
  }

  /** The client waits for a shutdown until the function that this returns is called. */
  waitForShutdown(session: Session): () => void {
    this.stopping.add(session);
    return () => this.stopping.delete(session);
  }

  /** How many of them wait for a limited time. */
  get timedCount(): number {
    return this.deadlines.size;
  }

  /** Whether the request of this client that is being executed has waited. */
  repeats(session: Session): boolean {
    return this.current?.session === session || this.finished === session;
  }

  /** The request that the client waits with, or null when it is not blocked. */
  requestOf(session: Session): Frame | null {
    return (this.clients.get(session) ?? this.postponed.get(session))?.frame ?? null;
  }

  // ---- blocking

  /** Blocks the client whose request is being executed until one of the keys is ready. */
  blockOnKeys(request: KeyWaitRequest): void {
    const { current } = this;
    let client: KeyWait;
    if (current !== null && current.session === request.session) {
      client = current;
      client.keys = request.keys;
      client.type = request.type;
      client.wakesWhenGone = request.wakesWhenGone;
    } else {
      client = new KeyWait(request);
      request.session.link.pause();
    }
    this.link(client);
    this.awaited.add(client, client.database, client.keys);
  }

  /** Blocks the client whose request `frame` is being executed until the condition is met. `deadline` in ms since 1970; 0 for never. */
  blockOn(condition: Condition, session: Session, frame: Frame, deadline: number): void {
    const client = new ConditionWait(session, frame, deadline, condition);
    session.link.pause();
    this.link(client);
    this.conditions.add(client);
  }

  /**
   * Blocks the client whose request `frame` is being executed until the function that this returns is called with the result of a task, once
   * and between ticks: the request is executed once more then (`Executor.finish`), even if the client is gone.
   */
  blockOnTask(session: Session, frame: Frame): (result: object) => void {
    const client = new TaskWait(session, frame);
    session.link.pause();
    this.link(client);
    return (result) => this.endTask(client, result);
  }

  private endTask(client: TaskWait, result: object): void {
    const { session, frame } = client;
    const { executor } = this;
    executor.beginBatch();
    if (this.clients.get(session) === client) this.unlink(client);
    const answering = executor.divert(session);
    this.finished = session;
    try {
      executor.finish(session, frame, result);
    } finally {
      this.finished = null;
      executor.endCalls();
      executor.rejoin(answering);
    }
    this.release(session);
    executor.endBatch();
  }

  private link(client: BlockedClient): void {
    assert(!this.clients.has(client.session), "a blocked client sends no request that could block it again");
    client.session.blocked = true;
    this.clients.set(client.session, client);
    if (client.deadline !== 0) this.deadlines.add(client);
  }

  /** The client is gone. */
  remove(session: Session): void {
    this.postponed.delete(session);
    const client = this.clients.get(session);
    if (client !== undefined) this.unlink(client);
  }

  private unlink(client: BlockedClient): void {
    assert(
      client.session.blocked && this.clients.get(client.session) === client,
      "a client leaves the list once, with the wait it came with",
    );
    client.session.blocked = false;
    this.clients.delete(client.session);
    this.deadlines.remove(client);
    if (client instanceof KeyWait) this.awaited.remove(client, client.database, client.keys);
    else if (client instanceof ConditionWait) this.conditions.delete(client);
  }

  // ---- serving those who wait for keys

  /** Serves clients that wait for keys that are ready. To be called after each command that a client sent, EXEC being one. */
  serveReady(): void {
    if (this.serving || this.executor.loading || this.executor.busy) return;
    this.serving = true;
    try {
      this.awaited.drain((waiter) => {
        if (waiter instanceof KeyWait) this.serve(waiter);
      });
    } finally {
      this.serving = false;
    }
  }

  /** For keys that were made ready outside of commands: a key that expired, a data set that was replaced. */
  serveBetweenTicks(): void {
    if (!this.awaited.hasReady || this.executor.loading || this.executor.busy) return;
    this.executor.beginBatch();
    this.serveReady();
    this.executor.endBatch();
  }

  private serve(client: KeyWait): void {
    this.unlink(client);
    if (!client.session.closing) this.execute(client);
  }

  private execute(client: KeyWait): void {
    const { session, frame } = client;
    const answering = this.executor.divert(session);
    const outer = this.current;
    this.current = client;
    try {
      this.executor.execute(session, frame);
    } finally {
      this.executor.endCalls();
      this.current = outer;
      this.executor.rejoin(answering);
    }
    if (session.blocked) return;
    assert(!this.clients.has(session), "a client that was served waits for nothing any more");
    if (session.postponed) this.postponed.set(session, client);
    else this.release(session);
  }

  /** The client has its answer: what it sent meanwhile is served when the command under way is over. */
  private release(session: Session): void {
    session.lastActive = this.clock.now();
    session.link.resume();
  }

  /** The client need not wait for the end of a pause any more: its request is executed once the command under way is over. */
  resume(session: Session): void {
    const client = this.postponed.get(session);
    if (client === undefined) return session.link.resume();
    queueMicrotask(() => {
      if (session.closing || !this.postponed.delete(session)) return;
      this.executor.beginBatch();
      this.execute(client);
      this.serveReady();
      this.executor.endBatch();
    });
  }

  // ---- conditions

  /** A replica acknowledged something, or the disk did: clients whose condition is met are answered once this tick is over. */
  scheduleCheck(): void {
    if (this.checkScheduled || this.conditions.size === 0) return;
    this.checkScheduled = true;
    setImmediate(() => {
      this.checkScheduled = false;
      for (const client of [...this.conditions]) {
        const refusal = client.condition.refusal();
        if (refusal !== null || client.condition.met()) this.end(client, refusal);
      }
    });
  }

  // ---- giving up

  /** CLIENT UNBLOCK: as if the time were over, or with an error. Returns whether the client was blocked; a task is waited for to its end. */
  unblock(session: Session, options: { error: boolean }): boolean {
    const client = this.clients.get(session);
    if (client === undefined || client instanceof TaskWait) return false;
    this.end(client, options.error ? "UNBLOCKED client unblocked via CLIENT UNBLOCK" : null);
    return true;
  }

  /** The server is no master any more: every blocked client is told and disconnected. */
  disconnectAll(): void {
    for (const client of [...this.clients.values()]) {
      if (client instanceof TaskWait) continue;
      this.end(client, "UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)");
      client.session.link.closeAfterReply();
    }
  }

  /** The server stops: clients are told nothing any more. */
  stop(): void {
    this.deadlines.stop();
    this.conditions.clear();
  }

  /** The wait is over: the client is answered with `error`, or with what there is to say by now. */
  private end(client: BlockedClient, error: string | null): void {
    const { session, frame } = client;
    assert(client !== this.current, "a request that is being executed has not run out of time");
    this.unlink(client);
    const from = performance.now();
    this.answer(client, error);
    const milliseconds = performance.now() - from;
    this.executor.countEnded(session, frame, error, milliseconds * 1000);
    this.latency.note("command-unblocking", Math.floor(milliseconds));
    this.release(session);
  }

  private answer(client: BlockedClient, error: string | null): void {
    const { session } = client;
    const { executor } = this;
    const { muted } = session;
    session.replyMode &= ~ReplyMode.SKIP;
    if (!muted) {
      const answering = executor.divert(session);
      if (error === null) client.answer(executor.reply);
      else executor.reply.error(error);
      executor.rejoin(answering);
    }
  }
}
