/** Where a server listens, as its directives say and as they change: ports, addresses, a Unix socket, TLS. */

import { resolve } from "node:path";
import type { TLSOptions } from "bun";
import { toBytes } from "../base/utf8.ts";
import type { Config } from "../config/config.ts";
import type { Log } from "../log.ts";
import { type Acceptor, type ListenAddress, type ListenElsewhere, ListenError, Listeners, listenAddresses } from "./listeners.ts";
import { markSocket } from "./socket-mark.ts";
import { clientTls, connectsWithTls, type ServerTls, serverTls, TLS_DIRECTIVES, TlsError } from "./tls.ts";

const NO_PORT = "Unable to listen on this port. Check server logs.";
const NO_ADDRESS = "Failed to bind to specified addresses.";
const NO_TLS = "Unable to update TLS configuration. Check server logs.";

export class Endpoints {
  /** What a master is shown over TLS; null: the link to it has none. */
  masterTls: TLSOptions | null = null;
  /** Likewise a target of MIGRATE. */
  targetTls: TLSOptions | null = null;
  private readonly config: Config;
  private readonly log: Log;
  private readonly listeners: Listeners;
  /** How clients of TLS are served, while that is wanted. */
  private tls: ServerTls | null = null;

  /** `elsewhere`: what listens for TCP in place of this thread, if anything does. */
  constructor(config: Config, log: Log, acceptor: Acceptor, elsewhere: ListenElsewhere | null = null) {
    this.config = config;
    this.log = log;
    this.listeners = new Listeners(acceptor, (descriptor) => this.mark(descriptor), elsewhere);
    config.onChange("port", () => this.move(NO_PORT));
    config.onChange("bind", () => this.move(NO_ADDRESS));
    config.onChange([...TLS_DIRECTIVES, "tls-port"], () => this.renewTls());
  }

  /** The port that is listened on, 0 for none. */
  get port(): number {
    return this.listeners.port;
  }

  /** Likewise for TLS. */
  get tlsPort(): number {
    return this.listeners.tlsPort;
  }

  /** Begins; `anyPort`: on whatever port is free. Errors: ListenError, TlsError. */
  open(anyPort: boolean): void {
    const { values } = this.config;
    try {
      this.readTls();
      this.listeners.listen(this.addresses(anyPort ? null : values.port));
    } catch (error) {
      // What reads standard output hears of it from the caller.
      if ((error instanceof ListenError || error instanceof TlsError) && this.log.file !== "") this.log.warning(error.message);
      throw error;
    }
    if (anyPort) this.config.assign("port", [String(this.port)]);
  }

  /** Listens at a unix socket too, for this user alone; it becomes what `unixsocket` says. Errors: ListenError. */
  openUnixSocket(path: string): void {
    this.config.assign("unixsocket", [toBytes(path)]);
    this.config.assign("unixsocketperm", ["600"]);
    this.listeners.listen(this.addresses(this.config.values.port));
  }

  /** Ends; connections stay. */
  close(): void {
    this.listeners.close();
  }

  private mark(descriptor: number): void {
    const mark = this.config.values["socket-mark-id"];
    if (mark !== 0 && !markSocket(descriptor, mark))
      this.log.warning(`socket-mark-id: a listening socket could not be marked with ${mark}`);
  }

  private addresses(port: number | null): ListenAddress[] {
    const { bind, dir, unixsocket, unixsocketperm, "tls-port": tlsPort } = this.config.values;
    const secured = this.tls === null || tlsPort === 0 ? null : { port: tlsPort, tls: this.tls };
    return listenAddresses(bind, port, { path: unixsocket === "" ? "" : resolve(dir, unixsocket), mode: unixsocketperm }, secured);
  }

  /** Listens where the configuration says by now. Returns `complaint` when that cannot be; the listeners are as they were then. */
  private move(complaint: string): string | undefined {
    try {
      this.listeners.listen(this.addresses(this.config.values.port));
      return undefined;
    } catch (error) {
      if (!(error instanceof ListenError)) throw error;
      this.log.warning(error.message);
      return complaint;
    }
  }

  /** What TLS needs is read again, and new connections have it. Returns a complaint when that cannot be; all is as it was then. */
  private renewTls(): string | undefined {
    const before = this.tls;
    try {
      this.readTls();
    } catch (error) {
      if (!(error instanceof TlsError)) throw error;
      this.log.warning(error.message);
      return NO_TLS;
    }
    const complaint = this.move(NO_PORT);
    if (complaint !== undefined) this.tls = before;
    return complaint;
  }

  /** Errors: TlsError. */
  private readTls(): void {
    const { values } = this.config;
    const connects = connectsWithTls(values);
    const tls = values["tls-port"] !== 0 || connects ? serverTls(values) : null;
    const own = connects ? clientTls(values) : null;
    this.masterTls = values["tls-replication"] ? own : null;
    this.targetTls = values["tls-cluster"] ? own : null;
    this.tls = tls;
  }
}
