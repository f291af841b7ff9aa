/** The hooks of whatever runs the tests: bun:test's, or those that jest and vitest have as globals. */

/** What has something done before and after tests. Those of bun:test, jest and vitest are such. */
export interface Hooks {
  beforeAll(run: () => Promise<void>): unknown;
  beforeEach(run: () => Promise<void>): unknown;
  afterEach(run: () => Promise<void>): unknown;
  afterAll(run: () => Promise<void>): unknown;
}

const NAMES = ["beforeAll", "beforeEach", "afterEach", "afterAll"] as const;

const NO_HOOKS =
  "redis() finds no beforeAll, beforeEach, afterEach and afterAll: give it those of your test runner, as with vitest without globals: " +
  'import * as hooks from "vitest"; const db = redis({ hooks });';

/** Hands the hooks there are to `use`. Errors: Error where there are none. */
export function withFoundHooks(use: (hooks: Hooks) => void): void {
  const globals: object = globalThis;
  if (areHooks(globals)) return use(globals);
  const bun = bunHooks();
  if (bun === null) throw new Error(NO_HOOKS);
  try {
    use(bun);
  } catch (error) {
    // They are there in every program of Bun, and refuse to be used where it runs no tests.
    throw new Error(NO_HOOKS, { cause: error });
  }
}

function areHooks(value: object): value is Hooks {
  return NAMES.every((name) => typeof (value as Partial<Record<string, unknown>>)[name] === "function");
}

/** In Bun hooks are no globals of modules that are no tests themselves. */
function bunHooks(): Hooks | null {
  if (typeof Bun === "undefined") return null;
  try {
    const hooks: unknown = import.meta.require("bun:test");
    return typeof hooks === "object" && hooks !== null && areHooks(hooks) ? hooks : null;
  } catch {
    return null;
  }
}
