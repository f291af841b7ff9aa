/** Drives redis-benchmark: one run, its figures, and how many requests make a run of a wanted length. */
import { join } from "node:path";
import { hasRank } from "./ranks.ts";

/** What one run measured. Latencies in ms, as redis-benchmark's histogram of all its clients has them. */
export type Sample = { readonly requestsPerSecond: number; readonly p50: number; readonly p99: number };

/** One run: `words` is the command, in which redis-benchmark replaces each `__rand_int__` by a number below `keyspace`. */
export type Run = {
  readonly port: number;
  readonly words: readonly string[];
  readonly pipeline: number;
  readonly keyspace: number;
  readonly requests: number;
  /** More options of redis-benchmark: how to log in, TLS. */
  readonly options?: readonly string[];
};

/** One run of a test that redis-benchmark brings along, as `-t` names it. */
export type DefaultRun = { readonly port: number; readonly test: string; readonly pipeline: number; readonly requests: number };

/** Connections of redis-benchmark; each has `pipeline` requests on their way. */
export const CLIENTS = 50;
/** redis-benchmark issues whole pipelines on all connections, so a few more requests than it counts. */
export const SPARE_REQUESTS = 2 * CLIENTS * 64;
/** Sends what redis-benchmark cannot: its numbers have leading zeros, which a rank must not have. */
const RANK_LOADER = [process.execPath, join(import.meta.dir, "rank-load.ts")];
/** The calibration starts small, so that a command that takes 10 ms does not take minutes. */
const FIRST_GUESS = 500;
const CALIBRATION_MS = 150;

/** Throws when there is no redis-benchmark. */
export function requireRedisBenchmark(): void {
  if (Bun.which("redis-benchmark") === null)
    throw new Error("there is no redis-benchmark on the PATH: it comes with Redis (Debian: redis-tools)");
}

/**
 * One run of redis-benchmark, or of our own loader when the command asks for ranks (`__rank__`). Throws what it says when the server
 * answers with an error: such a run is no measurement.
 */
export async function runBenchmark(run: Run): Promise<Sample> {
  const flags = ["-p", run.port, "-c", CLIENTS, "-n", run.requests, "-P", run.pipeline, "-r", run.keyspace, "--csv"].map(String);
  const program = run.words.some(hasRank) ? RANK_LOADER : ["redis-benchmark"];
  return await sampleOf([...program, ...flags, ...(run.options ?? []), ...run.words], "the load printed no figures");
}

/** One run of redis-benchmark's tests, with its own options but for count and pipeline; -> the figures of the last test it ran. */
export async function runDefaultTest(run: DefaultRun): Promise<Sample> {
  const flags = ["-p", run.port, "-t", run.test, "-n", run.requests, "-P", run.pipeline].map(String);
  return await sampleOf(["redis-benchmark", ...flags, "--csv"], `this redis-benchmark has no test ${run.test}`);
}

/** `nothing`: what it means when the program ends well and prints no figures. */
async function sampleOf(line: readonly string[], nothing: string): Promise<Sample> {
  const child = Bun.spawn([...line], { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [output, complaints, status] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  const sample = parseSample(output);
  if (status === 0 && sample !== null) return sample;
  const said = (complaints.trim() || output.trim()).split("\n")[0];
  throw new Error(status === 0 ? nothing : said || `the load ended with ${status}`);
}

/**
 * The figures in the last line of `redis-benchmark --csv`: the command (which may hold quotes), rps ("inf" of a run under 1 ms), avg,
 * min, p50, p95, p99, max in ms.
 */
export function parseSample(output: string): Sample | null {
  const match = /"([\d.]+|inf)","[\d.]+","[\d.]+","([\d.]+)","[\d.]+","([\d.]+)","[\d.]+"\s*$/.exec(output);
  return match === null
    ? null
    : { requestsPerSecond: match[1] === "inf" ? Number.POSITIVE_INFINITY : Number(match[1]), p50: Number(match[2]), p99: Number(match[3]) };
}

/**
 * How many requests take about `seconds`, found by runs that grow (and warm the server up); `run.requests` is the most it may be.
 * `prepare` is awaited before each run.
 */
export async function calibrate(run: Run, seconds: number, prepare: (requests: number) => Promise<void> = async () => {}): Promise<number> {
  let requests = Math.min(run.requests, Math.max(FIRST_GUESS, CLIENTS * run.pipeline));
  for (;;) {
    await prepare(requests);
    const { requestsPerSecond } = await runBenchmark({ ...run, requests });
    const tookMs = (1000 * requests) / requestsPerSecond;
    const wanted = Math.min(run.requests, Math.max(CLIENTS * run.pipeline, Math.ceil(requestsPerSecond * seconds)));
    if (tookMs >= CALIBRATION_MS || requests >= wanted) return wanted;
    requests = Math.min(wanted, Math.ceil(requests * Math.min(20, (2 * CALIBRATION_MS) / tookMs)));
  }
}
