/** A master and two replicas under three of Redis's Sentinels, for tests and benchmarks of failover. */
import { infoField, until } from "../replication/support.ts";
import { connect, type RawClient, type Word } from "./client.ts";
import { freePort, type ServerProcess, startServer } from "./process.ts";
import { startSentinel } from "./redis.ts";

const DIRECTIVES = ["down-after-milliseconds m 1000", "failover-timeout m 10000"];

/** A server with a configuration file, which Sentinel has it rewrite. */
export class SentinelNode {
  readonly port = freePort();
  private readonly command: readonly string[];
  private readonly config: string;
  private process: ServerProcess | null = null;
  private dir: string | null = null;

  constructor(command: readonly string[], master: SentinelNode | null) {
    this.command = command;
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
    // The second time with the file as Sentinel has left it.
    const { dir, port } = this;
    const from = dir === null ? { config: this.config } : { dir, line: () => [`${dir}/server.conf`] };
    this.process = await startServer(this.command, { port, ...from });
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

/** Three nodes, the first one the master `m`, and three Sentinels; `await using` it. */
export class Watched implements AsyncDisposable {
  readonly nodes: readonly SentinelNode[];
  private sentinels: readonly ServerProcess[] = [];
  private clients: readonly RawClient[] = [];

  /** `commands`: what starts each node. Returns once the Sentinels know of all, and the replicas follow. */
  static async start(commands: readonly (readonly string[])[]): Promise<Watched> {
    const watched = new Watched(commands);
    try {
      await watched.startAll();
      return watched;
    } catch (error) {
      await watched[Symbol.asyncDispose]();
      throw error;
    }
  }

  private constructor([first, ...others]: readonly (readonly string[])[]) {
    const master = new SentinelNode(first, null);
    this.nodes = [master, ...others.map((command) => new SentinelNode(command, master))];
  }

  get master(): SentinelNode {
    return this.nodes[0];
  }

  private async startAll(): Promise<void> {
    const { master, nodes } = this;
    for (const node of nodes) await node.start();
    const lines = [`monitor m 127.0.0.1 ${master.port} 2`, ...DIRECTIVES].map((line) => `sentinel ${line}\n`);
    this.sentinels = await Promise.all([1, 2, 3].map(() => startSentinel(lines.join(""))));
    this.clients = await Promise.all(this.sentinels.map((each) => each.connect()));
    for (const client of this.clients) {
      const has = (text: string, name: string, value: number) => text.includes(`${name}\r\n$1\r\n${value}\r\n`);
      await until("all to be known", async () => {
        const known = (await client.command("SENTINEL", "MASTER", "m")).toString();
        return has(known, "num-slaves", nodes.length - 1) && has(known, "num-other-sentinels", this.sentinels.length - 1);
      });
    }
    await master.text("SET", "before", "1");
    await until("the replicas to have it", async () =>
      (await Promise.all(nodes.map((node) => node.text("EXISTS", "before")))).every((count) => count === "1"),
    );
  }

  /** The port that a Sentinel tells clients to use. */
  async told(): Promise<number> {
    const address = await this.clients[0].command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "m");
    return Number(/(\d+)\r\n$/.exec(address.toString())?.[1]);
  }

  /** The node that is the master now in place of the first one, if there is one already. */
  async successor(): Promise<SentinelNode | undefined> {
    const roles = await Promise.all(this.nodes.map((node) => node.field("role")));
    return this.nodes.find((_, index) => index > 0 && roles[index] === "master");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.clients) client.close();
    await Promise.all([...this.nodes, ...this.sentinels].map((each) => each.stop()));
  }
}
