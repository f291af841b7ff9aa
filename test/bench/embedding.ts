/**
 * A server in a program, beside clients of a redis-server over loopback: each measurement in a process of its own (embedding-child.ts), since
 * what ran before in a process decides how fast the next thing runs in it.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Contenders, withServer } from "./servers.ts";
import { MOCK } from "./start-child.ts";
import { figure, median, section } from "./table.ts";

/** Clients over loopback. */
const CLIENTS = ["bun", "ioredis", "node-redis"] as const;
const CHILD = join(import.meta.dirname, "embedding-child.ts");
const START_CHILD = join(import.meta.dirname, "start-child.ts");
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

/** What is measured beside ioredis-mock, where that is installed (test/alternatives). */
const STARTS = [
  { name: "start", about: "start of a server in a running process, and its first command" },
  { name: "first-start", about: "the first one of a process" },
  { name: "import", about: "what is imported before (from sources)" },
] as const;

/** What there is nothing beside. */
const ALONE = [{ name: "memory", about: "resident memory of one more server with a key", unit: "MB" }] as const;

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
  for (const { name, about } of STARTS.filter(({ name }) => wanted(name))) {
    log(`  ${name}`);
    const own: number[] = [];
    const mock: number[] = [];
    for (let round = 0; round < rounds; round++) {
      own.push(await startMs(name, "in-process"));
      if (existsSync(MOCK)) mock.push(await startMs(name, "ioredis-mock"));
    }
    const beside =
      mock.length === 0 ? ["", ""] : [`ioredis-mock ${figure(median(mock))}`, `**${(median(mock) / median(own)).toFixed(2)}**`];
    rows.push([about, `${figure(median(own))} ms`, ...beside]);
  }
  for (const { name, about, unit } of ALONE.filter(({ name }) => wanted(name))) {
    log(`  ${name}`);
    const samples: number[] = [];
    for (let round = 0; round < rounds; round++) samples.push(await measure(name, "in-process", 0, options.seconds));
    rows.push([about, `${figure(median(samples))} ${unit}`, "", ""]);
  }
  return section(
    "A server in a program",
    "In the process, beside clients that ask a redis-server over loopback, and ioredis-mock; the ratio is that to the best of these.",
    ["what", "in process", "beside it", "ratio"],
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

async function startMs(name: (typeof STARTS)[number]["name"], way: string): Promise<number> {
  if (name === "start") return measure(name, way, 0, 0);
  const [imported, started] = await figuresOf([START_CHILD, way]);
  return name === "import" ? imported : started;
}

async function measure(what: string, way: string, port: number, seconds: number): Promise<number> {
  const [value] = await figuresOf([CHILD, what, way, String(port), String(seconds)]);
  return value;
}

/** Runs a program. Returns the numbers that it prints, one at least. */
async function figuresOf(program: readonly string[]): Promise<readonly [number, ...number[]]> {
  const child = Bun.spawn([process.execPath, ...program], { stdout: "pipe", stderr: "pipe", timeout: PATIENCE_MS });
  const [output, errors] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  const [first, ...others] = output.trim().split(" ").map(Number);
  if (output.trim() === "" || !Number.isFinite(first)) throw new Error(`${program.join(" ")} gave no figure: ${output}${errors}`);
  return [first, ...others];
}
