/**
 * What comes back: resident memory above that of the empty server after everything, or nine tenths of it, went, and while values of all sizes
 * come and go.
 */
import type { RawClient, Word } from "../support/client.ts";
import { Random } from "../support/property.ts";
import { cpuSeconds } from "./cpu.ts";
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

const PLAIN_KEYS = 3_000_000;
const AFTER_FLUSH_MS = 10_000;
/** About 250 MB once all of the churn is over. */
const CHURN = { operations: 2_100_000, keys: 500_000, smallest: 100, largest: 1100 } as const;
const AFTER_DELETION_MS = 60_000;
const BATCH = 20_000;

export interface ReturnedOptions {
  readonly rounds: number;
  /** Sizes are divided by it. */
  readonly scale: number;
}

/** -> a Markdown section; MB are 10^6 bytes. */
export async function benchReturned(contenders: Contenders, { rounds, scale }: ReturnedOptions): Promise<string> {
  const flushed = await alternate(contenders, rounds, (contender) => weighFlushed(contender, Math.ceil(PLAIN_KEYS / scale)));
  const churned = await alternate(contenders, rounds, (contender) => weighChurned(contender, scale));
  const row = <T>(name: string, samples: { ours: T[]; redis: T[] }, of: (sample: T) => number, unit: string): string[] => [
    name,
    ratioCell(median(samples.ours.map(of)), median(samples.redis.map(of)), unit),
  ];
  const rows = [
    row("full", flushed, ({ loaded }) => loaded / 1e6, "MB"),
    row(`${AFTER_FLUSH_MS / 1000} s after FLUSHALL`, flushed, ({ left }) => left / 1e6, "MB"),
    row("churn: processor time", churned, ({ seconds }) => seconds, "s"),
    row("churn: most / most used", churned, ({ peak }) => peak, ""),
    row("churn: used at its end", churned, ({ used }) => used / 1e6, "MB"),
    row(`${AFTER_DELETION_MS / 1000} s after nine tenths were deleted`, churned, ({ left }) => left / 1e6, "MB"),
    row("the same / used", churned, ({ left, usedThen }) => left / usedThen, ""),
  ];
  const about =
    `Resident memory above the empty server: of ${PLAIN_KEYS / scale} keys of 16 + 32 bytes, and of a churn of ${CHURN.operations / scale} SETs, DELs, HSETs, ` +
    "RPUSHs, LPOPs whose values grow tenfold meanwhile.";
  return section("Memory that comes back", about, ["resident memory above empty", "ours/Redis (ours / Redis)"], rows);
}

function weighFlushed(contender: Contender, keys: number): Promise<{ loaded: number; left: number }> {
  return withServer(contender, {}, async ({ pid }, client) => {
    const empty = await emptyBytes(pid);
    await load(client, plainKeys(keys));
    const loaded = residentBytes(pid) - empty;
    await client.command("FLUSHALL");
    await Bun.sleep(AFTER_FLUSH_MS);
    return { loaded, left: residentBytes(pid) - empty };
  });
}

interface Churned {
  /** Processor time in s. */
  readonly seconds: number;
  /** Most resident memory over most memory used. */
  readonly peak: number;
  readonly used: number;
  readonly left: number;
  readonly usedThen: number;
}

function weighChurned(contender: Contender, scale: number): Promise<Churned> {
  return withServer(contender, {}, async ({ pid }, client) => {
    const empty = await emptyBytes(pid);
    const before = cpuSeconds(pid);
    const keys = Math.ceil(CHURN.keys / scale);
    const operations = Math.ceil(CHURN.operations / scale);
    const random = new Random(1);
    let used = 0;
    let mostUsed = 0;
    let most = 0;
    for (let done = 0; done < operations; done += BATCH) {
      await load(client, churn(random, keys, done / operations));
      used = await usedBytes(client);
      mostUsed = Math.max(mostUsed, used);
      most = Math.max(most, residentBytes(pid) - empty);
    }
    const seconds = cpuSeconds(pid) - before;
    await load(client, deletions(random, keys));
    await Bun.sleep(AFTER_DELETION_MS);
    return { seconds, peak: most / mostUsed, used, left: residentBytes(pid) - empty, usedThen: await usedBytes(client) };
  });
}

async function usedBytes(client: RawClient): Promise<number> {
  return Number((await infoField(client, "memory", "used_memory")) ?? Number.NaN);
}

const FILL = Buffer.alloc(4096, "x");

/** BATCH operations; `phase` says how far the churn is, from 0 to 1. */
function* churn(random: Random, keys: number, phase: number): Generator<Word[]> {
  const most = CHURN.smallest + (CHURN.largest - CHURN.smallest) * phase;
  const value = (limit: number): Buffer => FILL.subarray(0, random.below(limit));
  for (let operation = 0; operation < BATCH; operation++) {
    const kind = random.next();
    const [key, hash, list] = [`key:${random.below(keys)}`, `hash:${random.below(keys / 20)}`, `list:${random.below(keys / 50)}`];
    if (kind < 0.55) yield ["SET", key, value(most)];
    else if (kind < 0.75) yield ["DEL", key];
    else if (kind < 0.85) yield ["HSET", hash, `field:${random.below(20)}`, value(60)];
    else if (kind < 0.9) yield ["DEL", hash];
    else if (kind < 0.95) yield ["RPUSH", list, value(100)];
    else yield ["LPOP", list];
  }
}

/** Of all keys of a churn nine tenths. */
function* deletions(random: Random, keys: number): Generator<Word[]> {
  for (const [prefix, count] of Object.entries({ key: keys, hash: keys / 20, list: keys / 50 }))
    for (let index = 0; index < count; index++) if (random.chance(0.9)) yield ["DEL", `${prefix}:${index}`];
}
