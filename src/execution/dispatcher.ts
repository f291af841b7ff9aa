/**
 * From a request to a call: finds the command, checks what must be checked before it may run, in Redis's order, calls it, counts it and hands its writes to
 * the journal. Hot: a request that nothing stands in the way of passes two tests of bit masks.
 */

import { InvariantError } from "../assert.ts";
import { CommandError, errors } from "../errors.ts";
import { ExpiryMode } from "../keyspace/key-access.ts";
import { isMemoryExhausted } from "../memory/exhausted.ts";
import type { Frame } from "../protocol/frame.ts";
import { NO_SINK, type Reply } from "../protocol/reply.ts";
import { NO_COMMAND, ReplyMode, type Session, SessionKind } from "../session/session.ts";
import type { Command } from "./command-spec.ts";
import { Context } from "./context.ts";
import type { Host } from "./host.ts";
import { LatencyHistogram } from "./latency-histogram.ts";
import { type CommandEntry, CommandTable, Restriction, subcommandOf } from "./registry.ts";

/** How much of an unknown command's arguments its error repeats. */
const QUOTED_BYTES = 128;

/** Why a restricted command may not run now, or null if it may after all. */
export interface RestrictionRules {
  memory(): CommandError | null;
  write(session: Session): CommandError | null;
}

export class Dispatcher {
  readonly commands: CommandTable;
  /** Restriction bits in force; the server keeps them current. */
  restrictions = 0;
  /** What to ask about commands that a restriction in force names. */
  rules: RestrictionRules = { memory: () => null, write: () => null };
  private readonly host: Host;
  private readonly reply: Reply;
  private readonly context: Context;
  private failed = false;
  // Time is read once for a run of equal commands and shared among their calls.
  private timed: CommandEntry | null = null;
  private timedFrom = 0;
  /** How many calls of `timed` there had been when its run began. */
  private timedCalls = 0;
  /** `timed` when the last of its calls left its client blocked: that one is not over. */
  private blocked: CommandEntry | null = null;
  // The batch under way: when it began (0: none is), and how many commands had run by then.
  private batchFrom = 0;
  private batchCommands = 0;

  constructor(host: Host, commands: readonly Command[], reply: Reply) {
    this.host = host;
    this.reply = reply;
    this.commands = new CommandTable(commands);
    this.context = new Context(host, reply, (session, frame, entry) => this.call(session, frame, entry));
  }

  /** Serves one request of a client; the answer is in `reply` afterwards. */
  execute(session: Session, frame: Frame): void {
    if (session.replyMode !== ReplyMode.ON) return this.executeMuted(session, frame);
    this.serve(session, frame);
  }

  /** CLIENT REPLY OFF and SKIP: the request runs and its answer goes nowhere. */
  private executeMuted(session: Session, frame: Frame): void {
    const { reply } = this;
    const sink = reply.sink;
    const modeBefore = session.replyMode;
    if (modeBefore === ReplyMode.SKIP_NEXT) session.replyMode = ReplyMode.SKIP;
    reply.flush();
    reply.sink = NO_SINK;
    this.serve(session, frame);
    if (session.postponed || session.blocked) session.replyMode = modeBefore; // it has not had its answer yet
    const mode: ReplyMode = session.replyMode;
    // What switches the replies on (CLIENT REPLY ON, RESET) is answered.
    if (mode !== ReplyMode.ON) reply.flush();
    reply.sink = sink;
    if (mode === ReplyMode.SKIP) session.replyMode = ReplyMode.ON;
  }

  private serve(session: Session, frame: Frame): void {
    const found = this.commands.find(frame.buffer, frame.offsets[0], frame.lengths[0]);
    const entry = found === null || found.subcommands.size === 0 ? found : subcommandOf(found, frame);
    session.lastCommand = entry === null ? NO_COMMAND : entry.fullName;
    if (entry === null || !entry.acceptsCount(frame.count)) return this.refuseMalformed(session, frame, found, entry);
    if (!session.authenticated && !entry.noAuth && this.host.config.values.requirepass !== "")
      return this.refuse(session, entry, errors.noAuth);
    if ((entry.restrictions & this.restrictions) !== 0) {
      const refusal = this.refusalOf(session, entry);
      if (refusal !== null) return this.refuse(session, entry, refusal);
      if (this.mustWait(session, entry)) return postpone(session);
    }
    if (session.subscriptions !== null && session.protocol === 2 && !entry.whileSubscribed)
      return this.refuse(session, entry, subscribedOnly(entry));
    if (session.transaction?.open && !entry.unqueued) return this.enqueue(session, frame, entry);
    this.call(session, frame, entry);
    if (this.host.pubsub.hasMessages && session.replyMode === ReplyMode.ON) {
      for (const message of this.host.pubsub.take(session)) this.reply.rawBytes(message);
    }
    if (this.host.keyspace.blocked.hasReady) this.host.blocked.serveReady();
  }

  private refusalOf(session: Session, entry: CommandEntry): CommandError | null {
    if (session.kind === SessionKind.MASTER) return null;
    const inForce = restrictionsOf(session, entry) & this.restrictions;
    let refusal: CommandError | null = null;
    if ((inForce & Restriction.MEMORY) !== 0) refusal = this.rules.memory();
    if (refusal === null && (inForce & Restriction.WRITE) !== 0) refusal = this.rules.write(session);
    if (refusal !== null) return refusal;
    if ((inForce & Restriction.STALE) !== 0) return errors.masterDown;
    if ((inForce & Restriction.LOADING) !== 0) return errors.loading;
    return null;
  }

  /** Whether the request waits until writes go on: replicas are never kept waiting, and the master's stream cannot be. */
  private mustWait(session: Session, entry: CommandEntry): boolean {
    if ((restrictionsOf(session, entry) & this.restrictions & Restriction.PAUSE) === 0) return false;
    return session.kind !== SessionKind.REPLICA && session.kind !== SessionKind.MASTER;
  }

  private enqueue(session: Session, frame: Frame, entry: CommandEntry): void {
    if (entry.noMulti) return this.refuse(session, entry, new CommandError("ERR Command not allowed inside a transaction"));
    session.transaction?.enqueue(frame, entry.restrictions);
    this.reply.simple("QUEUED");
  }

  private refuse(session: Session, entry: CommandEntry | null, error: CommandError): void {
    if (entry !== null) entry.rejected++;
    const { transaction } = session;
    if (entry?.runsQueue) {
      transaction?.reset();
      return this.fail(new CommandError(`EXECABORT Transaction discarded because of: ${error.message.replace(/^ERR /, "")}`));
    }
    if (transaction?.open) transaction.refused = true;
    this.fail(error);
  }

  private refuseMalformed(session: Session, frame: Frame, found: CommandEntry | null, entry: CommandEntry | null): void {
    if (found === null) return this.refuse(session, null, unknownCommand(frame));
    if (entry === null) return this.refuse(session, null, unknownSubcommand(found, frame));
    this.refuse(session, entry, new CommandError(`ERR wrong number of arguments for '${entry.fullName}' command`));
  }

  /** Writes an error reply and counts it. */
  fail(error: CommandError): void {
    this.failed = true;
    this.host.stats.countError(error.message);
    this.reply.error(error.message);
  }

  /** Calls a command that may run, and journals what it wrote. Calls nest: EXEC runs its queue through here. */
  call(session: Session, frame: Frame, entry: CommandEntry): void {
    const { context } = this;
    const { keyspace, journal, stats } = this.host;
    const outerFrame = context.frame;
    const outerSession = context.session;
    const outerEntry = context.entry;
    const outerEffects = context.effects;
    const changesBefore = keyspace.changes;
    const answeredBefore = this.reply.written;
    context.frame = frame;
    keyspace.lookAhead.reset();
    context.session = session;
    context.entry = entry;
    context.effects = null;
    context.forced = false;
    this.failed = false;
    context.noTouch = session.noTouch && !entry.touches;
    context.expiryMode = session.kind === SessionKind.MASTER ? ExpiryMode.KEEP : keyspace.clientExpiryMode;
    session.commands++;
    stats.commands++;
    if (entry !== this.timed) this.switchTimer(entry);
    journal.beginUnit();
    try {
      entry.handler(context);
    } catch (error) {
      this.answerException(error, entry, answeredBefore);
    }
    if (this.failed) entry.failed++;
    this.failed = false; // EXEC has not failed because a command in it has
    if (session.blocked) this.uncount(session, entry);
    else entry.calls++;
    if (journal.active && (context.forced || (entry.isWrite && keyspace.changes !== changesBefore))) this.record(session, frame);
    journal.endUnit();
    session.writeOffset = journal.offset;
    context.frame = outerFrame;
    context.session = outerSession;
    context.entry = outerEntry;
    context.effects = outerEffects;
    context.forced = false;
  }

  /** A request whose client is blocked now is no call yet: it will be one when it is executed again, or given up. */
  private uncount(session: Session, entry: CommandEntry): void {
    session.commands--;
    this.host.stats.commands--;
    this.blocked = entry;
  }

  /** The request of a client that was blocked is over without having been executed again: it counts as a call, failed if `error` was its answer. */
  countEnded(session: Session, frame: Frame, error: string | null): void {
    const entry = this.commands.resolve(frame);
    if (entry === null) return;
    session.commands++;
    this.host.stats.commands++;
    entry.calls++;
    if (error === null) return;
    entry.failed++;
    this.host.stats.countError(error);
  }

  private record(session: Session, frame: Frame): void {
    const { journal } = this.host;
    // What the master sent is passed on byte for byte by the replica link.
    if (session.kind === SessionKind.MASTER) return;
    const { effects } = this.context;
    const { forced, forReplicas } = this.context;
    if (effects === null) journal.append(session.database, frame, forced && forReplicas);
    else for (const effect of effects) journal.append(effect.database, effect.frame);
  }

  private switchTimer(entry: CommandEntry | null): void {
    const { timed } = this;
    let now = performance.now();
    if (timed !== null) this.account(timed, (now - this.timedFrom) * 1000);
    else if (this.batchFrom !== 0) now = this.batchFrom; // what came first in a batch answers for the parsing of it
    this.timed = entry;
    this.timedFrom = now;
    this.blocked = null;
    if (entry !== null) this.timedCalls = entry.calls;
  }

  /** A run of calls took so long. One that is cut short by a nested call (EXEC) is a call already. */
  private account(entry: CommandEntry, microseconds: number): void {
    entry.microseconds += microseconds;
    this.host.stats.commandMicroseconds += microseconds;
    if (!this.host.config.values["latency-tracking"]) return;
    if (entry === this.blocked && entry.calls === this.timedCalls) return;
    const calls = Math.max(1, entry.calls - this.timedCalls);
    entry.latency ??= new LatencyHistogram();
    entry.latency.record((microseconds * 1000) / calls, calls);
  }

  /** Requests that came in together start: one reading of the clock serves them all. */
  beginBatch(): void {
    this.host.keyspace.now = Date.now();
    this.batchFrom = performance.now();
    this.batchCommands = this.host.stats.commands;
  }

  /** Accounts for the time of the last run of calls, and of the batch. */
  endBatch(): void {
    if (this.timed !== null) this.switchTimer(null);
    const { stats } = this.host;
    // timedFrom is when the last call ended; a batch without any (part of a long request) counts as no time.
    stats.countCycle(Math.max(0, this.timedFrom - this.batchFrom) * 1000, stats.commands - this.batchCommands);
    this.batchFrom = 0;
  }

  private answerException(error: unknown, entry: CommandEntry, answeredBefore: number): void {
    // Half an answer before an error would be taken for the whole one, and the error for the next.
    if (this.reply.written !== answeredBefore && !this.reply.takeBack(answeredBefore)) this.context.session.link.destroy();
    if (error instanceof CommandError) return this.fail(error);
    // A broken invariant of the memory layer is not survivable: whoever owns the process decides how to stop.
    if (error instanceof InvariantError) throw error;
    if (isMemoryExhausted(error)) return this.fail(errors.outOfMemory);
    this.host.stats.unexpectedErrors++;
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.host.log.warning(`Unexpected exception in command '${entry.fullName}': ${stack}`);
    this.fail(new CommandError(`ERR internal error in '${entry.fullName}', see the server log`));
  }
}

/** Which restrictions concern a request: for EXEC those of what is queued. */
function restrictionsOf(session: Session, entry: CommandEntry): number {
  return entry.runsQueue ? (session.transaction?.restrictions ?? 0) : entry.restrictions;
}

function postpone(session: Session): void {
  session.postponed = true;
  session.link.pause();
}

/** In RESP2 a client that listens cannot tell an answer from a message: it may call nothing that is answered in any other form. */
function subscribedOnly(entry: CommandEntry): CommandError {
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
