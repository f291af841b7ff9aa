/**
 * Two ends of a connection in one process, for clients that want to write and read the protocol themselves: a stream as those of node:net on
 * the client's side, a transport on the server's. What is written goes to the server once the code that wrote it is through, all of it together.
 */

import { Duplex } from "node:stream";
import type { ClientAcceptor } from "../transport/acceptor.ts";
import { HandedSocket } from "../transport/handed-socket.ts";

/** What clients in this process are shown as. */
const HOST = "in-process";
/** So many bytes may wait for the client before the server keeps them itself. */
const MOST_UNREAD_BYTES = 1024 * 1024;
/** So many characters become bytes before there are more. */
const MOST_TEXT = 1024 * 1024;

type WriteCallback = (error?: Error | null) => void;

/** The client's end. Of what sockets of node:net have beside a stream it has what clients of Redis ask for. */
export class InProcessSocket extends Duplex {
  readonly connecting = false;
  readonly remoteAddress = HOST;
  readonly remotePort = 0;
  private readonly server: ServerEnd;
  private chunks: Buffer[] = [];
  /** What was written behind `chunks` as text. */
  private text = "";
  private encoding: BufferEncoding = "utf8";
  private isScheduled = false;

  /** `acceptor` makes the server's end a client, or refuses it. */
  constructor(acceptor: ClientAcceptor) {
    super({ allowHalfOpen: false, readableHighWaterMark: MOST_UNREAD_BYTES, emitClose: true, decodeStrings: false });
    this.server = new ServerEnd(this, acceptor);
  }

  // ---- to the server

  override _write(chunk: Buffer | string, encoding: BufferEncoding, callback: WriteCallback): void {
    this.give(chunk, encoding);
    callback();
  }

  override _writev(chunks: { chunk: Buffer | string; encoding: BufferEncoding }[], callback: WriteCallback): void {
    for (const { chunk, encoding } of chunks) this.give(chunk, encoding);
    callback();
  }

  private give(chunk: Buffer | string, encoding: BufferEncoding): void {
    if (typeof chunk === "string") {
      // Most requests are text: those of a turn become bytes together, which no one else has.
      if (encoding !== this.encoding || this.text.length > MOST_TEXT) this.endText();
      this.encoding = encoding;
      this.text += chunk;
    } else {
      this.endText();
      // The server may keep it, and the client may write to it again.
      this.chunks.push(Buffer.from(chunk));
    }
    if (this.isScheduled) return;
    this.isScheduled = true;
    // Clients note that they await an answer after they have written.
    queueMicrotask(() => this.handOver());
  }

  private endText(): void {
    if (this.text !== "") this.chunks.push(Buffer.from(this.text, this.encoding));
    this.text = "";
  }

  private handOver(): void {
    this.isScheduled = false;
    this.endText();
    const { chunks, server } = this;
    this.chunks = [];
    const bytes = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
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
class ServerEnd extends HandedSocket {
  readonly remoteAddress = HOST;
  readonly remotePort = 0;
  readonly localAddress = HOST;
  readonly localPort = 0;
  private readonly client: InProcessSocket;

  constructor(client: InProcessSocket, acceptor: ClientAcceptor) {
    super();
    this.client = client;
    this.open(acceptor, "program");
  }

  protected deliver(bytes: Buffer, from: number, length: number): boolean {
    return this.client.deliver(bytes, from, length);
  }

  protected finish(text: string): void {
    if (text !== "") this.client.push(Buffer.from(text, "latin1"));
    this.client.push(null);
  }

  protected drop(): void {
    this.client.destroy();
  }
}
