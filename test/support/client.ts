/**
 * A raw Redis client for tests and benchmarks: it sends the bytes it is given and hands back each reply as the bytes that arrived, so
 * that a test can compare two servers byte for byte. It shares no code with src/, on purpose: a mistake in our own protocol code cannot
 * hide itself.
 */
import type { Socket, TLSOptions } from "bun";
import { PATIENCE_MS } from "./limits.ts";

/** One word of a command: text is sent as UTF-8, a Buffer as it is, a number in decimal. */
export type Word = string | Uint8Array | number;

/** Where a server listens: a TCP port of 127.0.0.1, the path of a unix socket, or both spelt out. */
export type Target = number | string | { readonly port: number; readonly host?: string; readonly tls?: TLSOptions | boolean };

export type ClientOptions = {
  /** How long the server may stay silent while a read waits, in ms (PATIENCE_MS unless told). */
  readonly timeoutMs?: number;
  /** false: replies are not held against the specs of the commands, which have other names there. */
  readonly checked?: boolean;
};

const CR = 13;
const LF = 10;
const DASH = 45;
const BANG = 33;
const CRLF = Buffer.from("\r\n");
const EMPTY = Buffer.alloc(0);

/** The request that `words` make: an array of bulk strings. */
export function encodeCommand(words: readonly Word[]): Buffer {
  const parts: Uint8Array[] = [Buffer.from(`*${words.length}\r\n`)];
  for (const word of words) {
    const bytes = typeof word === "object" ? word : Buffer.from(String(word));
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, CRLF);
  }
  return Buffer.concat(parts);
}

/** What a bulk, verbatim or one-line reply carries, as latin1 text without its frame; an aggregate or a null throws. */
export function replyText(reply: Buffer): string {
  const kind = String.fromCharCode(reply[0] ?? 0);
  const end = reply.indexOf(CRLF);
  if (end < 0 || "*~>%|_".includes(kind) || reply.toString("latin1", 0, 3) === "$-1") {
    throw new Error(`no text in the reply ${JSON.stringify(reply.toString("latin1", 0, 80))}`);
  }
  if (kind !== "$" && kind !== "=" && kind !== "!") return reply.toString("latin1", 1, end);
  return reply.toString("latin1", end + (kind === "=" ? 6 : 2), reply.length - 2); // 6: CRLF and the "txt:" of a verbatim string
}

/**
 * Finds the end of one reply (RESP2 or RESP3, however nested) in bytes that arrive piece by piece. It keeps its place between pieces: a
 * reply of a million elements is scanned once, not once per chunk.
 */
class ReplyScanner {
  private at = 0;
  /** Replies still to come before the outermost one is whole: an aggregate of n adds n. */
  private due = 1;

  /** -> how many bytes the first reply in `bytes` takes, or -1 while it is not whole. Resets itself once it has found the end. */
  scan(bytes: Buffer): number {
    while (this.due > 0) {
      const lineEnd = findLineEnd(bytes, this.at);
      if (lineEnd < 0) return -1;
      const kind = String.fromCharCode(bytes[this.at] ?? 0);
      const next = this.step(kind, bytes, this.at + 1, lineEnd);
      if (next > bytes.length) return -1;
      this.at = next;
    }
    const whole = this.at;
    this.at = 0;
    this.due = 1;
    return whole;
  }

  /** Counts one element whose header line is `[from, lineEnd)`; -> where it ends. A bulk that is not all there yet is not counted. */
  private step(kind: string, bytes: Buffer, from: number, lineEnd: number): number {
    const afterLine = lineEnd + 2;
    switch (kind) {
      case "+":
      case "-":
      case ":":
      case "_":
      case "#":
      case ",":
      case "(":
        this.due -= 1;
        return afterLine;
      case "$":
      case "=":
      case "!": {
        const size = readCount(bytes, from, lineEnd);
        const end = size < 0 ? afterLine : afterLine + size + 2;
        if (end <= bytes.length) this.due -= 1;
        return end;
      }
      case "*":
      case "~":
      case ">":
        this.due += Math.max(0, readCount(bytes, from, lineEnd)) - 1;
        return afterLine;
      case "%":
        this.due += 2 * readCount(bytes, from, lineEnd) - 1;
        return afterLine;
      case "|": // attributes come before the reply they describe
        this.due += 2 * readCount(bytes, from, lineEnd);
        return afterLine;
      default:
        throw new Error(`not a reply: ${JSON.stringify(bytes.toString("latin1", from - 1, Math.min(lineEnd, from + 60)))}`);
    }
  }
}

function findLineEnd(bytes: Buffer, from: number): number {
  for (let at = from; at + 1 < bytes.length; at += 1) {
    if (bytes[at] === CR && bytes[at + 1] === LF) return at;
  }
  return -1;
}

function readCount(bytes: Buffer, from: number, lineEnd: number): number {
  const text = bytes.toString("latin1", from, lineEnd);
  if (!/^-?\d+$/.test(text)) throw new Error(`not a length in a reply: ${JSON.stringify(text)}`);
  return Number(text);
}

/** A read that waits for bytes: `take` cuts them off the front of what has arrived, or answers null while they are not all there. */
type Waiter = { readonly take: () => Buffer | null; readonly resolve: (bytes: Buffer) => void; readonly reject: (error: Error) => void };

/** Sees what a client asks and what it is answered, in their order, and throws where an answer is wrong. */
export interface Checking {
  request(words: readonly Word[]): void;
  /** Requests in the protocol's form, or anything else. */
  sent(bytes: Uint8Array): void;
  reply(bytes: Buffer): void;
  /** Bytes were passed over of which it is not told. */
  giveUp(): void;
}

/** What every client of a test begins with (preload.ts sets it); null in benchmarks. */
export const checking: { begin: (() => Checking) | null } = { begin: null };

/** One connection to a server. Reads are answered in the order in which they were asked for. */
export class RawClient {
  private socket: Socket<undefined> | null = null;
  private arrived = Buffer.alloc(4096);
  private start = 0;
  private end = 0;
  private readonly scanner = new ReplyScanner();
  private waiters: Waiter[] = [];
  private unsent: Uint8Array[] = [];
  private failure: Error | null = null;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private lastArrival = 0;
  private markClosed: () => void = () => {};
  /** Resolves once the connection is closed, by either side. */
  readonly closed: Promise<void> = new Promise((resolve) => {
    this.markClosed = resolve;
  });

  private readonly timeoutMs: number;
  private readonly check: Checking | null;

  private constructor(timeoutMs: number, check: Checking | null) {
    this.timeoutMs = timeoutMs;
    this.check = check;
  }

  /** Connects to `target`; rejects when nothing listens there. */
  static async connect(target: Target, options: ClientOptions = {}): Promise<RawClient> {
    const check = options.checked === false ? null : (checking.begin?.() ?? null);
    const client = new RawClient(options.timeoutMs ?? PATIENCE_MS, check);
    const socket = {
      data: (_: Socket<undefined>, chunk: Buffer): void => client.receive(chunk),
      drain: (): void => client.flush(),
      close: (): void => client.fail(new Error("the server closed the connection")),
      error: (_: Socket<undefined>, error: Error): void => client.fail(error),
    };
    if (typeof target === "string") client.socket = await Bun.connect({ unix: target, socket });
    else {
      const { port, host = "127.0.0.1", tls = false } = typeof target === "number" ? { port: target } : target;
      client.socket = await Bun.connect({ hostname: host, port, tls, socket });
    }
    return client;
  }

  /**
   * Sends these bytes as they are (text as latin1, so that "\xff" is one byte). What the kernel does not take at once follows when it
   * does.
   */
  send(bytes: Uint8Array | string): void {
    const raw = typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes;
    this.check?.sent(raw);
    this.write(raw);
  }

  private write(bytes: Uint8Array): void {
    if (this.failure !== null) throw this.failure;
    this.unsent.push(bytes);
    if (this.unsent.length === 1) this.flush();
  }

  /** The next complete reply, as the raw bytes of it. A push message of RESP3 is a reply like any other here. */
  readReply(): Promise<Buffer> {
    return this.wait(() => {
      const size = this.scanner.scan(this.arrived.subarray(this.start, this.end));
      if (size < 0) return null;
      const reply = this.cut(size);
      this.check?.reply(reply);
      return reply;
    });
  }

  /** Passes over the next `count` replies, for loaders of many keys; -> the first error among them, or null. Nested errors are not seen. */
  async skipReplies(count: number): Promise<string | null> {
    this.check?.giveUp();
    let left = count;
    let firstError: string | null = null;
    await this.wait(() => {
      while (left > 0) {
        const size = this.scanner.scan(this.arrived.subarray(this.start, this.end));
        if (size < 0) return null;
        const kind = this.arrived[this.start];
        if (firstError === null && (kind === DASH || kind === BANG))
          firstError = replyText(this.arrived.subarray(this.start, this.start + size));
        this.drop(size);
        left -= 1;
      }
      return EMPTY;
    });
    return firstError;
  }

  /** The next `count` bytes, whatever they are: the payload of a full synchronisation has no frame around it. */
  readBytes(count: number): Promise<Buffer> {
    this.check?.giveUp();
    return this.wait(() => (this.end - this.start < count ? null : this.cut(count)));
  }

  /** The next line with its end ("\n" or "\r\n"), whatever it is: a master keeps a waiting replica alive with bare newlines. */
  readLine(): Promise<Buffer> {
    this.check?.giveUp();
    return this.wait(() => {
      const at = this.arrived.subarray(this.start, this.end).indexOf(LF);
      return at < 0 ? null : this.cut(at + 1);
    });
  }

  /** Sends one command; -> its raw reply. */
  command(...words: Word[]): Promise<Buffer> {
    this.check?.request(words);
    this.write(encodeCommand(words));
    return this.readReply();
  }

  /** Sends one command; -> the text its reply carries (see `replyText`). Throws what the server says when that is an error. */
  async text(...words: Word[]): Promise<string> {
    const reply = await this.command(...words);
    if (reply[0] === DASH || reply[0] === BANG) throw new Error(`${String(words[0])}: ${replyText(reply)}`);
    return replyText(reply);
  }

  /** Sends all commands at once, then reads a reply for each; -> the raw replies in order. */
  pipeline(commands: readonly (readonly Word[])[]): Promise<Buffer[]> {
    for (const words of commands) this.check?.request(words);
    this.write(Buffer.concat(commands.map(encodeCommand)));
    return Promise.all(commands.map(() => this.readReply()));
  }

  /** Whether the connection is over, whichever side ended it. */
  get isClosed(): boolean {
    return this.failure !== null;
  }

  /** What has arrived and has not been read yet: a test that expects silence looks here. */
  unread(): Buffer {
    return Buffer.from(this.arrived.subarray(this.start, this.end));
  }

  /** Reads nothing more from the socket, until `resume`. */
  pause(): void {
    this.socket?.pause();
  }

  resume(): void {
    this.socket?.resume();
  }

  /** Ends the connection; reads that still wait reject. Safe to call twice. */
  close(): void {
    this.socket?.end();
    this.fail(new Error("the client closed the connection"));
  }

  [Symbol.dispose](): void {
    this.close();
  }

  private wait(take: () => Buffer | null): Promise<Buffer> {
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    this.waiters.push({ take, resolve, reject });
    if (this.waiters.length === 1) {
      this.lastArrival = Date.now();
      this.serve();
      if (this.waiters.length > 0) this.watchSilence();
    }
    return promise;
  }

  private receive(chunk: Buffer): void {
    if (this.end + chunk.length > this.arrived.length) this.makeRoom(chunk.length);
    chunk.copy(this.arrived, this.end);
    this.end += chunk.length;
    this.lastArrival = Date.now();
    this.serve();
  }

  private makeRoom(extra: number): void {
    const held = this.end - this.start;
    const size = Math.max(4096, 2 ** Math.ceil(Math.log2(2 * held + extra)));
    const larger = Buffer.alloc(size);
    this.arrived.copy(larger, 0, this.start, this.end);
    this.arrived = larger;
    this.start = 0;
    this.end = held;
  }

  /** Hands out what has arrived to those who wait, first come first served. */
  private serve(): void {
    let served = 0;
    try {
      for (const waiter of this.waiters) {
        const bytes = waiter.take();
        if (bytes === null) break;
        waiter.resolve(bytes);
        served += 1;
      }
    } catch (error) {
      this.waiters.splice(0, served);
      this.fail(error instanceof Error ? error : new Error(String(error)));
      this.socket?.end();
      return;
    }
    if (served > 0) this.waiters.splice(0, served);
    if (this.waiters.length > 0 && this.failure !== null) this.fail(this.failure);
  }

  private cut(size: number): Buffer {
    const bytes = Buffer.from(this.arrived.subarray(this.start, this.start + size));
    this.drop(size);
    return bytes;
  }

  private drop(size: number): void {
    this.start += size;
    if (this.start < this.end) return;
    this.start = 0;
    this.end = 0;
  }

  private flush(): void {
    for (let first = this.unsent[0]; first !== undefined && this.socket !== null; first = this.unsent[0]) {
      const taken = this.socket.write(first);
      if (taken < first.length) {
        if (taken > 0) this.unsent[0] = first.subarray(taken);
        return;
      }
      this.unsent.shift();
    }
  }

  private watchSilence(): void {
    if (this.timer !== null) return;
    const check = (): void => {
      this.timer = null;
      if (this.waiters.length === 0 || this.failure !== null) return;
      const silent = Date.now() - this.lastArrival;
      if (silent < this.timeoutMs) {
        this.timer = setTimeout(check, this.timeoutMs - silent);
        return;
      }
      const seen = JSON.stringify(this.arrived.toString("latin1", this.start, Math.min(this.end, this.start + 80)));
      this.fail(new Error(`no complete reply within ${this.timeoutMs} ms (${this.end - this.start} bytes so far: ${seen})`));
      this.socket?.end();
    };
    this.timer = setTimeout(check, this.timeoutMs);
  }

  private fail(error: Error): void {
    this.failure ??= error;
    this.markClosed();
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    const waiting = this.waiters;
    this.waiters = [];
    for (const waiter of waiting) waiter.reject(this.failure);
  }
}

/** Connects a raw client; see `RawClient`. */
export function connect(target: Target, options: ClientOptions = {}): Promise<RawClient> {
  return RawClient.connect(target, options);
}
