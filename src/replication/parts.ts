/** What replication is given by the server: the parts it works on, and ways to reach those above it. */

import type { Config } from "../config/config.ts";
import type { Journal } from "../journal/journal.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import type { Log } from "../log.ts";
import type { Reply } from "../protocol/reply.ts";
import type { BlockedClients } from "../session/blocked.ts";
import type { Clients } from "../session/clients.ts";
import type { Executor } from "../session/executor.ts";
import type { Persistence } from "../snapshot/persistence.ts";

/** Counters that INFO stats shows. */
export interface ReplicationStats {
  errorReplies: number;
  replicationBytesIn: number;
  replicationBytesOut: number;
  fullSyncs: number;
  partialSyncsAccepted: number;
  partialSyncsRefused: number;
  outputLimitDisconnects: number;
}

export interface ReplicationParts {
  readonly config: Config;
  readonly log: Log;
  readonly keyspace: Keyspace;
  readonly journal: Journal;
  readonly clients: Clients;
  readonly persistence: Persistence;
  readonly stats: ReplicationStats;
  readonly reply: Reply;
  readonly executor: Executor;
  /** The port that clients connect to, 0 for none. */
  port(): number;
  /** The role, the link or the loading state changed: what commands may run must be decided anew. */
  stateChanged(): void;
  /** The data is about to be replaced by a master's: the append-only file does not go on with that. */
  suspendAppendOnly(): void;
  /** The data is there, or never will be: the append-only file goes on. */
  resumeAppendOnly(): void;
  /** Up to where the journal is on disk in the append-only file, -1 while that is off. */
  flushedOffset(): number;
  readonly blocked: BlockedClients;
}
