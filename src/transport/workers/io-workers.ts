/**
 * Threads that own the sockets of TCP clients, seen from the thread that owns the data (`io-workers`, docs/io-workers.md): starts them, has
 * them listen, reads what they send in turns, and wakes those that sleep.
 */

import { InvariantError } from "../../assert.ts";
import type { ClientAcceptor } from "../acceptor.ts";
import {
  type Arrival,
  awaitOutcome,
  type Channel,
  FromWorker,
  type Message,
  newChannel,
  newOutcome,
  ToWorker,
  WAKE,
  WORKER_LEFT,
  WORKER_SLEEPS,
} from "./channel.ts";
import { HEAD_WORDS, RingReader, RingWriter } from "./ring.ts";
import { WorkerConnection } from "./worker-connection.ts";
import { WorkerOutput, WorkerSocket } from "./worker-socket.ts";

/** Where the worker is in an executable, seen from its root; not defined where this runs from the sources. */
declare const BUILD_IO_WORKER: string | undefined;

const WORKER = new URL(typeof BUILD_IO_WORKER === "undefined" ? "./worker.ts" : BUILD_IO_WORKER, import.meta.url).href;

/** So long a worker may take to start and to listen, in ms, and to write its last replies. */
const PATIENCE_MS = 10_000;
const LEAVE_MS = 1000;
/** So long records are read before the event loop has its turn, and how many of one worker before it is woken and the next one's are read. */
const TURN_MS = 2;
const MOST_RECORDS = 64;
/**
 * So often the rings are looked at again before the thread sleeps: being woken costs each side 2.6 µs. More looks cost more than they save
 * (docs/io-workers.md).
 */
const IDLE_LOOKS = 2;

/** A socket that all workers listen at. */
export interface SharedListener {
  readonly port: number;
  readonly descriptors: readonly number[];
  stop(): void;
}

/** One worker. */
class WorkerLink {
  readonly output: WorkerOutput;
  private readonly worker: Worker;
  private readonly state: Int32Array;
  private readonly requests: RingReader;
  private readonly replies: RingWriter;
  private readonly acceptor: ClientAcceptor;
  private readonly sockets: ({ readonly socket: WorkerSocket; readonly connection: WorkerConnection | null } | undefined)[] = [];

  constructor(channel: Channel, acceptor: ClientAcceptor, stir: () => void, broken: (error: InvariantError) => void) {
    this.acceptor = acceptor;
    this.state = new Int32Array(channel.state);
    this.requests = new RingReader(channel.requests);
    this.replies = new RingWriter(channel.replies);
    this.output = new WorkerOutput(this.replies, channel, stir);
    this.worker = new Worker(WORKER);
    this.worker.onmessage = stir;
    this.worker.onerror = (event) => broken(new InvariantError(`a worker of io-workers failed: ${event.message}`));
    this.send(channel);
  }

  send(message: Message): void {
    this.worker.postMessage(message);
  }

  /** Whether there is nothing to read. */
  get isIdle(): boolean {
    return this.requests.isEmpty;
  }

  /** Reads records until there are none, or enough for now. Returns whether there were any. */
  read(): boolean {
    const { requests } = this;
    let count = 0;
    if (this.output.isHeldUp) this.output.goOn();
    while (count < MOST_RECORDS && requests.next()) {
      try {
        this.take(requests);
      } catch (error) {
        this.sockets[requests.slot]?.connection?.destroy();
        this.acceptor.failed(error instanceof Error ? error : new Error(String(error)));
      }
      requests.done();
      count++;
    }
    return count > 0;
  }

  private take(requests: RingReader): void {
    const { kind, slot, at, first } = requests;
    const from = (at + HEAD_WORDS) * 4;
    if (kind === FromWorker.OPENED) return this.open(slot, JSON.parse(requests.bytes.latin1Slice(from, from + first)));
    const client = this.sockets[slot];
    if (client === undefined) return;
    if (kind === FromWorker.CLOSED) return this.closed(client.socket, slot);
    const { connection, socket } = client;
    if (connection === null || socket.isClosed) return;
    switch (kind) {
      case FromWorker.REQUESTS:
        return connection.receiveRequests(requests, from, from + first);
      case FromWorker.BYTES:
        return connection.receivePassed(requests, from, from + first);
      case FromWorker.DRAINED:
        return socket.drained();
      case FromWorker.ENDED:
        return connection.inputEnded();
    }
  }

  private open(slot: number, arrival: Arrival): void {
    const socket = new WorkerSocket(slot, this.output, arrival);
    const connection = this.acceptor.admit(socket, "tcp", (_, shared, ends) => new WorkerConnection(socket, shared, ends));
    this.sockets[slot] = { socket, connection };
  }

  private closed(socket: WorkerSocket, slot: number): void {
    this.sockets[slot] = undefined;
    socket.vanish();
    this.output.order(ToWorker.FREE, slot);
  }

  /** Wakes the worker if it sleeps and there is something for it: records, or room for its own. */
  wake(): void {
    const { replies, state } = this;
    const hasNews = this.requests.takeWriterWaits() || replies.hasNews;
    replies.hasNews = false;
    if (hasNews && Atomics.load(state, WORKER_SLEEPS) === 1 && Atomics.compareExchange(state, WORKER_SLEEPS, 1, 0) === 1) this.send(WAKE);
  }

  leave(): void {
    this.output.order(ToWorker.LEAVE, 0);
    this.send(WAKE);
  }

  /** Waits until the worker has written what it was given, and ends it. Blocks. */
  end(): void {
    Atomics.wait(this.state, WORKER_LEFT, 0, LEAVE_MS);
    this.worker.terminate();
  }
}

export class IoWorkers {
  private readonly count: number;
  private readonly acceptor: ClientAcceptor;
  private readonly broken: (error: InvariantError) => void;
  private readonly sleeps = new SharedArrayBuffer(4);
  private readonly sleepWord = new Int32Array(this.sleeps);
  private links: WorkerLink[] = [];
  private listeners = 0;
  private awake = false;
  private idleLooks = 0;
  private readonly look = () => this.turn();
  private readonly stir = () => this.wakeUp();

  constructor(count: number, acceptor: ClientAcceptor, broken: (error: InvariantError) => void) {
    this.count = count;
    this.acceptor = acceptor;
    this.broken = broken;
    Atomics.store(this.sleepWord, 0, 1);
  }

  // ---- listening

  /**
   * Has every worker listen at a port of an address; 0 is any that is free. Blocks until they do. Errors: as Bun.listen, with the `code` of
   * the system.
   */
  listen(options: { readonly hostname: string; readonly port: number; readonly ipv6Only?: boolean }): SharedListener {
    const { hostname } = options;
    // Sockets that share a port with ours would not be refused: one that shares it with no one tells whether it is free.
    const probe = Bun.listen({ ...options, exclusive: true, socket: { data() {} } });
    const { port } = probe;
    probe.stop(true);
    this.start();
    const number = ++this.listeners;
    const outcomes = this.ask((outcome) => ({ listen: number, hostname, port, outcome }));
    const listener = {
      port,
      descriptors: outcomes.map(({ descriptor }) => descriptor),
      stop: () => void this.ask((outcome) => ({ stop: number, outcome })),
    };
    const failed = outcomes.find(({ code }) => code !== "");
    if (failed === undefined) return listener;
    listener.stop();
    throw Object.assign(new Error(`a worker could not listen: ${failed.code}`), { code: failed.code });
  }

  private ask(message: (outcome: SharedArrayBuffer) => Message): { descriptor: number; code: string }[] {
    const outcomes = this.links.map((link) => {
      const outcome = newOutcome();
      link.send(message(outcome));
      return outcome;
    });
    return outcomes.map((outcome) => awaitOutcome(outcome, PATIENCE_MS) ?? { descriptor: -1, code: "ETIMEDOUT" });
  }

  private start(): void {
    const { acceptor, stir, broken } = this;
    if (this.links.length > 0) return;
    for (let index = 0; index < this.count; index++) {
      this.links.push(new WorkerLink(newChannel(this.sleeps), acceptor, stir, broken));
    }
  }

  // ---- turns

  /** There may be something to read, or someone to be woken: before the event loop waits. */
  private wakeUp(): void {
    if (this.awake) return;
    this.awake = true;
    Atomics.store(this.sleepWord, 0, 0);
    setImmediate(this.look);
  }

  private turn(): void {
    const { links, sleepWord } = this;
    const turnEnd = performance.now() + TURN_MS;
    let had = false;
    for (let hasMore = true; hasMore; ) {
      hasMore = false;
      for (const link of links) {
        if (!link.read()) continue;
        hasMore = true;
        link.wake();
      }
      had ||= hasMore;
      if (hasMore && performance.now() >= turnEnd) break;
    }
    // What one client does may be for another's worker.
    for (const link of links) link.wake();
    this.idleLooks = had ? 0 : this.idleLooks + 1;
    if (this.idleLooks < IDLE_LOOKS) {
      setImmediate(this.look);
      return;
    }
    Atomics.store(sleepWord, 0, 1);
    // A worker may have looked whether we sleep just before that.
    for (const link of links) if (link.output.isHeldUp) link.output.goOn();
    for (const link of links) link.wake();
    this.awake = false;
    if (!links.every((link) => link.isIdle)) this.wakeUp();
  }

  /** Ends the workers, once they have written what they were given. Blocks meanwhile. */
  stop(): void {
    const { links } = this;
    this.links = [];
    for (const link of links) link.leave();
    for (const link of links) link.end();
  }
}
