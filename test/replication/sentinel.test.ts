/**
 * Three of Redis's Sentinels over a master and two replicas, ours and Redis mixed: the master is killed, a replica takes its place, and the
 * old master comes back as a replica. Runs with REPLICANT_LONG=1 (`npm run test:long`): a Sentinel takes its time.
 */
import { expect, test } from "bun:test";
import { resolve } from "node:path";
import { connect, type RawClient, type Word } from "../support/client.ts";
import { freePort, type ServerProcess, startServer } from "../support/process.ts";
import { describeWithRedis, startSentinel } from "../support/redis.ts";
import { infoField, until } from "./support.ts";

const MAIN = resolve(import.meta.dir, "../../src/main.ts");
const isLong = process.env.REPLICANT_LONG === "1";

type Kind = "ours" | "redis";

/** A server with a configuration file, which Sentinel has it rewrite. */
class Node {
  readonly port = freePort();
  readonly kind: Kind;
  private readonly config: string;
  private process: ServerProcess | null = null;
  private dir: string | null = null;

  constructor(kind: Kind, master: Node | null) {
    this.kind = kind;
    const lines = [
      `port ${this.port}`,
      "bind 127.0.0.1",
      'save ""',
      "repl-diskless-sync-delay 0",
      ...(master === null ? [] : [`replicaof 127.0.0.1 ${master.port}`]),
    ];
    this.config = `${lines.join("\n")}\n`;
  }

  async start(): Promise<void> {
    const command = this.kind === "ours" ? [process.execPath, "run", MAIN] : ["redis-server"];
    // The second time with the file as Sentinel has left it.
    const { dir, port } = this;
    const from = dir === null ? { config: this.config } : { dir, line: () => [`${dir}/server.conf`] };
    this.process = await startServer(command, { port, ...from });
    this.dir ??= this.process.dir;
  }

  async kill(): Promise<void> {
    this.process?.kill("SIGKILL");
    await this.process?.exited;
  }

  async stop(): Promise<void> {
    await this.process?.stop("SIGKILL");
  }

  /** What a new connection is answered. */
  async ask<Answer>(what: (client: RawClient) => Promise<Answer>): Promise<Answer> {
    const client = await connect(this.port);
    try {
      return await what(client);
    } finally {
      client.close();
    }
  }

  async field(name: string): Promise<string> {
    return this.ask((client) => infoField(client, "replication", name)).catch(() => "");
  }

  async text(...words: Word[]): Promise<string> {
    return this.ask((client) => client.text(...words));
  }
}

describeWithRedis("Sentinels over", () => {
  for (const kinds of [
    ["ours", "ours", "ours"],
    ["ours", "redis", "ours"],
    ["redis", "ours", "redis"],
  ] as const) {
    test.skipIf(!isLong)(`${kinds.join(", ")} (with REPLICANT_LONG=1) fail over, and the old master comes back`, async () => {
      const [first, ...others] = kinds;
      const master = new Node(first, null);
      const nodes = [master, ...others.map((kind) => new Node(kind, master))];
      const running: { stop(): Promise<unknown> }[] = [...nodes];
      try {
        for (const node of nodes) await node.start();
        const config = [
          `sentinel monitor m 127.0.0.1 ${master.port} 2`,
          "sentinel down-after-milliseconds m 1000",
          "sentinel failover-timeout m 10000",
        ];
        const sentinels = await Promise.all([1, 2, 3].map(() => startSentinel(`${config.join("\n")}\n`)));
        running.push(...sentinels);
        const [sentinel] = await Promise.all(sentinels.map((each) => each.connect()));
        const knows = async () => (await (sentinel as RawClient).command("SENTINEL", "MASTER", "m")).toString();
        const has = (text: string, name: string, value: number) => text.includes(`${name}\r\n$1\r\n${value}\r\n`);
        await until("all to be known", async () => has(await knows(), "num-slaves", 2) && has(await knows(), "num-other-sentinels", 2));
        await master.text("SET", "before", "1");
        await until(
          "the replicas to have it",
          async () => (await Promise.all(nodes.map((node) => node.text("EXISTS", "before")))).join() === "1,1,1",
        );

        await master.kill();
        const leads = async (): Promise<Node | undefined> => {
          const roles = await Promise.all(nodes.map((node) => node.field("role")));
          return nodes.find((node, index) => node !== master && roles[index] === "master");
        };
        await until("another master", async () => (await leads()) !== undefined);
        const chosen = (await leads()) as Node;
        await chosen.text("SET", "after", "1");

        await master.start();
        for (const node of nodes.filter((each) => each !== chosen)) {
          await until(`${node.kind} to follow`, async () => (await node.field("master_port")) === String(chosen.port));
          await until("its link", async () => (await node.field("master_link_status")) === "up");
          await until("the writes", async () => (await node.text("EXISTS", "before", "after")) === "2");
        }
        expect(await chosen.field("role")).toBe("master");
      } finally {
        await Promise.all(running.map((each) => each.stop()));
      }
    });
  }
});
