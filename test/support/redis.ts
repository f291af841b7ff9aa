/**
 * A real Redis to compare with. Where none is installed the tests that need one are skipped and say so; with REPLICANT_REQUIRE_REDIS=1
 * (as in continuous integration) they fail instead, so that a machine without Redis can never pass for one where everything was
 * compared.
 */
import { describe, test } from "bun:test";
import { type ServerProcess, type StartOptions, startServer } from "./process.ts";

/** The path of redis-server, or null. */
const redisServerPath: string | null = Bun.which("redis-server");

/** Whether there is a redis-server to compare with. */
const redisAvailable: boolean = redisServerPath !== null;

const required = process.env.REPLICANT_REQUIRE_REDIS === "1";
const REASON = "there is no redis-server on the PATH";

/** Starts a Redis that saves nothing of its own accord and sends a full synchronisation at once; `options.args` override that. */
export function startRedis(options: StartOptions = {}): Promise<ServerProcess> {
  if (redisServerPath === null) throw new Error(REASON);
  const defaults = ["--save", "", "--appendonly", "no", "--daemonize", "no", "--repl-diskless-sync-delay", "0"];
  return startServer([redisServerPath], { ...options, args: [...defaults, ...(options.args ?? [])] });
}

/** Starts a Sentinel (redis-server in its other role) with this configuration text, e.g. `sentinel monitor mymaster 127.0.0.1 6379 1`. */
export function startSentinel(config: string, options: StartOptions = {}): Promise<ServerProcess> {
  if (redisServerPath === null) throw new Error(REASON);
  return startServer([redisServerPath], { ...options, config, args: ["--sentinel", ...(options.args ?? [])] });
}

/** `describe` for tests that need a real Redis. */
export function describeWithRedis(name: string, body: () => void): void {
  if (redisAvailable) describe(name, body);
  else if (required) describe(name, () => test("has a Redis to compare with", failForWant));
  else describe.skip(`${name} (skipped: ${REASON})`, body);
}

/** `test` for one that needs a real Redis. */
export function testWithRedis(name: string, body: () => void | Promise<void>, timeoutMs?: number): void {
  if (redisAvailable) test(name, body, timeoutMs);
  else if (required) test(name, failForWant);
  else test.skip(`${name} (skipped: ${REASON})`, body, timeoutMs);
}

function failForWant(): never {
  throw new Error(`${REASON}, and REPLICANT_REQUIRE_REDIS=1 asks for one`);
}
