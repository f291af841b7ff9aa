/** A server at the other end of a socket. */

import type { TLSOptions } from "bun";
import { Frame } from "../protocol/frame.ts";
import { mayTrust } from "../transport/tls.ts";
import { CompareError, type Endpoint, type Words } from "./endpoint.ts";
import { ErrorReply, type Value, ValueDecoder } from "./reply-decoder.ts";

/** Where a server is, and how one logs in there; a password of "" is none. */
export interface Address {
  readonly host: string;
  readonly port: number;
  readonly user?: string;
  readonly password?: string;
  /** What it is shown over TLS; null: the connection has none. */
  readonly tls?: TLSOptions | null;
  /** Whether any certificate of the server is right. */
  readonly trusting?: boolean;
}

const CLOSED = "the connection was closed";
/** How long it may take until there is a connection, in ms. */
const CONNECT_MS = 5000;
/** How long a server may be silent that has been asked something, in ms. */
const SILENCE_MS = 60_000;

interface Question {
  readonly replies: Value[];
  readonly count: number;
  readonly resolve: (replies: Value[]) => void;
  readonly reject: (error: Error) => void;
}

export class RemoteEndpoint implements Endpoint {
  readonly name: string;
  private socket: Bun.Socket<undefined> | null = null;
  private readonly decoder = new ValueDecoder();
  private readonly frame = new Frame();
  /** In the order in which they are answered. */
  private readonly questions: Question[] = [];
  private readonly unsent: Buffer[] = [];
  private silence: Timer | null = null;

  private readonly address: Address;

  constructor(address: Address) {
    const { host, port } = address;
    this.address = address;
    this.name = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  }

  /** Connects and logs in. Errors: CompareError. */
  async open(): Promise<void> {
    await this.connect();
    const { user, password } = this.address;
    if (password !== undefined && password !== "") {
      const words = user === undefined ? ["AUTH", password] : ["AUTH", user, password];
      const [reply] = await this.ask([words]);
      if (reply instanceof ErrorReply) throw this.failure(reply.message);
    }
    // Redis before 7.2 does not know NO-TOUCH: then what is compared counts as used.
    const [pong] = await this.ask([["PING"], ["CLIENT", "NO-TOUCH", "ON"]]);
    if (pong instanceof ErrorReply && /^(NOAUTH|NOPERM|DENIED)/.test(pong.message)) throw this.failure(pong.message);
  }

  private failure(reason: string): CompareError {
    return new CompareError(`${this.name}: ${reason}`);
  }

  private async connect(): Promise<void> {
    const { host, port, tls = null, trusting = false } = this.address;
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(new Error("no connection in time")), CONNECT_MS);
    const secured = Promise.withResolvers<void>();
    secured.promise.catch(() => {}); // nobody waits for it without a connection
    if (tls === null) secured.resolve();
    const connecting = Bun.connect({
      hostname: host,
      port,
      ...(tls === null ? {} : { tls: { ...tls, rejectUnauthorized: false } }), // who looks at it decides (`mayTrust`)
      socket: {
        handshake: (_, succeeded, error) => {
          if (trusting || mayTrust(succeeded, error)) secured.resolve();
          else secured.reject(new Error(`its certificate does not hold: ${error?.message ?? "the handshake failed"}`));
        },
        data: (_, chunk) => this.receive(chunk),
        drain: () => this.drain(),
        close: () => {
          secured.reject(new Error(CLOSED));
          this.lost(CLOSED);
        },
        error: (_, error) => this.lost(error.message),
      },
    });
    try {
      this.socket = await Promise.race([connecting, late.promise]);
      this.socket.setNoDelay(true);
      await Promise.race([secured.promise, late.promise]);
    } catch (error) {
      this.socket = null;
      // It may come about still.
      void connecting.then((socket) => socket.terminate()).catch(() => {});
      throw this.failure(error instanceof Error ? error.message : String(error));
    } finally {
      clearTimeout(timer);
    }
  }

  ask(requests: readonly Words[]): Promise<Value[]> {
    if (requests.length === 0) return Promise.resolve([]);
    return this.send(
      requests.map((words) => this.encoded(words)),
      requests.length,
    );
  }

  /** Sends these bytes, which are `count` requests and are not written to again. Returns their replies. Errors: CompareError. */
  send(pieces: readonly Buffer[], count: number): Promise<Value[]> {
    const { promise, resolve, reject } = Promise.withResolvers<Value[]>();
    if (this.socket === null) return Promise.reject(this.failure(CLOSED));
    this.questions.push({ replies: [], count, resolve, reject });
    this.unsent.push(pieces.length === 1 ? pieces[0] : Buffer.concat(pieces));
    if (this.silence === null) this.wait();
    this.drain();
    return promise;
  }

  private drain(): void {
    while (this.socket !== null && this.unsent.length > 0) {
      const [first] = this.unsent;
      const sent = this.socket.write(first);
      if (sent < first.length) {
        this.unsent[0] = first.subarray(sent);
        return;
      }
      this.unsent.shift();
    }
  }

  private receive(chunk: Buffer): void {
    if (this.questions.length === 0) return;
    this.wait();
    try {
      this.decoder.take(chunk, (value) => this.answered(value));
    } catch (error) {
      return this.lost(error instanceof Error ? error.message : String(error));
    }
    if (this.questions.length === 0) this.rest();
  }

  private answered(value: Value): void {
    const [question] = this.questions;
    if (question === undefined || question.replies.push(value) < question.count) return;
    this.questions.shift();
    question.resolve(question.replies);
  }

  private wait(): void {
    this.rest();
    this.silence = setTimeout(() => this.lost("no answer"), SILENCE_MS);
  }

  private rest(): void {
    if (this.silence !== null) clearTimeout(this.silence);
    this.silence = null;
  }

  private lost(reason: string): void {
    const { socket } = this;
    this.rest();
    this.socket = null;
    this.unsent.length = 0;
    socket?.terminate();
    for (const question of this.questions.splice(0)) question.reject(this.failure(reason));
  }

  close(): void {
    this.lost(CLOSED);
  }

  private encoded(words: Words): Buffer {
    const { buffer, start, end } = this.frame.encode(words);
    return buffer.subarray(start, end);
  }
}
