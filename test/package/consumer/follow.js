/** Follows a server, by the same lines in Bun and in Node. */
import { Replicant } from "replicant";
import { FollowError, follow } from "replicant/follow";

const server = await Replicant.start({ replDisklessSyncDelay: 0 });
await server.client.sadd("tags", ["a", "b"]);
const seen = [];
let position;
for await (const event of follow(server.url, { values: true })) {
  if (event.kind === "image") seen.push([event.key, event.value instanceof Set]);
  if (event.kind === "image-end") await server.client.incr("n");
  if (event.kind !== "change") continue;
  seen.push([event.key, event.command, event.before, event.after.value]);
  ({ position } = event);
  break;
}
await server.client.incr("n");
for await (const event of follow(server.url, { from: position, bytes: true })) {
  seen.push([Buffer.from(event.key).toString(), event.command]);
  break;
}
try {
  for await (const event of follow("redis://127.0.0.1:1", { patienceMs: 1 })) seen.push(event);
} catch (error) {
  seen.push([error instanceof FollowError, error.code]);
}
console.log(JSON.stringify(seen));
await server.stop();
