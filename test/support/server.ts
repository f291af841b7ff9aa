/** Starts Replicant servers inside the test's own process. */

import { afterAll, beforeAll } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Config } from "../../src/config/config.ts";
import { Log } from "../../src/log.ts";
import { Server } from "../../src/server.ts";
import { connect, type RawClient } from "./client.ts";

export interface TestServer extends AsyncDisposable {
  readonly server: Server;
  readonly port: number;
  stop(): Promise<void>;
}

/**
 * A server on a free port of 127.0.0.1 with these directives over the defaults; it saves nothing unless told, and that to a directory of
 * its own, which goes with it. Take it with `await using`, or stop it in afterEach.
 */
export async function startServer(directives: Parameters<typeof Config.of>[0] = {}): Promise<TestServer> {
  const directory = mkdtempSync(join(tmpdir(), "replicant-test-"));
  const config = Config.of({ save: "", bind: "127.0.0.1", "enable-debug-command": "yes", dir: directory, ...directives });
  const server = new Server(config, { anyPort: true, log: new Log({ level: "nothing", file: "" }) });
  const stop = async () => {
    await server.stop();
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    await server.start();
  } catch (error) {
    await stop();
    throw error;
  }
  return { server, port: server.port, stop, [Symbol.asyncDispose]: stop };
}

/** A server and a connection to it for the tests of one `describe`: `begin` gets them before the first, and both go after the last. */
export function useServer(
  begin: (server: TestServer, client: RawClient) => void,
  directives: Parameters<typeof startServer>[0] = {},
): void {
  let server: TestServer | null = null;
  let client: RawClient | null = null;
  beforeAll(async () => {
    server = await startServer(directives);
    client = await connect(server.port);
    begin(server, client);
  });
  afterAll(async () => {
    client?.close();
    await server?.stop();
  });
}
