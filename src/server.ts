/** Owns every part of a server, wires them together, starts and stops them. Any number of servers may live in one process. */

import { randomBytes } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { AppendOnlyFile } from "./aof/aof.ts";
import { COMMANDS } from "./commands/command-list.ts";
import type { Config } from "./config/config.ts";
import { failureWords } from "./config/error.ts";
import { CommandError, errors } from "./errors.ts";
import { Dispatcher } from "./execution/dispatcher.ts";
import type { Host, ShutdownOptions } from "./execution/host.ts";
import { type CommandTable, Restriction } from "./execution/registry.ts";
import { Replay } from "./execution/replay.ts";
import { ServerStats } from "./execution/stats.ts";
import { Journal } from "./journal/journal.ts";
import type { Database } from "./keyspace/database.ts";
import { EventClass } from "./keyspace/events.ts";
import { EvictionState, evictionMs, evictionPolicy } from "./keyspace/eviction.ts";
import { ExpiryMode } from "./keyspace/key-access.ts";
import { Keyspace } from "./keyspace/keyspace.ts";
import { followLimits } from "./keyspace/value-limits.ts";
import { Log, LogLevel } from "./log.ts";
import { Cron, type SlicedWork } from "./process/cron.ts";
import { Shutdown } from "./process/shutdown.ts";
import { Frame } from "./protocol/frame.ts";
import { Reply } from "./protocol/reply.ts";
import type { ReplicationParts } from "./replication/parts.ts";
import { Replication } from "./replication/replication.ts";
import { BlockedClients } from "./session/blocked.ts";
import { Clients } from "./session/clients.ts";
import { PubSub, Topic } from "./session/pubsub.ts";
import { type Session, SessionKind } from "./session/session.ts";
import { Persistence } from "./snapshot/persistence.ts";
import { ClientAcceptor, type ClientHost } from "./transport/acceptor.ts";
import { Outbox } from "./transport/deferred-replies.ts";
import { ListenError, Listener, type ListenerOptions } from "./transport/listeners.ts";
import { AnswerGate } from "./transport/reply-barrier.ts";
import { COMMIT, VERSION } from "./version.ts";

/** Directives that say what commands may do. */
const RULE_DIRECTIVES = [
  "maxmemory",
  "replica-read-only",
  "replica-serve-stale-data",
  "min-replicas-to-write",
  "min-replicas-max-lag",
  "stop-writes-on-bgsave-error",
  "save",
] as const;

/** Directives that say which keys leave when memory is full. */
const EVICTION_DIRECTIVES = [
  "maxmemory",
  "maxmemory-policy",
  "maxmemory-samples",
  "maxmemory-eviction-tenacity",
  "lfu-log-factor",
  "lfu-decay-time",
] as const;

/** How many clients a tick looks at for timeouts and output limits. */
const CLIENTS_PER_TICK = 200;

export interface ServerOptions {
  /** Listen on any free port, whatever the configuration says. */
  anyPort?: boolean;
  log?: Log;
}

export class Server implements Host {
  readonly config: Config;
  readonly log: Log;
  readonly keyspace: Keyspace;
  readonly journal = new Journal();
  readonly clients = new Clients();
  readonly pubsub = new PubSub();
  readonly blocked: BlockedClients;
  readonly stats = new ServerStats();
  readonly persistence: Persistence;
  readonly appendOnly: AppendOnlyFile;
  readonly replication: Replication;
  readonly runId = randomBytes(20).toString("hex");
  readonly startedAt = Date.now();
  readonly executable = process.execPath;
  activeExpiry = true;
  cronPaused = false;
  /** Resolved with the exit code once the server has stopped. */
  readonly stopped: Promise<number>;

  private readonly options: ServerOptions;
  private readonly reply = new Reply();
  private readonly gate = new AnswerGate();
  private readonly outbox = new Outbox();
  private readonly dispatcher: Dispatcher;
  private readonly listener: Listener;
  private readonly cron: Cron;
  private readonly ending: Shutdown;
  private resolveStopped: (code: number) => void = () => {};
  private clientCursor: IterableIterator<Session> | null = null;
  private lastSecond = 0;
  private closed = false;
  private writesPaused = false;
  /** The pidfile that was written, "" for none: `dir` may change while the server runs. */
  private pidFile = "";

  constructor(config: Config, options: ServerOptions = {}) {
    const { values } = config;
    this.config = config;
    this.options = options;
    this.log = options.log ?? new Log({ level: values.loglevel, file: values.logfile === "" ? "" : resolve(values.dir, values.logfile) });
    const { promise, resolve: resolveStopped } = Promise.withResolvers<number>();
    this.stopped = promise;
    this.resolveStopped = resolveStopped;
    this.keyspace = new Keyspace({ databases: values.databases, now: this.startedAt });
    this.dispatcher = new Dispatcher(this, COMMANDS, this.reply);
    this.blocked = this.makeBlocked();
    this.persistence = new Persistence({
      config,
      log: this.log,
      keyspace: this.keyspace,
      replicationInfo: () => this.replication.historyPoint,
    });
    this.appendOnly = this.makeAppendOnlyFile();
    this.replication = new Replication(this.replicationParts());
    this.listener = new Listener(new ClientAcceptor(this.clientHost()));
    this.cron = new Cron({
      everyTick: () => this.tick(),
      works: this.backgroundWork(),
      ran: (ms) => this.stats.countCron(Math.round(ms * 1000)),
    });
    this.ending = new Shutdown({
      config,
      log: this.log,
      persistence: this.persistence,
      appendOnly: this.appendOnly,
      replication: this.replication,
      pauseWrites: () => this.pauseWrites(),
      resumeWrites: () => this.resumeWrites(),
      stop: (code) => this.stop(code),
    });
    this.journal.retain = values["repl-backlog-size"];
    this.keyspace.listener = {
      expiring: (database, key, from, length) => this.journalDeletion(database, key.subarray(from, from + length), "lazyfree-lazy-expire"),
      evicting: (database, key) => this.journalDeletion(database, key, "lazyfree-lazy-eviction"),
    };
    this.dispatcher.rules = { memory: () => this.memoryRefusal(), write: (session) => this.writeRefusal(session) };
    this.followConfig();
    this.stats.startupMemory = this.keyspace.usedBytes;
  }

  get commands(): CommandTable {
    return this.dispatcher.commands;
  }

  get port(): number {
    return this.listener.port;
  }

  get configFile(): string {
    return this.config.configFile ?? "";
  }

  // ---- starting and stopping

  /** Opens the doors, loads the data set, and serves, unless it was stopped meanwhile. Errors: ListenError, LoadError; nothing is left open then. */
  async start(): Promise<void> {
    const { values } = this.config;
    this.log.role = "M";
    this.log.notice(`Replicant ${VERSION} (commit ${COMMIT}) started, PID: ${process.pid}`);
    this.openDoors();
    if (this.options.anyPort) this.config.assign("port", [String(this.port)]);
    try {
      if (values.pidfile !== "") this.writePidFile();
      this.cron.start(values.hz);
      // Redis's test suite, and others who watch a log, wait for these words. As there, the data set comes after them.
      this.log.notice("Server initialized");
      await this.loadData();
    } catch (error) {
      await this.stop(1);
      throw error;
    }
    if (this.closed) return;
    if (values.replicaof !== null)
      this.replication.replicaOf(values.replicaof.host, values.replicaof.port, this.persistence.lastLoad.history);
    this.updateRestrictions();
    this.log.notice(`Ready to accept connections${this.port > 0 ? ` on port ${this.port}` : ""}`);
  }

  private async loadData(): Promise<void> {
    this.appendOnly.readManifest();
    const loading = this.config.values.appendonly ? this.appendOnly.load() : this.persistence.load();
    this.updateRestrictions();
    await loading;
    if (!this.closed) this.appendOnly.openOnStart();
    this.updateRestrictions();
  }

  /** As in Redis, a server without its pidfile is better than none. */
  private writePidFile(): void {
    const path = resolve(this.config.values.dir, this.config.values.pidfile);
    try {
      writeFileSync(path, `${process.pid}\n`);
      this.pidFile = path;
    } catch (error) {
      this.log.warning(`Failed to write PID file: ${failureWords(error)}`);
    }
  }

  private openDoors(): void {
    try {
      this.listener.open(this.doors());
    } catch (error) {
      // Whoever reads standard output hears of it from whoever asked for the start.
      if (error instanceof ListenError && this.log.file !== "") this.log.warning(error.message);
      throw error;
    }
  }

  private doors(): ListenerOptions {
    const { values } = this.config;
    return {
      addresses: values.bind,
      port: this.options.anyPort ? null : values.port,
      unixSocket: values.unixsocket === "" ? "" : resolve(values.dir, values.unixsocket),
      unixSocketMode: values.unixsocketperm,
    };
  }

  /** Listens where the configuration says by now. -> `complaint` when that cannot be; the doors are as they were then. */
  private moveDoors(complaint: string): string | undefined {
    const { values } = this.config;
    try {
      this.listener.reopen(values.bind, values.port);
      return undefined;
    } catch (error) {
      if (!(error instanceof ListenError)) throw error;
      this.log.warning(error.message);
      return complaint;
    }
  }

  shutdown(options: ShutdownOptions): Promise<boolean> {
    return this.ending.begin(options);
  }

  abortShutdown(): boolean {
    return this.ending.abort();
  }

  get shutdownDeadline(): number {
    return this.ending.deadline;
  }

  /** Closes everything at once, saving nothing. */
  async stop(code = 0): Promise<void> {
    this.closed = true;
    this.outbox.flush();
    this.cron.stop();
    this.listener.close();
    this.replication.stop();
    this.blocked.stop();
    await Promise.all([this.persistence.close(), this.appendOnly.close()]);
    for (const session of this.clients) session.link.destroy();
    if (this.pidFile !== "") rmSync(this.pidFile, { force: true });
    // What went wrong shall be the last word.
    if (code === 0) this.log.warning("Replicant is now ready to exit, bye bye...");
    this.resolveStopped(code);
  }

  // ---- what commands may ask for

  sleep(ms: number): void {
    Bun.sleepSync(ms);
    this.keyspace.now = Date.now();
  }

  disconnect(session: Session): void {
    // Off the list now, though the socket's end is told later: CLIENT LIST after CLIENT KILL must not show it.
    this.clients.remove(session);
    this.pubsub.unsubscribeAll(session);
    // Nor must it be served what somebody else could have.
    this.blocked.remove(session);
    session.link.destroy();
  }

  // ---- clients

  private clientHost(): ClientHost {
    const { config, clients, reply, stats, dispatcher, keyspace, log } = this;
    return {
      config,
      clients,
      reply,
      gate: this.gate,
      outbox: this.outbox,
      counters: stats,
      firstDatabase: keyspace.databases[0],
      get now() {
        return keyspace.now;
      },
      beginBatch: () => this.beginBatch(),
      endBatch: () => dispatcher.endBatch(),
      lookAhead: (session, frames, count) => keyspace.lookAhead.prepareRequests(session.database, frames, count),
      execute: (session, frame) => dispatcher.execute(session, frame),
      protocolError: (session, message) => {
        log.verbose(`Protocol error (${message}) from client id=${session.id} addr=${session.link.remoteAddress}`);
        dispatcher.fail(new CommandError(`ERR Protocol error: ${message}`));
      },
      departed: (session) => this.departed(session),
      verbose: (message) => log.verbose(message),
      warn: (message) => log.warning(message),
    };
  }

  private beginBatch(): number {
    this.dispatcher.beginBatch();
    return this.keyspace.now;
  }

  private makeBlocked(): BlockedClients {
    const { reply, dispatcher, keyspace } = this;
    const isLoading = () => this.persistence.loading !== null;
    return new BlockedClients(
      {
        reply,
        get loading() {
          return isLoading();
        },
        beginBatch: () => this.beginBatch(),
        endBatch: () => dispatcher.endBatch(),
        execute: (session, frame) => dispatcher.execute(session, frame),
        ended: (session, frame, error) => dispatcher.countEnded(session, frame, error),
      },
      keyspace.blocked,
    );
  }

  private departed(session: Session): void {
    this.blocked.remove(session);
    this.pubsub.unsubscribeAll(session);
    session.transaction?.reset();
    session.transaction = null;
    this.replication.closed(session);
  }

  private makeAppendOnlyFile(): AppendOnlyFile {
    const { config, log, keyspace, journal, persistence, gate } = this;
    return new AppendOnlyFile({
      config,
      log,
      keyspace,
      journal,
      persistence,
      gate,
      runner: new Replay({ dispatcher: this.dispatcher, reply: this.reply, keyspace, beginBatch: () => this.beginBatch() }),
      statusChanged: () => this.updateRestrictions(),
      flushed: () => this.replication.waiters.scheduleCheck(),
      fatal: () => void this.stop(1),
    });
  }

  private replicationParts(): ReplicationParts {
    const { config, log, keyspace, journal, clients, stats, reply, persistence, dispatcher } = this;
    return {
      config,
      log,
      keyspace,
      journal,
      clients,
      stats,
      reply,
      persistence,
      executor: {
        beginBatch: () => this.beginBatch(),
        execute: (session, frame) => dispatcher.execute(session, frame),
        endBatch: () => dispatcher.endBatch(),
      },
      port: () => this.port,
      stateChanged: () => this.updateRestrictions(),
      flushedOffset: () => this.appendOnly.flushedOffset,
      suspendAppendOnly: () => this.appendOnly.suspend(),
      resumeAppendOnly: () => this.appendOnly.resume(),
      disconnectBlocked: () => this.blocked.disconnectAll(),
    };
  }

  // ---- rules

  /** Which checks commands must pass at the moment. */
  private updateRestrictions(): void {
    const { config, replication, persistence, appendOnly } = this;
    let restrictions = 0;
    if (config.values.maxmemory > 0) restrictions |= Restriction.MEMORY;
    if (replication.restrictsWrites || persistence.writesRefused || appendOnly.refusal !== null) restrictions |= Restriction.WRITE;
    if (replication.refusesStale) restrictions |= Restriction.STALE;
    if (persistence.loading !== null) restrictions |= Restriction.LOADING;
    if (this.writesPaused) restrictions |= Restriction.PAUSE;
    this.dispatcher.restrictions = restrictions;
  }

  /** What replicas would have to be told waits from now on: writes of clients do, and keys whose time is over are hidden, not deleted. */
  private pauseWrites(): void {
    this.writesPaused = true;
    if (!this.replication.isReplica) this.keyspace.clientExpiryMode = ExpiryMode.HIDE;
    this.updateRestrictions();
  }

  private resumeWrites(): void {
    this.writesPaused = false;
    if (!this.replication.isReplica) this.keyspace.clientExpiryMode = ExpiryMode.DELETE;
    this.updateRestrictions();
    for (const session of this.clients) {
      if (!session.postponed) continue;
      session.postponed = false;
      if (!this.blocked.resumePostponed(session)) session.link.resume();
    }
  }

  private memoryRefusal(): CommandError | null {
    const { eviction } = this.keyspace;
    if (!eviction.needed || !this.mayEvict) return null;
    return eviction.run() === EvictionState.STUCK ? errors.outOfMemory : null;
  }

  /** A replica is a copy of its master, whatever it takes; and what is being loaded, or waits for writes to go on, must stay. */
  private get mayEvict(): boolean {
    const { values } = this.config;
    if (values.replicaof !== null && values["replica-ignore-maxmemory"]) return false;
    return this.persistence.loading === null && !this.writesPaused;
  }

  private takeEvictionSettings(): void {
    const { keyspace } = this;
    const { values } = this.config;
    const { settings } = keyspace.eviction;
    settings.policy = evictionPolicy(values["maxmemory-policy"]);
    settings.limit = values.maxmemory;
    settings.samples = values["maxmemory-samples"];
    settings.budgetMs = evictionMs(values["maxmemory-eviction-tenacity"]);
    const lfu = settings.policy?.by === "lfu";
    keyspace.lfu = lfu ? { logFactor: values["lfu-log-factor"], decayMinutes: values["lfu-decay-time"] } : null;
  }

  private writeRefusal(session: Session): CommandError | null {
    if (this.persistence.writesRefused) return errors.misconf;
    return this.appendOnly.refusal ?? this.replication.writeRefusal(session);
  }

  private followConfig(): void {
    const { config, log, journal, cron } = this;
    const { values } = config;
    followLimits(config, this.keyspace.limits);
    this.publishEvents();
    config.onChange("notify-keyspace-events", () => this.publishEvents() as undefined);
    this.takeEvictionSettings();
    config.onChange(EVICTION_DIRECTIVES, () => this.takeEvictionSettings() as undefined);
    config.onChange(RULE_DIRECTIVES, () => this.updateRestrictions() as undefined);
    config.onChange("hz", () => cron.start(values.hz) as undefined);
    config.onChange("loglevel", () => {
      log.level = LogLevel[values.loglevel];
      return undefined;
    });
    config.onChange("repl-backlog-size", () => {
      journal.retain = values["repl-backlog-size"];
      return undefined;
    });
    config.onChange("port", () => this.moveDoors("Unable to listen on this port. Check server logs."));
    config.onChange("bind", () => this.moveDoors("Failed to bind to specified addresses."));
  }

  /** Keyspace events go to channels named after the key (class K) and after the event (class E). */
  private publishEvents(): void {
    const { keyspace, pubsub } = this;
    const classes = this.config.values["notify-keyspace-events"];
    keyspace.eventClasses = classes;
    keyspace.publishEvent = (_, name, key, database) => {
      if ((classes & EventClass.KEYSPACE) !== 0)
        pubsub.publish(Topic.CHANNEL, Buffer.concat([Buffer.from(`__keyspace@${database}__:`), key]), Buffer.from(name));
      if ((classes & EventClass.KEYEVENT) !== 0)
        pubsub.publish(Topic.CHANNEL, Buffer.from(`__keyevent@${database}__:${name}`), Buffer.from(key));
    };
  }

  // ---- background

  private tick(): void {
    const now = Date.now();
    const { keyspace, stats } = this;
    keyspace.now = now;
    this.ending.tick(now);
    if (this.cronPaused) return;
    stats.sample(now);
    stats.peakMemory = Math.max(stats.peakMemory, keyspace.usedBytes);
    // One image is written to disk at a time.
    if (!this.appendOnly.rewriting) this.persistence.cron();
    this.appendOnly.cron();
    if (now - this.lastSecond >= 1000) {
      this.lastSecond = now;
      this.replication.cron(now);
    }
    this.updateRestrictions();
    // Keys that were ready while a data set was being loaded.
    this.blocked.serveBetweenTicks();
    this.lookAfterClients(now);
  }

  private backgroundWork(): readonly SlicedWork[] {
    const { keyspace } = this;
    return [
      (budgetMs) => {
        // A replica's keys are its master's to delete.
        if (!this.activeExpiry || this.cronPaused || keyspace.clientExpiryMode !== ExpiryMode.DELETE || this.persistence.loading !== null)
          return true;
        keyspace.now = Date.now();
        return keyspace.expireDue(budgetMs);
      },
      (budgetMs) => !this.config.values.activerehashing || keyspace.rehash(budgetMs),
      (budgetMs) => keyspace.lazyFree.run(budgetMs),
      () => !keyspace.eviction.needed || !this.mayEvict || keyspace.eviction.run() !== EvictionState.RUNNING,
    ];
  }

  /** A key went without a command; `lazy` is the directive that says by which command replicas delete it. */
  private journalDeletion(database: Database, key: Buffer, lazy: "lazyfree-lazy-expire" | "lazyfree-lazy-eviction"): void {
    if (!this.journal.active) return;
    const word = this.config.values[lazy] ? "UNLINK" : "DEL";
    this.journal.append(database, new Frame().encode([word, key]));
  }

  /** A bounded number of clients a tick: idle ones are disconnected, those that do not read are measured. */
  private lookAfterClients(now: number): void {
    const { timeout } = this.config.values;
    for (let looked = 0; looked < CLIENTS_PER_TICK; looked++) {
      this.clientCursor ??= this.clients[Symbol.iterator]();
      const next = this.clientCursor.next();
      if (next.done) {
        this.clientCursor = null;
        return;
      }
      const session = next.value;
      session.link.checkOutputLimit(now);
      const isBlocked = session.postponed || session.blocked || this.replication.waiters.has(session);
      const mayTimeOut = session.kind === SessionKind.NORMAL && !isBlocked;
      if (timeout > 0 && mayTimeOut && now - session.lastActive > timeout * 1000) {
        this.log.verbose("Closing idle client");
        session.link.destroy();
      }
    }
  }
}
