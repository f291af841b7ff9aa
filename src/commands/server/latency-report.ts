/** LATENCY DOCTOR: which events were slow, how often and how much, and what may help. The line of an event is as in Redis. */

import type { ServerParts } from "../../execution/server-parts.ts";
import type { LatencyEvent, LatencySeries } from "../../keyspace/latency-monitor.ts";

/** What may help, if it applies to this server (then not ""). */
type Advice = (server: ServerParts) => string;

const thresholdMicroseconds = ({ config }: ServerParts): number => config.values["latency-monitor-threshold"] * 1000;

const enableSlowLog: Advice = (server) => {
  const { values } = server.config;
  const slowFrom = values["slowlog-log-slower-than"];
  if (slowFrom >= 0 && Math.floor(slowFrom / 1000) <= values["latency-monitor-threshold"]) return "";
  return (
    `The slow log misses commands that are slow enough to be counted here (slowlog-log-slower-than is ${slowFrom}). ` +
    `It has them after 'CONFIG SET slowlog-log-slower-than ${thresholdMicroseconds(server)}'.`
  );
};
const readSlowLog: Advice = () => "SLOWLOG GET names the commands that took long, with their arguments.";
const smallerValues: Advice = () =>
  "A command on a value with very many elements stops all others meanwhile: read such values in parts (SCAN, HSCAN, ranges), or split them.";
const machine: Advice = () =>
  "Work that is short by its nature took long, so the machine did not run the server, or its disk, CPU or memory was busy with other things: " +
  "look for other programs and noisy neighbours, and measure with 'redis-cli --intrinsic-latency 100'.";
const disk: Advice = () =>
  "The disk that the append-only file is on is slow or busy. A local SSD that no other program writes to serves best; disks over a network " +
  "are known for such pauses.";
const rewriting: Advice = ({ config }) =>
  config.values["no-appendfsync-on-rewrite"]
    ? ""
    : "Images are written to the same disk at the same time. With 'no-appendfsync-on-rewrite yes' the append-only file is not flushed meanwhile, " +
      "at the price of what was written last if the machine stops.";
const lessFlushing: Advice = ({ config }) =>
  config.values.appendfsync === "always"
    ? "appendfsync is 'always': every write waits for the disk. 'everysec' loses a second at most."
    : "";
const calmerEviction: Advice = ({ config }) =>
  `Much had to be evicted at once: maxmemory was lowered, or large values came. A smaller maxmemory-eviction-tenacity (now ${config.values["maxmemory-eviction-tenacity"]}) ` +
  "spreads that over more time.";

const ADVICE: Readonly<Record<LatencyEvent, readonly Advice[]>> = {
  command: [enableSlowLog, readSlowLog, smallerValues],
  "fast-command": [machine],
  "command-unblocking": [machine],
  "expire-cycle": [machine],
  "expire-del": [machine],
  "eviction-cycle": [calmerEviction],
  "eviction-del": [machine],
  "eviction-lazyfree": [calmerEviction],
  "aof-write": [disk],
  "aof-write-pending-fsync": [disk],
  "aof-write-active-child": [disk, rewriting],
  "aof-write-alone": [disk],
  "aof-fsync-always": [disk, lessFlushing],
  "aof-fstat": [disk],
  "aof-rename": [disk],
  "active-defrag-cycle": [machine],
};

const OFF =
  "Latency is not monitored on this server. 'CONFIG SET latency-monitor-threshold <milliseconds>' has events counted that take so long or longer.\n";
const CALM = "No event has been slow on this server so far.\n";

export function latencyReport(server: ServerParts): string {
  const { series, threshold } = server.keyspace.latency;
  if (series.size === 0) return threshold === 0 ? OFF : CALM;
  const now = Math.floor(Date.now() / 1000);
  const events = [...series].map(([event, found], index) => `${index + 1}. ${event}: ${describe(found, now)}\n`);
  const advice = new Set([...series.keys()].flatMap((event) => ADVICE[event as LatencyEvent].map((of) => of(server))));
  advice.delete("");
  const lines = [...advice].map((text) => `- ${text}\n`);
  return `These events were slow on this server:\n\n${events.join("")}\nWhat may help:\n\n${lines.join("")}`;
}

function describe({ samples, longest }: LatencySeries, now: number): string {
  const count = samples.length;
  const average = Math.floor(samples.reduce((sum, { latency }) => sum + latency, 0) / count);
  const deviation = Math.floor(samples.reduce((sum, { latency }) => sum + Math.abs(latency - average), 0) / count);
  const period = Math.max(1, now - Math.min(...samples.map(({ second }) => second))) / count;
  return (
    `${count} latency spikes (average ${average}ms, mean deviation ${deviation}ms, period ${period.toFixed(2)} sec). ` +
    `Worst all time event ${longest}ms.`
  );
}
