/**
 * Two network namespaces with one cable between them, which can be pulled: what is sent then is lost without a word, as when a router
 * fails. Servers are on one of them each; tests talk to them by Unix sockets. Linux, where namespaces may be made.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Subprocess } from "bun";
import { connect, type RawClient } from "./client.ts";
import { PATIENCE_MS } from "./limits.ts";

type Holder = Subprocess<"ignore", "pipe", "inherit">;

/** The port that every server listens on: each has an address of its own. */
export const ISLAND_PORT = 6379;
export const ADDRESSES = ["10.77.0.1", "10.77.0.2"] as const;

/** Keeps a namespace in being. `enter`: the one it begins in. */
async function hold(enter: readonly string[], options: readonly string[]): Promise<Holder> {
  const holder = Bun.spawn([...enter, "unshare", ...options, "sh", "-c", "ip link set lo up && echo ready && exec sleep 3600"], {
    stdin: "ignore",
    stdout: "pipe",
  });
  const { value } = await holder.stdout.getReader().read();
  if (value !== undefined) return holder;
  await holder.exited;
  throw new Error("a network namespace can be made");
}

function into(holder: Holder): string[] {
  return ["nsenter", "--target", String(holder.pid), "--user", "--preserve-credentials", "--net", "--"];
}

/** Whether there can be any. */
export const mayIsolate =
  process.platform === "linux" &&
  ["unshare", "nsenter", "ip"].every((name) => Bun.which(name) !== null) &&
  Bun.spawnSync(["unshare", "--net", "--map-root-user", "ip", "link", "add", "one", "type", "veth", "peer", "name", "two"]).exitCode === 0;

export class IslandServer implements AsyncDisposable {
  readonly client: RawClient;
  private readonly child: Subprocess;
  private readonly dir: string;

  private constructor(child: Subprocess, dir: string, client: RawClient) {
    this.child = child;
    this.dir = dir;
    this.client = client;
  }

  static async start(enter: readonly string[], command: readonly string[], args: readonly string[]): Promise<IslandServer> {
    const dir = mkdtempSync(join(tmpdir(), "replicant-island-"));
    const socket = join(dir, "socket");
    const log = Bun.file(join(dir, "log"));
    const all = [...enter, ...command, "--unixsocket", socket, "--dir", dir, "--save", "", ...args];
    const child = Bun.spawn(all, { stdin: "ignore", stdout: log, stderr: log });
    for (const deadline = Date.now() + PATIENCE_MS; Date.now() < deadline && child.exitCode === null; await Bun.sleep(10)) {
      const client = await connect(socket).catch(() => null);
      if (client !== null) return new IslandServer(child, dir, client);
    }
    child.kill("SIGKILL");
    throw new Error(`it did not start: ${await log.text()}`);
  }

  /** Ends it without a word to anybody. */
  async kill(): Promise<void> {
    this.client.close();
    this.child.kill("SIGKILL");
    await this.child.exited;
  }

  log(): Promise<string> {
    return Bun.file(join(this.dir, "log")).text();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

export class Islands implements AsyncDisposable {
  private readonly holders: readonly [Holder, Holder];

  private constructor(holders: readonly [Holder, Holder]) {
    this.holders = holders;
  }

  static async make(): Promise<Islands> {
    const first = await hold([], ["--net", "--map-root-user"]);
    const second = await hold(into(first), ["--net"]);
    const islands = new Islands([first, second]);
    islands.run(0, "ip", "link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns", String(second.pid));
    for (const index of [0, 1] as const) {
      islands.run(index, "ip", "addr", "add", `${ADDRESSES[index]}/24`, "dev", "cable");
      islands.run(index, "ip", "link", "set", "cable", "up");
    }
    return islands;
  }

  /** Starts `command` as a server on one of them. */
  start(index: 0 | 1, command: readonly string[], args: readonly string[]): Promise<IslandServer> {
    const listening = ["--bind", ADDRESSES[index], "--port", String(ISLAND_PORT), "--protected-mode", "no"];
    return IslandServer.start(into(this.holders[index]), command, [...listening, ...args]);
  }

  pull(): void {
    this.run(0, "ip", "link", "set", "cable", "down");
  }

  plug(): void {
    this.run(0, "ip", "link", "set", "cable", "up");
  }

  private run(index: 0 | 1, ...command: readonly string[]): void {
    const { exitCode, stderr } = Bun.spawnSync([...into(this.holders[index]), ...command]);
    if (exitCode !== 0) throw new Error(`${command.join(" ")}: ${stderr}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const holder of this.holders) {
      holder.kill("SIGKILL");
      await holder.exited;
    }
  }
}
