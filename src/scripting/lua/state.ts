/**
 * What the functions of one interpreter share: the stack of calls that error messages need, the budget of steps, the metatable of strings.
 * Compiled code knows it as `L`.
 */

import { LuaTable } from "./table.ts";
import { type Coroutine, LuaError, type LuaFunction, type LuaResult, type LuaValue, typeName } from "./value.ts";

/** What a place in a chunk is about to do, for the messages of what goes wrong there. */
export interface Site {
  readonly chunk: string;
  readonly line: number;
  /** What Lua calls the function called, or the operand that may be to blame: `global 'x'`, `field 'y'`; "" for none. */
  readonly left: string;
  /** Likewise for the right operand. */
  readonly right: string;
}

const NOWHERE: Site = { chunk: "", line: -1, left: "", right: "" };

/** Sites of a chunk are numbered from a multiple of this. */
const BLOCK = 4096;

/** Calls in calls: where Lua's array of them, doubled from 8, would pass its limit of 20,000. */
const MAX_DEPTH = 16_300;
/** Calls from C in calls from C (LUAI_MAXCCALLS). */
export const MAX_NATIVE_DEPTH = 200;

/** Steps (turns of loops, calls) between two looks at the clock. */
const STEPS_PER_TICK = 20_000;

export class LuaState {
  /** How many functions of Lua are under way in the running coroutine. */
  depth = 0;
  /** For each of them what it is doing: the number of a site. 0 for a call that C code makes. */
  sites: number[] = [0];
  /** For each of them how many functions it has taken the place of, as what they called last; and the count for the one about to begin. */
  tails: number[] = [0];
  tail = 0;
  readonly maxDepth = MAX_DEPTH;
  nativeDepth = 0;
  /** Steps left until `tick`. */
  steps = STEPS_PER_TICK;
  /** Called when the steps are used up. Returns whether the script should be left in the middle, if its form allows it. */
  onTick: () => boolean = () => false;
  /** Bytes that may still be made until `onMemory`, which throws or sets it again. */
  memory = Number.POSITIVE_INFINITY;
  onMemory: (bytes: number) => void = () => {};
  running: Coroutine | null = null;
  readonly globals = new LuaTable();
  readonly stringMetatable = new LuaTable();
  readonly registry = new Map<number, readonly Site[]>();
  private nextBlock = 1;
  /** What outlives the script under way and has been changed by it, with what it was like before. */
  private readonly changed: { readonly target: object; readonly before: object }[] = [];

  /** The number that the next chunk's first site gets. */
  get nextSite(): number {
    return this.nextBlock * BLOCK;
  }

  /** Keeps the sites of a chunk, whose numbers go on from `nextSite`. */
  addSites(sites: readonly Site[]): void {
    for (let from = 0; from < sites.length; from += BLOCK) this.registry.set(this.nextBlock++, sites.slice(from, from + BLOCK));
  }

  /** The chunk is gone, and with it all of its functions. */
  removeSites(base: number, count: number): void {
    for (let block = base / BLOCK; block < (base + count) / BLOCK; block++) this.registry.delete(block);
  }

  site(number: number): Site {
    return this.registry.get(Math.floor(number / BLOCK))?.[number % BLOCK] ?? NOWHERE;
  }

  /** What the running function of Lua is doing: for C code, its call. */
  get current(): Site {
    return this.site(this.sites[this.depth] as number);
  }

  /** `chunk:line: ` of the function `level` levels up, 1 being the one that runs; "" where that is C. Source: luaL_where. */
  where(level: number): string {
    let place = this.depth;
    for (let left = level - 1; left > 0 && place > 0; place--) {
      left -= 1 + (this.tails[place] ?? 0);
      // The call that led here has given way to its last one: no one knows any more where it was.
      if (left < 0) return "";
    }
    if (place <= 0) return "";
    const { chunk, line } = this.site(this.sites[place] as number);
    return line > 0 ? `${chunk}:${line}: ` : "";
  }

  /** An error raised by C code, or by an operation, with the position of the function of Lua that runs. */
  error(message: string): LuaError {
    return new LuaError(this.where(1) + message, this.sites[this.depth] as number);
  }

  /** Likewise of an operation at `site`. */
  errorAt(site: number, message: string): LuaError {
    this.sites[this.depth] = site;
    return this.error(message);
  }

  /** Takes a look at the clock. Returns whether the script should be left in the middle. */
  tick(): boolean {
    this.renewSteps();
    return this.onTick();
  }

  renewSteps(): void {
    this.steps = STEPS_PER_TICK;
  }

  /** Takes `count` steps from the budget: loops, and library code that worked for the script. Returns what `tick` does. */
  spend(count: number): boolean {
    this.steps -= count;
    return this.steps < 0 && this.tick();
  }

  /** The script is about to change `target`, which outlives it. */
  willChange(target: object): void {
    if (!this.changed.some((change) => change.target === target)) this.changed.push({ target, before: { ...target } });
  }

  /** A script begins. */
  forgetChanges(): void {
    if (this.changed.length > 0) this.changed.length = 0;
  }

  /** The script begins again: what it has changed is as before. */
  undoChanges(): void {
    for (const { target, before } of this.changed) Object.assign(target, before);
    this.forgetChanges();
  }

  /** A string was made: its bytes count against the memory that a script may take. Returns it. Hot. */
  made(text: string): string {
    this.memory -= text.length;
    if (this.memory < 0) this.onMemory(text.length);
    return text;
  }

  /** A function was entered at a depth that there is not: its caller is to blame. */
  overflow(): LuaError {
    this.depth--;
    return this.error("stack overflow");
  }

  /** The error about argument `index` (from 1) of the C function that runs. Source: luaL_argerror. */
  argumentError(index: number, message: string): LuaError {
    const [kind = "", quoted = "'?'"] = this.current.left === "" ? [] : splitName(this.current.left);
    if (kind === "method") {
      if (index === 1) return this.error(`calling ${quoted} on bad self (${message})`);
      return this.error(`bad argument #${index - 1} to ${quoted} (${message})`);
    }
    return this.error(`bad argument #${index} to ${quoted} (${message})`);
  }

  /** Source: luaL_typerror. `values`: all arguments of the function. */
  typeError(values: readonly LuaValue[], index: number, expected: string): LuaError {
    const given = index > values.length ? "no value" : typeName(values[index - 1]);
    return this.argumentError(index, `${expected} expected, got ${given}`);
  }

  /** Calls `callee` from C: it has no line there. Hot for table.sort and string.gsub. */
  call(callee: LuaFunction, ...values: LuaValue[]): LuaResult {
    if (this.nativeIsFull) throw new LuaError("C stack overflow", this.sites[this.depth] as number);
    this.enterNative();
    const depth = ++this.depth;
    this.sites[depth] = 0;
    this.tails[depth] = 0;
    try {
      return callee(...values);
    } finally {
      this.depth = depth - 1;
      this.leaveNative();
    }
  }

  get nativeIsFull(): boolean {
    return this.nativeDepth + 1 >= MAX_NATIVE_DEPTH;
  }

  /** A call begins that Lua makes by way of C: a coroutine cannot be left from inside of it. `leaveNative` must follow. */
  enterNative(): void {
    this.nativeDepth++;
    if (this.running !== null) this.running.unyieldable++;
  }

  leaveNative(): void {
    if (this.running !== null) this.running.unyieldable--;
    this.nativeDepth--;
  }
}

function splitName(name: string): [string, string] {
  const space = name.indexOf(" ");
  return [name.slice(0, space), name.slice(space + 1)];
}
