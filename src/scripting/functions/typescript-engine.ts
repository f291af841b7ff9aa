/**
 * The engines TYPESCRIPT and JAVASCRIPT. Each library is a module of its own that Bun compiles (typescript/module.ts), with the rights of
 * the server: there is no fence around it, and nothing ends a function that does not end itself. docs/scripts.md tells users.
 */

import { InvariantError } from "../../assert.ts";
import { textOf, toBytes } from "../../base/text.ts";
import { LogLevel } from "../../log.ts";
import type { Frame } from "../../protocol/frame.ts";
import { WordRequest } from "../../protocol/word-request.ts";
import { errorTable, errorTextOf as luaErrorTextOf } from "../error-values.ts";
import type { Program, RunningCommand, ScriptRunner } from "../run.ts";
import { FunctionReply, type ReplyValue } from "../typescript/function-reply.ts";
import { CompileError, type Language, LibraryModule } from "../typescript/module.ts";
import { type ErrorText, errorTextOf, ReplyError, wordsOf } from "../typescript/reply-error.ts";
import { type Answer, answerOf, Status, writeAnswer } from "../typescript/result.ts";
import { StackCheck } from "../typescript/stack.ts";
import { type Engine, type Library, LibraryError, type LibraryFunction } from "./library.ts";
import { readRegistration } from "./register-typescript.ts";

/** So many bytes a library takes for each of its text. */
const COMPILED_FACTOR = 8;

const LOG_LEVELS = ["debug", "verbose", "notice", "warning"] as const;

/** A function as it was registered. */
class TypeScriptFunction implements Program {
  readonly name: string;
  readonly flags: number;
  readonly isFunction = true;
  readonly library: string;
  readonly module: LibraryModule;
  /** Whether keys and arguments are handed to it as buffers. */
  readonly takesBytes: boolean;
  readonly body: (...values: unknown[]) => unknown;

  constructor(facts: Omit<TypeScriptFunction, "isFunction">) {
    this.name = facts.name;
    this.flags = facts.flags;
    this.library = facts.library;
    this.module = facts.module;
    this.takesBytes = facts.takesBytes;
    this.body = facts.body;
  }
}

export class TypeScriptEngine implements Engine {
  readonly name: string;
  readonly privileged = true;
  private readonly language: Language;
  private readonly runner: ScriptRunner;
  private readonly request = new WordRequest();
  private readonly answer = new FunctionReply();
  private readonly stack = new StackCheck();
  /** What functions get as their first argument. */
  private readonly api: unknown;
  /** Of all libraries. */
  private textBytes = 0;
  /** A function is under way: `call` can be used. */
  private active = false;
  /** A command of the function broke an invariant of the server, which no code of a library may hide. */
  private broken: InvariantError | null = null;

  constructor(language: Language, runner: ScriptRunner) {
    this.name = language.toUpperCase();
    this.language = language;
    this.runner = runner;
    this.api = this.makeApi();
  }

  get usedBytes(): number {
    return this.textBytes * COMPILED_FACTOR;
  }

  // ---- loading

  /** `limitMs` has no effect: what runs too long cannot be ended. */
  load(library: Library, code: string): void {
    const { name } = library;
    let module: LibraryModule | null = null;
    let loading = true;
    const registerFunction = (...values: readonly unknown[]): void => {
      if (!loading || module === null) throw new Error("registerFunction can only be called while the library is loaded");
      const { body, takesBytes, ...facts } = readRegistration(values);
      library.add({ ...facts, body: new TypeScriptFunction({ ...facts, library: name, module, takesBytes, body }) });
    };
    try {
      module = new LibraryModule(Buffer.from(code, "latin1").toString(), this.language);
      module.run({ registerFunction });
    } catch (error) {
      throw loadError(error, name, module);
    } finally {
      loading = false;
    }
    const bytes = code.length;
    this.textBytes += bytes;
    library.release = () => {
      this.textBytes -= bytes;
    };
  }

  // ---- running

  run({ body }: LibraryFunction, command: RunningCommand, firstKey: number, keyCount: number, readOnly: boolean): void {
    const callee = body as TypeScriptFunction;
    const began = performance.now();
    this.runner.runOther(callee, command, readOnly, this.answer, () => this.runNow(callee, command.frame, firstKey, keyCount));
    this.warnIfSlow(callee, performance.now() - began);
  }

  private runNow(callee: TypeScriptFunction, frame: Frame, firstKey: number, keyCount: number): void {
    const { runner } = this;
    let answer: Answer;
    this.active = true;
    try {
      const values = callee.takesBytes ? buffersOf(frame, firstKey) : textsOf(frame, firstKey, keyCount);
      answer = answerOf(callee.body(this.api, values.slice(0, keyCount), values.slice(keyCount)));
    } catch (error) {
      answer = { error: failureOf(callee, error) };
    } finally {
      this.active = false;
      this.request.release();
    }
    const { broken } = this;
    this.broken = null;
    if (broken !== null) throw broken;
    writeAnswer(runner.reply, answer, ({ text, counted }) => runner.errorWritten(text, counted));
  }

  private warnIfSlow({ name }: TypeScriptFunction, took: number): void {
    const { config, log } = this.runner.surroundings;
    const threshold = config.values["busy-reply-threshold"];
    if (threshold === 0 || took < threshold) return;
    log.warning(`Slow function detected: ${name} ran for ${Math.floor(took)} milliseconds, in which no client was served.`);
  }

  // ---- what functions can use

  private makeApi(): unknown {
    const api = (...words: readonly unknown[]): ReplyValue => this.callCommand(words, false);
    const more = {
      bytes: (...words: readonly unknown[]): ReplyValue => this.callCommand(words, true),
      status: (text: unknown): Status => new Status(String(text)),
      error: (text: unknown): ReplyError => new ReplyError(toBytes(String(text)), { counted: false }),
      log: (level: unknown, ...words: readonly unknown[]): void => this.writeLog(level, words),
    };
    return Object.freeze(Object.assign(api, more));
  }

  private callCommand(words: readonly unknown[], asBytes: boolean): ReplyValue {
    if (!this.active) throw new Error("call can only be used while a function runs, and not by what it leaves behind");
    if (this.broken !== null) throw this.broken;
    if (words.length === 0) throw new TypeError("call needs the name of a command");
    const { request, answer } = this;
    this.stack.require();
    request.build(words);
    answer.asBytes = asBytes;
    const refusal = this.execute();
    if (refusal !== null) throw new ReplyError(luaErrorTextOf(errorTable(refusal)).text, { counted: true });
    const { value, hasOddBytes } = answer;
    answer.begin();
    if (value instanceof ReplyError) throw value;
    if (!hasOddBytes) return value;
    throw new TypeError(`the reply of ${String(words[0]).toUpperCase()} has bytes in it that are no UTF-8: call.bytes can take them`);
  }

  /** Returns why the command was refused, or null. */
  private execute(): string | null {
    try {
      return this.runner.call(this.request.frame);
    } catch (error) {
      if (error instanceof InvariantError) this.broken = error;
      throw error;
    }
  }

  private writeLog(level: unknown, words: readonly unknown[]): void {
    const { log } = this.runner.surroundings;
    const known = LOG_LEVELS.find((name) => name === level);
    if (known === undefined)
      throw new TypeError(`a message of level ${String(level)} cannot be logged: ${LOG_LEVELS.join(", ")} are the levels`);
    log.write(LogLevel[known], words.map(String).join(" "));
  }
}

// ---- values in

function buffersOf(frame: Frame, from: number): Buffer[] {
  const values: Buffer[] = [];
  for (let index = from; index < frame.count; index++) values.push(frame.argument(index));
  return values;
}

/** Errors: TypeError when one is no UTF-8. */
function textsOf(frame: Frame, from: number, keyCount: number): string[] {
  const { buffer, offsets, lengths } = frame;
  const values: string[] = [];
  for (let index = from; index < frame.count; index++) {
    const start = offsets[index];
    const text = textOf(buffer, start, start + lengths[index]);
    if (text === null) {
      const place = index - from;
      const name = place < keyCount ? `key ${place + 1}` : `argument ${place - keyCount + 1}`;
      throw new TypeError(`${name} has bytes in it that are no UTF-8: a function registered with bytes: true can take them`);
    }
    values.push(text);
  }
  return values;
}

// ---- errors out

function loadError(error: unknown, library: string, module: LibraryModule | null): LibraryError {
  if (error instanceof InvariantError) throw error;
  if (error instanceof CompileError) {
    const place = error.line > 0 ? `${library}:${error.line}` : library;
    return new LibraryError(`Error compiling function: ${place}: ${toBytes(error.message)}`);
  }
  const line = module?.lineOf(error) ?? 0;
  return new LibraryError(`Error registering functions: ${toBytes(wordsOf(error))}, on @${library}${line > 0 ? `:${line}` : ""}.`);
}

/** What the client is told of an error that ended a function: as of one that ended a script. */
function failureOf({ name, library, module }: TypeScriptFunction, error: unknown): ErrorText {
  const { text, counted } = errorTextOf(error);
  const line = module.lineOf(error);
  return { text: `${text} script: ${name}, on @${library}${line > 0 ? `:${line}` : ""}.`, counted };
}
