/** SAVE, the start with a data file, and what clients notice of a BGSAVE while others write. */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RawClient } from "../support/client.ts";
import type { ServerProcess } from "../support/process.ts";
import { alternate, attach, type Contender, type Contenders, infoField, load, plainKeys, start, withServer } from "./servers.ts";
import { median, percentile, ratioCell, section } from "./table.ts";

const KEYS = 1_000_000;
const FILE = "dump.rdb";
/** How long pings are timed without a BGSAVE, for comparison. */
const BASELINE_MS = 3_000;
const BGSAVE_PATIENCE_MS = 180_000;
/** Between two pings: a loop without a pause would take a third processor, where there are two. */
const PING_PAUSE_MS = 1;
/** What the writer sends: redis-benchmark's own fifty clients, as fast as they are answered, on keys that exist. */
const WRITER = ["-c", "50", "-P", "1", "-n", "1000000000", "-r", String(KEYS), "-q", "SET", "key:__rand_int__", "v".repeat(32)];

type FileTimes = { readonly saveMs: number; readonly loadMs: number; readonly bytes: number };
type Stalls = {
  readonly baseWorst: number;
  readonly baseP99: number;
  readonly worst: number;
  readonly p99: number;
  readonly bgsaveMs: number;
};

/** -> a Markdown section about SAVE, loading and BGSAVE of a million keys. */
export async function benchPersistence(contenders: Contenders, rounds: number): Promise<string> {
  const files = await alternate(contenders, rounds, timeFile);
  const stalls = await alternate(contenders, rounds, timeStalls);
  const fileRow = (name: string, of: (times: FileTimes) => number, unit: string): string[] => [
    name,
    ratioCell(median(files.ours.map(of)), median(files.redis.map(of)), unit),
  ];
  const stallRow = (name: string, of: (stall: Stalls) => number): string[] => [
    name,
    ratioCell(median(stalls.ours.map(of)), median(stalls.redis.map(of)), "ms"),
  ];
  const rows = [
    fileRow("SAVE", (times) => times.saveMs, "ms"),
    fileRow("size of the file", (times) => times.bytes / 1e6, "MB"),
    fileRow("start with the file to the first answered PING", (times) => times.loadMs, "ms"),
    stallRow("BGSAVE under writes, from start to end", (stall) => stall.bgsaveMs),
    stallRow("longest PING during that BGSAVE", (stall) => stall.worst),
    stallRow("99th percentile of PING during it", (stall) => stall.p99),
    stallRow("longest PING under the same writes without it", (stall) => stall.baseWorst),
    stallRow("99th percentile of PING without it", (stall) => stall.baseP99),
  ];
  const about = "1,000,000 keys (16-byte keys, 32-byte values). Below 1 is less than Redis.";
  return section("Persistence", about, ["what", "ours/Redis (ours / Redis)"], rows);
}

async function timeFile(contender: Contender): Promise<FileTimes> {
  const dir = mkdtempSync(join(tmpdir(), "replicant-bench-"));
  try {
    const saveMs = await withServer(contender, { dir, args: ["--dbfilename", FILE] }, async (_, client) => {
      await load(client, plainKeys(KEYS));
      const began = performance.now();
      await client.text("SAVE");
      return performance.now() - began;
    });
    const loadMs = await withServer(contender, { dir, args: ["--dbfilename", FILE], pollMs: 1 }, async (server, client) => {
      await expectKeys(client, KEYS);
      return server.startMs;
    });
    return { saveMs, loadMs, bytes: statSync(join(dir, FILE)).size };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Throws unless the server holds `count` keys: a fast start with half of the data is no measurement. */
export async function expectKeys(client: RawClient, count: number): Promise<void> {
  const held = Number(await client.text("DBSIZE"));
  if (held !== count) throw new Error(`the server holds ${held} keys, not ${count}`);
}

async function timeStalls(contender: Contender): Promise<Stalls> {
  await using server = await start(contender);
  const control = await attach(server);
  await load(control, plainKeys(KEYS));
  const writer = Bun.spawn(["redis-benchmark", "-p", String(server.port), ...WRITER], {
    stdin: "ignore",
    stdout: "ignore",
    stderr: "ignore",
  });
  try {
    const base = await pingWhile(server, Bun.sleep(BASELINE_MS));
    const began = performance.now();
    await control.text("BGSAVE");
    const saved = untilSaved(control);
    const during = await pingWhile(server, saved);
    const bgsaveMs = (await saved) - began;
    if (writer.exitCode !== null) throw new Error(`the writer ended early, with ${writer.exitCode}`);
    return {
      baseWorst: Math.max(...base),
      baseP99: percentile(base, 0.99),
      worst: during.reduce((a, b) => Math.max(a, b), 0),
      p99: percentile(during, 0.99),
      bgsaveMs,
    };
  } finally {
    writer.kill("SIGKILL");
    await writer.exited;
    control.close();
  }
}

/** -> when (`performance.now()`) the BGSAVE had ended; throws when it failed. */
export async function untilSaved(control: RawClient): Promise<number> {
  const deadline = performance.now() + BGSAVE_PATIENCE_MS;
  while ((await infoField(control, "persistence", "rdb_bgsave_in_progress")) !== "0") {
    if (performance.now() > deadline) throw new Error(`BGSAVE did not end within ${BGSAVE_PATIENCE_MS / 1000} s`);
    await Bun.sleep(20);
  }
  const ended = performance.now();
  const outcome = await infoField(control, "persistence", "rdb_last_bgsave_status");
  if (outcome !== "ok") throw new Error(`BGSAVE ended with ${outcome}`);
  return ended;
}

/** Sends PING after PING on a connection of its own until `over`; -> how long each took, in ms. */
async function pingWhile(server: ServerProcess, over: Promise<unknown>): Promise<number[]> {
  const client = await attach(server);
  const took: number[] = [];
  let running = true;
  const ending = over.finally(() => {
    running = false;
  });
  ending.catch(() => {}); // handled below, unless the pings fail first
  try {
    while (running) {
      const began = performance.now();
      await client.command("PING");
      took.push(performance.now() - began);
      await Bun.sleep(PING_PAUSE_MS);
    }
    await ending;
    return took;
  } finally {
    client.close();
  }
}
