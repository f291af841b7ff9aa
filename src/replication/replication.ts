/**
 * The room's face: whether this server is a master or follows one, what commands may do because of that, and what ROLE and INFO say about it. The two sides are
 * link.ts (towards our master) and master.ts (towards our replicas); both may be in use at once, for replicas have replicas.
 */

import { type CommandError, errors } from "../errors.ts";
import { ExpiryMode } from "../keyspace/key-access.ts";
import { type Session, SessionKind } from "../session/session.ts";
import type { HistoryPoint } from "../snapshot/load-handler.ts";
import { History } from "./history.ts";
import { type MasterHost, Replicas } from "./master/master.ts";
import type { ReplicationParts } from "./parts.ts";
import { type LinkHost, type MasterAddress, MasterLink } from "./replica/link.ts";

export class Replication implements LinkHost, MasterHost {
  readonly parts: ReplicationParts;
  readonly history = new History();
  readonly replicas: Replicas;
  /** The link to our master, or null on a master. */
  link: MasterLink | null = null;

  constructor(parts: ReplicationParts) {
    this.parts = parts;
    this.replicas = new Replicas(this);
  }

  // ---- who we are

  /** Whom we follow, or null on a master. */
  get master(): MasterAddress | null {
    return this.link?.address ?? null;
  }

  get isReplica(): boolean {
    return this.link !== null;
  }

  /** The replication offset in bytes. */
  get offset(): number {
    return this.parts.journal.offset;
  }

  /** Whether a full synchronisation is being loaded. */
  get loading(): boolean {
    return this.link?.loading ?? false;
  }

  /** Whether the data may be old and clients must not see it: replica-serve-stale-data. */
  get refusesStale(): boolean {
    return this.link !== null && !this.link.connected && !this.parts.config.values["replica-serve-stale-data"];
  }

  /** Whether `writeRefusal` may have something against a write. */
  get restrictsWrites(): boolean {
    const { values } = this.parts.config;
    if (this.link !== null) return values["replica-read-only"];
    return values["min-replicas-to-write"] > 0 && values["min-replicas-max-lag"] > 0;
  }

  /** Why this client may not write now, or null: a read-only replica, or too few good replicas. */
  writeRefusal(session: Session): CommandError | null {
    if (session.kind === SessionKind.MASTER) return null;
    const { values } = this.parts.config;
    if (this.link !== null) return values["replica-read-only"] ? errors.readOnly : null;
    if (values["min-replicas-to-write"] === 0 || values["min-replicas-max-lag"] === 0) return null;
    return this.goodReplicas < values["min-replicas-to-write"] ? errors.noReplicas : null;
  }

  get goodReplicas(): number {
    return this.replicas.countGood(this.parts.config.values["min-replicas-max-lag"], Date.now());
  }

  /** Where an image of the data as it is now stands in its history; null while no replica could go on from it. */
  get historyPoint(): HistoryPoint | null {
    const { journal } = this.parts;
    if (this.link === null) return journal.hasBacklog ? { id: this.history.id, offset: journal.offset, streamDb: 0 } : null;
    const { resumable, database } = this.link.resumePoint;
    return resumable || this.link.connected ? { id: this.history.id, offset: journal.offset, streamDb: database } : null;
  }

  // ---- changing sides

  /**
   * Follows the master at `host`:`port` from now on. `from`: where in a history the data stands that was loaded from a file at start; without it, this server's own.
   */
  replicaOf(host: string, port: number, from: HistoryPoint | null = null): void {
    const { journal, keyspace, log, config } = this.parts;
    const former = this.link;
    if (from !== null) {
      this.history.adopt(from.id);
      journal.start();
      journal.rebase(from.offset);
    }
    // The data of a master is a point of its own history, which a new master may share.
    const point = former === null ? { resumable: journal.hasBacklog, database: from?.streamDb ?? 0 } : former.resumePoint;
    former?.stop();
    this.parts.blocked.disconnectAll();
    if (former === null) {
      log.notice(
        "Before turning into a replica, using my own master parameters to synthesize a cached master: I may be able to synchronize with the new master " +
          "with just a partial transfer.",
      );
    }
    this.link = new MasterLink(this, { host, port }, point);
    config.assign("replicaof", [host, String(port)]);
    journal.following = true;
    keyspace.clientExpiryMode = ExpiryMode.HIDE;
    log.role = "S";
    this.changed();
    this.link.connect();
  }

  /** Becomes a master that goes on with the data it has, under a history of its own. */
  promote(): void {
    const { link, history } = this;
    if (link === null) return;
    const { journal, keyspace, log, config } = this.parts;
    this.link = null;
    link.stop();
    config.assign("replicaof", ["no", "one"]);
    history.branch(journal.offset);
    log.notice(
      `Setting secondary replication ID to ${history.formerId}, valid up to offset: ${history.formerOffset}. New replication ID is ${history.id}`,
    );
    // They come back and hear of the new id.
    this.replicas.disconnectAll();
    this.replicas.restartBacklogClock();
    journal.following = false;
    journal.forgetSelected();
    keyspace.clientExpiryMode = ExpiryMode.DELETE;
    log.role = "M";
    this.parts.resumeAppendOnly();
    this.changed();
  }

  /** Begins a new history, as if the data had come from nowhere: DEBUG CHANGE-REPL-ID. */
  renewHistory(): void {
    this.history.renew();
  }

  // ---- what the link reports

  beforeLoad(): void {
    // Nobody can go on from data that is about to be dropped.
    this.replicas.disconnectAll();
    this.parts.suspendAppendOnly();
    this.parts.journal.stop();
  }

  loaded(id: string, offset: number): void {
    const { journal } = this.parts;
    if (id === "") this.history.renew();
    else this.history.adopt(id);
    // Kept from now on even without replicas: this server may be promoted, and theirs may come to it.
    journal.start();
    journal.rebase(offset);
    this.parts.resumeAppendOnly();
  }

  renamed(id: string): void {
    this.history.branch(this.parts.journal.offset, id);
    this.replicas.disconnectAll();
  }

  changed(): void {
    this.parts.stateChanged();
  }

  // ---- what the replicas' side reports

  acknowledged(): void {
    this.parts.blocked.scheduleCheck();
  }

  /** Whether SYNC and PSYNC can be served: a replica passes on what it gets from its own master. */
  get canServeReplicas(): boolean {
    return this.link === null || this.link.connected;
  }

  // ---- clients and time

  /** The client is gone. */
  closed(session: Session): void {
    this.replicas.closed(session);
  }

  /** To be called once a second. `now` in ms since 1970. */
  cron(now: number): void {
    this.link?.cron(now, this.parts.config.values["repl-timeout"] * 1000);
    this.replicas.cron(now);
  }

  /** Ends everything, for good. */
  stop(): void {
    this.replicas.disconnectAll();
    this.link?.stop();
    this.replicas.stop();
  }
}
