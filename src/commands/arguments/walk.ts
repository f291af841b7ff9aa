/** How a command waits for a walk through many keys, which is done in slices. */

import { commandError } from "../../errors.ts";
import type { Call } from "../../execution/call.ts";
import type { Running } from "../../inspection/inspections.ts";
import { WalkError } from "../../inspection/slices.ts";
import type { Reply } from "../../protocol/reply.ts";

const givenUp = "ERR The walk was given up";

/** Has `begin` begin something that goes on for as long as the client waits; `write` answers when it is done. Errors: those of `begin`. */
export function waitFor<T>(call: Call, begin: (wanted: () => boolean) => Running<T>, write: (reply: Reply, work: T) => void): void {
  const { server, session } = call;
  if (!call.mayBlock) throw commandError("ERR A walk takes its time, which is not to be had here");
  const { blocked } = server;
  const running = orError(() => begin(() => blocked.requestOf(session) !== null));
  const refusal = (): string | null => (running.failure === null ? null : `ERR ${running.failure}`);
  const answer = (reply: Reply): void => (running.over ? write(reply, running.work) : reply.error(givenUp));
  blocked.blockOn({ met: () => running.over, refusal, answer }, session, call.frame, 0);
}

/** What is refused without a code is an error of the command. */
export function orError<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (error instanceof WalkError) throw commandError(`ERR ${error.message}`);
    throw error;
  }
}
