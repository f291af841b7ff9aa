/**
 * A process of its own that loads a server as redis-benchmark does, for commands that name ranks (see ranks.ts), and takes its options:
 * `-p PORT -c CLIENTS -n REQUESTS -P PIPELINE -r KEYSPACE --csv WORD...`. Prints its line of figures, latencies
 * in ms. Requests are made before the time begins. Replies are counted by their bytes alone, so all must have the length of the first.
 */
import type { Socket } from "bun";
import { connect, encodeCommand } from "../support/client.ts";
import { withRank } from "./ranks.ts";
import { percentile } from "./table.ts";

/** Different requests that are made; connections start in different places of them. */
const POOL = 1 << 15;
const DIFFERENT = "the replies are not all of one length";
const SILENCE_MS = 30_000;

type Options = { port: number; clients: number; requests: number; pipeline: number; keyspace: number; words: readonly string[] };
type Lane = { next: number; due: number; sentAt: number; answered: boolean; unsent: Buffer };

function readOptions(line: readonly string[]): Options {
  const at = line.indexOf("--csv");
  const flag = (name: string): number => Number(line[line.indexOf(name) + 1]);
  return {
    port: flag("-p"),
    clients: flag("-c"),
    requests: flag("-n"),
    pipeline: flag("-P"),
    keyspace: flag("-r"),
    words: line.slice(at + 1),
  };
}

/** Requests one after the other, the first `pipeline` once more behind the last, and where each begins. */
function makePool({ keyspace, pipeline, words }: Options): { bytes: Buffer; starts: Uint32Array } {
  const parts: Buffer[] = [];
  for (let index = 0; index < POOL; index += 1) parts.push(encodeCommand(withRank(words, Math.floor(Math.random() * keyspace))));
  for (let index = 0; index < pipeline; index += 1) parts.push(parts[index % POOL]);
  const starts = new Uint32Array(parts.length + 1);
  for (const [index, part] of parts.entries()) starts[index + 1] = starts[index] + part.length;
  return { bytes: Buffer.concat(parts), starts };
}

/** -> how many bytes a reply has. Throws when the server answers with an error, or differently long to the first and the last rank. */
async function replyBytes({ port, words, keyspace }: Options): Promise<number> {
  const client = await connect(port);
  try {
    const replies = await client.pipeline([withRank(words, 0), withRank(words, keyspace - 1)]);
    const error = replies.find((reply) => reply[0] === 0x2d); // "-"
    if (error !== undefined) throw new Error(`Error from server: ${error.toString("latin1", 1).trim()}`);
    if (replies[0].length !== replies[1].length) throw new Error(DIFFERENT);
    return replies[0].length;
  } finally {
    client.close();
  }
}

/** -> how long the requests took in all, and the latency of each pipeline, in ms. */
async function run(options: Options): Promise<{ tookMs: number; latencies: number[] }> {
  const { bytes, starts } = makePool(options);
  const { clients, requests, pipeline } = options;
  const size = await replyBytes(options);
  const latencies: number[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let issued = 0;
  let finished = 0;

  const issue = (socket: Socket<Lane>): void => {
    if (issued >= requests) return;
    const lane = socket.data;
    issued += pipeline;
    lane.due = pipeline * size;
    lane.answered = false;
    lane.sentAt = performance.now();
    const request = bytes.subarray(starts[lane.next], starts[lane.next + pipeline]);
    lane.next = (lane.next + pipeline) % POOL;
    lane.unsent = request.subarray(Math.max(0, socket.write(request)));
  };
  const receive = (socket: Socket<Lane>, chunk: Buffer): void => {
    const lane = socket.data;
    if (!lane.answered) latencies.push(performance.now() - lane.sentAt);
    lane.answered = true;
    lane.due -= chunk.length;
    if (lane.due < 0) return reject(new Error(DIFFERENT));
    if (lane.due > 0) return;
    finished += pipeline;
    if (finished >= requests) resolve();
    else issue(socket);
  };
  const socket = {
    data: receive,
    drain: (of: Socket<Lane>): void => {
      of.data.unsent = of.data.unsent.subarray(Math.max(0, of.write(of.data.unsent)));
    },
    close: (): void => reject(new Error("the server closed the connection")),
  };
  const connecting = Array.from({ length: clients }, (_, index) => {
    const data: Lane = { next: Math.floor((index * POOL) / clients), due: 0, sentAt: 0, answered: false, unsent: Buffer.alloc(0) };
    return Bun.connect({ hostname: "127.0.0.1", port: options.port, data, socket });
  });
  const sockets = await Promise.all(connecting);
  const patience = setInterval(() => {
    if (performance.now() - Math.max(...sockets.map((one) => one.data.sentAt)) > SILENCE_MS) reject(new Error("the server fell silent"));
  }, 1000);
  const began = performance.now();
  for (const one of sockets) issue(one);
  await promise.finally(() => clearInterval(patience));
  return { tookMs: performance.now() - began, latencies };
}

try {
  const options = readOptions(process.argv.slice(2));
  const { tookMs, latencies } = await run(options);
  const sum = latencies.reduce((total, latency) => total + latency, 0);
  const shares = [0, 0.5, 0.95, 0.99, 1].map((share) => percentile(latencies, Math.max(share, 1 / latencies.length)));
  const figures = [(1000 * options.requests) / tookMs, sum / latencies.length, ...shares].map((value) => `"${value.toFixed(3)}"`);
  console.log([JSON.stringify(options.words.join(" ")), ...figures].join(","));
  process.exit(0);
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exit(1);
}
