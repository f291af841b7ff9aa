/** What the replication tests share: servers that log to a file, a master that plays by a script, and images made by hand. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Socket } from "bun";
import { Config } from "../../src/config/config.ts";
import { Log } from "../../src/log.ts";
import { Server } from "../../src/server.ts";
import { connect, encodeCommand, type RawClient, type Word } from "../support/client.ts";
import { PATIENCE_MS } from "../support/limits.ts";
import type { ServerProcess } from "../support/process.ts";
import { startRedis } from "../support/redis.ts";

/** Asks again and again until `holds` says yes. Throws with `what` when it does not in PATIENCE_MS. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`waited in vain for: ${what}`);
    await Bun.sleep(3);
  }
}

/** No PING by itself, which would move offsets while they are compared. */
const PING_PERIOD = "3600";

/** One of our servers in this process, with a client, a directory and a log of its own. */
export class Ours implements AsyncDisposable {
  readonly server: Server;
  readonly client: RawClient;
  private readonly dir: string;

  private constructor(server: Server, client: RawClient, dir: string) {
    this.server = server;
    this.client = client;
    this.dir = dir;
  }

  static async start(directives: Parameters<typeof Config.of>[0] = {}): Promise<Ours> {
    const dir = mkdtempSync(join(tmpdir(), "replicant-replication-"));
    const config = Config.of({
      save: "",
      bind: "127.0.0.1",
      dir,
      "enable-debug-command": "yes",
      "repl-diskless-sync-delay": "0",
      "repl-ping-replica-period": PING_PERIOD,
      ...directives,
    });
    const server = new Server(config, { anyPort: true, log: new Log({ level: "debug", file: join(dir, "log") }) });
    await server.start();
    return new Ours(server, await connect(server.port), dir);
  }

  get port(): number {
    return this.server.port;
  }

  get log(): string {
    return readFileSync(join(this.dir, "log"), "latin1");
  }

  /** Runs the once-a-second work as if it were `seconds` later. */
  pretendLater(seconds: number): void {
    this.server.replication.cron(Date.now() + seconds * 1000);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.close();
    await this.server.stop();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** A real Redis that lets DEBUG DIGEST be asked, with a client. */
export async function startReal(...args: string[]): Promise<{ process: ServerProcess; client: RawClient; port: number } & AsyncDisposable> {
  return startRealOn(undefined, ...args);
}

/** The same on a port of the caller's choice. */
export async function startRealOn(port: number | undefined, ...args: string[]): ReturnType<typeof startReal> {
  const process = await startRedis({
    args: ["--enable-debug-command", "yes", "--repl-ping-replica-period", PING_PERIOD, ...args],
    ...(port === undefined ? {} : { port }),
  });
  const client = await process.connect();
  return {
    process,
    client,
    port: process.port,
    async [Symbol.asyncDispose]() {
      client.close();
      await process.stop();
    },
  };
}

export async function infoField(client: RawClient, section: string, field: string): Promise<string> {
  const info = await client.text("INFO", section);
  return new RegExp(`^${field}:(.*?)\\r?$`, "m").exec(info)?.[1] ?? "";
}

export async function linkUp(replica: RawClient): Promise<void> {
  await until("the link to the master to be up", async () => (await infoField(replica, "replication", "master_link_status")) === "up");
}

/** Makes `replica` follow the server at `port`, and waits until it does. */
export async function follow(replica: RawClient, port: number): Promise<void> {
  await replica.text("REPLICAOF", "127.0.0.1", port);
  await linkUp(replica);
}

/** Waits until both stand at the same offset. -> that offset. */
export async function sameOffset(master: RawClient, replica: RawClient): Promise<number> {
  const offset = (client: RawClient) => infoField(client, "replication", "master_repl_offset");
  await until("equal offsets", async () => (await offset(master)) === (await offset(replica)));
  return Number(await offset(master));
}

/** Sends commands, a thousand at a time. Throws the first error. */
export async function load(client: RawClient, count: number, command: (index: number) => readonly Word[]): Promise<void> {
  for (let from = 0; from < count; from += 1000) {
    const size = Math.min(1000, count - from);
    client.send(Buffer.concat(Array.from({ length: size }, (_, index) => encodeCommand(command(from + index)))));
    const error = await client.skipReplies(size);
    if (error !== null) throw new Error(error);
  }
}

/** Keys with and without expiry, in two databases, short and long. */
export async function loadKeys(client: RawClient, count: number): Promise<void> {
  const value = (index: number) => (index % 10_000 === 0 ? "v".repeat(100_000) : `value-${"v".repeat(index % 50)}`);
  await load(client, count, (index) =>
    index % 2 === 0 ? ["SET", `key:${index}`, value(index)] : ["SET", `key:${index}`, value(index), "EX", 1000 + index],
  );
  await client.text("SELECT", 3);
  await load(client, 100, (index) => ["SET", `other:${index}`, index]);
  await client.text("SELECT", 0);
}

/** Writes of many kinds over the keys of `loadKeys`. */
export async function loadWrites(client: RawClient, count: number): Promise<void> {
  await load(client, count, (index) => {
    const key = `key:${(index * 7) % 150_000}`;
    switch (index % 8) {
      case 0:
        return ["INCR", `counter:${index % 9}`];
      case 1:
        return ["DEL", key];
      case 2:
        return ["APPEND", key, "x"];
      case 3:
        return ["PEXPIRE", key, 500_000];
      case 4:
        return ["SETRANGE", key, 3, "abc"];
      case 5:
        return ["SELECT", index % 3];
      case 6:
        return ["INCRBYFLOAT", `float:${index % 5}`, "0.1"];
      default:
        return ["SET", key, index, "KEEPTTL"];
    }
  });
  await client.text("SELECT", 0);
}

// ---- a master that plays by a script

/** One connection of a replica to a `FakeMaster`. */
export class FakeLink {
  private readonly socket: Socket<FakeLink>;
  private arrived = "";
  private isClosed = false;
  private wake: () => void = () => {};

  constructor(socket: Socket<FakeLink>) {
    this.socket = socket;
  }

  receive(chunk: Buffer): void {
    this.arrived += chunk.latin1Slice();
    this.wake();
  }

  close(): void {
    this.isClosed = true;
    this.wake();
  }

  /** What came and has not been asked for. */
  get unread(): string {
    return this.arrived;
  }

  get closed(): boolean {
    return this.isClosed;
  }

  /** The words of the next command; the empty lines of a replica that loads are passed over. Throws when the replica hangs up or stays silent. */
  async command(): Promise<string[]> {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      this.arrived = this.arrived.replace(/^\n+/, "");
      const parsed = parseCommand(this.arrived);
      if (parsed !== null) {
        this.arrived = this.arrived.slice(parsed.length);
        return parsed.words;
      }
      if (this.isClosed) throw new Error("the replica hung up");
      await this.more(deadline);
    }
  }

  /** The offset of the next REPLCONF ACK that is not `former`: replicas repeat themselves once a second. */
  async acknowledgement(former: number): Promise<number> {
    for (;;) {
      const words = await this.command();
      if (words[0] !== "REPLCONF" || words[1] !== "ACK") throw new Error(`no acknowledgement but ${words.join(" ")}`);
      if (Number(words[2]) !== former) return Number(words[2]);
    }
  }

  /** Waits for the replica to hang up. */
  async hangup(): Promise<void> {
    const deadline = Date.now() + PATIENCE_MS;
    while (!this.isClosed) await this.more(deadline);
  }

  private async more(deadline: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, Math.max(0, deadline - Date.now()));
    this.wake = resolve;
    await promise;
    clearTimeout(timer);
    if (Date.now() >= deadline) throw new Error(`silence; unread: ${JSON.stringify(this.arrived)}`);
  }

  send(bytes: string | Buffer): void {
    this.socket.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
    this.socket.flush();
  }

  /** Sends every byte in a packet of its own. */
  async trickle(bytes: string | Buffer): Promise<void> {
    for (const byte of typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes) {
      this.send(Buffer.of(byte));
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  }

  hangUp(): void {
    this.socket.end();
  }

  /** Answers what a replica says before PSYNC. -> the words of its PSYNC. */
  async greet(): Promise<string[]> {
    for (;;) {
      const words = await this.command();
      if (words[0] === "PSYNC") return words;
      this.send(words[0] === "PING" ? "+PONG\r\n" : "+OK\r\n");
    }
  }
}

function parseCommand(text: string): { words: string[]; length: number } | null {
  const head = /^\*(\d+)\r\n/.exec(text);
  if (head === null) return null;
  const words: string[] = [];
  let at = head[0].length;
  for (let left = Number(head[1]); left > 0; left--) {
    const bulk = /^\$(\d+)\r\n/.exec(text.slice(at));
    if (bulk === null) return null;
    at += bulk[0].length;
    const size = Number(bulk[1]);
    if (text.length < at + size + 2) return null;
    words.push(text.slice(at, at + size));
    at += size + 2;
  }
  return { words, length: at };
}

/** Listens like a master and leaves all that is said to the test. */
export class FakeMaster implements Disposable {
  readonly port: number;
  private readonly listener: { stop(closeAll?: boolean): void };
  private readonly waiting: FakeLink[] = [];
  private accepted: () => void = () => {};

  constructor() {
    const listener = Bun.listen<FakeLink>({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        open: (socket) => {
          socket.setNoDelay(true);
          socket.data = new FakeLink(socket);
          this.waiting.push(socket.data);
          this.accepted();
        },
        data: (socket, chunk) => socket.data.receive(chunk),
        close: (socket) => socket.data.close(),
      },
    });
    this.port = listener.port;
    this.listener = listener;
  }

  /** The next connection of the replica. */
  async accept(): Promise<FakeLink> {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const link = this.waiting.shift();
      if (link !== undefined) return link;
      if (Date.now() > deadline) throw new Error("the replica does not connect");
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 500);
        this.accepted = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  [Symbol.dispose](): void {
    this.listener.stop(true);
  }
}

/** A replication id made of one digit. */
export function id(digit: string): string {
  return digit.repeat(40);
}

/** An RDB image (version 11, without a checksum) of short keys and values in database 0, written by hand; `at`: of that moment of a history. */
export function image(keys: Readonly<Record<string, string>>, streamDb = 0, at = { id: id("e"), offset: 0 }): Buffer {
  const text = (value: string) => Buffer.concat([Buffer.of(value.length), Buffer.from(value, "latin1")]);
  const fact = (name: string, value: string) => Buffer.concat([Buffer.of(0xfa), text(name), text(value)]);
  const facts = [fact("repl-stream-db", String(streamDb)), fact("repl-id", at.id), fact("repl-offset", String(at.offset))];
  const entries = Object.entries(keys).map(([key, value]) => Buffer.concat([Buffer.of(0), text(key), text(value)]));
  return Buffer.concat([Buffer.from("REDIS0011"), ...facts, Buffer.of(0xfe, 0), ...entries, Buffer.of(0xff), Buffer.alloc(8)]);
}

const MARK = "0123456789abcdef0123456789abcdef01234567";

/** An image as a diskless master sends it. */
export function streamed(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`$EOF:${MARK}\r\n`), bytes, Buffer.from(MARK)]);
}

/** An image as a master sends it from a file. */
export function measured(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`$${bytes.length}\r\n`), bytes]);
}

/** Commands as a master's stream. */
export function stream(...commands: (readonly Word[])[]): Buffer {
  return Buffer.concat(commands.map(encodeCommand));
}
