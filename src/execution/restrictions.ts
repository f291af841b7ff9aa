/**
 * What the state of the server keeps commands from: loading, a lost master, read-only replicas, memory at its limit, a pause. Each state is a
 * bit; a command's entry has the bits that concern it, so a command that nothing stands in the way of passes one test.
 */

import { NO_LINK } from "../aof/replay.ts";
import { type CommandError, commandError, errors } from "../errors.ts";
import { EvictionState } from "../keyspace/eviction.ts";
import { ExpiryMode } from "../keyspace/key-access.ts";
import type { Migrations } from "../migration/migrations.ts";
import type { Frame } from "../protocol/frame.ts";
import type { ScriptRunner } from "../scripting/run.ts";
import { PauseLevel } from "../session/pauses.ts";
import { ScriptFlag } from "../session/script-flags.ts";
import { type Session, SessionKind } from "../session/session.ts";
import { canHaveKeys, keysOf } from "./key-extraction.ts";
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

/** Directives that say who may call the commands that are protected. */
const PROTECTIONS = ["enable-debug-command", "enable-module-command"] as const;

/** How long the first request of a client waits for the data set to be loaded before it is refused, in ms. */
const LOADING_PATIENCE_MS = 50;

const MISCONF_FILE =
  "MISCONF Redis is configured to persist data to AOF, but it's currently unable to persist to disk. Writable scripts are blocked. " +
  "Use 'no-writes' flag for read only scripts. AOF error: ";

const SCRIPT_ERRORS = {
  stale: commandError(
    "MASTERDOWN Link with MASTER is down, replica-serve-stale-data is set to 'no' and 'allow-stale' flag is not set on the script.",
  ),
  readOnlyReplica: commandError("READONLY Can not run script with write flag on readonly replica"),
  readOnlyCommand: commandError("ERR Can not execute a script with write flag using *_ro command."),
  snapshotFailed: commandError(
    "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. Writable scripts are blocked. " +
      "Use 'no-writes' flag for read only scripts.",
  ),
  outOfMemory: commandError("OOM allow-oom flag is not set on the script, can not run it when used memory > 'maxmemory'"),
} as const;

export class Restrictions {
  /** The bits in force (`Restriction`). */
  inForce = 0;
  /** DEBUG SET-DISABLE-DENY-SCRIPTS: scripts may call what they must not. */
  scriptsMayCallAll = false;
  private readonly server: ServerParts;
  /** Clients whose first request waits for the end of loading, and those that have waited long enough. */
  private readonly patient = new Map<Session, ReturnType<typeof setTimeout>>();
  private outOfPatience = new WeakSet<Session>();

  constructor(server: ServerParts) {
    this.server = server;
    server.config.onChange(RULE_DIRECTIVES, () => this.update() as undefined);
  }

  /** The role, the link to the master, loading, saving or a directive has changed: which bits are in force is decided again. */
  update(): void {
    const { config, replication, persistence, appendOnly, executor, pauses, migrations, keyspace } = this.server;
    let bits = executor.busy ? Restriction.BUSY : 0;
    if (config.values.maxmemory > 0) bits |= Restriction.MEMORY;
    if (replication.restrictsWrites) bits |= Restriction.WRITE;
    if (persistence.writesRefused || appendOnly.refusal !== null) bits |= Restriction.DISK;
    if (replication.refusesStale) bits |= Restriction.STALE;
    if (persistence.loading !== null) bits |= persistence.asyncLoading ? Restriction.ASYNC_LOADING : Restriction.LOADING;
    if (pauses.active) bits |= Restriction.PAUSE;
    if (pauses.level === PauseLevel.ALL) bits |= Restriction.PAUSE_ALL;
    if (migrations.active) bits |= Restriction.MIGRATION;
    if (PROTECTIONS.some((name) => config.values[name] !== "yes")) bits |= Restriction.PROTECTED;
    this.inForce = bits;
    // What replicas would have to be told must wait, too: expired keys are hidden, not deleted.
    keyspace.clientExpiryMode = replication.isReplica || pauses.active ? ExpiryMode.HIDE : ExpiryMode.DELETE;
    if ((bits & Restriction.LOADING) === 0 && this.patient.size > 0) for (const session of this.patient.keys()) this.goOn(session);
  }

  /** The bits that can keep a request from running: for EXEC those of what is queued, for EVAL those that the script says of itself too. */
  concerning(session: Session, entry: CommandEntry, frame: Frame): number {
    if (entry.runsQueue) return (session.transaction?.restrictions ?? 0) | Restriction.BUSY | Restriction.PAUSE_ALL;
    if (!entry.runsScript) return entry.restrictions;
    const { scripts, functions } = this.server;
    const flags = entry.spec.name.startsWith("fcall") ? functions.flagsOf(frame) : scripts.flagsOf(entry.spec.name, frame);
    return (flags & ScriptFlag.COMPATIBLE) !== 0 ? entry.ownRestrictions : restrictionsOfScript(flags);
  }

  /** Why the client may not call this command, whatever its user may do, or null. */
  refusalToCall(session: Session, { ownRestrictions, parent, spec }: CommandEntry): CommandError | null {
    if ((ownRestrictions & Restriction.PROTECTED) === 0) return null;
    const { name } = parent?.spec ?? spec;
    const directive = name === "debug" ? "enable-debug-command" : "enable-module-command";
    const allowed = this.server.config.values[directive];
    if (allowed === "yes" || (allowed === "local" && session.isLocal)) return null;
    return commandError(
      `ERR ${name.toUpperCase()} command not allowed. If the ${directive} option is set to "local", you can run it from a local connection, ` +
        "otherwise you need to set this option in the configuration file, and then restart the server.",
    );
  }

  /** Why a request that these bits concern may not write now, or null: no memory, a failed save, a read-only replica, too few replicas. */
  refusalToWrite(session: Session, concerning: number): CommandError | null {
    if (session.kind === SessionKind.MASTER) return null;
    const bits = concerning & this.inForce;
    let refusal = (bits & Restriction.MEMORY) === 0 ? null : this.memoryRefusal();
    if (refusal === null && (bits & Restriction.DISK) !== 0) refusal = this.diskRefusal;
    if (refusal === null && (bits & Restriction.WRITE) !== 0) refusal = this.server.replication.writeRefusal(session);
    return refusal;
  }

  /** Likewise, why the data may not be shown or changed: it is stale, or being loaded. */
  refusalToServe(session: Session, concerning: number): CommandError | null {
    if (session.kind === SessionKind.MASTER) return null;
    const bits = concerning & this.inForce;
    if ((bits & Restriction.STALE) !== 0) return errors.masterDown;
    if ((bits & Restriction.LOADING) !== 0) return this.mayHavePatience(session) ? null : errors.loading;
    if ((bits & Restriction.ASYNC_LOADING) !== 0) return errors.loading;
    if ((bits & Restriction.BUSY) !== 0) return this.server.scripts.runner.busyError;
    return null;
  }

  /**
   * Whether such a request, which nothing refuses, waits unanswered from now on: for a pause to end or for keys that are being migrated, as
   * the stream of a master does, or a little while for the end of loading.
   */
  postpones(session: Session, concerning: number, entry: CommandEntry, frame: Frame): boolean {
    const bits = concerning & this.inForce;
    if ((bits & Restriction.LOADING) !== 0 && session.kind !== SessionKind.MASTER) return this.beginPatience(session);
    if ((bits & (Restriction.PAUSE | Restriction.PAUSE_ALL | Restriction.MIGRATION)) === 0) return false;
    // What a file holds is run to its end.
    if (session.kind === SessionKind.REPLICA || session.link === NO_LINK) return false;
    const paused = (bits & (Restriction.PAUSE | Restriction.PAUSE_ALL)) !== 0;
    if (!paused && !this.concernsMigration(session, entry, frame)) return false;
    this.server.postponed.add(session);
    return true;
  }

  /** Whether a request could see or change keys that are being migrated, or must not run meanwhile. */
  private concernsMigration({ queueing, transaction }: Session, entry: CommandEntry, frame: Frame): boolean {
    if (queueing && !entry.unqueued) return false;
    const { migrations } = this.server;
    if (!entry.runsQueue || transaction === null) return concernsKeys(migrations, entry, frame);
    return transaction.queue.some((queued) => {
      const found = this.server.commands.resolve(queued);
      // A migration in a transaction stops the whole server, that of others too.
      return found !== null && (found.fullName === "migrate" || concernsKeys(migrations, found, queued));
    });
  }

  // ---- scripts

  /** Why a script with these flags may not be run for this client now, or null. Source: scriptPrepareForRun. */
  refusalOfScript(session: Session, flags: number, readOnly: boolean): CommandError | null {
    const obeyed = session.kind === SessionKind.MASTER;
    if ((flags & ScriptFlag.COMPATIBLE) !== 0) return !obeyed && (this.inForce & Restriction.STALE) !== 0 ? errors.masterDown : null;
    const { replication } = this.server;
    if (!obeyed && replication.refusesStale && (flags & ScriptFlag.ALLOW_STALE) === 0) return SCRIPT_ERRORS.stale;
    if ((flags & ScriptFlag.NO_WRITES) !== 0) return null;
    if (!obeyed && replication.isReplica && replication.restrictsWrites) return SCRIPT_ERRORS.readOnlyReplica;
    if (!obeyed && this.diskRefusal !== null) return this.scriptDiskRefusal(this.diskRefusal);
    if (readOnly) return SCRIPT_ERRORS.readOnlyCommand;
    if (!replication.isReplica && replication.writeRefusal(session) !== null) return errors.noReplicas;
    if (!obeyed && (flags & ScriptFlag.ALLOW_OOM) === 0 && this.isMemoryExhausted()) return SCRIPT_ERRORS.outOfMemory;
    return null;
  }

  private scriptDiskRefusal(refusal: CommandError): CommandError {
    if (refusal === errors.misconf) return SCRIPT_ERRORS.snapshotFailed;
    return commandError(`${MISCONF_FILE}${refusal.message.slice(refusal.message.indexOf(":") + 2)}`);
  }

  /**
   * Why the script under way may not call this command, `-CODE text` or a text without a code, or null. To be asked for a command that
   * scripts may not call, in scripts that only read, for users that may not do everything, and where restrictions in force concern it.
   * `denied`: what is forbidden to the user, if anything. Source: scriptCall.
   */
  refusalInScript(runner: ScriptRunner, entry: CommandEntry, denied: () => string | null): string | null {
    if (entry.noScript && !this.scriptsMayCallAll) return "This Redis command is not allowed from script";
    const bits = entry.ownRestrictions & this.inForce;
    if ((bits & Restriction.STALE) !== 0) return "Can not execute the command on a stale replica";
    const denial = denied();
    if (denial !== null) return `ACL failure in script: ${denial}`;
    if (runner.readOnly && (entry.isWrite || entry.mayReplicate)) return "Write commands are not allowed from read-only scripts.";
    // What has begun to write goes on, whatever happens meanwhile.
    if (runner.hasWritten || runner.caller.kind === SessionKind.MASTER) return null;
    const refusal = this.refusalToWriteInScript(runner, bits);
    return refusal === null ? null : `-${refusal.message}`;
  }

  private refusalToWriteInScript({ caller, ignoresMemory }: ScriptRunner, bits: number): CommandError | null {
    const { replication } = this.server;
    const refusal = (bits & Restriction.WRITE) === 0 ? null : replication.writeRefusal(caller);
    if (refusal === errors.readOnly) return refusal;
    if ((bits & Restriction.DISK) !== 0 && this.diskRefusal !== null) return this.diskRefusal;
    if (refusal !== null) return refusal;
    return !ignoresMemory && (bits & Restriction.MEMORY) !== 0 ? errors.outOfMemory : null;
  }

  /** Whether memory is at its limit and nothing can be evicted. */
  isMemoryExhausted(): boolean {
    return this.memoryRefusal() !== null;
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
    session.postponed = true;
    session.link.pause();
    this.patient.set(
      session,
      setTimeout(() => this.goOn(session), LOADING_PATIENCE_MS),
    );
    return true;
  }

  private goOn(session: Session): void {
    clearTimeout(this.patient.get(session));
    this.patient.delete(session);
    session.postponed = false;
    session.link.resume();
  }

  // ---- refusing

  private memoryRefusal(): CommandError | null {
    const { eviction } = this.server.keyspace;
    if (!this.mayEvict) return null;
    return eviction.run() === EvictionState.STUCK ? errors.outOfMemory : null;
  }

  /** A command that takes memory has run: what is too much goes now, as Redis has it go before the next command. */
  evict(): void {
    this.memoryRefusal();
  }

  /** A replica is a copy of its master, however much it takes; and what is being loaded must stay, and all of it during a pause. */
  get mayEvict(): boolean {
    const { config, persistence, pauses } = this.server;
    if (config.values.replicaof !== null && config.values["replica-ignore-maxmemory"]) return false;
    return persistence.loading === null && !pauses.active;
  }

  private get diskRefusal(): CommandError | null {
    const { persistence, appendOnly } = this.server;
    return persistence.writesRefused ? errors.misconf : appendOnly.refusal;
  }
}

/** Restrictions of a script that says what it does. */
function restrictionsOfScript(flags: number): number {
  const writes = (flags & ScriptFlag.NO_WRITES) === 0;
  return (
    Restriction.LOADING |
    Restriction.BUSY |
    Restriction.PAUSE_ALL |
    Restriction.MIGRATION |
    ((flags & ScriptFlag.ALLOW_STALE) === 0 ? Restriction.STALE : 0) |
    (writes ? Restriction.WRITE | Restriction.DISK | Restriction.PAUSE : 0) |
    (writes && (flags & ScriptFlag.ALLOW_OOM) === 0 ? Restriction.MEMORY : 0)
  );
}

/** Which keys a script uses is known when it is over; what names none may use all. */
function concernsKeys(migrations: Pick<Migrations, "hasKey">, entry: CommandEntry, frame: Frame): boolean {
  if (entry.runsScript || entry.awaitsMigrations) return true;
  if (!entry.touchesData) return false;
  if (!canHaveKeys(entry) || entry.spec.keys.some(({ begin }) => begin === "unknown")) return true;
  return keysOf(entry, frame).some(({ index }) => migrations.hasKey(frame.text(index)));
}
