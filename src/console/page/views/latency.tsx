/** How long commands take, and what made the server wait. */

import { useSignal } from "@preact/signals";
import { Chart } from "../components/chart.tsx";
import { Empty, Failure } from "../components/notice.tsx";
import { type Column, Table } from "../components/table.tsx";
import { toast } from "../components/toast.tsx";
import { count, microseconds, moment } from "../format.ts";
import { usePoll } from "../poll.ts";
import { type Reply, ReplyError } from "../resp.ts";
import { call, wordsOf } from "../session.ts";
import type { View } from "./view.ts";

interface CommandFigures {
  readonly name: string;
  readonly calls: number;
  /** In µs. */
  readonly average: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
}

interface Event {
  readonly name: string;
  /** Seconds since 1970. */
  readonly time: number;
  /** In ms. */
  readonly latest: number;
  readonly longest: number;
}

const REFRESH_MS = 2000;
const MONITOR_MS = "100";

/** The lines `prefix_NAME:a=1,b=2` of a section of INFO, by name. */
function figuresOf(info: string, prefix: string): Map<string, Map<string, number>> {
  const found = new Map<string, Map<string, number>>();
  for (const line of info.split("\r\n")) {
    if (!line.startsWith(prefix)) continue;
    const [name = "", values = ""] = line.slice(prefix.length).split(":");
    found.set(name, new Map(values.split(",").map((pair) => [pair.split("=")[0] ?? "", Number(pair.split("=")[1])])));
  }
  return found;
}

async function commands(): Promise<CommandFigures[]> {
  const info = String(await call("INFO", "commandstats", "latencystats"));
  const percentiles = figuresOf(info, "latency_percentiles_usec_");
  return [...figuresOf(info, "cmdstat_")].map(([name, stats]) => ({
    name: name.replace("|", " "),
    calls: stats.get("calls") ?? 0,
    average: stats.get("usec_per_call") ?? 0,
    p50: percentiles.get(name)?.get("p50") ?? Number.NaN,
    p99: percentiles.get(name)?.get("p99") ?? Number.NaN,
    p999: percentiles.get(name)?.get("p99.9") ?? Number.NaN,
  }));
}

/** `threshold`: null for who may not ask for it. */
async function events(): Promise<{ threshold: number | null; list: Event[] }> {
  const asked = call("CONFIG", "GET", "latency-monitor-threshold").catch((error: unknown) => {
    if (error instanceof ReplyError && error.code === "NOPERM") return null;
    throw error;
  });
  const [values, latest] = await Promise.all([asked, call("LATENCY", "LATEST")]);
  const list = (latest as [string, number, number, number][]).map(([name, time, last, longest]) => ({ name, time, latest: last, longest }));
  const threshold = values === null ? null : Number((values as Map<Reply, Reply>).get("latency-monitor-threshold") ?? 0);
  return { threshold, list };
}

function Latency() {
  const figures = usePoll(commands, REFRESH_MS);
  const waits = usePoll(events, REFRESH_MS);
  const chosen = useSignal("");
  const rows = figures.data.value;
  return (
    <>
      <h1>Latency</h1>
      {figures.error.value === null ? null : <Failure text={figures.error.value} retry={figures.refresh} />}
      <section class="panel">
        <h2>Commands</h2>
        {rows === null ? null : rows.length === 0 ? (
          <Empty>No command has been called.</Empty>
        ) : (
          <Table caption="Commands" columns={COMMAND_COLUMNS} rows={rows} rowKey={({ name }) => name} sortedBy="calls" />
        )}
      </section>
      {waits.error.value === null ? null : <Failure text={waits.error.value} retry={waits.refresh} />}
      <section class="panel">
        <h2>What made the server wait</h2>
        {waits.data.value === null ? null : (
          <Events {...waits.data.value} choose={(name) => (chosen.value = name)} refresh={waits.refresh} />
        )}
      </section>
      {chosen.value === "" ? null : <History event={chosen.value} />}
      <Doctor />
    </>
  );
}

interface EventsProps {
  readonly threshold: number | null;
  readonly list: readonly Event[];
  readonly choose: (name: string) => void;
  readonly refresh: () => void;
}

function Events({ threshold, list, choose, refresh }: EventsProps) {
  const watch = async (): Promise<void> => {
    try {
      await call("CONFIG", "SET", "latency-monitor-threshold", MONITOR_MS);
      refresh();
    } catch (error) {
      toast(wordsOf(error), "error");
    }
  };
  if (list.length > 0)
    return <Table caption="Events" columns={eventColumns(choose)} rows={list} rowKey={({ name }) => name} sortedBy="time" />;
  if (threshold === null) return <Empty>Nothing is logged.</Empty>;
  if (threshold > 0) return <Empty>Nothing has taken {threshold} ms or longer.</Empty>;
  return (
    <Empty>
      Nothing is logged: latency-monitor-threshold is 0.{" "}
      <button type="button" class="button" onClick={() => void watch()}>
        Log what takes {MONITOR_MS} ms or more
      </button>
    </Empty>
  );
}

/** When an event was slow, and how slow. */
function History({ event }: { readonly event: string }) {
  const samples = usePoll(async () => (await call("LATENCY", "HISTORY", event)) as [number, number][], REFRESH_MS, [event]);
  const data = samples.data.value;
  if (data === null) return null;
  return (
    <Chart
      title={`Event ${event}`}
      series={[{ label: "took", format: (value) => `${Math.round(value)} ms` }]}
      data={[data.map(([time]) => time), data.map(([, took]) => took)]}
    />
  );
}

function Doctor() {
  const report = useSignal<string | null>(null);
  const ask = async (): Promise<void> => {
    try {
      report.value = String(await call("LATENCY", "DOCTOR"));
    } catch (error) {
      report.value = wordsOf(error);
    }
  };
  return (
    <section class="panel stack">
      <div class="row">
        <h2>Report</h2>
        <button type="button" class="button" onClick={() => void ask()}>
          Ask LATENCY DOCTOR
        </button>
      </div>
      <pre aria-live="polite">{report.value}</pre>
    </section>
  );
}

const time = (value: number): string => (Number.isNaN(value) ? "–" : microseconds(value));

const COMMAND_COLUMNS: readonly Column<CommandFigures>[] = [
  { id: "name", label: "Command", by: ({ name }) => name, cell: ({ name }) => <code>{name}</code> },
  { id: "calls", label: "Calls", isNumber: true, by: ({ calls }) => calls, cell: ({ calls }) => count(calls) },
  { id: "average", label: "Average", isNumber: true, by: ({ average }) => average, cell: ({ average }) => time(average) },
  { id: "p50", label: "p50", isNumber: true, by: ({ p50 }) => p50, cell: ({ p50 }) => time(p50) },
  { id: "p99", label: "p99", isNumber: true, by: ({ p99 }) => p99, cell: ({ p99 }) => time(p99) },
  { id: "p999", label: "p99.9", isNumber: true, by: ({ p999 }) => p999, cell: ({ p999 }) => time(p999) },
];

function eventColumns(choose: (name: string) => void): readonly Column<Event>[] {
  return [
    {
      id: "name",
      label: "Event",
      by: ({ name }) => name,
      cell: ({ name }) => (
        <button type="button" class="button" onClick={() => choose(name)}>
          {name}
        </button>
      ),
    },
    { id: "time", label: "Last", isNumber: true, by: (event) => event.time, cell: (event) => moment(event.time) },
    { id: "latest", label: "Took then", isNumber: true, by: ({ latest }) => latest, cell: ({ latest }) => `${count(latest)} ms` },
    { id: "longest", label: "Longest", isNumber: true, by: ({ longest }) => longest, cell: ({ longest }) => `${count(longest)} ms` },
  ];
}

export const LATENCY: View = { id: "latency", title: "Latency", key: "l", component: Latency };
