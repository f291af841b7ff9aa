/** The directives of masters and replicas. */

import { directive, ignored, SECRET } from "../directive.ts";
import { bool, count, integer, longCount, memory, oneOf, optionalText, port } from "../kinds.ts";
import { INT_MAX, INT64_MAX } from "../numbers.ts";
import { masterAddress } from "../special-kinds.ts";

/** Masters and replicas. */
export const REPLICATION = {
  // Fixed in the eyes of CONFIG SET only: REPLICAOF changes it while the server runs.
  replicaof: directive(masterAddress, "no one", "Be a replica of the master at this address", { mutable: false, alias: "slaveof" }),
  masteruser: directive(optionalText(), "", "User to log in to the master as", SECRET),
  masterauth: directive(optionalText(), "", "Password to log in to the master with", SECRET),
  "replica-serve-stale-data": directive(bool, "yes", "Answer clients while the link to the master is down", "slave-serve-stale-data"),
  "replica-read-only": directive(bool, "yes", "Refuse writes from clients of a replica", "slave-read-only"),
  "replica-lazy-flush": directive(bool, "no", "Free a replica's old data in the background on full sync", "slave-lazy-flush"),
  "replica-ignore-maxmemory": directive(bool, "yes", "Do not apply maxmemory on a replica", "slave-ignore-maxmemory"),
  "replica-ignore-disk-write-errors": ignored(bool, "no", "a replica always goes on when writing to disk fails"),
  "replica-priority": directive(count, "100", "Sentinel promotes the lowest; 0 is never promoted", "slave-priority"),
  "replica-announced": directive(bool, "yes", "Whether Sentinel tells others of this replica"),
  "replica-announce-ip": directive(optionalText(), "", "Address that this replica gives its master", "slave-announce-ip"),
  "replica-announce-port": directive(port, "0", "Port that this replica gives its master; 0 for port", "slave-announce-port"),
  "repl-timeout": directive(integer(1, INT_MAX), "60", "Seconds of silence after which a replication link counts as dead"),
  "repl-ping-replica-period": directive(integer(1, INT_MAX), "10", "Seconds between pings to replicas", "repl-ping-slave-period"),
  "repl-disable-tcp-nodelay": directive(bool, "no", "Save packets to replicas at the price of delay"),
  "repl-backlog-size": directive(
    memory(1, INT64_MAX, 16384n),
    "1048576",
    "Bytes of writes kept for replicas that reconnect; at least 16kb",
  ),
  "repl-backlog-ttl": directive(longCount, "3600", "Seconds the backlog is kept without replicas; 0 for ever"),
  "repl-diskless-sync": directive(bool, "yes", "Send full synchronizations straight to the sockets"),
  "repl-diskless-sync-delay": directive(count, "5", "Seconds to wait for more replicas before a full synchronization"),
  "repl-diskless-sync-max-replicas": directive(count, "0", "How many waiting replicas end that wait at once; 0 for none"),
  "repl-diskless-load": directive(oneOf(["disabled", "on-empty-db", "swapdb"]), "disabled", "When a replica loads without a file", {
    denyWhileLoading: true,
  }),
  "repl-rdb-channel": directive(
    bool,
    "no",
    "Full synchronizations with a connection for the image and one for the stream",
    "dual-channel-replication-enabled",
  ),
  "replica-full-sync-buffer-limit": directive(
    memory(0, INT64_MAX),
    "0",
    "Bytes of the stream kept in memory while an image loads, others in a file; 0: the output limit",
  ),
  "min-replicas-to-write": directive(count, "0", "Refuse writes with fewer good replicas than this", "min-slaves-to-write"),
  "min-replicas-max-lag": directive(count, "10", "Seconds of lag up to which a replica is good", "min-slaves-max-lag"),
  "readyz-max-lag": directive(count, "0", "Seconds of silence of its master from which a replica is not ready in /readyz; 0 for no limit"),
  "readyz-max-lag-bytes": directive(
    memory(0, INT64_MAX),
    "0",
    "Bytes of its master's stream, received and not run, from which a replica is not ready in /readyz; 0 for no limit",
  ),
  "propagation-error-behavior": ignored(
    oneOf(["ignore", "panic", "panic-on-replicas"]),
    "ignore",
    "a replica whose master sends what fails here gives the link up and synchronizes anew",
  ),
} as const;
