/**
 * The exchange of a MIGRATE in a transaction, a script or the stream of a master: nothing may happen until it is over, so the whole server
 * waits, as Redis does for every MIGRATE. A worker talks to the target meanwhile, and puts the outcome into memory that both threads share.
 */

import type { Order, Outcome } from "./exchange.ts";
import { type ExchangeTask, mailboxFor, receive } from "./mailbox.ts";
import type { ParcelBytes } from "./parcel-bytes.ts";

/** Where the worker is in an executable, seen from its root; not defined where this runs from the sources. */
declare const BUILD_WORKER: string | undefined;

const WORKER = new URL(typeof BUILD_WORKER === "undefined" ? "./worker.ts" : BUILD_WORKER, import.meta.url).href;

/** A worker may take so long to start, or to be woken, in ms. */
const WORKER_MS = 10_000;

export class BlockingExchange {
  /** Connections that the worker has. */
  connections = 0;
  private worker: Worker | null = null;

  /** Blocks until it is over. */
  run(order: Order, parcels: ParcelBytes): Outcome {
    const mailbox = mailboxFor(parcels.redis.lengths.length);
    this.worker ??= this.start();
    this.worker.postMessage({ order, parcels, mailbox } satisfies ExchangeTask);
    const outcome = receive(mailbox, order.timeoutMs + WORKER_MS);
    if (outcome !== null) return outcome;
    this.stop();
    return { acknowledged: [], error: "IOERR error or timeout reading to target instance" };
  }

  private start(): Worker {
    const worker = new Worker(WORKER);
    worker.unref();
    worker.onmessage = ({ data }: MessageEvent<number>) => {
      if (this.worker !== worker) return;
      this.connections = data;
      // It is made anew when it is needed: a thread takes some megabytes.
      if (data === 0) this.stop();
    };
    return worker;
  }

  stop(): void {
    this.worker?.terminate();
    this.worker = null;
    this.connections = 0;
  }
}
