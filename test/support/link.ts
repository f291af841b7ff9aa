/** Links of sessions that have no socket. */

import { NO_LINK } from "../../src/aof/replay.ts";
import type { Reply } from "../../src/protocol/reply.ts";
import type { Executor } from "../../src/session/executor.ts";
import type { SessionLink } from "../../src/session/session.ts";

/** Keeps as text what is sent. */
export class CollectingLink {
  text = "";

  /** A link of its own whose bytes go to `text`. */
  readonly link: SessionLink = {
    ...NO_LINK,
    send: (bytes, from, to) => {
      this.text += bytes.latin1Slice(from, to);
    },
  };
}

/** What an executor made for a test answers sessions by, whose links all take protocol. */
export function answeringWith(reply: Reply): Pick<Executor, "reply" | "serving" | "divert" | "rejoin" | "executeWith" | "executeOwn"> {
  return {
    reply,
    serving: false,
    divert: (session, sink = session.link) => ({ outer: reply, inner: reply, diverted: reply.divert(sink, session.protocol) }),
    rejoin: ({ inner, diverted }) => inner.rejoin(diverted),
    executeWith: () => {
      throw new Error("no session takes values here");
    },
    executeOwn: () => {
      throw new Error("no session takes values here");
    },
  };
}
