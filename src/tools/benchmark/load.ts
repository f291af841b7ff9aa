/**
 * Connections that send the same request again and again, and the time until the replies come. Hot: what a request costs here is taken
 * from what can be measured, so it is one write, one count of the replies and two readings of the clock.
 */

import { encodeWords } from "../cli/connection.ts";
import { ToolFailure } from "../cli/console.ts";
import { ConnectError, complaintOf, connectSocket } from "../cli/socket.ts";
import { Histogram } from "./histogram.ts";
import type { Options } from "./options.ts";
import { ReplyCounter } from "./reply-counter.ts";

const PLACEHOLDER = "__rand_int__";
const DIGITS = PLACEHOLDER.length;
const ZERO = 0x30;
/** So many connections are asked for at a time: the queue of those that a server has not taken yet is short. */
const CONNECTING = 64;

/** What one test has brought. */
export class Load {
  readonly options: Options;
  /** Latencies in µs: of the whole test, and since someone has looked. */
  readonly latencies: Histogram;
  readonly recent: Histogram;
  finished = 0;
  /** In ms, of performance.now. */
  begin = 0;
  readonly live = new Set<Client>();
  private issued = 0;
  private readonly request: Buffer;
  private readonly random: () => number;
  private readonly done = Promise.withResolvers<void>();

  constructor(options: Options, request: Buffer, random: () => number) {
    this.options = options;
    this.latencies = new Histogram(options.precision);
    this.recent = new Histogram(options.precision);
    this.request = request;
    this.random = random;
    this.done.promise.catch(() => {}); // it may fail before anyone waits
  }

  /** Opens the connections. Errors: ToolFailure. */
  async connect(): Promise<void> {
    for (let open = 0; open < this.options.clients; open += CONNECTING) {
      const count = Math.min(CONNECTING, this.options.clients - open);
      await Promise.all(Array.from({ length: count }, () => this.add()));
    }
  }

  /** Sends until there are enough replies. Returns how long that took, in ms. Errors: ToolFailure. */
  async run(): Promise<number> {
    this.begin = performance.now();
    for (const client of this.live) client.next();
    if (this.issued === 0) this.done.resolve(); // none is wanted
    await this.done.promise;
    const elapsed = performance.now() - this.begin;
    this.close();
    return elapsed;
  }

  /** Resolves when a connection is lost. Errors: ToolFailure. */
  wait(): Promise<void> {
    return this.done.promise;
  }

  close(): void {
    for (const client of this.live) client.close();
    this.live.clear();
  }

  private async add(): Promise<Client> {
    const client = new Client(this, this.request, this.random);
    try {
      await client.open();
    } catch (error) {
      if (error instanceof ConnectError) throw new ToolFailure(complaintOf(error, this.options.target));
      throw error;
    }
    this.live.add(client);
    return client;
  }

  /** Whether another batch of requests may be sent; counts it. */
  issue(): boolean {
    if (this.issued >= this.options.requests) return false;
    this.issued += this.options.pipeline;
    return true;
  }

  /** Counts replies that took so long, in µs. */
  record(count: number, latency: number): void {
    const wanted = Math.min(count, this.options.requests - this.finished);
    this.finished += count;
    if (wanted <= 0) return;
    this.latencies.record(latency, wanted);
    this.recent.record(latency, wanted);
  }

  /** A client has all its replies. */
  batchEnded(client: Client): void {
    if (this.finished >= this.options.requests) {
      this.done.resolve();
    } else if (this.options.keepAlive) {
      client.next();
    } else {
      this.live.delete(client);
      client.close();
      this.add().then((fresh) => fresh.next(), this.done.reject);
    }
  }

  failed(message: string): void {
    this.done.reject(new ToolFailure(message));
  }
}

class Client {
  private readonly load: Load;
  private readonly counter = new ReplyCounter();
  private readonly batch: Buffer;
  /** Where numbers are drawn. */
  private readonly places: readonly number[];
  private readonly random: () => number;
  private readonly keyspace: number;
  private socket: Bun.Socket<undefined> | null = null;
  /** What goes before the first batch: the login and such. */
  private prefix: Buffer | null;
  /** Replies to what goes before it. */
  private preliminary: number;
  private pending = 0;
  private unsent: Buffer | null = null;
  private start = 0;
  /** In µs; below 0: nothing has come yet. */
  private latency = -1;

  constructor(load: Load, request: Buffer, random: () => number) {
    const { options } = load;
    this.load = load;
    this.batch = Buffer.concat(Array.from({ length: options.pipeline }, () => request));
    this.keyspace = options.keyspace ?? 0;
    this.places = options.keyspace === null ? [] : placesIn(this.batch);
    this.random = random;
    const requests = preliminaries(options);
    this.prefix = requests.length === 0 ? null : Buffer.concat(requests.map(encodeWords));
    this.preliminary = requests.length;
  }

  async open(): Promise<void> {
    this.socket = await connectSocket(this.load.options.target, {
      data: (chunk) => this.receive(chunk),
      drain: () => this.flush(),
      over: (reason) => {
        if (this.socket !== null) this.load.failed(`Error: ${reason}`);
      },
    });
  }

  close(): void {
    const { socket } = this;
    this.socket = null;
    socket?.terminate();
  }

  /** Sends the next batch, if there is to be one. */
  next(): void {
    if (!this.load.issue()) return;
    for (const place of this.places) this.draw(place);
    this.pending = this.load.options.pipeline;
    this.latency = -1;
    this.start = Bun.nanoseconds();
    if (this.prefix === null) this.send(this.batch);
    else {
      this.send(Buffer.concat([this.prefix, this.batch]));
      this.prefix = null;
    }
  }

  private draw(place: number): void {
    let number = this.keyspace === 0 ? 0 : this.random() % this.keyspace;
    for (let at = place + DIGITS - 1; at >= place; at--) {
      const rest = Math.floor(number / 10);
      this.batch[at] = ZERO + number - rest * 10;
      number = rest;
    }
  }

  private send(bytes: Buffer): void {
    const written = this.socket?.write(bytes) ?? bytes.length;
    if (written < bytes.length) this.unsent = bytes.subarray(Math.max(written, 0));
  }

  private flush(): void {
    const { unsent } = this;
    if (unsent === null) return;
    this.unsent = null;
    this.send(unsent);
  }

  private receive(chunk: Buffer): void {
    // The first that comes says how long the server took: what is read of it afterwards is our time.
    if (this.latency < 0) this.latency = Math.floor((Bun.nanoseconds() - this.start) / 1000);
    const { counter, load } = this;
    let count = counter.count(chunk);
    if (counter.error !== null) {
      load.failed(`Error from server: ${counter.error}`);
      return;
    }
    if (this.preliminary > 0) {
      const answered = Math.min(this.preliminary, count);
      this.preliminary -= answered;
      count -= answered;
    }
    if (count === 0) return;
    load.record(count, this.latency);
    this.pending -= count;
    if (this.pending <= 0) load.batchEnded(this);
  }
}

function preliminaries({ target, tracking, resp3 }: Options): string[][] {
  const requests: string[][] = [];
  if (target.password !== null) requests.push(["AUTH", ...(target.user === null ? [] : [target.user]), target.password]);
  if (tracking) requests.push(["CLIENT", "TRACKING", "on"]);
  if (target.database !== 0) requests.push(["SELECT", String(target.database)]);
  if (resp3) requests.push(["HELLO", "3"]);
  return requests;
}

function placesIn(batch: Buffer): number[] {
  const places: number[] = [];
  for (let at = batch.indexOf(PLACEHOLDER); at >= 0; at = batch.indexOf(PLACEHOLDER, at + DIGITS)) places.push(at);
  return places;
}
