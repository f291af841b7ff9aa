/**
 * TLS as the directives want it: what Bun's sockets are given for clients, and for the link to a master. Source: tlsConfigure in tls.c;
 * the texts that the log shows are Redis's.
 */

import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { SecureContextOptions } from "node:tls";
import type { TLSOptions } from "bun";
import { failureWords } from "../config/error.ts";
import type { ConfigValues } from "../config/options.ts";

/** TLS cannot be had as the directives want it; the message says why. */
export class TlsError extends Error {
  override name = "TlsError";
}

/** Directives that TLS depends on. */
export const TLS_DIRECTIVES = [
  "tls-replication",
  "tls-cluster",
  "tls-auth-clients",
  "tls-cert-file",
  "tls-key-file",
  "tls-key-file-pass",
  "tls-client-cert-file",
  "tls-client-key-file",
  "tls-client-key-file-pass",
  "tls-ca-cert-file",
  "tls-ca-cert-dir",
  "tls-protocols",
  "tls-ciphers",
  "tls-prefer-server-ciphers",
  "tls-session-caching",
] as const;

export type TlsValues = Pick<ConfigValues, (typeof TLS_DIRECTIVES)[number] | "tls-port" | "dir">;

/** What listening sockets are given, and what becomes of clients without a certificate that holds. */
export interface ServerTls {
  readonly options: TLSOptions;
  readonly clients: TlsValues["tls-auth-clients"];
}

/** Each protocol that is not offered, as an option that forbids it. Older ones are not to be had from Bun. */
const FORBIDDEN = { "tlsv1.2": "SSL_OP_NO_TLSv1_2", "tlsv1.3": "SSL_OP_NO_TLSv1_3" } as const;

/** OpenSSL's options, from a module that is loaded when TLS is wanted: it takes 3 ms of a start. */
function sslOptions() {
  return process.getBuiltinModule("node:crypto").constants;
}

/** What clients are offered. Errors: TlsError. */
export function serverTls(values: TlsValues): ServerTls {
  const identity = ownIdentity(values);
  const authorities = authoritiesOf(values);
  const clients = values["tls-auth-clients"];
  if (authorities.length === 0 && (clients !== "no" || connectsWithTls(values))) {
    throw new TlsError(
      "Either tls-ca-cert-file or tls-ca-cert-dir must be specified when tls-cluster, tls-replication or tls-auth-clients are enabled!",
    );
  }
  const options = checked({
    ...identity,
    ...(authorities.length === 0 ? {} : { ca: authorities }),
    ...commonOptions(values),
    requestCert: clients !== "no",
    rejectUnauthorized: clients === "yes",
  });
  return { options, clients };
}

/** What browsers are offered: they show no certificates. Errors: TlsError. */
export function browserTls(values: TlsValues): TLSOptions {
  return checked({ ...ownIdentity(values), ...commonOptions(values) });
}

/** Whether this server is the one that connects somewhere over TLS. */
export function connectsWithTls(values: TlsValues): boolean {
  return values["tls-replication"] || values["tls-cluster"];
}

/** What a master, or a target of MIGRATE, is shown, and whom it must have its certificate from. Errors: TlsError. */
export function clientTls(values: TlsValues): TLSOptions {
  const { options } = serverTls(values);
  const certificate = values["tls-client-cert-file"];
  const key = values["tls-client-key-file"];
  const own = certificate === "" || key === "" ? {} : identityOf(values, certificate, key, values["tls-client-key-file-pass"]);
  // Whose name the certificate has does not matter, as in Redis: who looks at it decides (`mayTrust`).
  return checked({ ...options, ...own, requestCert: true, rejectUnauthorized: false });
}

/** Whether such a server is to be trusted after the handshake that ended so: its certificate is of a known authority, on whatever name. */
export function mayTrust(succeeded: boolean, error: Error | null): boolean {
  if (error === null) return succeeded;
  return "code" in error && error.code === "ERR_TLS_CERT_ALTNAME_INVALID";
}

/** The server's certificate and key. Errors: TlsError. */
function ownIdentity(values: TlsValues): TLSOptions {
  const certificate = values["tls-cert-file"];
  const key = values["tls-key-file"];
  if (certificate === "") throw new TlsError("No tls-cert-file configured!");
  if (key === "") throw new TlsError("No tls-key-file configured!");
  return identityOf(values, certificate, key, values["tls-key-file-pass"]);
}

function identityOf(values: TlsValues, certificate: string, key: string, password: string): TLSOptions {
  return {
    cert: read(values, certificate, `Failed to load certificate: ${certificate}`),
    key: read(values, key, `Failed to load private key: ${key}`),
    ...(password === "" ? {} : { passphrase: password }),
  };
}

function authoritiesOf(values: TlsValues): string[] {
  const file = values["tls-ca-cert-file"];
  const directory = values["tls-ca-cert-dir"];
  const failure = "Failed to configure CA certificate(s) file/directory";
  const authorities = file === "" ? [] : [read(values, file, failure)];
  if (directory === "") return authorities;
  const path = resolve(values.dir, directory);
  let names: string[];
  try {
    names = readdirSync(path);
  } catch (error) {
    throw new TlsError(`${failure}: ${failureWords(error)}`, { cause: error });
  }
  // OpenSSL looks them up by names such as 9d66eef0.0, a hash of the subject.
  for (const name of names.filter((one) => /^[0-9a-f]{8}\.\d+$/.test(one)).sort())
    authorities.push(read(values, join(path, name), failure));
  return authorities;
}

function read({ dir }: TlsValues, path: string, failure: string): string {
  try {
    return readFileSync(resolve(dir, path), "utf8");
  } catch (error) {
    throw new TlsError(`${failure}: ${failureWords(error)}`, { cause: error });
  }
}

function commonOptions(values: TlsValues): TLSOptions {
  const ciphers = values["tls-ciphers"];
  let secureOptions = forbiddenProtocols(values["tls-protocols"]);
  if (values["tls-prefer-server-ciphers"]) secureOptions |= sslOptions().SSL_OP_CIPHER_SERVER_PREFERENCE;
  if (!values["tls-session-caching"]) secureOptions |= sslOptions().SSL_OP_NO_TICKET;
  return { secureOptions, ...(ciphers === "" ? {} : { ciphers }) };
}

/** Errors: TlsError for a word that is no protocol, or one that cannot be had. */
function forbiddenProtocols(text: string): number {
  if (text === "") return 0;
  const wanted = text.toLowerCase().split(" ");
  for (const word of wanted) {
    if (Object.hasOwn(FORBIDDEN, word)) continue;
    if (word === "tlsv1" || word === "tlsv1.1")
      throw new TlsError(`'${word}' in tls-protocols is not supported by this version of Replicant`);
    throw new TlsError("Invalid tls-protocols specified. Use a combination of 'TLSv1', 'TLSv1.1', 'TLSv1.2' and 'TLSv1.3'.");
  }
  let options = 0;
  for (const [word, option] of Object.entries(FORBIDDEN)) if (!wanted.includes(word)) options |= sslOptions()[option];
  return options;
}

/** Errors: TlsError when keys, certificates or ciphers make no sense. */
function checked(options: TLSOptions): TLSOptions {
  try {
    process.getBuiltinModule("node:tls").createSecureContext(options as SecureContextOptions);
    return options;
  } catch (error) {
    throw new TlsError(`Failed to configure TLS: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
