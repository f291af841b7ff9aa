/** A broken invariant of our own code: never the client's fault, and not survivable in the memory layer. */
export class InvariantError extends Error {
  override name = "InvariantError";
}

/** Throws InvariantError with `what` when `holds` is false. For states that cannot happen unless the code is wrong. */
export function assert(holds: boolean, what: string): asserts holds {
  if (!holds) throw new InvariantError(what);
}

/** Stops the server whose invariant is broken, and no other. */
export type Broken = (error: InvariantError) => void;

/** Runs `work`, an entry from outside (a timer, a socket). A broken invariant in it is told to `broken`. */
export function guard(work: () => void, broken: Broken): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof InvariantError)) throw error;
    broken(error);
  }
}

/** Likewise of work that goes on by itself. Returns resolved once it is over, `broken` having been told or not. */
export function guardLater(work: Promise<void>, broken: Broken): Promise<void> {
  return work.catch((error: unknown) =>
    guard(() => {
      throw error;
    }, broken),
  );
}

/** What was caught where failures are answered, logged or counted. A broken invariant is no such failure: it is thrown again. */
export function asFailure(error: unknown): Error {
  if (error instanceof InvariantError) throw error;
  return error instanceof Error ? error : new Error(String(error));
}
