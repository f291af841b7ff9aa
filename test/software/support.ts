/** What the tests of real software share: the server that the software is run against. */
import { afterAll, beforeAll } from "bun:test";
import { startRedis } from "../support/redis.ts";
import { startServer } from "../support/server.ts";

type SoftwareServer = AsyncDisposable & { readonly port: number };

/**
 * Starts a server of ours in this process or, with SOFTWARE_SERVER=redis, a redis-server: whether a failure is ours is the first thing one
 * wants to know. Connections must be closed before it is: `stack.adopt(client, (client) => client.close())` behind `stack.use(server)`.
 */
export async function startSoftwareServer(): Promise<SoftwareServer> {
  return process.env.SOFTWARE_SERVER === "redis" ? await startRedis() : await startServer();
}

/** One such server for the tests of a file, which must not use the same keys. Returns a function that tells its port. */
export function useSoftwareServer(): () => number {
  let server: SoftwareServer | null = null;
  beforeAll(async () => {
    server = await startSoftwareServer();
  });
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
  });
  return () => server?.port ?? 0;
}

/** Has `close` called with `part` when the stack is disposed of. Returns `part`. */
export function closing<T>(stack: AsyncDisposableStack, part: T, close: (part: T) => unknown): T {
  return stack.adopt(part, async (closed) => {
    await close(closed);
  });
}
