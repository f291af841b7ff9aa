/** A broken invariant of our own code: never the client's fault, and not survivable in the memory layer. */
export class InvariantError extends Error {
  override name = "InvariantError";
}

/** Throws InvariantError with `what` when `holds` is false. For states that cannot happen unless the code is wrong. */
export function assert(holds: boolean, what: string): asserts holds {
  if (!holds) throw new InvariantError(what);
}

/**
 * Runs `work`, an entry from outside (a timer, a socket). A broken invariant in it is told to `broken`: the server that it concerns stops,
 * and no other.
 */
export function guard(work: () => void, broken: (error: InvariantError) => void): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof InvariantError)) throw error;
    broken(error);
  }
}
