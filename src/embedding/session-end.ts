/** The server's end of a link in this process: what a session asks of its connection, where there are neither sockets nor buffers. */

import type { Reply } from "../protocol/reply.ts";
import type { SessionLink } from "../session/session.ts";
import { decodePushes, type Push } from "./pushes.ts";

/** The mark of an error. */
const MINUS = "-".charCodeAt(0);
/** What clients in this process are shown as. */
const ADDRESS = "in-process:0";

/** The client's end. */
export interface ClientEnd {
  /** Messages have come. Answers go to the taker. */
  received(pushes: readonly Push[]): void;
  /** What was waited for has failed: the answer is this error. */
  failed(message: string): void;
  /** No further request is to be executed, until `resume`: what was waited for has come then, and been answered, or may be executed. */
  pause(): void;
  resume(): void;
  closeAfterReply(): void;
  destroy(): void;
}

export class SessionEnd implements SessionLink {
  readonly taker: Reply;
  readonly remoteAddress = ADDRESS;
  readonly localAddress = ADDRESS;
  readonly fileDescriptor = -1;
  readonly inputBytes = 0;
  readonly inputUnread = 0;
  readonly inputArguments = 0;
  readonly inputAwaited = 0;
  readonly outputBytes = 0;
  readonly outputFree = 0;
  readonly outputPieces = 0;
  readonly outputMemory = 0;
  readonly bytesIn = 0;
  readonly bytesOut = 0;
  serving = false;
  onDrained: (() => void) | null = null;
  private readonly client: ClientEnd;

  constructor(taker: Reply, client: ClientEnd) {
    this.taker = taker;
    this.client = client;
  }

  send(bytes: Buffer, from: number, to: number): void {
    if (bytes[from] === MINUS) this.client.failed(bytes.toString("utf8", from + 1, to).trimEnd());
    else this.client.received(decodePushes(bytes, from, to));
  }

  /** There is no stream of bytes here that a replica could be sent. */
  offer(): number {
    return 0;
  }

  setNoDelay(): void {}

  checkOutputLimit(): void {}

  pause(): void {
    this.client.pause();
  }

  resume(): void {
    this.client.resume();
  }

  closeAfterReply(): void {
    this.client.closeAfterReply();
  }

  destroy(): void {
    this.client.destroy();
  }
}
