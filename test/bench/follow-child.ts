/**
 * A process of its own that follows the server at 127.0.0.1:PORT from POSITION on until so many changes have come:
 * `follow-child.ts PORT POSITION COUNT KEYS`. KEYS "yes": the key of each is read. Tells its parent its seconds, by the clock and of the processor.
 */
import { follow } from "../../src/follow/index.ts";

const [, , port, from, count, keys] = process.argv;
const most = Number(count);
let seen = 0;
let bytes = 0;
const began = performance.now();
for await (const event of follow(`redis://127.0.0.1:${port}`, { from })) {
  if (event.kind !== "change") continue;
  if (keys === "yes") bytes += event.key.length;
  if (++seen === most) break;
}
const { user, system } = process.cpuUsage();
process.stdout.write(`${(performance.now() - began) / 1000} ${(user + system) / 1e6} ${bytes}\n`);
process.exit();
