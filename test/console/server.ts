/** Servers with a console. */

import { ListenError } from "../../src/transport/listeners.ts";
import { freePort } from "../support/process.ts";
import { startServer, type TestServer } from "../support/server.ts";

const ATTEMPTS = 8;

/** Starts a server whose console is at a free port: `server.console.port`. */
export async function startConsole(directives: Parameters<typeof startServer>[0] = {}): Promise<TestServer> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await startServer({ "console-port": String(freePort()), ...directives });
    } catch (error) {
      // Another process took the port in the meantime.
      if (!(error instanceof ListenError) || attempt === ATTEMPTS) throw error;
    }
  }
}
