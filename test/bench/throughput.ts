/** Requests per second and latency of every case, ours against Redis, in alternating rounds. */
import type { RawClient } from "../support/client.ts";
import { replyText } from "../support/client.ts";
import { CASES, type Case, type Fill, fillCommands } from "./cases.ts";
import { CLIENTS, calibrate, type Run, runBenchmark, type Sample } from "./load.ts";
import { withRank } from "./ranks.ts";
import { selectNamed } from "./select.ts";
import { type Contenders, digits, load, splitWords } from "./servers.ts";
import { Side } from "./side.ts";
import { figure, geometricMean, markdownTable, median, pairCell, ratioCell } from "./table.ts";

export type ThroughputOptions = {
  readonly rounds: number;
  readonly pipelines: readonly number[];
  /** How long one sample should take. */
  readonly seconds: number;
  /** Names of cases or of their groups; all of them when null. */
  readonly only: readonly string[] | null;
  readonly log: (line: string) => void;
};

/** The medians of both sides for one case at one pipeline depth. */
type Measured = { readonly ours: Sample; readonly redis: Sample };
/** What became of one case at one pipeline depth: figures, or the words of the side that answered with an error. */
type Outcome = Measured | string;
type Row = { readonly case: Case; readonly outcomes: readonly Outcome[] };

/** A side that keeps the data of a case for the cases that share it: a million elements are made once. */
class CaseSide extends Side {
  private held: { readonly fill: readonly Fill[]; readonly start: number } | null = null;

  /** Empties the server and makes the data of `subject` for a run of `requests`. */
  async prepare(subject: Case, requests: number): Promise<void> {
    const client = await this.client();
    if (subject.shared && this.held?.start === this.starts && sameFills(this.held.fill, subject.fill)) return;
    this.held = null;
    await client.text("FLUSHALL");
    for (const fill of subject.fill) await load(client, fillCommands(fill, requests));
    if (subject.shared) this.held = { fill: subject.fill, start: this.starts };
  }
}

function sameFills(some: readonly Fill[], others: readonly Fill[]): boolean {
  return some.length === others.length && some.every((fill, at) => fill === others[at]);
}

/** -> Markdown tables, one pair (throughput, latency) per group of commands, and a summary. Throws when `only` names nothing. */
export async function benchThroughput(contenders: Contenders, options: ThroughputOptions): Promise<string> {
  const cases = selectNamed(CASES, options.only, "case");
  const sides = [new CaseSide(contenders.ours), new CaseSide(contenders.redis)] as const;
  const rows: Row[] = [];
  try {
    for (const [index, subject] of cases.entries()) {
      const outcomes: Outcome[] = [];
      for (const pipeline of options.pipelines) outcomes.push(await measureCase(sides, subject, pipeline, options));
      rows.push({ case: subject, outcomes });
      options.log(`${index + 1}/${cases.length} ${subject.name}: ${outcomes.map(brief).join("  ")}`);
    }
  } finally {
    for (const side of sides) await side.stop();
  }
  return report(rows, options);
}

async function measureCase(
  sides: readonly [CaseSide, CaseSide],
  subject: Case,
  pipeline: number,
  options: ThroughputOptions,
): Promise<Outcome> {
  const words = splitWords(subject.line);
  const samples: [Sample[], Sample[]] = [[], []];
  const requests: [number, number] = [0, 0];
  for (const index of [0, 1] as const) {
    const side = sides[index];
    try {
      await side.prepare(subject, 1);
      const error = await probe(await side.client(), words);
      if (error !== null) return `${side.contender.name}: ${error}`;
      const run: Run = { port: side.port, words, pipeline, keyspace: subject.keyspace, requests: subject.limit };
      requests[index] = await calibrate(run, options.seconds, async (count) => {
        if (subject.fresh) await side.prepare(subject, count);
      });
    } catch (error) {
      return `${side.contender.name} failed: ${messageOf(error)}`;
    }
  }
  for (let round = 0; round < options.rounds; round += 1) {
    for (const index of round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
      const side = sides[index];
      try {
        if (subject.fresh) await side.prepare(subject, requests[index]);
        samples[index].push(
          await runBenchmark({ port: side.port, words, pipeline, keyspace: subject.keyspace, requests: requests[index] }),
        );
      } catch (error) {
        return `${side.contender.name} failed: ${messageOf(error)}`;
      }
    }
  }
  return { ours: medians(samples[0]), redis: medians(samples[1]) };
}

/** Sends the command once; -> the error that it is answered with, or null. An error is quick to send, and must never pass for speed. */
async function probe(client: RawClient, words: readonly string[]): Promise<string | null> {
  const reply = await client.command(...withRank(words, 1).map((word) => word.replaceAll("__rand_int__", digits(1))));
  if (reply[0] === 0x2d) return replyText(reply); // "-"
  return null;
}

function medians(samples: readonly Sample[]): Sample {
  const of = (field: keyof Sample): number => median(samples.map((sample) => sample[field]));
  return { requestsPerSecond: of("requestsPerSecond"), p50: of("p50"), p99: of("p99") };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function brief(outcome: Outcome): string {
  if (typeof outcome === "string") return outcome;
  const { ours, redis } = outcome;
  const ratio = ours.requestsPerSecond / redis.requestsPerSecond;
  return `${ratio.toFixed(2)} (${figure(ours.requestsPerSecond)}/${figure(redis.requestsPerSecond)})`;
}

function report(rows: readonly Row[], options: ThroughputOptions): string {
  const sections = [
    `## Throughput and latency\n\n${CLIENTS} connections, medians of ${options.rounds} alternating rounds.`,
    "Ratios of requests per second, with both figures (ours / Redis); above 1 is faster than Redis. Latencies in ms.",
  ];
  for (const group of new Set(rows.map((row) => row.case.group))) sections.push(reportGroup(group, rows, options.pipelines));
  sections.push(summary(rows, options.pipelines));
  return sections.join("\n\n");
}

function reportGroup(group: string, rows: readonly Row[], pipelines: readonly number[]): string {
  const here = rows.filter((row) => row.case.group === group);
  const speed = here.map((row) => [
    `\`${row.case.name}\``,
    ...row.outcomes.map((outcome) =>
      typeof outcome === "string" ? outcome : ratioCell(outcome.ours.requestsPerSecond, outcome.redis.requestsPerSecond),
    ),
  ]);
  const latency = here.map((row) => [
    `\`${row.case.name}\``,
    ...row.outcomes.flatMap((outcome) =>
      typeof outcome === "string"
        ? ["", ""]
        : [pairCell(outcome.ours.p50, outcome.redis.p50), pairCell(outcome.ours.p99, outcome.redis.p99)],
    ),
  ]);
  const speedTable = markdownTable(["case", ...pipelines.map((pipeline) => `pipeline ${pipeline}`)], speed);
  const latencyTable = markdownTable(["case", ...pipelines.flatMap((pipeline) => [`p50 at ${pipeline}`, `p99 at ${pipeline}`])], latency);
  return `### ${group}\n\n${speedTable}\n\nLatency, ours / Redis in ms:\n\n${latencyTable}`;
}

/** For each pipeline depth: the geometric mean of the ratios, the slowest cases, and which have no figures. */
function summary(rows: readonly Row[], pipelines: readonly number[]): string {
  const lines = pipelines.map((pipeline, at) => {
    const ratios: { name: string; ratio: number }[] = [];
    let without = 0;
    for (const row of rows) {
      const outcome = row.outcomes[at];
      if (typeof outcome === "string") without += 1;
      else ratios.push({ name: row.case.name, ratio: outcome.ours.requestsPerSecond / outcome.redis.requestsPerSecond });
    }
    ratios.sort((a, b) => a.ratio - b.ratio);
    const slowest = ratios.slice(0, 5).map(({ name, ratio }) => `${name} ${ratio.toFixed(2)}`);
    const mean = geometricMean(ratios.map(({ ratio }) => ratio));
    const slower = ratios.filter(({ ratio }) => ratio < 1).length;
    return [
      String(pipeline),
      Number.isNaN(mean) ? "n/a" : mean.toFixed(2),
      `${ratios.length - slower} of ${ratios.length}`,
      slowest.join(", "),
      String(without),
    ];
  });
  return `### Summary\n\n${markdownTable(["pipeline", "mean ratio", "at or above Redis", "slowest", "answered with an error"], lines)}`;
}
