/**
 * The library `coroutine`. The body of a coroutine runs in its resumable form: `yield` leaves it with the list of values that `resume`
 * returns. Both are iterators written by hand, for generators would take twice the time. Source: lbaselib.c of Lua 5.1.5. Hot.
 */

import { numberText } from "../numbers.ts";
import { finish, runThrough, TICK } from "../operations.ts";
import { type LuaState, MAX_NATIVE_DEPTH } from "../state.ts";
import { Coroutine, LuaError, type LuaFunction, type LuaResult, type LuaValue, type Steps, TailCall } from "../value.ts";
import { before, caughtError, plainError, resultOf } from "./calls.ts";
import { MAX_C_STACK } from "./limits.ts";

type Step = IteratorResult<unknown, LuaResult>;

const TICK_STEP: Step = { done: false, value: TICK };

/** The functions of `coroutine`, in the order in which Lua sets them. */
export function coroutineLibrary(L: LuaState): Record<string, LuaFunction> {
  return {
    create: (...values) => create(L, values),
    resume: suspendable((values) => new Resumption(L, checkCoroutine(L, values), values.slice(1), false)),
    running: () => L.running ?? undefined,
    status: (...values) => checkCoroutine(L, values).status,
    wrap: (...values) => wrap(L, create(L, values)),
    yield: suspendable(
      (values) => new Yield(L, values),
      () => {
        throw boundaryError(L);
      },
    ),
  };
}

/** A function of the library in both forms. `plainly`: what it does where it cannot be left; to its end unless it says otherwise. */
function suspendable(steps: (values: LuaValue[]) => Steps, plainly: LuaFunction = (...values) => runThrough(steps(values))): LuaFunction {
  const forward: LuaFunction = (...values) => plainly(...values);
  return Object.assign(forward, { resumable: (...values: LuaValue[]) => steps(values) });
}

function create(L: LuaState, values: readonly LuaValue[]): Coroutine {
  const [body] = values;
  if (typeof body !== "function" || body.native === true) throw L.argumentError(1, "Lua function expected");
  return new Coroutine(body);
}

function checkCoroutine(L: LuaState, values: readonly LuaValue[]): Coroutine {
  const [coroutine] = values;
  if (coroutine instanceof Coroutine) return coroutine;
  throw L.argumentError(1, "coroutine expected");
}

function wrap(L: LuaState, coroutine: Coroutine): LuaFunction {
  return Object.assign(
    suspendable((values) => new Resumption(L, coroutine, values, true)),
    { native: true },
  );
}

/** A coroutine that runs to its next yield or its end, for `resume` or the function that `wrap` made. */
class Resumption implements Steps {
  private readonly L: LuaState;
  private readonly coroutine: Coroutine;
  private readonly values: readonly LuaValue[];
  private readonly isWrapped: boolean;
  private isUnderWay = false;
  /** What ran before, and runs again afterwards. */
  private readonly running: Coroutine | null;
  private readonly sites: number[];
  private readonly tails: number[];
  private readonly depth: number;

  constructor(L: LuaState, coroutine: Coroutine, values: readonly LuaValue[], isWrapped: boolean) {
    this.L = L;
    this.coroutine = coroutine;
    this.values = values;
    this.isWrapped = isWrapped;
    this.running = L.running;
    this.sites = L.sites;
    this.tails = L.tails;
    this.depth = L.depth;
  }

  [Symbol.iterator](): this {
    return this;
  }

  next(): Step {
    const { coroutine } = this;
    let sent: LuaResult;
    if (!this.isUnderWay) {
      const refused = this.refusal();
      if (refused !== null) return this.failed(refused);
      // The first values are the arguments of the body.
      if (coroutine.steps !== null) sent = resultOf(this.values);
      this.enter();
    }
    let outcome: Step | LuaError;
    let isOver = true;
    try {
      outcome = this.advance(sent);
      isOver = outcome !== TICK_STEP;
    } catch (thrown) {
      coroutine.status = "dead";
      outcome = caughtError(this.L, thrown);
    } finally {
      if (isOver) this.leave();
    }
    if (outcome instanceof LuaError) return this.failed(outcome);
    return isOver ? this.succeeded(outcome) : outcome;
  }

  /** Runs the body to its next yield, to its end, or until the clock is to be looked at. */
  private advance(sent: LuaResult): Step {
    const { coroutine } = this;
    let steps = coroutine.steps ?? start(coroutine, this.values);
    for (let value = sent; ; value = undefined) {
      coroutine.steps = steps;
      const step = steps.next(value);
      if (!step.done) {
        if (step.value === TICK) return TICK_STEP;
        coroutine.status = "suspended";
        return step;
      }
      if (!(step.value instanceof TailCall)) {
        coroutine.status = "dead";
        return { done: true, value: step.value };
      }
      steps = finish(this.L, step.value);
    }
  }

  private succeeded({ done, value }: Step): Step {
    const { L, isWrapped } = this;
    const result = done ? value : resultOf(value as readonly LuaValue[]);
    // They need room on Lua's stack.
    if (Array.isArray(result) && result.length + (isWrapped ? 1 : 2) > MAX_C_STACK) throw L.error("too many results to resume");
    return { done: true, value: isWrapped ? result : before(true, result) };
  }

  private failed(error: LuaError): Step {
    const { L, isWrapped } = this;
    let { value } = error;
    if (!isWrapped) return { done: true, value: [false, value] };
    if (typeof value === "number") value = numberText(value);
    throw new LuaError(typeof value === "string" ? L.where(1) + value : value, L.sites[L.depth] as number);
  }

  /** Why the coroutine cannot be resumed; null if it can. */
  private refusal(): LuaError | null {
    const { L, coroutine, values } = this;
    if (values.length + (coroutine.steps === null ? 1 : 0) > MAX_C_STACK) throw L.error("too many arguments to resume");
    if (coroutine.status !== "suspended") return plainError(L, `cannot resume ${coroutine.status} coroutine`);
    return L.nativeDepth >= MAX_NATIVE_DEPTH ? plainError(L, "C stack overflow") : null;
  }

  private enter(): void {
    const { L, coroutine, running } = this;
    this.isUnderWay = true;
    if (running !== null) running.status = "normal";
    coroutine.status = "running";
    L.running = coroutine;
    L.sites = coroutine.sites;
    L.tails = coroutine.tails;
    L.depth = coroutine.depth;
    L.nativeDepth++;
  }

  private leave(): void {
    const { L, coroutine, running } = this;
    coroutine.depth = L.depth;
    L.nativeDepth--;
    L.running = running;
    if (running !== null) running.status = "running";
    L.sites = this.sites;
    L.tails = this.tails;
    L.depth = this.depth;
  }
}

/** A coroutine gives the values of its yield, and goes on with those that it is resumed with. */
class Yield implements Steps {
  private readonly L: LuaState;
  private readonly values: readonly LuaValue[];
  private isLeft = false;

  constructor(L: LuaState, values: readonly LuaValue[]) {
    this.L = L;
    this.values = values;
  }

  [Symbol.iterator](): this {
    return this;
  }

  next(sent?: unknown): Step {
    if (this.isLeft) return { done: true, value: sent as LuaResult };
    const { L } = this;
    if (L.running === null || L.running.unyieldable > 0) throw boundaryError(L);
    this.isLeft = true;
    return { done: false, value: this.values };
  }
}

/** The body of a coroutine, in the form that can be left. */
function start({ body }: Coroutine, values: readonly LuaValue[]): Iterator<unknown, LuaResult | TailCall, unknown> {
  if (body.steps !== undefined) return body.steps(...values);
  if (body.resumable !== undefined) return body.resumable(...values);
  return { next: () => ({ done: true, value: body(...values) }) };
}

function boundaryError(L: LuaState): LuaError {
  return plainError(L, "attempt to yield across metamethod/C-call boundary");
}
