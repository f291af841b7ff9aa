/** `replicant/testing` where there is no Bun: the server is the executable's, at a port. The types are those of src/testing. */

import type { Replicant as InProcess } from "../index.ts";
import { redisOf, type TestOptions, type TestRedis } from "../testing/test-redis.ts";
import { Replicant } from "./replicant.ts";

export { KeyAssertionError } from "../testing/assertions.ts";

/** A server for the tests of this file, or of this `describe`: started before the first, as new before each, stopped after the last. */
export function redis(options: TestOptions = {}): TestRedis {
  // They differ in what no one sees from outside.
  return redisOf(async (others) => (await Replicant.start(others)) as unknown as InProcess, options);
}
