/** What the thread that owns the data and one that owns sockets share: a ring in each direction, words that say who sleeps, and counts. */

import { RING_BYTES } from "./ring.ts";

/** Records from a worker. `first`, `second` and `third` are those of the head. */
export const FromWorker = {
  /** A client has connected: an `Arrival` as JSON, of `first` bytes. */
  OPENED: 0,
  /** Whole requests: `first` bytes, and from word `third` on what lies where in them; there are `second`. */
  REQUESTS: 1,
  /** `first` bytes that the main thread is to read itself. */
  BYTES: 2,
  /** Everything is written that was asked about (`Channel.asked`). */
  DRAINED: 3,
  /** The client sends nothing more. */
  ENDED: 4,
  /** The connection is gone. Always the last of its connection; nothing else has that number until FREE. */
  CLOSED: 5,
} as const;

/** Records to a worker. */
export const ToWorker = {
  /** `first` bytes for the client. */
  WRITE: 0,
  /** Close once everything is written. */
  END: 1,
  /** Close at once. */
  DROP: 2,
  PAUSE: 3,
  RESUME: 4,
  /** `first`: 1 or 0. */
  NO_DELAY: 5,
  /** After `first` seconds of silence. */
  KEEP_ALIVE: 6,
  /** The number may be another connection's. */
  FREE: 7,
  /** What was sent in BYTES has been read, `first` bytes in all: requests may be sent again if these were all that was sent. */
  READ: 8,
  /** The server ends: close everything and say so in `Channel.state`. */
  LEAVE: 9,
} as const;

/** Where a socket is connected, as Bun has it. */
export interface Arrival {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  readonly fileDescriptor: number;
}

/** How many clients a worker may have. */
export const MOST_CLIENTS = 65536;
/** So many bytes of replies may be on their way to a client beside what the kernel has; what comes behind them waits with the main thread. */
export const WINDOW_BYTES = 128 * 1024;

/** Words of `Channel.state`: whether the worker sleeps, whether it has left. */
export const WORKER_SLEEPS = 0;
export const WORKER_LEFT = 1;

/** Made by the main thread, and sent to the worker when it starts. */
export interface Channel {
  /** What the worker writes, and what it reads. */
  readonly requests: SharedArrayBuffer;
  readonly replies: SharedArrayBuffer;
  /** For each client how many bytes the kernel has taken (modulo 2^32), and 1 where the main thread wants to be told when it has them all. */
  readonly taken: SharedArrayBuffer;
  readonly asked: SharedArrayBuffer;
  readonly state: SharedArrayBuffer;
  /** The same for all workers: one word, 1 while the main thread sleeps. */
  readonly mainSleeps: SharedArrayBuffer;
}

export function newChannel(mainSleeps: SharedArrayBuffer): Channel {
  return {
    requests: new SharedArrayBuffer(RING_BYTES),
    replies: new SharedArrayBuffer(RING_BYTES),
    taken: new SharedArrayBuffer(MOST_CLIENTS * 4),
    asked: new SharedArrayBuffer(MOST_CLIENTS * 4),
    state: new SharedArrayBuffer(8),
    mainSleeps,
  };
}

/** A listening socket that a worker is to open, under a number of the main thread's. */
export interface ListenOrder {
  readonly listen: number;
  readonly hostname: string;
  readonly port: number;
  /** A `ListenOutcome`. */
  readonly outcome: SharedArrayBuffer;
}

/** One that it is to close. */
export interface StopOrder {
  readonly stop: number;
  readonly outcome: SharedArrayBuffer;
}

/** What a worker is sent; WAKE: there is something in its ring. */
export const WAKE = 0;
export type Message = Channel | ListenOrder | StopOrder | typeof WAKE;

/** Words of an outcome: 1 when it is there, the descriptor of the socket, how many characters the code of an error has that follows them. */
const DONE = 0;
const DESCRIPTOR = 1;
const CODE_LENGTH = 2;
const CODE = 3;
const MOST_CODE = 32;

export function newOutcome(): SharedArrayBuffer {
  return new SharedArrayBuffer((CODE + MOST_CODE) * 4);
}

/** The worker's side: `code` is that of an error, "" for none. */
export function tellOutcome(memory: SharedArrayBuffer, descriptor: number, code: string): void {
  const words = new Int32Array(memory);
  words[DESCRIPTOR] = descriptor;
  words[CODE_LENGTH] = Math.min(code.length, MOST_CODE);
  for (let index = 0; index < words[CODE_LENGTH]; index++) words[CODE + index] = code.charCodeAt(index);
  Atomics.store(words, DONE, 1);
  Atomics.notify(words, DONE);
}

/** Waits for it, and blocks meanwhile. Returns null when it has not come after `patienceMs`. */
export function awaitOutcome(memory: SharedArrayBuffer, patienceMs: number): { descriptor: number; code: string } | null {
  const words = new Int32Array(memory);
  Atomics.wait(words, DONE, 0, patienceMs);
  if (Atomics.load(words, DONE) === 0) return null;
  return { descriptor: words[DESCRIPTOR], code: String.fromCharCode(...words.subarray(CODE, CODE + words[CODE_LENGTH])) };
}
