/**
 * The master's side: which replicas there are, what each of them gets, and what it has acknowledged. A replica gets an image (full-sync.ts)
 * and then the journal from the image's offset on, or the journal alone where that still has what it lacks. Each replica is a cursor in it.
 */

import { assert, guard } from "../../assert.ts";
import { commandError } from "../../errors.ts";
import { describeClient } from "../../session/client-info.ts";
import { type Session, SessionKind } from "../../session/session.ts";
import type { OutputLimit } from "../../transport/output-buffer.ts";
import type { ReplicationContext } from "../context.ts";
import type { History } from "../history.ts";
import { encodeNote } from "../note.ts";
import type { Stops } from "../stops.ts";
import { Channels } from "./channels.ts";
import { FileSync, type FullSync, StreamedSync, type SyncEvents } from "./full-sync.ts";
import { Replica, ReplicaState } from "./replica.ts";
import { UnreadableData } from "./unreadable.ts";

const PING = Buffer.from("*1\r\n$4\r\nPING\r\n");
const GETACK = Buffer.from("*3\r\n$8\r\nREPLCONF\r\n$6\r\nGETACK\r\n$1\r\n*\r\n");
const NEWLINE = Buffer.from("\n");

export class Replicas implements SyncEvents {
  /** Those that asked for data, oldest first. */
  readonly list: Replica[] = [];
  readonly channels: Channels;
  private readonly server: ReplicationContext;
  private readonly history: History;
  private readonly stops: Stops;
  /** What clients said about themselves, whether they are replicas yet or not. */
  private readonly known = new Map<Session, Replica>();
  private readonly unreadable: UnreadableData;
  private sync: FullSync | null = null;
  private startScheduled = false;
  private flushScheduled = false;
  private acknowledgementsWanted = false;
  /** The offset that `askLagging` asked for, and that behind its question. */
  private askedFor = 0;
  private askedUntil = -1;
  /** Redis counts its start, when no replica is there yet, as the first of them: no ping comes before a whole period is over. */
  private seconds = 1;
  /** Since when there is no replica, in ms since 1970. */
  private emptySince = Date.now();
  /** Function libraries that no stream has were changed: replicas that want to be told have not been yet. */
  private notesWanted = false;
  private readonly unsubscribe: () => void;

  constructor(server: ReplicationContext, history: History, stops: Stops) {
    this.server = server;
    this.history = history;
    this.stops = stops;
    this.unreadable = new UnreadableData(server);
    this.channels = new Channels(server, history);
    const endAppends = server.journal.onAppend(() => this.scheduleFlush());
    const endChanges = server.functions.privileged.onChange(() => {
      this.notesWanted = true;
      this.scheduleFlush();
    });
    this.unsubscribe = () => {
      endAppends();
      endChanges();
    };
  }

  /** What is known of a client as a replica. */
  of(session: Session): Replica {
    let replica = this.known.get(session);
    if (replica === undefined) {
      replica = new Replica(session);
      this.known.set(session, replica);
    }
    return replica;
  }

  get count(): number {
    return this.list.length;
  }

  /** Whether an image is being made that goes to no file. */
  get streaming(): boolean {
    return this.sync?.streamed === true;
  }

  private countOnline(counts: (replica: Replica) => boolean): number {
    let count = 0;
    for (const replica of this.list) if (replica.state === ReplicaState.ONLINE && counts(replica)) count++;
    return count;
  }

  /** How many have acknowledged everything up to `offset`. */
  countAcknowledged(offset: number): number {
    return this.countOnline((replica) => replica.acknowledged >= offset);
  }

  /** How many have everything up to `offset` in an append-only file on disk. */
  countFlushed(offset: number): number {
    return this.countOnline((replica) => replica.flushed >= offset);
  }

  /** How many have acknowledged something in the last `maxLag` seconds. */
  countGood(maxLag: number, now: number): number {
    return this.countOnline((replica) => replica.lag(now) <= maxLag);
  }

  /**
   * Those that have not acknowledged all that was written; they are asked to, but in a pause. For a server that wants to stop: nothing is
   * written from then on.
   */
  askLagging(): readonly Replica[] {
    const { journal, pauses } = this.server;
    if (journal.offset !== this.askedUntil && this.lagging.length > 0) {
      this.askedFor = journal.offset;
      if (!journal.following && !pauses.active) journal.appendForReplicas(GETACK, 0, GETACK.length);
      this.askedUntil = journal.offset;
    }
    return this.lagging;
  }

  /** Those that have not acknowledged all that was written; the question of `askLagging` does not count. */
  get lagging(): readonly Replica[] {
    const { offset } = this.server.journal;
    const wanted = offset === this.askedUntil ? this.askedFor : offset;
    return this.list.filter((replica) => replica.acknowledged < wanted);
  }

  // ---- asking for data

  /** Serves PSYNC, or SYNC where `request` is null. `offset` counts bytes from 1. Errors: the replica cannot read what the data needs. */
  request(session: Session, request: { id: string; offset: number } | null): void {
    const { log, stats, config, journal } = this.server;
    const replica = this.of(session);
    log.notice(`Replica ${replica.name} asks for synchronization`);
    if (request === null) replica.legacy = true;
    else if (this.tryPartial(replica, request)) {
      stats.partialSyncsAccepted++;
      return;
    } else if (!request.id.startsWith("?")) stats.partialSyncsRefused++;
    const refusal = this.unreadable.refusal(replica);
    if (refusal !== null) throw commandError(refusal);
    const answer = request === null ? null : this.channels.answer(replica);
    if (answer !== null) return this.wantSecond(replica, answer);
    stats.fullSyncs++;
    this.attach(replica, ReplicaState.WAITING);
    if (config.values["repl-disable-tcp-nodelay"]) session.link.setNoDelay(false);
    if (!journal.hasBacklog) this.beginHistory();
    this.joinOrWait(replica);
  }

  /** The image goes over a second connection: this one is told so, and waits in Redis's protocol, or goes on as a client in Valkey's. */
  private wantSecond(replica: Replica, answer: string): void {
    if (replica.channelProtocol === "redis") this.attach(replica, ReplicaState.CHANNEL);
    if (!this.server.journal.hasBacklog) this.beginHistory();
    this.tell(replica, answer);
  }

  private attach(replica: Replica, state: ReplicaState): void {
    const { session } = replica;
    assert(replica.state === ReplicaState.NONE && replica.cursor === null, "a connection asks for data once");
    const now = Date.now();
    session.kind = SessionKind.REPLICA;
    session.link.onDrained = () => this.drained(replica);
    replica.state = state;
    replica.requestedAt = now;
    replica.progressAt = now;
    replica.acknowledgedAt = now;
    replica.blocked = session.link.outputBytes > 0;
    this.list.push(replica);
  }

  /** The journal starts to record. What was written before is in no history that anybody else has. */
  beginHistory(): void {
    const { history } = this;
    const { journal, log } = this.server;
    if (!journal.following) history.renew();
    journal.start();
    log.notice(`Replication backlog created, my new replication IDs are '${history.id}' and '${history.formerId}'`);
  }

  private tryPartial(replica: Replica, request: { id: string; offset: number }): boolean {
    const { history } = this;
    const { log, journal } = this.server;
    const { id, offset } = request;
    if (!history.covers(id, offset)) {
      if (id.startsWith("?")) log.notice(`Full resync requested by replica ${replica.name}`);
      else if (history.knows(id)) {
        const upTo = history.formerOffset;
        log.notice(`Partial resynchronization not accepted: Requested offset for second ID was ${offset}, but I can reply up to ${upTo}`);
      } else {
        log.notice(
          `Partial resynchronization not accepted: Replication ID mismatch (Replica asked for '${id}', my replication IDs are '${history.id}' and '${history.formerId}')`,
        );
      }
      return false;
    }
    const from = offset - 1;
    if (!journal.hasBacklog || from < journal.backlogStart || from > journal.offset) {
      log.notice(`Unable to partial resync with replica ${replica.name} for lack of backlog (Replica request was: ${offset}).`);
      if (from > journal.offset) {
        log.warning(`Warning: replica ${replica.name} tried to PSYNC with an offset that is greater than the master replication offset.`);
      }
      return false;
    }
    this.attach(replica, ReplicaState.ONLINE);
    this.tell(replica, replica.psync2 ? `+CONTINUE ${history.id}\r\n` : "+CONTINUE\r\n");
    replica.cursor = journal.open(from);
    replica.state = this.channels.joined(replica);
    this.tellFunctions(replica);
    log.notice(
      `Partial resynchronization request from ${replica.name} accepted. Sending ${journal.offset - from} bytes of backlog starting from offset ${offset}.`,
    );
    this.scheduleFlush();
    this.server.blocked.scheduleCheck();
    return true;
  }

  /** Says something before anything else is sent: the socket is empty, and takes a line. */
  private tell(replica: Replica, text: string): void {
    const bytes = Buffer.from(text, "latin1");
    if (replica.offer(bytes, 0, bytes.length) < bytes.length) replica.session.link.destroy();
  }

  private joinOrWait(replica: Replica): void {
    const { log, config } = this.server;
    const { sync } = this;
    const fellow = sync === null ? undefined : this.list.find((other) => sync.has(other));
    if (sync !== null && fellow !== undefined && this.canShare(replica, fellow) && sync.join(replica)) {
      log.notice("Waiting for end of BGSAVE for SYNC");
      this.promise(replica, fellow.cursor?.offset ?? -1);
    } else if (sync !== null) {
      log.notice(
        sync.streamed
          ? "Current BGSAVE has socket target. Waiting for next BGSAVE for SYNC"
          : "Can't attach the replica to the current BGSAVE. Waiting for next BGSAVE for SYNC",
      );
    } else if (this.streams([replica]) && config.values["repl-diskless-sync-delay"] > 0 && !this.isDue()) {
      log.notice("Delay next BGSAVE for diskless SYNC");
    } else {
      this.scheduleStart();
    }
  }

  /** Whether an image that was begun for `fellow` has all that `replica` needs; its place in the journal must still be known, too. */
  private canShare(replica: Replica, fellow: Replica): boolean {
    const begun = fellow.state === ReplicaState.IMAGE && fellow.cursor !== null;
    return begun && this.oneImageServes(replica, fellow) && (replica.eof || !fellow.eof);
  }

  // ---- images

  /** The form of images differs only where hashes have times of fields. */
  private oneImageServes(one: Replica, other: Replica): boolean {
    return one.wantsSameAs(other) && (one.family === other.family || !this.server.keyspace.hasFieldTimes);
  }

  private scheduleStart(): void {
    if (this.startScheduled) return;
    this.startScheduled = true;
    this.later(() => {
      this.startScheduled = false;
      this.startSync();
    });
  }

  /** Those that wait and want the same as the first. */
  private waiting(): Replica[] {
    const waiting = this.list.filter((replica) => replica.state === ReplicaState.WAITING);
    return waiting.filter((replica) => this.oneImageServes(replica, waiting[0]));
  }

  /** Whether an image for these goes straight to their sockets. */
  private streams(replicas: readonly Replica[]): boolean {
    // The file of the data set is of Redis's form.
    const notOfFile = replicas.some(({ parts, family }) => parts !== null || (family === "valkey" && this.server.keyspace.hasFieldTimes));
    const wanted = this.server.config.values["repl-diskless-sync"] || notOfFile;
    return wanted && replicas.every((replica) => replica.eof);
  }

  /** Whether those that wait have waited long enough for others to join them. */
  private isDue(): boolean {
    const { values } = this.server.config;
    const waiting = this.waiting();
    if (waiting.length === 0) return false;
    // A file that is being saved for others is not of this moment.
    if (!this.streams(waiting)) return !this.server.persistence.saving;
    const enough = values["repl-diskless-sync-max-replicas"];
    if (enough > 0 && waiting.length >= enough) return true;
    const longest = Date.now() - Math.min(...waiting.map((replica) => replica.requestedAt));
    return longest >= values["repl-diskless-sync-delay"] * 1000;
  }

  private startSync(): void {
    if (this.sync !== null || !this.isDue()) return;
    assert(this.history.id !== "" && this.server.journal.hasBacklog, "an image is worth nothing without the stream that goes on from it");
    const { journal, log, persistence } = this.server;
    const replicas = this.waiting();
    const streamed = this.streams(replicas);
    const second = replicas.some(({ session }) => session.imageChannel) ? " (rdb-channel)" : "";
    log.notice(`Starting BGSAVE for SYNC with target: ${streamed ? "replicas sockets" : "disk"}${second}`);
    const { offset } = journal;
    // Replicas that have just joined do not know which database is selected. A master's stream passed on cannot say: the image does.
    if (!journal.following) journal.forgetSelected();
    for (const replica of replicas) this.promise(replica, offset);
    this.sync = streamed ? new StreamedSync(this, replicas, persistence) : new FileSync(this, replicas, persistence);
    // Replicas that ask for parts of the data set ask for functions, or for nothing but the form.
    const [{ parts, family }] = replicas;
    this.sync.begin({ data: parts === null, functions: parts === null || parts.functions, family });
  }

  /** An image of the data at `offset` is being made for this replica; the stream will go on from there. */
  private promise(replica: Replica, offset: number): void {
    const { journal } = this.server;
    assert(replica.state === ReplicaState.WAITING, "a replica is promised an image once it has asked for one, and once only");
    assert(
      offset >= journal.firstOffset && offset <= journal.offset,
      "the stream goes on from the image's offset: what follows must be kept",
    );
    replica.state = ReplicaState.IMAGE;
    // Of one that wants no stream there is nothing to be heard of it.
    replica.owesTimes = this.server.keyspace.hasFieldTimes && !replica.imageOnly;
    replica.progressAt = Date.now();
    if (!replica.imageOnly) replica.cursor = journal.open(offset);
    this.tellFunctions(replica);
    if (replica.session.imageChannel) {
      const main = this.channels.begun(replica, offset);
      if (main !== null) this.tellFunctions(main);
      this.scheduleFlush();
    }
    if (!replica.legacy || replica.session.imageChannel) this.tell(replica, this.channels.announcement(replica, offset));
  }

  delivered(replica: Replica, sync: FullSync): void {
    const { log } = this.server;
    if (replica.imageOnly) {
      log.notice(`RDB transfer completed, rdb only replica (${replica.name}) should be disconnected asap`);
      replica.state = ReplicaState.NONE;
      replica.delivered = true;
      if (replica.main?.inParallel === true) this.putOnline(replica.main);
      replica.session.link.closeAfterReply();
      return;
    }
    if (sync.streamed)
      log.notice(
        `Streamed RDB transfer with replica ${replica.name} succeeded (socket). Waiting for REPLCONF ACK from replica to enable streaming`,
      );
    assert(replica.cursor !== null, "what was written since the image was begun is kept for its replicas");
    replica.awaitsAcknowledgement = sync.streamed;
    this.putOnline(replica);
    this.scheduleFlush();
  }

  private putOnline(replica: Replica): void {
    replica.state = ReplicaState.ONLINE;
    replica.acknowledgedAt = Date.now();
    this.server.log.notice(`Synchronization with replica ${replica.name} succeeded`);
    this.server.blocked.scheduleCheck();
  }

  ended(sync: FullSync, error: Error | null): void {
    if (this.sync !== sync) return;
    this.sync = null;
    if (error === null && sync.streamed) this.stops.at("after-fork");
    if (error !== null) {
      for (const replica of sync.replicas) {
        this.server.log.warning(`SYNC failed. BGSAVE for replica ${replica.name}: ${error.message}`);
        replica.owesTimes = false;
        replica.session.link.destroy();
      }
    }
    if (this.list.some((replica) => replica.state === ReplicaState.WAITING)) this.scheduleStart();
  }

  // ---- the stream

  private scheduleFlush(): void {
    if (this.flushScheduled) return;
    this.flushScheduled = true;
    this.later(() => this.flush());
  }

  /** Does `work` once this tick is over. */
  private later(work: () => void): void {
    setImmediate(() => guard(work, this.server.broken));
  }

  /** Sends each replica what it lacks, as far as its socket takes it. */
  private flush(): void {
    const { journal } = this.server;
    this.flushScheduled = false;
    journal.flushed();
    if (this.acknowledgementsWanted && !this.server.pauses.active) {
      this.acknowledgementsWanted = false;
      if (!journal.following && this.list.length > 0) journal.appendForReplicas(GETACK, 0, GETACK.length);
    }
    if (this.notesWanted) for (const replica of this.list) this.tellFunctions(replica);
    this.notesWanted = false;
    const now = Date.now();
    for (const replica of [...this.list]) {
      this.feed(replica);
      if (replica.blocked) this.checkLimit(replica, now);
    }
  }

  /** Has the replica told which function libraries there are that the stream does not have, once it has all that the stream has now. */
  private tellFunctions(replica: Replica): void {
    const { journal, functions } = this.server;
    if (!replica.wantsFunctions || replica.cursor === null || !functions.privileged.enabled) return;
    replica.tell(encodeNote(functions.privileged.texts()), journal.offset);
  }

  private feed(replica: Replica): void {
    const { cursor } = replica;
    if (!replica.streams || cursor === null || replica.blocked) return;
    const { journal, stats } = this.server;
    const from = cursor.offset;
    let until = from;
    do {
      until = replica.sendNote(cursor);
      if (cursor.offset === until) break;
      journal.read(cursor, (bytes, start, end) => replica.offer(bytes, start, Math.min(end, start + until - cursor.offset)));
    } while (cursor.offset === until && !replica.blocked);
    assert(cursor.offset >= from && cursor.offset <= journal.offset, "a replica's offset never goes back and is at most ours");
    stats.replicationBytesOut += cursor.offset - from;
  }

  private drained(replica: Replica): void {
    replica.blocked = false;
    if (this.sync?.has(replica)) this.sync.pump(replica);
    else this.feed(replica);
  }

  /** How many bytes of the stream a replica has not been sent; 0 for any other client. */
  behind(session: Session): number {
    const cursor = this.known.get(session)?.cursor ?? null;
    return cursor === null ? 0 : this.server.journal.offset - cursor.offset;
  }

  /** client-output-buffer-limit replica: how far a replica may be behind. */
  private checkLimit(replica: Replica, now: number): void {
    const { cursor, session } = replica;
    if (cursor === null) return;
    const { config, journal, log, stats } = this.server;
    const behind = this.behind(session);
    assert(behind >= 0 && replica.acknowledged <= journal.offset, "a replica is not ahead of its master");
    const limits: OutputLimit = config.values["client-output-buffer-limit"].replica;
    // What the backlog keeps anyway costs nothing.
    const hard = limits.hard === 0 ? Number.POSITIVE_INFINITY : Math.max(limits.hard, journal.retain);
    const passedSoft = limits.soft > 0 && behind >= limits.soft;
    const second = Math.floor(now / 1000);
    if (!passedSoft) replica.behindSince = 0;
    else if (replica.behindSince === 0) replica.behindSince = second;
    const tooLong = passedSoft && second - replica.behindSince > limits.softSeconds;
    if (behind < hard && !tooLong) return;
    stats.outputLimitDisconnects++;
    const description = describeClient(session, now, { behind }).trimEnd();
    log.warning(`Client ${description} scheduled to be closed ASAP for overcoming of output buffer limits.`);
    replica.owesTimes = false;
    this.channels.forget(session);
    session.link.destroy();
  }

  /** Has all replicas asked, once this tick is over, how far they are; in a pause once that has ended. */
  requestAcknowledgements(): void {
    this.acknowledgementsWanted = true;
    this.scheduleFlush();
  }

  /** A pause has ended: what could not be asked meanwhile is asked now. */
  pauseEnded(): void {
    if (this.acknowledgementsWanted) this.scheduleFlush();
  }

  /** A replica says that it has run everything up to `offset`, and has on disk what stands before `flushed`. */
  acknowledge(session: Session, offset: number, flushed = -1): void {
    const replica = this.known.get(session);
    if (replica === undefined || replica.session.kind !== SessionKind.REPLICA) return;
    // What it cannot have, it has not run: WAIT counts on that.
    replica.acknowledged = Math.max(replica.acknowledged, Math.min(offset, this.server.journal.offset));
    if (flushed > replica.flushed) replica.flushed = flushed;
    if (replica.owesTimes && replica.state === ReplicaState.ONLINE) {
      replica.owesTimes = false;
      this.unreadable.loaded(replica);
    }
    replica.acknowledgedAt = Date.now();
    if (replica.inParallel) this.putOnline(replica);
    if (replica.awaitsAcknowledgement && replica.state === ReplicaState.ONLINE) {
      replica.awaitsAcknowledgement = false;
      this.scheduleFlush();
    }
    this.server.blocked.scheduleCheck();
  }

  // ---- leaving

  /** The client is gone. */
  closed(session: Session): void {
    const replica = this.known.get(session);
    if (replica === undefined) return;
    this.known.delete(session);
    if (replica.owesTimes && !replica.legacy && this.list.includes(replica)) this.unreadable.failed(replica);
    this.detach(replica);
  }

  private detach(replica: Replica): void {
    // Half a synchronization is none: the replica makes another attempt.
    this.channels.left(replica)?.session.link.destroy();
    const at = this.list.indexOf(replica);
    if (at < 0) return;
    this.server.log.notice(`Connection with replica ${replica.session.imageChannel ? "(rdbchannel) " : ""}${replica.name} lost.`);
    this.list.splice(at, 1);
    replica.session.link.onDrained = null;
    replica.state = ReplicaState.NONE;
    if (replica.cursor !== null && replica.leftAt === 0) {
      this.server.journal.close(replica.cursor);
      replica.cursor = null;
    }
    this.sync?.leave(replica);
    if (this.list.length === 0) this.emptySince = Date.now();
    this.server.blocked.scheduleCheck();
  }

  /** Sends all replicas away: they come back and hear what has changed. */
  disconnectAll(): void {
    for (const replica of [...this.list]) {
      this.detach(replica);
      replica.session.link.destroy();
    }
    this.channels.forgetAll();
  }

  /** The journal is not read any more. */
  stop(): void {
    this.unsubscribe();
  }

  /** The time without replicas counts from now. */
  restartBacklogClock(): void {
    this.emptySince = Date.now();
  }

  // ---- once a second

  cron(now: number): void {
    const { journal, config, persistence, pauses } = this.server;
    const { values } = config;
    const pinged = this.list.length > 0 && !journal.following && !pauses.has("failover_in_progress");
    if (pinged && this.seconds % values["repl-ping-replica-period"] === 0) {
      journal.appendForReplicas(PING, 0, PING.length);
    }
    this.seconds++;
    for (const replica of [...this.list]) {
      this.keepAlive(replica);
      this.checkTimeout(replica, now, values["repl-timeout"] * 1000);
      this.checkLimit(replica, now);
    }
    for (const replica of this.channels.departed(now)) this.checkLimit(replica, now);
    this.releaseBacklog(now, values["repl-backlog-ttl"] * 1000);
    if (this.isDue()) this.startSync();
    if (this.list.every((replica) => replica.state === ReplicaState.ONLINE)) persistence.removeSyncFile();
  }

  /** A replica that waits for its image hears an empty line a second; one that gets it as it is made must not. */
  private keepAlive(replica: Replica): void {
    const waits = replica.state === ReplicaState.WAITING || (replica.state === ReplicaState.IMAGE && this.sync?.streamed === false);
    if (waits && !replica.blocked) replica.offer(NEWLINE, 0, NEWLINE.length);
  }

  private checkTimeout(replica: Replica, now: number, timeoutMs: number): void {
    const { log } = this.server;
    if (replica.state === ReplicaState.ONLINE) {
      if (replica.legacy || now - replica.heardAt <= timeoutMs) return;
      log.warning(`Disconnecting timedout replica (streaming sync): ${replica.name}`);
    } else {
      const alone = replica.state === ReplicaState.CHANNEL && replica.channel === null;
      const receives = replica.state === ReplicaState.FILE || (replica.state === ReplicaState.IMAGE && this.sync?.streamed === true);
      if (!alone && (!receives || !replica.blocked)) return;
      if (now - replica.progressAt <= timeoutMs) return;
      log.warning(`Disconnecting timedout replica (full sync): ${replica.name}`);
    }
    this.detach(replica);
    replica.session.link.destroy();
  }

  /** A master without replicas forgets the past after a while. What it writes from then on is in no other server's history. */
  private releaseBacklog(now: number, ttlMs: number): void {
    const { journal, log } = this.server;
    const needed = this.list.length > 0 || this.channels.unjoinedCount > 0 || journal.hasReaders;
    if (needed || ttlMs === 0 || !journal.hasBacklog || journal.following || now - this.emptySince <= ttlMs) return;
    this.history.renew();
    journal.stop();
    log.notice(`Replication backlog freed after ${ttlMs / 1000} seconds without connected replicas.`);
  }
}
