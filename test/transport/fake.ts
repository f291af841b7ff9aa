/** A connection without a network: the socket is an object that takes as many bytes as a test allows. */

import { Config } from "../../src/config/config.ts";
import { Keyspace } from "../../src/keyspace/keyspace.ts";
import type { Frame } from "../../src/protocol/frame.ts";
import { Reply } from "../../src/protocol/reply.ts";
import { Clients } from "../../src/session/clients.ts";
import type { Executor } from "../../src/session/executor.ts";
import { Session } from "../../src/session/session.ts";
import { ServerStats } from "../../src/session/stats.ts";
import { Connection } from "../../src/transport/connection.ts";
import { Conversations } from "../../src/transport/conversations.ts";
import type { OutputLimit } from "../../src/transport/output-buffer.ts";
import type { Transport } from "../../src/transport/transport.ts";
import { openAccess } from "../session/open-access.ts";
import { answeringWith } from "../support/link.ts";

export class FakeSocket implements Transport {
  /** What the client can read. */
  readonly taken: Buffer[] = [];
  writes = 0;
  /** How many more bytes the kernel takes. */
  room = Number.POSITIVE_INFINITY;
  ended = false;
  /** Nothing is to be read from it for now. */
  paused = false;
  onEnd: () => void = () => {};

  write(bytes: Buffer, from: number, length: number): number {
    if (this.ended) return -1;
    this.writes++;
    const size = Math.min(length, this.room);
    this.taken.push(Buffer.from(bytes.subarray(from, from + size)));
    this.room -= size;
    return size;
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }

  setNoDelay(): void {}

  /** As Bun does, the close event comes before this returns. */
  end(): void {
    if (this.ended) return;
    this.ended = true;
    this.onEnd();
  }

  get text(): string {
    return Buffer.concat(this.taken).latin1Slice();
  }
}

export interface FakeOptions {
  execute(session: Session, frame: Frame): void;
  outputLimit?: OutputLimit;
  maxQueryBuffer?: number;
}

/** Executes nothing, and takes the time from `keyspace`. */
export function fakeExecutor(keyspace: Keyspace): Executor {
  const reply = new Reply();
  return {
    ...answeringWith(reply),
    loading: false,
    busy: false,
    whenIdle: () => {},
    beginBatch: () => keyspace.now,
    endBatch() {},
    endCalls() {},
    lookAhead() {},
    execute() {},
    finish() {},
    knows: () => true,
    changesNoData: () => false,
    protocolError: (_session, message) => reply.error(`ERR Protocol error: ${message}`),
    countEnded() {},
  };
}

/** What connections of a server share that runs `execute` for each request. */
export class FakeHost extends Conversations {
  readonly reply: Reply;
  readonly warnings: string[];
  /** Ids of clients that are gone. */
  readonly gone: number[];
  readonly connections = new Map<Session, Connection>();

  constructor(options: FakeOptions) {
    const keyspace = new Keyspace({ databases: 1, now: 1_000_000 });
    const executor: Executor = { ...fakeExecutor(keyspace), execute: (session, frame) => options.execute(session, frame) };
    const warnings: string[] = [];
    const gone: number[] = [];
    const clients = new Clients();
    super({
      config: Config.of(options.outputLimit === undefined ? {} : { "client-output-buffer-limit": limitWords(options.outputLimit) }),
      access: openAccess(clients),
      log: { verbose() {}, warning: (message) => void warnings.push(message) },
      clients,
      keyspace,
      stats: new ServerStats(),
      executor,
      departed: (session) => void gone.push(session.id),
      broken(error) {
        throw error;
      },
    });
    this.reply = executor.reply;
    this.warnings = warnings;
    this.gone = gone;
    this.turnMs = Number.POSITIVE_INFINITY;
    this.limits.maxQueryBuffer = options.maxQueryBuffer ?? this.limits.maxQueryBuffer;
  }

  /** ms since 1970. */
  get now(): number {
    return this.keyspace.now;
  }

  set now(ms: number) {
    this.keyspace.now = ms;
  }

  connect(): { connection: Connection; socket: FakeSocket; session: Session } {
    const socket = new FakeSocket();
    const connection = new Connection(socket, this, { remoteAddress: "1.2.3.4:5", localAddress: "1.2.3.4:6", fileDescriptor: -1 });
    const id = this.parts.clients.newId();
    const session = new Session({ id, link: connection, database: this.keyspace.databases[0], now: this.now, authenticated: true });
    connection.session = session;
    this.connections.set(session, connection);
    socket.onEnd = () => connection.closed();
    return { connection, socket, session };
  }
}

function limitWords({ hard, soft, softSeconds }: OutputLimit): string {
  return ["normal", "replica", "pubsub"].map((kind) => `${kind} ${hard} ${soft} ${softSeconds}`).join(" ");
}

/** Counts the bytes that Buffer.copy moves and that Buffer.allocUnsafeSlow allocates while `work` runs. */
export function countingBytes(work: () => void): { copied: number; allocated: number } {
  const counted = { copied: 0, allocated: 0 };
  const { copy } = Buffer.prototype;
  const { allocUnsafeSlow } = Buffer;
  Buffer.prototype.copy = function (...args: Parameters<Buffer["copy"]>) {
    const size = copy.apply(this, args);
    counted.copied += size;
    return size;
  };
  Buffer.allocUnsafeSlow = (size: number) => {
    counted.allocated += size;
    return allocUnsafeSlow(size);
  };
  try {
    work();
  } finally {
    Buffer.prototype.copy = copy;
    Buffer.allocUnsafeSlow = allocUnsafeSlow;
  }
  return counted;
}
