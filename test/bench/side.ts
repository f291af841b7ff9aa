/** A server that stays up through a suite. */
import type { RawClient } from "../support/client.ts";
import type { ServerProcess } from "../support/process.ts";
import { attach, type Contender, start } from "./servers.ts";

/** One server under test. It is started again when a case has brought it down, so that the others still get their figures. */
export class Side {
  readonly contender: Contender;
  /** How often it was started: data made before the last start is gone. */
  protected starts = 0;
  private running: { readonly server: ServerProcess; readonly client: RawClient } | null = null;

  constructor(contender: Contender) {
    this.contender = contender;
  }

  /** The connection for everything but the load; it starts the server when there is none. */
  async client(): Promise<RawClient> {
    if (this.running !== null && !this.running.client.isClosed) return this.running.client;
    await this.stop();
    const server = await start(this.contender);
    this.starts += 1;
    this.running = { server, client: await attach(server) };
    return this.running.client;
  }

  get port(): number {
    return this.running?.server.port ?? 0;
  }

  get pid(): number {
    return this.running?.server.pid ?? 0;
  }

  async stop(): Promise<void> {
    this.running?.client.close();
    await this.running?.server.stop();
    this.running = null;
  }
}
