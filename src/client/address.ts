/** Where a server is and who asks: `redis://user:password@host:6379/0`, or the same as an object. */

import { kindOf } from "../base/word-error.ts";
import { knownOptions, requireKnown } from "./known-options.ts";

type Pem = string | Uint8Array;

/** As node:tls has them. */
export interface TlsOptions {
  /** Whom to trust, instead of those whom the system trusts. */
  readonly ca?: Pem | readonly Pem[];
  /** Who the client is, where the server asks. */
  readonly cert?: Pem;
  readonly key?: Pem;
  readonly passphrase?: string;
  /** Whose the server's certificate must be: `host` unless told. */
  readonly servername?: string;
  /** `false`: anyone may be at the other end. */
  readonly rejectUnauthorized?: boolean;
}

/** How a lost connection is made again. */
export interface ReconnectOptions {
  /** Before the first attempt, and doubled before each more; in ms, 20 unless told. */
  readonly minDelay?: number;
  /** In ms, 2000 unless told. */
  readonly maxDelay?: number;
  /** How long a request waits for a connection before it fails, in ms: 10,000 unless told. */
  readonly patience?: number;
}

export interface ConnectOptions {
  /** 127.0.0.1 unless told. */
  readonly host?: string;
  /** 6379 unless told. */
  readonly port?: number;
  /** Of a unix socket, in place of host and port. */
  readonly path?: string;
  /** `true`: whom the system trusts is trusted. */
  readonly tls?: boolean | TlsOptions;
  /** "default" unless told. */
  readonly username?: string;
  readonly password?: string;
  readonly database?: number;
  /** What CLIENT LIST shows of the connection. */
  readonly name?: string;
  /** Until the server has answered the greeting, in ms: 10,000 unless told. */
  readonly connectTimeout?: number;
  /** `false`: a link that is lost is not made again. */
  readonly reconnect?: boolean | ReconnectOptions;
  /** Most bytes of requests that wait to be written: 1 GiB unless told. A request beyond fails. */
  readonly waitingBytes?: number;
}

/** ConnectOptions, with all that has a default. */
export interface Address {
  readonly host: string;
  readonly port: number;
  /** "": TCP. */
  readonly path: string;
  readonly tls: TlsOptions | null;
  readonly username: string;
  readonly password: string;
  readonly database: number;
  readonly name: string;
  readonly connectTimeout: number;
  readonly reconnect: Required<ReconnectOptions> | null;
  readonly waitingBytes: number;
}

const KNOWN_RECONNECT = knownOptions<ReconnectOptions>("Client.connect: reconnect", { minDelay: true, maxDelay: true, patience: true });
const KNOWN = knownOptions<ConnectOptions>("Client.connect", {
  host: true,
  port: true,
  path: true,
  tls: true,
  username: true,
  password: true,
  database: true,
  name: true,
  connectTimeout: true,
  reconnect: true,
  waitingBytes: true,
});

const PORT = 6379;
const MOST_PORT = 65_535;
const HOST_AND_PORT = /^(?:\[[\da-fA-F:.%]+\]|[^\s:/@?#[\]]+)(?::\d{1,5})?(?:\/\d*)?$/;
const FORMS = "a server is HOST:PORT, or a URL as redis://user:password@host:6379/0, rediss://host with TLS, or unix:///path";
const CONNECT_TIMEOUT_MS = 10_000;
const RECONNECT: Required<ReconnectOptions> = { minDelay: 20, maxDelay: 2000, patience: 10_000 };
const WAITING_BYTES = 1 << 30;
const SCHEMES: ReadonlySet<string> = new Set(["redis:", "rediss:", "valkey:", "valkeys:", "unix:", "redis+unix:", "rediss+unix:"]);

/**
 * Returns where `url` leads, with `options` over what it says. Schemes: redis, rediss (TLS), valkey, valkeys, unix (`unix:///path?db=1`).
 * HOST:PORT, and HOST, are redis://. Errors: TypeError where it is no such URL, or options are not known; its message has no password.
 */
export function addressOf(url: string | undefined, options: ConnectOptions): Address {
  requireKnown(options, KNOWN);
  if (typeof options.reconnect === "object") requireKnown(options.reconnect, KNOWN_RECONNECT);
  const given: ConnectOptions = { ...(url === undefined ? {} : optionsOf(url)), ...withoutUndefined(options) };
  const { reconnect = true, tls = false, port = PORT } = given;
  if (!Number.isInteger(port) || port < 1 || port > MOST_PORT)
    throw new TypeError("Client.connect: a port is a whole number from 1 to 65535");
  return {
    host: given.host ?? "127.0.0.1",
    port,
    path: given.path ?? "",
    tls: tls === true ? {} : tls === false ? null : tls,
    username: given.username ?? "",
    password: given.password ?? "",
    database: given.database ?? 0,
    name: given.name ?? "",
    connectTimeout: given.connectTimeout ?? CONNECT_TIMEOUT_MS,
    reconnect: reconnect === false ? null : reconnect === true ? RECONNECT : { ...RECONNECT, ...reconnect },
    waitingBytes: given.waitingBytes ?? WAITING_BYTES,
  };
}

/** Returns `text` as a URL where it is HOST or HOST:PORT, perhaps with the number of a database behind a slash; else as it is. */
export function urlOf(text: string): string {
  return HOST_AND_PORT.test(text) ? `redis://${text}` : text;
}

/** For people: "127.0.0.1:6379", "/run/redis.sock". */
export function nameOf(address: Address): string {
  if (address.path !== "") return address.path;
  return `${address.host.includes(":") ? `[${address.host}]` : address.host}:${address.port}`;
}

function optionsOf(text: string): ConnectOptions {
  if (typeof text !== "string") throw new TypeError(`Client.connect: ${FORMS}, and not ${kindOf(text)}`);
  let url: URL;
  try {
    url = new URL(urlOf(text));
  } catch {
    throw new TypeError(`Client.connect: ${FORMS}`);
  }
  const { protocol } = url;
  if (!SCHEMES.has(protocol)) throw new TypeError(`Client.connect: ${FORMS}; "${protocol}" is none of ${[...SCHEMES].join(", ")}`);
  const isUnix = protocol.endsWith("unix:");
  const database = url.searchParams.get("db") ?? (isUnix ? "" : url.pathname.slice(1));
  return {
    ...(isUnix ? { path: decodeURIComponent(url.pathname) } : hostOf(url)),
    ...(protocol.startsWith("rediss") || protocol === "valkeys:" ? { tls: true } : {}),
    ...(url.username === "" ? {} : { username: decodeURIComponent(url.username) }),
    ...(url.password === "" ? {} : { password: decodeURIComponent(url.password) }),
    ...(database === "" ? {} : { database: databaseOf(database) }),
  };
}

function hostOf({ hostname, port }: URL): ConnectOptions {
  const host = hostname.startsWith("[") ? hostname.slice(1, -1) : decodeURIComponent(hostname);
  return { ...(host === "" ? {} : { host }), ...(port === "" ? {} : { port: Number(port) }) };
}

function databaseOf(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new TypeError(`"${text}" in the URL of a server is no number of a database`);
  return Number(text);
}

function withoutUndefined(options: ConnectOptions): ConnectOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
