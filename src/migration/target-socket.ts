/**
 * A connection to a server that takes keys: requests go out as fast as it takes them, one piece after the other is asked for when there is
 * room, and its replies come back a line at a time. Used by the server's own thread and by the worker (worker.ts): it knows neither.
 */

import type { TLSOptions } from "bun";
import { LONGEST_TIMER_MS } from "../base/clock.ts";
import type { RdbFamily } from "../rdb/format.ts";
import { mayTrust } from "../transport/tls.ts";

/** So much is put together before it is sent. */
const PIECE_BYTES = 64 * 1024;
/** Other work has its turn when requests have been put together for so many ms. */
const SLICE_MS = 1;
/** What came while this thread was busy is seen before it is held against the target that nothing came. In ms. */
const GRACE_MS = 5;
/** No reply to these requests is as long: what sends more speaks another protocol. */
const LONGEST_INPUT = 1024 * 1024;

/** The connection failed, by itself or because nothing moved for too long. */
export class TargetLost extends Error {
  override name = "TargetLost";
  readonly during: "writing" | "reading";
  readonly timedOut: boolean;

  constructor(during: "writing" | "reading", timedOut: boolean) {
    super(`${timedOut ? "timeout" : "error"} ${during}`);
    this.during = during;
    this.timedOut = timedOut;
  }
}

/** Why a connection does not come about that could have been begun. */
const NOTICED_LATE: ReadonlySet<string> = new Set(["ECONNREFUSED", "ECONNRESET", "EHOSTUNREACH", "ETIMEDOUT"]);

export class TargetSocket {
  /** The database that is selected there, null when that is not known. */
  database: string | null = null;
  /** The family of the server, null as long as it was not asked. */
  family: RdbFamily | null = null;
  /** When it was last used, ms since 1970. */
  lastUsed = 0;
  /** Told when the connection ends between two uses. */
  onLost: (() => void) | null = null;
  /** Told whenever something moved. */
  onProgress: (() => void) | null = null;
  private socket: Bun.Socket<undefined> | null = null;
  private input = "";
  private at = 0;
  private unsent: Uint8Array = NOTHING;
  private pieces: Iterator<Uint8Array> | null = null;
  /** Replies that are still to come for what was sent. */
  private due = 0;
  private failure: Error | null = null;
  /** Whoever reads waits for this: bytes, the end of what is to be sent, or a failure. */
  private wakeReader: (() => void) | null = null;
  private timeoutMs = 0;
  private lastProgress = 0;
  private timer: Timer | null = null;

  /**
   * Connects. Errors: TargetLost when no one is there, or that takes longer than `timeoutMs`: Redis notices when it writes. Another one when
   * there is no such host, or no way to it, and for all that fails over TLS.
   */
  static async open(host: string, port: number, timeoutMs: number, tls: TLSOptions | null = null): Promise<TargetSocket> {
    // Bun takes the brackets that an address has in a URL.
    if (host.startsWith("[")) throw new Error("an address has no brackets");
    const target = new TargetSocket();
    const handshake = Promise.withResolvers<void>();
    // Without TLS no one waits for it.
    handshake.promise.catch(() => {});
    const lost = (): void => {
      handshake.reject(new Error("closed before the handshake was over"));
      target.lost(false);
    };
    const connecting = Bun.connect({
      hostname: host,
      port,
      ...(tls === null ? {} : { tls }),
      socket: {
        data: (_, chunk) => target.receive(chunk),
        handshake: (_, succeeded, error) => {
          if (mayTrust(succeeded, error)) handshake.resolve();
          else handshake.reject(error ?? new Error("the handshake failed"));
        },
        drain: () => target.pump(),
        close: lost,
        end: lost,
        error: lost,
      },
    });
    const secured = tls === null ? connecting : connecting.then((socket) => handshake.promise.then(() => socket));
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(new TargetLost("writing", true)), Math.min(timeoutMs, LONGEST_TIMER_MS));
    try {
      target.socket = await Promise.race([secured, late.promise]);
      target.socket.setNoDelay(true);
      return target;
    } catch (error) {
      // It may come about still.
      void connecting.then((socket) => socket.terminate()).catch(() => {});
      secured.catch(() => {});
      if (tls !== null) throw new Error("no connection over TLS", { cause: error });
      const { code } = error as NodeJS.ErrnoException;
      throw code !== undefined && NOTICED_LATE.has(code) ? new TargetLost("writing", false) : error;
    } finally {
      clearTimeout(timer);
    }
  }

  get closed(): boolean {
    return this.socket === null;
  }

  close(): void {
    const { socket } = this;
    this.rest();
    this.socket = null;
    this.pieces = null;
    this.onLost = null;
    socket?.terminate();
  }

  // ---- one use

  /** From now on something moves every `timeoutMs`, or the connection is given up. */
  begin(timeoutMs: number): void {
    this.timeoutMs = timeoutMs;
    this.lastProgress = performance.now();
    this.watch(timeoutMs);
  }

  /** The use is over. */
  rest(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  private watch(ms: number): void {
    this.rest();
    this.timer = setTimeout(() => this.look(), Math.min(ms, LONGEST_TIMER_MS));
  }

  private look(): void {
    const left = this.timeoutMs - (performance.now() - this.lastProgress);
    if (left > 0) return this.watch(left);
    const seen = this.lastProgress;
    this.timer = setTimeout(() => {
      if (this.lastProgress === seen) this.lost(true);
      else this.look();
    }, GRACE_MS);
  }

  private moved(): void {
    this.lastProgress = performance.now();
    this.onProgress?.();
  }

  private lost(timedOut: boolean): void {
    this.fail(new TargetLost(this.pieces !== null || this.unsent.length > 0 ? "writing" : "reading", timedOut));
  }

  private fail(error: Error): void {
    if (this.failure !== null || this.socket === null) return;
    const { onLost } = this;
    this.failure = error;
    this.close();
    onLost?.();
    this.wake();
  }

  // ---- out

  /** Sends `head`, which has `replies` replies, and behind it each of `pieces`, which have one each. */
  send(head: Uint8Array, replies: number, pieces: Iterator<Uint8Array> | null): void {
    this.unsent = head;
    this.due += replies;
    this.pieces = pieces;
    if (pieces !== null) this.gather(pieces);
    this.pump();
  }

  /** Errors: none; what goes wrong with a piece is told to the reader. */
  private pump(): void {
    const { socket } = this;
    if (socket === null) return;
    try {
      const end = performance.now() + SLICE_MS;
      for (;;) {
        if (this.unsent.length > 0) {
          const taken = socket.write(this.unsent);
          if (taken < 0) return this.lost(false);
          if (taken > 0) this.moved();
          this.unsent = this.unsent.subarray(taken);
          if (this.unsent.length > 0) return;
        }
        if (this.pieces === null) return;
        if (performance.now() >= end) {
          setImmediate(() => this.pump());
          return;
        }
        this.gather(this.pieces);
      }
    } catch (error) {
      this.fail(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** Puts requests together behind what is to be sent. */
  private gather(pieces: Iterator<Uint8Array>): void {
    const parts: Uint8Array[] = [this.unsent];
    for (let bytes = this.unsent.length; bytes < PIECE_BYTES; ) {
      const { done, value } = pieces.next();
      if (done) {
        this.pieces = null;
        this.wake();
        break;
      }
      parts.push(value);
      bytes += value.length;
      this.due++;
    }
    this.unsent = Buffer.concat(parts);
  }

  // ---- in

  private receive(chunk: Buffer): void {
    this.moved();
    this.input = this.input.slice(this.at) + chunk.latin1Slice();
    this.at = 0;
    if (this.input.length > LONGEST_INPUT) this.lost(false);
    else this.wake();
  }

  private wake(): void {
    const { wakeReader } = this;
    this.wakeReader = null;
    wakeReader?.();
  }

  private async more(): Promise<void> {
    if (this.failure !== null) throw this.failure;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.wakeReader = resolve;
    await promise;
    if (this.failure !== null) throw this.failure;
  }

  /** Returns the line of the next reply, or null when all that was sent has been answered. Errors: TargetLost, what a piece failed with. */
  async reply(): Promise<string | null> {
    while (this.due === 0) {
      if (this.pieces === null) return null;
      await this.more();
    }
    const line = await this.line();
    this.due--;
    return line;
  }

  private async line(): Promise<string> {
    for (;;) {
      const end = this.input.indexOf("\n", this.at);
      if (end >= 0) {
        const line = this.input.slice(this.at, this.input[end - 1] === "\r" ? end - 1 : end);
        this.at = end + 1;
        return line;
      }
      await this.more();
    }
  }

  /** Returns the bytes of the next reply if that is a bulk string, else its line. Errors: TargetLost. */
  async bulk(): Promise<string> {
    const line = (await this.reply()) ?? "";
    const length = Number(/^\$(\d{1,7})$/.exec(line)?.[1] ?? -1);
    if (length < 0) return line;
    while (this.input.length < this.at + length + 2) await this.more();
    const text = this.input.slice(this.at, this.at + length);
    this.at += length + 2;
    return text;
  }
}

const NOTHING = new Uint8Array(0);
