/** Which server a tool talks to and how it gets in there: what `-h -p -s -a --user -u -n --tls ...` say, in every tool alike. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { TLSOptions } from "bun";
import { fromBytes } from "../../base/utf8.ts";
import { failureWords } from "../../config/error.ts";
import { ToolFailure } from "./console.ts";

/** Texts are bytes (latin1). */
export interface Target {
  host: string;
  port: number;
  /** The path of a unix socket, which goes before host and port. */
  socket: string | null;
  user: string | null;
  password: string | null;
  database: number;
  tls: boolean;
  readonly files: TlsFiles;
}

interface TlsFiles {
  sni: string | null;
  cacert: string | null;
  cacertdir: string | null;
  cert: string | null;
  key: string | null;
  ciphers: string | null;
  insecure: boolean;
}

export function defaultTarget(): Target {
  return {
    host: "127.0.0.1",
    port: 6379,
    socket: null,
    user: null,
    password: null,
    database: 0,
    tls: false,
    files: { sni: null, cacert: null, cacertdir: null, cert: null, key: null, ciphers: null, insecure: false },
  };
}

/** The leading digits of a text as a number, 0 when there are none: C's atoi. */
export function leadingInteger(text: string): number {
  return Number.parseInt(text, 10) || 0;
}

function portOf(text: string): number {
  const port = leadingInteger(text);
  if (port < 0 || port > 65535) throw new ToolFailure("Invalid server port.");
  return port;
}

/** Options without a value that concern the server. */
export const TARGET_FLAGS: Readonly<Record<string, (target: Target) => void>> = {
  "--tls": (target) => {
    target.tls = true;
  },
  "--insecure": ({ files }) => {
    files.insecure = true;
  },
};

/** Options with a value that concern the server. */
export const TARGET_OPTIONS: Readonly<Record<string, (target: Target, value: string) => void>> = {
  "-h": (target, value) => {
    target.host = value;
  },
  "-p": (target, value) => {
    target.port = portOf(value);
  },
  "-s": (target, value) => {
    target.socket = value;
  },
  "-a": (target, value) => {
    target.password = value;
  },
  "--user": (target, value) => {
    target.user = value;
  },
  "-u": readUri,
  "--sni": ({ files }, value) => {
    files.sni = value;
  },
  "--cacert": ({ files }, value) => {
    files.cacert = value;
  },
  "--cacertdir": ({ files }, value) => {
    files.cacertdir = value;
  },
  "--cert": ({ files }, value) => {
    files.cert = value;
  },
  "--key": ({ files }, value) => {
    files.key = value;
  },
  "--tls-ciphers": ({ files }, value) => {
    files.ciphers = value;
  },
  "--tls-ciphersuites": () => {
    // BoringSSL, which Bun has, always offers all three of TLS 1.3 in its own order.
    throw new ToolFailure("--tls-ciphersuites: the cipher suites of TLS 1.3 cannot be chosen here");
  },
};

/** Puts into `target` what a URI says: redis[s]://[[USER:]PASSWORD@][HOST[:PORT]][/DATABASE]. Errors: ToolFailure. */
function readUri(target: Target, uri: string): void {
  const scheme = /^redis(s?):\/\//i.exec(uri);
  if (scheme === null) throw new ToolFailure("Invalid URI scheme");
  if (scheme[1] !== "") target.tls = true;
  let rest = uri.slice(scheme[0].length);
  const at = rest.indexOf("@");
  if (at >= 0) {
    const login = rest.slice(0, at);
    const colon = login.indexOf(":");
    if (colon >= 0) target.user = percentDecoded(login.slice(0, colon));
    target.password = percentDecoded(login.slice(colon + 1));
    rest = rest.slice(at + 1);
  }
  if (rest === "") return;
  const slash = rest.indexOf("/");
  const place = slash < 0 ? rest : rest.slice(0, slash);
  if (place !== "") {
    const [, bracketed, plain, port] = /^(?:\[([^\]]*)\]?|([^:]*))(?::(.*))?/s.exec(place) ?? [];
    target.host = bracketed ?? plain ?? "";
    if (port !== undefined) target.port = portOf(port);
  }
  if (slash >= 0 && slash + 1 < rest.length) target.database = leadingInteger(rest.slice(slash + 1));
}

function percentDecoded(text: string): string {
  return text.replace(/%(..?)?/gs, (code) => {
    if (code === "%") throw new ToolFailure("Incomplete URI encoding");
    if (!/^%[0-9a-f]{2}$/i.test(code)) throw new ToolFailure("Illegal character in URI encoding");
    return String.fromCharCode(Number.parseInt(code.slice(1), 16));
  });
}

/** The certificates and the rest that a connection over TLS takes. Errors: ToolFailure. */
export function tlsOptions({ files }: Target): TLSOptions {
  const authorities: string[] = [];
  if (files.cacert !== null) authorities.push(fileText(files.cacert, "Invalid CA Certificate File/Directory"));
  if (files.cacertdir !== null) authorities.push(...certificatesIn(files.cacertdir));
  return {
    ...(authorities.length === 0 ? {} : { ca: authorities }),
    ...(files.cert === null ? {} : { cert: fileText(files.cert, "Invalid client certificate") }),
    ...(files.key === null ? {} : { key: fileText(files.key, "Invalid private key") }),
    ...(files.sni === null ? {} : { serverName: fromBytes(files.sni) }),
    ...(files.ciphers === null ? {} : { ciphers: files.ciphers }),
    rejectUnauthorized: false, // who looks at the handshake decides
  };
}

function certificatesIn(directory: string): string[] {
  try {
    return readdirSync(fromBytes(directory), { withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"))
      .filter((text) => text.includes("-----BEGIN CERTIFICATE-----"));
  } catch (error) {
    throw tlsFailure("Invalid CA Certificate File/Directory", error);
  }
}

function fileText(path: string, complaint: string): string {
  try {
    return readFileSync(fromBytes(path), "utf8");
  } catch (error) {
    throw tlsFailure(complaint, error);
  }
}

function tlsFailure(complaint: string, error: unknown): ToolFailure {
  return new ToolFailure(`Could not negotiate a TLS connection: ${complaint} (${failureWords(error)})`);
}
