/** A server with a replica that follows it all the time, both in processes of their own, and what must hold of them. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dumps } from "../differential/stage.ts";
import { infoField, linkUp } from "../replication/support.ts";
import type { RawClient } from "../support/client.ts";
import { type ServerProcess, startServer } from "../support/process.ts";
import { startRedis } from "../support/redis.ts";
import { startServer as startInside } from "../support/server.ts";
import { readCatalogue } from "./catalogue.ts";
import { HANGS_MS, Misbehaviour, Player } from "./player.ts";
import { type Batch, LONGEST_BULK } from "./requests.ts";
import { difference } from "./same-data.ts";
import { LIBRARIES, type Surroundings } from "./words.ts";

/** Whose replica follows: one of ours, or a real Redis's. */
export type Follower = "replicant" | "redis";

const MAIN = join(import.meta.dir, "../../src/main.ts");
/** What may remain when everything is deleted: counters of errors, of latency. */
const REMAINS_BYTES = 64 * 1024;
/** Gives fields of hashes a time, which no Redis 7.0 can have. */
const TIMED_FIELDS = /^(hp?expire(at)?|hgetex|hsetex)$/;

/** How long what must come about at last may take, in ms: long for any machine, short for one who makes a failing run shorter. */
const AT_LAST_MS = 10_000;
const CLEARING: readonly (readonly string[])[] = [
  ["FLUSHALL"],
  ["FUNCTION", "FLUSH"],
  ["SCRIPT", "FLUSH"],
  ["ACL", "DELUSER", "u1", "u2", "u3"],
  ["ACL", "LOG", "RESET"],
  ["SLOWLOG", "RESET"],
  ["LATENCY", "RESET"],
  ...["slow", "large-request", "large-reply"].map((type) => ["COMMANDLOG", "RESET", type]),
];

export class Stage implements AsyncDisposable {
  readonly server: ServerProcess;
  readonly player: Player;
  readonly around: Surroundings;
  /** Calls of each command, up to the last look. */
  readonly calls = new Map<string, number>();
  /** How often the replica's data was compared, and how often all of it had the same digest. */
  looks = 0;
  equalDigests = 0;
  private readonly follower: Follower;
  private readonly control: Control;
  private readonly replica: RawClient;
  private readonly memory: number;
  private readonly stack: AsyncDisposableStack;

  private constructor(parts: Started, stack: AsyncDisposableStack) {
    this.server = parts.server;
    this.around = parts.around;
    this.control = parts.control;
    this.replica = parts.replica;
    this.follower = parts.follower;
    this.memory = parts.memory;
    this.stack = stack;
    this.player = new Player(parts.server, parts.control.client, parts.hangsMs);
  }

  static async start(follower: Follower, hangsMs = HANGS_MS.first): Promise<Stage> {
    await using stack = new AsyncDisposableStack();
    const dir = stack.adopt(mkdtempSync(join(tmpdir(), "replicant-fuzz-")), (path) => rmSync(path, { recursive: true, force: true }));
    await Bun.write(join(dir, "users.acl"), "user default on nopass ~* &* +@all\n");
    const common = ["--enable-debug-command", "yes", "--save", "", "--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "3600"];
    const own = [...common, "--proto-max-bulk-len", String(LONGEST_BULK)];
    const main = ["bun", "run", MAIN];
    const config = `aclfile ${join(dir, "users.acl")}\nenable-module-command yes\n`;
    const server = stack.use(await startServer(main, { dir, config, args: own }));
    const control = new Control(stack.adopt(await server.connect(), (client) => client.close()));
    const following = ["--replicaof", `127.0.0.1 ${server.port}`];
    const follows = stack.use(
      follower === "redis"
        ? await startRedis({ args: [...common, ...following] })
        : await startServer(main, { args: [...own, ...following] }),
    );
    const replica = stack.adopt(await follows.connect(), (client) => client.close());
    await linkUp(replica);
    const other = stack.use(await startInside());
    const payloads = await dumps(control.client);
    for (const library of LIBRARIES) await control.client.text("FUNCTION", "LOAD", library);
    const libraries = Buffer.from(await control.client.text("FUNCTION", "DUMP"), "latin1");
    const all = await readCatalogue(control.client);
    const commands = all.filter(({ fullName }) => follower === "replicant" || !TIMED_FIELDS.test(fullName));
    const around = { commands, payloads, libraries, otherPort: other.port };
    await clear(control);
    return new Stage({ server, around, control, replica, follower, hangsMs, memory: await usedMemory(control) }, stack.move());
  }

  /** Commands that can be called, in this run, and that no one called. */
  get unreached(): string[] {
    return this.around.commands.map((command) => command.fullName).filter((name) => !this.calls.has(name));
  }

  /** How many requests of the batches reached a handler, at least. */
  get handled(): number {
    const calls = [...this.calls.values()].reduce((sum, count) => sum + count, 0);
    return calls - this.player.ownCalls - this.player.scriptCalls - this.control.calls;
  }

  /** Sends these batches in their order, each connection's when its former one is answered, and looks what came of them. */
  async play(batches: readonly Batch[]): Promise<void> {
    for (const batch of batches) {
      while (this.player.isBusy(batch.connection)) await this.player.settle();
      await this.player.send(batch);
    }
    await this.look();
  }

  /** Everything is answered, no handler threw, the replica has the same data. Throws otherwise. */
  async look(): Promise<void> {
    const { client } = this.control;
    await this.player.finish();
    const broken = await infoField(client, "stats", "unexpected_error_replies");
    if (broken !== "0") throw new Misbehaviour("threw", `${broken} handlers threw`);
    const stats = await client.text("INFO", "commandstats");
    for (const [, name, calls] of stats.matchAll(/^cmdstat_(.+?):calls=(\d+)/gm))
      if (calls !== "0") this.calls.set(name, (this.calls.get(name) ?? 0) + Number(calls));
    await client.text("CONFIG", "RESETSTAT");
    await this.compare();
  }

  /** Deletes all data: what fails later began after this. */
  async clear(): Promise<void> {
    this.player.mayClose();
    await clear(this.control);
  }

  /** Closes all connections and deletes everything: then the server needs no more memory than at its start. Returns how much more it does. */
  async end(): Promise<number> {
    await this.player.pingAll();
    await this.look();
    this.player.close();
    await clear(this.control);
    let more = 0;
    const back = await atLast(async () => {
      more = (await usedMemory(this.control)) - this.memory;
      return more <= REMAINS_BYTES;
    });
    if (!back) throw new Misbehaviour("memory", `${more} bytes more than at the start are in use in the end`);
    return more;
  }

  /** What the server printed last. */
  async log(): Promise<string> {
    return (await this.server.log()).slice(-3000);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.player.close();
    await this.stack.disposeAsync();
  }

  private async compare(): Promise<void> {
    let [ours, theirs] = ["", ""];
    const offset = (client: RawClient) => infoField(client, "replication", "master_repl_offset");
    // Redis 7.0's digest has scores with 17 digits, 7.2's as many as are needed: what both do not tell alike is looked at key by key.
    const patience = this.follower === "redis" ? 1000 : AT_LAST_MS;
    const sameOffset = await atLast(async () => (await offset(this.control.client)) === (await offset(this.replica)));
    if (!sameOffset) throw new Misbehaviour("data", "the replica does not catch up");
    const equal = await atLast(async () => {
      if ((await offset(this.control.client)) !== (await offset(this.replica))) return false;
      ours = await this.control.client.text("DEBUG", "DIGEST");
      theirs = await this.replica.text("DEBUG", "DIGEST");
      return ours === theirs;
    }, patience);
    this.looks += 1;
    if (equal) this.equalDigests += 1;
    if (equal) return;
    // While keys are looked at others expire: only what lasts is a difference.
    let found: string | null = null;
    const same = await atLast(async () => {
      found = await difference(this.control.client, this.replica);
      return found === null;
    });
    if (!same || this.follower === "replicant")
      throw new Misbehaviour("data", `the digests are ${ours} and, of the replica, ${theirs}: ${found ?? "no key differs any more"}`);
  }
}

interface Started {
  readonly server: ServerProcess;
  readonly around: Surroundings;
  readonly control: Control;
  readonly replica: RawClient;
  readonly follower: Follower;
  readonly hangsMs: number;
  readonly memory: number;
}

/** The run's own connection, whose calls are counted: they are none of the fuzzer's. */
class Control {
  readonly client: RawClient;
  calls = 0;

  constructor(client: RawClient) {
    this.client = client;
    const { command } = client;
    client.command = (...words) => {
      this.calls += 1;
      return command.apply(client, words);
    };
  }
}

async function clear(control: Control): Promise<void> {
  for (const words of CLEARING) await control.client.text(...words);
}

/** What the server needs for data, clients and scripts, without what it keeps for replicas. */
async function usedMemory(control: Control): Promise<number> {
  const memory = await control.client.text("INFO", "memory");
  const field = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, "m").exec(memory)?.[1]);
  return field("used_memory") - field("mem_total_replication_buffers");
}

async function atLast(holds: () => Promise<boolean>, patienceMs = AT_LAST_MS): Promise<boolean> {
  for (const deadline = Date.now() + patienceMs; ; await Bun.sleep(3)) {
    if (await holds()) return true;
    if (Date.now() > deadline) return false;
  }
}
