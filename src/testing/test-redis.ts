/** The server of a file's tests: started, made as new and stopped by the hooks of what runs them. */

import { Client } from "../client/client.ts";
import { INSPECT, inspectedAs } from "../client/inspecting.ts";
import type { Link } from "../client/link.ts";
import type { ListenOptions, Replicant } from "../index.ts";
import { KeyAssertions } from "./assertions.ts";
import { type Hooks, withHooks } from "./hooks.ts";

/** Starts a server; `listens`: one that others can connect to. */
export type OpenServer = (options: ListenOptions, listens: boolean) => Promise<Replicant>;

/** Any option of a server, and how tests want it. */
export interface TestOptions extends ListenOptions {
  /** "file" (unless told): one server for all tests of the file, which is reset before each. "test": a new one for each. */
  readonly per?: "file" | "test";
  /** Whether others connect to it, at a port: then `url` tells where. So it is if `port` is given. */
  readonly listen?: boolean;
  /** Those of the test runner, where they are not globals: vitest's, unless it is told to have them. */
  readonly hooks?: Hooks;
}

/** The server of a file's tests. To be used in tests and hooks, not before. */
export class TestRedis {
  /** What can be said about keys: `await db.assert.equals("user:1", { name: "Ada" })`. */
  readonly assert = new KeyAssertions(() => this.link);
  private readonly options: TestOptions;
  private readonly open: OpenServer;
  private running: Replicant | null = null;
  private ownLink: Link | null = null;
  private ownClient: Client | null = null;

  constructor(options: TestOptions, open: OpenServer) {
    this.options = options;
    this.open = open;
  }

  /** The server itself: its snapshots, its clock, its events, its options for other clients. */
  get server(): Replicant {
    if (this.running === null) throw new Error("the server of redis() runs during tests and hooks: it is not started yet, or stopped");
    return this.running;
  }

  /** A connection to it, a new one for each test. */
  get link(): Link {
    this.ownLink ??= this.server.connect({ reconnect: true });
    return this.ownLink;
  }

  /** A client of it, a new one for each test. */
  get client(): Client {
    this.ownClient ??= new Client(this.link, async () => this.server.connect());
    return this.ownClient;
  }

  /** Where others connect to it. Errors: Error where it does not listen. */
  get url(): string {
    const { server } = this;
    if ("url" in server) return server.url as string;
    throw new Error("this server has no port: redis({ listen: true }) starts one that has");
  }

  /** @internal for console.log. */
  [INSPECT](): string {
    return inspectedAs("TestRedis", this.running === null ? "not started" : "in tests");
  }

  /** @internal */
  attach({ beforeAll, beforeEach, afterEach, afterAll }: Hooks): void {
    if (this.options.per === "test") {
      beforeEach(() => this.start());
      afterEach(() => this.stop());
      return;
    }
    beforeAll(() => this.start());
    beforeEach(() => this.reset());
    afterAll(() => this.stop());
  }

  private async start(): Promise<void> {
    const { per, listen, hooks, ...options } = this.options;
    this.running = await this.open(options, listen === true || options.port !== undefined);
  }

  private async reset(): Promise<void> {
    await this.closeLinks();
    await this.server.reset();
  }

  private async stop(): Promise<void> {
    const { running } = this;
    this.running = null;
    // One that is left open would try to reach the server for ever, and keep the runner from ending.
    await this.closeLinks();
    await running?.stop();
  }

  private async closeLinks(): Promise<void> {
    await this.ownLink?.close();
    await this.ownClient?.close();
    this.ownLink = null;
    this.ownClient = null;
  }
}

/** As `redis` of `replicant/testing`, with servers that `open` starts. */
export function redisOf(open: OpenServer, options: TestOptions): TestRedis {
  const db = new TestRedis(options, open);
  withHooks(options.hooks, (hooks) => db.attach(hooks));
  return db;
}
