/** The link to the master as the session of the master has it: what is answered to the master goes nowhere. */

import { NO_LINK } from "../../aof/replay.ts";
import type { SessionLink } from "../../session/session.ts";
import type { MasterConnection } from "./connection.ts";
import type { MasterStream } from "./stream.ts";

export interface SessionLinkOptions {
  readonly name: string;
  readonly connection: MasterConnection | null;
  /** What is read of the master's stream at the moment. */
  readonly stream: () => MasterStream | null;
  /** What had to wait may go on. */
  readonly resume: () => void;
  /** CLIENT KILL. */
  readonly kill: () => void;
}

export function sessionLink({ name, connection, stream, resume, kill }: SessionLinkOptions): SessionLink {
  return {
    ...NO_LINK,
    remoteAddress: name,
    localAddress: connection?.localAddress ?? "",
    get inputBytes() {
      const current = stream();
      return current === null ? 0 : current.received - current.offset;
    },
    get outputBytes() {
      return connection?.unsentBytes ?? 0;
    },
    get outputPieces() {
      return connection === null || connection.unsentBytes === 0 ? 0 : 1;
    },
    get bytesIn() {
      return connection?.bytesIn ?? 0;
    },
    get bytesOut() {
      return connection?.bytesOut ?? 0;
    },
    resume,
    destroy: kill,
    closeAfterReply: kill,
  };
}
