/** A Redis for tests, in a line: `import { redis } from "replicant/testing"`. */

import { requireOptions } from "../embedding/options.ts";
import { type ListenOptions, Replicant } from "../index.ts";
import { redisOf, type TestOptions, type TestRedis } from "./test-redis.ts";

export { KeyAssertionError, type KeyAssertions } from "./assertions.ts";
export type { Hooks } from "./hooks.ts";
export type { TestOptions, TestRedis } from "./test-redis.ts";
export type { Expected, KeyType } from "./values.ts";

/**
 * A server for the tests of this file, or of this `describe`: started before the first, as new before each, stopped after the last.
 *
 *     const db = redis();
 *
 * Errors: Error where no hooks are found, or inside of a test; see `TestOptions.hooks`. TypeError for options that there are not.
 */
export function redis(options: TestOptions = {}): TestRedis {
  const { per, listen, hooks, ...others } = options;
  requireOptions(others, "redis", ["per", "listen", "hooks"]);
  return redisOf(open, options);
}

function open({ port, ...others }: ListenOptions, listens: boolean): Promise<Replicant> {
  return listens ? Replicant.start({ ...others, ...(port === undefined ? {} : { port }) }) : Replicant.inProcess(others);
}
