/**
 * The calls of a script that runs too long: the command that runs it, and EXEC if that stands around it. They stay under way between ticks,
 * their unit of the journal open, while other clients are told that the server is busy; the innermost is answered first, then what stands
 * around it goes on.
 */

import { assert } from "../assert.ts";
import { Frame } from "../protocol/frame.ts";
import { NO_SINK } from "../protocol/reply.ts";
import type { Executor } from "../session/executor.ts";
import { ReplyMode } from "../session/session.ts";
import type { Call } from "./call.ts";

/** What ends a call as if its handler had just returned. */
export type EndCall = (call: Call) => void;

export class SuspendedCalls {
  /** The innermost first. */
  private readonly calls: Call[] = [];
  private readonly executor: Pick<Executor, "divert" | "rejoin">;
  private readonly idleListeners: (() => void)[] = [];

  constructor(executor: Pick<Executor, "divert" | "rejoin">) {
    this.executor = executor;
  }

  /** Whether there are any: then nothing else may happen to the data. */
  get any(): boolean {
    return this.calls.length > 0;
  }

  /** The handler of this call has returned without being through. */
  add(call: Call): void {
    const { session } = call;
    session.blocked = true;
    session.link.pause();
    const { frame } = call;
    call.frame = new Frame();
    call.frame.assign(frame, { copy: true });
    this.calls.push(call);
  }

  /** Answers the innermost call by `answer`, and goes on with those around it, of which one may come to stand here again. */
  goOn(answer: () => void, end: EndCall): void {
    const { executor } = this;
    const [{ session }] = this.calls as [Call];
    session.blocked = false;
    const answering = executor.divert(session, session.muted ? NO_SINK : session.link);
    try {
      this.endInnermost(answer, end);
      for (let outer = this.calls[0]; outer !== undefined; outer = this.calls[0]) {
        const { goOn } = outer;
        assert(goOn !== null, "what stands around a suspended call knows how to go on");
        outer.goOn = null;
        // The calls that it makes now may be suspended, too: they are inside of it.
        this.calls.shift();
        goOn();
        if (outer.goOn !== null) {
          this.calls.push(outer);
          return;
        }
        end(outer);
      }
    } finally {
      executor.rejoin(answering);
    }
    session.replyMode &= ~ReplyMode.SKIP;
    session.link.resume();
    for (const listener of this.idleListeners.splice(0)) listener();
  }

  private endInnermost(answer: () => void, end: EndCall): void {
    const call = this.calls.shift() as Call;
    call.suspended = false;
    answer();
    end(call);
  }

  /** Has `listener` called once, when there are none any more. */
  whenIdle(listener: () => void): void {
    this.idleListeners.push(listener);
  }
}
