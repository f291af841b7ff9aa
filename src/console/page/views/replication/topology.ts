/** Who is above and below this server, and how they do: read from INFO replication and what is under way. */

import { figure, type Info, partsOf } from "../../live/info.ts";
import type { Work } from "../../live/progress.ts";

type Health = "good" | "busy" | "bad";

/** A server that this one has a link with. */
export interface Peer {
  /** "10.0.0.7:6379". */
  readonly address: string;
  readonly host: string;
  /** 0: it has told none, as programs that follow a server do. */
  readonly port: number;
  readonly role: "master" | "replica";
  readonly state: string;
  readonly health: Health;
  readonly offset: number | null;
  /** What it, or of a master this server, has not got or applied yet. */
  readonly lagBytes: number | null;
  /** Seconds since it was heard last. */
  readonly lagSeconds: number | null;
  /** A full synchronization over this link. */
  readonly work: Work | null;
}

export interface Topology {
  readonly role: "master" | "replica";
  readonly offset: number;
  readonly master: Peer | null;
  /** Why the link to the master is given up. */
  readonly masterError: string | null;
  readonly downSeconds: number | null;
  readonly replicas: readonly Peer[];
  readonly isReadOnly: boolean;
  /** "no-failover" unless one runs. */
  readonly failover: string;
  readonly history: string;
  readonly formerHistory: string | null;
  readonly formerOffset: number | null;
  readonly backlog: Backlog | null;
}

interface Backlog {
  readonly size: number;
  readonly held: number;
  readonly first: number;
}

const NO_HISTORY = /^0*$/;
/** A replica reports once a second; one that has not for so long does badly. */
const LATE_SECONDS = 5;

const STATES: Readonly<Record<string, string>> = {
  wait_bgsave: "waits for its image",
  send_bulk: "gets its image",
  online: "online",
  bg_transfer: "gets its image",
};

export function topologyOf(info: Info, works: readonly Work[]): Topology {
  const offset = figure(info, "master_repl_offset") ?? 0;
  const isReplica = info.role === "slave";
  const replicas = Object.entries(info)
    .filter(([name]) => /^slave\d+$/.test(name))
    .map(([, text]) => replicaOf(partsOf(text), offset, works));
  const former = info.master_replid2 ?? "";
  return {
    role: isReplica ? "replica" : "master",
    offset,
    master: isReplica ? masterOf(info, works) : null,
    masterError: info.master_link_error ?? null,
    downSeconds: figure(info, "master_link_down_since_seconds"),
    replicas,
    isReadOnly: info.slave_read_only === "1",
    failover: info.master_failover_state ?? "no-failover",
    history: info.master_replid ?? "",
    formerHistory: NO_HISTORY.test(former) ? null : former,
    formerOffset: NO_HISTORY.test(former) ? null : figure(info, "second_repl_offset"),
    backlog:
      info.repl_backlog_active === "1"
        ? {
            size: figure(info, "repl_backlog_size") ?? 0,
            held: figure(info, "repl_backlog_histlen") ?? 0,
            first: figure(info, "repl_backlog_first_byte_offset") ?? 0,
          }
        : null,
  };
}

/** [::1]:6379 where the host has colons itself. */
export function addressOfServer(host: string, port: number | string): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

function replicaOf(fields: Info, ourOffset: number, works: readonly Work[]): Peer {
  const host = fields.ip ?? "";
  const port = figure(fields, "port") ?? 0;
  const state = fields.state ?? "";
  const isOnline = state === "online";
  const offset = isOnline ? figure(fields, "offset") : null;
  const lag = figure(fields, "lag");
  const subjects = [`${host}:${port}`, addressOfServer(host, port)];
  return {
    address: addressOfServer(host, port),
    host,
    port,
    role: "replica",
    state: STATES[state] ?? state,
    health: !isOnline ? "busy" : (lag ?? 0) > LATE_SECONDS ? "bad" : "good",
    offset,
    lagBytes: offset === null ? null : Math.max(0, ourOffset - offset),
    lagSeconds: isOnline ? lag : null,
    work: works.find(({ kind, subject }) => kind === "sync-send" && subjects.includes(subject)) ?? null,
  };
}

function masterOf(info: Info, works: readonly Work[]): Peer {
  const host = info.master_host ?? "";
  const port = figure(info, "master_port") ?? 0;
  const isUp = info.master_link_status === "up";
  const isSyncing = info.master_sync_in_progress === "1";
  const read = figure(info, "slave_read_repl_offset");
  const applied = figure(info, "slave_repl_offset");
  const seconds = figure(info, isSyncing ? "master_sync_last_io_seconds_ago" : "master_last_io_seconds_ago");
  return {
    address: addressOfServer(host, port),
    host,
    port,
    role: "master",
    state: isUp ? "link up" : isSyncing ? "sends its image" : "link down",
    health: isUp ? "good" : isSyncing ? "busy" : "bad",
    offset: isUp ? read : null,
    lagBytes: isUp && read !== null && applied !== null ? Math.max(0, read - applied) : null,
    lagSeconds: seconds === null || seconds < 0 ? null : seconds,
    work: works.find(({ kind }) => kind === "sync-receive" || kind === "sync-load") ?? (isSyncing ? workOfInfo(info) : null),
  };
}

/** What INFO tells of a full synchronization where REPLICANT.PROGRESS is not to be had. */
function workOfInfo(info: Info): Work {
  const total = figure(info, "master_sync_total_bytes") ?? 0;
  const done = figure(info, "master_sync_read_bytes") ?? 0;
  return {
    kind: "sync-receive",
    subject: "",
    unit: "bytes",
    done,
    total: total > 0 ? total : null,
    percent: total > 0 ? (done / total) * 100 : null,
    rate: null,
    bytes: done,
    bytesRate: null,
    seconds: 0,
    left: null,
  };
}
