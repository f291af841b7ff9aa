/**
 * A worker's sockets: what clients send goes into one ring, what the main thread answers comes from the other and is written as the kernel
 * takes it. Sleeps, that is leaves the thread to the event loop, only when neither ring has had anything for a moment.
 */

import type { Socket, TCPSocketListener } from "bun";
import {
  type Arrival,
  type Channel,
  FromWorker,
  type ListenOrder,
  MOST_CLIENTS,
  type StopOrder,
  ToWorker,
  tellOutcome,
  WORKER_LEFT,
  WORKER_SLEEPS,
} from "./channel.ts";
import { Input, RequestWriter } from "./request-writer.ts";
import { HEAD_WORDS, RingReader, RingWriter } from "./ring.ts";

/** So long a client whose connection ends may take to read its last replies. */
const LAST_WORDS_MS = 10_000;
/** As for the main thread (io-workers.ts). */
const IDLE_LOOKS = 2;

/** One client. */
interface Client {
  readonly socket: Socket<Client>;
  readonly slot: number;
  readonly input: Input;
  /** What the kernel has not taken, in order; the first `sent` bytes of the first are gone. */
  readonly output: Buffer[];
  sent: number;
  /** How much it has taken, modulo 2^32. */
  taken: number;
  /** What the main thread has not been told, for want of room. */
  openedUntold: boolean;
  drainedUntold: boolean;
  endedUntold: boolean;
  closedUntold: boolean;
  /** Nothing is read: the ring has no room, the main thread does not want it. */
  isHeldUp: boolean;
  isPaused: boolean;
  /** To be closed once `output` is empty. */
  isEnding: boolean;
  isClosed: boolean;
}

export class WorkerSockets {
  private readonly requests: RingWriter;
  private readonly replies: RingReader;
  private readonly input: RequestWriter;
  private readonly taken: Int32Array;
  private readonly asked: Int32Array;
  private readonly state: Int32Array;
  private readonly mainSleeps: Int32Array;
  private readonly wakeMain: () => void;
  private readonly clients: (Client | null)[] = [];
  private readonly freeSlots: number[] = [];
  /** Those of whom the main thread must still be told something. */
  private readonly untold = new Set<Client>();
  private readonly listeners = new Map<number, TCPSocketListener<Client>>();
  private awake = false;
  /** Something happened since the rings were looked at last. */
  private busy = false;
  private idleLooks = 0;
  private readonly look = () => this.turn();

  constructor(channel: Channel, wakeMain: () => void) {
    this.requests = new RingWriter(channel.requests);
    this.replies = new RingReader(channel.replies);
    this.input = new RequestWriter(this.requests);
    this.taken = new Int32Array(channel.taken);
    this.asked = new Int32Array(channel.asked);
    this.state = new Int32Array(channel.state);
    this.mainSleeps = new Int32Array(channel.mainSleeps);
    this.wakeMain = wakeMain;
  }

  // ---- listening

  listen({ listen, hostname, port, outcome }: ListenOrder): void {
    const { handlers } = this;
    const options = { hostname, port, reusePort: true, allowHalfOpen: true, ...(hostname.includes(":") ? { ipv6Only: true } : {}) };
    try {
      const listener = Bun.listen<Client>({ ...options, socket: handlers });
      this.listeners.set(listen, listener);
      tellOutcome(outcome, descriptorOf(listener), "");
    } catch (error) {
      const code = error instanceof Error && "code" in error ? String(error.code) : "EFAULT";
      tellOutcome(outcome, -1, code);
    }
  }

  stopListening({ stop, outcome }: StopOrder): void {
    this.listeners.get(stop)?.stop(false);
    this.listeners.delete(stop);
    tellOutcome(outcome, -1, "");
  }

  // ---- what sockets tell

  private get handlers() {
    const active = (client: Client | undefined, change: (client: Client) => void): void => {
      if (client === undefined || client.isClosed) return;
      change(client);
      this.stir();
    };
    return {
      open: (socket: Socket<Client>) => this.open(socket),
      data: (socket: Socket<Client>, chunk: Buffer) => this.receive(socket.data, chunk),
      drain: (socket: Socket<Client>) => active(socket.data, (client) => this.writeRest(client)),
      end: (socket: Socket<Client>) =>
        active(socket.data, (client) => {
          client.endedUntold = true;
          this.tell(client);
        }),
      close: (socket: Socket<Client>) => active(socket.data, (client) => this.closed(client)),
      error: (socket: Socket<Client>) => active(socket.data, (client) => void client.socket.terminate()),
    };
  }

  private open(socket: Socket<Client>): void {
    const slot = this.freeSlots.pop() ?? this.clients.length;
    if (slot >= MOST_CLIENTS) return void socket.terminate();
    socket.setNoDelay(true);
    const client: Client = {
      socket,
      slot,
      input: new Input(slot),
      output: [],
      sent: 0,
      taken: 0,
      openedUntold: true,
      drainedUntold: false,
      endedUntold: false,
      closedUntold: false,
      isHeldUp: false,
      isPaused: false,
      isEnding: false,
      isClosed: false,
    };
    this.clients[slot] = client;
    Atomics.store(this.taken, slot, 0);
    Atomics.store(this.asked, slot, 0);
    socket.data = client;
    this.tell(client);
    this.stir();
  }

  private receive(client: Client | undefined, chunk: Buffer): void {
    // What comes after it was closed here is of no interest.
    if (client === undefined || client.isClosed || client.isEnding) return;
    if (!this.input.take(client.input, chunk)) this.holdUp(client);
    this.stir();
  }

  private closed(client: Client): void {
    client.isClosed = true;
    client.closedUntold = true;
    client.output.length = 0;
    this.tell(client);
  }

  // ---- telling the main thread

  /** There is no room for what it sends: nothing more is read until there is. */
  private holdUp(client: Client): void {
    this.untold.add(client);
    if (client.isHeldUp) return;
    client.isHeldUp = true;
    if (!client.isClosed) client.socket.pause();
  }

  /** Tells what there is to tell of a client, in the order in which it happened, or does so later. */
  private tell(client: Client): void {
    const { requests } = this;
    const { slot, input } = client;
    if (client.openedUntold) {
      if (!this.putArrival(client)) return this.holdUp(client);
      client.openedUntold = false;
    }
    if (input.waiting.length > 0 && !this.input.retry(input)) return this.holdUp(client);
    if (client.isHeldUp) {
      client.isHeldUp = false;
      if (!client.isPaused && !client.isClosed) client.socket.resume();
    }
    if (client.drainedUntold) {
      if (!requests.put(FromWorker.DRAINED, slot)) return this.holdUp(client);
      client.drainedUntold = false;
    }
    if (client.endedUntold) {
      if (!requests.put(FromWorker.ENDED, slot)) return this.holdUp(client);
      client.endedUntold = false;
    }
    if (client.closedUntold) {
      if (!requests.put(FromWorker.CLOSED, slot)) return this.holdUp(client);
      client.closedUntold = false;
    }
    this.untold.delete(client);
  }

  private putArrival({ socket, slot }: Client): boolean {
    const arrival: Arrival = {
      remoteAddress: socket.remoteAddress ?? "",
      remotePort: socket.remotePort,
      localAddress: socket.localAddress,
      localPort: socket.localPort,
      fileDescriptor: descriptorOf(socket),
    };
    const text = Buffer.from(JSON.stringify(arrival), "latin1");
    const { requests } = this;
    const words = HEAD_WORDS + ((text.length + 3) >> 2);
    const at = requests.reserve(words);
    if (at < 0) return false;
    text.copy(requests.bytes, (at + HEAD_WORDS) * 4);
    requests.commit(at, words, FromWorker.OPENED, slot, text.length);
    return true;
  }

  // ---- turns

  /** Something happened, or the main thread says so: the rings are looked at before the event loop waits. */
  stir(): void {
    this.busy = true;
    if (this.awake) return;
    this.awake = true;
    Atomics.store(this.state, WORKER_SLEEPS, 0);
    setImmediate(this.look);
  }

  private turn(): void {
    const { busy, replies, state } = this;
    this.busy = false;
    const had = this.readReplies();
    this.tellUntold();
    this.wake();
    this.idleLooks = had || busy ? 0 : this.idleLooks + 1;
    if (this.idleLooks < IDLE_LOOKS) {
      setImmediate(this.look);
      return;
    }
    Atomics.store(state, WORKER_SLEEPS, 1);
    // The main thread may have looked whether we sleep just before that.
    this.tellUntold();
    this.wake();
    if (replies.isEmpty) this.awake = false;
    else {
      Atomics.store(state, WORKER_SLEEPS, 0);
      setImmediate(this.look);
    }
  }

  private tellUntold(): void {
    if (this.untold.size > 0) for (const client of this.untold) this.tell(client);
  }

  /** Wakes the main thread if it sleeps and there is something for it: records, or room for its own. */
  private wake(): void {
    const { requests, mainSleeps } = this;
    const hasNews = this.replies.takeWriterWaits() || requests.hasNews;
    requests.hasNews = false;
    if (hasNews && Atomics.load(mainSleeps, 0) === 1 && Atomics.compareExchange(mainSleeps, 0, 1, 0) === 1) this.wakeMain();
  }

  /** Returns whether there were any. */
  private readReplies(): boolean {
    const { replies } = this;
    let had = false;
    while (replies.next()) {
      had = true;
      const { kind, slot } = replies;
      if (kind === ToWorker.LEAVE) {
        replies.done();
        this.leave();
        break;
      }
      const client = this.clients[slot];
      if (client != null) this.obey(client, kind, replies.first);
      replies.done();
    }
    return had;
  }

  private obey(client: Client, kind: number, value: number): void {
    if (kind === ToWorker.FREE) {
      this.clients[client.slot] = null;
      this.freeSlots.push(client.slot);
      return;
    }
    if (client.isClosed) return;
    const { socket } = client;
    switch (kind) {
      case ToWorker.WRITE:
        return this.write(client, this.replies.bytes, (this.replies.at + HEAD_WORDS) * 4, value);
      case ToWorker.END:
        return this.end(client);
      case ToWorker.DROP:
        client.isEnding = true;
        socket.end();
        return;
      case ToWorker.PAUSE:
        client.isPaused = true;
        socket.pause();
        return;
      case ToWorker.RESUME:
        client.isPaused = false;
        if (!client.isHeldUp) socket.resume();
        return;
      case ToWorker.NO_DELAY:
        socket.setNoDelay(value === 1);
        return;
      case ToWorker.KEEP_ALIVE:
        socket.setKeepAlive(true, value * 1000);
        return;
      case ToWorker.READ:
        return this.input.readUpTo(client.input, value);
    }
  }

  // ---- writing

  private write(client: Client, bytes: Buffer, from: number, length: number): void {
    let taken = 0;
    if (client.output.length === 0) {
      taken = Math.max(0, client.socket.write(bytes, from, length));
      this.countTaken(client, taken);
    }
    if (taken < length && !client.isClosed) client.output.push(Buffer.from(bytes.subarray(from + taken, from + length)));
    else this.answerAsked(client);
  }

  /** The kernel can take more. */
  private writeRest(client: Client): void {
    const { output } = client;
    while (output.length > 0) {
      const [first] = output;
      const taken = Math.max(0, client.socket.write(first, client.sent, first.length - client.sent));
      this.countTaken(client, taken);
      client.sent += taken;
      if (client.sent < first.length) return;
      output.shift();
      client.sent = 0;
    }
    this.answerAsked(client);
    if (client.isEnding) client.socket.end();
  }

  private countTaken(client: Client, taken: number): void {
    client.taken = (client.taken + taken) | 0;
    Atomics.store(this.taken, client.slot, client.taken);
  }

  private answerAsked(client: Client): void {
    const { asked } = this;
    if (Atomics.load(asked, client.slot) === 0 || Atomics.exchange(asked, client.slot, 0) === 0) return;
    client.drainedUntold = true;
    this.tell(client);
  }

  private end(client: Client): void {
    client.isEnding = true;
    if (client.output.length === 0) return void client.socket.end();
    setTimeout(() => {
      if (!client.isClosed) client.socket.terminate();
    }, LAST_WORDS_MS).unref();
  }

  private leave(): void {
    for (const listener of this.listeners.values()) listener.stop(false);
    for (const client of this.clients) if (client != null && !client.isClosed) client.socket.end();
    Atomics.store(this.state, WORKER_LEFT, 1);
    Atomics.notify(this.state, WORKER_LEFT);
  }
}

/** Bun has it, and its types do not mention it. */
function descriptorOf(socket: object): number {
  return "fd" in socket && typeof socket.fd === "number" ? socket.fd : -1;
}
