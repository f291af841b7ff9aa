/**
 * A server in a program, beside clients of a redis-server over loopback: each measurement in a process of its own (embedding-child.ts), since
 * what ran before in a process decides how fast the next thing runs in it.
 */
import { join } from "node:path";
import { type Contenders, withServer } from "./servers.ts";
import { figure, median, section } from "./table.ts";

/** Clients over loopback. */
const CLIENTS = ["bun", "ioredis", "node-redis"] as const;
const CHILD = join(import.meta.dirname, "embedding-child.ts");
const PATIENCE_MS = 120_000;

interface EmbeddingOptions {
  readonly rounds: number;
  readonly seconds: number;
  readonly only: readonly string[] | null;
  readonly log: (line: string) => void;
}

/** A case that is measured in process and with clients over loopback. `more`: whether more is better. */
interface Compared {
  readonly name: string;
  readonly about: string;
  readonly unit: string;
  readonly more: boolean;
  readonly clients: readonly string[];
}

const COMPARED: readonly Compared[] = [
  { name: "get-set", about: "`SET` and `GET`, awaited one by one", unit: "requests/s", more: true, clients: CLIENTS },
  { name: "pipeline", about: "1,000 `SET` at once", unit: "requests/s", more: true, clients: CLIENTS },
  { name: "reset", about: "a reset of 10,000 keys (clients: `FLUSHALL`)", unit: "ms", more: false, clients: ["ioredis"] },
  { name: "bullmq", about: "BullMQ, 10,000 jobs of 4 KB with ioredis", unit: "jobs/s", more: true, clients: ["ioredis"] },
];

/** What there is nothing beside. */
const ALONE = [
  { name: "start", about: "start of a server in a running process, and its first command", unit: "ms" },
  { name: "first-start", about: "the first one of a process", unit: "ms" },
  { name: "memory", about: "resident memory of one more server with a key", unit: "MB" },
] as const;

/** -> the section of the report. */
export async function benchEmbedding({ redis }: Contenders, options: EmbeddingOptions): Promise<string> {
  const { rounds, only, log } = options;
  const wanted = (name: string): boolean => only === null || only.includes(name);
  const rows: string[][] = [];
  for (const one of COMPARED.filter(({ name }) => wanted(name))) {
    log(`  ${one.name}`);
    const own: number[] = [];
    const others = new Map(one.clients.map((client) => [client, [] as number[]]));
    for (let round = 0; round < rounds; round++) {
      own.push(await measure(one.name, "in-process", 0, options.seconds));
      for (const [client, samples] of others) {
        samples.push(await withServer(redis, {}, ({ port }) => measure(one.name, client, port, options.seconds)));
      }
    }
    rows.push(compared(one, own, others));
  }
  for (const { name, about, unit } of ALONE.filter(({ name }) => wanted(name))) {
    log(`  ${name}`);
    const samples: number[] = [];
    for (let round = 0; round < rounds; round++) samples.push(await measure(name, "in-process", 0, options.seconds));
    rows.push([about, `${figure(median(samples))} ${unit}`, "", ""]);
  }
  return section(
    "A server in a program",
    "In the process, beside clients that ask a redis-server over loopback; the ratio is that to the best of these.",
    ["what", "in process", "over loopback", "ratio"],
    rows,
  );
}

function compared({ about, unit, more }: Compared, own: readonly number[], others: ReadonlyMap<string, readonly number[]>): string[] {
  const ours = median(own);
  const medians = [...others].map(([client, samples]) => ({ client, value: median(samples) }));
  const best = medians.reduce((one, other) => (more === other.value > one.value ? other : one)).value;
  const ratio = more ? ours / best : best / ours;
  const shown = medians.map(({ client, value }) => `${client} ${figure(value)}`).join(", ");
  return [about, `${figure(ours)} ${unit}`, shown, `**${ratio.toFixed(2)}**`];
}

async function measure(what: string, way: string, port: number, seconds: number): Promise<number> {
  const child = Bun.spawn([process.execPath, CHILD, what, way, String(port), String(seconds)], {
    stdout: "pipe",
    stderr: "pipe",
    timeout: PATIENCE_MS,
  });
  const [output, errors] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  const value = Number(output.trim());
  if (output.trim() === "" || !Number.isFinite(value)) throw new Error(`${what} with ${way} gave no figure: ${output}${errors}`);
  return value;
}
