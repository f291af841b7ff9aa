/** A consumer's program that the types accept, and lines that they must not. */
import { type ListeningReplicant, Replicant, ReplyError } from "replicant";
import { type Client, defineScript } from "replicant/client";
import { follow } from "replicant/follow";
import { redis } from "replicant/testing";

const server: ListeningReplicant = await Replicant.start({ maxmemoryPolicy: "allkeys-lru", appendonly: false, port: 0 });
const client: Client = server.client;
const name: string | null = await client.get("name");
const count: number | bigint = await client.incr("count");
const user: Record<string, string> = await client.hgetall("user:1");
await client.set("k", "v", { ex: 10 });
await client.set("k", new Uint8Array([1, 2]), { px: 10 });
const bytes: Uint8Array | null = await client.bytes.get("k");
const both = await client.multi().incr("n").get("k").exec();
const second: string | null = both[1];
for await (const { channel, message } of client.subscribe("news")) console.log(channel.length, message.length);
for await (const event of follow(server.url, { keys: "user:*", values: true })) {
  if (event.kind === "change") console.log(event.key.length, event.args.length, event.after?.type);
}
const image: Uint8Array = await server.snapshot();
await server.restore(image);
server.on("command", ({ command, args }) => console.log(command.length, args.length));
const db = redis({ clock: "virtual" });
await db.assert.equals("visits", 1);
const error: Error = new ReplyError("ERR no");

export { bytes, count, defineScript, error, name, second, user };

// @ts-expect-error: such a policy there is not
await Replicant.start({ maxmemoryPolicy: "all" });
// @ts-expect-error: nor such a directive
await Replicant.start({ maxmemorypolicy: "allkeys-lru" });
// @ts-expect-error: a server without a port has none
await Replicant.inProcess({ port: 1 });
// @ts-expect-error: servers are started
new Replicant();
// @ts-expect-error: a key is needed
await client.get();
// @ts-expect-error: EX is a number of seconds
await client.set("k", "v", { ex: "soon" });
// @ts-expect-error: one of the two
await client.set("k", "v", { nx: true, xx: true });
// @ts-expect-error: GET may find nothing
const length: number = (await client.get("k")).length;
// @ts-expect-error: there is no such command
await client.gett("k");
// @ts-expect-error: an image has no command
for await (const event of follow(server.url)) if (event.kind === "image") console.log(event.command);
// @ts-expect-error: types are those of Redis
follow(server.url, { types: ["json"] });

export { length };
