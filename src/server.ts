/** Owns every part of a server, wires them together, starts and stops them. Any number of servers may live in one process. */

import { resolve } from "node:path";
import type { TLSOptions } from "bun";
import { AppendOnlyFile } from "./aof/aof.ts";
import { Replay } from "./aof/replay.ts";
import type { InvariantError } from "./assert.ts";
import { type Clock, systemClock } from "./base/clock.ts";
import { Collation } from "./base/collation.ts";
import { randomHex } from "./base/random.ts";
import { ChangeSubscribers } from "./changes/subscribers.ts";
import { COMMANDS } from "./commands/command-list.ts";
import { crashOf, reportCrash } from "./commands/server/crash-report.ts";
import { Comparisons } from "./compare/comparisons.ts";
import type { Config } from "./config/config.ts";
import { ConsoleEndpoint } from "./console/endpoint.ts";
import type { CallWatch } from "./execution/call-watch.ts";
import { CommandExecutor } from "./execution/executor.ts";
import type { LatencyHistogram } from "./execution/latency-histogram.ts";
import { type Permissions, ruleCommands } from "./execution/permissions.ts";
import { type CommandTable, renameCommands } from "./execution/registry.ts";
import type { Restrictions } from "./execution/restrictions.ts";
import type { Crash, ServerParts, ShutdownOptions } from "./execution/server-parts.ts";
import { Inspections } from "./inspection/inspections.ts";
import type { Purge } from "./inspection/purge.ts";
import { journalDeletions } from "./journal/deletions.ts";
import { Journal } from "./journal/journal.ts";
import { expiresFields } from "./keyspace/field-expirer.ts";
import { Keyspace } from "./keyspace/keyspace.ts";
import { followLimits } from "./keyspace/value-limits.ts";
import { Log, LogLevel } from "./log.ts";
import { Migrations } from "./migration/migrations.ts";
import { followFileLimit, limitClients } from "./process/fd-limit.ts";
import { Housekeeping } from "./process/housekeeping.ts";
import { followLocale } from "./process/locale.ts";
import { OomScore } from "./process/oom-score.ts";
import { PidFile } from "./process/pid-file.ts";
import { Shutdown } from "./process/shutdown.ts";
import { UnderWay } from "./progress/under-way.ts";
import { Reply } from "./protocol/reply.ts";
import { Replication } from "./replication/replication.ts";
import { FunctionStore } from "./scripting/functions/function-store.ts";
import { LuaEngine } from "./scripting/functions/lua-engine.ts";
import { TypeScriptEngine } from "./scripting/functions/typescript-engine.ts";
import { Scripts } from "./scripting/scripts.ts";
import { AccessControl } from "./session/acl/access-control.ts";
import { BlockedClients } from "./session/blocked.ts";
import { Clients } from "./session/clients.ts";
import { publishKeyspaceEvents } from "./session/keyspace-events.ts";
import type { Monitors } from "./session/monitors.ts";
import { Pauses } from "./session/pauses.ts";
import { PostponedClients } from "./session/postponed.ts";
import { PubSub } from "./session/pubsub.ts";
import type { Session } from "./session/session.ts";
import { ServerStats } from "./session/stats.ts";
import { Tracking } from "./session/tracking.ts";
import { Persistence } from "./snapshot/persistence.ts";
import { ClientAcceptor } from "./transport/acceptor.ts";
import { Conversations } from "./transport/conversations.ts";
import { Endpoints } from "./transport/endpoints.ts";
import { IoWorkers } from "./transport/workers/io-workers.ts";
import { COMMIT, VERSION } from "./version.ts";

export interface ServerOptions {
  /** Listen on any free port, whatever the configuration says. */
  anyPort?: boolean;
  log?: Log;
  /** Whether the process is there for the server: its limits are the server's to set (default yes). */
  ownsProcess?: boolean;
  /** Whether the process goes on for as long as the server runs (default yes). */
  keepsAlive?: boolean;
  /** What data lives by; the machine's unless told. */
  clock?: Clock;
}

function logOf(values: Config["values"]): Log {
  return new Log({
    level: values.loglevel,
    file: values.logfile === "" ? "" : resolve(values.dir, values.logfile),
    syslog: values["syslog-enabled"] ? { ident: values["syslog-ident"], facility: values["syslog-facility"] } : null,
  });
}

export class Server implements ServerParts {
  readonly config: Config;
  readonly log: Log;
  readonly keyspace: Keyspace;
  readonly progress: UnderWay;
  readonly journal = new Journal();
  readonly clients = new Clients();
  readonly pubsub = new PubSub();
  readonly access: AccessControl;
  readonly collation = new Collation();
  readonly tracking: Tracking;
  readonly stats = new ServerStats();
  readonly executor: CommandExecutor;
  readonly scripts: Scripts;
  readonly functions: FunctionStore;
  readonly blocked: BlockedClients;
  readonly postponed: PostponedClients;
  readonly pauses: Pauses;
  readonly persistence: Persistence;
  readonly appendOnly: AppendOnlyFile;
  readonly replication: Replication;
  readonly comparisons: Comparisons;
  readonly migrations: Migrations;
  readonly inspections: Inspections;
  readonly changeSubscribers: ChangeSubscribers = new ChangeSubscribers(this);
  readonly housekeeping: Housekeeping;
  readonly runId = randomHex(40);
  readonly startedAt: number;
  private readonly stopping = Promise.withResolvers<number>();
  /** Resolved with the exit code once the server has stopped. */
  readonly stopped: Promise<number> = this.stopping.promise;

  private readonly options: ServerOptions;
  readonly conversations: Conversations;
  /** What owns the sockets of TCP clients in place of this thread; null: nothing does. */
  private readonly ioWorkers: IoWorkers | null;
  readonly endpoints: Endpoints;
  /** Where browsers are served. */
  readonly console: ConsoleEndpoint;
  private readonly ending: Shutdown;
  private readonly pidFile = new PidFile();
  private readonly oomScore: OomScore;
  private closed = false;

  constructor(config: Config, options: ServerOptions = {}) {
    const { values } = config;
    this.config = config;
    this.options = options;
    this.log = options.log ?? logOf(values);
    this.progress = new UnderWay(this.log);
    this.oomScore = new OomScore(config, this.log);
    const { clock = systemClock } = options;
    this.startedAt = clock.now();
    this.keyspace = new Keyspace({ databases: values.databases, now: this.startedAt, clock });
    this.executor = new CommandExecutor(this, COMMANDS, new Reply());
    renameCommands(this.executor.commands, config);
    this.tracking = new Tracking(this, () => this.executor.current);
    const rules = ruleCommands(this.executor.commands);
    this.access = new AccessControl(this.clients, rules, config, this.log, (session) => this.disconnect(session));
    this.scripts = new Scripts(this, this.executor);
    const { runner, random } = this.scripts;
    const engines = [new LuaEngine(runner, random), new TypeScriptEngine("typescript", runner), new TypeScriptEngine("javascript", runner)];
    this.functions = new FunctionStore(engines, this);
    this.conversations = new Conversations(this);
    const acceptor = new ClientAcceptor(this.conversations);
    const workers = values["io-workers"];
    this.ioWorkers = workers === 0 ? null : new IoWorkers(workers, acceptor, (error) => this.broken(error));
    this.endpoints = new Endpoints(config, this.log, acceptor, this.ioWorkers);
    this.console = new ConsoleEndpoint(this, acceptor);
    this.blocked = new BlockedClients(this.executor, this.keyspace.blocked, this.keyspace.latency, clock);
    this.postponed = new PostponedClients(this.blocked);
    this.pauses = new Pauses(
      this.postponed,
      () => {
        this.stateChanged();
        if (!this.pauses.active) this.replication.replicas.pauseEnded();
      },
      clock,
    );
    this.persistence = new Persistence(config, this.log, this.keyspace, () => this.replication.historyPoint, {
      clock: () => clock.now(),
      libraries: this.functions,
      progress: this.progress,
      broken: this.broken,
      statusChanged: this.stateChanged,
    });
    this.appendOnly = new AppendOnlyFile(
      this.persistence,
      this.journal,
      new Replay(this.executor, this.keyspace.databases[0]),
      this.conversations.barrier,
      {
        statusChanged: this.stateChanged,
        flushed: () => this.blocked.scheduleCheck(),
        fatal: () => void this.stop(1),
        broken: this.broken,
      },
    );
    this.replication = new Replication(this);
    this.comparisons = new Comparisons(this.executor, this.keyspace.databases[0], this.log, {
      over: () => this.blocked.scheduleCheck(),
      broken: this.broken,
      progress: this.progress,
    });
    this.migrations = new Migrations(this);
    this.inspections = new Inspections({
      executor: this.executor,
      keyspace: this.keyspace,
      stats: this.stats,
      log: this.log,
      clock,
      keptFrom: () => values["key-tree-kept-from"],
      keptBytes: () => values["key-tree-memory"],
      delay: () => values["purge-delay"] * 1000,
      hindrance: (purge) => this.hindranceOf(purge),
      over: () => this.blocked.scheduleCheck(),
      broken: this.broken,
    });
    this.inspections.hotKeys.onChange = () => this.watch.countKeys(this.inspections.hotKeys.active);
    this.ending = new Shutdown(this);
    this.housekeeping = new Housekeeping(this, this.executor.restrictions, this.ending, options.keepsAlive ?? true);
    this.followConfig();
    this.stats.startupMemory = this.keyspace.usedBytes;
  }

  /** Why a deletion of many keys cannot go on, or null. */
  private hindranceOf({ request, isStale }: Purge): string | null {
    const { user } = request;
    if (this.executor.loading) return "a data set is being loaded";
    if (this.replication.isReplica) return "the server became a replica";
    if (isStale) return "the database was emptied or replaced";
    return user === null || this.access.users.get(user.name) === user ? null : "the user is gone";
  }

  get permissions(): Permissions {
    return this.executor.permissions;
  }

  get commands(): CommandTable {
    return this.executor.commands;
  }

  get watch(): CallWatch {
    return this.executor.watch;
  }

  get latency(): LatencyHistogram {
    return this.executor.timer.latency;
  }

  get monitors(): Monitors {
    return this.executor.watch.monitors;
  }

  get restrictions(): Restrictions {
    return this.executor.restrictions;
  }

  get masterTls(): TLSOptions | null {
    return this.endpoints.masterTls;
  }

  get targetTls(): TLSOptions | null {
    return this.endpoints.targetTls;
  }

  get tlsPort(): number {
    return this.endpoints.tlsPort;
  }

  get port(): number {
    return this.endpoints.port;
  }

  // ---- starting and stopping

  /**
   * Opens the listeners, loads the data set, and serves, unless it was stopped meanwhile. Errors: ListenError, LoadError; nothing is left
   * open then.
   */
  async start(): Promise<void> {
    const { values } = this.config;
    this.log.role = "M";
    this.log.notice(`Replicant ${VERSION} (commit ${COMMIT}) started, PID: ${process.pid}`);
    if (this.log.writes(LogLevel.notice)) for (const line of this.config.withoutEffect()) this.log.notice(line);
    if (this.ioWorkers !== null) this.log.notice(`Experiment: ${values["io-workers"]} threads own the sockets of TCP clients (io-workers)`);
    if (this.options.ownsProcess ?? true) limitClients(this.config, this.log);
    this.endpoints.open(this.options.anyPort ?? false);
    try {
      this.console.open();
      this.pidFile.write(this.config, this.log);
      this.housekeeping.start();
      // Redis's test suite, and others who watch a log, wait for these words. As there, the data set comes after them.
      this.log.notice("Server initialized");
      await this.loadData();
    } catch (error) {
      await this.stop(1);
      throw error;
    }
    if (this.closed) return;
    const { history } = this.persistence.lastLoad;
    if (values.replicaof === null) this.replication.goOn(history);
    else this.replication.replicaOf(values.replicaof.host, values.replicaof.port, history);
    this.stateChanged();
    this.log.notice(`Ready to accept connections${this.port > 0 ? ` on port ${this.port}` : ""}`);
  }

  /** With nothing to load this is over before the event loop hands over the first connection: no client is told that the server is loading. */
  private async loadData(): Promise<void> {
    if (!this.config.hasFolder) return;
    this.appendOnly.readManifest();
    const { appendonly } = this.config.values;
    const loading = appendonly ? this.appendOnly.load() : this.persistence.load(this.replication.loadBegins());
    this.stateChanged();
    await loading;
    if (!this.closed) this.functions.privileged.load();
    if (!this.closed) this.appendOnly.openOnStart();
    this.stateChanged();
  }

  /** Whether it has been stopped, or is about to be. */
  get hasStopped(): boolean {
    return this.closed;
  }

  shutdown(options: ShutdownOptions): Promise<boolean> {
    return this.ending.begin(options);
  }

  /** Likewise, because of a signal. */
  shutdownBySignal(options: ShutdownOptions): Promise<boolean> {
    return this.ending.beginBySignal(options);
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
    this.conversations.deferred.flush();
    this.conversations.unused.stop();
    this.housekeeping.stop();
    this.progress.stop();
    this.endpoints.close();
    this.console.close();
    this.replication.stop();
    this.blocked.stop();
    this.pauses.stop();
    this.migrations.stop();
    this.inspections.stop();
    await Promise.all([this.persistence.close(), this.appendOnly.close()]);
    for (const session of this.clients) session.link.destroy();
    this.ioWorkers?.stop();
    this.pidFile.remove();
    // What went wrong shall be the last word.
    if (code === 0) this.log.warning("Replicant is now ready to exit, bye bye...");
    this.stopping.resolve(code);
  }

  // ---- what the parts tell

  readonly broken = (error: InvariantError): void => {
    if (this.closed) return;
    this.crash(crashOf(error));
  };

  crash(crash: Crash): void {
    if (this.closed) return;
    if (this.config.values["crash-log-enabled"]) reportCrash(this, crash, this.executor.requestsUnderWay);
    else for (const line of crash.heading) this.log.warning(line);
    // What they have sent behind this is not served.
    for (const session of this.clients) session.link.destroy();
    void this.stop(crash.code);
  }

  /** The role, the link to the master, loading, saving or writing changed: which commands may run is decided again. */
  readonly stateChanged = (): void => {
    this.executor.restrictions.update();
    this.oomScore.apply();
  };

  resetCommandStats(): void {
    this.executor.resetCommandStats();
  }

  disconnect(session: Session): void {
    // Off the list now, though the socket's end is told later: CLIENT LIST after CLIENT KILL must not show it.
    this.clients.remove(session);
    this.pubsub.unsubscribeAll(session);
    this.monitors.remove(session);
    this.changeSubscribers.remove(session);
    // Nor must it be served what another client could have.
    this.blocked.remove(session);
    this.tracking.disable(session);
    this.postponed.remove(session);
    session.link.destroy();
  }

  clientsGrew(): void {
    if (this.keyspace.eviction.needed) this.housekeeping.makeRoom();
  }

  /** The client is gone, its session already off the list of clients. */
  departed(session: Session): void {
    this.blocked.remove(session);
    this.postponed.remove(session);
    this.pubsub.unsubscribeAll(session);
    this.tracking.disable(session);
    this.monitors.remove(session);
    this.changeSubscribers.remove(session);
    session.transaction?.reset();
    session.transaction = null;
    this.replication.replicas.closed(session);
  }

  private followConfig(): void {
    const { config, log, journal, keyspace } = this;
    const { values } = config;
    followLimits(config, keyspace.limits);
    keyspace.eviction.follow(config);
    keyspace.eviction.beside = () => this.clients.memory.total;
    this.clients.memory.follow(config, this);
    publishKeyspaceEvents(config, keyspace, this.pubsub);
    journalDeletions(config, keyspace, journal);
    expiresFields(keyspace);
    journal.followDirective(config);
    followLocale(config, this.collation, log);
    config.onChange("loglevel", () => log.setLevel(values.loglevel) as undefined);
    if (this.options.ownsProcess ?? true) followFileLimit(config, log);
  }
}
