/** Series of the server as a whole that are no figures of INFO by themselves: who it is, its databases, replication, configuration. */

import { replicasShown } from "../commands/server/info/replication.ts";
import type { ConfigValues } from "../config/options.ts";
import type { ServerParts } from "../execution/server-parts.ts";
import { type Exposition, labels } from "./exposition.ts";
import type { FigureSeries } from "./figures.ts";

const INSTANCE_LABELS = [
  "role",
  "redis_version",
  "redis_build_id",
  "redis_mode",
  "os",
  "maxmemory_policy",
  "tcp_port",
  "run_id",
  "process_id",
  "master_replid",
] as const;

export function addInstance(out: Exposition, figures: FigureSeries, now: number): void {
  const values = labels(Object.fromEntries(INSTANCE_LABELS.map((name) => [name, figures.word(name)])));
  if (values !== null) out.family("redis_instance_info", "gauge", "What this server is").sample(values, 1);
  const started = Math.floor(now / 1000) - figures.number("uptime_in_seconds");
  out.single("redis_start_time_seconds", "gauge", "When the server was started, in seconds since 1970", started);
}

/** Both sides of replication, as far as INFO shows it. */
export function addReplication(out: Exposition, { replication }: ServerParts, figures: FigureSeries): void {
  addReplicas(out, replicasShown(replication));
  if (replication.link === null) return;
  const master = labels({ master_host: figures.word("master_host"), master_port: figures.word("master_port") });
  if (master === null) return;
  const gauge = (name: string, help: string, value: number) => out.family(`redis_${name}`, "gauge", help).sample(master, value);
  gauge("master_link_up", "Whether the link to the master is up", figures.word("master_link_status") === "up" ? 1 : 0);
  gauge("master_last_io_seconds_ago", "Seconds since the master was heard of", figures.number("master_last_io_seconds_ago"));
  gauge("master_sync_in_progress", "Whether a full synchronisation is under way", figures.number("master_sync_in_progress"));
  gauge("slave_repl_offset", "Offset of the data here", figures.number("slave_repl_offset"));
  const own = `${master},read_only="${figures.word("slave_read_only")}"`;
  out.family("redis_slave_info", "gauge", "What this replica is").sample(own, 1);
}

function addReplicas(out: Exposition, shown: ReturnType<typeof replicasShown>): void {
  const known = shown.map((replica) => ({
    ...replica,
    place: labels({ slave_ip: replica.replica.ip, slave_port: String(replica.replica.listeningPort), slave_state: replica.state }),
  }));
  out.family("redis_connected_slave_offset_bytes", "gauge", "Offset that a replica has acknowledged");
  for (const { place, replica } of known) if (place !== null) out.sample(place, replica.acknowledged);
  out.family("redis_connected_slave_lag_seconds", "gauge", "Seconds since a replica was heard of");
  for (const { place, lag } of known) if (place !== null) out.sample(place, lag);
}

/** `empty`: whether databases without keys are shown. */
export function addDatabases(out: Exposition, { keyspace }: ServerParts, empty: boolean): void {
  const shown = keyspace.databases.filter(({ size }) => empty || size > 0);
  out.family("redis_db_keys", "gauge", "Keys of a database");
  for (const { index, size } of shown) out.sample(`db="db${index}"`, size);
  out.family("redis_db_keys_expiring", "gauge", "Keys of a database that will expire");
  for (const { index, expiry } of shown) out.sample(`db="db${index}"`, expiry.size);
  out.family("redis_db_avg_ttl_seconds", "gauge", "Mean time that keys of a database have left");
  for (const { index, size, expiry } of shown) if (size > 0) out.sample(`db="db${index}"`, expiry.averageTtl(keyspace.now) / 1000);
}

const CLASSES = [
  ["normal", "normal"],
  ["slave", "replica"],
  ["pubsub", "pubsub"],
] as const;

/** The directives that have series of their own. */
export function addLimits(out: Exposition, { config }: ServerParts): void {
  const { values } = config;
  const gauge = (name: string, directive: string, value: number) =>
    out.single(`redis_config_${name}`, "gauge", `Directive ${directive}`, value);
  gauge("io_threads", "io-threads", Number(config.text("io-threads")));
  gauge("maxclients", "maxclients", values.maxclients);
  gauge("maxmemory", "maxmemory", values.maxmemory);
  gauge("repl_backlog_size", "repl-backlog-size", values["repl-backlog-size"]);
  addOutputLimits(out, values["client-output-buffer-limit"]);
}

function addOutputLimits(out: Exposition, limits: ConfigValues["client-output-buffer-limit"]): void {
  out.family("redis_config_client_output_buffer_limit_bytes", "gauge", "Directive client-output-buffer-limit, in bytes");
  for (const [name, kind] of CLASSES) {
    out.sample(`class="${name}",limit="hard"`, limits[kind].hard);
    out.sample(`class="${name}",limit="soft"`, limits[kind].soft);
  }
  const help = "Directive client-output-buffer-limit, in seconds";
  out.family("redis_config_client_output_buffer_limit_overcome_seconds", "gauge", help);
  for (const [name, kind] of CLASSES) out.sample(`class="${name}",limit="soft"`, limits[kind].softSeconds);
}

/** Directives that hold passwords, which are no business of a store of measurements. */
const PASSWORDS: ReadonlySet<string> = new Set(["masterauth", "requirepass", "tls-key-file-pass", "tls-client-key-file-pass"]);

/** Every other directive, as CONFIG GET * shows it. */
export function addConfiguration(out: Exposition, { config }: ServerParts): void {
  const directives = config.get(["*"]).filter(([name]) => !PASSWORDS.has(name));
  out.family("redis_config_key_value", "gauge", "A directive and its value");
  for (const [key, value] of directives) {
    const pair = labels({ key, value });
    if (pair !== null) out.sample(pair, 1);
  }
  out.family("redis_config_value", "gauge", "The value of a directive that is a number");
  for (const [key, value] of directives) if (NUMERAL.test(value)) out.sample(`key="${key}"`, Number(value));
}

const NUMERAL = /^-?\d+(\.\d+)?$/;
