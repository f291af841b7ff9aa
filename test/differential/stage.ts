/**
 * Four servers: a real Redis and ours, which are asked the same, and a replica of each by the other kind, which follow all of it.
 */
import type { Config } from "../../src/config/config.ts";
import { follow, Ours, sameOffset, until } from "../replication/support.ts";
import { connect, type RawClient, type Word } from "../support/client.ts";
import type { Request } from "../support/compare.ts";
import { decode, itemsOf, textOf } from "../support/decode.ts";
import type { ServerProcess } from "../support/process.ts";
import { startRedis } from "../support/redis.ts";
import type { Step } from "./generator.ts";
import { ReplyComparison } from "./replies.ts";
import { difference, hasNegativeZero, type StateOptions, stateOf } from "./state.ts";

type Directives = NonNullable<Parameters<typeof Config.of>[0]>;

/** Requests that are sent before their replies are looked at. */
const PIPELINED = 256;

/**
 * Types whose encodings must be equal. Those of sets and sorted sets are not: 7.2 changes them ahead of commands with many arguments, whether or not
 * these add anything, and Redis unpacks a sorted set to SORT it.
 */
const ENCODINGS = ["string", "list", "hash", "stream"];

/** How a sequence is run. */
export interface RunOptions {
  readonly protocol: 2 | 3;
  /** Set on all servers first. */
  readonly directives: Readonly<Record<string, string>>;
}

/** What went wrong: where the replies differ, or what differs afterwards. */
export interface Failure {
  readonly what: string;
  /** The step whose reply differs; null when it is the data set in the end. */
  readonly step: number | null;
}

/** A real Redis with a client. */
class Real implements AsyncDisposable {
  readonly client: RawClient;
  private readonly process: ServerProcess;

  private constructor(process: ServerProcess, client: RawClient) {
    this.process = process;
    this.client = client;
  }

  static async start(): Promise<Real> {
    // SORT ALPHA follows the server's locale.
    const process = await startRedis({ args: ["--enable-debug-command", "yes"], env: { LC_ALL: "C" } });
    return new Real(process, await process.connect());
  }

  get port(): number {
    return this.process.port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.close();
    await this.process.stop();
  }
}

export class Stage implements AsyncDisposable {
  readonly ours: Ours;
  readonly real: Real;
  private readonly oursOfReal: Ours;
  private readonly realOfOurs: Real;
  private readonly emptyBytes: number;

  private constructor(ours: Ours, real: Real, oursOfReal: Ours, realOfOurs: Real) {
    this.ours = ours;
    this.real = real;
    this.oursOfReal = oursOfReal;
    this.realOfOurs = realOfOurs;
    this.emptyBytes = ours.server.keyspace.usedBytes;
  }

  static async start(directives: Directives = {}): Promise<Stage> {
    const [real, realOfOurs] = await Promise.all([Real.start(), Real.start()]);
    const begin = () => Ours.start({ "locale-collate": "C", ...directives });
    const stage = new Stage(await begin(), real, await begin(), realOfOurs);
    await Promise.all([follow(stage.realOfOurs.client, stage.ours.port), follow(stage.oursOfReal.client, stage.real.port)]);
    return stage;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of [this.oursOfReal, this.realOfOurs, this.ours, this.real]) await server[Symbol.asyncDispose]();
  }

  /** Those of the servers that are ours. */
  get oursAll(): readonly Ours[] {
    return [this.ours, this.oursOfReal];
  }

  private get clients(): RawClient[] {
    return [this.ours.client, this.real.client, this.oursOfReal.client, this.realOfOurs.client];
  }

  /** Runs the steps on both servers; -> the first difference of replies, of data sets or of what replicas, files and payloads carry on, or null. */
  async run(steps: readonly Step[], options: RunOptions): Promise<Failure | null> {
    await this.empty();
    for (const [name, value] of Object.entries(options.directives)) await this.configure(name, value);
    const failure = (await this.converse(steps, options.protocol)) ?? (await this.afterwards());
    await this.empty();
    return failure;
  }

  /** Forgets everything. Throws when something is left in memory. */
  private async empty(): Promise<void> {
    for (const client of [this.ours.client, this.real.client]) {
      await client.text("SELECT", 0);
      await client.text("FLUSHALL", "SYNC");
    }
    for (const { server } of [this.ours, this.oursOfReal]) {
      await until(`memory to be given back (${server.keyspace.usedBytes} bytes)`, () => server.keyspace.usedBytes === this.emptyBytes);
    }
  }

  /** Only 7.2 knows some: a Redis that does not goes without. */
  private async configure(name: string, value: string): Promise<void> {
    for (const client of this.clients) await client.command("CONFIG", "SET", name, value);
  }

  private async converse(steps: readonly Step[], protocol: 2 | 3): Promise<Failure | null> {
    const [ours, real] = await Promise.all([this.ours.port, this.real.port].map((port) => connect(port)));
    try {
      if (protocol === 3) await Promise.all([ours, real].map((client) => client.command("HELLO", 3)));
      const comparison = new ReplyComparison();
      const requests = steps.flatMap((step, index) => step.map((request) => ({ request, step: index })));
      for (let from = 0; from < requests.length; from += PIPELINED) {
        const batch = requests.slice(from, from + PIPELINED);
        const words = batch.map(({ request }) => request);
        const [a, b] = await Promise.all([ours.pipeline(words), real.pipeline(words)]);
        const at = batch.findIndex(({ request }, index) => !comparison.alike(request, a[index], b[index]));
        if (at >= 0) return { what: differs(batch[at].request, a[at], b[at]), step: batch[at].step };
      }
      return null;
    } catch (error) {
      return { what: `the conversation broke off: ${error instanceof Error ? error.message : error}`, step: null };
    } finally {
      ours.close();
      real.close();
    }
  }

  private async afterwards(): Promise<Failure | null> {
    const fail = (what: string | null): Failure | null => (what === null ? null : { what, step: null });
    const found =
      (await this.compareStates("the data sets of Redis (-) and ours (+)", this.ours.client, ENCODINGS)) ??
      (await this.compareReplicas(
        "that followed",
        ENCODINGS.filter((type) => type !== "string"),
      )) ??
      (await this.exchangePayloads()) ??
      (await this.reload()) ??
      (await this.synchronise());
    return fail(found);
  }

  private async compareStates(what: string, client: RawClient, encodings: StateOptions["encodings"]): Promise<string | null> {
    const options: StateOptions = { encodings, groups: "main" };
    const found = difference(await stateOf(this.real.client, options), await stateOf(client, options));
    return found === null ? null : `${what} differ:\n${found}`;
  }

  /** Each replica with its own master; `whole`: with what XREADGROUP does not tell replicas of. */
  private async compareReplicas(which: string, encodings: StateOptions["encodings"], whole = false): Promise<string | null> {
    for (const [master, replica, what] of [
      [this.ours.client, this.realOfOurs.client, `ours (-) and a Redis ${which} it (+)`],
      [this.real.client, this.oursOfReal.client, `Redis (-) and ours ${which} it (+)`],
    ] as const) {
      await sameOffset(master, replica);
      const options: StateOptions = { encodings, groups: whole ? "all" : "told" };
      const found = difference(await stateOf(master, options), await stateOf(replica, options));
      if (found !== null) return `${what} differ:\n${found}`;
    }
    return this.compareDigests(which);
  }

  /** Servers of the same kind: 7.0 and 7.2 digest scores otherwise. */
  private async compareDigests(which: string): Promise<string | null> {
    const [ours, real, oursOfReal, realOfOurs] = await Promise.all(this.clients.map((client) => client.text("DEBUG", "DIGEST")));
    if (ours === oursOfReal && real === realOfOurs) return null;
    // A packed score of -0 is 0, and what is packed depends on SORT.
    if (await Promise.all(this.clients.map(hasNegativeZero)).then((found) => found.includes(true))) return null;
    if (real !== realOfOurs) return `DEBUG DIGEST of Redis is ${real}, of a Redis ${which} ours ${realOfOurs}`;
    return `DEBUG DIGEST of ours is ${ours}, of ours ${which} Redis ${oursOfReal}`;
  }

  /** Each server DUMPs every key, and the other RESTOREs it. */
  private async exchangePayloads(): Promise<string | null> {
    const { client: ours } = this.ours;
    const { client: real } = this.real;
    for (const [from, to, name] of [
      [ours, real, "Redis from ours"],
      [real, ours, "ours from Redis"],
    ] as const) {
      for (const database of [0, 1]) {
        for (const client of [ours, real]) await client.text("SELECT", database);
        for (const key of itemsOf(decode(await from.command("KEYS", "*"))).map((item) => Buffer.from(textOf(item), "latin1"))) {
          const [expireTime, payload] = (
            await from.pipeline([
              ["PEXPIRETIME", key],
              ["DUMP", key],
            ])
          ).map((reply) => Buffer.from(textOf(decode(reply)), "latin1"));
          const at = expireTime.toString();
          const reply = await to.command("RESTORE", key, at === "-1" ? 0 : at, payload, "REPLACE", "ABSTTL");
          if (reply.toString() !== "+OK\r\n") return `RESTORE of ${key.toString("latin1")} to ${name}: ${reply}`;
        }
      }
      for (const client of [ours, real]) await client.text("SELECT", 0);
      const found = await this.compareStates(`after RESTORE to ${name}, Redis (-) and ours (+)`, ours, []);
      if (found !== null) return found;
    }
    return null;
  }

  private async reload(): Promise<string | null> {
    await this.ours.client.text("DEBUG", "RELOAD");
    return this.compareStates("after DEBUG RELOAD, Redis (-) and ours (+)", this.ours.client, []);
  }

  /** The replicas forget who they followed and start again with the finished data sets. */
  private async synchronise(): Promise<string | null> {
    for (const [replica, port] of [
      [this.realOfOurs.client, this.ours.port],
      [this.oursOfReal.client, this.real.port],
    ] as const) {
      await replica.text("REPLICAOF", "NO", "ONE");
      await follow(replica, port);
    }
    return this.compareReplicas("synchronised by", [], true);
  }
}

/** What a real Redis DUMPs of values of every type, small and large. */
export async function dumps(client: RawClient): Promise<Buffer[]> {
  const numbers = (count: number, each: (index: number) => Word[]): Word[] =>
    Array.from({ length: count }, (_, index) => each(index)).flat();
  const makers: Request[] = [
    ["SET", "k", "value"],
    ["SET", "k", "12345"],
    ["SET", "k", "x".repeat(5000)],
    ["RPUSH", "k", "a", "1", "c"],
    ["RPUSH", "k", ...numbers(700, (index) => [`element ${index} ${"e".repeat(index % 40)}`])],
    ["HSET", "k", "f", "1", "g", "x"],
    ["HSET", "k", ...numbers(600, (index) => [`f${index}`, index])],
    ["SADD", "k", "1", "2", "70000", "-5"],
    ["SADD", "k", "a", "b", "1"],
    ["SADD", "k", ...numbers(300, (index) => [`m${index}`])],
    ["ZADD", "k", "1", "a", "-inf", "b", "2.5", "c"],
    ["ZADD", "k", ...numbers(300, (index) => [index / 4, `m${index}`])],
    ["XADD", "k", "5-1", "f", "v"],
    ["PFADD", "k", "a", "b", "c"],
  ];
  const payloads: Buffer[] = [];
  for (const maker of makers) {
    await client.command("DEL", "k");
    await client.text(...maker);
    payloads.push(Buffer.from(await client.text("DUMP", "k"), "latin1"));
  }
  await client.command("DEL", "k");
  return payloads;
}

function differs(request: Request, ours: Buffer, theirs: Buffer): string {
  const show = (reply: Buffer) => JSON.stringify(reply.toString("latin1", 0, 600));
  return `${script(request)}\n  ours:  ${show(ours)}\n  Redis: ${show(theirs)}`;
}

/** A request as it would be typed into redis-cli. */
export function script(request: Request): string {
  return request.map(quoted).join(" ");
}

function quoted(word: Word): string {
  const text = typeof word === "object" ? Buffer.from(word).toString("latin1") : String(word);
  const short = text.length > 80 ? `${text.slice(0, 30)}...(${text.length} bytes)` : text;
  return /^[\w.:*#>()[\]+=~^?-]+$/.test(short) ? short : JSON.stringify(short);
}
