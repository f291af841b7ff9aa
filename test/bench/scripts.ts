/** Lua scripts: requests/s of short ones, the time of long ones and of first runs, jobs/s of BullMQ, and what each costs the server. */
import { replyText, type Word } from "../support/client.ts";
import { BULLMQ_JOBS, runBullmq } from "./bullmq.ts";
import { fillCommands } from "./cases.ts";
import { secondsBetween, threadTimes } from "./cpu.ts";
import { CLIENTS, calibrate, type Run, runBenchmark } from "./load.ts";
import { LONG_SCRIPT_ARGS, LONG_SCRIPT_RESULT, longScript } from "./long-script.ts";
import { type BullmqCase, type FirstCase, type RequestCase, type RunCase, requestWords, SCRIPT_CASES } from "./script-cases.ts";
import { selectNamed } from "./select.ts";
import { alternate, type Contender, type Contenders, digits, load } from "./servers.ts";
import { Side } from "./side.ts";
import { gainCell, geometricMean, markdownTable, median, ratioCell } from "./table.ts";

export type ScriptsOptions = {
  readonly rounds: number;
  /** Of the short scripts. */
  readonly pipelines: readonly number[];
  /** How long one sample of a short script should take. */
  readonly seconds: number;
  readonly only: readonly string[] | null;
  readonly log: (line: string) => void;
};

/** Seconds that one request, run or job took, by the clock and of processor time of the server (NaN where nothing tells). */
type Sample = { readonly took: number; readonly cpu: number };
type Sampler = (side: Side) => Promise<Sample>;
type Sides = { readonly ours: Side; readonly redis: Side };

/** One line of the table: a case, a short script at one pipeline depth. `ready` makes the data on both sides; -> what takes a sample. */
type Line = { readonly label: string; readonly unit: "request" | "run" | "job"; readonly ready: () => Promise<Sampler> };
type Outcome = { readonly ours: Sample; readonly redis: Sample } | string;

/** Samples that do not count. One is too few where other work keeps the compilers of a server just started waiting. */
const WARM_UPS = 2;

/** -> a Markdown section with one table. Throws when `only` names nothing. */
export async function benchScripts(contenders: Contenders, options: ScriptsOptions): Promise<string> {
  const cases = selectNamed(SCRIPT_CASES, options.only, "script");
  const sides: Sides = { ours: new Side(contenders.ours), redis: new Side(contenders.redis) };
  const rows: string[][] = [];
  const ratios: number[] = [];
  try {
    for (const line of cases.flatMap((subject) => linesOf(subject, sides, options))) {
      const outcome = await measureLine(line, contenders, sides, options.rounds);
      const cells = typeof outcome === "string" ? [outcome, ""] : [speedCell(line, outcome), costCell(line, outcome)];
      if (typeof outcome !== "string") ratios.push(outcome.redis.took / outcome.ours.took);
      options.log(`${line.label}: ${cells.join("  ")}`);
      rows.push([line.label, ...cells]);
    }
  } finally {
    await sides.ours.stop();
    await sides.redis.stop();
  }
  const about =
    `Short scripts: ${CLIENTS} connections of redis-benchmark. All: medians of ${options.rounds} alternating rounds on servers that are warm. ` +
    "How many times as fast as Redis, and how many times as much the server does in the same processor time, that of all its threads: " +
    "above 1 is better than Redis; in brackets ours / Redis.";
  const mean = ratios.length === 0 ? "" : `\n\nGeometric mean of the speeds: ${geometricMean(ratios).toFixed(2)}.`;
  return `## Scripts\n\n${about}\n\n${markdownTable(["script", "speed", "processor time of the server"], rows)}${mean}`;
}

function linesOf(subject: (typeof SCRIPT_CASES)[number], sides: Sides, { pipelines, seconds }: ScriptsOptions): Line[] {
  const label = `\`${subject.name}\``;
  switch (subject.group) {
    case "requests":
      return pipelines.map((pipeline) => ({
        label: `${label}, pipeline ${pipeline}`,
        unit: "request",
        ready: () => readyRequests(subject, sides, pipeline, seconds),
      }));
    case "runs":
      return [{ label, unit: "run", ready: () => readyRuns(subject, sides) }];
    case "first":
      return [{ label, unit: "run", ready: async () => firstRuns(subject) }];
    case "bullmq":
      return [{ label, unit: "job", ready: async () => (side) => jobs(subject, side) }];
  }
}

/** -> the medians of both sides, or what went wrong. */
async function measureLine(line: Line, contenders: Contenders, sides: Sides, rounds: number): Promise<Outcome> {
  try {
    const sampler = await line.ready();
    const sample = async (contender: Contender): Promise<Sample> => {
      try {
        return await sampler(contender === contenders.ours ? sides.ours : sides.redis);
      } catch (error) {
        throw new Error(`${contender.name}: ${messageOf(error)}`);
      }
    };
    await alternate(contenders, WARM_UPS, sample);
    const { ours, redis } = await alternate(contenders, rounds, sample);
    return { ours: medians(ours), redis: medians(redis) };
  } catch (error) {
    return messageOf(error);
  }
}

/** A sample of redis-benchmark, with as many requests on one side as on the other: some scripts depend on how many came before. */
async function readyRequests(subject: RequestCase, sides: Sides, pipeline: number, seconds: number): Promise<Sampler> {
  const prepare = async (side: Side, count: number): Promise<void> => {
    await empty(side);
    for (const fill of subject.fill) await load(await side.client(), fillCommands(fill, count));
  };
  const runOn = async (side: Side, count: number): Promise<Run> => {
    const client = await side.client();
    const script = subject.command === "EVAL" ? subject.script : await client.text("SCRIPT", "LOAD", subject.script);
    return { port: side.port, words: requestWords(subject, script), pipeline, keyspace: subject.keyspace, requests: count };
  };
  let requests = 0;
  for (const side of [sides.ours, sides.redis]) {
    await prepare(side, 1);
    const run = await runOn(side, subject.limit);
    const reply = await (await side.client()).command(...run.words.map((word) => word.replaceAll("__rand_int__", digits(1))));
    if (reply[0] === 0x2d) throw new Error(`${side.contender.name}: ${replyText(reply)}`); // "-"
    const again = async (count: number): Promise<void> => (subject.fresh ? prepare(side, count) : undefined);
    requests = Math.max(requests, await calibrate(run, seconds, again));
  }
  return async (side) => {
    if (subject.fresh) await prepare(side, requests);
    const run = await runOn(side, requests);
    return await measure(side, requests, async () => requests / (await runBenchmark(run)).requestsPerSecond);
  };
}

async function readyRuns({ script, key, times }: RunCase, sides: Sides): Promise<Sampler> {
  for (const side of [sides.ours, sides.redis]) {
    await empty(side);
    await (await side.client()).text("SET", key, "v".repeat(32));
  }
  return async (side) => {
    return await measure(side, times, async () => {
      let seconds = 0;
      for (let time = 0; time < times; time += 1) seconds += await secondsOf(side, ["EVAL", script, 1, key]);
      return seconds;
    });
  };
}

/** Texts that neither side has seen yet; by the clock their median, since one of them may meet a collection of garbage. */
function firstRuns({ texts }: FirstCase): Sampler {
  let seen = 0;
  return async (side) => {
    await empty(side);
    const seconds: number[] = [];
    const sample = await measure(side, texts, async () => {
      for (let text = 0; text < texts; text += 1) {
        seen += 1;
        const words = ["EVAL", longScript(seen), 1, `long:${seen}`, ...LONG_SCRIPT_ARGS];
        seconds.push(await secondsOf(side, words, String(LONG_SCRIPT_RESULT)));
      }
      return texts * median(seconds);
    });
    return sample;
  };
}

async function jobs({ phase }: BullmqCase, side: Side): Promise<Sample> {
  await empty(side);
  let sample: Sample = { took: Number.NaN, cpu: Number.NaN };
  await runBullmq({ port: side.port }, phase, async (work) => {
    sample = await measure(side, BULLMQ_JOBS, async () => {
      const began = performance.now();
      await work();
      return (performance.now() - began) / 1000;
    });
  });
  return sample;
}

/** The share of each of `count` in what `work` takes, which says how many seconds that were. */
async function measure(side: Side, count: number, work: () => Promise<number>): Promise<Sample> {
  const before = threadTimes(side.pid);
  const seconds = await work();
  return { took: seconds / count, cpu: secondsBetween(before, threadTimes(side.pid)) / count };
}

/** Seconds until one command is answered. Throws when the answer is an error, or another than is wanted. */
async function secondsOf(side: Side, words: readonly Word[], wanted: string | null = null): Promise<number> {
  const client = await side.client();
  const began = performance.now();
  const answer = await client.text(...words);
  const seconds = (performance.now() - began) / 1000;
  if (wanted !== null && answer !== wanted) throw new Error(`the script returned ${answer} instead of ${wanted}`);
  return seconds;
}

async function empty(side: Side): Promise<void> {
  await (await side.client()).text("FLUSHALL", "SYNC");
}

function medians(samples: readonly Sample[]): Sample {
  return { took: median(samples.map(({ took }) => took)), cpu: median(samples.map(({ cpu }) => cpu)) };
}

function speedCell({ unit }: Line, { ours, redis }: Exclude<Outcome, string>): string {
  return unit === "run" ? gainCell(1e3 * ours.took, 1e3 * redis.took, "ms") : ratioCell(1 / ours.took, 1 / redis.took, `${unit}s/s`);
}

function costCell({ unit }: Line, { ours, redis }: Exclude<Outcome, string>): string {
  return unit === "run" ? gainCell(1e3 * ours.cpu, 1e3 * redis.cpu, "ms") : gainCell(1e6 * ours.cpu, 1e6 * redis.cpu, `µs a ${unit}`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
