/**
 * Connections to servers that take keys. One that was used is kept for ten seconds: keys are often migrated one by one. Source:
 * migrateGetSocket, migrateCloseTimedoutSockets.
 */

import type { TLSOptions } from "bun";
import { TargetSocket } from "./target-socket.ts";

const MOST_SOCKETS = 64;
const KEPT_MS = 10_000;

/** Where a target is, in the words of the command. */
export interface TargetAddress {
  readonly host: string;
  readonly port: string;
  /** What it is shown over TLS; null for a connection without. */
  readonly tls: TLSOptions | null;
}

export class Targets {
  private readonly idle = new Map<string, TargetSocket>();
  private used = 0;
  private readonly changed: () => void;
  private timer: Timer | null = null;
  private closed = false;

  /** `changed`: there are more or fewer connections. */
  constructor(changed: () => void = () => {}) {
    this.changed = changed;
  }

  /** How many connections there are, in use or kept. */
  get size(): number {
    return this.idle.size + this.used;
  }

  /** Returns a connection for one use, a kept one or a new one. Errors: when none comes about in `timeoutMs`. */
  async take(address: TargetAddress, timeoutMs: number): Promise<TargetSocket> {
    const { host, port, tls } = address;
    const name = nameOf(address);
    const kept = this.idle.get(name);
    if (kept !== undefined) {
      this.idle.delete(name);
      this.used++;
      kept.onLost = null;
      return kept;
    }
    if (this.size >= MOST_SOCKETS) this.dropOldest();
    this.used++;
    this.changed();
    try {
      return await TargetSocket.open(host, portNumber(port), timeoutMs, tls);
    } catch (error) {
      this.gone();
      throw error;
    }
  }

  /** The use of a connection is over: it is kept, unless it is closed. */
  giveBack(address: TargetAddress, socket: TargetSocket): void {
    const name = nameOf(address);
    socket.rest();
    socket.onProgress = null;
    if (this.closed) socket.close();
    if (socket.closed) return this.gone();
    this.used--;
    this.drop(name);
    this.idle.set(name, socket);
    socket.lastUsed = Date.now();
    socket.onLost = () => this.drop(name);
    this.timer ??= setInterval(() => this.dropUnused(Date.now()), 1000);
    this.changed();
  }

  private gone(): void {
    this.used--;
    this.changed();
  }

  private drop(name: string): void {
    const socket = this.idle.get(name);
    if (socket === undefined) return;
    this.idle.delete(name);
    socket.close();
    if (this.idle.size === 0) this.stopTimer();
    this.changed();
  }

  private dropOldest(): void {
    for (const name of this.idle.keys()) return this.drop(name);
  }

  /** Closes those that have not been used for too long. `now` in ms since 1970. */
  dropUnused(now: number): void {
    for (const [name, { lastUsed }] of this.idle) if (now - lastUsed > KEPT_MS) this.drop(name);
  }

  private stopTimer(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
  }

  /** Closes all, those in use once that is over. */
  close(): void {
    this.closed = true;
    for (const name of this.idle.keys()) this.drop(name);
    this.stopTimer();
  }
}

function nameOf({ host, port, tls }: TargetAddress): string {
  return `${tls === null ? "" : "tls "}${host}:${port}`;
}

/** What atoi makes of it, and then the network of what is too large; a negative one is none. */
function portNumber(text: string): number {
  const number = Number.parseInt(text, 10) | 0;
  return number < 0 ? number : number & 0xffff;
}
