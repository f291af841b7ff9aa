/** What collections cost: resident memory, SAVE, the file, and the start with it. */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RawClient, Word } from "../support/client.ts";
import { ADDING, COUNTING, type CollectionType } from "./datasets.ts";
import { expectKeys } from "./persistence.ts";
import { selectNamed } from "./select.ts";
import { alternate, type Contender, type Contenders, emptyBytes, inBatches, load, residentBytes, withServer } from "./servers.ts";
import { markdownTable, median, ratioCell } from "./table.ts";

export type CollectionsOptions = {
  readonly rounds: number;
  readonly only: readonly string[] | null;
  /** The sizes are divided by it, for a trial of the suite. */
  readonly scale: number;
  readonly log: (line: string) => void;
};

/** `keys` keys of `elements` elements each. */
export type DataSet = { readonly name: string; readonly type: CollectionType; readonly keys: number; readonly elements: number };

const FILE = "dump.rdb";
const BATCH = 100;
/** The runtime collects what loading left behind when it has been idle for ten seconds. */
const SETTLE_MS = 15_000;
/** Below it a trial has nothing to settle. */
const TRIAL_SETTLE_MS = 200;

/** Every data set, by the names that --only takes. */
export const DATA_SETS: readonly DataSet[] = [
  { name: "hashes", type: "hash", keys: 100_000, elements: 10 },
  { name: "big-hash", type: "hash", keys: 1, elements: 1_000_000 },
  { name: "zsets", type: "zset", keys: 100_000, elements: 10 },
  { name: "big-zset", type: "zset", keys: 1, elements: 500_000 },
  { name: "intsets", type: "set", keys: 100_000, elements: 10 },
  { name: "big-set", type: "set", keys: 1, elements: 1_000_000 },
  { name: "big-list", type: "list", keys: 1, elements: 1_000_000 },
  { name: "big-stream", type: "stream", keys: 1, elements: 500_000 },
];

type Cost = {
  readonly loaded: number;
  readonly settled: number;
  readonly saveMs: number;
  readonly fileBytes: number;
  readonly startMs: number;
};

/** -> a Markdown section: one row for each data set. Throws when `only` names nothing. */
export async function benchCollections(contenders: Contenders, options: CollectionsOptions): Promise<string> {
  const rows: string[][] = [];
  const settleMs = options.scale === 1 ? SETTLE_MS : TRIAL_SETTLE_MS;
  for (const full of selectNamed(DATA_SETS, options.only, "data set")) {
    const set = scaled(full, options.scale);
    const row = [describe(set), ...(await measure(contenders, set, options.rounds, settleMs))];
    options.log(row.join("  "));
    rows.push(row);
  }
  const headers = ["data", "MB above empty, just loaded", `${settleMs / 1000} s later`, "SAVE in ms", "file in MB", "start with it in ms"];
  const about =
    "Resident memory above that of the empty server, SAVE, the size of the file, and the start with it until DBSIZE is right: " +
    `medians of ${options.rounds} alternating rounds, ours/Redis (ours / Redis). Values of 32 bytes. Below 1 is less than Redis.`;
  return `## Collections\n\n${about}\n\n${markdownTable(headers, rows)}`;
}

function scaled(set: DataSet, scale: number): DataSet {
  const fewer = (count: number): number => Math.max(1, Math.round(count / scale));
  return set.keys > 1 ? { ...set, keys: fewer(set.keys) } : { ...set, elements: fewer(set.elements) };
}

function describe({ name, type, keys, elements }: DataSet): string {
  const count = (value: number): string => value.toLocaleString("en-US");
  const kind = name === "intsets" ? "integers in a set" : `elements in a ${type}`;
  return keys > 1 ? `\`${name}\`: ${count(keys)} keys, ${count(elements)} ${kind} each` : `\`${name}\`: ${count(elements)} ${kind}`;
}

/** -> the cells of the row, or the words of the side that failed. */
async function measure(contenders: Contenders, set: DataSet, rounds: number, settleMs: number): Promise<string[]> {
  try {
    const samples = await alternate(contenders, rounds, async (contender) => {
      try {
        return await weigh(contender, set, settleMs);
      } catch (error) {
        throw new Error(`${contender.name} failed: ${error instanceof Error ? error.message : String(error)}`);
      }
    });
    const cell = (of: (cost: Cost) => number): string => ratioCell(median(samples.ours.map(of)), median(samples.redis.map(of)));
    return [
      cell((cost) => cost.loaded / 1e6),
      cell((cost) => cost.settled / 1e6),
      cell((cost) => cost.saveMs),
      cell((cost) => cost.fileBytes / 1e6),
      cell((cost) => cost.startMs),
    ];
  } catch (error) {
    return [error instanceof Error ? error.message : String(error), "", "", "", ""];
  }
}

async function weigh(contender: Contender, set: DataSet, settleMs: number): Promise<Cost> {
  const dir = mkdtempSync(join(tmpdir(), "replicant-bench-"));
  const args = ["--dbfilename", FILE];
  try {
    const before = await withServer(contender, { dir, args }, async (server, client) => {
      const empty = await emptyBytes(server.pid);
      await load(client, adding(set));
      const loaded = residentBytes(server.pid) - empty;
      await Bun.sleep(settleMs);
      const settled = residentBytes(server.pid) - empty;
      const began = performance.now();
      await client.text("SAVE");
      return { loaded, settled, saveMs: performance.now() - began };
    });
    const startMs = await withServer(contender, { dir, args, pollMs: 1 }, async (server, client) => {
      await expectWhole(client, set);
      return server.startMs;
    });
    return { ...before, startMs, fileBytes: statSync(join(dir, FILE)).size };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** The commands that make the data set. */
export function* adding({ name, type, keys, elements }: DataSet): Generator<readonly Word[]> {
  const add = name === "intsets" ? addIntegers : ADDING[type];
  const batch = type === "stream" ? 1 : BATCH;
  for (let key = 0; key < keys; key += 1) {
    const first = key * elements; // no two collections hold the same
    yield* inBatches(elements, batch, (from, to) => add(keyOf(name, key), first + from, first + to, keys * elements));
  }
}

function addIntegers(key: string, from: number, to: number): Word[] {
  const words: Word[] = ["SADD", key];
  for (let index = from; index < to; index += 1) words.push(index);
  return words;
}

function keyOf(name: string, key: number): string {
  return `${name}:${key}`;
}

/** Throws unless all keys are there, and the last one has all its elements: a fast start with half of the data is no measurement. */
async function expectWhole(client: RawClient, { name, type, keys, elements }: DataSet): Promise<void> {
  await expectKeys(client, keys);
  const held = Number(await client.text(COUNTING[type], keyOf(name, keys - 1)));
  if (held !== elements) throw new Error(`the last ${type} holds ${held} elements, not ${elements}`);
}
