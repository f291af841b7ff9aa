/** Starts a server as the package's user does, and prints where it is and which file runs. The same in Bun and in Node. */
import { readlinkSync } from "node:fs";
import { Replicant } from "replicant";

const server = await Replicant.start({ maxmemoryPolicy: "allkeys-lru" });
const file = readlinkSync(`/proc/${server.pid}/exe`);
console.log(JSON.stringify({ url: server.url, port: server.port, file }));
await server.stop();
