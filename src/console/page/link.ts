/** The page's way to the server: a WebSocket that is a client as any other. Requests go out in order, replies come back in order. */

import { Decoder, encode, Push, type Reply, ReplyError, type Word } from "./resp.ts";

/** The server takes no longer messages: what is longer goes in pieces. */
const PIECE_BYTES = 1 << 20;

/** The way to the server is broken. */
export class LinkError extends Error {
  override name = "LinkError";
}

interface Waiting {
  readonly inBytes: boolean;
  resolve(reply: Reply): void;
  reject(error: Error): void;
}

export class Link {
  /** Told of messages that answer no request: what is listened to, and MONITOR's lines, which come as replies to nothing. */
  onPush: ((message: Push | Reply) => void) | null = null;
  onClose: (() => void) | null = null;
  private readonly socket: WebSocket;
  private readonly decoder = new Decoder();
  private readonly waiting: Waiting[] = [];
  private readonly opened = Promise.withResolvers<void>();
  private isOver = false;
  /** Resolved when the transaction under way is over; null: there is none. */
  private gate: Promise<void> | null = null;

  private constructor() {
    const { protocol, host } = location;
    this.socket = new WebSocket(`${protocol === "https:" ? "wss:" : "ws:"}//${host}/socket`);
    this.socket.binaryType = "arraybuffer";
    this.socket.onopen = () => this.opened.resolve();
    this.socket.onmessage = ({ data }) => this.received(new Uint8Array(data as ArrayBuffer));
    this.socket.onclose = ({ reason }) => this.close(new LinkError(reason === "" ? "The server closed the connection." : reason));
  }

  /** Opens a connection that speaks RESP3. Errors: LinkError, ReplyError (no permission, too many clients). */
  static async open(): Promise<Link> {
    const link = new Link();
    await link.opened.promise;
    await link.call("HELLO", 3);
    return link;
  }

  /** Sends a request. Strings of the reply are text. Errors: ReplyError, LinkError. */
  call(...words: readonly Word[]): Promise<Reply> {
    return this.ask(words, false);
  }

  /** Likewise; strings of the reply are bytes. */
  callForBytes(...words: readonly Word[]): Promise<Reply> {
    return this.ask(words, true);
  }

  /**
   * MULTI, `commands`, and what ends them, with nothing else between. They are sent once MULTI is granted: to who may not use it they would be
   * no transaction, and run at once. Resolves with the answer to the end; strings of it are bytes. Errors: ReplyError of what was refused
   * first; LinkError. A connection that cannot leave its transaction is closed.
   */
  async transaction(commands: readonly (readonly Word[])[], end: "EXEC" | "DISCARD" = "EXEC"): Promise<Reply> {
    while (this.gate !== null) await this.gate;
    const over = Promise.withResolvers<void>();
    this.gate = over.promise;
    try {
      await this.send(["MULTI"], false);
      const queued = commands.map((words) => this.send(words, false));
      const [ended, ...answers] = await Promise.allSettled([this.send([end], true), ...queued]);
      const isAborted = ended.status === "rejected" && ended.reason instanceof ReplyError && ended.reason.code === "EXECABORT";
      if (ended.status === "rejected" && !isAborted) this.close();
      const refused = answers.find((answer) => answer.status === "rejected");
      if (refused !== undefined) throw refused.reason;
      if (ended.status === "rejected") throw ended.reason;
      return ended.value;
    } finally {
      this.gate = null;
      over.resolve();
    }
  }

  /** Sends a request that no reply comes to, or none that can be told from a push: SUBSCRIBE. What comes goes to `onPush`. Errors: LinkError. */
  tell(...words: readonly Word[]): void {
    if (this.isOver) throw new LinkError("The connection to the server is closed.");
    this.write(words);
  }

  private ask(words: readonly Word[], inBytes: boolean): Promise<Reply> {
    return this.gate === null ? this.send(words, inBytes) : this.gate.then(() => this.ask(words, inBytes));
  }

  private send(words: readonly Word[], inBytes: boolean): Promise<Reply> {
    if (this.isOver) return Promise.reject(new LinkError("The connection to the server is closed."));
    const { promise, resolve, reject } = Promise.withResolvers<Reply>();
    this.waiting.push({ inBytes, resolve, reject });
    this.write(words);
    return promise;
  }

  private write(words: readonly Word[]): void {
    const bytes = encode(words);
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) this.socket.send(bytes.subarray(at, at + PIECE_BYTES));
  }

  private received(chunk: Uint8Array): void {
    this.decoder.feed(chunk);
    for (;;) {
      const first = this.waiting[0];
      const reply = this.decoder.next(first?.inBytes ?? false);
      if (reply === undefined) return;
      if (reply instanceof Push || first === undefined) {
        this.onPush?.(reply);
        continue;
      }
      this.waiting.shift();
      if (reply instanceof ReplyError) first.reject(reply);
      else first.resolve(reply);
    }
  }

  close(error: LinkError = new LinkError("The connection was closed.")): void {
    if (this.isOver) return;
    this.isOver = true;
    this.opened.promise.catch(() => {});
    this.opened.reject(error);
    for (const { reject } of this.waiting.splice(0)) reject(error);
    this.socket.close();
    this.onClose?.();
  }
}
