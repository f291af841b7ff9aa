/** A page's WebSocket, as the connection of a client: its messages are RESP, cut wherever the page likes. */

import type { ServerWebSocket } from "bun";
import type { AccessControl } from "../session/acl/access-control.ts";
import type { User } from "../session/acl/user.ts";
import type { ClientAcceptor } from "../transport/acceptor.ts";
import { HandedSocket } from "../transport/handed-socket.ts";

/** Codes of RFC 6455, section 7.4.1. */
const GOING_AWAY = 1001;
const UNSUPPORTED_DATA = 1003;
const TOO_BIG = 1009;

const LIBRARY = "replicant-console";

/** Who opened it, and on what. */
export interface SocketPlace {
  readonly user: User;
  readonly address: string;
  readonly port: number;
  readonly localAddress: string;
  readonly localPort: number;
  /** It is gone. */
  readonly closed: (socket: BrowserSocket) => void;
}

export interface SocketSurroundings {
  readonly acceptor: ClientAcceptor;
  readonly access: AccessControl;
  /** Bytes that may wait to be served. */
  readonly mostWaiting: () => number;
}

export class BrowserSocket extends HandedSocket {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  private readonly place: SocketPlace;
  private readonly surroundings: SocketSurroundings;
  private socket: ServerWebSocket<BrowserSocket> | null = null;

  constructor(place: SocketPlace, surroundings: SocketSurroundings) {
    super();
    this.place = place;
    this.surroundings = surroundings;
    this.remoteAddress = place.address;
    this.remotePort = place.port;
    this.localAddress = place.localAddress;
    this.localPort = place.localPort;
  }

  opened(socket: ServerWebSocket<BrowserSocket>): void {
    this.socket = socket;
    const { acceptor, access } = this.surroundings;
    const connection = this.open(acceptor, "tcp");
    if (connection === null) return;
    connection.session.libraryName = LIBRARY;
    access.enter(connection.session, this.place.user);
  }

  came(message: string | Buffer): void {
    if (typeof message === "string") {
      this.socket?.close(UNSUPPORTED_DATA, "RESP is binary");
      return;
    }
    // Bun may use its bytes again.
    this.received(Buffer.from(message));
    if (this.waitingBytes > this.surroundings.mostWaiting()) this.socket?.close(TOO_BIG, "too much waits to be served");
  }

  override gone(): void {
    this.place.closed(this);
    super.gone();
  }

  protected deliver(bytes: Buffer, from: number, length: number): boolean {
    // -1: taken, and more is not; 0: not taken, since the page is gone.
    return (this.socket?.sendBinary(bytes.subarray(from, from + length)) ?? 0) !== -1;
  }

  protected finish(text: string): void {
    if (text !== "") this.socket?.sendBinary(Buffer.from(text, "latin1"));
    this.socket?.close(GOING_AWAY);
  }

  protected drop(): void {
    this.socket?.terminate();
  }
}
