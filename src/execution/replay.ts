/**
 * Runs the commands of the append-only file, as those of a master are run: nothing is denied or journalled, nothing waits, and no key's time is over. The answers go nowhere.
 */

import { NO_LINK } from "../aof/client.ts";
import type { CommandRunner } from "../aof/file-load.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import type { Frame } from "../protocol/frame.ts";
import { type Diverted, NO_SINK, type Reply } from "../protocol/reply.ts";
import { Session, SessionKind } from "../session/session.ts";
import type { Dispatcher } from "./dispatcher.ts";

export interface ReplayParts {
  readonly dispatcher: Dispatcher;
  readonly reply: Reply;
  readonly keyspace: Keyspace;
  beginBatch(): void;
}

export class Replay implements CommandRunner {
  private readonly parts: ReplayParts;
  private session: Session;
  private diverted: Diverted | null = null;
  private inBatch = false;

  constructor(parts: ReplayParts) {
    this.parts = parts;
    this.session = this.makeSession();
  }

  private makeSession(): Session {
    const { keyspace } = this.parts;
    const session = new Session({ id: 0, link: NO_LINK, database: keyspace.databases[0], now: keyspace.now, authenticated: true });
    session.kind = SessionKind.MASTER;
    return session;
  }

  get inTransaction(): boolean {
    return this.session.queueing;
  }

  begin(nested: boolean): void {
    const { reply, beginBatch } = this.parts;
    this.inBatch = !nested;
    if (this.inBatch) beginBatch();
    this.diverted = reply.divert(NO_SINK, 2);
  }

  run(frame: Frame): boolean {
    const { dispatcher, reply } = this.parts;
    if (dispatcher.commands.resolve(frame) === null) return false;
    dispatcher.execute(this.session, frame);
    reply.discard();
    return true;
  }

  end(): void {
    const { dispatcher, reply } = this.parts;
    if (this.diverted !== null) reply.rejoin(this.diverted);
    this.diverted = null;
    if (this.inBatch) dispatcher.endBatch();
  }

  reset(): void {
    this.session.transaction?.reset();
    this.session = this.makeSession();
  }
}
