/**
 * Two ends of a connection in one process, for clients that want to write and read the protocol themselves: a stream as those of node:net on
 * the client's side, a transport on the server's. What is written goes to the server once the code that wrote it is through, all of it together.
 */

import { Duplex } from "node:stream";
import type { AcceptedSocket, ClientAcceptor } from "../transport/acceptor.ts";
import type { Conversation } from "../transport/transport.ts";

/** What clients in this process are shown as. */
const HOST = "in-process";
/** So many bytes may wait for the client before the server keeps them itself. */
const MOST_UNREAD_BYTES = 1024 * 1024;

type WriteCallback = (error?: Error | null) => void;

/** The client's end. Of what sockets of node:net have beside a stream it has what clients of Redis ask for. */
export class InProcessSocket extends Duplex {
  readonly connecting = false;
  readonly remoteAddress = HOST;
  readonly remotePort = 0;
  private readonly server: ServerEnd;
  private chunks: Buffer[] = [];
  private isScheduled = false;

  /** `acceptor` makes the server's end a client, or refuses it. */
  constructor(acceptor: ClientAcceptor) {
    super({ allowHalfOpen: false, readableHighWaterMark: MOST_UNREAD_BYTES, emitClose: true });
    this.server = new ServerEnd(this, acceptor);
  }

  // ---- to the server

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: WriteCallback): void {
    this.give(chunk);
    callback();
  }

  override _writev(chunks: { chunk: Buffer; encoding: BufferEncoding }[], callback: WriteCallback): void {
    for (const { chunk } of chunks) this.give(chunk);
    callback();
  }

  private give(chunk: Buffer): void {
    this.chunks.push(chunk);
    if (this.isScheduled) return;
    this.isScheduled = true;
    // Clients note that they await an answer after they have written.
    queueMicrotask(() => this.handOver());
  }

  private handOver(): void {
    this.isScheduled = false;
    const { chunks, server } = this;
    this.chunks = [];
    // The server may keep it, and the client may write to it again.
    const bytes = Buffer.concat(chunks);
    if (bytes.length > 0) server.received(bytes);
  }

  override _final(callback: WriteCallback): void {
    queueMicrotask(() => {
      this.server.finished();
      callback();
    });
  }

  override _destroy(error: Error | null, callback: WriteCallback): void {
    this.server.gone();
    callback(error);
  }

  // ---- from the server

  /** Takes a copy of bytes[from, from + length). Returns whether more may come. */
  deliver(bytes: Buffer, from: number, length: number): boolean {
    return this.push(Buffer.from(bytes.subarray(from, from + length)));
  }

  override _read(): void {
    this.server.ready();
  }

  // ---- as sockets have it

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  /** Nothing is ever idle for too long here. */
  setTimeout(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}

/** The server's end. */
class ServerEnd implements AcceptedSocket {
  readonly remoteAddress = HOST;
  readonly remotePort = 0;
  readonly localAddress = HOST;
  readonly localPort = 0;
  private readonly client: InProcessSocket;
  private readonly acceptor: ClientAcceptor;
  /** Null: it was refused. */
  private readonly conversation: Conversation | null;
  private isFull = false;
  private isPaused = false;
  private isOver = false;
  private held: Buffer[] = [];

  constructor(client: InProcessSocket, acceptor: ClientAcceptor) {
    this.client = client;
    this.acceptor = acceptor;
    this.conversation = acceptor.accept(this, "program");
  }

  write(bytes: Buffer, from: number, length: number): number {
    if (this.isOver) return -1;
    if (this.isFull) return 0;
    this.isFull = !this.client.deliver(bytes, from, length);
    return length;
  }

  /** The client can take more. */
  ready(): void {
    if (!this.isFull) return;
    this.isFull = false;
    queueMicrotask(() => {
      if (!this.isOver) this.conversation?.drain();
    });
  }

  received(bytes: Buffer): void {
    if (this.isOver) return;
    if (this.isPaused) this.held.push(bytes);
    else this.serve(bytes);
  }

  /** What goes wrong in a command is answered: what is thrown is worse, and ends the connection. */
  private serve(bytes: Buffer): void {
    try {
      this.conversation?.receive(bytes);
    } catch (error) {
      this.conversation?.destroy();
      this.acceptor.failed(error instanceof Error ? error : new Error(String(error)));
    }
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
    queueMicrotask(() => {
      while (this.held.length > 0 && !this.isPaused && !this.isOver) this.serve(this.held.shift() as Buffer);
    });
  }

  /** The client sends nothing more. */
  finished(): void {
    if (!this.isOver) this.conversation?.closeAfterReply();
  }

  /** The client is gone. */
  gone(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.conversation?.closed();
  }

  end(text = ""): void {
    if (this.isOver) return;
    this.isOver = true;
    if (text !== "") this.client.push(Buffer.from(text, "latin1"));
    this.client.push(null);
    this.conversation?.closed();
  }

  terminate(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.client.destroy();
    this.conversation?.closed();
  }

  setNoDelay(): void {}

  setKeepAlive(): void {}
}
