/**
 * What carries a conversation: a socket of TCP or of this machine, or two ends in one process. What a transport does not take is kept by
 * the conversation.
 */

/** One end of a connection. A socket of Bun is one as it is: nothing stands between a conversation and the kernel. */
export interface Transport {
  /** Writes bytes[from, from + length), which may change afterwards. Returns how many were taken; below 0 the connection is closed. */
  write(bytes: Buffer, from: number, length: number): number;
  /** Stops reading, and goes on. */
  pause(): void;
  resume(): void;
  /** Closes once what was taken is on its way. `closed` may be told before this returns. */
  end(): void;
  /** Whether small pieces are sent at once (TCP_NODELAY). */
  setNoDelay(enabled: boolean): void;
}

/** Who is at the ends of a transport. */
export interface Ends {
  /** "ip:port"; the path of a unix socket with ":0". */
  readonly remoteAddress: string;
  readonly localAddress: string;
  /** -1 where there is none. */
  readonly fileDescriptor: number;
}

/** What a transport tells the conversation that it carries. */
export interface Conversation {
  /** A chunk that no one else writes to. */
  receive(chunk: Buffer): void;
  /** More can be written. */
  drain(): void;
  /** The other end sends nothing more, and may still read. */
  closeAfterReply(): void;
  /** The connection is broken. */
  destroy(): void;
  closed(): void;
}
