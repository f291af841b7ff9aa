/** Where a source is, and how one logs in there: `redis://user:password@host:port/db`, `rediss://` over TLS. */

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
}

const DEFAULT_PORT = 6379;
const PLAIN = ["redis:", "valkey:"];
const SECURE = ["rediss:", "valkeys:"];

/** Errors: FollowError. */
export function parseAddress(url: string, options: AddressOptions): SourceAddress {
  const text = urlOf(url);
  const parsed = URL.canParse(text) ? new URL(text) : null;
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
    route: { host, port, from: "", trust: options.tls?.rejectUnauthorized === false ? "any" : "name" },
    // Who looks at the certificate decides (MasterConnection).
    tls: secure ? { ...(isIP(host) === 0 ? { serverName: host } : {}), ...options.tls, rejectUnauthorized: false } : null,
    user: options.user ?? decodeURIComponent(parsed.username),
    password: options.password ?? decodeURIComponent(parsed.password),
    db: db === "" ? null : Number(db),
    name: `${parsed.hostname}:${port}`,
  };
}

function fail(url: string): never {
  throw new FollowError("ADDRESS", `${JSON.stringify(withoutPassword(url))}: what follows the port is the number of a database`);
}

function withoutPassword(url: string): string {
  return url.replace(/\/\/.*@/, "//***@");
}
