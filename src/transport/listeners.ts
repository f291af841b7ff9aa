/** Where the server listens: TCP addresses, with TLS or without, and a unix socket, each handing new connections to the acceptor. */

import { chmodSync, rmSync } from "node:fs";
import type { Socket } from "bun";
import type { ServerTls } from "./tls.ts";
import type { Conversation } from "./transport.ts";

/** Where clients come from: "program" is the one that the server is in. */
export type ListenerKind = "tcp" | "tls" | "unix" | "program";

/** One place to listen at. */
export interface ListenAddress {
  readonly kind: ListenerKind;
  /** tcp, tls: an address, "*" for every IPv4 one, "::*" for every IPv6 one; with "-" in front it may be missing on this machine. unix: a path. */
  readonly address: string;
  /** tcp, tls: null for any free port; the addresses of one kind in one list share it. */
  readonly port?: number | null;
  /** unix: the file's permissions, 0 for those of the umask. */
  readonly mode?: number;
  /** tls: how. */
  readonly tls?: ServerTls | null;
}

/** What becomes of a socket that has just been accepted. */
export interface Acceptor {
  /** Returns what the socket's events go to, or null when it was refused and closed. */
  accept(socket: Socket<Conversation>, kind: ListenerKind): Conversation | null;
  /** A client does not speak TLS, or has no certificate that holds; it has been closed. */
  refused(reason: string): void;
  /** A socket broke, or an event of its conversation threw; it has been closed. */
  failed(error: Error): void;
}

/** An address could not be listened on; the message says which and why. */
export class ListenError extends Error {
  override name = "ListenError";
}

/** One place that is listened at. */
interface Listener {
  readonly kind: ListenerKind;
  readonly address: string;
  /** 0: it has none. */
  readonly port: number;
  readonly mode: number;
  readonly tls: ServerTls | null;
  stop(): void;
}

/** What `bind` may skip in silence where the machine does not have it: the address (if optional) or the whole protocol family. */
const ADDRESS_IN_USE = "EADDRINUSE";
const NO_SUCH_ADDRESS = "EADDRNOTAVAIL";
const NO_SUCH_FAMILY = new Set(["EAFNOSUPPORT", "EPFNOSUPPORT", "EPROTONOSUPPORT", "ESOCKTNOSUPPORT", "ENOPROTOOPT"]);

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: "address already in use",
  EADDRNOTAVAIL: "this machine has no such address",
  EACCES: "permission denied",
  ENOENT: "no such directory",
  ENOTFOUND: "unknown host name",
};

/** What listens at TCP ports in place of this thread (workers/io-workers.ts). Errors: as Bun.listen. */
export interface ListenElsewhere {
  listen(options: { hostname: string; port: number; ipv6Only?: boolean }): {
    readonly port: number;
    readonly descriptors: readonly number[];
    stop(): void;
  };
}

export class Listeners {
  private readonly acceptor: Acceptor;
  private readonly opened: (descriptor: number) => void;
  private readonly elsewhere: ListenElsewhere | null;
  private open: Listener[] = [];

  /** `opened`: told the descriptor of each TCP socket that is listened at from now on; -1 where it is not known. */
  constructor(acceptor: Acceptor, opened: (descriptor: number) => void = () => {}, elsewhere: ListenElsewhere | null = null) {
    this.acceptor = acceptor;
    this.opened = opened;
    this.elsewhere = elsewhere;
  }

  /** The port that is listened on, 0 for none. */
  get port(): number {
    return portOf(this.open, "tcp");
  }

  /** Likewise for TLS. */
  get tlsPort(): number {
    return portOf(this.open, "tls");
  }

  /**
   * Listens at `addresses` and nowhere else. What stays the same stays open throughout, new ones open before old ones close. Errors:
   * ListenError; everything is as it was then.
   */
  listen(addresses: readonly ListenAddress[]): void {
    const before = this.open;
    const next: Listener[] = [];
    let closed: Listener[] = [];
    try {
      for (const wanted of addresses) {
        const port = wanted.port ?? portOf(next, wanted.kind);
        const standing = before.find((one) => isAt(one, wanted, port) && !closed.includes(one));
        const listener =
          standing ??
          this.tryOpen(wanted, port, () => {
            // The new one overlaps an old one ("*" and 127.0.0.1, say): the kernel wants the old ones shut first.
            closed = before.filter((old) => old.kind !== "unix" && old.port === port && !next.includes(old));
            for (const old of closed) old.stop();
            return closed.length > 0;
          });
        if (listener !== null) next.push(listener);
      }
      requireOne(addresses, next);
    } catch (error) {
      for (const one of next) if (!before.includes(one)) one.stop();
      this.open = before.flatMap((one) => (closed.includes(one) ? this.tryAgain(one) : [one]));
      throw error;
    }
    for (const one of before) if (!next.includes(one) && !closed.includes(one)) one.stop();
    this.open = next;
  }

  /**
   * Returns null when the address, or its whole family, is not there and need not be. If another listener has it: once more after
   * `makeRoom` has made room.
   */
  private tryOpen(wanted: ListenAddress, port: number, makeRoom: () => boolean): Listener | null {
    const { address, optional } = parseEntry(wanted);
    try {
      return wanted.kind === "unix" ? this.openUnix(address, wanted.mode ?? 0) : this.openTcp(address, port, wanted.tls ?? null);
    } catch (error) {
      const code = codeOf(error);
      if (wanted.kind === "unix") throw new ListenError(`Failed opening unix socket ${address}: ${reasonOf(error)}`, { cause: error });
      if (code === ADDRESS_IN_USE && makeRoom()) return this.tryOpen(wanted, port, () => false);
      if (mayBeMissing(code, optional)) return null;
      throw new ListenError(`Failed listening on port ${port} (${wanted.kind}) of ${address}: ${reasonOf(error)}`, { cause: error });
    }
  }

  private openTcp(address: string, port: number, tls: ServerTls | null): Listener {
    const hostname = hostnameOf(address);
    // ipv6Only, as Redis does: "::" beside "0.0.0.0" on one port is two listeners.
    const place = { hostname, port, ...(hostname.includes(":") ? { ipv6Only: true } : {}) };
    if (tls === null && this.elsewhere !== null) {
      const shared = this.elsewhere.listen(place);
      for (const descriptor of shared.descriptors) this.opened(descriptor);
      return { kind: "tcp", address, port: shared.port, mode: 0, tls, stop: () => shared.stop() };
    }
    const options = { ...place, exclusive: true, allowHalfOpen: true };
    const kind = tls === null ? "tcp" : "tls";
    const secured = tls === null ? options : { ...options, tls: tls.options };
    const handlers = tls === null ? this.handlers(kind) : { ...this.handlers(kind), handshake: this.handshake(tls) };
    const socket = Bun.listen<Conversation>({ ...secured, socket: handlers });
    this.opened(descriptorOf(socket));
    return { kind, address, port: socket.port, mode: 0, tls, stop: () => socket.stop(false) };
  }

  private openUnix(path: string, mode: number): Listener {
    rmSync(path, { force: true });
    const options = { unix: path, allowHalfOpen: true, socket: this.handlers("unix") };
    const socket = Bun.listen<Conversation>(options);
    const stop = () => {
      socket.stop(false);
      rmSync(path, { force: true });
    };
    try {
      if (mode !== 0) chmodSync(path, mode);
    } catch (error) {
      stop();
      throw error;
    }
    return { kind: "unix", address: path, port: 0, mode, tls: null, stop };
  }

  private tryAgain(listener: Listener): Listener[] {
    try {
      const again = this.tryOpen(listener, listener.port, () => false);
      return again === null ? [] : [again];
    } catch {
      return []; // another process took it in the meantime
    }
  }

  /** A client may leave its certificate out where it is optional, but not show one that does not hold. */
  private handshake({ clients }: ServerTls) {
    return (socket: Socket<Conversation>, succeeded: boolean, error: Error | null): void => {
      const shown = clients === "optional" && Object.keys(socket.getPeerCertificate() ?? {}).length > 0;
      const mustHold = clients === "yes" || shown;
      if (succeeded && !(mustHold && !socket.authorized)) return;
      this.acceptor.refused(error?.message ?? "no certificate that holds");
      if (socket.data === undefined) socket.terminate();
      else socket.data.destroy();
    };
  }

  private handlers(kind: ListenerKind) {
    const { acceptor } = this;
    return {
      open(socket: Socket<Conversation>) {
        const conversation = acceptor.accept(socket, kind);
        if (conversation !== null) socket.data = conversation;
      },
      data(socket: Socket<Conversation>, chunk: Buffer) {
        socket.data?.receive(chunk);
      },
      drain(socket: Socket<Conversation>) {
        socket.data?.drain();
      },
      // Half-closed by the client (`printf ... | nc`): what it sent is answered, however long that takes it to read, and the connection closes.
      end(socket: Socket<Conversation>) {
        socket.data?.closeAfterReply();
      },
      close(socket: Socket<Conversation>) {
        socket.data?.closed();
      },
      error(socket: Socket<Conversation>, error: Error) {
        socket.data?.destroy();
        acceptor.failed(error);
      },
    };
  }

  /** Stops listening; connections stay. */
  close(): void {
    for (const one of this.open) one.stop();
    this.open = [];
  }
}

/** Where a server listens: `port` (0: nowhere, null: any free one) of each address, and a unix socket if it has a path. */
export function listenAddresses(
  addresses: readonly string[],
  port: number | null,
  unix: { readonly path: string; readonly mode: number },
  secured: { readonly port: number; readonly tls: ServerTls } | null = null,
): ListenAddress[] {
  const list: ListenAddress[] = port === 0 ? [] : addresses.map((address) => ({ kind: "tcp", address, port }));
  if (secured !== null) list.push(...addresses.map((address): ListenAddress => ({ kind: "tls", address, ...secured })));
  if (unix.path !== "") list.push({ kind: "unix", address: unix.path, mode: unix.mode });
  return list;
}

function portOf(listeners: readonly Listener[], wanted: ListenerKind): number {
  return listeners.find(({ kind }) => kind === wanted)?.port ?? 0;
}

function isAt(listener: Listener, wanted: ListenAddress, port: number): boolean {
  return (
    listener.kind === wanted.kind &&
    listener.address === parseEntry(wanted).address &&
    listener.tls === (wanted.tls ?? null) &&
    (wanted.kind === "unix" || listener.port === port)
  );
}

/** Optional addresses may be missing, but not all there are. */
function requireOne(addresses: readonly ListenAddress[], open: readonly Listener[]): void {
  const wanted = addresses.find(({ kind }) => kind !== "unix");
  if (wanted === undefined || open.some(({ kind }) => kind !== "unix")) return;
  throw new ListenError(`Failed listening on port ${wanted.port ?? 0} (${wanted.kind}): this machine has none of the addresses to bind to`);
}

function parseEntry({ kind, address }: ListenAddress): { address: string; optional: boolean } {
  return kind === "unix" ? { address, optional: false } : parseAddress(address);
}

/** An address of `bind`, and whether it may be missing. */
export function parseAddress(entry: string): { address: string; optional: boolean } {
  const optional = entry.startsWith("-");
  return { address: optional ? entry.slice(1) : entry, optional };
}

/** Bun has it, and its types do not mention it. */
function descriptorOf(socket: object): number {
  return "fd" in socket && typeof socket.fd === "number" ? socket.fd : -1;
}

/** Whether an error of this code says that the address, or its whole family, is not there and need not be. */
export function mayBeMissing(code: string, optional: boolean): boolean {
  return (optional && code === NO_SUCH_ADDRESS) || NO_SUCH_FAMILY.has(code);
}

/** As the runtime takes it: "*" is every IPv4 address, "::*" every IPv6 one. */
export function hostnameOf(address: string): string {
  if (address === "*") return "0.0.0.0";
  return address === "::*" ? "::" : address;
}

/** The system's code of an error; "" where it has none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}

/** Why it could not be listened, for people. */
export function reasonOf(error: unknown): string {
  const code = codeOf(error);
  return REASONS[code] ?? (error instanceof Error ? error.message : String(error));
}
