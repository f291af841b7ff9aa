/** The engine LUA: its libraries share an interpreter, made for the first of them. Source: function_lua.c. */

import { describeValue, raised, untilNul } from "../error-values.ts";
import { type Chunk, Interpreter } from "../lua/interpreter.ts";
import { LuaSyntaxError } from "../lua/lexer.ts";
import type { RandomNumbers } from "../lua/library/math.ts";
import { parse } from "../lua/parser.ts";
import { Interruption, LuaError, type LuaFunction, NOTHING } from "../lua/value.ts";
import type { RunningCommand, Script, ScriptRunner } from "../run.ts";
import { type Engine, type Library, LibraryError, type LibraryFunction } from "./library.ts";
import { keepsState } from "./library-state.ts";
import { LuaEnvironment } from "./lua-environment.ts";
import { type Registration, readRegistration } from "./register-function.ts";

const CHUNK_NAME = "@user_function";

/** Without any library, as Redis shows it. */
const INTERPRETER_BYTES = 32 * 1024;
/** So many bytes a library takes for each of its text. */
const COMPILED_FACTOR = 8;

/** Takes a function that the code of a library registers. Errors: LibraryError. */
type Register = (registration: Registration) => void;

export class LuaEngine implements Engine {
  readonly name = "LUA";
  readonly privileged = false;
  private readonly runner: ScriptRunner;
  private readonly random: RandomNumbers;
  private made: LuaEnvironment | null = null;
  /** Of all libraries. */
  private textBytes = 0;
  /** While the code of a library runs. */
  private register: Register | null = null;

  /** `random`: the numbers of math.random, which scripts have too. */
  constructor(runner: ScriptRunner, random: RandomNumbers) {
    this.runner = runner;
    this.random = random;
  }

  get usedBytes(): number {
    return INTERPRETER_BYTES + this.textBytes * COMPILED_FACTOR;
  }

  /**
   * What runs too long is run again in the form that can be left in the middle: from the start, which functions that keep state must not be.
   * These have that form only.
   */
  load(library: Library, code: string, limitMs: number): void {
    const { interpreter } = this.environment;
    const chunk = compile(interpreter, code);
    const bytes = code.length;
    this.textBytes += bytes;
    const forms = new SecondForms(() => this.loadInSteps(code));
    library.release = () => {
      this.textBytes -= bytes;
      chunk.release();
      forms.release();
    };
    this.runCode(chunk, limitMs, ({ name, description, flags, body: main }) => {
      library.add({ name, description, flags, body: new LuaLibraryFunction({ name, flags, interpreter, main, forms }) });
    });
  }

  run({ body }: LibraryFunction, command: RunningCommand, firstKey: number, keyCount: number, readOnly: boolean): void {
    this.runner.run(body as LuaLibraryFunction, command, firstKey, keyCount, readOnly);
  }

  /** The second form of a library's functions. */
  private loadInSteps(code: string): LoadedForms {
    const chunk = this.environment.interpreter.load(code, CHUNK_NAME, { form: "resumable" });
    const functions = new Map<string, LuaFunction>();
    this.runner.silence();
    this.runCode(chunk, 0, ({ name, body }) => functions.set(name, body));
    return { functions, release: chunk.release };
  }

  /** Errors: LibraryError. */
  private runCode({ main }: Chunk, limitMs: number, register: Register): void {
    const { state } = this.environment.interpreter;
    const deadline = performance.now() + limitMs;
    this.register = register;
    this.runner.prepareState(state);
    state.onTick = () => {
      if (limitMs > 0 && performance.now() > deadline) throw new Interruption("ERR FUNCTION LOAD timeout");
      return false;
    };
    try {
      this.environment.whileLoading(main);
    } catch (error) {
      throw new LibraryError(`Error registering functions: ${textOf(error)}`);
    } finally {
      this.register = null;
    }
  }

  private get environment(): LuaEnvironment {
    this.made ??= this.makeEnvironment();
    return this.made;
  }

  private makeEnvironment(): LuaEnvironment {
    const interpreter = new Interpreter(this.random);
    const { state } = interpreter;
    return new LuaEnvironment(interpreter, this.runner, (...values) => {
      const { register } = this;
      if (register === null) throw raised(state, "redis.register_function can only be called on FUNCTION LOAD command");
      const registration = readRegistration(state, values);
      try {
        register(registration);
      } catch (error) {
        throw error instanceof LibraryError ? raised(state, error.message) : error;
      }
      return NOTHING;
    });
  }
}

interface LoadedForms {
  readonly functions: ReadonlyMap<string, LuaFunction>;
  release(): void;
}

/** The second forms of the functions of a library, made when the first of them is needed. */
class SecondForms {
  private readonly load: () => LoadedForms;
  private loaded: LoadedForms | null = null;

  constructor(load: () => LoadedForms) {
    this.load = load;
  }

  named(name: string): LuaFunction | undefined {
    this.loaded ??= this.load();
    return this.loaded.functions.get(name);
  }

  release(): void {
    this.loaded?.release();
  }
}

/** A function as the runner takes it. */
class LuaLibraryFunction implements Script {
  readonly name: string;
  readonly flags: number;
  readonly isFunction = true;
  readonly interpreter: Interpreter;
  readonly main: LuaFunction;
  readonly isEvaluated = false;
  evaluations = 0;
  private readonly forms: SecondForms;

  constructor(facts: Pick<Script, "name" | "flags" | "interpreter" | "main"> & { readonly forms: SecondForms }) {
    this.name = facts.name;
    this.flags = facts.flags;
    this.interpreter = facts.interpreter;
    this.main = facts.main;
    this.forms = facts.forms;
  }

  compile(): void {
    // It is.
  }

  resumable(): LuaFunction {
    if (this.main.resumable !== undefined) return this.main;
    return this.forms.named(this.name) ?? this.main;
  }
}

/** Errors: LibraryError. */
function compile(interpreter: Interpreter, code: string): Chunk {
  try {
    const resumable = keepsState(parse(code, CHUNK_NAME));
    return interpreter.load(code, CHUNK_NAME, resumable ? { form: "resumable" } : {});
  } catch (error) {
    throw error instanceof LuaSyntaxError ? new LibraryError(`Error compiling function: ${untilNul(error.message)}`) : error;
  }
}

/** What an error says that ended the code of a library. Other exceptions are thrown again. */
function textOf(error: unknown): string {
  if (error instanceof Interruption) return error.reason;
  if (error instanceof LuaError) return describeValue(error.value).text;
  throw error;
}
