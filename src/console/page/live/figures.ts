/** What a server says of itself at one moment, from REPLICANT.STATS or, where that is not to be had, from INFO. */

import { fieldsOf, listOf, numberOf, wordOf } from "../reply.ts";
import type { Reply } from "../resp.ts";
import { figure, type Info } from "./info.ts";
import type { Histogram } from "./latency.ts";

/** Counters grow; null is what the server does not tell. */
export interface Figures {
  /** ms since 1970, by the server's clock. */
  readonly time: number;
  /** Seconds. */
  readonly uptime: number;
  readonly commands: number;
  readonly netIn: number;
  readonly netOut: number;
  readonly hits: number;
  readonly misses: number;
  readonly expired: number;
  readonly evicted: number;
  readonly errors: number | null;
  readonly connected: number;
  readonly blocked: number;
  readonly memory: Memory;
  /** The longest stall of the event loop since it was asked last, microseconds. */
  readonly stall: number | null;
  readonly latency: Histogram | null;
  readonly keys: number;
  readonly expiring: number;
}

/** Bytes. */
interface Memory {
  readonly used: number;
  readonly peak: number;
  /** 0: there is none. */
  readonly limit: number;
  readonly dataset: number;
  readonly clients: number;
  /** Buffers for replicas, and the backlog. */
  readonly replication: number;
  readonly scripts: number;
  /** Kept for REPLICANT.TREE. */
  readonly trees: number;
  /** Of the whole process. */
  readonly resident: number;
  /** JavaScript's heap. */
  readonly heap: number | null;
}

export function figuresOfStats(reply: Reply): Figures {
  const all = fieldsOf(reply);
  const number = (name: string): number => numberOf(all[name]);
  const clients = fieldsOf(all.clients ?? null);
  const memory = fieldsOf(all.memory ?? null);
  const bytes = (name: string): number => numberOf(memory[name]) || 0;
  const databases = listOf(all.databases).map((one) => listOf(one).map(numberOf));
  return {
    time: number("time"),
    uptime: number("uptime") / 1000,
    commands: number("commands"),
    netIn: number("net-input"),
    netOut: number("net-output"),
    hits: number("hits"),
    misses: number("misses"),
    expired: number("expired"),
    evicted: number("evicted"),
    errors: number("errors"),
    connected: numberOf(clients.connected),
    blocked: numberOf(clients.blocked),
    memory: {
      used: bytes("used"),
      peak: bytes("peak"),
      limit: bytes("limit"),
      dataset: bytes("dataset"),
      clients: bytes("clients"),
      replication: bytes("replicas") + bytes("backlog"),
      scripts: bytes("scripts") + bytes("functions"),
      trees: bytes("trees"),
      resident: bytes("rss"),
      heap: bytes("heap"),
    },
    stall: numberOf(fieldsOf(all.stalls ?? null).longest),
    latency: histogramOf(all.latency ?? null),
    keys: sumOf(databases.map(([, keys]) => keys)),
    expiring: sumOf(databases.map(([, , expiring]) => expiring)),
  };
}

function histogramOf(reply: Reply): Histogram {
  const { count, buckets } = fieldsOf(reply);
  const steps = listOf(buckets).map((step) => {
    const [bound, calls] = listOf(step).map((word) => numberOf(wordOf(word)));
    return [bound ?? 0, calls ?? 0] as const;
  });
  return { count: numberOf(count), steps };
}

function sumOf(numbers: readonly (number | undefined)[]): number {
  return numbers.reduce<number>((sum, number) => sum + (number ?? 0), 0);
}

/** `now`: ms since 1970. */
export function figuresOfInfo(info: Info, now: number): Figures {
  const number = (name: string): number => figure(info, name) ?? 0;
  const databases = Object.entries(info).filter(([name]) => /^db\d+$/.test(name));
  const sum = (part: RegExp): number => sumOf(databases.map(([, text]) => Number(part.exec(text)?.[1] ?? 0)));
  return {
    time: now,
    uptime: number("uptime_in_seconds"),
    commands: number("total_commands_processed"),
    netIn: number("total_net_input_bytes"),
    netOut: number("total_net_output_bytes"),
    hits: number("keyspace_hits"),
    misses: number("keyspace_misses"),
    expired: number("expired_keys"),
    evicted: number("evicted_keys"),
    errors: figure(info, "total_error_replies"),
    connected: number("connected_clients"),
    blocked: number("blocked_clients"),
    memory: {
      used: number("used_memory"),
      peak: number("used_memory_peak"),
      limit: number("maxmemory"),
      dataset: number("used_memory_dataset"),
      clients: number("mem_clients_normal"),
      replication: number("mem_total_replication_buffers"),
      scripts: number("used_memory_scripts") + number("used_memory_functions"),
      trees: 0,
      resident: number("used_memory_rss"),
      heap: null,
    },
    stall: null,
    latency: null,
    keys: sum(/\bkeys=(\d+)/),
    expiring: sum(/\bexpires=(\d+)/),
  };
}
