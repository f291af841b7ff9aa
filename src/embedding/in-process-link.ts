/**
 * A client of a server in the same process: its requests are handed to the executor as frames, and the answers come back as values. No
 * socket is between them, and no protocol is read or written. A request is executed when it is sent, if nothing is under way; else it
 * waits for the end of that. Hot.
 */

import { InvariantError } from "../assert.ts";
import { atCaller, LinkError, ReplyError } from "../client/errors.ts";
import type { Link, Word } from "../client/link.ts";
import { Frame } from "../protocol/frame.ts";
import { requireWords, WordBatch, WordRequest } from "../protocol/word-request.ts";
import type { Executor } from "../session/executor.ts";
import { sendPushes } from "../session/pubsub.ts";
import { Session } from "../session/session.ts";
import type { Conversations } from "../transport/conversations.ts";
import { LinkReply } from "./link-reply.ts";
import type { Push } from "./pushes.ts";
import { type ClientEnd, SessionEnd } from "./session-end.ts";

const CLOSED = "the link to the server is closed";
/**
 * A program that only ever awaits answers leaves no turn to anything else: after so many ms without one an answer waits for the next turn
 * of the event loop. The clock is looked at once in so many requests.
 */
const TURN_MS = 5;
const REQUESTS_PER_LOOK = 64;

/** A request that could not be answered at once. */
interface Waiting {
  /** In bytes of its own. */
  readonly frame: Frame;
  readonly bytes: boolean;
  /** Takes the answer: a ReplyError where it is an error. */
  readonly settle: (value: unknown) => void;
  readonly fail: (error: Error) => void;
}

export interface InProcessLinkOptions {
  /** Whether it begins anew when the server ends it (CLIENT KILL), as one over a socket does; unless told, it is closed then. */
  readonly renewed?: boolean;
  /** Whether its requests are the program's own, which nothing keeps from running (Executor.executeOwn). */
  readonly own?: boolean;
  /** Whether the server has ended, and nothing can begin anew. */
  readonly isOver?: () => boolean;
}

/** Requests that were sent as one. */
class Several {
  readonly requests: readonly (readonly Word[])[];
  readonly bytes: boolean;
  /** Of those before `next`; a promise for one that was not answered at once. */
  readonly answers: unknown[] = [];
  next = 0;
  /** Settle the promise of the answers, where there is one already. */
  settle: (answers: unknown[] | PromiseLike<unknown[]>) => void = () => {};
  fail: (error: Error) => void = () => {};

  constructor(requests: readonly (readonly Word[])[], bytes: boolean) {
    this.requests = requests;
    this.bytes = bytes;
  }

  get isOver(): boolean {
    return this.next === this.requests.length;
  }

  /** What is left of them, in words that stay as they are: their sender may write to its bytes again. */
  rest(): Several {
    const { requests, bytes, answers } = this;
    const kept = requests.slice(this.next).map((words) => words.map((word) => (word instanceof Uint8Array ? new Uint8Array(word) : word)));
    const rest = new Several(kept, bytes);
    for (const answer of answers) rest.answers.push(answer);
    return rest;
  }

  /** All answers, as soon as there are all. */
  get all(): unknown[] | Promise<unknown[]> {
    return this.answers.some((answer) => answer instanceof Promise) ? Promise.all(this.answers) : this.answers;
  }
}

export class InProcessLink implements Link, ClientEnd {
  onPush: ((push: Push) => void) | null = null;
  onClose: ((error: Error | null) => void) | null = null;

  private readonly taker = new LinkReply();
  private serverEnd = new SessionEnd(this.taker, this);
  private session: Session;
  private readonly shared: Conversations;
  private readonly executor: Executor;
  /** Used by turns: what the last request is called is asked for until the next one begins. */
  private readonly requests = [new WordRequest(), new WordRequest()] as const;
  private requestTurn = 0;
  /** Of several that are sent at once; null before there were any. */
  private batch: WordBatch | null = null;
  /** The request that was executed and is not answered. */
  private unanswered: Waiting | null = null;
  /** Requests behind it, and those that came while others were executed. */
  private queue: (Waiting | Several)[] = [];
  private scheduled = false;
  private paused = false;
  private ended = false;
  /** It is to be closed, and takes no more requests. */
  private isClosing = false;
  private closedBy: Error | null = null;
  private readonly options: InProcessLinkOptions;
  /** Answers that wait for the append-only file. */
  private held: (() => void)[] = [];
  private inTurn = false;
  private turnEnd = 0;
  private looks = 0;

  constructor(shared: Conversations, options: InProcessLinkOptions = {}) {
    this.shared = shared;
    this.executor = shared.executor;
    this.options = options;
    this.session = this.newSession();
  }

  private newSession(): Session {
    const { clients, keyspace, access, stats } = this.shared.parts;
    const session = new Session({
      id: clients.newId(),
      link: this.serverEnd,
      database: keyspace.databases[0],
      now: keyspace.now,
      authenticated: true,
      trusted: true,
    });
    session.protocol = 3;
    this.taker.sink = this.serverEnd;
    access.reset(session);
    stats.connections++;
    clients.add(session);
    return session;
  }

  readonly name = "in this process";

  // ---- requests

  send(words: readonly Word[], bytes: boolean): Promise<unknown> {
    if (!this.free) return this.sendLater(words, bytes);
    let frame: Frame;
    try {
      frame = this.frameOf(words);
    } catch (error) {
      return Promise.reject(error);
    }
    this.beginBatch();
    const answered = this.execute(frame, bytes);
    // Before the end of the batch, which lets go of the request, and may bring what it waits for.
    const answer = answered ? null : this.answerOf((waiting) => this.leave(waiting), frame, bytes);
    this.endBatch();
    if (answer !== null) return answer;
    const value = this.taker.take() ?? null;
    if (value instanceof ReplyError) atCaller(value);
    if (this.mustWait) return this.delayed(value);
    return value instanceof ReplyError ? Promise.reject(value) : Promise.resolve(value);
  }

  sendAll(requests: readonly (readonly Word[])[], bytes: boolean): Promise<unknown[]> {
    try {
      // None of them is executed if one cannot be: it may be part of a transaction.
      for (const words of requests) requireWords(words);
    } catch (error) {
      return Promise.reject(error);
    }
    const several = new Several(requests, bytes);
    if (this.free && requests.length > 0) this.executeAll(several);
    if (!several.isOver) return this.sendRest(several.rest());
    // The last one may have been left.
    if (several.answers.at(-1) instanceof Promise) return Promise.all(several.answers);
    return this.mustWait ? (this.delayed(several.answers) as Promise<unknown[]>) : Promise.resolve(several.answers);
  }

  private sendRest(rest: Several): Promise<unknown[]> {
    if (this.isOver) return Promise.reject(new LinkError(CLOSED));
    const { promise, resolve, reject } = Promise.withResolvers<unknown[]>();
    rest.settle = resolve;
    rest.fail = reject;
    this.queue.push(rest);
    this.schedule();
    return promise;
  }

  /** Executes requests until one is not answered, or they have taken too long. */
  private executeAll(several: Several): void {
    const end = performance.now() + TURN_MS;
    this.beginBatch();
    while (this.executeSome(several) && performance.now() <= end);
    this.endBatch();
  }

  /** Executes the next few requests, which are encoded together. Returns whether others may be executed at once. Hot. */
  private executeSome(several: Several): boolean {
    const { taker, executor, session } = this;
    const { requests, bytes, answers } = several;
    this.batch ??= new WordBatch();
    const { frames } = this.batch;
    const count = this.batch.build(requests, several.next);
    if (count > 1) executor.lookAhead(session, frames, count);
    let index = 0;
    let answered = true;
    do {
      // One that is too long for a batch comes alone.
      const frame = count === 0 ? this.frameOf(requests[several.next]) : frames[index];
      index++;
      several.next++;
      answered = this.execute(frame, bytes);
      answers.push(answered ? (taker.take() ?? null) : this.leftOf(frame, bytes));
    } while (answered && index < count && !session.closing);
    // What was called last is asked what it is, and its bytes are used again.
    executor.endCalls();
    return answered && !several.isOver && !session.closing;
  }

  /** Leaves a request that is one of several. Returns the promise of its answer. */
  private leftOf(frame: Frame, bytes: boolean): Promise<unknown> {
    const answer = this.answerOf((waiting) => this.leave(waiting), frame, bytes).catch(asElement);
    // Where the link is closed the others fail as well, and what is told is that.
    answer.catch(() => {});
    return answer;
  }

  private frameOf(words: readonly Word[]): Frame {
    this.requestTurn ^= 1;
    const request = this.requests[this.requestTurn];
    request.build(words);
    return request.frame;
  }

  /** Whether a request can be executed at once. */
  private get free(): boolean {
    const isIdle = this.queue.length === 0 && this.unanswered === null && !this.paused;
    return isIdle && !this.executor.serving && !this.session.closing && !this.isClosing;
  }

  /** Whether it takes no more requests. */
  private get isOver(): boolean {
    return this.isClosing || ((this.ended || this.session.closing) && !this.mayBeRenewed);
  }

  private sendLater(words: readonly Word[], bytes: boolean): Promise<unknown> {
    if (this.isOver) return Promise.reject(new LinkError(CLOSED));
    try {
      const answer = this.answerOf((waiting) => this.queue.push(waiting), this.frameOf(words), bytes);
      this.schedule();
      return answer;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Hands a copy of the request to `keep`. Returns the promise of its answer. */
  private answerOf(keep: (waiting: Waiting) => void, frame: Frame, bytes: boolean): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const copy = new Frame();
    copy.assign(frame, { copy: true });
    const settle = (value: unknown): void => (value instanceof ReplyError ? reject(value) : resolve(value));
    keep({ frame: copy, bytes, settle, fail: reject });
    return promise;
  }

  // ---- executing

  private beginBatch(): void {
    const { session } = this;
    if (session.pushes !== null) sendPushes(session);
    session.lastActive = this.executor.beginBatch();
    this.serverEnd.serving = true;
    if (!this.inTurn) this.beginTurn();
  }

  private endBatch(): void {
    this.executor.endBatch();
    this.serverEnd.serving = false;
    for (const request of this.requests) request.release();
    if (this.taker.hasPushes) this.received(this.taker.takePushes());
    if (this.session.closing && this.unanswered === null) this.end();
  }

  /** Executes a request. Returns whether `taker` has its answer. */
  private execute(frame: Frame, bytes: boolean): boolean {
    const { session, taker } = this;
    session.protocol = 3;
    taker.asBytes = bytes;
    try {
      if (this.options.own === true) this.executor.executeOwn(taker, session, frame);
      else this.executor.executeWith(taker, session, frame);
    } catch (error) {
      this.broken(error);
      return true;
    }
    return !session.blocked && !session.postponed && (!this.paused || taker.hasAnswer);
  }

  /** What goes wrong in a command is answered by the executor: this is worse. */
  private broken(error: unknown): void {
    if (error instanceof InvariantError) this.shared.parts.broken(error);
    this.taker.begin();
    this.taker.error("ERR internal error, see the server log");
    if (!(error instanceof InvariantError)) throw error;
  }

  /** A request was executed and not answered: it waits for something, or is to be executed once more when a pause is over. */
  private leave(waiting: Waiting): void {
    if (this.session.postponed) this.queue.unshift(waiting);
    else this.unanswered = waiting;
  }

  private schedule(): void {
    if (this.scheduled || this.paused) return;
    this.scheduled = true;
    queueMicrotask(() => {
      this.scheduled = false;
      this.runQueue();
    });
  }

  private runQueue(): void {
    if (this.queue.length === 0 || this.paused || this.ended) return;
    this.beginBatch();
    while (this.queue.length > 0 && !this.paused && !this.session.closing && !this.turnIsOver) {
      const waiting = this.queue[0];
      if (waiting instanceof Several) {
        if (this.runSeveral(waiting)) continue;
        break;
      }
      this.queue.shift();
      if (this.execute(waiting.frame, waiting.bytes)) this.settle(waiting, this.taker.take() ?? null);
      else this.leave(waiting);
    }
    this.endBatch();
    if (this.queue.length > 0 && !this.paused && !this.ended) setImmediate(() => this.runQueue());
  }

  /** Executes the next few of the requests that are first in the queue. Returns whether there is time for more. */
  private runSeveral(several: Several): boolean {
    this.executeSome(several);
    if (several.isOver) {
      // In front of it may be what is to be executed once more.
      this.queue.splice(this.queue.indexOf(several), 1);
      this.settle(several, several.all);
    }
    return performance.now() <= this.turnEnd;
  }

  private settle<Value>(waiting: { settle(value: Value): void }, value: Value): void {
    if (this.shared.barrier.closed) this.hold(() => waiting.settle(value));
    else waiting.settle(value);
  }

  // ---- turns of the event loop

  private beginTurn(): void {
    this.inTurn = true;
    this.turnEnd = performance.now() + TURN_MS;
    setImmediate(() => {
      this.inTurn = false;
    });
  }

  private get turnIsOver(): boolean {
    return ++this.looks % REQUESTS_PER_LOOK === 0 && performance.now() > this.turnEnd;
  }

  /** Whether an answer that is there may not be handed over yet. */
  private get mustWait(): boolean {
    return this.shared.barrier.closed || this.turnIsOver;
  }

  private delayed(value: unknown): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const settle = (): void => (value instanceof ReplyError ? reject(value) : resolve(value));
    if (this.shared.barrier.closed) this.hold(settle);
    else setImmediate(settle);
    return promise;
  }

  private hold(settle: () => void): void {
    this.held.push(settle);
    this.shared.barrier.hold(this);
  }

  /** The append-only file has what the answers tell of. */
  drain(): void {
    for (const settle of this.held.splice(0)) settle();
  }

  // ---- what the session asks for

  received(pushes: readonly Push[]): void {
    if (this.ended) return;
    // Who is told may send requests at once: the one that is being made now is to be through by then.
    queueMicrotask(() => {
      for (const push of pushes) this.onPush?.(push);
    });
  }

  failed(message: string): void {
    const { unanswered } = this;
    this.unanswered = null;
    unanswered?.settle(new ReplyError(message));
  }

  pause(): void {
    this.paused = true;
  }

  /** What was waited for has come, and been answered, or may be executed now. */
  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    const { unanswered } = this;
    // Without an answer the connection ends: SHUTDOWN.
    if (unanswered !== null && (this.taker.hasAnswer || this.session.muted)) {
      this.unanswered = null;
      this.settle(unanswered, this.taker.take() ?? null);
    }
    if (this.taker.hasPushes) this.received(this.taker.takePushes());
    this.schedule();
  }

  closeAfterReply(): void {
    this.session.closing = true;
    if (!this.serverEnd.serving) this.end();
  }

  destroy(): void {
    this.closedBy ??= new LinkError(CLOSED);
    this.session.closing = true;
    this.end();
  }

  private end(): void {
    if (this.ended) return;
    this.ended = true;
    const { session, unanswered, queue } = this;
    this.unanswered = null;
    this.queue = [];
    // What is under way may be walking along a list that this session is in.
    queueMicrotask(() => {
      this.shared.closed(session);
      this.drain();
      const error = this.closedBy ?? new LinkError(CLOSED);
      unanswered?.fail(error);
      for (const waiting of queue) waiting.fail(error);
      if (this.mayBeRenewed && this.renew(session)) return;
      // What came meanwhile, to go on with.
      for (const waiting of this.queue.splice(0)) waiting.fail(error);
      this.onClose?.(this.closedBy);
    });
  }

  private get mayBeRenewed(): boolean {
    const { renewed = false, isOver } = this.options;
    return renewed && !this.isClosing && isOver?.() !== true;
  }

  /** Begins anew, with the database and the user that it had. Returns false where there is no such user any more. */
  private renew(former: Session): boolean {
    this.serverEnd = new SessionEnd(this.taker, this);
    this.session = this.newSession();
    this.ended = false;
    this.paused = false;
    this.closedBy = null;
    this.session.database = former.database;
    if (!this.shared.parts.access.goOnAs(this.session, former)) {
      this.isClosing = true;
      this.destroy();
      return false;
    }
    this.schedule();
    return true;
  }

  /** Requests that wait for keys, or for a pause to end, fail; those that came while others were executed are executed before. */
  async close(): Promise<void> {
    if (this.isClosing) return;
    this.isClosing = true;
    await Promise.resolve();
    while (this.queue.length > 0 && !this.paused && !this.ended) {
      this.runQueue();
      if (this.queue.length > 0) await new Promise<void>((resolve) => setImmediate(resolve));
    }
    this.session.closing = true;
    this.end();
    await Promise.resolve();
  }
}

function asElement(error: unknown): unknown {
  if (error instanceof ReplyError) return error;
  throw error;
}
