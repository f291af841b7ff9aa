/** /healthz and /readyz: whether the server is there, and whether it is to be sent requests. */

import type { ServerParts } from "../execution/server-parts.ts";
import { LinkState } from "../replication/replica/link-state.ts";

export interface Readiness {
  readonly ready: boolean;
  /** Why it is not, a line each; names nothing that only users may know. */
  readonly reasons: readonly string[];
}

/** How far a replica is behind what it knows of its master. */
interface Lag {
  /** Received and not run. */
  readonly bytes: number;
  /** Since the master was heard of last, which says at least once in repl-ping-replica-period that it is there. */
  readonly seconds: number;
}

/** 0 for a master, and while the link is down. */
export function lagOf({ replication }: ServerParts, now: number): Lag {
  const { link } = replication;
  if (link === null || !link.connected) return { bytes: 0, seconds: 0 };
  const bytes = (link.stream?.received ?? 0) - (link.stream?.offset ?? 0);
  return { bytes: Math.max(0, bytes), seconds: Math.max(0, now - link.lastHeard) / 1000 };
}

export function readiness(server: ServerParts, now: number = Date.now()): Readiness {
  const reasons: string[] = [];
  const { persistence, replication, config } = server;
  const { link } = replication;
  if (persistence.loading !== null && !persistence.asyncLoading)
    reasons.push(`the data set is being loaded${shareOf(persistence.loading)}`);
  if (server.shutdownDeadline !== 0) reasons.push("the server is shutting down");
  if (link !== null && !link.connected) {
    reasons.push(link.state === LinkState.SYNC ? "a full synchronisation is under way" : "the link to the master is down");
  }
  const lag = lagOf(server, now);
  const { "readyz-max-lag": seconds, "readyz-max-lag-bytes": bytes } = config.values;
  if (seconds > 0 && lag.seconds > seconds)
    reasons.push(`the master was heard of ${Math.floor(lag.seconds)} seconds ago, the limit is ${seconds}`);
  if (bytes > 0 && lag.bytes > bytes) reasons.push(`${lag.bytes} bytes of the master's stream wait to be run, the limit is ${bytes}`);
  return { ready: reasons.length === 0, reasons };
}

function shareOf({ loadedBytes, totalBytes }: { readonly loadedBytes: number; readonly totalBytes: number }): string {
  return totalBytes === 0 ? "" : ` (${Math.floor((Math.min(loadedBytes, totalBytes) / totalBytes) * 100)} %)`;
}
