/**
 * One run of a script or function: what may stand in its way, its state while it lasts, and its answer. A server has one runner, and one
 * script runs at a time. Source: scriptPrepareForRun, luaCallFunction.
 */

import { NO_LINK } from "../aof/replay.ts";
import { InvariantError } from "../assert.ts";
import type { Config } from "../config/config.ts";
import { type CommandError, commandError } from "../errors.ts";
import { Audience } from "../journal/journal.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import type { Log } from "../log.ts";
import type { Frame } from "../protocol/frame.ts";
import type { Reply } from "../protocol/reply.ts";
import { ScriptFlag } from "../session/script-flags.ts";
import { Session, SessionKind } from "../session/session.ts";
import { describeFailure, errorTable, failed, raised, raisedTable } from "./error-values.ts";
import { LongRun } from "./long-run.ts";
import type { Interpreter } from "./lua/interpreter.ts";
import { caughtError } from "./lua/library/calls.ts";
import type { RandomNumbers } from "./lua/library/math.ts";
import type { LuaState } from "./lua/state.ts";
import { LuaTable } from "./lua/table.ts";
import { first, Interruption, LuaError, type LuaFunction, type LuaResult, type LuaValue, type Steps } from "./lua/value.ts";
import { LuaReply } from "./lua-reply.ts";
import { MemoryWatch, UNWATCHED_BYTES } from "./memory-watch.ts";
import { Recording } from "./recording.ts";
import { type ResultWriter, writeResult } from "./result.ts";
import { ScriptRequest } from "./script-request.ts";
import { ShortStrings } from "./short-strings.ts";

/** What can be run, in any language. */
export interface Program {
  /** In error texts: the SHA of a script, the name of a function. */
  readonly name: string;
  /** `ScriptFlag`s. */
  readonly flags: number;
  /** Of a library, and called with its keys and arguments; a script finds them in KEYS and ARGV. */
  readonly isFunction: boolean;
}

/** One in Lua. */
export interface Script extends Program {
  readonly interpreter: Interpreter;
  readonly main: LuaFunction;
  /** It cannot see KEYS, or ARGV: they need not be made. */
  readonly ignoresKeys?: boolean;
  readonly ignoresValues?: boolean;
  /** `main` is evaluated; `compile` replaces it by what runs faster. */
  readonly isEvaluated: boolean;
  /** How often it was. */
  evaluations: number;
  compile(): void;
  /** The same in the form that can be left in the middle. */
  resumable(): LuaFunction;
}

/** The command that runs a script, as execution/call.ts has it. */
export interface RunningCommand {
  readonly session: Session;
  readonly reply: Reply;
  readonly frame: Frame;
  readonly entry: { failed: number };
  /** It is not over when its handler returns, but when the host goes on with it. */
  suspend(): void;
}

/** Takes what the commands of a program answer. */
export interface ProgramAnswer extends Reply {
  /** A command begins. */
  begin(): void;
}

/** What runs the commands of scripts, and knows what keeps them from running: the executor. */
export interface ScriptHost {
  /**
   * Runs the request in `frame`, whose command is called `name`, for the script under way. The runner's `taker` gets what it answers.
   * Returns why it was refused, `-CODE text` or a text without a code, or null.
   */
  callFromScript(runner: ScriptRunner, name: LuaValue, frame: Frame): string | null;
  /** Whether the session's user may make the request; null when it names no command. */
  mayCall(session: Session, frame: Frame): boolean | null;
  /** Why a script with these flags may not be run for this client now, or null. */
  refusalOfScript(session: Session, flags: number, readOnly: boolean): CommandError | null;
  /** Whether memory is at its limit and nothing can be evicted. */
  isMemoryExhausted(): boolean;
  /** The suspended command that runs the script is answered by `answer`, and ends. */
  goOn(answer: () => void): void;
  /** The client is answered with an error that no exception brought. `counted`: errorstats has it already. */
  errorAnswered(session: Session, message: string, options: { counted: boolean }): void;
}

/** Thrown into a script that is to be run again in its second form. */
const TOO_LONG = new Interruption("it runs too long");
/** Thrown into one that was evaluated so far, and is to be run again compiled. */
const WORTH_COMPILING = new Interruption("it is worth compiling");

const BUSY_SCRIPT = commandError("BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.");
const BUSY_FUNCTION = commandError("BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE.");
const UNKILLABLE = commandError(
  "UNKILLABLE Sorry the script already executed write commands against the dataset. You can either wait the script termination or kill " +
    "the server in a hard way using the SHUTDOWN NOSAVE command.",
);

/** A script that runs too long: its name, the command that runs it, and for how long it has. */
export interface ScriptProgress {
  readonly name: string;
  readonly words: readonly string[];
  readonly milliseconds: number;
}

/** Parts of the server that running scripts needs. */
export interface ScriptSurroundings {
  readonly config: Config;
  readonly log: Log;
  readonly keyspace: Keyspace;
}

export class ScriptRunner implements ResultWriter {
  readonly surroundings: ScriptSurroundings;
  /** The client that commands of scripts are run for. */
  readonly session: Session;
  private readonly strings = new ShortStrings();
  /** Takes what these commands answer. Its protocol is what redis.setresp said. */
  readonly answer = new LuaReply(this.strings);
  /** `answer`, but while a program runs that is not in Lua. */
  taker: ProgramAnswer = this.answer;
  /** The script under way. */
  script: Program | null = null;
  /** The client that runs it. */
  caller: Session;
  /** Its commands must not write. */
  readOnly = false;
  /** Its commands may write whatever memory they take: there was enough when it began, or it says so itself. */
  ignoresMemory = true;
  /** It has called a command that writes: no state of the server keeps it from going on now, and it cannot be killed. */
  hasWritten = false;
  /** Whom its writes are for, as redis.set_repl has said: `Audience`. */
  propagation: number = Audience.ALL;

  private readonly host: ScriptHost;
  private readonly request = new ScriptRequest();
  /** The command that runs the script. */
  private running: RunningCommand | null = null;
  /** Of the interpreter in use. */
  private state: LuaState | null = null;
  /** It was answered with an error that errorstats did not have yet. */
  private answeredError = false;
  // Of a script that may come to run too long: what its commands answered, when it began (`performance.now()`) and at what time of the
  // keyspace, the random numbers as they were then, and its form that can be left.
  private readonly kept = new Recording();
  private recording: Recording | null = null;
  private replaying: Recording | null = null;
  private startedAt = 0;
  private time = 0;
  private randomBefore = 0;
  /** How often it has written to the log, and how many times more it must not, since it has been run before. */
  private logged = 0;
  private silent = 0;
  private longRun: LongRun | null = null;
  private isEvaluating = false;
  private overdue = false;
  /** It has that form only: it will not be run again, but left where it is. */
  private inSteps = false;
  private readonly memory = new MemoryWatch();
  private readonly random: RandomNumbers;

  /** `random`: the numbers of math.random, which all scripts share. */
  constructor(surroundings: ScriptSurroundings, host: ScriptHost, random: RandomNumbers) {
    this.surroundings = surroundings;
    this.host = host;
    this.random = random;
    const { keyspace } = surroundings;
    const [database] = keyspace.databases;
    if (database === undefined) throw new Error("a server has databases");
    this.session = new Session({ id: 0, link: NO_LINK, database, now: keyspace.now, authenticated: true });
    this.session.inScript = true;
    this.caller = this.session;
  }

  // ---- running

  /**
   * Runs `script` with `keyCount` keys from argument `firstKey` of the command on, and what follows them as its arguments, and answers.
   * `readOnly`: the command is one of those that only read. Errors: CommandError when it may not run now.
   */
  run(script: Script, command: RunningCommand, firstKey: number, keyCount: number, readOnly: boolean): void {
    this.begin(script, command, readOnly);
    this.prepareState(script.interpreter.state);
    this.watchTime(script, command.session);
    try {
      if (!this.attempt(script, command, firstKey, keyCount)) return;
    } catch (error) {
      if (error === TOO_LONG) return this.tryGoingOn(script, command, firstKey, keyCount);
      this.answerFailure(script, error);
    }
    this.end();
  }

  /** Runs it in the form that is right. Returns whether it is over: if not it goes on in slices. */
  private attempt(script: Script, command: RunningCommand, firstKey: number, keyCount: number): boolean {
    if (script.isEvaluated) {
      if (this.tryEvaluating(script, command, firstKey, keyCount)) return true;
      script.compile();
    }
    const { main } = script;
    if (this.recording !== null && main.resumable !== undefined) {
      return this.runInSteps(script, this.start(script, command, firstKey, keyCount, main.resumable), command);
    }
    writeResult(this, first(this.start(script, command, firstKey, keyCount, main)));
    return true;
  }

  /** Evaluates a script, if it may be begun again and was not run often. Returns whether it is over. */
  private tryEvaluating(script: Script, command: RunningCommand, firstKey: number, keyCount: number): boolean {
    const { "lua-evaluated-runs": limit } = this.surroundings.config.values;
    if (this.recording === null || ++script.evaluations > limit) return false;
    this.isEvaluating = true;
    try {
      writeResult(this, first(this.start(script, command, firstKey, keyCount, script.main)));
      return true;
    } catch (error) {
      if (error !== WORTH_COMPILING) throw error;
      this.rewind(script.interpreter.state);
      return false;
    } finally {
      this.isEvaluating = false;
    }
  }

  /** Begins a call of `main` with what the command has. */
  private start<Result>(
    { interpreter, isFunction, ignoresKeys, ignoresValues }: Script,
    { frame }: RunningCommand,
    firstKey: number,
    keyCount: number,
    main: (...values: LuaValue[]) => Result,
  ): Result {
    const firstValue = firstKey + keyCount;
    const keys = ignoresKeys === true ? UNSEEN : textsOf(this.strings, frame, firstKey, firstValue);
    const values = ignoresValues === true ? UNSEEN : textsOf(this.strings, frame, firstValue, frame.count);
    if (isFunction) return main(keys, values);
    const { globals } = interpreter.state;
    globals.set("KEYS", keys);
    globals.set("ARGV", values);
    return main();
  }

  /** A script that cannot be run in steps ends here, and does not keep others from running. */
  private tryGoingOn(script: Script, command: RunningCommand, firstKey: number, keyCount: number): void {
    try {
      this.goOnInSteps(script, command, firstKey, keyCount);
    } catch (error) {
      this.end();
      throw error;
    }
  }

  /**
   * Likewise a program that is not in Lua: `work` runs it and answers. Its commands, run by `call`, answer to `taker`. Errors: also those of
   * `work`.
   */
  runOther(program: Program, command: RunningCommand, readOnly: boolean, taker: ProgramAnswer, work: () => void): void {
    this.begin(program, command, readOnly);
    this.taker = taker;
    try {
      work();
    } finally {
      this.taker = this.answer;
      this.end();
    }
  }

  /** Errors: CommandError when it may not run now. */
  private begin(script: Program, command: RunningCommand, readOnly: boolean): void {
    if (this.script !== null) throw commandError("ERR a script can not run another script");
    const refusal = this.host.refusalOfScript(command.session, script.flags, readOnly);
    if (refusal !== null) throw refusal;
    const { session, surroundings } = this;
    const { session: caller } = command;
    const { values } = surroundings.config;
    const says = (script.flags & ScriptFlag.COMPATIBLE) === 0 ? script.flags : 0;
    this.script = script;
    this.running = command;
    this.caller = caller;
    this.readOnly = readOnly || (says & ScriptFlag.NO_WRITES) !== 0;
    this.ignoresMemory =
      values.maxmemory === 0 || caller.kind === SessionKind.MASTER || (says & ScriptFlag.ALLOW_OOM) !== 0 || !this.host.isMemoryExhausted();
    this.hasWritten = false;
    this.answeredError = false;
    this.propagation = Audience.ALL;
    this.answer.protocol = 2;
    session.database = caller.database;
    session.kind = caller.kind === SessionKind.MASTER ? SessionKind.MASTER : SessionKind.NORMAL;
    session.noTouch = caller.noTouch;
    session.user = caller.user;
    session.guarded = caller.guarded;
  }

  // ---- scripts that run too long

  /** What the master sends is run to its end, and what a file holds while everything waits for it. */
  private watchTime({ interpreter: { state } }: Script, caller: Session): void {
    const threshold = this.surroundings.config.values["busy-reply-threshold"];
    this.longRun = null;
    this.replaying = null;
    this.silent = 0;
    this.inSteps = false;
    this.overdue = false;
    this.startedAt = 0;
    const mayBeLeft = threshold > 0 && caller.suspendable;
    this.recording = mayBeLeft ? this.kept : null;
    state.onTick = mayBeLeft ? this.lookAtClock : this.lookAtMemory;
    if (!mayBeLeft) return;
    this.kept.clear();
    state.forgetChanges();
    this.logged = 0;
    this.time = this.surroundings.keyspace.now;
    this.randomBefore = this.random.mark();
  }

  private readonly lookAtMemory = (): boolean => {
    if (this.memory.isBeyondAt(performance.now(), this.surroundings.config.values["lua-memory-limit"]))
      throw new LuaError("not enough memory", 0);
    return false;
  };

  /** Returns whether the script is to be left in the middle, which its second form can be; the first is given up for that. */
  private readonly lookAtClock = (): boolean => {
    if (this.isEvaluating) throw WORTH_COMPILING;
    this.lookAtMemory();
    const now = performance.now();
    const { longRun } = this;
    const threshold = this.surroundings.config.values["busy-reply-threshold"];
    // Most scripts are over before it matters when they began: the first look at the clock will do.
    if (this.startedAt === 0) this.startedAt = now;
    if (now - this.startedAt >= threshold && !this.overdue) this.noteOverdue(now);
    if (longRun === null) {
      if (!this.overdue || this.inSteps) return this.overdue;
      throw TOO_LONG;
    }
    if (longRun.killed) {
      this.surroundings.log.notice("Lua script killed by user with SCRIPT KILL.");
      throw new Interruption("ERR Script killed by user with SCRIPT KILL...");
    }
    return longRun.isOver(now);
  };

  private noteOverdue(now: number): void {
    const { script } = this;
    if (script === null) return;
    this.overdue = true;
    this.surroundings.log.warning(
      `Slow script detected: still in execution after ${Math.floor(now - this.startedAt)} milliseconds. You can try killing the script using ` +
        `the ${script.isFunction ? "FUNCTION KILL" : "SCRIPT KILL"} command. Script name is: ${script.name}.`,
    );
  }

  /** Runs a script that has no other form. Returns whether it is over: if not it goes on in slices. */
  private runInSteps(script: Script, steps: Steps, command: RunningCommand): boolean {
    this.inSteps = true;
    this.recording = null;
    const { done, value } = steps.next();
    if (done) writeResult(this, first(value));
    else this.goOnWith(script, steps, command);
    return done === true;
  }

  /** Runs the script again, up to where it was without running its commands again, and on from there in slices. */
  private goOnInSteps(script: Script, command: RunningCommand, firstKey: number, keyCount: number): void {
    const { resumable } = script.resumable();
    if (resumable === undefined) throw new Error("the second form of a script can be left in the middle");
    this.rewind(script.interpreter.state);
    this.recording = null;
    this.goOnWith(script, this.start(script, command, firstKey, keyCount, resumable) as Steps, command);
  }

  /** Makes ready for running the script once more: its commands answer as they did. */
  private rewind(state: LuaState): void {
    this.prepareState(state);
    state.onTick = this.lookAtClock;
    state.undoChanges();
    this.kept.rewind();
    this.replaying = this.kept;
    this.silent = this.logged;
    this.propagation = Audience.ALL;
    this.answer.protocol = 2;
    this.random.restore(this.randomBefore);
  }

  private goOnWith(script: Script, steps: Steps, command: RunningCommand): void {
    command.suspend();
    this.longRun = new LongRun(steps, {
      beforeSlice: () => {
        this.surroundings.keyspace.now = this.time;
      },
      returned: (result) => this.endLongRun(() => writeResult(this, first(result))),
      failed: (error) => this.endLongRun(() => this.answerLate(script, error)),
    });
    this.longRun.schedule();
  }

  /** As the executor does for commands whose exception it can catch. */
  private answerLate(script: Script, error: unknown): void {
    if (error instanceof LuaError || error instanceof Interruption || error instanceof RangeError) return this.answerFailure(script, error);
    if (error instanceof InvariantError) throw error;
    this.surroundings.log.warning(
      `Unexpected exception in script '${script.name}': ${error instanceof Error ? error.stack : String(error)}`,
    );
    this.reply.error("ERR internal error in a script, see the server log");
    this.errorWritten("ERR internal error in a script, see the server log", false);
  }

  /** What FUNCTION STATS tells of the script that runs too long; null while there is none. */
  get progress(): ScriptProgress | null {
    const { script, running, longRun } = this;
    if (script === null || running === null || longRun === null) return null;
    const { frame } = running;
    const words = Array.from({ length: frame.count }, (_, index) => frame.text(index));
    return { name: script.name, words, milliseconds: Math.floor(performance.now() - this.startedAt) };
  }

  private endLongRun(answer: () => void): void {
    this.host.goOn(() => {
      answer();
      this.end();
    });
  }

  /** What clients are told while a script runs too long. */
  get busyError(): CommandError {
    return this.script?.isFunction ? BUSY_FUNCTION : BUSY_SCRIPT;
  }

  /**
   * SCRIPT KILL, FUNCTION KILL (`isFunction`): ends the script that runs too long. Errors: there is none, it has written, it is of the other
   * kind.
   */
  kill(isFunction: boolean): void {
    const { script, longRun } = this;
    if (script === null || longRun === null) throw commandError("NOTBUSY No scripts in execution right now.");
    if (this.hasWritten) throw UNKILLABLE;
    if (script.isFunction !== isFunction) throw this.busyError;
    longRun.killed = true;
  }

  /** Makes ready to run code of the interpreter with this state from the start. */
  prepareState(state: LuaState): void {
    state.depth = 0;
    state.nativeDepth = 0;
    state.running = null;
    state.memory = Math.min(UNWATCHED_BYTES, this.surroundings.config.values["lua-memory-limit"]);
    this.memory.reset();
    state.onMemory = this.memoryUsed;
    state.renewSteps();
    state.onTick = goOn;
    this.state = state;
  }

  /** `bytes`: of the string that is being made, or 0. */
  private readonly memoryUsed = (bytes: number): void => {
    const limit = this.surroundings.config.values["lua-memory-limit"];
    if (bytes > limit || this.memory.isBeyond(limit)) throw new LuaError("not enough memory", 0);
    if (this.state !== null) this.state.memory = UNWATCHED_BYTES;
  };

  private end(): void {
    if (this.answeredError && this.running !== null) this.running.entry.failed++;
    this.longRun = null;
    this.recording = null;
    this.replaying = null;
    this.script = null;
    this.running = null;
    this.request.release();
  }

  // ---- answering

  get reply(): Reply {
    if (this.running === null) throw new Error("no script is under way");
    return this.running.reply;
  }

  get scriptProtocol(): number {
    return this.answer.protocol;
  }

  get resultLimit(): number {
    return this.surroundings.config.values["lua-memory-limit"];
  }

  errorWritten(message: string, counted: boolean): void {
    const { running: command } = this;
    if (command === null) return;
    if (counted) command.entry.failed++;
    else this.answeredError = true;
    this.host.errorAnswered(command.session, message, { counted });
  }

  private answerFailure(script: Script, thrown: unknown): void {
    const error = thrown instanceof RangeError ? caughtError(script.interpreter.state, thrown) : thrown;
    if (!(error instanceof LuaError || error instanceof Interruption)) {
      this.end();
      throw error;
    }
    const { text, counted } = describeFailure(script.interpreter.state, script.name, error);
    this.reply.error(text);
    this.errorWritten(text, counted);
  }

  // ---- commands of the script

  /**
   * redis.call and redis.pcall: runs the command that `values` make. Errors: LuaError with the table of an error, if `raises`, else that is
   * returned. Hot.
   */
  callCommand(L: LuaState, values: readonly LuaValue[], raises: boolean): LuaValue {
    const { answer, request } = this;
    if (values.length === 0) return failed(L, "Please specify at least one argument for this redis lib call", raises);
    if (!request.build(values)) return failed(L, "Lua redis lib command arguments must be strings or integers", raises);
    if (this.replaying !== null) {
      if (this.replaying.hasMore) return this.replay(L, this.replaying);
      this.replaying = null;
    }
    const refusal = this.host.callFromScript(this, values[0], request.frame);
    const value = refusal === null ? answer.value : errorTable(refusal, true);
    const isRaised = raises && (refusal !== null || answer.isError);
    if (this.recording !== null) this.record(this.recording, value, isRaised);
    if (isRaised) throw raisedTable(L, value as LuaTable);
    L.memory -= answer.size;
    if (L.memory < 0) L.onMemory(0);
    return value;
  }

  /**
   * The same of a program that is not in Lua, for the request in `frame`: `taker` has the answer. Returns why it was refused, `-CODE text`
   * or a text without a code, or null.
   */
  call(frame: Frame): string | null {
    return this.host.callFromScript(this, 0, frame);
  }

  private record(recording: Recording, value: LuaValue, isRaised: boolean): void {
    recording.add(value, isRaised);
    if (recording.isFull) throw TOO_LONG;
  }

  private replay(L: LuaState, recording: Recording): LuaValue {
    const { raises } = recording;
    const value = recording.next();
    if (raises) throw raisedTable(L, value as LuaTable);
    return value;
  }

  /** Whether the script has not yet said to the log what it is about to say: when it is run again it has said the first of it. */
  mayLog(): boolean {
    if (this.silent > 0) {
      this.silent--;
      return false;
    }
    this.logged++;
    return true;
  }

  /** A library is loaded once more before its function is run again: it has said to the log what it says. */
  silence(): void {
    this.silent = Number.POSITIVE_INFINITY;
  }

  /** redis.acl_check_cmd: whether the client may call the command that `values` make. */
  mayCall(L: LuaState, values: readonly LuaValue[]): LuaResult {
    if (values.length === 0) throw raised(L, "Please specify at least one argument for this redis lib call");
    if (!this.request.build(values)) throw raised(L, "Lua redis lib command arguments must be strings or integers");
    const allowed = this.host.mayCall(this.session, this.request.frame);
    if (allowed === null) throw raised(L, "Invalid command passed to redis.acl_check_cmd()");
    return allowed;
  }
}

/** In place of KEYS or ARGV where no one looks. */
const UNSEEN = new LuaTable();

/** What is never left in the middle. */
const goOn = (): boolean => false;

function textsOf(strings: ShortStrings, { buffer, offsets, lengths }: Frame, from: number, to: number): LuaTable {
  const table = new LuaTable();
  for (let index = from; index < to; index++) {
    const start = offsets[index];
    table.array.push(strings.of(buffer, start, start + lengths[index]));
  }
  return table;
}
