/** Sockets of tools: TCP, unix and TLS alike, and why there is none in C's words. */

import { toBytes } from "../../base/utf8.ts";
import { mayTrust } from "../../transport/tls.ts";
import { type Target, tlsOptions } from "./target.ts";

/** There is no connection, and why, in C's words. */
export class ConnectError extends Error {
  override name = "ConnectError";
}

export const SERVER_CLOSED = "Server closed the connection";
const NOT_SECURED = "Could not negotiate a TLS connection: ";
const KEEPALIVE_MS = 15_000;

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "Connection refused",
  ECONNRESET: "Connection reset by peer",
  EHOSTUNREACH: "No route to host",
  ENETUNREACH: "Network is unreachable",
  ENOENT: "No such file or directory",
  ENOTDIR: "Not a directory",
  EACCES: "Permission denied",
  ETIMEDOUT: "Connection timed out",
  ENOTFOUND: "Name or service not known",
  DNS_ENOTFOUND: "Name or service not known",
  EAI_AGAIN: "Temporary failure in name resolution",
  DNS_EAI_AGAIN: "Temporary failure in name resolution",
};

/** What a socket tells. */
export interface SocketEvents {
  data(chunk: Buffer): void;
  /** More can be written. */
  drain(): void;
  /** There is no more to come, and why; perhaps told more than once. */
  over(reason: string): void;
}

/** Connects, over TLS where the target says so. Errors: ConnectError, and ToolFailure for files of TLS. */
export async function connectSocket(target: Target, events: SocketEvents): Promise<Bun.Socket<undefined>> {
  const tls = target.tls ? tlsOptions(target) : null;
  const secured = Promise.withResolvers<void>();
  secured.promise.catch(() => {}); // no one waits for it without a connection
  if (tls === null) secured.resolve();
  const handler: Bun.SocketHandler<undefined> = {
    handshake: (_, succeeded, error) => {
      if (target.files.insecure || mayTrust(succeeded, error)) secured.resolve();
      else secured.reject(new ConnectError(`${NOT_SECURED}${error?.message ?? "SSL_connect failed"}`));
    },
    data: (_, chunk) => events.data(chunk),
    drain: () => events.drain(),
    end: () => events.over(SERVER_CLOSED),
    close: (_, error) => {
      secured.reject(new ConnectError(NOT_SECURED + SERVER_CLOSED));
      events.over(error === undefined || error === null ? SERVER_CLOSED : wordsOf(error));
    },
    error: (_, error) => events.over(wordsOf(error)),
  };
  const shared = { socket: handler, ...(tls === null ? {} : { tls }) };
  let socket: Bun.Socket<undefined>;
  try {
    socket = await (target.socket === null
      ? Bun.connect({ ...shared, hostname: target.host, port: target.port })
      : Bun.connect({ ...shared, unix: target.socket }));
  } catch (error) {
    throw new ConnectError(wordsOf(error));
  }
  socket.setNoDelay(true);
  socket.setKeepAlive(true, KEEPALIVE_MS);
  await secured.promise;
  return socket;
}

/** The line for people about a connection that there is not. */
export function complaintOf(error: ConnectError, target: Target): string {
  if (error.message.startsWith(NOT_SECURED)) return error.message;
  return `Could not connect to Redis at ${target.socket ?? `${target.host}:${target.port}`}: ${error.message}`;
}

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  return WORDS[code] ?? toBytes(error.message);
}
