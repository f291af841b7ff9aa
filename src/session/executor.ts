/**
 * How requests are run, as callers with requests see it: connections, the link to a master, the append-only file, blocked clients.
 * Implemented in execution/, which stands above all of them.
 */

import type { Frame } from "../protocol/frame.ts";
import type { Diverted, Reply, ReplySink } from "../protocol/reply.ts";
import type { Session } from "./session.ts";

/** A reply under way that was put aside for another session's. */
export interface Answering {
  readonly outer: Reply;
  readonly inner: Reply;
  readonly diverted: Diverted;
}

export interface Executor {
  /** Where answers are written. Who executes a request for a client has set its sink and its protocol before. */
  readonly reply: Reply;
  /** Whether requests are being executed: others come behind them, never in their middle. */
  readonly serving: boolean;
  /**
   * What is answered from now on is for `session`, in the form that its link takes; unless told, it goes to the link. Returns what `rejoin`
   * takes, which goes on with what was under way. These nest.
   */
  divert(session: Session, sink?: ReplySink): Answering;
  rejoin(answering: Answering): void;
  /** Executes a request that is answered by `reply`, whose values its caller takes afterwards. Nothing else is under way. */
  executeWith(reply: Reply, session: Session, frame: Frame): void;
  /**
   * Likewise of the program that the server lives in: a command goes by the name that is its own, whatever clients call it by, and neither a
   * user's permissions nor the state of the server (a pause, memory at its limit) keeps it from running.
   */
  executeOwn(reply: Reply, session: Session, frame: Frame): void;
  /** Whether clients cannot be served because a data set is being loaded. */
  readonly loading: boolean;
  /** Whether a script is under way between ticks: nothing else may touch the data until it is over, nor blocked clients be served. */
  readonly busy: boolean;
  /** Has `listener` called once, when that is over. */
  whenIdle(listener: () => void): void;
  /** Requests that came in together start: one reading of the clock serves them all. Returns the time in ms since 1970. */
  beginBatch(): number;
  endBatch(): void;
  /** What was executed last is over, and its request will be gone: the time from now on is none of its. */
  endCalls(): void;
  /** The first `count` of `frames` are about to be executed, in this order. */
  lookAhead(session: Session, frames: readonly Frame[], count: number): void;
  /** Serves one request; the answer is in `reply` afterwards, unless the client is blocked or postponed. */
  execute(session: Session, frame: Frame): void;
  /**
   * Executes the request of a client once more whose command has waited for a task, without the checks that it has passed; the command is
   * given `result`, what has come of the task.
   */
  finish(session: Session, frame: Frame, result: object): void;
  /** Whether the request names a command that there is. */
  knows(frame: Frame): boolean;
  /** Whether it names one that, sent by a master, is not for the append-only file: there is nothing to do again. */
  changesNoData(frame: Frame): boolean;
  /** The client broke the protocol: answers with the error and counts it. */
  protocolError(session: Session, message: string): void;
  /**
   * The request of a blocked client is over without having been executed again: it counts as a call that took so many microseconds to
   * answer, failed if `error` was its answer.
   */
  countEnded(session: Session, frame: Frame, error: string | null, microseconds: number): void;
}
