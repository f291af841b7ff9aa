/** The way out of the session that runs the commands of files: there is nobody at its end. */

import type { SessionLink } from "../session/session.ts";

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
