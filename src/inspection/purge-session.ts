/** Sends UNLINK to this server as a user would: what forbids a write to the user, or to anyone, forbids it here. */

import { NO_LINK } from "../aof/replay.ts";
import type { Database } from "../keyspace/database.ts";
import { Frame } from "../protocol/frame.ts";
import type { User } from "../session/acl/user.ts";
import type { Executor } from "../session/executor.ts";
import { Session } from "../session/session.ts";

const DIGITS = /^:(\d+)/;

export class PurgeSession {
  private readonly executor: Executor;
  private readonly session: Session;
  private answer = "";

  /** `user`: null for one that may do anything. `resumed`: told when a pause has ended that kept a request waiting. */
  constructor(executor: Executor, database: Database, user: User | null, resumed: () => void) {
    this.executor = executor;
    const send = (bytes: Buffer, from: number, to: number): void => {
      this.answer += bytes.latin1Slice(from, to);
    };
    this.session = new Session({ id: 0, link: { ...NO_LINK, send, resume: resumed }, database, now: Date.now(), authenticated: true });
    this.session.user = user;
  }

  /** Whether the last request waits for a pause to end. */
  get waits(): boolean {
    return this.session.postponed;
  }

  /** Deletes keys. Returns how many there were, -1 when the request waits and is to be made again, or the error that was answered. */
  unlink(keys: readonly Buffer[]): number | string {
    const { executor, session } = this;
    session.guarded = session.user !== null && !session.user.isUnrestricted;
    this.answer = "";
    executor.beginBatch();
    const answering = executor.divert(session);
    try {
      executor.execute(session, new Frame().encode(["UNLINK", ...keys]));
    } finally {
      executor.rejoin(answering);
      executor.endBatch();
    }
    if (session.postponed) return -1;
    const count = DIGITS.exec(this.answer);
    return count === null ? this.answer.slice(1).trimEnd() : Number(count[1]);
  }
}
