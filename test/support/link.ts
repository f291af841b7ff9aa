/** Links of sessions that have no socket. */

import { NO_LINK } from "../../src/aof/replay.ts";
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
