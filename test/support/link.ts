/** Links of sessions that have no socket. */

import type { SessionLink } from "../../src/session/session.ts";

/** Takes what is sent and keeps none of it. */
export const NO_LINK: SessionLink = {
  remoteAddress: "",
  localAddress: "",
  fileDescriptor: -1,
  inputBytes: 0,
  outputBytes: 0,
  outputPieces: 0,
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
