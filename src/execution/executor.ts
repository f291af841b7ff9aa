/**
 * From a request to a call: finds the command, checks what must be checked before it may run, in Redis's order, calls it, counts it and
 * hands its writes to the journal. Hot: a request that nothing stands in the way of passes two tests of bit masks.
 */

import { NO_LINK } from "../aof/replay.ts";
import { assert, InvariantError } from "../assert.ts";
import { CommandError, errors } from "../errors.ts";
import { isMemoryExhausted } from "../memory/arena.ts";
import type { Frame } from "../protocol/frame.ts";
import { NO_SINK, type Reply, type ReplySink } from "../protocol/reply.ts";
import type { LuaValue } from "../scripting/lua/value.ts";
import type { ScriptHost, ScriptRunner } from "../scripting/run.ts";
import { Denied, type DeniedIn } from "../session/acl/acl-log.ts";
import { describeClient } from "../session/client-info.ts";
import type { Answering, Executor } from "../session/executor.ts";
import { isFed, NO_COMMAND, ReplyMode, type Session, SessionKind } from "../session/session.ts";
import type { TrackingState } from "../session/tracking-state.ts";
import { Call, type Caller } from "./call.ts";
import { CallTimer } from "./call-timer.ts";
import { CallWatch } from "./call-watch.ts";
import type { Command } from "./command-spec.ts";
import { keysToTrack } from "./key-extraction.ts";
import { type Denial, denialText, Permissions } from "./permissions.ts";
import { type CommandEntry, CommandTable, Restriction, subcommandOf } from "./registry.ts";
import { Restrictions } from "./restrictions.ts";
import type { RequestFacts, ServerParts } from "./server-parts.ts";
import { SuspendedCalls } from "./suspended-calls.ts";

const NOT_IN_MULTI = new CommandError("ERR Command not allowed inside a transaction");

const RULES_CHANGED =
  "NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. " +
  "This command is no longer allowed for the following reason: ";
const REASONS = {
  [Denied.COMMAND]: "no permission to execute the command or subcommand",
  [Denied.KEY]: "no permission to touch the specified keys",
  [Denied.CHANNEL]: "no permission to access one of the channels used as arguments to the command",
} as const;

/** How much of an unknown command's arguments its error repeats. */
const QUOTED_BYTES = 128;

export class CommandExecutor implements Executor, Caller, ScriptHost {
  readonly commands: CommandTable<Call>;
  reply: Reply;
  serving = false;
  readonly restrictions: Restrictions;
  readonly permissions = new Permissions();
  readonly watch: CallWatch;
  private readonly server: ServerParts;
  /** Writes protocol: what sessions are answered with that take no values. */
  private readonly protocolReply: Reply;
  readonly timer: CallTimer;
  /** One call for each depth of nesting, made when a depth is first reached. */
  private readonly calls: Call[] = [];
  /** How many calls are under way, one within another. */
  private depth = 0;
  private readonly suspended: SuspendedCalls;
  /** The call of the script under way, made for the first one. Its answer is a value of the script's language; one for each of these is kept. */
  private scriptCall: Call | null = null;
  private readonly scriptCalls = new Map<Reply, Call>();
  /** The request in which an invariant turned out to be broken. */
  private faulty: RequestFacts | null = null;

  constructor(server: ServerParts, commands: readonly Command[], reply: Reply) {
    this.server = server;
    this.reply = reply;
    this.protocolReply = reply;
    this.commands = new CommandTable(commands);
    this.restrictions = new Restrictions(server);
    this.suspended = new SuspendedCalls(this);
    // What has waited was shown before it did. While a data set is loaded nothing is shown.
    const unseen = (session: Session): boolean => this.loading || server.blocked.repeats(session);
    this.watch = new CallWatch(server.config, server.keyspace, server.pubsub, unseen);
    this.timer = new CallTimer(server.config, server.stats, this.watch);
    // What making room takes is no part of the time of the command before it.
    server.keyspace.eviction.onBegin = () => {
      if (this.depth === 0) this.timer.endCalls();
    };
  }

  get loading(): boolean {
    const { persistence } = this.server;
    return persistence.loading !== null && !persistence.asyncLoading;
  }

  beginBatch(): number {
    this.timer.beginBatch();
    this.serving = true;
    return this.server.keyspace.tick();
  }

  endBatch(): void {
    this.serving = false;
    this.timer.endBatch();
  }

  endCalls(): void {
    this.timer.endCalls();
  }

  resetCommandStats(): void {
    this.commands.resetStats();
    this.timer.countsReset();
  }

  lookAhead(session: Session, frames: readonly Frame[], count: number): void {
    // What is only queued looks nothing up.
    if (!session.queueing) this.prepareKeys(session, frames, count);
  }

  private prepareKeys(session: Session, frames: readonly Frame[], count: number): void {
    this.server.keyspace.lookAhead.prepareRequests(session.database.table, frames, count);
  }

  knows(frame: Frame): boolean {
    return this.commands.resolve(frame) !== null;
  }

  mayCall({ user }: Session, frame: Frame): boolean | null {
    const entry = this.commands.resolve(frame);
    if (entry === null) return null;
    return user === null || this.permissions.denial(user, entry, frame) === null;
  }

  changesNoData(frame: Frame): boolean {
    return this.commands.resolve(frame)?.changesNoData ?? false;
  }

  protocolError(session: Session, message: string): void {
    this.server.log.verbose(`Protocol error (${message}) from client id=${session.id} addr=${session.link.remoteAddress}`);
    const error = new CommandError(`ERR Protocol error: ${message}`);
    if (session.replyMode === ReplyMode.ON) this.answerError(session, error);
    else this.server.stats.countError(error.message); // CLIENT REPLY OFF and SKIP: the connection closes without a word
  }

  // ---- from a request to a call

  execute(session: Session, frame: Frame): void {
    if (session.replyMode !== ReplyMode.ON) return this.runMuted(session, () => this.serve(session, frame));
    this.serve(session, frame);
  }

  executeWith(reply: Reply, session: Session, frame: Frame): void {
    assert(this.reply === this.protocolReply, "a request that is answered with values comes between others, not in their middle");
    this.reply = reply;
    try {
      this.execute(session, frame);
    } finally {
      this.reply = this.protocolReply;
    }
  }

  executeOwn(reply: Reply, session: Session, frame: Frame): void {
    const own = this.commands.original(frame.text(0));
    const entry = own === null || own.subcommands.size === 0 ? own : subcommandOf(own, frame);
    assert(entry !== null, "the program asks for what there is");
    this.reply = reply;
    try {
      this.call(session, frame, entry);
      this.afterCall(session);
    } finally {
      this.reply = this.protocolReply;
    }
  }

  divert(session: Session, sink: ReplySink = session.link): Answering {
    const outer = this.reply;
    const inner = session.link.taker ?? this.protocolReply;
    this.reply = inner;
    return { outer, inner, diverted: inner.divert(sink, session.protocol) };
  }

  rejoin({ outer, inner, diverted }: Answering): void {
    inner.rejoin(diverted);
    this.reply = outer;
  }

  finish(session: Session, frame: Frame, result: object): void {
    const entry = this.commands.resolve(frame);
    assert(entry !== null, "a command that has waited is there");
    const run = (): void => {
      this.call(session, frame, entry, result);
      this.afterCall(session);
    };
    if (session.replyMode !== ReplyMode.ON) this.runMuted(session, run);
    else run();
  }

  /** CLIENT REPLY OFF and SKIP: the request runs and its answer goes nowhere, unless it is what switches the replies on (Call.setReplyMode). */
  private runMuted(session: Session, run: () => void): void {
    const { reply } = this;
    const { sink } = reply;
    if ((session.replyMode & ReplyMode.SKIP_NEXT) !== 0) session.replyMode ^= ReplyMode.SKIP_NEXT | ReplyMode.SKIP;
    reply.flush();
    reply.sink = NO_SINK;
    run();
    // One that waits has not had its answer yet.
    if (!session.postponed && !session.blocked) session.replyMode &= ~ReplyMode.SKIP;
    if (reply.sink !== NO_SINK) return;
    reply.flush();
    reply.sink = sink;
  }

  private serve(session: Session, frame: Frame): void {
    const found = this.commands.find(frame.buffer, frame.offsets[0], frame.lengths[0]);
    const entry = found === null || found.subcommands.size === 0 ? found : subcommandOf(found, frame);
    session.lastCommand = entry === null ? NO_COMMAND : entry.fullName;
    if (entry === null || !entry.acceptsCount(frame.count)) return this.refuseMalformed(session, frame, found, entry);
    if (frame.long?.some(({ index }) => !entry.spec.takesBlocks(index))) frame.join();
    const queueing = session.transaction?.open ?? false;
    if (session.guarded) {
      const refusal = this.refusalOfUser(session, entry, frame, queueing);
      if (refusal !== null) return this.refuse(session, frame, entry, refusal);
    }
    if (queueing && entry.noMulti) return this.refuse(session, frame, entry, NOT_IN_MULTI);
    // What is queued takes memory, whatever it will do.
    const queued = queueing && !entry.unqueued ? Restriction.MEMORY : 0;
    const restricted = ((entry.restrictions | queued) & this.restrictions.inForce) !== 0;
    const concerning = restricted ? this.restrictions.concerning(session, entry, frame) | queued : 0;
    if (restricted) {
      const refusal = this.restrictions.refusalToCall(session, entry) ?? this.restrictions.refusalToWrite(session, concerning);
      if (refusal !== null) return this.refuse(session, frame, entry, refusal);
    }
    if (session.subscriptions !== null && session.protocol === 2 && !entry.whileSubscribed)
      return this.refuse(session, frame, entry, subscribedOnly(entry));
    if (restricted) {
      const refusal = this.restrictions.refusalToServe(session, concerning);
      if (refusal !== null) return this.refuse(session, frame, entry, refusal);
    }
    if (session.kind !== SessionKind.NORMAL && entry.usesKeyspace && isFed(session.kind))
      return this.refuse(session, frame, entry, errors.replicaUsesKeyspace);
    if (restricted && this.restrictions.postpones(session, concerning, entry, frame)) return;
    if (queueing && !entry.unqueued) return this.enqueue(session, frame, entry);
    this.call(session, frame, entry);
    if ((concerning & Restriction.MEMORY) !== 0) this.restrictions.evict();
    this.afterCall(session);
  }

  /** What a command has led to: messages for its own client, clients that can be served. */
  private afterCall(session: Session): void {
    const { server } = this;
    if (server.pubsub.hasMessages) this.sendMessages(session);
    if (server.keyspace.blocked.hasReady) server.blocked.serveReady();
  }

  /** What the client has sent to itself comes behind the answer, or in its place. */
  private sendMessages(session: Session): void {
    for (const message of this.server.pubsub.take(session)) {
      if (session.muted) session.link.send(message, 0, message.length);
      else this.reply.rawBytes(message);
    }
    this.server.pubsub.commandEnds();
  }

  private refusalOfUser(session: Session, entry: CommandEntry, frame: Frame, queueing: boolean): CommandError | null {
    if (session.mustLogin && !entry.noAuth) return errors.noAuth;
    if (queueing && entry.noMulti) return NOT_IN_MULTI;
    const denied = this.deniedText(session, entry, frame, queueing ? "multi" : "toplevel");
    return denied === null ? null : new CommandError(`NOPERM ${denied}`);
  }

  /** Why the session's user may not make this request, which is noted, or null. */
  private deniedText(session: Session, entry: CommandEntry, frame: Frame, context: DeniedIn): string | null {
    const denial = this.denialOf(session, entry, frame, context);
    return denial === null || session.user === null ? null : denialText(denial, session.user, entry);
  }

  private denialOf(session: Session, entry: CommandEntry, frame: Frame, context: DeniedIn): Denial | null {
    const { user } = session;
    const denial = user === null ? null : this.permissions.denial(user, entry, frame);
    if (denial === null || user === null) return null;
    const { access, config, keyspace } = this.server;
    const { caller } = this.server.scripts.runner;
    const client = describeClient(context === "lua" ? caller : session, keyspace.now, { current: frame }).trimEnd();
    const object = denial.reason === Denied.COMMAND ? entry.fullName : frame.text(denial.index);
    const entryOfLog = { reason: denial.reason, context, object, userName: user.name, client };
    access.log.add(entryOfLog, keyspace.now, config.values["acllog-max-len"]);
    return denial;
  }

  private enqueue(session: Session, frame: Frame, entry: CommandEntry<Call>): void {
    session.transaction?.enqueue(frame, this.restrictions.concerning(session, entry, frame));
    this.reply.queued();
  }

  private refuse(session: Session, frame: Frame, entry: CommandEntry | null, error: CommandError): void {
    if (entry !== null) entry.rejected++;
    const { transaction } = session;
    if (entry?.runsQueue) {
      transaction?.reset();
      // Monitors saw that it began.
      this.watch.showAnyway({ session, frame, entry });
      return this.answerError(
        session,
        new CommandError(`EXECABORT Transaction discarded because of: ${error.message.replace(/^ERR /, "")}`),
      );
    }
    if (transaction?.open) transaction.refused = true;
    this.answerError(session, error);
  }

  private refuseMalformed(session: Session, frame: Frame, found: CommandEntry | null, entry: CommandEntry | null): void {
    if (found === null) return this.refuse(session, frame, null, unknownCommand(frame));
    if (entry === null) return this.refuse(session, frame, null, unknownSubcommand(found, frame));
    this.refuse(session, frame, entry, new CommandError(`ERR wrong number of arguments for '${entry.fullName}' command`));
  }

  /** Writes an error reply and counts it. */
  private answerError(session: Session, error: CommandError, reply = this.reply): void {
    reply.error(error.message);
    if (session.kind === SessionKind.MASTER && !session.inScript) session.divergence = error.message;
    this.errorAnswered(session, error.message, { counted: false });
  }

  errorAnswered(session: Session, message: string, { counted }: { counted: boolean }): void {
    const { stats, log } = this.server;
    if (!counted) stats.countError(message);
    // A master, or the append-only file, sends what ran before: an error means that the data here is not what it was there. And a replica
    // sends nothing that can fail.
    if ((session.kind !== SessionKind.MASTER && session.kind !== SessionKind.REPLICA) || session.inScript) return;
    stats.unexpectedErrors++;
    log.warning(sentError(session, message));
  }

  // ---- calls

  /** Calls nest: EXEC runs its queue through here, whose requests were checked when they came in. */
  nest(session: Session, frame: Frame): boolean {
    const entry = this.commands.resolve(frame);
    if (entry === null) throw new Error(`queued '${frame.text(0)}', which is no command`);
    const denial = session.guarded ? this.denialOf(session, entry, frame, "multi") : null;
    if (denial !== null) {
      this.answerError(session, new CommandError(`${RULES_CHANGED}${REASONS[denial.reason]}`));
      return true;
    }
    const call = this.call(session, frame, entry);
    return !call.suspended;
  }

  prepareNested(session: Session, frames: readonly Frame[], count: number): void {
    this.timer.endCalls();
    if (count > 1) this.prepareKeys(session, frames, count);
  }

  /** Calls a command that may run, and journals what it wrote. */
  private call(session: Session, frame: Frame, entry: CommandEntry<Call>, result: object | null = null): Call {
    const { keyspace, journal, stats } = this.server;
    if (this.depth === this.calls.length) this.calls.push(new Call(this.server, this.reply, this));
    const call = this.calls[this.depth++];
    call.reply = this.reply;
    const answeredBefore = this.reply.written;
    this.timer.start(entry, call);
    call.begin(session, frame, entry, keyspace.clientExpiryMode);
    call.result = result;
    keyspace.lookAhead.reset();
    session.commands++;
    stats.commands++;
    journal.beginUnit();
    try {
      entry.handler(call);
    } catch (error) {
      this.answerException(call, error, answeredBefore);
    }
    if (call.suspended) this.suspend(call);
    else {
      this.end(call);
      const replyBytes = this.reply.written - answeredBefore;
      const requestBytes = frame.bytes;
      if (requestBytes + replyBytes >= this.watch.bytes) this.watched(call, requestBytes, replyBytes);
    }
    return call;
  }

  private end(call: Call): void {
    const { keyspace, journal } = this.server;
    const { session, entry } = call;
    if (session.tracking !== null) this.track(session, session.tracking, entry, call.frame);
    if (call.failure !== null) entry.failed++;
    if (session.blocked) this.uncount(session);
    else entry.calls++;
    if (journal.active && (call.forced || (entry.isWrite && keyspace.changes !== call.changesBefore))) call.record();
    if (call.effects !== null) call.forgetEffects();
    journal.endUnit();
    session.writeOffset = journal.offset;
    this.depth--;
  }

  /** A call that something looks at is over. */
  private watched(call: Call, requestBytes: number, replyBytes: number): void {
    const { hotKeys } = this.watch;
    if (hotKeys !== null) {
      if (hotKeys.samples()) this.watch.sample(call);
      if (requestBytes + replyBytes < this.watch.otherBytes) return;
    }
    if (this.watch.timesAlone(requestBytes + replyBytes)) this.timer.endCalls();
    this.watch.over(call, requestBytes, replyBytes);
  }

  nested(call: Call): void {
    this.timer.endLong(call);
  }

  /** The client keeps copies of what it reads: remembers the keys of this request. */
  private track(session: Session, state: TrackingState, entry: CommandEntry, frame: Frame): void {
    const { tracking } = this.server;
    if (entry.isReadOnly && !entry.runsScript && tracking.remembers(state)) {
      for (const { index } of keysToTrack(entry, frame)) tracking.remember(session, frame.text(index));
      tracking.keepWithinLimit();
    }
    // CLIENT CACHING is about the next command, or the whole of the next transaction.
    if (state.cachingGiven && !session.queueing && entry.parent?.spec.name !== "client") state.cachingGiven = false;
  }

  /** The client whose request is under way, or null. */
  get current(): Session | null {
    return this.depth === 0 ? null : (this.calls[0] as Call).session;
  }

  /** What was asked for when the server broke: the client's request first, the one that failed last. */
  get requestsUnderWay(): RequestFacts[] {
    const outer = this.calls.slice(0, this.depth).map(requestFacts);
    const { faulty } = this;
    if (faulty === null) return outer;
    const last = outer.at(-1);
    const known = last !== undefined && last.session === faulty.session && last.command === faulty.command;
    return known ? outer : [...outer, faulty];
  }

  /** A request whose client is blocked now is no call yet: it will be one when it is executed again, or given up. */
  private uncount(session: Session): void {
    session.commands--;
    this.server.stats.commands--;
  }

  countEnded(session: Session, frame: Frame, error: string | null, microseconds: number): void {
    const entry = this.commands.resolve(frame);
    if (entry === null) return;
    session.commands++;
    this.server.stats.commands++;
    entry.calls++;
    this.timer.ended({ session, frame, entry }, microseconds);
    if (error === null) return;
    entry.failed++;
    this.server.stats.countError(error);
  }

  private answerException(call: Call, error: unknown, answeredBefore: number): void {
    // A broken invariant of the memory layer is not survivable: the server stops.
    if (error instanceof InvariantError) {
      this.faulty ??= requestFacts(call);
      throw error;
    }
    const { stats, log } = this.server;
    // Half an answer before an error would be taken for the whole one, and the error for the next.
    if (call.reply.written !== answeredBefore && !call.reply.takeBack(answeredBefore)) call.session.link.destroy();
    if (error instanceof CommandError) call.failure = error;
    else if (isMemoryExhausted(error)) call.failure = errors.outOfMemory;
    else {
      stats.unexpectedErrors++;
      const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
      const { command, lengths, session } = requestFacts(call);
      const client = describeClient(session, this.server.keyspace.now).trimEnd();
      log.warning(
        `Unexpected exception in command '${command}' of ${lengths.length} arguments (${lengths.join(" ")} bytes), ${client}: ${stack}`,
      );
      call.failure = new CommandError(`ERR internal error in '${call.entry.fullName}', see the server log`);
    }
    this.answerError(call.session, call.failure, call.reply);
  }

  // ---- scripts that run too long

  get busy(): boolean {
    return this.suspended.any;
  }

  whenIdle(listener: () => void): void {
    this.suspended.whenIdle(listener);
  }

  private suspend(call: Call): void {
    this.suspended.add(call);
    this.uncount(call.session);
    this.restrictions.update();
  }

  goOn(answer: () => void): void {
    const { server, suspended } = this;
    suspended.goOn(answer, (call) => {
      call.session.commands++;
      server.stats.commands++;
      if (!call.entry.runsQueue) this.timer.endLong(call);
      this.end(call);
      // How much of what was written meanwhile is its reply is not known.
      this.watch.over(call, call.frame.bytes, 0);
    });
    this.timer.endCalls();
    this.restrictions.update();
    if (!suspended.any && server.keyspace.blocked.hasReady) server.blocked.serveReady();
  }

  // ---- scripts

  refusalOfScript(session: Session, flags: number, readOnly: boolean): CommandError | null {
    return this.restrictions.refusalOfScript(session, flags, readOnly);
  }

  isMemoryExhausted(): boolean {
    return this.restrictions.isMemoryExhausted();
  }

  /** Hot: most commands pass one test. */
  callFromScript(runner: ScriptRunner, name: LuaValue, frame: Frame): string | null {
    const entry = typeof name === "string" ? this.commands.resolveNamed(name, frame) : this.commands.resolve(frame);
    if (entry === null) return this.refuseScript(null, "Unknown Redis command called from script");
    if (!entry.acceptsCount(frame.count)) return this.refuseScript(entry, "Wrong number of args calling Redis command from script");
    const { session } = runner;
    if (entry.noScript || runner.readOnly || session.guarded || (entry.ownRestrictions & this.restrictions.inForce) !== 0) {
      const denied = (): string | null => (session.guarded ? this.deniedText(session, entry, frame, "lua") : null);
      const refusal = this.restrictions.refusalInScript(runner, entry, denied);
      if (refusal !== null) return this.refuseScript(entry, refusal);
    }
    if (entry.isWrite) runner.hasWritten = true;
    let call = this.scriptCall;
    if (call === null || call.reply !== runner.taker) call = this.callAnswering(runner.taker);
    this.callForScript(runner, call, frame, entry);
    return null;
  }

  private callAnswering(taker: Reply): Call {
    const call = this.scriptCalls.get(taker) ?? new Call(this.server, taker, this);
    this.scriptCalls.set(taker, call);
    this.scriptCall = call;
    return call;
  }

  private refuseScript(entry: CommandEntry<Call> | null, refusal: string): string {
    if (entry !== null) entry.rejected++;
    this.server.stats.countError(refusal.startsWith("-") ? refusal.slice(1) : `ERR ${refusal}`);
    return refusal;
  }

  /** `call` without what concerns clients. The time is part of that of the script's command. */
  private callForScript(runner: ScriptRunner, call: Call, frame: Frame, entry: CommandEntry<Call>): void {
    const { keyspace, journal, stats } = this.server;
    const timed = this.timer.samples(entry);
    const from = timed ? performance.now() : 0;
    runner.taker.begin();
    call.begin(runner.session, frame, entry, keyspace.clientExpiryMode);
    keyspace.lookAhead.reset();
    stats.commands++;
    journal.beginUnit();
    try {
      entry.handler(call);
    } catch (error) {
      this.answerException(call, error, 0);
    }
    if (call.failure !== null) entry.failed++;
    entry.calls++;
    const { caller } = runner;
    if (caller.tracking !== null) this.track(caller, caller.tracking, entry, frame);
    if (journal.active && (call.forced || (entry.isWrite && keyspace.changes !== call.changesBefore))) call.recordFor(runner.propagation);
    if (call.effects !== null) call.forgetEffects();
    journal.endUnit();
    if (timed) this.timer.sampled(call, from);
    if (this.watch.seesScripts) this.watch.calledByScript(call);
  }
}

/** Copied: the request itself is gone soon. */
function requestFacts({ session, entry, frame }: Call): RequestFacts {
  return { session, command: entry.fullName, lengths: Array.from(frame.lengths.slice(0, frame.count)) };
}

function sentError({ kind, link, lastCommand }: Session, message: string): string {
  const master = link === NO_LINK ? ["server", "AOF-loading-client"] : ["replica", "master"];
  const [from, to] = kind === SessionKind.REPLICA ? ["master", "replica"] : master;
  return `== CRITICAL == This ${from} is sending an error to its ${to}: '-${message}' after processing the command '${lastCommand}'`;
}

/** In RESP2 a client that listens cannot tell an answer from a message: it may call nothing that is answered in any other form. */
function subscribedOnly(entry: CommandEntry<Call>): CommandError {
  return new CommandError(
    `ERR Can't execute '${entry.fullName}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context`,
  );
}

function unknownCommand(frame: Frame): CommandError {
  let quoted = "";
  for (let index = 1; index < frame.count && quoted.length < QUOTED_BYTES; index++) {
    quoted += `'${frame.text(index).slice(0, QUOTED_BYTES - quoted.length)}' `;
  }
  return new CommandError(`ERR unknown command '${frame.text(0).slice(0, QUOTED_BYTES)}', with args beginning with: ${quoted}`);
}

function unknownSubcommand(family: CommandEntry, frame: Frame): CommandError {
  return new CommandError(`ERR unknown subcommand '${frame.text(1).slice(0, QUOTED_BYTES)}'. Try ${family.fullName.toUpperCase()} HELP.`);
}
