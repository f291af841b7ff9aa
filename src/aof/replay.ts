/**
 * Runs the commands of an append-only file, or of an image, as a master's: nothing is denied, journalled or expired, nothing waits. Answers
 * go nowhere.
 */

import type { Database } from "../keyspace/database.ts";
import type { Frame } from "../protocol/frame.ts";
import type { Answering, Executor } from "../session/executor.ts";
import { Session, SessionKind, type SessionLink } from "../session/session.ts";

/** The way out of the session that runs the commands of files: nothing is at its end. */
export const NO_LINK: SessionLink = {
  taker: null,
  remoteAddress: "",
  localAddress: "",
  fileDescriptor: -1,
  inputBytes: 0,
  inputUnread: 0,
  inputArguments: 0,
  inputAwaited: 0,
  outputBytes: 0,
  outputFree: 0,
  outputPieces: 0,
  outputMemory: 0,
  serving: false,
  bytesIn: 0,
  bytesOut: 0,
  onDrained: null,
  send() {},
  closeAfterReply() {},
  destroy() {},
  checkOutputLimit() {},
  offer: () => 0,
  setNoDelay() {},
  pause() {},
  resume() {},
};

export class Replay {
  private readonly executor: Executor;
  private readonly database: Database;
  private session: Session;
  private answering: Answering | null = null;
  private inBatch = false;

  /** A file begins with `database` selected. */
  constructor(executor: Executor, database: Database) {
    this.executor = executor;
    this.database = database;
    this.session = this.makeSession();
  }

  private makeSession(): Session {
    const session = new Session({ id: 0, link: NO_LINK, database: this.database, now: Date.now(), authenticated: true });
    session.kind = SessionKind.MASTER;
    return session;
  }

  /** Whether MULTI has come and EXEC has not. */
  get inTransaction(): boolean {
    return this.session.queueing;
  }

  /** What follows is of this database. */
  select(database: Database): void {
    this.session.database = database;
  }

  /** Commands follow, in the middle of a command of a client (`nested`) or between ticks. */
  begin(nested: boolean): void {
    this.inBatch = !nested;
    this.session.suspendable = !nested;
    if (this.inBatch) this.executor.beginBatch();
    this.answering = this.executor.divert(this.session);
  }

  /** Returns false when there is no such command. */
  run(frame: Frame): boolean {
    if (!this.executor.knows(frame)) return false;
    this.executor.execute(this.session, frame);
    this.executor.reply.discard();
    return true;
  }

  /** Returns the error that a command since the last call was answered with, or null. */
  takeFailure(): string | null {
    const { divergence } = this.session;
    this.session.divergence = null;
    return divergence;
  }

  /** Whether a script that runs too long is under way: the next command has to wait. */
  get busy(): boolean {
    return this.executor.busy;
  }

  /** Resolves once that is over. */
  idle(): Promise<void> {
    return new Promise((resolve) => this.executor.whenIdle(resolve));
  }

  end(): void {
    if (this.answering !== null) this.executor.rejoin(this.answering);
    this.answering = null;
    if (this.inBatch) this.executor.endBatch();
  }

  /** Forgets a transaction under way: another file begins. */
  reset(): void {
    this.session.transaction?.reset();
    this.session = this.makeSession();
  }
}
