/** EVAL and SCRIPT: the scripts of a server, the interpreter they share, and what runs them. */

import { type CommandError, commandError } from "../errors.ts";
import type { Frame } from "../protocol/frame.ts";
import { ScriptFlag } from "../session/script-flags.ts";
import { type Chunk, Interpreter } from "./lua/interpreter.ts";
import { LuaSyntaxError } from "./lua/lexer.ts";
import { RandomNumbers } from "./lua/library/math.ts";
import { protectGlobals } from "./protection.ts";
import { errorHandler, evalApi, redisApi } from "./redis-api.ts";
import { type RunningCommand, type ScriptHost, ScriptRunner, type ScriptSurroundings } from "./run.ts";
import { CachedScript, SCRIPT_CHUNK, ScriptCache, SHA_DIGITS } from "./script-cache.ts";
import { sha1hex } from "./sha1.ts";
import { readShebang } from "./shebang.ts";

const NO_SCRIPT: CommandError = commandError("NOSCRIPT No matching script. Please use EVAL.");

/** Without any script, as Redis shows it. */
const INTERPRETER_BYTES = 32 * 1024;
/** So many bytes a script takes for each of its text. */
const COMPILED_FACTOR = 8;

/** What the command is given: a script, or the name of one that is known. */
export type ScriptSource = "text" | "sha";

export class Scripts {
  readonly runner: ScriptRunner;
  /** The numbers of math.random, which scripts and functions share. */
  readonly random = new RandomNumbers();
  private readonly cache = new ScriptCache();
  /** Made for the first script: a server without any does without its memory. */
  private made: Interpreter | null = null;

  constructor(surroundings: ScriptSurroundings, host: ScriptHost) {
    this.runner = new ScriptRunner(surroundings, host, this.random);
  }

  private get interpreter(): Interpreter {
    this.made ??= this.makeInterpreter();
    return this.made;
  }

  private makeInterpreter(): Interpreter {
    const interpreter = new Interpreter(this.random);
    const { state } = interpreter;
    state.globals.set("redis", interpreter.library({ ...redisApi(this.runner, state), ...evalApi() }, 0));
    state.globals.set("__redis__err__handler", interpreter.library({ handler: errorHandler(state) }).get("handler"));
    protectGlobals(state);
    return interpreter;
  }

  // ---- running

  /** Runs the script that argument 1 of the command is, or names, with `keyCount` keys from argument 3 on. Errors: NOSCRIPT, it does not compile. */
  evaluate(command: RunningCommand, source: ScriptSource, keyCount: number, readOnly: boolean): void {
    const { frame } = command;
    const script = source === "text" ? (this.findText(frame, 1) ?? this.define(frame.argument(1))) : this.findName(frame, 1);
    if (script === null) throw NO_SCRIPT;
    this.runner.run(script, command, 3, keyCount, readOnly);
  }

  /** Throws NOSCRIPT where argument 1 cannot be a name, which comes before all else. */
  requireName(frame: Frame): void {
    if (frame.lengths[1] !== SHA_DIGITS) throw NO_SCRIPT;
  }

  /** What the script that a request runs says about itself: `ScriptFlag`s; COMPATIBLE where it is not known. */
  flagsOf(commandName: string, frame: Frame): number {
    if (frame.count < 2) return ScriptFlag.COMPATIBLE;
    if (commandName.startsWith("evalsha")) return this.findName(frame, 1)?.flags ?? ScriptFlag.COMPATIBLE;
    return this.findText(frame, 1)?.flags ?? flagsOfText(frame.text(1));
  }

  private findText({ buffer, offsets, lengths }: Frame, index: number): CachedScript | null {
    return this.cache.findText(buffer, offsets[index] as number, lengths[index] as number);
  }

  private findName({ buffer, offsets, lengths }: Frame, index: number): CachedScript | null {
    return this.cache.findName(buffer, offsets[index] as number, lengths[index] as number);
  }

  // ---- the cache

  /** Makes a script known. Returns it. Errors: its first line makes no sense, it does not compile. */
  define(bytes: Buffer): CachedScript {
    const name = sha1hex(bytes);
    const known = this.cache.named(name);
    if (known !== null) return known;
    const text = bytes.latin1Slice();
    const { flags, end } = readShebang(text);
    const { interpreter } = this;
    const script = new CachedScript(name, flags, bytes, end, interpreter, load(interpreter, text.slice(end)));
    this.cache.add(script);
    return script;
  }

  /** Whether argument `index` names a script that is known. */
  has(frame: Frame, index: number): boolean {
    return this.findName(frame, index) !== null;
  }

  /** Forgets all scripts. */
  flush(): void {
    this.cache.clear();
    this.made = null;
  }

  get count(): number {
    return this.cache.size;
  }

  /** Bytes that their texts take. */
  get usedBytes(): number {
    return this.cache.usedBytes;
  }

  /** Bytes that the interpreter takes with what the scripts are compiled to: an estimate. */
  get interpreterBytes(): number {
    return INTERPRETER_BYTES + this.cache.usedBytes * COMPILED_FACTOR;
  }
}

/** Most scripts are run once or a few times: compiling comes later. */
function load(interpreter: Interpreter, text: string): Chunk {
  try {
    return interpreter.load(text, SCRIPT_CHUNK, { form: "evaluated" });
  } catch (error) {
    if (!(error instanceof LuaSyntaxError)) throw error;
    throw commandError(`ERR Error compiling script (new function): ${error.message}`);
  }
}

function flagsOfText(text: string): number {
  try {
    return readShebang(text).flags;
  } catch {
    return ScriptFlag.COMPATIBLE;
  }
}
