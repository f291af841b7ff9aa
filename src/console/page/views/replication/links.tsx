/** The picture in words: a row for each link. */

import { Empty } from "../../components/notice.tsx";
import { type Column, Table } from "../../components/table.tsx";
import { bytes, count } from "../../format.ts";
import { wordsOfWork } from "../../live/work-line.tsx";
import type { Peer, Topology } from "./topology.ts";

const BADGES = { good: "good", busy: "warn", bad: "bad" } as const;

const COLUMNS: readonly Column<Peer>[] = [
  {
    id: "address",
    label: "Server",
    by: ({ address }) => address,
    cell: ({ host, port, address }) => <code>{port === 0 ? host : address}</code>,
  },
  {
    id: "role",
    label: "It is",
    by: ({ role }) => role,
    cell: ({ role, port }) => (port === 0 ? "a replica without a port" : <span class="nowrap">our {role}</span>),
  },
  {
    id: "state",
    label: "State",
    by: ({ state }) => state,
    cell: ({ state, health }) => <span class={`badge ${BADGES[health]}`}>{state}</span>,
  },
  {
    id: "offset",
    label: "Offset",
    isNumber: true,
    by: ({ offset }) => offset ?? -1,
    cell: ({ offset }) => (offset === null ? "–" : count(offset)),
  },
  {
    id: "bytes",
    label: "Behind",
    isNumber: true,
    by: ({ lagBytes }) => lagBytes ?? -1,
    cell: ({ lagBytes, role }) =>
      lagBytes === null ? "–" : <span class="nowrap">{`${bytes(lagBytes)}${role === "master" ? " to apply" : ""}`}</span>,
  },
  {
    id: "seconds",
    label: "Heard",
    isNumber: true,
    by: ({ lagSeconds }) => lagSeconds ?? -1,
    cell: ({ lagSeconds }) => (lagSeconds === null ? "–" : <span class="nowrap">{lagSeconds} s ago</span>),
  },
  {
    id: "work",
    label: "Full synchronization",
    cell: ({ work }) =>
      work === null ? (
        "–"
      ) : (
        <>
          <progress aria-label="Full synchronization" max={100} {...(work.percent === null ? {} : { value: work.percent })} />{" "}
          {wordsOfWork(work)}
        </>
      ),
  },
];

export function Links({ topology: { master, replicas } }: { readonly topology: Topology }) {
  const peers = [...(master === null ? [] : [master]), ...replicas];
  if (peers.length === 0) return <Empty>No replica is connected, and this server is not a replica of another one.</Empty>;
  return <Table caption="Links with other servers" columns={COLUMNS} rows={peers} rowKey={({ address }, index) => `${address} ${index}`} />;
}
