/** What replication needs of its server, declared below both so that neither imports the other. */

import type { AppendOnlyFile } from "../aof/aof.ts";
import type { Broken } from "../assert.ts";
import type { Config } from "../config/config.ts";
import type { Journal } from "../journal/journal.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import type { Log } from "../log.ts";
import type { BlockedClients } from "../session/blocked.ts";
import type { Clients } from "../session/clients.ts";
import type { Executor } from "../session/executor.ts";
import type { ServerStats } from "../session/stats.ts";
import type { Persistence } from "../snapshot/persistence.ts";

/** The parts of a server that replication works on. `Server` is one. */
export interface ReplicationContext {
  readonly config: Config;
  readonly log: Log;
  readonly keyspace: Keyspace;
  readonly journal: Journal;
  readonly clients: Clients;
  readonly blocked: BlockedClients;
  readonly persistence: Persistence;
  readonly appendOnly: AppendOnlyFile;
  readonly stats: ServerStats;
  readonly executor: Executor;
  /** The role, the link to the master or loading changed: which commands may run is decided again. */
  stateChanged(): void;
  /** An invariant of this server is broken: it logs the error and closes everything at once, before it serves or saves wrong data. */
  readonly broken: Broken;
}
