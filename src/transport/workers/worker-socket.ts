/**
 * The main thread's end of a socket that a worker owns: a transport whose bytes go through the ring. Takes at most what the window leaves
 * beside what the kernel has not taken, so what a slow client does not read waits, and counts, where it does for every other client.
 */

import { assert } from "../../assert.ts";
import type { AcceptedSocket } from "../acceptor.ts";
import { type Arrival, type Channel, ToWorker, WINDOW_BYTES } from "./channel.ts";
import { HEAD_WORDS, type RingWriter } from "./ring.ts";

/** What sockets of one worker share. */
export class WorkerOutput {
  readonly ring: RingWriter;
  readonly taken: Int32Array;
  readonly asked: Int32Array;
  /** Sockets whose conversations are to be told to go on writing, once there is room in the ring. */
  readonly starved = new Set<WorkerSocket>();
  /** Orders for which there was no room: kind, number and value of each. */
  private readonly late: number[] = [];
  /** Something is to be done before the thread sleeps: the worker may have to be woken. */
  private readonly stir: () => void;

  constructor(ring: RingWriter, channel: Channel, stir: () => void) {
    this.ring = ring;
    this.taken = new Int32Array(channel.taken);
    this.asked = new Int32Array(channel.asked);
    this.stir = stir;
  }

  order(kind: number, slot: number, value = 0): void {
    if (this.late.length > 0 || !this.ring.put(kind, slot, value)) this.late.push(kind, slot, value);
    this.stir();
  }

  /** Returns how many bytes there was room for. */
  write(slot: number, bytes: Buffer, from: number, length: number): number {
    if (this.late.length > 0) return 0;
    const words = HEAD_WORDS + ((length + 3) >> 2);
    const at = this.ring.reserve(words);
    if (at < 0) return 0;
    bytes.copy(this.ring.bytes, (at + HEAD_WORDS) * 4, from, from + length);
    this.ring.commit(at, words, ToWorker.WRITE, slot, length);
    this.stir();
    return length;
  }

  /** Whether something waits for room in the ring. */
  get isHeldUp(): boolean {
    return this.late.length > 0 || this.starved.size > 0;
  }

  /** There may be room again. */
  goOn(): void {
    const { late, starved } = this;
    let put = 0;
    while (put < late.length && this.ring.put(late[put], late[put + 1], late[put + 2])) put += 3;
    if (put > 0) late.splice(0, put);
    if (late.length > 0 || starved.size === 0) return;
    const sockets = [...starved];
    starved.clear();
    for (const socket of sockets) socket.drained();
  }
}

export class WorkerSocket implements AcceptedSocket {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  readonly fd: number;
  /** Told when more can be written, and when it is closed from here. */
  onDrain: () => void = () => {};
  onClose: () => void = () => {};
  /** Told when it is read again. */
  onResume: () => void = () => {};
  isClosed = false;
  /** Whether what the kernel has not taken when it is closed is dropped. */
  dropsRest = false;
  private readonly slot: number;
  private readonly output: WorkerOutput;
  /** Bytes handed over, and of them those that the kernel had when that was looked at last, modulo 2^32. */
  private sent = 0;
  private taken = 0;

  constructor(slot: number, output: WorkerOutput, arrival: Arrival) {
    this.slot = slot;
    this.output = output;
    this.remoteAddress = arrival.remoteAddress;
    this.remotePort = arrival.remotePort;
    this.localAddress = arrival.localAddress;
    this.localPort = arrival.localPort;
    this.fd = arrival.fileDescriptor;
  }

  write(bytes: Buffer, from: number, length: number): number {
    if (this.isClosed) return -1;
    const { output, slot } = this;
    if (this.room < length) this.taken = Atomics.load(output.taken, slot);
    const { room } = this;
    assert(room >= 0, "no more is on its way than the window has");
    const wanted = Math.min(room, length);
    const written = wanted === 0 ? 0 : output.write(slot, bytes, from, wanted);
    if (written < wanted) output.starved.add(this);
    else if (written < length) this.askWhenDrained();
    this.sent = (this.sent + written) | 0;
    return written;
  }

  private get room(): number {
    return WINDOW_BYTES - ((this.sent - this.taken) | 0);
  }

  private askWhenDrained(): void {
    const { asked, taken } = this.output;
    Atomics.store(asked, this.slot, 1);
    // The worker may have written the last of it before it could see that.
    if (Atomics.load(taken, this.slot) === this.taken) return;
    if (Atomics.exchange(asked, this.slot, 0) === 1) queueMicrotask(() => this.drained());
  }

  /** More can be written. */
  drained(): void {
    if (!this.isClosed) this.onDrain();
  }

  pause(): void {
    this.order(ToWorker.PAUSE);
  }

  resume(): void {
    this.order(ToWorker.RESUME);
    this.onResume();
  }

  setNoDelay(enabled: boolean): void {
    this.order(ToWorker.NO_DELAY, enabled ? 1 : 0);
  }

  setKeepAlive(_enabled: boolean, milliseconds: number): void {
    this.order(ToWorker.KEEP_ALIVE, milliseconds / 1000);
  }

  /** The bytes sent from the client have been read, so many in all. */
  readUpTo(bytes: number): void {
    this.order(ToWorker.READ, bytes);
  }

  end(text = ""): void {
    if (text !== "") this.write(Buffer.from(text, "latin1"), 0, text.length);
    this.close(this.dropsRest ? ToWorker.DROP : ToWorker.END);
  }

  terminate(): void {
    this.close(ToWorker.DROP);
  }

  private close(kind: number): void {
    if (this.isClosed) return;
    this.order(kind);
    this.output.starved.delete(this);
    this.isClosed = true;
    this.onClose();
  }

  /** The client has gone. */
  vanish(): void {
    this.output.starved.delete(this);
    if (this.isClosed) return;
    this.isClosed = true;
    this.onClose();
  }

  private order(kind: number, value = 0): void {
    if (!this.isClosed) this.output.order(kind, this.slot, value);
  }
}
