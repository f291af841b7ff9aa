/** The tests of `redis-benchmark -t NAME` with their own options: what most people run first. */
import type { Word } from "../support/client.ts";
import { CpuWatch, cpuSeconds } from "./cpu.ts";
import { runDefaultTest, SPARE_REQUESTS } from "./load.ts";
import { selectNamed } from "./select.ts";
import { alternate, type Contender, type Contenders, digits, inBatches, load } from "./servers.ts";
import { Side } from "./side.ts";
import { geometricMean, markdownTable, median, pairCell, ratioCell } from "./table.ts";

export type DefaultsOptions = {
  readonly rounds: number;
  readonly pipelines: readonly number[];
  /** How long one sample should take, when that is more requests than redis-benchmark sends of its own accord. */
  readonly seconds: number;
  /** Requests of each sample, instead. */
  readonly requests: number | null;
  readonly only: readonly string[] | null;
  readonly log: (line: string) => void;
};

/** What redis-benchmark sends unless told. */
const OWN_REQUESTS = 100_000;
const MOST_REQUESTS = 5_000_000;
const BATCH = 100;
/** The data of redis-benchmark (-d 3). */
const DATA = "xxx";

type DefaultTest = {
  /** What --only asks for. */
  readonly name: string;
  /** What -t asks for; --only takes it too. */
  readonly group: string;
  readonly test: string;
  /** Data that is there when the test begins: one command adds the items from..to. Without it the server is empty. */
  readonly fill: ((from: number, to: number) => readonly Word[]) | null;
};

const plain = (test: string, group = test): DefaultTest => ({ name: test, group, test, fill: null });

/** The test as it is, and once more with one element for each request: alone it pops from nothing. */
function popping(test: string, head: string, element: (index: number) => readonly Word[]): DefaultTest[] {
  const fill = (from: number, to: number): Word[] => {
    const words: Word[] = head.split(" ");
    for (let index = from; index < to; index += 1) words.push(...element(index));
    return words;
  };
  return [plain(test), { name: `${test}-filled`, group: test, test, fill }];
}

/** Every test, in the order of redis-benchmark. XADD is one since 7.2. */
export const DEFAULT_TESTS: readonly DefaultTest[] = [
  plain("ping_inline", "ping"),
  plain("ping_mbulk", "ping"),
  plain("set"),
  plain("get"),
  { ...plain("get"), name: "get-filled", fill: () => ["SET", "key:__rand_int__", DATA] },
  plain("incr"),
  plain("lpush"),
  plain("rpush"),
  ...popping("lpop", "RPUSH mylist", () => [DATA]),
  ...popping("rpop", "RPUSH mylist", () => [DATA]),
  plain("sadd"),
  plain("hset"),
  ...popping("spop", "SADD myset", (index) => [`element:${digits(index)}`]),
  plain("zadd"),
  ...popping("zpopmin", "ZADD myzset", (index) => [index, `element:${digits(index)}`]),
  ...["lrange_100", "lrange_300", "lrange_500", "lrange_600", "mset", "xadd"].map((test) => plain(test)),
];

/** Latency in ms; processor time of the server in microseconds a request, NaN on systems that do not tell. */
type DefaultSample = { readonly requestsPerSecond: number; readonly p99: number; readonly cpuMicros: number };
type Outcome = { readonly ours: DefaultSample; readonly redis: DefaultSample } | string;

/** -> Markdown tables, one for each pipeline depth. Throws when `only` names nothing. */
export async function benchDefaults(contenders: Contenders, options: DefaultsOptions): Promise<string> {
  const tests = selectNamed(DEFAULT_TESTS, options.only, "default test");
  const sides = { ours: new Side(contenders.ours), redis: new Side(contenders.redis) };
  const sideOf = (contender: Contender): Side => (contender === contenders.ours ? sides.ours : sides.redis);
  const tables: string[] = [];
  try {
    for (const pipeline of options.pipelines) {
      const outcomes: Outcome[] = [];
      for (const test of tests) {
        const outcome = await measureTest(contenders, sideOf, test, pipeline, options);
        outcomes.push(outcome);
        options.log(`${test.name} at pipeline ${pipeline}: ${typeof outcome === "string" ? outcome : speedCell(outcome)}`);
      }
      tables.push(report(pipeline, tests, outcomes));
    }
  } finally {
    await sides.ours.stop();
    await sides.redis.stop();
  }
  const about =
    "`redis-benchmark -t TEST -P PIPELINE`, otherwise with its own options: 50 connections, one key, 3 bytes of data. " +
    `Medians of ${options.rounds} alternating rounds, each on a server that is emptied but warm. Above 1 is faster than Redis; ` +
    "for the processor time of the server below 1 is less. `-filled`: the key holds an element for each request; else pops find nothing.";
  return [`## Default tests of redis-benchmark\n\n${about}`, ...tables].join("\n\n");
}

async function measureTest(
  contenders: Contenders,
  sideOf: (contender: Contender) => Side,
  test: DefaultTest,
  pipeline: number,
  options: DefaultsOptions,
): Promise<Outcome> {
  const measured = async (contender: Contender, requests: number): Promise<DefaultSample> => {
    try {
      return await sample(sideOf(contender), test, pipeline, requests);
    } catch (error) {
      throw new Error(`${contender.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  try {
    const first = options.requests ?? OWN_REQUESTS;
    const warm = await alternate(contenders, 1, (contender) => measured(contender, first));
    const fastest = Math.max(...[...warm.ours, ...warm.redis].map((run) => run.requestsPerSecond).filter(Number.isFinite));
    const requests = options.requests ?? Math.min(MOST_REQUESTS, Math.max(OWN_REQUESTS, Math.ceil(fastest * options.seconds)));
    const samples = await alternate(contenders, options.rounds, (contender) => measured(contender, requests));
    return { ours: medians(samples.ours), redis: medians(samples.redis) };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function sample(side: Side, test: DefaultTest, pipeline: number, requests: number): Promise<DefaultSample> {
  const client = await side.client();
  await client.text("FLUSHALL", "SYNC");
  if (test.fill !== null) await load(client, inBatches(requests + SPARE_REQUESTS, BATCH, test.fill));
  const watch = new CpuWatch(side.pid);
  let since = performance.now();
  try {
    const { requestsPerSecond, p99 } = await runDefaultTest({ port: side.port, test: test.test, pipeline, requests });
    since = Math.max(since, performance.now() - (1000 * requests) / requestsPerSecond);
    return { requestsPerSecond, p99, cpuMicros: (1e6 * watch.end(since)) / requests };
  } finally {
    watch.end(since);
  }
}

function medians(samples: readonly DefaultSample[]): DefaultSample {
  const of = (field: keyof DefaultSample): number => median(samples.map((one) => one[field]));
  return { requestsPerSecond: of("requestsPerSecond"), p99: of("p99"), cpuMicros: of("cpuMicros") };
}

function speedCell({ ours, redis }: Exclude<Outcome, string>): string {
  return ratioCell(ours.requestsPerSecond, redis.requestsPerSecond);
}

function report(pipeline: number, tests: readonly DefaultTest[], outcomes: readonly Outcome[]): string {
  const withCpu = !Number.isNaN(cpuSeconds(process.pid));
  const headers = ["test", "requests/s", "p99 in ms", ...(withCpu ? ["processor time in µs a request"] : [])];
  const ratios: number[] = [];
  const rows = tests.map((test, at) => {
    const outcome = outcomes[at];
    if (typeof outcome === "string") return [`\`${test.name}\``, outcome, ...headers.slice(2).map(() => "")];
    const { ours, redis } = outcome;
    ratios.push(ours.requestsPerSecond / redis.requestsPerSecond);
    const cpu = withCpu ? [ratioCell(ours.cpuMicros, redis.cpuMicros)] : [];
    return [`\`${test.name}\``, speedCell(outcome), pairCell(ours.p99, redis.p99), ...cpu];
  });
  const mean = ratios.length === 0 ? "" : `\n\nGeometric mean of the ratios of requests/s: ${geometricMean(ratios).toFixed(2)}.`;
  return `### Pipeline ${pipeline}\n\n${markdownTable(headers, rows)}${mean}`;
}
