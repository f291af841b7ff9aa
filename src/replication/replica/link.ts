/**
 * The link of a replica to its master: one connection after another, each through handshake, image and stream, until the server stops
 * following. A lost link is tried again at once, and after that once a second, forever; later where the data itself is what fails
 * (setbacks.ts). Where the history can be continued, it is. The image may come over a connection of its own (two-connections.ts).
 */

import { asFailure, assert, guard, guardLater } from "../../assert.ts";
import type { MasterAddress } from "../../config/special-kinds.ts";
import { ProtocolError } from "../../protocol/protocol-error.ts";
import { Session, SessionKind } from "../../session/session.ts";
import type { ReplicationContext } from "../context.ts";
import type { Failover } from "../failover.ts";
import type { History } from "../history.ts";
import type { Replicas } from "../master/master.ts";
import type { OwnDeadlines } from "../own-deadlines.ts";
import type { Stops } from "../stops.ts";
import { MasterConnection, routeTo } from "./connection.ts";
import { Handshake, type Outcome, type SendWords, Step } from "./handshake.ts";
import { type ImagePoint, Join } from "./image-channel.ts";
import { LINE_LIMIT, LineReader, LineTooLong } from "./lines.ts";
import { LinkState, NEXT } from "./link-state.ts";
import { sessionLink } from "./master-session.ts";
import type { Payload } from "./payload.ts";
import { Setbacks } from "./setbacks.ts";
import { DivergenceError, MasterStream } from "./stream.ts";
import { Transfer } from "./transfer.ts";
import { TwoConnections } from "./two-connections.ts";

const NEWLINE = Buffer.from("\n");
/** Attempts follow each other no faster than this, in ms. */
const RETRY_MS = 1000;

/** Other parts of replication (replication.ts) that a link has to do with. */
export interface Neighbours {
  readonly replicas: Replicas;
  readonly failover: Failover;
  readonly ownDeadlines: OwnDeadlines;
  readonly stops: Stops;
}

export class MasterLink {
  readonly address: MasterAddress;
  state: LinkState = LinkState.CONNECT;
  /** When the link was lost, in ms since 1970; 0 while it has never been up, or is. */
  downSince = 0;
  /** When the master was last heard of, in ms since 1970. */
  lastHeard = 0;
  stream: MasterStream | null = null;
  readonly setbacks: Setbacks;
  /** Most bytes of the stream that have waited at a time for an image to be loaded. */
  waitingPeak = 0;
  private readonly server: ReplicationContext;
  private readonly history: History;
  private readonly replicas: Replicas;
  private readonly failover: Failover;
  private readonly ownDeadlines: OwnDeadlines;
  private readonly stops: Stops;
  private connection: MasterConnection | null = null;
  private attemptAt = 0;
  private stopped = false;
  private handshake: Handshake | Join | null = null;
  private lines = new LineReader();
  private full: { id: string; offset: number; acknowledges: boolean } | null = null;
  private transfer: Transfer | null = null;
  /** While the image comes over a second connection, and what the first one brought meanwhile has not been run. */
  private second: TwoConnections | null = null;
  /** The last second connection could not be made, or came to nothing before its image: the next image comes over the first one. */
  private channelFailed = false;
  /** Why the connection ended while the image, all of it, was being loaded, or what came meanwhile run; null while it has not. */
  private lostMeanwhile: string | null = null;
  /** The master as a client: what it has selected and queued. Outlives a lost connection, for the history may go on. */
  private session: Session | null = null;
  private database = 0;
  private resumable: boolean;
  private acknowledges = true;
  /** Whether the master was asked for notes. */
  private takesNotes = false;

  /** `point`: whether the data here is a point of `history`, and the database that the stream had selected there. */
  constructor(
    server: ReplicationContext,
    history: History,
    { replicas, failover, ownDeadlines, stops }: Neighbours,
    address: MasterAddress,
    point: { resumable: boolean; database: number },
  ) {
    this.server = server;
    this.setbacks = new Setbacks(server.log);
    this.history = history;
    this.replicas = replicas;
    this.failover = failover;
    this.ownDeadlines = ownDeadlines;
    this.stops = stops;
    this.address = address;
    this.resumable = point.resumable;
    this.database = point.database;
  }

  get connected(): boolean {
    return this.state === LinkState.CONNECTED;
  }

  /** The image of a full synchronization, or null while there is none. */
  get payload(): Payload | null {
    return this.transfer?.payload ?? null;
  }

  /** Whether the data here is a point of the history that a master could go on from, and the database selected there. */
  get resumePoint(): { resumable: boolean; database: number } {
    return { resumable: this.resumable && this.transfer?.replaced !== true, database: this.session?.database.index ?? this.database };
  }

  /** What has come of the stream and waits for an image to be loaded; null while nothing can. */
  get waiting(): TwoConnections["waiting"] | null {
    return this.second?.waiting ?? null;
  }

  get name(): string {
    return `${this.address.host}:${this.address.port}`;
  }

  // ---- connecting

  /** Tries to connect, now. */
  connect(): void {
    const { log, broken } = this.server;
    this.attemptAt = Date.now();
    this.lastHeard = this.attemptAt;
    this.setState(LinkState.CONNECTING);
    log.notice(`Connecting to MASTER ${this.name}`);
    const events = {
      opened: () => this.opened(),
      received: (chunk: Buffer) => this.receive(chunk),
      lost: (reason: string) => this.lost(reason),
    };
    this.connection = new MasterConnection(routeTo(this.address, this.server), this.server.masterTls, events, broken);
    log.notice("MASTER <-> REPLICA sync started");
  }

  private opened(): void {
    const { config, log, journal, functions } = this.server;
    const { values } = config;
    this.takesNotes = functions.privileged.admits({ isLocal: this.connection?.isLocal === true });
    this.lines = new LineReader();
    log.notice("Non blocking connect for SYNC fired the event.");
    const options = {
      ...this.introduction,
      wantsFunctions: this.takesNotes,
      failover: this.failover.inProgress,
      twoConnections: values["repl-rdb-channel"] && !this.channelFailed,
      resume: this.resumable ? { id: this.history.id, offset: journal.offset } : null,
    };
    this.channelFailed = false;
    this.handshake = new Handshake(options, log, this.send);
    this.lastHeard = Date.now();
    this.setState(LinkState.HANDSHAKE);
    this.handshake.start();
  }

  /** What every connection to the master says of this server. */
  private get introduction() {
    const { values } = this.server.config;
    return {
      user: values.masteruser,
      password: values.masterauth,
      announcedPort: values["replica-announce-port"] || (values["tls-replication"] && values["tls-port"]) || values.port,
      announcedAddress: values["replica-announce-ip"],
    };
  }

  /** Ends the link for good. */
  stop(): void {
    this.stopped = true;
    this.drop();
    this.setState(LinkState.CONNECT);
  }

  /** Ends the connections under way, whatever they are about. */
  private drop(): void {
    const { connection, second, transfer } = this;
    if (transfer?.replaced) this.resumable = false;
    this.connection = null;
    this.second = null;
    this.handshake = null;
    this.full = null;
    this.transfer = null;
    this.lostMeanwhile = null;
    connection?.close();
    second?.discard();
    transfer?.abort();
    this.leaveStream();
  }

  private leaveStream(): void {
    const { session } = this;
    if (session === null) return;
    session.transaction?.reset();
    session.closing = true;
    this.database = session.database.index;
    this.server.clients.remove(session);
    this.server.postponed.remove(session);
    this.session = null;
    this.stream?.release();
    this.stream = null;
  }

  /** The connection is gone, or given up because of `reason`. */
  private lost(reason: string): void {
    const { log } = this.server;
    const former = this.state;
    if (this.mayGoOn(reason)) {
      // What is here is loaded and run all the same, and the stream gone on with over another connection.
      this.lostMeanwhile = reason;
      this.connection?.close();
      if (this.second !== null) log.notice("After loading RDB, replica will try psync with master.");
      return;
    }
    if (former === LinkState.CONNECTED) {
      log.notice("Connection with master lost.");
      if (this.resumable) log.notice("Caching the disconnected master state.");
    } else if (former === LinkState.SYNC) log.warning(`I/O error trying to sync with MASTER: ${reason}`);
    else if (former === LinkState.HANDSHAKE) log.warning(`Master did not respond to ${this.awaited} during SYNC handshake: ${reason}`);
    else log.warning(`Error condition on socket for SYNC: ${reason}`);
    this.restart();
  }

  /** Whether there is something to do still with what came over the connection that is lost. */
  private mayGoOn(reason: string): boolean {
    const { transfer, second, session } = this;
    if (session !== null) return second !== null && !session.closing;
    if (transfer === null) return false;
    return second === null ? transfer.lost(reason) : transfer.payload.finished;
  }

  /** What the master has not answered yet. */
  private get awaited(): string {
    return this.handshake?.step ?? this.second?.step ?? "the connection";
  }

  /** Gives the connection up; the next attempt is made at once unless the last one has just been. */
  private restart(): void {
    const former = this.state;
    if (this.second !== null && former !== LinkState.CONNECTED) this.server.log.notice("Aborting rdb channel sync");
    this.drop();
    if (former === LinkState.CONNECTED) this.downSince = Date.now();
    this.setState(LinkState.CONNECT);
    const retriesAtOnce = former === LinkState.CONNECTED || former === LinkState.SYNC;
    const now = Date.now();
    if (this.stopped || !retriesAtOnce || now - this.attemptAt < RETRY_MS || now < this.setbacks.notBefore) return;
    this.server.log.notice(`Reconnecting to MASTER ${this.name}${former === LinkState.SYNC ? " after failure" : ""}`);
    this.connect();
  }

  private setState(state: LinkState): void {
    if (this.state === state) return;
    assert(NEXT[this.state].includes(state), "a link goes through connection, handshake and image to the stream, or starts again");
    this.state = state;
    if (state === LinkState.CONNECTED) {
      this.downSince = 0;
      this.setbacks.connected();
    }
    this.server.stateChanged();
  }

  // ---- what the master sends

  private heard(bytes: number): void {
    this.lastHeard = Date.now();
    this.server.stats.replicationBytesIn += bytes;
  }

  private receive(chunk: Buffer): void {
    this.heard(chunk.length);
    let at = 0;
    if (this.handshake !== null) at = this.readLines(chunk);
    if (at >= chunk.length) return;
    if (this.second !== null) {
      this.second.keep(chunk, at);
      this.waitingPeak = Math.max(this.waitingPeak, this.second.waiting.peak);
    } else if (this.state === LinkState.SYNC) this.transfer?.receive(chunk, at);
    else if (this.state === LinkState.CONNECTED) this.readStream(chunk, at);
  }

  /** Returns the offset after the last line of the handshake. */
  private readLines(chunk: Buffer): number {
    try {
      return this.lines.read(chunk, 0, (line) => {
        const outcome = this.handshake?.line(line) ?? null;
        if (outcome !== null) this.conclude(outcome);
        return this.handshake !== null;
      });
    } catch (error) {
      if (!(error instanceof LineTooLong)) throw error;
      this.server.log.warning(`The answer of MASTER to ${this.awaited} is longer than ${LINE_LIMIT} bytes: ${error.message}`);
      this.restart();
      return chunk.length;
    }
  }

  private conclude(outcome: Outcome): void {
    const { log, journal } = this.server;
    const asked = this.state === LinkState.HANDSHAKE && this.handshake?.step === Step.PSYNC;
    this.handshake = null;
    if (asked && this.failover.inProgress && !this.failover.answered(outcome.kind !== "failed")) return;
    switch (outcome.kind) {
      case "failed":
        return this.restart();
      case "continue":
        if (outcome.id !== null) {
          this.history.branch(journal.offset, outcome.id);
          // Replicas of ours reconnect and are told the new name.
          this.replicas.disconnectAll();
        }
        log.notice("MASTER <-> REPLICA sync: Master accepted a Partial Resynchronization.");
        journal.start();
        return this.follow(this.database);
      case "channel":
        return this.openChannel(outcome.mainId);
      case "joined":
        // The image has been loaded already, or will be.
        if (this.transfer === null) this.beginStream(this.database, true);
        return;
      case "full":
      case "sync":
        this.full = outcome.kind === "full" ? { ...outcome, acknowledges: true } : { id: "", offset: 0, acknowledges: false };
        this.beginTransfer(this.full, (on) => this.listen(on));
    }
  }

  private beginTransfer(point: { id: string; offset: number }, listen: (on: boolean) => void): void {
    const ended = (database: number | null) => {
      if (database !== null) return this.imageLoaded(database);
      this.setbacks.loadHasFailed();
      this.restart();
    };
    // Where all was lost half-way, what is here is no state of any data set.
    const sameHistory = point.id === this.history.id && (this.resumable || this.server.keyspace.keyCount > 0);
    this.transfer = new Transfer(this.server, this.replicas, { ended, listen }, { point, sameHistory });
    this.setState(LinkState.SYNC);
  }

  private listen(on: boolean): void {
    if (on) this.lastHeard = Date.now(); // the master was not silent: it was not listened to
    this.connection?.listen(on);
  }

  private imageLoaded(database: number): void {
    const { full, transfer, lostMeanwhile, history, second } = this;
    const { journal, appendOnly } = this.server;
    assert(full !== null && transfer !== null, "what was loaded is the image that the handshake announced");
    this.transfer = null;
    this.full = null;
    second?.imageLoaded();
    this.acknowledges = full.acknowledges;
    this.resumable = full.acknowledges;
    this.database = database;
    if (full.id === "") history.renew();
    else history.adopt(full.id);
    // Kept from now on even without replicas: this server may be promoted, and its master's replicas may come to it.
    journal.start();
    journal.rebase(full.offset);
    appendOnly.resume();
    this.lastHeard = Date.now();
    const marked = transfer.payload.marked;
    if (this.handshake === null) return this.beginStream(database, marked, transfer.rest);
    // In Valkey's protocol the first connection may not have been told yet that the stream follows.
    this.server.stateChanged();
    if (lostMeanwhile !== null) this.lost(lostMeanwhile);
  }

  /** The image is loaded: the stream follows, of which `rest` has come. `marked`: a master that streamed the image waits for word of it. */
  private beginStream(database: number, marked: boolean, rest: readonly Buffer[] = []): void {
    const { second } = this;
    this.follow(database);
    this.server.log.notice("MASTER <-> REPLICA sync: Finished with success");
    if (marked) this.acknowledge();
    if (second !== null) return void guardLater(this.runKept(second), this.server.broken);
    const { session } = this;
    for (const chunk of rest) if (this.session === session) this.readStream(chunk, 0);
    if (this.session === session) this.caughtUp();
  }

  /** What came while the image was loaded has been run. */
  private caughtUp(): void {
    const { lostMeanwhile } = this;
    this.lostMeanwhile = null;
    if (lostMeanwhile !== null) this.lost(lostMeanwhile);
    else this.listen(true);
  }

  // ---- two connections

  /** Asks for the image over a second connection; what comes over the first one from now on is the stream. */
  private openChannel(mainId: string | null): void {
    this.second = new TwoConnections(
      this.server,
      routeTo(this.address, this.server),
      { ...this.introduction, mainId, tls: this.server.masterTls, stops: this.stops },
      {
        announced: (point) => this.announced(point),
        received: (chunk, from) => this.transfer?.receive(chunk, from),
        channelLost: (reason, announced) => this.channelLost(reason, announced),
        streamFailed: (reason) => {
          this.setbacks.loadHasFailed();
          this.lost(reason);
        },
        heard: (bytes) => this.heard(bytes),
        listen: (on) => this.listen(on),
      },
    );
  }

  private announced(point: ImagePoint): void {
    this.full = { id: point.id, offset: point.offset, acknowledges: true };
    this.beginTransfer(point, (on) => {
      if (on) this.lastHeard = Date.now();
      this.second?.listen(on);
    });
    if (point.channelId !== null) this.handshake = new Join(point, this.server.log, this.stops, this.send);
  }

  private channelLost(reason: string, announced: boolean): void {
    const { log } = this.server;
    if (this.transfer?.lost(reason) === true) return;
    if (announced) log.warning(`I/O error trying to sync with MASTER: ${reason}`);
    else log.warning(`rdb channel sync failed with error: ${reason}. The next synchronization is tried over one connection.`);
    this.channelFailed = !announced;
    this.restart();
  }

  /** Runs what the stream brought while the image was loaded. */
  private async runKept(second: TwoConnections): Promise<void> {
    let failure: string | null = null;
    const take = (piece: Buffer): boolean => {
      this.readStream(piece, 0);
      return this.session?.postponed !== true && !this.server.executor.busy;
    };
    try {
      if (!(await second.run(take))) return;
    } catch (error) {
      failure = asFailure(error).message;
    }
    if (this.second !== second) return;
    this.second = null;
    second.discard();
    if (failure !== null) return this.lost(failure);
    this.acknowledge();
    this.caughtUp();
  }

  // ---- the stream

  /** The stream begins, or goes on, with `database` selected. */
  private follow(database: number): void {
    const parts = this.server;
    const databases = parts.keyspace.databases;
    assert(this.session === null, "there is one stream from a master");
    assert(parts.journal.following && parts.journal.hasBacklog, "what is run of a master's stream is kept for replicas of ours");
    const session = new Session({
      id: parts.clients.newId(),
      link: sessionLink({
        name: this.name,
        connection: this.connection,
        stream: () => this.stream,
        resume: () => queueMicrotask(() => this.goOnWithStream()),
        kill: () => this.kill(),
      }),
      database: databases[database] ?? databases[0],
      now: Date.now(),
      authenticated: true,
    });
    session.kind = SessionKind.MASTER;
    session.suspendable = false;
    parts.clients.add(session);
    this.session = session;
    this.resumable = this.acknowledges;
    this.stream = new MasterStream(session, parts, {
      offset: parts.journal.offset,
      takesNotes: this.takesNotes,
      held: () => this.goOnWithStream(),
    });
    parts.journal.follow(session.database.index);
    this.setState(LinkState.CONNECTED);
  }

  private readStream(chunk: Buffer, from: number): void {
    const { stream, session } = this;
    if (stream === null || session === null || from >= chunk.length) return;
    this.runStream(session, stream, () => stream.receive(chunk, from, chunk.length));
  }

  private goOnWithStream(): void {
    const { stream, session } = this;
    if (stream === null || session === null) return;
    guard(() => this.runStream(session, stream, () => stream.goOn()), this.server.broken);
  }

  /** Runs what has come of the stream, unless it is over already. */
  private runStream(session: Session, stream: MasterStream, work: () => void): void {
    if (this.stream !== stream) return;
    const { executor, journal } = this.server;
    session.lastActive = executor.beginBatch();
    let failure: Error | null = null;
    try {
      this.ownDeadlines.unwatched(work);
      assert(stream.offset === journal.offset, "our offsets are the master's: replicas of ours go by them");
    } catch (error) {
      if (!(error instanceof ProtocolError || error instanceof DivergenceError)) throw error;
      failure = error;
    } finally {
      journal.selectedDatabase = session.database.index;
      executor.reply.discard();
      executor.endBatch();
    }
    if (failure !== null) this.giveHistoryUp(failure);
    if (failure !== null || session.closing) this.breakOff(session);
  }

  /** The history cannot be gone on with: all of the data is needed again. */
  private giveHistoryUp(failure: Error): void {
    const { log } = this.server;
    this.resumable = false;
    if (failure instanceof ProtocolError) {
      log.warning(`Protocol error from master: ${failure.message}. The history cannot be gone on with.`);
      return;
    }
    this.setbacks.diverged(failure.message);
  }

  private breakOff(session: Session): void {
    if (this.session === session) this.lost("the stream was broken off");
  }

  /** Tells the master how far its stream has been run: REPLCONF ACK. */
  acknowledge(): void {
    if (this.stream === null || !this.acknowledges) return;
    const flushed = this.server.appendOnly.flushedOffset;
    const offset = String(this.stream.offset);
    if (flushed === -1) this.send("REPLCONF", "ACK", offset);
    else this.send("REPLCONF", "ACK", offset, "FACK", String(flushed));
  }

  // ---- once a second

  /** Watches the clock: gives up what takes longer than `timeoutMs`, connects again, keeps the master informed. */
  cron(now: number, timeoutMs: number): void {
    const { log } = this.server;
    const silent = now - this.lastHeard > timeoutMs;
    switch (this.state) {
      case LinkState.CONNECT:
        if (now >= this.setbacks.notBefore) this.connect();
        return;
      case LinkState.CONNECTING:
      case LinkState.HANDSHAKE:
        if (!silent) return;
        log.warning(`Timeout connecting to the MASTER... (waiting for ${this.awaited})`);
        this.restart();
        return this.connect();
      case LinkState.SYNC:
        // Nothing is expected of a master whose image is being loaded, or that is not listened to.
        if (silent && this.payload?.finished !== true && !this.rests) {
          log.warning(
            "Timeout receiving bulk data from MASTER... If the problem persists try to set the 'repl-timeout' parameter in redis.conf to a larger value.",
          );
          return this.restart();
        }
        // The master must not take a replica that loads for one that is gone.
        this.connection?.write(NEWLINE);
        return;
      case LinkState.CONNECTED:
        if (silent && !this.rests) {
          log.warning("MASTER timeout: no data nor PING received...");
          return this.lost("timeout");
        }
        this.acknowledge();
    }
  }

  /** Whether what the master sends is not read at the moment. */
  private get rests(): boolean {
    const { second, connection, state } = this;
    return (second !== null && state === LinkState.SYNC ? second : connection)?.paused === true;
  }

  // ---- out

  private readonly send: SendWords = (...words) => this.connection?.send(...words);

  // ---- the master as a client

  /** CLIENT KILL on the master's session: the link starts again. */
  private kill(): void {
    const { session } = this;
    if (session === null) return;
    session.closing = true;
    // The master is told now, the link once the command is over that asks for it. The end of this connection is no news then.
    this.connection?.close();
    setImmediate(() => guard(() => this.breakOff(session), this.server.broken));
  }
}
