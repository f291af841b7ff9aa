/** What sessions cost: a user with rules, TLS, subscribers, idle clients, tracking; and how many requests an evicting cache can answer. */
import { selectNamed } from "./select.ts";
import { alternate, type Contender, type Contenders } from "./servers.ts";
import { asUser, type Extent, hits, idle, overTls, publish, type Sample, tracking } from "./session-loads.ts";
import { gainCell, markdownTable, median, ratioCell } from "./table.ts";

export type SessionsOptions = {
  readonly rounds: number;
  readonly pipelines: readonly number[];
  /** How long one sample of redis-benchmark should take. */
  readonly seconds: number;
  readonly only: readonly string[] | null;
  readonly log: (line: string) => void;
};

type Case = {
  readonly name: string;
  readonly group?: string;
  readonly unit: string;
  /** Whether less is better. */
  readonly isCost?: boolean;
  readonly perPipeline?: boolean;
  readonly measure: (contender: Contender, extent: Extent) => Promise<Sample>;
};

const overPipelines = (group: string, command: string, measure: typeof asUser): Case => ({
  name: `${group}-${command.toLowerCase()}`,
  group,
  unit: "/s",
  perPipeline: true,
  measure: (contender, extent) => measure(contender, command, extent),
});

const CASES: readonly Case[] = [
  overPipelines("user", "GET", asUser),
  overPipelines("user", "SET", asUser),
  overPipelines("tls", "GET", overTls),
  overPipelines("tls", "SET", overTls),
  { name: "publish-100", group: "publish", unit: "deliveries/s", measure: (contender) => publish(contender, 100) },
  { name: "publish-1000", group: "publish", unit: "deliveries/s", measure: (contender) => publish(contender, 1000) },
  {
    name: "idle-memory",
    group: "idle",
    unit: "bytes",
    isCost: true,
    measure: async (contender, extent) => ({ value: (await idle(contender, extent)).bytes }),
  },
  {
    name: "idle-get",
    group: "idle",
    unit: "of the speed alone",
    measure: async (contender, extent) => ({ value: (await idle(contender, extent)).share }),
  },
  { name: "hits-lru", group: "hits", unit: "of the requests", measure: (contender) => hits(contender, "lru") },
  { name: "hits-lfu", group: "hits", unit: "of the requests", measure: (contender) => hits(contender, "lfu") },
  { name: "tracking", unit: "/s", measure: tracking },
];

/** -> a Markdown section with one table. Throws when `only` names nothing. */
export async function benchSessions(contenders: Contenders, options: SessionsOptions): Promise<string> {
  const rows: string[][] = [];
  for (const subject of selectNamed(CASES, options.only, "session case")) {
    for (const pipeline of subject.perPipeline === true ? options.pipelines : [0]) {
      const label = pipeline === 0 ? subject.name : `${subject.name}, pipeline ${pipeline}`;
      const cells = await measureCase(subject, contenders, options, pipeline);
      options.log(`${label}: ${cells.join("  ")}`);
      rows.push([label, ...cells]);
    }
  }
  const about =
    "A user with 20 rules; TLS; messages of 64 bytes to 100 and 1,000 subscribers; 10,000 idle clients: memory of one, and GET of 50 others " +
    "beside them over GET without them; hits of a cache of 30 MB under a skewed load; clients that track 100,000 keys, a tenth of the requests " +
    `writes. Medians of ${options.rounds} alternating rounds; above 1 is better than Redis; in brackets ours / Redis.`;
  return `## Sessions\n\n${about}\n\n${markdownTable(["case", "speed", "processor time of the server"], rows)}`;
}

async function measureCase(subject: Case, contenders: Contenders, options: SessionsOptions, pipeline: number): Promise<string[]> {
  const extent: Extent = { pipeline, seconds: options.seconds };
  try {
    const { ours, redis } = await alternate(contenders, options.rounds, (contender) => subject.measure(contender, extent));
    const middle = (side: readonly Sample[], of: (sample: Sample) => number): number => median(side.map(of));
    const value = (sample: Sample): number => sample.value;
    const micros = (sample: Sample): number => (sample.cpu ?? Number.NaN) * 1e6;
    const cell = subject.isCost === true ? gainCell : ratioCell;
    const cost = ours[0]?.cpu === undefined ? "" : gainCell(middle(ours, micros), middle(redis, micros), "µs");
    return [cell(middle(ours, value), middle(redis, value), subject.unit), cost];
  } catch (error) {
    return [`failed: ${error instanceof Error ? error.message : String(error)}`, ""];
  }
}
