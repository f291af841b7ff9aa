/**
 * Memory that the server's thread and the worker share for one exchange: the outcome goes into it, and that something moves meanwhile.
 */

import type { Order, Outcome } from "./exchange.ts";
import type { ParcelBytes } from "./parcel-bytes.ts";

/** What the worker is told. */
export interface ExchangeTask {
  readonly order: Order;
  readonly parcels: ParcelBytes;
  readonly mailbox: SharedArrayBuffer;
}

/** Words at the head of a mailbox: whether the outcome is there, how many bytes it has, how often something moved. */
const READY = 0;
const LENGTH = 1;
const BEATS = 2;
const HEAD_BYTES = 16;
/** An error's text, in which no line of the target is longer than 1023 bytes, and what stands around it. */
const TEXT_BYTES = 8192;
/** Returns one for the outcome of so many keys. */
export function mailboxFor(keys: number): SharedArrayBuffer {
  return new SharedArrayBuffer(HEAD_BYTES + TEXT_BYTES + keys);
}

/** The worker's side of a mailbox. */
export class MailboxSender {
  private readonly head: Int32Array;
  private readonly body: Uint8Array;

  constructor(mailbox: SharedArrayBuffer) {
    this.head = new Int32Array(mailbox, 0, HEAD_BYTES / 4);
    this.body = new Uint8Array(mailbox, HEAD_BYTES);
  }

  /** Something moved: it is worth waiting on. */
  beat(): void {
    Atomics.add(this.head, BEATS, 1);
  }

  send({ acknowledged, error }: Outcome): void {
    const marks = acknowledged.map((each) => (each ? "1" : "0")).join("");
    const text = Buffer.from(`${marks}\n${error ?? ""}`, "latin1").subarray(0, this.body.length);
    this.body.set(text);
    this.head[LENGTH] = text.length;
    Atomics.store(this.head, READY, 1);
    Atomics.notify(this.head, READY);
  }
}

/** Returns the outcome, which is waited for, or null when nothing has moved for `patienceMs`. Blocks. */
export function receive(mailbox: SharedArrayBuffer, patienceMs: number): Outcome | null {
  const head = new Int32Array(mailbox, 0, HEAD_BYTES / 4);
  for (let beats = -1; Atomics.load(head, READY) === 0; ) {
    const now = Atomics.load(head, BEATS);
    if (now === beats) return null;
    beats = now;
    Atomics.wait(head, READY, 0, patienceMs);
  }
  const text = Buffer.from(Buffer.from(mailbox, HEAD_BYTES, head[LENGTH])).latin1Slice();
  const end = text.indexOf("\n");
  const error = text.slice(end + 1);
  return { acknowledged: [...text.slice(0, end)].map((mark) => mark === "1"), error: error === "" ? null : error };
}
