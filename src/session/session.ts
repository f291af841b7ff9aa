/** One client: what it is called, what it may do, what it has selected and queued. Knows nothing of sockets; `link` is its way out. */

import type { Database } from "../keyspace/database.ts";
import type { Reply, ReplySink } from "../protocol/reply.ts";
import type { User } from "./acl/user.ts";
import type { Pushes } from "./pushes.ts";
import type { Subscriptions } from "./subscriptions.ts";
import type { TrackingState } from "./tracking-state.ts";
import type { Transaction } from "./transaction.ts";

/** What a session needs of the connection that carries it. */
export interface SessionLink extends ReplySink {
  /** What takes the answers in place of protocol; null: they are protocol. */
  readonly taker: Reply | null;
  /** "ip:port", or the path of a unix socket with ":0". */
  readonly remoteAddress: string;
  readonly localAddress: string;
  readonly fileDescriptor: number;
  /** Bytes received that make no whole request yet. */
  readonly inputBytes: number;
  /** How many of them are not read into arguments yet, and how long those arguments are. */
  readonly inputUnread: number;
  readonly inputArguments: number;
  /** Bytes that were announced and have not come: a long argument. */
  readonly inputAwaited: number;
  /** Bytes waiting for the client to read them. */
  readonly outputBytes: number;
  /** How many of them lie in what every client has, in how many pieces the others, and what these take (transport/output-buffer.ts). */
  readonly outputFree: number;
  readonly outputPieces: number;
  readonly outputMemory: number;
  /** Whether a request of the client is being served: what it answers comes first. */
  readonly serving: boolean;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Closes once everything sent so far is on its way; nothing more is read. */
  closeAfterReply(): void;
  /** Closes at once, dropping what was not sent. */
  destroy(): void;
  /** Cuts the client off if more waits for it than its class allows. `now` in ms. */
  checkOutputLimit(now: number): void;
  /** Writes of bytes[from, to) what the kernel takes now, and nothing while other bytes wait; keeps nothing. Returns how many bytes it took. */
  offer(bytes: Buffer, from: number, to: number): number;
  /** Told when everything sent has been taken by the kernel, and it can take more. */
  onDrained: (() => void) | null;
  /** Whether small pieces are sent at once (TCP_NODELAY). */
  setNoDelay(enabled: boolean): void;
  /** Stops reading requests (a blocked or paused client), and goes on. */
  pause(): void;
  resume(): void;
}

/** Which output limits and which CLIENT LIST type apply; those of a monitor are a normal client's. */
export const SessionKind = { NORMAL: "normal", REPLICA: "replica", MASTER: "master", PUBSUB: "pubsub", MONITOR: "monitor" } as const;
export type SessionKind = (typeof SessionKind)[keyof typeof SessionKind];

/** Whether a client of this kind is sent what others do, and has nothing to do with the keyspace itself. */
export function isFed(kind: SessionKind): boolean {
  return kind === SessionKind.REPLICA || kind === SessionKind.MONITOR;
}

/** What CLIENT REPLY asked for, as bits: no replies, none to the request that comes next, none to the one that is being served. */
export const ReplyMode = { ON: 0, OFF: 1, SKIP_NEXT: 2, SKIP: 4 } as const;

/** What a client was last counted with (client-memory.ts). */
export interface CountedClient {
  bytes: number;
  /** Of them, what was announced only. */
  awaited: number;
  kind: SessionKind;
  /** Those about as large, if it can be evicted. */
  bucket: Set<Session> | null;
}

/** What the objects of one client take without its buffers, measured with 8000 of them. */
const CLIENT_BYTES = 2350;

/** `lastCommand` of a client that has called none, or one that does not exist. */
export const NO_COMMAND = "NULL";

export interface SessionOptions {
  id: number;
  link: SessionLink;
  database: Database;
  now: number;
  authenticated: boolean;
  unixSocket?: boolean;
  /** It may do everything without logging in: a client in the server's own program. */
  trusted?: boolean;
}

/** Whether an address, with or without port, is of this machine. */
export function isLocalAddress(address: string): boolean {
  return /^(127\.|::1$|::ffff:127\.|\[::1\]|\[::ffff:127\.)/.test(address);
}

export class Session {
  readonly id: number;
  readonly link: SessionLink;
  readonly createdAt: number;
  readonly unixSocket: boolean;
  readonly trusted: boolean;
  database: Database;
  kind: SessionKind = SessionKind.NORMAL;
  /** RESP version, 2 or 3. */
  protocol = 2;
  authenticated: boolean;
  /** Null: of a master, a file or a script of theirs, which may do everything. */
  user: User | null = null;
  /** It did not log in where that is needed, or its user may not do everything: each request is looked at (session/acl/access-control.ts). */
  guarded = false;
  mustLogin = false;
  name = "";
  libraryName = "";
  libraryVersion = "";
  noEvict = false;
  noTouch = false;
  /** Bits of ReplyMode. */
  replyMode: number = ReplyMode.ON;
  /** What the client listens to (session/pubsub.ts); null: nothing. */
  subscriptions: Subscriptions | null = null;
  /** Messages that wait for the client; null: none. */
  pushes: Pushes | null = null;
  /** Set between MULTI and EXEC or DISCARD, or while keys are watched. */
  transaction: Transaction | null = null;
  /** No further request is served: the connection is closing. */
  closing = false;
  /** The last request must wait, unanswered (a write while writes are paused): the link keeps it and serves it again when it is resumed. */
  postponed = false;
  /** The last request waits for keys (session/blocked.ts): its answer will come, and the link rests until then. */
  blocked = false;
  /** Of a master: why the last request of its stream could not be executed, which it was there. */
  divergence: string | null = null;
  /** Whether a script that it calls and that runs too long may be left in the middle, so that others are served meanwhile. */
  suspendable = true;
  /** It is the second connection of a replica, which an image goes over (replication/master/channels.ts). */
  imageChannel = false;
  /** It stands for the script under way (scripting/run.ts): its requests are that script's, and never wait. */
  inScript = false;
  /** ms since 1970 of the last request. */
  lastActive: number;
  /** The full name of the command last requested ("config|get"), whether it ran or not. */
  lastCommand = NO_COMMAND;
  commands = 0;
  /** Which keys it keeps copies of, and how it is told of changes; null: it is not. */
  tracking: TrackingState | null = null;
  /** The replication offset after this client's last command: what WAIT waits for. */
  writeOffset = 0;
  /** Null unless the client is on the list of clients. */
  counted: CountedClient | null = null;

  constructor(options: SessionOptions) {
    this.id = options.id;
    this.link = options.link;
    this.database = options.database;
    this.createdAt = options.now;
    this.lastActive = options.now;
    this.unixSocket = options.unixSocket ?? false;
    this.trusted = options.trusted ?? false;
    this.authenticated = options.authenticated;
  }

  /** Whether the client is on this machine: directives that say `local` mean these. */
  get isLocal(): boolean {
    return this.unixSocket || this.trusted || isLocalAddress(this.link.remoteAddress);
  }

  /** Whether what the request under way answers goes nowhere. Messages and confirmations of subscriptions are no answers. */
  get muted(): boolean {
    return (this.replyMode & (ReplyMode.OFF | ReplyMode.SKIP)) !== 0;
  }

  /**
   * What the client takes: its objects, what it has sent or announced and is not executed, queued or watched, what it listens to, and what it has not
   * read.
   */
  get memoryBytes(): number {
    const { link, transaction, subscriptions, tracking } = this;
    let bytes = CLIENT_BYTES + link.inputBytes + link.inputAwaited + link.outputMemory;
    if (transaction !== null) bytes += transaction.bytes;
    if (subscriptions !== null) bytes += subscriptions.bytes;
    if (tracking !== null) bytes += tracking.prefixBytes;
    return bytes;
  }

  /** Between MULTI and EXEC or DISCARD. */
  get queueing(): boolean {
    return this.transaction?.open ?? false;
  }
}
