import { SessionKind } from "../../../session/session.ts";
import type { Section } from "./section.ts";

/** The connected clients. Tracking is not supported. */
export const CLIENTS: Section = {
  names: ["clients"],
  title: "Clients",
  shown: "default",
  write(out, server) {
    const { blocked, keyspace } = server;
    let replicas = 0;
    let longestInput = 0;
    let longestOutput = 0;
    for (const { kind, link } of server.clients) {
      if (kind === SessionKind.REPLICA) replicas++;
      longestInput = Math.max(longestInput, link.inputBytes);
      longestOutput = Math.max(longestOutput, link.outputBytes);
    }
    out.add("connected_clients", server.clients.count - replicas);
    out.add("cluster_connections", 0);
    out.add("maxclients", server.config.values.maxclients);
    out.add("client_recent_max_input_buffer", longestInput);
    out.add("client_recent_max_output_buffer", longestOutput);
    out.add("blocked_clients", blocked.count);
    out.add("tracking_clients", 0);
    out.add("clients_in_timeout_table", blocked.timedCount);
    out.add("total_blocking_keys", keyspace.blocked.keyCount);
    out.add("total_blocking_keys_on_nokey", keyspace.blocked.goneCount);
  },
};
