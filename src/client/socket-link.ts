/**
 * A link over a socket. Requests of one turn of the event loop go in one write. A connection that is lost is made again with longer and
 * longer pauses: requests that were written to the lost one fail, since no one knows whether they were executed, and the others wait. The
 * way of a request is hot (`npm run bench -- clients`).
 */

import { setTimeout as sleep } from "node:timers/promises";
import { type Address, nameOf } from "./address.ts";
import { deferred } from "./deferred.ts";
import { atCaller, LinkError } from "./errors.ts";
import { Expected, ExpectedQueue } from "./expected.ts";
import { Greeting } from "./greeting.ts";
import { INSPECT, inspectedAs } from "./inspecting.ts";
import type { Link, Word } from "./link.ts";
import { INCOMPLETE, Push, ReplyDecoder } from "./reply-decoder.ts";
import { RequestBuffer } from "./request-buffer.ts";
import { openWire, type Wire, type WireEvents } from "./wire.ts";

/** So many bytes are written at once, though the turn is not over. */
const EARLY_BYTES = 64 << 10;

/** How long the other side may take to end a connection that is done with. */
const END_MS = 500;

/** Requests that are answered by pushes, one for each of their arguments: by the kind of these. */
const CONFIRMED: ReadonlyMap<string, string> = new Map(
  ["subscribe", "psubscribe", "ssubscribe", "unsubscribe", "punsubscribe", "sunsubscribe"].map((kind) => [kind.toUpperCase(), kind]),
);
/** Requests that the link itself must know of. Names are in upper case, as Client sends them. */
const NOTED: ReadonlySet<string> = new Set(["SELECT", "AUTH", ...CONFIRMED.keys()]);

type State = "ready" | "down" | "closed";

export class SocketLink implements Link {
  onPush: Link["onPush"] = null;
  onClose: Link["onClose"] = null;
  private address: Address;
  private wire: Wire | null = null;
  private state: State = "down";
  private isClosing = false;
  private readonly output = new RequestBuffer();
  private readonly decoder = new ReplyDecoder();
  private readonly expected = new ExpectedQueue();
  private isFlushing = false;
  /** `output.position` when the flush that is due was last put off. */
  private flushSeen = -1;
  private retryDelay = 0;
  private retryTimer: ReturnType<typeof setTimeout> | null = null;
  private patienceTimer: ReturnType<typeof setTimeout> | null = null;
  private endTimer: ReturnType<typeof setTimeout> | null = null;
  private lastFailure: Error | null = null;
  private readonly closed = deferred<void>();

  private constructor(address: Address) {
    this.address = address;
  }

  /**
   * Connects. Errors: LinkError where no server answers, or one that does not speak RESP3; ReplyError where it refuses the user, the
   * password or the database.
   */
  static async connect(address: Address): Promise<SocketLink> {
    const link = new SocketLink(address);
    await link.open();
    return link;
  }

  /** Connects, trying again as long as `address` says a request waits, a link that is not made again. Errors: as of `connect`. */
  static async connectPatiently(address: Address): Promise<SocketLink> {
    const { minDelay, maxDelay, patience } = address.reconnect ?? { minDelay: 0, maxDelay: 0, patience: 0 };
    const end = performance.now() + patience;
    for (let delay = minDelay; ; delay = Math.min(maxDelay, delay * 2)) {
      try {
        return await SocketLink.connect({ ...address, reconnect: null });
      } catch (error) {
        if (!(error instanceof LinkError) || performance.now() + delay >= end) throw error;
        await sleep(delay);
      }
    }
  }

  /** Where it leads, and who asks: the database is the one selected last. */
  get target(): Address {
    return this.address;
  }

  get name(): string {
    const { address } = this;
    return `${nameOf(address)}${address.database === 0 ? "" : `, database ${address.database}`}`;
  }

  [INSPECT](): string {
    return inspectedAs("SocketLink", this.name);
  }

  // Async, for the stacks of errors: 0.1 us of processor time a request. A promise alone does not tell who waits for it.
  async send(request: readonly Word[], bytes: boolean): Promise<unknown> {
    try {
      return await this.sent(request, bytes);
    } catch (error) {
      throw atCaller(error);
    }
  }

  private sent(request: readonly Word[], bytes: boolean): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const { position } = this.output;
      this.put(request);
      const name = request[0] as string;
      if (name.length > 3 && NOTED.has(name)) this.await(this.noted(name, request, position, resolve, reject));
      else this.await(new Expected(position, bytes, null, 1, resolve, reject));
    });
  }

  sendAll(requests: readonly (readonly Word[])[], bytes: boolean): Promise<unknown[]> {
    if (requests.length === 0) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      const { position } = this.output;
      try {
        for (const request of requests) this.put(request);
      } catch (error) {
        this.output.dropFrom(position);
        throw error;
      }
      this.await(new Expected(position, bytes, [], requests.length, resolve as (value: unknown) => void, reject));
    });
  }

  close(options = { now: false }): Promise<void> {
    this.isClosing = true;
    if (options.now && this.wire !== null) this.wire.destroy();
    else if (this.state === "down") this.end(null, new LinkError("the link was closed"));
    else this.endIfDone();
    return this.closed.promise;
  }

  private put(request: readonly Word[]): void {
    if (this.isClosing || this.state === "closed") throw new LinkError("the link is closed", { cause: this.lastFailure });
    if (this.output.length > this.address.waitingBytes) {
      throw new LinkError(`more than ${this.address.waitingBytes} bytes of requests wait to be written to ${nameOf(this.address)}`);
    }
    this.output.add(request);
  }

  private await(expected: Expected): void {
    this.expected.add(expected);
    if (this.state !== "ready") this.startPatience();
    else if (!this.isFlushing) {
      this.isFlushing = true;
      queueMicrotask(this.flushSoon);
    } else if (this.output.length > EARLY_BYTES) this.flush();
  }

  /** The reply to a request that changes where the next connection begins, or that pushes answer. */
  private noted(
    name: string,
    request: readonly Word[],
    position: number,
    resolve: (value: unknown) => void,
    reject: (error: Error) => void,
  ): Expected {
    const kind = CONFIRMED.get(name);
    if (kind !== undefined) return new Expected(position, true, null, request.length - 1, resolve, reject, kind);
    const [last, first = ""] = request.slice(1).reverse().map(String);
    const change = name === "SELECT" ? { database: Number(last) } : { password: last, username: first };
    const resolveNoted = (value: unknown): void => {
      this.address = { ...this.address, ...change };
      resolve(value);
    };
    return new Expected(position, false, null, 1, resolveNoted, reject);
  }

  /** At the end of the turn, or nearly: once no more requests came since it was asked last. */
  private readonly flushSoon = (): void => {
    const { position } = this.output;
    if (position !== this.flushSeen) {
      this.flushSeen = position;
      queueMicrotask(this.flushSoon);
      return;
    }
    this.isFlushing = false;
    this.flush();
  };

  private flush(): void {
    const { wire, output } = this;
    if (wire === null || this.state !== "ready" || output.length === 0) return;
    output.taken(wire.write(output.bytes, output.start, output.end));
  }

  private receive(chunk: Buffer): void {
    const { decoder, expected } = this;
    try {
      decoder.feed(chunk);
      for (;;) {
        const first = expected.first;
        const reply = decoder.next(first?.bytes === true);
        if (reply === INCOMPLETE) break;
        if (reply instanceof Push) this.takePush(reply.items, first);
        else if (first === null) throw new LinkError("the server sent a reply that answers nothing");
        else if (first.take(reply)) expected.dropFirst();
      }
    } catch (error) {
      const { wire } = this;
      this.lose(error as Error);
      wire?.destroy();
      return;
    }
    if (this.isClosing) this.endIfDone();
  }

  private takePush(items: readonly unknown[], first: Expected | null): void {
    if (first !== null && first.confirmedBy !== "" && String.fromCharCode(...(items[0] as Uint8Array)) === first.confirmedBy) {
      if (first.confirm()) this.expected.dropFirst();
    }
    this.onPush?.(items);
  }

  private endIfDone(): void {
    const { wire } = this;
    if (this.expected.length > 0 || wire === null || this.endTimer !== null) return;
    wire.end();
    this.endTimer = setTimeout(() => wire.destroy(), END_MS);
  }

  /** Makes a connection, and what was waiting goes. Errors: see `connect`. */
  private async open(): Promise<void> {
    const { address } = this;
    const greeting = new Greeting(address, this.decoder);
    let wire: Wire | null = null;
    let isGone = false;
    const events: WireEvents = {
      onData: (chunk) => (this.wire === wire && wire !== null ? this.receive(chunk) : greeting.receive(chunk)),
      onDrain: () => this.flush(),
      onClose: (error) => {
        isGone = true;
        greeting.fail(error);
        if (this.wire === wire && wire !== null) this.lose(error);
      },
    };
    this.decoder.reset();
    const opened = await openWire(address, events).catch((error: Error) => {
      throw new LinkError(`cannot connect to ${nameOf(address)}: ${error.message}`, { cause: error });
    });
    try {
      await greeting.say(opened);
    } catch (error) {
      opened.destroy();
      throw error;
    }
    if (this.isClosing || isGone) {
      opened.destroy();
      throw new LinkError(isGone ? `${nameOf(address)} closed the connection` : "the link was closed");
    }
    wire = opened;
    this.wire = wire;
    this.state = "ready";
    this.retryDelay = 0;
    this.stopPatience();
    this.flush();
  }

  /** The connection is gone: what was written to it fails, the rest waits for another one. */
  private lose(error: Error | null): void {
    if (this.wire === null) return;
    this.wire = null;
    this.lastFailure = error;
    if (this.isClosing && this.expected.length === 0) return this.end(null, null);
    const why = error === null ? "" : `: ${error.message}`;
    const failure = new LinkError(
      `the connection to ${nameOf(this.address)} was lost${why}; whether the request was executed is not known`,
      {
        cause: error,
      },
    );
    const { written } = this.output;
    let first = this.expected.first;
    for (; first !== null && first.position < written; first = this.expected.first) {
      this.expected.dropFirst();
      first.reject(failure);
    }
    this.output.skipTo(first?.position ?? this.output.position);
    this.state = "down";
    if (this.isClosing || this.address.reconnect === null) return this.end(failure, failure);
    if (first !== null) this.startPatience();
    this.retry(this.address.reconnect);
  }

  private retry({ minDelay, maxDelay }: { minDelay: number; maxDelay: number }): void {
    const delay = this.retryDelay;
    this.retryDelay = Math.min(maxDelay, Math.max(minDelay, delay * 2));
    // Clients that lost one server together do not all come back in the same moment.
    this.retryTimer = setTimeout(() => this.tryAgain(), delay * (0.5 + Math.random() / 2));
  }

  private async tryAgain(): Promise<void> {
    this.retryTimer = null;
    try {
      await this.open();
    } catch (error) {
      this.lastFailure = error as Error;
      if (this.state === "down" && !this.isClosing && this.address.reconnect !== null) this.retry(this.address.reconnect);
    }
  }

  private startPatience(): void {
    const { reconnect } = this.address;
    if (this.patienceTimer !== null || reconnect === null) return;
    this.patienceTimer = setTimeout(() => {
      this.patienceTimer = null;
      const why = this.lastFailure === null ? "" : `: ${this.lastFailure.message}`;
      this.failAll(new LinkError(`no connection to ${nameOf(this.address)} for ${reconnect.patience} ms${why}`));
    }, reconnect.patience);
  }

  private stopPatience(): void {
    if (this.patienceTimer !== null) clearTimeout(this.patienceTimer);
    this.patienceTimer = null;
  }

  private failAll(error: LinkError): void {
    this.output.skipTo(this.output.position);
    for (let first = this.expected.first; first !== null; first = this.expected.first) {
      this.expected.dropFirst();
      first.reject(error);
    }
  }

  /** It is closed for good. @param reason null: it was asked to. @param failure what requests that wait get. */
  private end(reason: Error | null, failure: LinkError | null): void {
    if (this.state === "closed") return;
    this.state = "closed";
    this.stopPatience();
    if (this.retryTimer !== null) clearTimeout(this.retryTimer);
    if (this.endTimer !== null) clearTimeout(this.endTimer);
    if (failure !== null) this.failAll(failure);
    this.closed.resolve();
    this.onClose?.(reason);
  }
}
