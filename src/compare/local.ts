/** This server, asked as a client would ask it: in slices, between which other clients are served. */

import { setImmediate as nextTick } from "node:timers/promises";
import { NO_LINK } from "../aof/replay.ts";
import type { Database } from "../keyspace/database.ts";
import { Frame } from "../protocol/frame.ts";
import type { Executor } from "../session/executor.ts";
import { Session } from "../session/session.ts";
import type { Endpoint, Words } from "./endpoint.ts";
import { type Value, ValueDecoder } from "./reply-decoder.ts";

/** How long a slice may be, in ms. */
const SLICE_MS = 1;

export class LocalEndpoint implements Endpoint {
  readonly name = "here";
  private readonly executor: Executor;
  private readonly session: Session;
  private readonly decoder = new ValueDecoder();
  private replies: Value[] = [];
  /** Told when a pause has ended that keeps a request waiting. */
  private resumed: () => void = () => {};

  /** `prepare` is given the session that asks, which may do everything. */
  constructor(executor: Executor, database: Database, prepare: (session: Session) => void = () => {}) {
    this.executor = executor;
    const link = {
      ...NO_LINK,
      send: (bytes: Buffer, from: number, to: number): void =>
        this.decoder.take(bytes.subarray(from, to), (value) => this.replies.push(value)),
      resume: (): void => this.resumed(),
    };
    this.session = new Session({ id: 0, link, database, now: Date.now(), authenticated: true });
    this.session.noTouch = true;
    prepare(this.session);
  }

  async ask(requests: readonly Words[]): Promise<Value[]> {
    this.replies = [];
    for (let next = 0; next < requests.length; ) {
      next = this.slice(requests, next);
      const { promise, resolve } = Promise.withResolvers<void>();
      this.resumed = resolve;
      if (this.session.postponed) await promise;
      await nextTick();
    }
    return this.replies;
  }

  /** Answers requests from `next` on while there is time. Returns the first that is not answered. */
  private slice(requests: readonly Words[], next: number): number {
    const { executor, session } = this;
    const end = performance.now() + SLICE_MS;
    executor.beginBatch();
    const answering = executor.divert(session);
    try {
      while (next < requests.length) {
        executor.execute(session, new Frame().encode(requests[next]));
        if (session.postponed) break;
        next++;
        if (performance.now() > end) break;
      }
    } finally {
      executor.rejoin(answering);
      executor.endBatch();
    }
    return next;
  }

  close(): void {}
}
