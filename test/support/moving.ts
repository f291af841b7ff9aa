/** Moves whatever can be moved in a server's memory, all the time: what takes an address for granted finds something else there. */
import type { Server } from "../../src/server.ts";

/** Values of more elements are walked in steps, between which commands come. */
const MOST_ELEMENTS = 5;

/** From now on some blocks of `server` move before each request. Returns how many have moved so far. */
export function moveEverything(server: Server): () => number {
  const { keyspace, executor } = server;
  const { defragmentation } = keyspace;
  const { arena } = keyspace.space;
  Reflect.set(arena, "isSparse", () => true);
  Reflect.set(arena, "markSparse", () => 1);
  Object.defineProperty(arena, "sparsePages", { get: () => 1 });
  const execute = executor.execute.bind(executor);
  executor.execute = (session, frame) => {
    if (!executor.busy) {
      if (!defragmentation.underWay) defragmentation.begin();
      // The time of the slice is over at its first look at the clock.
      defragmentation.step(0, MOST_ELEMENTS);
    }
    execute(session, frame);
  };
  return () => defragmentation.mover.moved;
}
