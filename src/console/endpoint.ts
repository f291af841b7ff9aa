/**
 * Where the console is served, as its directives say and as they change. This is all of it that a server without a console loads: what
 * answers comes with the first port that is opened.
 */

import type { Server as HttpServer, TLSOptions } from "bun";
import type { Config } from "../config/config.ts";
import type { ServerParts } from "../execution/server-parts.ts";
import type { ClientAcceptor } from "../transport/acceptor.ts";
import { codeOf, hostnameOf, ListenError, mayBeMissing, parseAddress, reasonOf } from "../transport/listeners.ts";
import { browserTls, TLS_DIRECTIVES, TlsError } from "../transport/tls.ts";
import type { BrowserSocket } from "./browser-socket.ts";
import type { Door } from "./door.ts";

const NOT_HERE = "Unable to open the console there. Check server logs.";
/** Bytes that a page may send in one piece; it cuts what is longer. */
const LONGEST_MESSAGE = 4 << 20;
/** Bytes that may wait for a page before the server keeps them itself. */
const MOST_UNREAD = 1 << 20;
/** Bytes of a request's body: what enters is short. Without it Bun keeps 128 MiB for whoever sends them. */
const LONGEST_BODY = 16 << 10;
const IDLE_SECONDS = 255; // the longest there is; pages ask once a second

export class ConsoleEndpoint {
  private readonly parts: ServerParts;
  private readonly acceptor: ClientAcceptor;
  private servers: HttpServer<BrowserSocket>[] = [];
  private door: Promise<Door> | null = null;
  private isOpen = false;
  /** How those are served that are open. */
  private lastTls: TLSOptions | null = null;

  constructor(parts: ServerParts, acceptor: ClientAcceptor) {
    this.parts = parts;
    this.acceptor = acceptor;
    const { config } = parts;
    config.onChange(["console-port", "console-bind", "console-tls"], () => this.move());
    config.onChange(TLS_DIRECTIVES, () => (config.values["console-tls"] ? this.move() : undefined));
  }

  /** The port that is listened on, 0 for none. */
  get port(): number {
    return this.servers[0]?.port ?? 0;
  }

  /** Begins. Errors: ListenError, TlsError. */
  open(): void {
    this.isOpen = true;
    this.servers = this.listen(this.parts.config.values);
    this.tell();
  }

  /** Ends, and closes what is open. */
  close(): void {
    this.isOpen = false;
    for (const server of this.servers) void server.stop(true);
    this.servers = [];
  }

  /** Serves where the configuration says by now. Returns a complaint when that cannot be; all is as it was then. Pages stay connected. */
  private move(): string | undefined {
    if (!this.isOpen) return undefined;
    const before = this.servers.map(({ hostname, port }) => ({ hostname: hostname ?? "", port: port ?? 0 }));
    const { config, log } = this.parts;
    let tls: TLSOptions | null;
    try {
      tls = config.values["console-port"] !== 0 && config.values["console-tls"] ? browserTls(config.values) : null;
    } catch (error) {
      return this.refused(error);
    }
    for (const server of this.servers) void server.stop(false);
    this.servers = [];
    try {
      this.servers = this.listen(config.values, tls);
      this.tell();
      return undefined;
    } catch (error) {
      const complaint = this.refused(error);
      for (const { hostname, port } of before) {
        try {
          this.servers.push(this.serve(hostname, port, this.lastTls));
        } catch {
          log.warning(`The console could not go on at ${hostname} port ${port} either`); // another process took it meanwhile
        }
      }
      return complaint;
    }
  }

  private refused(error: unknown): string {
    if (!(error instanceof ListenError || error instanceof TlsError)) throw error;
    this.parts.log.warning(error.message);
    return NOT_HERE;
  }

  private tell(): void {
    const [first] = this.servers;
    if (first !== undefined) this.parts.log.notice(`The console is at ${first.url.href}`);
  }

  /** Errors: ListenError, TlsError; nothing is open then that was not before. */
  private listen(values: Config["values"], tls: TLSOptions | null = values["console-tls"] ? browserTls(values) : null) {
    const port = values["console-port"];
    const opened: HttpServer<BrowserSocket>[] = [];
    if (port === 0) return opened;
    try {
      for (const entry of values["console-bind"]) {
        const { address, optional } = parseAddress(entry);
        try {
          opened.push(this.serve(hostnameOf(address), port, tls));
        } catch (error) {
          if (mayBeMissing(codeOf(error), optional)) continue;
          throw new ListenError(`Failed listening on port ${port} (console) of ${address}: ${reasonOf(error)}`, { cause: error });
        }
      }
      if (opened.length === 0) throw new ListenError(`Failed listening on port ${port} (console): there is no address to bind to`);
    } catch (error) {
      for (const server of opened) void server.stop(true);
      throw error;
    }
    this.lastTls = tls;
    return opened;
  }

  private serve(hostname: string, port: number, tls: TLSOptions | null): HttpServer<BrowserSocket> {
    this.door ??= import("./door.ts").then(({ Door: LoadedDoor }) => new LoadedDoor(this.parts, this.acceptor));
    const door = this.door;
    return Bun.serve<BrowserSocket>({
      hostname,
      port,
      ...(hostname.includes(":") ? { ipv6Only: true } : {}),
      ...(tls === null ? {} : { tls }),
      idleTimeout: IDLE_SECONDS,
      maxRequestBodySize: LONGEST_BODY,
      development: false,
      reusePort: false, // without `development` it is true unless told (1.4.5), and a port that another server has is no error
      fetch: async (request, server) => (await door).answer(request, server),
      error: (error) => {
        this.acceptor.failed(error instanceof Error ? error : new Error(String(error)));
        return new Response("The console failed; the server's log says how.\n", { status: 500 });
      },
      websocket: {
        maxPayloadLength: LONGEST_MESSAGE,
        backpressureLimit: MOST_UNREAD,
        perMessageDeflate: false,
        open: (ws) => ws.data.opened(ws),
        message: (ws, message) => ws.data.came(message),
        drain: (ws) => ws.data.ready(),
        close: (ws) => ws.data.gone(),
      },
    });
  }
}
