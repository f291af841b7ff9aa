/**
 * What the state of the server keeps commands from: loading, a lost master, read-only replicas, memory at its limit, a shutdown that waits
 * for replicas. Each state is a bit; a command's entry has the bits that concern it, so a command that nothing stands in the way of passes
 * one test.
 */

import { type CommandError, errors } from "../errors.ts";
import { EvictionState } from "../keyspace/eviction.ts";
import { ExpiryMode } from "../keyspace/key-access.ts";
import { type Session, SessionKind } from "../session/session.ts";
import { type CommandEntry, Restriction } from "./registry.ts";
import type { ServerParts } from "./server-parts.ts";

/** Directives that the restrictions in force depend on. */
const RULE_DIRECTIVES = [
  "maxmemory",
  "replica-read-only",
  "replica-serve-stale-data",
  "min-replicas-to-write",
  "min-replicas-max-lag",
  "stop-writes-on-bgsave-error",
  "save",
] as const;

/** How long the first request of a client waits for the data set to be loaded before it is refused, in ms. */
const LOADING_PATIENCE_MS = 50;

export class Restrictions {
  /** The bits in force (`Restriction`). */
  inForce = 0;
  private readonly server: ServerParts;
  private writesPaused = false;
  /** Clients whose first request waits for the end of loading, and those that have waited long enough. */
  private readonly patient = new Map<Session, ReturnType<typeof setTimeout>>();
  private outOfPatience = new WeakSet<Session>();

  constructor(server: ServerParts) {
    this.server = server;
    server.config.onChange(RULE_DIRECTIVES, () => this.update() as undefined);
  }

  /** The role, the link to the master, loading, saving or a directive has changed: which bits are in force is decided again. */
  update(): void {
    const { config, replication, persistence, appendOnly } = this.server;
    let bits = 0;
    if (config.values.maxmemory > 0) bits |= Restriction.MEMORY;
    if (replication.restrictsWrites) bits |= Restriction.WRITE;
    if (persistence.writesRefused || appendOnly.refusal !== null) bits |= Restriction.DISK;
    if (replication.refusesStale) bits |= Restriction.STALE;
    if (persistence.loading !== null) bits |= Restriction.LOADING;
    if (this.writesPaused) bits |= Restriction.PAUSE;
    this.inForce = bits;
    if ((bits & Restriction.LOADING) === 0 && this.patient.size > 0) for (const session of this.patient.keys()) this.goOn(session);
  }

  /** Why the command may not write now, or null: no memory, a failed save, a read-only replica, too few replicas. */
  refusalToWrite(session: Session, entry: CommandEntry): CommandError | null {
    if (session.kind === SessionKind.MASTER) return null;
    const bits = concerning(session, entry) & this.inForce;
    let refusal = (bits & Restriction.MEMORY) === 0 ? null : this.memoryRefusal();
    if (refusal === null && (bits & Restriction.DISK) !== 0) refusal = this.diskRefusal;
    if (refusal === null && (bits & Restriction.WRITE) !== 0) refusal = this.server.replication.writeRefusal(session);
    return refusal;
  }

  /** Why the data may not be shown or changed now, or null: it is stale, or being loaded. */
  refusalToServe(session: Session, entry: CommandEntry): CommandError | null {
    if (session.kind === SessionKind.MASTER) return null;
    const bits = concerning(session, entry) & this.inForce;
    if ((bits & Restriction.STALE) !== 0) return errors.masterDown;
    if ((bits & Restriction.LOADING) !== 0 && !this.mayHavePatience(session)) return errors.loading;
    return null;
  }

  /** Whether the request, which nothing refuses, has to wait unanswered: for writes to go on, or a little while for the end of loading. */
  mustWait(session: Session, entry: CommandEntry): boolean {
    const bits = concerning(session, entry) & this.inForce;
    if (session.kind === SessionKind.MASTER) return false;
    if ((bits & Restriction.LOADING) !== 0) return this.beginPatience(session);
    return (bits & Restriction.PAUSE) !== 0 && session.kind !== SessionKind.REPLICA;
  }

  // ---- loading

  private mayHavePatience(session: Session): boolean {
    return session.kind === SessionKind.NORMAL && !session.queueing && !this.outOfPatience.has(session);
  }

  /**
   * The first request that a client sends while a data set is being loaded waits: the end may be near, and an error would be seen by
   * scripts that wait for the port.
   */
  private beginPatience(session: Session): boolean {
    this.outOfPatience.add(session);
    this.patient.set(
      session,
      setTimeout(() => this.goOn(session), LOADING_PATIENCE_MS),
    );
    return true;
  }

  private goOn(session: Session): void {
    clearTimeout(this.patient.get(session));
    this.patient.delete(session);
    resume(session);
  }

  // ---- pausing writes

  /** What replicas would have to be told waits from now on: writes of clients do, and expired keys are hidden, not deleted. */
  pauseWrites(): void {
    const { keyspace, replication } = this.server;
    this.writesPaused = true;
    if (!replication.isReplica) keyspace.clientExpiryMode = ExpiryMode.HIDE;
    this.update();
  }

  resumeWrites(): void {
    const { keyspace, replication, clients, blocked } = this.server;
    this.writesPaused = false;
    if (!replication.isReplica) keyspace.clientExpiryMode = ExpiryMode.DELETE;
    this.update();
    for (const session of clients) {
      if (!session.postponed || this.patient.has(session)) continue;
      if (blocked.resumePostponed(session)) session.postponed = false;
      else resume(session);
    }
  }

  // ---- refusing

  private memoryRefusal(): CommandError | null {
    const { eviction } = this.server.keyspace;
    if (!eviction.needed || !this.mayEvict) return null;
    return eviction.run() === EvictionState.STUCK ? errors.outOfMemory : null;
  }

  /** A replica is a copy of its master, however much it takes; and what is being loaded, or waits for writes to go on, must stay. */
  get mayEvict(): boolean {
    const { config, persistence } = this.server;
    if (config.values.replicaof !== null && config.values["replica-ignore-maxmemory"]) return false;
    return persistence.loading === null && !this.writesPaused;
  }

  private get diskRefusal(): CommandError | null {
    const { persistence, appendOnly } = this.server;
    return persistence.writesRefused ? errors.misconf : appendOnly.refusal;
  }
}

/** The bits that concern a request: for EXEC those of what is queued. */
function concerning(session: Session, entry: CommandEntry): number {
  return entry.runsQueue ? (session.transaction?.restrictions ?? 0) : entry.restrictions;
}

function resume(session: Session): void {
  session.postponed = false;
  session.link.resume();
}
