/** The server's end of a connection that no kernel carries: what comes is handed to it, what goes is handed on. */

import type { AcceptedSocket, ClientAcceptor } from "./acceptor.ts";
import type { ListenerKind } from "./listeners.ts";
import type { Conversation } from "./transport.ts";

export abstract class HandedSocket implements AcceptedSocket {
  abstract readonly remoteAddress: string;
  abstract readonly remotePort: number;
  abstract readonly localAddress: string;
  abstract readonly localPort: number;
  private acceptor: ClientAcceptor | null = null;
  /** Null: it was refused, or `open` was not called. */
  private conversation: Conversation | null = null;
  private isFull = false;
  private isPaused = false;
  private isOver = false;
  private held: Buffer[] = [];
  private heldBytes = 0;

  /** Hands bytes[from, from + length) on, which may change afterwards. Returns whether more can be taken; `ready` is called once it can be again. */
  protected abstract deliver(bytes: Buffer, from: number, length: number): boolean;
  /** Closes once what was handed on is read, with last words if there are any. */
  protected abstract finish(text: string): void;
  /** Closes at once. */
  protected abstract drop(): void;

  /** Makes it a client. Returns what it is then, or null when it was refused, and closed. */
  protected open(acceptor: ClientAcceptor, kind: ListenerKind) {
    this.acceptor = acceptor;
    const connection = acceptor.accept(this, kind);
    this.conversation = connection;
    return connection;
  }

  /** Bytes that have come and are not served yet. */
  get waitingBytes(): number {
    return this.heldBytes;
  }

  write(bytes: Buffer, from: number, length: number): number {
    if (this.isOver) return -1;
    if (this.isFull) return 0;
    this.isFull = !this.deliver(bytes, from, length);
    return length;
  }

  /** More can be handed on. */
  ready(): void {
    if (!this.isFull) return;
    this.isFull = false;
    queueMicrotask(() => {
      if (!this.isOver) this.conversation?.drain();
    });
  }

  /** Takes bytes that no one else writes to. */
  received(bytes: Buffer): void {
    if (this.isOver) return;
    if (this.isPaused) {
      this.held.push(bytes);
      this.heldBytes += bytes.length;
    } else {
      this.serve(bytes);
    }
  }

  /** What goes wrong in a command is answered: what is thrown is worse, and ends the connection. */
  private serve(bytes: Buffer): void {
    try {
      this.conversation?.receive(bytes);
    } catch (error) {
      this.conversation?.destroy();
      this.acceptor?.failed(error instanceof Error ? error : new Error(String(error)));
    }
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
    queueMicrotask(() => {
      while (this.held.length > 0 && !this.isPaused && !this.isOver) {
        const bytes = this.held.shift() as Buffer;
        this.heldBytes -= bytes.length;
        this.serve(bytes);
      }
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
    this.finish(text);
    this.conversation?.closed();
  }

  terminate(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.drop();
    this.conversation?.closed();
  }

  setNoDelay(): void {}

  setKeepAlive(): void {}
}
