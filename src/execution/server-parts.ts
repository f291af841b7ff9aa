/** The parts of a server, as commands and those who run them see it. `Server` is one; tests may make another. */

import type { TLSOptions } from "bun";
import type { Collation } from "../base/collation.ts";
import type { Comparisons } from "../compare/comparisons.ts";
import type { Inspections } from "../inspection/inspections.ts";
import type { Migrations } from "../migration/migrations.ts";
import type { UnderWay } from "../progress/under-way.ts";
import type { ReplicationContext } from "../replication/context.ts";
import type { Replication } from "../replication/replication.ts";
import type { FunctionStore } from "../scripting/functions/function-store.ts";
import type { Scripts } from "../scripting/scripts.ts";
import type { AccessControl } from "../session/acl/access-control.ts";
import type { Monitors } from "../session/monitors.ts";
import type { PubSub } from "../session/pubsub.ts";
import type { Session } from "../session/session.ts";
import type { Tracking } from "../session/tracking.ts";
import type { CallWatch } from "./call-watch.ts";
import type { LatencyHistogram } from "./latency-histogram.ts";
import type { Permissions } from "./permissions.ts";
import type { CommandTable } from "./registry.ts";

export interface ShutdownOptions {
  /** Save even without save points, do not even with them, or as they say. */
  save: "always" | "never" | "configured";
  /** Do not wait for replicas that lag. */
  now: boolean;
  /** Go on though saving failed. */
  force: boolean;
}

/** A request under way when the server broke. */
export interface RequestFacts {
  readonly session: Session;
  /** The command's full name: `config|set`. */
  readonly command: string;
  /** Of the arguments in bytes, that of the name first. */
  readonly lengths: readonly number[];
}

/** Why a server breaks off, for its bug report. */
export interface Crash {
  /** What happened, for the log. */
  readonly heading: readonly string[];
  /** Where, in JavaScript's words. */
  readonly stack: string;
  /** What the process exits with: not 0. */
  readonly code: number;
}

/** How memory that data does not need any more goes back to the system. */
interface ReturnsMemory {
  /** The share of the time, in percent, that moving data takes; 0 while nothing is moved. */
  readonly running: number;
  /** For how long data has been moved in all, and now, in ms. */
  readonly totalMs: number;
  readonly currentMs: number;
  /** Gives back at once what is free, and soon what can be made free. */
  purge(): void;
  resetStats(): void;
}

/** What a client wants to hear of the changes. */
export interface ChangeRequest {
  /** The place in the history behind which it begins (`skip`: events of what comes first that it has had); null: now. */
  readonly from: { readonly id: string; readonly offset: number; readonly db: number; readonly skip: number } | null;
  /** A pattern of keys, types as TYPE names them, a database; null: all. */
  readonly keys: Buffer | null;
  readonly types: readonly string[] | null;
  readonly db: number | null;
}

/** Clients that are pushed what changes: changes/subscribers.ts, which stands above. */
export interface SubscribesToChanges {
  /** Pushes to this client what it wants, in place of what it was pushed. Returns where that begins, or null where that is not kept any more. */
  subscribe(session: Session, request: ChangeRequest): string | null;
  /** Nothing more is pushed to this client. Returns whether anything was. */
  remove(session: Session): boolean;
}

export interface ServerParts extends ReplicationContext {
  readonly access: AccessControl;
  /** The order of strings that SORT ALPHA follows. */
  readonly collation: Collation;
  /** What users may do. */
  readonly permissions: Permissions;
  readonly pubsub: PubSub;
  readonly tracking: Tracking;
  readonly commands: CommandTable;
  readonly watch: CallWatch;
  readonly monitors: Monitors;
  /** How long the calls of all commands took, while latency-tracking is on. */
  readonly latency: LatencyHistogram;
  readonly scripts: Scripts;
  readonly functions: FunctionStore;
  /** What keeps commands from running, as the state of the server has it. */
  readonly restrictions: { scriptsMayCallAll: boolean };
  readonly replication: Replication;
  readonly comparisons: Comparisons;
  readonly migrations: Migrations;
  /** The long things under way, and how far they are. */
  readonly progress: UnderWay;
  readonly inspections: Inspections;
  readonly changeSubscribers: SubscribesToChanges;
  /** What a target of MIGRATE is shown over TLS; null: connections to them have none. */
  readonly targetTls: TLSOptions | null;
  /** 40 hexadecimal digits, new at each start. */
  readonly runId: string;
  /** ms since 1970. */
  readonly startedAt: number;
  /** The port that is listened on, 0 for none. */
  readonly port: number;
  /** Likewise for TLS. */
  readonly tlsPort: number;
  /** Ends the server once the current tick is done. Errors: CommandError when saving failed and `force` is off. Resolves to false when it goes on. */
  shutdown(options: ShutdownOptions): Promise<boolean>;
  /** Closes everything at once, saving nothing; the process may exit with `code`. */
  stop(code: number): Promise<void>;
  /** Writes a bug report to the log, if crash-log-enabled, and closes everything at once. */
  crash(crash: Crash): void;
  /** SHUTDOWN ABORT. Returns whether a shutdown was waiting for replicas; its promise resolves to false. */
  abortShutdown(): boolean;
  /** When a shutdown that is under way stops waiting for replicas, in ms since 1970; 0 while there is none. */
  readonly shutdownDeadline: number;
  /** What the cron does, for DEBUG. */
  readonly housekeeping: { activeExpiry: boolean; paused: boolean; readonly memory: ReturnsMemory };
  /** Sets the counters of all commands to 0. */
  resetCommandStats(): void;
  /** Disconnects another client at once, dropping what it has not read yet. (The one being served closes after its reply: `session.closing`.) */
  disconnect(session: Session): void;
}
