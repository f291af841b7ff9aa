/** What the tests of the append-only file share: servers over a directory that outlives them, data of every kind, and the files as text. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Config } from "../../src/config/config.ts";
import { Log } from "../../src/log.ts";
import { Server } from "../../src/server.ts";
import { infoField, until } from "../replication/support.ts";
import { connect, encodeCommand, type RawClient, replyText, type Word } from "../support/client.ts";

export type Directives = NonNullable<Parameters<typeof Config.of>[0]>;

export class Directory implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "replicant-aof-"));

  get files(): string {
    return join(this.path, "appendonlydir");
  }

  /** Names in the directory of the append-only files. */
  names(): string[] {
    return readdirSync(this.files).sort();
  }

  file(name: string): string {
    return join(this.files, name);
  }

  read(name: string): Buffer {
    return readFileSync(this.file(name));
  }

  get manifest(): string {
    return this.read("appendonly.aof.manifest").toString("latin1");
  }

  get log(): string {
    return readFileSync(join(this.path, "log"), "latin1");
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** One of ours in this process, over a directory of the caller's. */
export class AofServer implements AsyncDisposable {
  readonly server: Server;
  readonly client: RawClient;

  private constructor(server: Server, client: RawClient) {
    this.server = server;
    this.client = client;
  }

  /**
   * Unless told otherwise with appendfsync no: with everysec a write is put off while a flush is under way, and whether one is depends on
   * the disk.
   */
  static async start(directory: Directory, directives: Directives = {}): Promise<AofServer> {
    const usual = { save: "", appendonly: "yes", appendfsync: "no", "enable-debug-command": "yes" };
    const config = Config.of({ ...usual, dir: directory.path, ...directives });
    const server = new Server(config, { anyPort: true, log: new Log({ level: "verbose", file: join(directory.path, "log") }) });
    await server.start();
    return new AofServer(server, await connect(server.port));
  }

  /** -> what was answered: the text, an error's too; of an array all of it as it came. */
  async run(...words: Word[]): Promise<string> {
    const reply = await this.client.command(...words);
    return "*$".includes(String.fromCharCode(reply[0])) && !/^\$\d/.test(reply.toString("latin1", 0, 2))
      ? reply.toString("latin1")
      : replyText(reply);
  }

  digest(): Promise<string> {
    return this.client.text("DEBUG", "DIGEST");
  }

  info(field: string): Promise<string> {
    return infoField(this.client, "persistence", field);
  }

  /** Rewrites, and waits until that is over. */
  async rewrite(): Promise<void> {
    await this.run("BGREWRITEAOF");
    await this.rewritten();
  }

  async rewritten(): Promise<void> {
    await until("the rewrite", async () => !/aof_rewrite_(in_progress|scheduled):1/.test(await this.run("INFO", "persistence")));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.close();
    await this.server.stop();
  }
}

/** Sends all of these at once. Throws the first error. */
export async function send(client: RawClient, commands: readonly (readonly Word[])[]): Promise<void> {
  client.send(Buffer.concat(commands.map((words) => encodeCommand(words))));
  const error = await client.skipReplies(commands.length);
  if (error !== null) throw new Error(error);
}

/**
 * Values of every type and encoding, with and without deadlines, in three databases; some so big that images lend them. Scores are such
 * that the digests of Redis 7.0, which has 17 digits of each, and 7.2, which has as many as it takes, agree.
 */
export function everyKind(big = 3000): Word[][] {
  const commands: Word[][] = [
    ["SET", "text", "value"],
    ["SET", "number", 12345],
    ["SET", "binary", Buffer.from([0, 13, 10, 255, 42])],
    ["SET", "mortal", "x", "PXAT", 4_000_000_000_123],
    ["SET", "long", "l".repeat(300_000)],
    ["RPUSH", "list", "a", 1, "", "c".repeat(100)],
    ["SADD", "ints", 3, 1, 2],
    ["SADD", "words", "a", "b", 7],
    ["HSET", "hash", "f", "v", "g", 2],
    ["PEXPIREAT", "hash", 4_000_000_000_456],
    ["ZADD", "zset", 1.5, "a", "-inf", "b", 3, "c", "1e21", "d", 0.25, "e"],
    ["PFADD", "hll", "a", "b"],
    ["XADD", "stream", "5-1", "f", "v"],
    ["XADD", "stream", "6-0", "other", "w", "f", "z"],
    ["XADD", "stream", "7-0", "f", "gone"],
    ["XDEL", "stream", "7-0"],
    ["XGROUP", "CREATE", "stream", "group", 0],
    ["XREADGROUP", "GROUP", "group", "alice", "COUNT", 1, "STREAMS", "stream", ">"],
    ["XGROUP", "CREATECONSUMER", "stream", "group", "idle"],
    ["XADD", "emptied", "9-9", "f", "v"],
    ["XTRIM", "emptied", "MAXLEN", 0],
    ["SELECT", 9],
    ["SET", "text", "in nine"],
    ["SELECT", 3],
    ["SET", "text", "in three"],
    ["SELECT", 0],
  ];
  for (let index = 0; index < big; index++) {
    commands.push(["RPUSH", "big:list", `element ${index} ${"-".repeat(index % 200)}`]);
    commands.push(["SADD", "big:set", `member ${index}`]);
    commands.push(["HSET", "big:hash", `field ${index}`, index]);
    commands.push(["ZADD", "big:zset", index / 8, `member ${index}`]);
    commands.push(["XADD", "big:stream", `${index + 1}-0`, "f", `v${index}`]);
  }
  commands.push(
    ["XGROUP", "CREATE", "big:stream", "g", 0],
    ["XREADGROUP", "GROUP", "g", "c", "COUNT", big / 2, "STREAMS", "big:stream", ">"],
  );
  return commands;
}
