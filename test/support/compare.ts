/**
 * Asks a real Redis and a server of ours the same things and expects the same bytes back. Cases are conversations: each runs on connections
 * of its own, over empty databases, and the first request whose replies differ is named.
 */
import { afterAll, beforeAll, expect } from "bun:test";
import type { Config } from "../../src/config/config.ts";
import { connect, type Word } from "./client.ts";
import type { ServerProcess, StartOptions } from "./process.ts";
import { startRedis } from "./redis.ts";
import { startServer, type TestServer } from "./server.ts";

export type Request = readonly Word[];

export interface CompareOptions {
  /** RESP version, 2 unless told. */
  readonly protocol?: 2 | 3;
  /** What may differ by its nature (times, ids), replaced in both replies before they are compared. */
  readonly mask?: (reply: string, request: Request) => string;
}

/** Starts what a server of ours is compared with. */
type Starter = (options: StartOptions) => Promise<ServerProcess>;

/** A Redis and a server of ours with the same directives. */
export class Comparison {
  readonly ours: TestServer;
  readonly redis: ServerProcess;

  private constructor(ours: TestServer, redis: ServerProcess) {
    this.ours = ours;
    this.redis = redis;
  }

  static async start(directives: Parameters<typeof Config.of>[0] = {}, start: Starter = startRedis): Promise<Comparison> {
    const args = Object.entries(directives).flatMap(([name, value]) => [`--${name}`, value]);
    const redis = await start({ args: ["--enable-debug-command", "yes", ...args] });
    try {
      return new Comparison(await startServer(directives), redis);
    } catch (error) {
      await redis.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    await this.ours.stop();
    await this.redis.stop();
  }

  /** Runs every case (a list of requests) on both and expects equal replies. */
  async compare(cases: readonly (readonly Request[])[], options: CompareOptions = {}): Promise<void> {
    for (const requests of cases) {
      const [ours, theirs] = await this.converseWithBoth(requests, options);
      for (const [index, request] of requests.entries()) {
        const name = describeRequest(request);
        expect({ request: name, reply: ours[index] }).toEqual({ request: name, reply: theirs[index] });
      }
    }
  }

  /** -> the replies of both. Where a TTL differs by a second, which it does when that turns between the two, they are asked again. */
  private async converseWithBoth(requests: readonly Request[], options: CompareOptions): Promise<[string[], string[]]> {
    for (let attempt = 1; ; attempt++) {
      const replies = await Promise.all([
        this.converse(this.ours.port, requests, options),
        this.converse(this.redis.port, requests, options),
      ]);
      const [ours, theirs] = replies;
      if (attempt === CLOCK_ATTEMPTS || !requests.some((request, index) => turned(request, ours[index], theirs[index]))) return replies;
    }
  }

  /** -> the replies of one server, as latin1 text. */
  private async converse(port: number, requests: readonly Request[], options: CompareOptions): Promise<string[]> {
    await this.empty(port);
    const client = await connect(port);
    try {
      if (options.protocol === 3) await client.command("HELLO", 3);
      const replies: string[] = [];
      for (const request of requests) {
        const reply = (await client.command(...request)).toString("latin1");
        replies.push(options.mask === undefined ? reply : options.mask(reply, request));
      }
      return replies;
    } finally {
      client.close();
    }
  }

  private async empty(port: number): Promise<void> {
    if (port === this.ours.port) {
      this.ours.server.keyspace.clear({ sync: true });
      return;
    }
    const client = await connect(port);
    await client.command("FLUSHALL");
    client.close();
  }
}

/**
 * A Comparison for the tests of one file: started before the first, stopped after the last. Call it inside `describeWithRedis`, or with
 * another server than a Redis inside what asks for that.
 */
export function useComparison(directives: Parameters<typeof Config.of>[0] = {}, start: Starter = startRedis): () => Comparison {
  let comparison: Comparison | null = null;
  beforeAll(async () => {
    comparison = await Comparison.start(directives, start);
  });
  afterAll(async () => {
    await comparison?.stop();
  });
  return () => {
    if (comparison === null) throw new Error("the comparison is used before the tests run");
    return comparison;
  };
}

/** So often both are asked: what is wrong differs each time. */
const CLOCK_ATTEMPTS = 5;

/** Whether two replies are TTLs that differ by a second. */
function turned([name]: Request, one: string, other: string): boolean {
  if (String(name).toUpperCase() !== "TTL" || !TIME_LEFT.test(one) || !TIME_LEFT.test(other)) return false;
  const difference = BigInt(one.slice(1, -2)) - BigInt(other.slice(1, -2));
  return difference === 1n || difference === -1n;
}

const TIME_LEFT = /^:[1-9]\d*\r\n$/;

function describeRequest(request: Request): string {
  return request.map((word) => (typeof word === "object" ? Buffer.from(word).toString("latin1") : String(word)).slice(0, 60)).join(" ");
}
