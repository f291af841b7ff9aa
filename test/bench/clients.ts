/** What a request costs the process that asks: the typed client beside Bun.redis, ioredis and node-redis, on the same redis-server. */
import { join } from "node:path";
import { type Contenders, withServer } from "./servers.ts";
import { figure, median, section } from "./table.ts";

const NAMES = ["replicant", "bun", "ioredis", "node-redis"] as const;
type Name = (typeof NAMES)[number];

const TITLES: Readonly<Record<Name, string>> = {
  replicant: "replicant/client",
  bun: "Bun.redis",
  ioredis: "ioredis",
  "node-redis": "node-redis",
};
/** Requests under way, and in one sample. */
const LOADS: readonly (readonly [underWay: number, requests: number])[] = [
  [1, 40_000],
  [50, 200_000],
];

/** -> a Markdown section. */
export async function benchClients(contenders: Contenders, rounds: number, log: (line: string) => void): Promise<string> {
  const rows = await withServer(contenders.redis, {}, async ({ port }) => {
    const table: string[][] = [];
    for (const [underWay, requests] of LOADS) {
      const samples = new Map<Name, number[]>(NAMES.map((name) => [name, []]));
      for (let round = 0; round < rounds; round++) {
        for (const name of NAMES) {
          const micros = await measure(name, port, underWay, requests);
          samples.get(name)?.push(micros);
          log(`${TITLES[name]}, ${underWay} under way: ${figure(micros)} us`);
        }
      }
      const of = (name: Name): number => median(samples.get(name) ?? []);
      table.push([String(underWay), ...NAMES.map((name) => figure(of(name))), figure(of("replicant") / of("bun"))]);
    }
    return table;
  });
  const about =
    `Processor time of the client's own process for a SET or a GET of a short value, in microseconds, each awaited, so many under way at a ` +
    `time. ${rounds} alternating rounds, medians. The last column is the typed client's by Bun.redis's.`;
  return section("Clients", about, ["under way", ...NAMES.map((name) => TITLES[name]), "ratio"], rows);
}

async function measure(name: Name, port: number, underWay: number, requests: number): Promise<number> {
  const child = Bun.spawn([
    process.execPath,
    join(import.meta.dirname, "client-child.ts"),
    name,
    String(port),
    String(underWay),
    String(requests),
  ]);
  const text = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) throw new Error(`${TITLES[name]} failed`);
  return Number(text) / 1000;
}
