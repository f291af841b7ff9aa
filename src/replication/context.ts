/** What replication needs of its server, declared below both so that neither imports the other. */

import type { TLSOptions } from "bun";
import type { AppendOnlyFile } from "../aof/aof.ts";
import type { Broken } from "../assert.ts";
import type { Config } from "../config/config.ts";
import type { Journal } from "../journal/journal.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import type { Log } from "../log.ts";
import type { BlockedClients } from "../session/blocked.ts";
import type { Clients } from "../session/clients.ts";
import type { Executor } from "../session/executor.ts";
import type { Pauses } from "../session/pauses.ts";
import type { PostponedClients } from "../session/postponed.ts";
import type { ServerStats } from "../session/stats.ts";
import type { Persistence } from "../snapshot/persistence.ts";

/**
 * The function libraries that no image or stream has: replicas that said they want them are told by notes (master/note.ts). Declared here
 * because those who keep them (scripting/functions) stand above.
 */
export interface PrivilegedLibraries {
  /** Whether this server has any such libraries: enable-typescript-functions. */
  readonly enabled: boolean;
  /** Whether those of another server, here on this machine or not, may be taken. */
  admits(from: { readonly isLocal: boolean }): boolean;
  /** Their texts: bytes, one character each. */
  texts(): readonly string[];
  /** Takes a master's in the place of all that there are. What cannot be loaded is logged. */
  replaceAll(texts: readonly string[]): void;
  /** Has `listener` called whenever they have changed. Returns a function that ends this. */
  onChange(listener: () => void): () => void;
}

/** The parts of a server that replication works on. `Server` is one. */
export interface ReplicationContext {
  readonly config: Config;
  readonly log: Log;
  readonly keyspace: Keyspace;
  readonly journal: Journal;
  readonly clients: Clients;
  readonly blocked: BlockedClients;
  readonly postponed: PostponedClients;
  readonly pauses: Pauses;
  readonly persistence: Persistence;
  readonly appendOnly: AppendOnlyFile;
  readonly stats: ServerStats;
  readonly executor: Executor;
  readonly functions: { readonly privileged: PrivilegedLibraries };
  /** What a master is shown over TLS (tls-replication); null: the links to it have none. */
  readonly masterTls: TLSOptions | null;
  /** The role, the link to the master or loading changed: which commands may run is decided again. */
  stateChanged(): void;
  /** An invariant of this server is broken: it logs the error and closes everything at once, before it serves or saves wrong data. */
  readonly broken: Broken;
}
