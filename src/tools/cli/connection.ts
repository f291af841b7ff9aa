/** A connection to a server for tools: requests out, replies in when they are asked for, or bytes as they are. */

import { type Reply, ReplyDecoder } from "../../protocol/reply-decoder.ts";
import { ReplyFormatError } from "../../protocol/reply-reader.ts";
import { connectSocket, SERVER_CLOSED } from "./socket.ts";
import type { Target } from "./target.ts";

/** The connection is lost, or what came is no reply; the message has hiredis's words. */
export class ConnectionError extends Error {
  override name = "ConnectionError";
}

/** What becomes of pushes while replies are waited for: they are replies too, are dropped, or go to a function. */
export type PushTaker = "reply" | "drop" | ((push: Reply) => void);

/** Beyond so many bytes that no one has read yet, the socket is not read. */
const MOST_UNREAD = 4 * 1024 * 1024;

export class Connection {
  pushes: PushTaker = "drop";
  private socket: Bun.Socket<undefined> | null = null;
  private readonly decoder = new ReplyDecoder();
  private chunks: Buffer[] = [];
  private unread = 0;
  private paused = false;
  private unsent: Buffer[] = [];
  /** Why there is no more to come; null while there may be. */
  private end: string | null = null;
  private waiting: (() => void) | null = null;
  private draining: (() => void) | null = null;

  /** Connects. Errors: ConnectError, and ToolFailure for files of TLS. */
  static async open(target: Target): Promise<Connection> {
    const connection = new Connection();
    connection.socket = await connectSocket(target, {
      data: (chunk) => connection.receive(chunk),
      drain: () => connection.flush(),
      over: (reason) => connection.over(reason),
    });
    return connection;
  }

  get lost(): boolean {
    return this.end !== null;
  }

  /** Sends a request, whose words are bytes. */
  send(words: readonly string[]): void {
    this.write(encodeWords(words));
  }

  /** Sends requests in one go. */
  sendAll(requests: readonly (readonly string[])[]): void {
    if (requests.length > 0) this.write(Buffer.from(requests.map(requestText).join(""), "latin1"));
  }

  /** Sends bytes as they are. */
  write(bytes: Buffer): void {
    if (this.end !== null) return;
    this.unsent.push(bytes);
    if (this.unsent.length === 1) this.flush();
  }

  /** Resolves when all that was written is with the system, or the connection lost. */
  async drained(): Promise<void> {
    while (this.unsent.length > 0 && this.end === null) {
      await new Promise<void>((resolve) => {
        this.draining = resolve;
      });
    }
  }

  /** Sends a request and reads the reply. Errors: ConnectionError. */
  ask(words: readonly string[]): Promise<Reply> {
    this.send(words);
    return this.read();
  }

  /** The next reply. Errors: ConnectionError. */
  async read(): Promise<Reply> {
    for (;;) {
      const reply = this.readNow();
      if (reply !== null) return reply;
      if (this.end !== null) throw new ConnectionError(this.end);
      await this.arrival();
    }
  }

  /** The next reply if it is all here already, else null. Errors: ConnectionError. */
  readNow(): Reply | null {
    for (const chunk of this.taken()) this.decoder.push(chunk);
    try {
      for (;;) {
        const reply = this.decoder.next() ?? null;
        if (reply === null || reply.kind !== "push" || this.pushes === "reply") return reply;
        if (this.pushes !== "drop") this.pushes(reply);
      }
    } catch (error) {
      if (error instanceof ReplyFormatError) throw new ConnectionError(error.message);
      throw error;
    }
  }

  /** The bytes that come next, as they are; null when there are no more. */
  async readBytes(): Promise<Buffer | null> {
    for (;;) {
      const bytes = Buffer.concat([this.decoder.takeRest(), ...this.taken()]);
      if (bytes.length > 0) return bytes;
      if (this.end !== null) return null;
      await this.arrival();
    }
  }

  /** Gives bytes back that `readBytes` brought and that belong to what follows. */
  giveBack(bytes: Buffer): void {
    this.chunks.unshift(bytes);
    this.unread += bytes.length;
  }

  /** Resolves when more has come or the connection is lost. */
  arrival(): Promise<void> {
    if (this.unread > 0 || this.end !== null) return Promise.resolve();
    return new Promise((resolve) => {
      const before = this.waiting;
      this.waiting = () => {
        before?.();
        resolve();
      };
    });
  }

  close(): void {
    this.over(SERVER_CLOSED);
    this.socket?.end();
    this.socket = null;
  }

  private taken(): Buffer[] {
    const { chunks } = this;
    this.chunks = [];
    this.unread = 0;
    if (this.paused) {
      this.paused = false;
      this.socket?.resume();
    }
    return chunks;
  }

  private receive(chunk: Buffer): void {
    this.chunks.push(chunk);
    this.unread += chunk.length;
    if (this.unread > MOST_UNREAD && !this.paused) {
      this.paused = true;
      this.socket?.pause();
    }
    this.wake();
  }

  private over(reason: string): void {
    this.end ??= reason;
    this.unsent = [];
    this.wake();
    this.draining?.();
    this.draining = null;
  }

  private wake(): void {
    const { waiting } = this;
    this.waiting = null;
    waiting?.();
  }

  private flush(): void {
    while (this.unsent.length > 0 && this.socket !== null) {
      const [bytes] = this.unsent;
      const written = this.socket.write(bytes);
      if (written < 0) return;
      if (written < bytes.length) {
        this.unsent[0] = bytes.subarray(written);
        return;
      }
      this.unsent.shift();
    }
    this.draining?.();
    this.draining = null;
  }
}

/** A request as it goes over the wire. */
export function encodeWords(words: readonly string[]): Buffer {
  return Buffer.from(requestText(words), "latin1");
}

function requestText(words: readonly string[]): string {
  let text = `*${words.length}\r\n`;
  for (const word of words) text += `$${word.length}\r\n${word}\r\n`;
  return text;
}
