/** A broken invariant of our own code: never the client's fault, and not survivable in the memory layer. */
export class InvariantError extends Error {
  override name = "InvariantError";
}

/** Throws InvariantError with `what` when `holds` is false. For states that cannot happen unless the code is wrong. */
export function assert(holds: boolean, what: string): asserts holds {
  if (!holds) throw new InvariantError(what);
}
