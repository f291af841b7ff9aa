/**
 * The scripts that EVAL has seen and SCRIPT LOAD was given, by their SHA-1 and by their text. None is ever dropped but by SCRIPT FLUSH, as in
 * Redis 7.2. Hot: a script that is known is found by its bytes, without a string or a hash of all of a long text.
 */

import { equalBytes } from "../base/bytes.ts";
import type { Chunk, Form, Interpreter } from "./lua/interpreter.ts";
import type { LuaFunction } from "./lua/value.ts";
import type { Script } from "./run.ts";

export const SHA_DIGITS = 40;

/** What the chunk of each script is called. */
export const SCRIPT_CHUNK = "@user_script";

/** Beside its text: its name, its entries here and its object. */
const OVERHEAD_BYTES = 200;

/** What a script needs to look at a global whose name its text does not have. */
const REFLECTION = /_G|load|fenv/;

export class CachedScript implements Script {
  readonly name: string;
  readonly flags: number;
  readonly isFunction = false;
  readonly interpreter: Interpreter;
  evaluations = 0;
  readonly text: Buffer;
  readonly digits: Buffer;
  readonly ignoresKeys: boolean;
  readonly ignoresValues: boolean;
  /** Where the code begins, behind the shebang. */
  private readonly codeAt: number;
  private chunk: Chunk;
  private inSteps: LuaFunction | null = null;

  constructor(name: string, flags: number, text: Buffer, codeAt: number, interpreter: Interpreter, chunk: Chunk) {
    this.name = name;
    this.flags = flags;
    this.text = text;
    this.digits = Buffer.from(name, "latin1");
    this.codeAt = codeAt;
    const reflects = REFLECTION.test(text.latin1Slice());
    this.ignoresKeys = !reflects && !text.includes("KEYS");
    this.ignoresValues = !reflects && !text.includes("ARGV");
    this.interpreter = interpreter;
    this.chunk = chunk;
  }

  get main(): LuaFunction {
    return this.chunk.main;
  }

  get isEvaluated(): boolean {
    return this.chunk.form === "evaluated";
  }

  compile(): void {
    const { release } = this.chunk;
    this.chunk = this.load("compiled");
    release();
  }

  resumable(): LuaFunction {
    this.inSteps ??= this.load("resumable").main;
    return this.inSteps;
  }

  private load(form: Form): Chunk {
    return this.interpreter.load(this.text.latin1Slice(this.codeAt), SCRIPT_CHUNK, { form });
  }
}

export class ScriptCache {
  /** Bytes that the scripts take, beside what they are compiled to. */
  usedBytes = 0;
  private readonly byName = new Map<string, CachedScript>();
  /** One of those whose name begins with these eight digits. */
  private readonly byDigits = new Map<number, CachedScript>();
  private readonly byText = new Map<number, CachedScript[]>();
  private last: CachedScript | null = null;

  get size(): number {
    return this.byName.size;
  }

  add(script: CachedScript): void {
    this.byName.set(script.name, script);
    this.byDigits.set(leadingDigits(script.digits, 0), script);
    const key = hashOf(script.text, 0, script.text.length);
    const others = this.byText.get(key);
    if (others === undefined) this.byText.set(key, [script]);
    else others.push(script);
    this.usedBytes += script.text.length + OVERHEAD_BYTES;
  }

  clear(): void {
    this.byName.clear();
    this.byDigits.clear();
    this.byText.clear();
    this.last = null;
    this.usedBytes = 0;
  }

  /** The script of this name, in lower case. */
  named(name: string): CachedScript | null {
    return this.byName.get(name) ?? null;
  }

  /** The script whose text is bytes[from, from + length), or null. */
  findText(bytes: Buffer, from: number, length: number): CachedScript | null {
    const { last } = this;
    if (last !== null && isText(last, bytes, from, length)) return last;
    const found = this.byText.get(hashOf(bytes, from, length))?.find((script) => isText(script, bytes, from, length)) ?? null;
    if (found !== null) this.last = found;
    return found;
  }

  /** The script that bytes[from, from + length) name in any case, or null. */
  findName(bytes: Buffer, from: number, length: number): CachedScript | null {
    if (length !== SHA_DIGITS) return null;
    const found = this.byDigits.get(leadingDigits(bytes, from));
    if (found !== undefined && isNamed(found, bytes, from)) return found;
    return this.byName.get(bytes.latin1Slice(from, from + length).toLowerCase()) ?? null;
  }
}

function isText({ text }: CachedScript, bytes: Buffer, from: number, length: number): boolean {
  return text.length === length && equalBytes(text, 0, bytes, from, length);
}

function isNamed({ digits }: CachedScript, bytes: Buffer, from: number): boolean {
  for (let at = 0; at < SHA_DIGITS; at++) {
    const digit = digits[at];
    const byte = bytes[from + at];
    if (byte !== digit && !(digit >= 0x61 && byte === digit - 0x20)) return false;
  }
  return true;
}

/** The first eight hexadecimal digits as a number, letters in either case. */
function leadingDigits(bytes: Buffer, from: number): number {
  let number = 0;
  for (let at = from; at < from + 8; at++) {
    const byte = bytes[at];
    number = (number << 4) | ((byte & 0x0f) + (byte >= 0x40 ? 9 : 0));
  }
  return number;
}

/** Below it a loop beats the call. */
const LOOP_LIMIT = 64;

function hashOf(bytes: Buffer, from: number, length: number): number {
  if (length > LOOP_LIMIT) return Bun.hash.xxHash32(bytes.subarray(from, from + length));
  let hash = length;
  for (let at = from; at < from + length; at++) hash = (Math.imul(hash, 31) + bytes[at]) | 0;
  return hash;
}
