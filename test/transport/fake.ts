/** A connection without a network: the socket is an object that takes as many bytes as a test allows. */

import type { Socket } from "bun";
import { Keyspace } from "../../src/keyspace/keyspace.ts";
import { RequestBatch } from "../../src/protocol/batch.ts";
import type { Frame } from "../../src/protocol/frame.ts";
import { Reply } from "../../src/protocol/reply.ts";
import { Session } from "../../src/session/session.ts";
import { Connection, type ConnectionHost } from "../../src/transport/connection.ts";
import { Outbox } from "../../src/transport/deferred-replies.ts";
import type { OutputLimit } from "../../src/transport/output-buffer.ts";
import { AnswerGate } from "../../src/transport/reply-barrier.ts";

export class FakeSocket {
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

/** A server of connections that run `execute` for each request. */
export class FakeHost implements ConnectionHost {
  readonly reply = new Reply();
  readonly gate = new AnswerGate();
  readonly outbox = new Outbox();
  readonly batch = new RequestBatch();
  readonly limits;
  readonly counters = { bytesIn: 0, bytesOut: 0, readEvents: 0, writeEvents: 0, queryLimitDisconnects: 0, outputLimitDisconnects: 0 };
  turnMs = Number.POSITIVE_INFINITY;
  readonly warnings: string[] = [];
  /** Ids of clients that are gone. */
  readonly gone: number[] = [];
  now = 1_000_000;
  private readonly keyspace = new Keyspace({ databases: 1, now: 1_000_000 });
  private readonly options: FakeOptions;
  private nextId = 1;

  constructor(options: FakeOptions) {
    this.options = options;
    this.limits = { maxBulk: 512 * 1024 * 1024, maxQueryBuffer: options.maxQueryBuffer ?? 1024 * 1024 * 1024, authenticated: true };
  }

  connect(): { connection: Connection; socket: FakeSocket; session: Session } {
    const socket = new FakeSocket();
    const connection = new Connection(socket as unknown as Socket<Connection>, this, { remote: "1.2.3.4:5", local: "1.2.3.4:6" });
    const [database] = this.keyspace.databases;
    const session = new Session({ id: this.nextId++, link: connection, database, now: this.now, authenticated: true });
    connection.session = session;
    socket.onEnd = () => connection.closed();
    return { connection, socket, session };
  }

  beginBatch(): number {
    return this.now;
  }

  endBatch(): void {}

  lookAhead(): void {}

  execute(session: Session, frame: Frame): void {
    this.options.execute(session, frame);
  }

  outputLimit(): OutputLimit {
    return this.options.outputLimit ?? { hard: 0, soft: 0, softSeconds: 0 };
  }

  protocolError(_session: Session, message: string): void {
    this.reply.error(`ERR Protocol error: ${message}`);
  }

  closed(session: Session): void {
    this.gone.push(session.id);
  }

  warn(message: string): void {
    this.warnings.push(message);
  }
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
