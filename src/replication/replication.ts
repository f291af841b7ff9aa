/**
 * Whether this server is a master or follows one, what commands may do because of that, and what ROLE and INFO say about it. The two sides
 * are replica/link.ts (towards our master) and master/master.ts (towards our replicas); replicas can have replicas.
 */

import { assert } from "../assert.ts";
import { type CommandError, errors } from "../errors.ts";
import { type Session, SessionKind } from "../session/session.ts";
import { deletingExpired } from "../snapshot/load.ts";
import type { HistoryPoint, LoadOptions } from "../snapshot/load-handler.ts";
import type { ReplicationContext } from "./context.ts";
import { Failover } from "./failover.ts";
import { History } from "./history.ts";
import { Replicas } from "./master/master.ts";
import { OwnDeadlines } from "./own-deadlines.ts";
import { MasterLink } from "./replica/link.ts";
import { Stops } from "./stops.ts";

export class Replication {
  readonly history = new History();
  readonly replicas: Replicas;
  readonly failover: Failover;
  readonly ownDeadlines: OwnDeadlines;
  readonly stops: Stops;
  /** The link to our master, or null on a master. */
  link: MasterLink | null = null;
  private readonly server: ReplicationContext;

  constructor(server: ReplicationContext) {
    this.server = server;
    this.stops = new Stops(server.log);
    this.replicas = new Replicas(server, this.history, this.stops);
    this.failover = new Failover(server, this);
    this.ownDeadlines = new OwnDeadlines(server);
    server.config.onChange(["replica-read-only"], () => this.watchDeadlines() as undefined);
  }

  get isReplica(): boolean {
    return this.link !== null;
  }

  /** The replication offset in bytes. */
  get offset(): number {
    return this.server.journal.offset;
  }

  /** Whether the data may be old and clients must not see it: replica-serve-stale-data. */
  get refusesStale(): boolean {
    return this.link !== null && !this.link.connected && !this.server.config.values["replica-serve-stale-data"];
  }

  /** Whether `writeRefusal` may have something against a write. */
  get restrictsWrites(): boolean {
    const { values } = this.server.config;
    if (this.link !== null) return values["replica-read-only"];
    return values["min-replicas-to-write"] > 0 && values["min-replicas-max-lag"] > 0;
  }

  /** Why this client may not write now, or null: a read-only replica, or too few good replicas. */
  writeRefusal(session: Session): CommandError | null {
    if (session.kind === SessionKind.MASTER || !this.restrictsWrites) return null;
    if (this.link !== null) return errors.readOnly;
    return this.goodReplicas < this.server.config.values["min-replicas-to-write"] ? errors.noReplicas : null;
  }

  get goodReplicas(): number {
    return this.replicas.countGood(this.server.config.values["min-replicas-max-lag"], Date.now());
  }

  /** Whether SYNC and PSYNC can be served: a replica passes on what it gets from its own master. */
  get canServeReplicas(): boolean {
    return this.link === null || this.link.connected;
  }

  /** Where an image of the data as it is now stands in its history; null while no replica could go on from it. */
  get historyPoint(): HistoryPoint | null {
    const { journal } = this.server;
    const { resumable, database } = this.link?.resumePoint ?? { resumable: journal.hasBacklog, database: 0 };
    return resumable || this.link?.connected ? { id: this.history.id, offset: journal.offset, streamDb: database } : null;
  }

  /** A master loads its file: keys left out because their time has passed are deletions that replicas must hear of. Returns what tells. */
  loadBegins(): Pick<LoadOptions, "expired"> {
    const { journal, keyspace, config } = this.server;
    if (config.values.replicaof !== null) return {};
    journal.start();
    return deletingExpired(keyspace);
  }

  /** A master has loaded its data. Replicas that have the history up to the point that the file names go on from there, under a new id. */
  goOn(from: HistoryPoint | null): void {
    const { journal } = this.server;
    if (from === null) return journal.stop();
    journal.advance(from.offset);
    this.history.adopt(from.id);
    this.history.branch(from.offset);
    this.replicas.restartBacklogClock();
  }

  /** Follows this master from now on. `from`: where in a history the data loaded at start stands; without it, in this server's own. */
  replicaOf(host: string, port: number, from: HistoryPoint | null = null): void {
    const { journal, log, config, blocked } = this.server;
    const former = this.link;
    if (from !== null) {
      this.history.adopt(from.id);
      journal.start();
      journal.rebase(from.offset);
    }
    // The data of a master is a point of its own history, which a new master may share.
    const point = former === null ? { resumable: journal.hasBacklog, database: from?.streamDb ?? 0 } : former.resumePoint;
    former?.stop();
    blocked.disconnectAll();
    if (former === null) {
      log.notice(
        "Before turning into a replica, using my own master parameters to synthesize a cached master: I may be able to synchronize with the new master " +
          "with just a partial transfer.",
      );
    }
    this.link = new MasterLink(this.server, this.history, this, { host, port }, point);
    config.assign("replicaof", [host, String(port)]);
    journal.following = true;
    log.role = "S";
    this.watchDeadlines();
    this.server.stateChanged();
    this.link.connect();
  }

  private watchDeadlines(): void {
    this.ownDeadlines.watch(this.link !== null && !this.server.config.values["replica-read-only"]);
  }

  /**
   * `adopt` puts another data set in the place of the one that is here. Replicas have to synchronize with it, and the append-only file begins
   * again. Errors: READONLY on a replica, whose data is its master's.
   */
  replaceData(adopt: () => void): void {
    const { journal, appendOnly, persistence, keyspace } = this.server;
    if (this.link !== null) throw errors.readOnly;
    this.replicas.disconnectAll();
    appendOnly.stop();
    journal.stop();
    void persistence.cancelBackgroundSave();
    adopt();
    this.history.renew();
    // No file of our own has this data yet: a save point must see that something happened.
    keyspace.changed();
    appendOnly.resume();
  }

  /** Becomes a master that goes on with the data it has, under a history of its own. */
  promote(): void {
    const { link, history, replicas } = this;
    if (link === null) return;
    const { journal, log, config, appendOnly } = this.server;
    assert(journal.following, "a replica's journal takes nothing but its master's stream");
    this.link = null;
    link.stop();
    config.assign("replicaof", ["no", "one"]);
    history.branch(journal.offset);
    log.notice(
      `Setting secondary replication ID to ${history.formerId}, valid up to offset: ${history.formerOffset}. New replication ID is ${history.id}`,
    );
    // They reconnect and are told the new id.
    replicas.disconnectAll();
    replicas.restartBacklogClock();
    journal.following = false;
    journal.forgetSelected();
    log.role = "M";
    appendOnly.resume();
    this.watchDeadlines();
    this.server.stateChanged();
  }

  /** To be called once a second. `now` in ms since 1970. */
  cron(now: number): void {
    this.link?.cron(now, this.server.config.values["repl-timeout"] * 1000);
    this.replicas.cron(now);
  }

  /** Ends everything, for good. */
  stop(): void {
    this.replicas.disconnectAll();
    this.link?.stop();
    this.replicas.stop();
  }
}
