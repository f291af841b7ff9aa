/** Starts a server as the package's user does, uses it, and prints what was seen. The same in Bun and in Node. */
import { Replicant } from "replicant";
import { Client } from "replicant/client";

const server = await Replicant.start({ maxmemoryPolicy: "allkeys-lru" });
await server.client.hset("user:1", { name: "Ada" });

const client = await Client.connect(server.url);
const user = await client.hgetall("user:1");
const { executable } = Object.fromEntries(
  (await client.info("server"))
    .split("\r\n")
    .filter((line) => line.includes(":"))
    .map((line) => line.split(":")),
);
const snapshot = await server.snapshot();
await server.flush();
const flushed = await client.dbsize();
await server.restore(snapshot);
const restored = await client.dbsize();
await client.close();

console.log(JSON.stringify({ url: server.url, port: server.port, user, flushed, restored, pid: process.pid, executable }));
await server.stop();
