/**
 * Where a server is, and how one logs in there: `redis://user:password@host:port/db`, `rediss://` over TLS, or `user:password@host:port`,
 * where it is told beside whether that is over TLS.
 */

import { isIP } from "node:net";
import type { TLSOptions } from "bun";
import { urlOf } from "../client/address.ts";
import type { MasterRoute } from "../replication/replica/connection.ts";
import { FollowError } from "./error.ts";
import type { TlsOptions } from "./options.ts";

export interface SourceAddress {
  readonly route: MasterRoute;
  /** What is shown over TLS; null: a connection without. */
  readonly tls: TLSOptions | null;
  readonly user: string;
  readonly password: string;
  /** The database that the URL names, or null. */
  readonly db: number | null;
  /** For messages: without the password. */
  readonly name: string;
}

export interface AddressOptions {
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly tls?: TlsOptions | undefined;
  /** Whether HOST:PORT is over TLS; false unless told, and HOST alone is one then. */
  readonly secure?: boolean | undefined;
}

const DEFAULT_PORT = 6379;
const MAX_PORT = 65535;
const PLAIN = ["redis:", "valkey:"];
const SECURE = ["rediss:", "valkeys:"];

/** Errors: FollowError. */
export function parseAddress(text: string, options: AddressOptions): SourceAddress {
  const url = options.secure === undefined ? urlOf(text) : text;
  return url.includes("://") ? ofUrl(url, options) : ofHostAndPort(text, options);
}

function ofUrl(url: string, options: AddressOptions): SourceAddress {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  const scheme = parsed?.protocol ?? "";
  if (parsed === null || !(PLAIN.includes(scheme) || SECURE.includes(scheme)) || parsed.hostname === "") {
    throw new FollowError("ADDRESS", `${JSON.stringify(withoutPassword(url))} is neither HOST:PORT nor a redis:// or rediss:// URL`);
  }
  const [, db = ""] = /^\/(\d{1,9})?$/.exec(parsed.pathname === "" ? "/" : parsed.pathname) ?? fail(url);
  const secure = SECURE.includes(scheme);
  if (!secure && options.tls !== undefined) throw new FollowError("OPTION", "certificates are for rediss:// URLs");
  const host = parsed.hostname.replace(/^\[(.*)\]$/, "$1");
  const port = parsed.port === "" ? DEFAULT_PORT : Number(parsed.port);
  return {
    ...placeOf(host, port, secure, options),
    user: options.user ?? decodeURIComponent(parsed.username),
    password: options.password ?? decodeURIComponent(parsed.password),
    db: db === "" ? null : Number(db),
  };
}

function ofHostAndPort(text: string, options: AddressOptions): SourceAddress {
  const at = text.lastIndexOf("@");
  const place = text.slice(at + 1);
  const [, host, port] = /^(?:\[(?=.*\]))?(.+?)\]?:(\d{1,5})$/.exec(place) ?? [];
  if (host === undefined || Number(port) > MAX_PORT) throw new FollowError("ADDRESS", `${place} is no HOST:PORT`);
  const login = text.slice(0, Math.max(0, at));
  const colon = login.indexOf(":");
  return {
    ...placeOf(host, Number(port), options.secure ?? false, options),
    user: options.user ?? (colon > 0 ? login.slice(0, colon) : ""),
    password: options.password ?? login.slice(colon + 1),
    db: null,
  };
}

function placeOf(host: string, port: number, secure: boolean, { tls }: AddressOptions): Pick<SourceAddress, "route" | "tls" | "name"> {
  return {
    route: { host, port, from: "", trust: tls?.rejectUnauthorized === false ? "any" : "name" },
    // Who looks at the certificate decides (MasterConnection).
    tls: secure ? { ...(isIP(host) === 0 ? { serverName: host } : {}), ...tls, rejectUnauthorized: false } : null,
    name: `${host.includes(":") ? `[${host}]` : host}:${port}`,
  };
}

function fail(url: string): never {
  throw new FollowError("ADDRESS", `${JSON.stringify(withoutPassword(url))}: what follows the port is the number of a database`);
}

function withoutPassword(url: string): string {
  return url.replace(/\/\/.*@/, "//***@");
}
