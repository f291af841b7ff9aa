/** Series of each client: what CLIENT LIST tells, gathered in slices. */

import { setImmediate as nextTick } from "node:timers/promises";
import type { ServerParts } from "../execution/server-parts.ts";
import { clientFields } from "../session/client-info.ts";
import type { Session } from "../session/session.ts";
import { type Exposition, labels } from "./exposition.ts";

/** How long a slice may be, in ms. */
const SLICE_MS = 1;

/** Which field of CLIENT LIST each series shows. */
const SERIES = [
  ["output_buffer_memory_usage_bytes", "omem"],
  ["total_memory_consumed_bytes", "tot-mem"],
  ["created_at_timestamp", "age"],
  ["idle_since_timestamp", "idle"],
  ["channel_subscriptions_count", "sub"],
  ["pattern_matching_subscriptions_count", "psub"],
  ["query_buffer_length_bytes", "qbuf"],
  ["query_buffer_free_space_bytes", "qbuf-free"],
  ["output_buffer_length_bytes", "obl"],
  ["output_list_length", "oll"],
  ["shard_channel_subscriptions_count", "ssub"],
] as const;

interface Client {
  /** Who it is, in the series of redis_exporter 1.88, and in those of 1.45. */
  readonly info: string | null;
  readonly details: string | null;
  readonly own: string | null;
  /** In the order of SERIES. */
  readonly values: readonly number[];
}

/** export-client-list; `ports`: export-client-port. */
export async function addClients(out: Exposition, server: ServerParts, { ports }: { readonly ports: boolean }): Promise<void> {
  const clients: Client[] = [];
  let end = performance.now() + SLICE_MS;
  for (const session of [...server.clients]) {
    if (session.counted === null) continue; // it has gone meanwhile
    clients.push(clientOf(session, server, ports));
    if (performance.now() < end) continue;
    await nextTick();
    end = performance.now() + SLICE_MS;
  }
  out.family("redis_connected_client_info", "gauge", "A client");
  for (const { info } of clients) if (info !== null) out.sample(info, 1);
  out.family("redis_connected_clients_details", "gauge", "A client, as redis_exporter 1.45 has it");
  // Clients that do not differ in these labels are one series.
  for (const details of new Set(clients.map(({ details }) => details))) if (details !== null) out.sample(details, 1);
  for (const [index, [name, field]] of SERIES.entries()) {
    out.family(`redis_connected_client_${name}`, "gauge", `${field} of CLIENT LIST`);
    for (const { own, values } of clients) if (own !== null) out.sample(own, values[index] ?? 0);
  }
}

function clientOf(session: Session, server: ServerParts, ports: boolean): Client {
  const { now } = server.keyspace;
  const blocked = server.blocked.requestOf(session);
  const behind = server.replication.replicas.behind(session);
  const fields = new Map(clientFields(session, now, { blocked, behind }));
  const word = (name: string) => String(fields.get(name) ?? "");
  const number = (name: string) => Number(fields.get(name) ?? 0);
  const second = Math.floor(now / 1000);
  const values = SERIES.map(([, field]) => (field === "age" || field === "idle" ? second - number(field) : number(field)));
  const address = word("addr");
  const colon = address.lastIndexOf(":");
  const place = { host: address.slice(0, colon), ...(ports ? { port: address.slice(colon + 1) } : {}) };
  const own = { id: word("id"), name: word("name") };
  const common = { flags: word("flags"), db: word("db"), ...place };
  return {
    own: labels(own),
    info: labels({ ...own, ...common, user: word("user"), resp: word("resp") }),
    details: labels({
      name: own.name,
      created_at: String(second - number("age")),
      idle_since: String(second - number("idle")),
      ...common,
      omem: word("omem"),
      cmd: word("cmd"),
    }),
    values,
  };
}
