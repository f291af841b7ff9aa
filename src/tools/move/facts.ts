/** What a server says of itself, as far as a move goes by it. */

import { askPatiently, type Endpoint } from "../../compare/endpoint.ts";
import { ErrorReply, type Value } from "../../compare/reply-decoder.ts";
import { ToolError } from "../error.ts";

export interface ServerFacts {
  /** For people: "Valkey 9.1.2 at 127.0.0.1:6379". */
  readonly name: string;
  readonly runId: string;
  /** The newest version of RDB payloads that it takes; null: any. */
  readonly rdbVersion: number | null;
  /** Whether it is a replica. */
  readonly isReplica: boolean;
  readonly isCluster: boolean;
  /** Its version as one number: 7.0.15 is 70_015. */
  readonly version: number;
  /** Keys by database. */
  readonly keys: ReadonlyMap<number, number>;
  /** Whether it may evict keys. */
  readonly evicts: boolean;
  /** Its commands in lower case; null where it does not say. */
  readonly commands: ReadonlySet<string> | null;
  /** ms that its clock is ahead of ours. */
  readonly clockAhead: number;
}

/** The newest RDB version of each version of Redis and Valkey that brought one, the newest first. */
const REDIS_RDB: readonly (readonly [version: number, rdb: number])[] = [
  [81200, 16],
  [81000, 15],
  [80800, 14],
  [80600, 13],
  [70400, 12],
  [70200, 11],
  [70000, 10],
  [50000, 9],
];
const VALKEY_RDB: typeof REDIS_RDB = [
  [90200, 81],
  [90000, 80],
  [70200, 11],
];

/** Errors: CompareError; ToolError where it is too old. */
export async function factsOf(endpoint: Endpoint): Promise<ServerFacts> {
  const asked = Date.now();
  const [info, list, time] = await askPatiently(endpoint, [["INFO"], ["COMMAND", "LIST"], ["TIME"]]);
  const answered = Date.now();
  if (info instanceof ErrorReply) throw new ToolError(`${endpoint.name} answered INFO with ${info.message}`);
  const text = String(info);
  const field = (name: string): string => new RegExp(`^${name}:(.*?)\\r?$`, "m").exec(text)?.[1] ?? "";
  const replicant = field("replicant_version");
  const valkey = field("valkey_version");
  const shown = replicant !== "" ? `Replicant ${replicant}` : valkey !== "" ? `Valkey ${valkey}` : `Redis ${field("redis_version")}`;
  const version = numberOf(valkey !== "" ? valkey : field("redis_version"));
  const table = valkey !== "" ? VALKEY_RDB : REDIS_RDB;
  const rdb = table.find(([since]) => version >= since)?.[1];
  if (rdb === undefined && replicant === "") throw new ToolError(`${endpoint.name} is ${shown}: Redis 5 and Valkey 7.2 are the oldest`);
  return {
    name: `${shown} at ${endpoint.name}`,
    runId: field("run_id"),
    rdbVersion: replicant !== "" ? null : (rdb ?? null),
    isReplica: field("role") === "slave",
    isCluster: field("cluster_enabled") === "1",
    version,
    keys: new Map([...text.matchAll(/^db(\d+):keys=(\d+)/gm)].map(([, db, keys]) => [Number(db), Number(keys)])),
    evicts: field("maxmemory") !== "0" && field("maxmemory") !== "" && field("maxmemory_policy") !== "noeviction",
    commands: Array.isArray(list) ? new Set(list.map((name) => String(name).toLowerCase())) : null,
    clockAhead: clockOf(time, answered) - (asked + answered) / 2,
  };
}

function numberOf(version: string): number {
  const [major = 0, minor = 0, patch = 0] = version.split(".").map(Number);
  return major * 10_000 + minor * 100 + patch;
}

function clockOf(time: Value, otherwise: number): number {
  return Array.isArray(time) ? Number(time[0]) * 1000 + Number(time[1]) / 1000 : otherwise;
}
