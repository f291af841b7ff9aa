/** The server's open doors: TCP ports and the unix socket, each handing new connections to the server. */

import { chmodSync, rmSync } from "node:fs";
import type { Socket, TCPSocketListener } from "bun";
import type { Connection } from "./connection.ts";

/** What becomes of a socket that has just been accepted. */
export interface Acceptor {
  /** -> the connection that the socket's events go to, or null when it was refused and closed. */
  accept(socket: Socket<Connection>, options: { unixSocket: boolean }): Connection | null;
  /** A socket broke, or an event of its connection threw; it has been closed. */
  failed(error: Error): void;
}

export interface ListenerOptions {
  /** Addresses to listen on; those that start with "-" may be missing on this machine. "*" is every IPv4 address, "::*" every IPv6 one. */
  addresses: readonly string[];
  /** 0 opens no port; null any free one. */
  port: number | null;
  /** "" for none. */
  unixSocket: string;
  unixSocketMode: number;
}

/** A door could not be opened; the message says which and why. */
export class ListenError extends Error {
  override name = "ListenError";
}

/** One address and port that is listened on. */
interface Door {
  readonly address: string;
  readonly port: number;
  readonly socket: TCPSocketListener<Connection>;
}

/** What `bind` may skip in silence where the machine does not have it: the address (if optional) or the whole protocol family. */
const NO_SUCH_ADDRESS = "EADDRNOTAVAIL";
const NO_SUCH_FAMILY = new Set(["EAFNOSUPPORT", "EPFNOSUPPORT", "EPROTONOSUPPORT", "ESOCKTNOSUPPORT", "ENOPROTOOPT"]);

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: "address already in use",
  EADDRNOTAVAIL: "this machine has no such address",
  EACCES: "permission denied",
  ENOENT: "no such directory",
  ENOTFOUND: "unknown host name",
};

export class Listener {
  private readonly acceptor: Acceptor;
  private doors: Door[] = [];
  private unixDoor: { stop(closeConnections: boolean): void } | null = null;
  private unixPath = "";
  /** The port that was opened, 0 for none. */
  port = 0;

  constructor(acceptor: Acceptor) {
    this.acceptor = acceptor;
  }

  /** Opens every door, or none. Errors: ListenError. */
  open(options: ListenerOptions): void {
    try {
      if (options.port !== 0) this.openPorts(options.addresses, options.port ?? 0);
      if (options.unixSocket !== "") this.openUnix(options.unixSocket, options.unixSocketMode);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  private openPorts(addresses: readonly string[], port: number): void {
    for (const entry of addresses) {
      const door = this.tryOpen(entry, this.port === 0 ? port : this.port);
      if (door === null) continue;
      this.doors.push(door);
      this.port = door.port;
    }
    if (addresses.length > 0 && this.doors.length === 0) throw noneAvailable(port);
  }

  /**
   * Listens on `addresses` and `port` (0: on none) instead of where it does now. A door that stays the same stays open throughout, new ones open before old ones
   * close. Errors: ListenError; everything is as it was then.
   */
  reopen(addresses: readonly string[], port: number): void {
    const before = this.doors;
    const next: Door[] = [];
    const opened: Door[] = [];
    let closed: Door[] = [];
    try {
      for (const entry of port === 0 ? [] : addresses) {
        const { address } = parseEntry(entry);
        const standing = before.find((door) => door.address === address && door.port === port && !closed.includes(door));
        const door =
          standing ??
          this.openBeside(entry, port, () => {
            // The new door overlaps an old one ("*" and 127.0.0.1, say): the kernel wants the old ones shut first.
            closed = before.filter((old) => old.port === port && !next.includes(old));
            for (const old of closed) old.socket.stop(false);
            return closed.length > 0;
          });
        if (door === null) continue;
        next.push(door);
        if (standing === undefined) opened.push(door);
      }
      if (port !== 0 && addresses.length > 0 && next.length === 0) throw noneAvailable(port);
    } catch (error) {
      for (const door of opened) door.socket.stop(false);
      this.doors = before.flatMap((door) => (closed.includes(door) ? this.tryAgain(door) : [door]));
      throw error;
    }
    for (const door of before) if (!next.includes(door) && !closed.includes(door)) door.socket.stop(false);
    this.doors = next;
    this.port = next.length > 0 ? port : 0;
  }

  /** Opens a door; if another has its address, once more after `makeRoom` has made room. */
  private openBeside(entry: string, port: number, makeRoom: () => boolean): Door | null {
    try {
      return this.tryOpen(entry, port);
    } catch (error) {
      if (!(error instanceof ListenError && codeOf(error.cause) === "EADDRINUSE" && makeRoom())) throw error;
      return this.tryOpen(entry, port);
    }
  }

  private tryAgain(door: Door): Door[] {
    try {
      const again = this.tryOpen(door.address, door.port);
      return again === null ? [] : [again];
    } catch {
      return []; // somebody took it in the meantime
    }
  }

  /** -> null when the address, or its whole family, is not there and need not be. */
  private tryOpen(entry: string, port: number): Door | null {
    const { address, optional } = parseEntry(entry);
    const hostname = hostnameOf(address);
    try {
      // ipv6Only, as Redis does: "::" beside "0.0.0.0" on one port is two doors.
      const options = { hostname, port, exclusive: true, allowHalfOpen: true, ...(hostname.includes(":") ? { ipv6Only: true } : {}) };
      const socket = Bun.listen<Connection>({ ...options, socket: this.handlers(false) });
      return { address, port: socket.port, socket };
    } catch (error) {
      const code = codeOf(error);
      if ((optional && code === NO_SUCH_ADDRESS) || NO_SUCH_FAMILY.has(code)) return null;
      throw new ListenError(`Failed listening on port ${port} (tcp) of ${address}: ${reasonOf(error)}`, { cause: error });
    }
  }

  private openUnix(path: string, mode: number): void {
    try {
      rmSync(path, { force: true });
      const options = { unix: path, allowHalfOpen: true, socket: this.handlers(true) };
      this.unixDoor = Bun.listen<Connection>(options);
      this.unixPath = path;
      if (mode !== 0) chmodSync(path, mode);
    } catch (error) {
      throw new ListenError(`Failed opening unix socket ${path}: ${reasonOf(error)}`, { cause: error });
    }
  }

  private handlers(unixSocket: boolean) {
    const { acceptor } = this;
    return {
      open(socket: Socket<Connection>) {
        const connection = acceptor.accept(socket, { unixSocket });
        if (connection !== null) socket.data = connection;
      },
      data(socket: Socket<Connection>, chunk: Buffer) {
        socket.data?.receive(chunk);
      },
      drain(socket: Socket<Connection>) {
        socket.data?.drain();
      },
      // Half-closed by the client (`printf ... | nc`): what it sent is answered, however long that takes it to read, and the connection closes.
      end(socket: Socket<Connection>) {
        socket.data?.closeAfterReply();
      },
      close(socket: Socket<Connection>) {
        socket.data?.closed();
      },
      error(socket: Socket<Connection>, error: Error) {
        socket.data?.destroy();
        acceptor.failed(error);
      },
    };
  }

  /** Closes every door; connections stay. */
  close(): void {
    for (const door of this.doors) door.socket.stop(false);
    this.doors = [];
    this.port = 0;
    this.unixDoor?.stop(false);
    this.unixDoor = null;
    if (this.unixPath !== "") rmSync(this.unixPath, { force: true });
    this.unixPath = "";
  }
}

function parseEntry(entry: string): { address: string; optional: boolean } {
  return entry.startsWith("-") ? { address: entry.slice(1), optional: true } : { address: entry, optional: false };
}

function hostnameOf(address: string): string {
  if (address === "*") return "0.0.0.0";
  return address === "::*" ? "::" : address;
}

function noneAvailable(port: number): ListenError {
  return new ListenError(`Failed listening on port ${port} (tcp): this machine has none of the addresses to bind to`);
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}

function reasonOf(error: unknown): string {
  const code = codeOf(error);
  return REASONS[code] ?? (error instanceof Error ? error.message : String(error));
}
