/**
 * The link of a replica to its master: one connection after another, each through handshake, image and stream, until the server stops
 * following. A lost link is tried again at once, and after that once a second, forever; later where the data itself is what fails
 * (back-off.ts). Where the history can be continued, it is.
 */

import type { Socket } from "bun";
import { NO_LINK } from "../../aof/replay.ts";
import { assert, guard } from "../../assert.ts";
import type { MasterAddress } from "../../config/special-kinds.ts";
import { Frame } from "../../protocol/frame.ts";
import { ProtocolError } from "../../protocol/protocol-error.ts";
import { isLocalAddress, Session, SessionKind, type SessionLink } from "../../session/session.ts";
import type { ReplicationContext } from "../context.ts";
import type { Failover } from "../failover.ts";
import type { History } from "../history.ts";
import type { Replicas } from "../master/master.ts";
import type { OwnDeadlines } from "../own-deadlines.ts";
import { BackOff } from "./back-off.ts";
import { Handshake, type Outcome, type SendWords, Step } from "./handshake.ts";
import type { Payload } from "./payload.ts";
import { DivergenceError, MasterStream } from "./stream.ts";
import { Transfer } from "./transfer.ts";

/** Where the link stands; the words are those of ROLE. */
export const LinkState = {
  /** Nothing under way: the next second will see a new attempt. */
  CONNECT: "connect",
  CONNECTING: "connecting",
  HANDSHAKE: "handshake",
  SYNC: "sync",
  CONNECTED: "connected",
} as const;
export type LinkState = (typeof LinkState)[keyof typeof LinkState];

const NEWLINE = Buffer.from("\n");
/** The longest line a master may answer with during the handshake. */
const LINE_LIMIT = 1024;
const LF = 0x0a;
const CR = 0x0d;
/** Attempts follow each other no faster than this, in ms. */
const RETRY_MS = 1000;

/** After the stream had to be given up no attempt is made for a time; it is the shortest again after a link that held so long, in ms. */
const STEADY_MS = 120_000;

/** Which states may follow one another. */
const NEXT: Readonly<Record<LinkState, readonly LinkState[]>> = {
  connect: [LinkState.CONNECTING],
  connecting: [LinkState.CONNECT, LinkState.HANDSHAKE],
  handshake: [LinkState.CONNECT, LinkState.SYNC, LinkState.CONNECTED],
  sync: [LinkState.CONNECT, LinkState.CONNECTED],
  connected: [LinkState.CONNECT],
};

/** Other parts of replication (replication.ts) that a link has to do with. */
export interface Neighbours {
  readonly replicas: Replicas;
  readonly failover: Failover;
  readonly ownDeadlines: OwnDeadlines;
}

export class MasterLink {
  readonly address: MasterAddress;
  state: LinkState = LinkState.CONNECT;
  /** When the link was lost, in ms since 1970; 0 while it has never been up, or is. */
  downSince = 0;
  /** When the master was last heard of, in ms since 1970. */
  lastHeard = 0;
  stream: MasterStream | null = null;
  /** Why the stream had to be given up, until the link is up again. */
  divergence: string | null = null;
  private readonly divergences = new BackOff();
  /** Images that could not be taken in, one after another. */
  private readonly failedLoads = new BackOff();
  private loadFailed = false;
  private notBefore = 0;
  private connectedAt = 0;
  private bytesIn = 0;
  private bytesOut = 0;
  private readonly server: ReplicationContext;
  private readonly history: History;
  private readonly replicas: Replicas;
  private readonly failover: Failover;
  private readonly ownDeadlines: OwnDeadlines;
  private socket: Socket<MasterLink> | null = null;
  /** Counts attempts, so that what belongs to a former one is known as such. */
  private attempt = 0;
  private attemptAt = 0;
  private stopped = false;
  private handshake: Handshake | null = null;
  private line = "";
  private full: { id: string; offset: number; acknowledges: boolean } | null = null;
  private transfer: Transfer | null = null;
  /** Why the connection ended while the image, all of it, was being loaded; null while it has not. */
  private lostWhileLoading: string | null = null;
  /** Bytes that the kernel did not take yet: commands to the master are few and short. */
  private unsent: Buffer = Buffer.alloc(0);
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
    { replicas, failover, ownDeadlines }: Neighbours,
    address: MasterAddress,
    point: { resumable: boolean; database: number },
  ) {
    this.server = server;
    this.history = history;
    this.replicas = replicas;
    this.failover = failover;
    this.ownDeadlines = ownDeadlines;
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

  get name(): string {
    return `${this.address.host}:${this.address.port}`;
  }

  // ---- connecting

  /** Tries to connect, now. */
  connect(): void {
    const { log } = this.server;
    const attempt = ++this.attempt;
    this.attemptAt = Date.now();
    this.lastHeard = this.attemptAt;
    this.setState(LinkState.CONNECTING);
    log.notice(`Connecting to MASTER ${this.name}`);
    const whileCurrent = (work: () => void): void => {
      if (attempt === this.attempt && !this.stopped) guard(work, this.server.broken);
    };
    const lost = (error: Error): void => whileCurrent(() => this.lost(error.message));
    Bun.connect<MasterLink>({
      hostname: this.address.host,
      port: this.address.port,
      data: this,
      socket: {
        open: (socket) => {
          whileCurrent(() => this.opened(socket));
          if (this.socket !== socket) socket.terminate();
        },
        data: (_, chunk) => whileCurrent(() => this.receive(chunk)),
        drain: () => whileCurrent(() => this.drain()),
        close: () => lost(new Error("connection lost")),
        error: (_, error) => lost(error),
        connectError: (_, error) => lost(error),
      },
    }).catch((error: unknown) => {
      lost(error instanceof Error ? error : new Error(String(error)));
    });
    log.notice("MASTER <-> REPLICA sync started");
  }

  private opened(socket: Socket<MasterLink>): void {
    const { config, log, journal, functions } = this.server;
    this.socket = socket;
    this.takesNotes = functions.privileged.admits({ isLocal: isLocalAddress(socket.remoteAddress) });
    socket.setNoDelay(true);
    this.unsent = Buffer.alloc(0);
    this.line = "";
    log.notice("Non blocking connect for SYNC fired the event.");
    const { values } = config;
    const options = {
      user: values.masteruser,
      password: values.masterauth,
      announcedPort: values["replica-announce-port"] || values.port,
      announcedAddress: values["replica-announce-ip"],
      wantsFunctions: this.takesNotes,
      failover: this.failover.inProgress,
      resume: this.resumable ? { id: this.history.id, offset: journal.offset } : null,
    };
    const send: SendWords = (...words) => this.sendWords(...words);
    this.handshake = new Handshake(options, log, send);
    this.lastHeard = Date.now();
    this.setState(LinkState.HANDSHAKE);
    this.handshake.start();
  }

  /** Ends the link for good. */
  stop(): void {
    this.stopped = true;
    this.drop();
    this.setState(LinkState.CONNECT);
  }

  /** Ends the connection under way, whatever it is about. */
  private drop(): void {
    this.attempt++;
    const { socket, transfer } = this;
    if (transfer?.replaced) this.resumable = false;
    this.socket = null;
    this.handshake = null;
    this.full = null;
    this.transfer = null;
    this.lostWhileLoading = null;
    socket?.terminate();
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
    this.stream = null;
  }

  /** The connection is gone, or given up because of `reason`. */
  private lost(reason: string): void {
    const { log } = this.server;
    const former = this.state;
    if (this.payload?.finished) {
      // The image is here: it is loaded all the same, and the stream gone on with over another connection.
      this.lostWhileLoading = reason;
      return;
    }
    if (former === LinkState.CONNECTED) {
      log.notice("Connection with master lost.");
      if (this.resumable) log.notice("Caching the disconnected master state.");
    } else if (former === LinkState.SYNC) log.warning(`I/O error trying to sync with MASTER: ${reason}`);
    else if (former === LinkState.HANDSHAKE)
      log.warning(`Master did not respond to ${this.handshake?.step ?? "command"} during SYNC handshake: ${reason}`);
    else log.warning(`Error condition on socket for SYNC: ${reason}`);
    this.restart();
  }

  /** Gives the connection up; the next attempt is made at once unless the last one has just been. */
  private restart(): void {
    const former = this.state;
    this.drop();
    if (former === LinkState.CONNECTED) this.downSince = Date.now();
    this.setState(LinkState.CONNECT);
    const retriesAtOnce = former === LinkState.CONNECTED || former === LinkState.SYNC;
    const now = Date.now();
    if (this.stopped || !retriesAtOnce || now - this.attemptAt < RETRY_MS || now < this.notBefore) return;
    this.server.log.notice(`Reconnecting to MASTER ${this.name}${former === LinkState.SYNC ? " after failure" : ""}`);
    this.connect();
  }

  private setState(state: LinkState): void {
    if (this.state === state) return;
    assert(NEXT[this.state].includes(state), "a link goes through connection, handshake and image to the stream, or starts again");
    this.state = state;
    if (state === LinkState.CONNECTED) {
      this.downSince = 0;
      this.connectedAt = Date.now();
      this.loadFailed = false;
      this.failedLoads.reset();
      this.divergence = null;
    }
    this.server.stateChanged();
  }

  // ---- what the master sends

  private receive(chunk: Buffer): void {
    this.lastHeard = Date.now();
    this.bytesIn += chunk.length;
    this.server.stats.replicationBytesIn += chunk.length;
    let at = 0;
    if (this.state === LinkState.HANDSHAKE) at = this.readLines(chunk);
    if (this.state === LinkState.SYNC) at = this.transfer?.receive(chunk, at) ?? chunk.length;
    if (this.state === LinkState.CONNECTED && at < chunk.length) this.readStream(chunk, at);
  }

  /** Returns the offset after the last line of the handshake. */
  private readLines(chunk: Buffer): number {
    let at = 0;
    while (at < chunk.length && this.handshake !== null) {
      const newline = chunk.indexOf(LF, at);
      const end = newline < 0 ? chunk.length : newline;
      this.line += chunk.latin1Slice(at, end);
      if (this.line.length > LINE_LIMIT) {
        this.server.log.warning(
          `The answer of MASTER to ${this.handshake.step} is longer than ${LINE_LIMIT} bytes: ${JSON.stringify(this.line.slice(0, 100))}`,
        );
        this.restart();
        return chunk.length;
      }
      if (newline < 0) return chunk.length;
      at = newline + 1;
      const text = this.line.charCodeAt(this.line.length - 1) === CR ? this.line.slice(0, -1) : this.line;
      this.line = "";
      const outcome = this.handshake.line(text);
      if (outcome !== null) this.conclude(outcome);
    }
    return at;
  }

  private conclude(outcome: Outcome): void {
    const { log, journal } = this.server;
    const asked = this.handshake?.step === Step.PSYNC;
    this.handshake = null;
    if (asked && this.failover.inProgress && !this.failover.answered(outcome.kind !== "failed")) return;
    if (outcome.kind === "failed") return this.restart();
    if (outcome.kind === "continue") {
      if (outcome.id !== null) {
        this.history.branch(journal.offset, outcome.id);
        // Replicas of ours reconnect and are told the new name.
        this.replicas.disconnectAll();
      }
      log.notice("MASTER <-> REPLICA sync: Master accepted a Partial Resynchronization.");
      journal.start();
      return this.follow(this.database);
    }
    this.full = outcome.kind === "full" ? { ...outcome, acknowledges: true } : { id: "", offset: 0, acknowledges: false };
    this.transfer = new Transfer(this.server, this.replicas, {
      ended: (database) => (database === null ? this.endFailedLoad() : this.finishLoad(database)),
      listen: (on) => {
        if (!on) return this.socket?.pause();
        this.lastHeard = Date.now(); // the master was not silent: it was not listened to
        this.socket?.resume();
      },
    });
    this.setState(LinkState.SYNC);
  }

  /** The image could not be taken in. That may be chance once; what is wrong with the next as well will be wrong with all for a while. */
  private endFailedLoad(): void {
    if (this.loadFailed) {
      const delay = this.failedLoads.failed();
      this.notBefore = Date.now() + delay;
      this.server.log.warning(
        `This is not the first image that cannot be taken in. The next is asked for in ${Math.ceil(delay / 1000)} s.`,
      );
    }
    this.loadFailed = true;
    this.restart();
  }

  private finishLoad(database: number): void {
    const { full, transfer, lostWhileLoading, history } = this;
    const { journal, appendOnly, log } = this.server;
    assert(full !== null && transfer !== null, "what was loaded is the image that the handshake announced");
    this.transfer = null;
    this.full = null;
    this.lostWhileLoading = null;
    this.acknowledges = full.acknowledges;
    if (full.id === "") history.renew();
    else history.adopt(full.id);
    // Kept from now on even without replicas: this server may be promoted, and its master's replicas may come to it.
    journal.start();
    journal.rebase(full.offset);
    appendOnly.resume();
    this.lastHeard = Date.now();
    this.follow(database);
    log.notice("MASTER <-> REPLICA sync: Finished with success");
    // A master that streamed the image waits for this before it sends anything else.
    if (transfer.payload.marked) this.acknowledge();
    const { session } = this;
    for (const chunk of transfer.rest) if (this.session === session) this.readStream(chunk, 0);
    if (this.session !== session) return;
    if (lostWhileLoading !== null) this.lost(lostWhileLoading);
    else this.socket?.resume();
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
      link: this.sessionLink(),
      database: databases[database] ?? databases[0],
      now: Date.now(),
      authenticated: true,
    });
    session.kind = SessionKind.MASTER;
    session.suspendable = false;
    parts.clients.add(session);
    this.session = session;
    this.resumable = this.acknowledges;
    const stream = new MasterStream(session, parts, {
      offset: parts.journal.offset,
      takesNotes: this.takesNotes,
      held: () => this.goOnWithStream(),
    });
    this.stream = stream;
    parts.journal.follow(session.database.index);
    this.setState(LinkState.CONNECTED);
  }

  private readStream(chunk: Buffer, from: number): void {
    const { stream, session } = this;
    if (stream === null || session === null) return;
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
    const now = Date.now();
    if (now - this.connectedAt > STEADY_MS) this.divergences.reset();
    const delay = this.divergences.failed();
    this.notBefore = now + delay;
    this.divergence = failure.message;
    log.warning(
      `The master's stream is given up, since the data here would not be the same any more. All of it is asked for again in ${Math.ceil(delay / 1000)} s.`,
    );
  }

  private breakOff(session: Session): void {
    if (this.session === session) this.lost("the stream was broken off");
  }

  /** Tells the master how far its stream has been run: REPLCONF ACK. */
  acknowledge(): void {
    if (this.stream === null || !this.acknowledges) return;
    const flushed = this.server.appendOnly.flushedOffset;
    const offset = String(this.stream.offset);
    if (flushed === -1) this.sendWords("REPLCONF", "ACK", offset);
    else this.sendWords("REPLCONF", "ACK", offset, "FACK", String(flushed));
  }

  // ---- once a second

  /** Watches the clock: gives up what takes longer than `timeoutMs`, connects again, keeps the master informed. */
  cron(now: number, timeoutMs: number): void {
    const { log } = this.server;
    const silent = now - this.lastHeard > timeoutMs;
    switch (this.state) {
      case LinkState.CONNECT:
        if (now >= this.notBefore) this.connect();
        return;
      case LinkState.CONNECTING:
      case LinkState.HANDSHAKE:
        if (!silent) return;
        log.warning(`Timeout connecting to the MASTER... (waiting for ${this.handshake?.step ?? "the connection"})`);
        this.restart();
        return this.connect();
      case LinkState.SYNC:
        // Nothing is expected of a master whose image is being loaded.
        if (silent && this.payload?.finished !== true) {
          log.warning(
            "Timeout receiving bulk data from MASTER... If the problem persists try to set the 'repl-timeout' parameter in redis.conf to a larger value.",
          );
          return this.restart();
        }
        // The master must not take a replica that loads for one that is gone.
        return this.write(NEWLINE);
      case LinkState.CONNECTED:
        if (silent) {
          log.warning("MASTER timeout: no data nor PING received...");
          return this.lost("timeout");
        }
        this.acknowledge();
    }
  }

  // ---- out

  private sendWords(...words: string[]): void {
    const frame = new Frame().encode(words);
    this.write(frame.buffer.subarray(frame.start, frame.end));
  }

  private write(bytes: Buffer): void {
    const { socket } = this;
    if (socket === null) return;
    let taken = 0;
    if (this.unsent.length === 0) taken = Math.max(0, socket.write(bytes));
    this.bytesOut += taken;
    if (taken < bytes.length) this.unsent = Buffer.concat([this.unsent, bytes.subarray(taken)]);
  }

  private drain(): void {
    const bytes = this.unsent;
    this.unsent = Buffer.alloc(0);
    if (bytes.length > 0) this.write(bytes);
  }

  // ---- the master as a client

  /** This link as the session of the master has it: what is answered to the master goes nowhere. */
  private sessionLink(): SessionLink {
    const master = this;
    const { name, socket } = this;
    const kill = () => this.kill();
    return {
      ...NO_LINK,
      remoteAddress: name,
      localAddress: socket === null ? "" : `${socket.localAddress}:${socket.localPort}`,
      get inputBytes() {
        return master.stream === null ? 0 : master.stream.received - master.stream.offset;
      },
      get outputBytes() {
        return master.unsent.length;
      },
      get outputPieces() {
        return master.unsent.length === 0 ? 0 : 1;
      },
      get bytesIn() {
        return master.bytesIn;
      },
      get bytesOut() {
        return master.bytesOut;
      },
      resume: () => queueMicrotask(() => this.goOnWithStream()),
      destroy: kill,
      closeAfterReply: kill,
    };
  }

  /** CLIENT KILL on the master's session: the link starts again. */
  private kill(): void {
    const { session } = this;
    if (session === null) return;
    session.closing = true;
    // The master is told now, the link once the command is over that asks for it. The end of this connection is no news then.
    this.attempt++;
    this.socket?.terminate();
    this.socket = null;
    setImmediate(() => guard(() => this.breakOff(session), this.server.broken));
  }
}
