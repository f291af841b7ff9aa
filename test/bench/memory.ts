/** Resident memory per million keys, above what the empty server takes. */
import {
  alternate,
  type Contender,
  type Contenders,
  emptyBytes,
  infoField,
  load,
  plainKeys,
  residentBytes,
  withServer,
} from "./servers.ts";
import { median, ratioCell, section } from "./table.ts";

const KEYS = 1_000_000;
/** What a server may still give back after a load (garbage collection, buffers) it has given back by then. */
const SETTLE_MS = 5_000;

type Weight = { readonly empty: number; readonly loaded: number; readonly settled: number; readonly reported: number };

/** -> a Markdown section: RSS of a million keys of 16 bytes with values of 32, in MB (10^6 bytes). */
export async function benchMemory(contenders: Contenders, rounds: number): Promise<string> {
  const samples = await alternate(contenders, rounds, weigh);
  const row = (name: string, of: (weight: Weight) => number): string[] => [
    name,
    ratioCell(median(samples.ours.map(of)) / 1e6, median(samples.redis.map(of)) / 1e6, "MB"),
  ];
  const rows = [
    row("the empty server", (weight) => weight.empty),
    row("above it, just loaded", (weight) => weight.loaded - weight.empty),
    row(`above it, ${SETTLE_MS / 1000} s later`, (weight) => weight.settled - weight.empty),
    row("all of it, then", (weight) => weight.settled),
    row("`used_memory`, then", (weight) => weight.reported),
  ];
  const about = "Resident memory of 1,000,000 keys (16-byte keys, 32-byte values). Below 1 is less than Redis.";
  return section("Memory", about, ["resident memory", "ours/Redis (ours / Redis)"], rows);
}

function weigh(contender: Contender): Promise<Weight> {
  return withServer(contender, {}, async (server, client) => {
    const empty = await emptyBytes(server.pid);
    await load(client, plainKeys(KEYS));
    const loaded = residentBytes(server.pid);
    await Bun.sleep(SETTLE_MS);
    const settled = residentBytes(server.pid);
    const reported = Number((await infoField(client, "memory", "used_memory")) ?? Number.NaN);
    return { empty, loaded, settled, reported };
  });
}
