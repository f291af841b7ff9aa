/**
 * A process of its own that writes to the server at 127.0.0.1:PORT at a steady rate: `write-child.ts PORT RATE KIND COUNT`. KIND "keys": SET
 * of random ones of COUNT keys; "hash": HSET of random ones of COUNT fields. Any message has it tell how many replies have come.
 */
import { connect, encodeCommand } from "../support/client.ts";
import { BIG_HASH, bigField, bigKeyName, bigValue } from "./big-sync-data.ts";

const [port, rate, count] = [process.argv[2], process.argv[3], process.argv[5]].map(Number);
const isHash = process.argv[4] === "hash";
const STEP_MS = 5;
/** No more than that is sent ahead of the replies: a server that does not keep up is not buried. */
const MOST_AHEAD = 4000;

const client = await connect(port, { timeoutMs: 300_000 });
let sent = 0;
let answered = 0;

function nextWrite(): Buffer {
  const index = Math.floor(Math.random() * count);
  return encodeCommand(isHash ? ["HSET", BIG_HASH, bigField(index), sent] : ["SET", bigKeyName(index), bigValue(index + sent)]);
}

async function write(batch: readonly Buffer[]): Promise<void> {
  client.send(Buffer.concat(batch));
  const error = await client.skipReplies(batch.length);
  if (error !== null) throw new Error(error);
  answered += batch.length;
}

process.on("message", () => process.send?.(answered));
process.on("disconnect", () => process.exit(0));
await write([nextWrite()]);
process.send?.(answered);
const began = performance.now();
setInterval(() => {
  const due = Math.min(Math.floor(((performance.now() - began) / 1000) * rate), answered + MOST_AHEAD);
  const batch: Buffer[] = [];
  for (; sent < due; sent++) batch.push(nextWrite());
  if (batch.length > 0) void write(batch);
}, STEP_MS);
