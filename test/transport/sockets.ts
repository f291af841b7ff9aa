/** Clients that behave as ordinary ones do not: they half-close, do not read, or vanish. */

import { connect as connectSocket, type Socket } from "node:net";
import { connect, type Target } from "../support/client.ts";
import { PATIENCE_MS } from "../support/limits.ts";

/** Sends `pieces` one after another and waits for the server to close. -> all that it said before that, as latin1. */
export async function untilClosed(target: Target, pieces: readonly (string | Uint8Array)[]): Promise<string> {
  const client = await connect(target);
  try {
    for (const piece of pieces) {
      if (client.isClosed) break;
      client.send(piece);
      await Bun.sleep(0);
    }
    await within(client.closed, "the server to close the connection");
    return client.unread().latin1Slice();
  } finally {
    client.close();
  }
}

/** Fails when `promise` takes longer than PATIENCE_MS. */
export async function within<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited in vain for ${what}`)), PATIENCE_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Lets the event loop turn until `holds`. */
export async function until(holds: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** A client that decides itself when it reads, when it ends its side, and how. */
export class WilfulClient {
  readonly socket: Socket;
  readonly received: Buffer[] = [];
  /** Resolves at the server's end of the conversation, or when the connection breaks. */
  readonly ended: Promise<void>;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => this.received.push(chunk));
    this.ended = new Promise((resolve) => {
      socket.on("end", resolve);
      socket.on("close", () => resolve());
    });
    socket.on("error", () => {});
  }

  static connect(target: number | string): Promise<WilfulClient> {
    const options = typeof target === "number" ? { port: target, host: "127.0.0.1" } : { path: target };
    return new Promise((resolve, reject) => {
      const socket = connectSocket({ ...options, allowHalfOpen: true }, () => {
        socket.off("error", reject);
        resolve(new WilfulClient(socket));
      });
      socket.on("error", reject);
    });
  }

  get text(): string {
    return Buffer.concat(this.received).latin1Slice();
  }
}
