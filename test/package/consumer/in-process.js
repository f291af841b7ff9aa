/** A server in this process, with what has a file of its own in it (the worker of MIGRATE, those that own sockets); or why there is none. */
import { Replicant } from "replicant";

const server = await Replicant.inProcess().catch(({ message }) => {
  console.log(message);
  process.exit(0);
});
await server.client.set("k", "v");
const other = await Replicant.start({ ioWorkers: 1 });
await server.client.call("MIGRATE", "127.0.0.1", other.port, "k", 0, 1000);
console.log(JSON.stringify([await server.client.get("k"), await other.client.get("k")]));
await server.stop();
await other.stop();
