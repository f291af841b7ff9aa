/** Breaking an invariant on purpose. */

import { expect } from "bun:test";
import { InvariantError } from "../../src/assert.ts";

/** Expects `broken` to trip the assert whose reason contains `reason`. */
export function trips(reason: string, broken: () => unknown): void {
  let thrown: unknown = null;
  try {
    broken();
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(InvariantError);
  expect((thrown as InvariantError).message).toContain(reason);
}
