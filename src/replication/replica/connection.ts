/** One connection to the master: what comes of it, and what is said to it, which waits until the kernel takes it. */

import type { Socket, TLSOptions } from "bun";
import { type Broken, guard } from "../../assert.ts";
import type { MasterAddress } from "../../config/special-kinds.ts";
import { Frame } from "../../protocol/frame.ts";
import { isLocalAddress } from "../../session/session.ts";
import { mayTrust } from "../../transport/tls.ts";
import type { ReplicationContext } from "../context.ts";

/** After so much has come at once, clients have their turn. */
const LONG_CHUNK_BYTES = 128 * 1024;

/** Where the master is, and the address of this machine that the connection comes from; "" for any. */
export interface MasterRoute extends MasterAddress {
  readonly from: string;
  /** Which certificates of the master's are right over TLS: those of a known authority unless told, and only on its name, or any. */
  readonly trust?: "authority" | "name" | "any";
}

export function routeTo(address: MasterAddress, { config }: Pick<ReplicationContext, "config">): MasterRoute {
  return { ...address, from: config.values["bind-source-addr"] };
}

/** What a connection tells, until it is closed from here. */
export interface ConnectionEvents {
  opened(): void;
  received(chunk: Buffer): void;
  /** It is gone, or could not be made. Told once. */
  lost(reason: string): void;
}

export class MasterConnection {
  bytesIn = 0;
  bytesOut = 0;
  /** Whether the socket is not read from. */
  paused = false;
  private readonly events: ConnectionEvents;
  private readonly broken: Broken;
  private socket: Socket<undefined> | null = null;
  private closed = false;
  /** Bytes that the kernel did not take yet: what is said to a master is short. */
  private unsent: Buffer = Buffer.alloc(0);

  /** `tls`: what the master is shown over TLS; null for a connection without. */
  constructor({ host, port, from, trust = "authority" }: MasterRoute, tls: TLSOptions | null, events: ConnectionEvents, broken: Broken) {
    this.events = events;
    this.broken = broken;
    const lost = (reason: string): void => this.whileOpen(() => this.end(reason));
    Bun.connect<undefined>({
      hostname: host,
      port,
      // Bun has it, and its types do not mention it.
      ...(from === "" ? {} : { localAddress: from }),
      ...(tls === null ? {} : { tls }),
      socket: {
        open: (socket) => {
          if (this.closed) return void socket.terminate();
          this.socket = socket;
          if (tls === null) this.whileOpen(() => this.opened(socket));
        },
        handshake: (socket, succeeded, error) => {
          const trusted = trust === "any" || (trust === "name" ? succeeded && error === null : mayTrust(succeeded, error));
          if (trusted) this.whileOpen(() => this.opened(socket));
          else lost(`the master's certificate does not hold: ${error?.message ?? "the handshake failed"}`);
        },
        data: (_, chunk) => this.whileOpen(() => this.receive(chunk)),
        drain: () => this.whileOpen(() => this.drain()),
        close: () => lost("connection lost"),
        error: (_, error) => lost(error.message),
        connectError: (_, error) => lost(error.message),
      },
    }).catch((error: unknown) => lost(error instanceof Error ? error.message : String(error)));
  }

  private whileOpen(work: () => void): void {
    if (!this.closed) guard(work, this.broken);
  }

  private opened(socket: Socket<undefined>): void {
    socket.setNoDelay(true);
    this.events.opened();
  }

  private receive(chunk: Buffer): void {
    this.bytesIn += chunk.length;
    this.events.received(chunk);
    if (chunk.length >= LONG_CHUNK_BYTES) this.rest();
  }

  /** Lets clients have their turn: the runtime would read on for as long as there is something to read. */
  private rest(): void {
    const { socket } = this;
    if (socket === null || this.paused) return;
    socket.pause();
    setImmediate(() => {
      if (!this.paused && this.socket === socket) socket.resume();
    });
  }

  private end(reason: string): void {
    this.close();
    this.events.lost(reason);
  }

  /** Closes it, at once; nothing more is told. */
  close(): void {
    this.closed = true;
    this.socket?.terminate();
    this.socket = null;
  }

  /** Whether the master is on this machine. */
  get isLocal(): boolean {
    return this.socket !== null && isLocalAddress(this.socket.remoteAddress);
  }

  get localAddress(): string {
    return this.socket === null ? "" : `${this.socket.localAddress}:${this.socket.localPort}`;
  }

  get unsentBytes(): number {
    return this.unsent.length;
  }

  /** Whether to read on. */
  listen(on: boolean): void {
    if (this.socket === null || this.paused === !on) return;
    this.paused = !on;
    if (on) this.socket.resume();
    else this.socket.pause();
  }

  send(...words: string[]): void {
    const frame = new Frame().encode(words);
    this.write(frame.buffer.subarray(frame.start, frame.end));
  }

  write(bytes: Buffer): void {
    const { socket } = this;
    if (socket === null) return;
    let taken = 0;
    if (this.unsent.length === 0) taken = Math.max(0, socket.write(bytes));
    this.bytesOut += taken;
    if (taken < bytes.length) this.unsent = Buffer.concat([this.unsent, bytes.subarray(taken)]);
  }

  private drain(): void {
    const bytes = this.unsent;
    this.unsent = Buffer.alloc(0);
    if (bytes.length > 0) this.write(bytes);
  }
}
