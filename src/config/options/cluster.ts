/** The directives of Redis Cluster. */

import { checkHostName, checkNodeName } from "../checks.ts";
import { defaultOnly, FIXED, HIDDEN, unused } from "../directive.ts";
import { bool, count, longCount, memory, oneOf, optionalText, path, port } from "../kinds.ts";
import { UINT64_MAX } from "../numbers.ts";

/** Redis Cluster. All of it waits unused while cluster-enabled is no. */
export const CLUSTER = {
  "cluster-enabled": defaultOnly(bool, "no", "Be a node of a cluster", FIXED),
  "cluster-config-file": unused(path(), "nodes.conf", "File in which a node keeps what it knows of the cluster", FIXED),
  "cluster-port": unused(port, "0", "Port of the cluster bus; 0 for port + 10000", FIXED),
  "cluster-node-timeout": unused(longCount, "15000", "Milliseconds of silence after which a node counts as down"),
  "cluster-ping-interval": unused(longCount, "0", "Milliseconds between pings, for tests", HIDDEN),
  "cluster-replica-validity-factor": unused(count, "10", "How old a replica's data may be to take over", "cluster-slave-validity-factor"),
  "cluster-replica-no-failover": unused(bool, "no", "Never take over from a failed master", "cluster-slave-no-failover"),
  "cluster-migration-barrier": unused(count, "1", "Replicas a master keeps when others move to one without"),
  "cluster-allow-replica-migration": unused(bool, "yes", "Let replicas move to masters without one"),
  "cluster-require-full-coverage": unused(bool, "yes", "Refuse queries while some slots have no owner"),
  "cluster-allow-reads-when-down": unused(bool, "no", "Answer reads while the cluster is down"),
  "cluster-allow-pubsubshard-when-down": unused(bool, "yes", "Serve sharded channels while the cluster is down"),
  "cluster-link-sendbuf-limit": unused(memory(0, UINT64_MAX), "0", "Bytes that may wait on one link of the bus; 0 for no limit"),
  "cluster-announce-ip": unused(optionalText(), "", "Address this node gives others"),
  "cluster-announce-port": unused(port, "0", "Client port this node gives others; 0 for port"),
  "cluster-announce-tls-port": unused(port, "0", "TLS port this node gives others; 0 for tls-port"),
  "cluster-announce-bus-port": unused(port, "0", "Bus port this node gives others; 0 for its own"),
  "cluster-announce-hostname": unused(optionalText(checkHostName), "", "Host name this node gives clients"),
  "cluster-announce-human-nodename": unused(optionalText(checkNodeName), "", "Name of this node in logs"),
  "cluster-preferred-endpoint-type": unused(oneOf(["ip", "hostname", "unknown-endpoint"]), "ip", "What redirections send clients to"),
} as const;
