/** Old files have scripts in them, where newer ones have what these did. One that takes long does not silence the server. */

import { expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { Config } from "../../src/config/config.ts";
import { Log } from "../../src/log.ts";
import { Server } from "../../src/server.ts";
import { until } from "../replication/support.ts";
import { connect, encodeCommand, type RawClient, type Word } from "../support/client.ts";
import { AofServer, Directory } from "./support.ts";

/** Runs until there is a key that the test makes. */
const SCRIPT = "while redis.call('EXISTS', 'go') == 0 do end return redis.call('APPEND', KEYS[1], ARGV[1])";
const REQUESTS: readonly Word[][] = [
  ["SELECT", 0],
  ["SET", "before", 1],
  ["EVAL", SCRIPT, 1, "a", "x"],
  ["SET", "between", 2],
  ["MULTI"],
  ["APPEND", "a", "y"],
  ["EVAL", SCRIPT, 1, "a", "z"],
  ["APPEND", "a", "!"],
  ["EXEC"],
];

/** Makes the key that ends the script. */
function letGo(server: Server): void {
  const [database] = server.keyspace.databases;
  const key = Buffer.from("go");
  database.setString(0, database.table.hash(key, 0, 2), key, 0, 2, key, 0, 2, -1);
}

async function told(client: RawClient, ...words: Word[]): Promise<string> {
  return (await client.command(...words)).toString("latin1").slice(1, 8);
}

function fileOf(directory: Directory, requests: readonly Word[][]): void {
  mkdirSync(directory.files, { recursive: true });
  writeFileSync(directory.file("appendonly.aof.manifest"), "file appendonly.aof.1.incr.aof seq 1 type i\n");
  writeFileSync(directory.file("appendonly.aof.1.incr.aof"), Buffer.concat(requests.map(encodeCommand)));
}

test("while a slow script of the file runs at start others are told LOADING, or BUSY", async () => {
  using directory = new Directory();
  fileOf(directory, REQUESTS);
  const config = Config.of({ save: "", appendonly: "yes", dir: directory.path, "busy-reply-threshold": "1" });
  const log = new Log({ level: "verbose", file: `${directory.path}/log` });
  const server = new Server(config, { anyPort: true, log });
  const started = server.start();
  try {
    await until("the script to be left in the middle", () => server.executor.busy);
    const client = await connect(server.port);
    expect(await told(client, "GET", "before")).toBe("LOADING");
    expect(await told(client, "PING")).toBe("LOADING");
    expect(await told(client, "SCRIPT", "KILL")).toBe("LOADING");
    expect(await told(client, "INFO", "server")).toStartWith("BUSY ");
    letGo(server);
    await started;
    expect((await client.command("MGET", "before", "a", "between")).toString()).toBe("*3\r\n$1\r\n1\r\n$4\r\nxyz!\r\n$1\r\n2\r\n");
    expect(directory.log).toContain("Slow script detected");
    client.close();
  } finally {
    await server.stop();
  }
});

test("and while DEBUG LOADAOF does", async () => {
  using directory = new Directory();
  await using server = await AofServer.start(directory, { "busy-reply-threshold": "1" });
  await server.run("SET", "lost", 1);
  await server.run("BGREWRITEAOF");
  await server.rewritten();
  fileOf(directory, REQUESTS);
  server.client.send(encodeCommand(["DEBUG", "LOADAOF"]));
  server.client.send(encodeCommand(["GET", "a"]));
  await until("the script to be left in the middle", () => server.server.executor.busy);
  const other = await connect(server.server.port);
  expect(await told(other, "PING")).toBe("LOADING");
  expect(await told(other, "PING")).toBe("LOADING");
  letGo(server.server);
  expect((await server.client.readReply()).toString()).toBe("+OK\r\n");
  expect((await server.client.readReply()).toString()).toBe("$4\r\nxyz!\r\n");
  expect(await told(other, "EXISTS", "lost")).toBe("0\r\n");
  // In a transaction it is over at once.
  fileOf(directory, [["SET", "in", "file"]]);
  const replies = await other.pipeline([["MULTI"], ["DEBUG", "LOADAOF"], ["GET", "in"], ["EXEC"]]);
  expect(String(replies.at(-1))).toBe("*2\r\n+OK\r\n$4\r\nfile\r\n");
  writeFileSync(directory.file("appendonly.aof.manifest"), "nonsense");
  expect(await server.run("DEBUG", "LOADAOF")).toBe("ERR Error trying to load the AOF files, check server logs.");
  expect(await server.run("PING")).toBe("PONG");
  other.close();
});
