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

const INSIDE_TEST =
  "redis() is called inside a test: call it at the top of the file, or in describe(), and use what it returns in tests; " +
  "a server for one test is `await using server = await Replicant.inProcess()`";

/** What runners say of hooks that are declared too late: bun:test, jest, vitest. */
const TOO_LATE = /inside (?:a )?tests?\b|find the current suite/i;

/** Hands hooks to `use`: those given, else those there are. Errors: Error where there are none, or inside of a test. */
export function withHooks(given: Hooks | undefined, use: (hooks: Hooks) => void): void {
  const globals: object = globalThis;
  const hooks = given ?? (areHooks(globals) ? globals : bunHooks());
  if (hooks === null) throw new Error(NO_HOOKS);
  try {
    use(hooks);
  } catch (error) {
    if (TOO_LATE.test(String(error))) throw new Error(INSIDE_TEST);
    if (given !== undefined) throw error;
    // Those of Bun are there in every program, and refuse to be used where it runs no tests.
    throw new Error(NO_HOOKS);
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
