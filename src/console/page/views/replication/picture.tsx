/** A picture of who sends to whom; the table below it says the same. */

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { bytes } from "../../format.ts";
import type { Peer, Topology } from "./topology.ts";

const WIDTH = 216;
const HEIGHT = 84;
const GAP = 20;
/** Between rows, where the lines run. */
const ROW_GAP = 44;
const MOST_ROWS = 3;

interface Box {
  readonly x: number;
  readonly y: number;
}

export function Picture({ topology, here }: { readonly topology: Topology; readonly here: string }) {
  const frame = useRef<HTMLDivElement>(null);
  const room = useSignal(0);
  useEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const watcher = new ResizeObserver(() => (room.value = element.clientWidth));
    watcher.observe(element);
    return () => watcher.disconnect();
  }, []);
  return (
    <div ref={frame} class="topology">
      {room.value === 0 ? null : <Drawing topology={topology} here={here} room={room.value} />}
    </div>
  );
}

function Drawing({ topology, here, room }: { readonly topology: Topology; readonly here: string; readonly room: number }) {
  const { master, replicas, role } = topology;
  const columns = Math.max(1, Math.min(replicas.length, Math.floor((room + GAP) / (WIDTH + GAP))));
  const drawn = replicas.slice(0, columns * MOST_ROWS);
  const rows = Math.ceil(drawn.length / columns);
  const width = Math.max(columns * (WIDTH + GAP) - GAP, WIDTH) + 4;
  const above = master === null ? 0 : HEIGHT + ROW_GAP;
  const height = above + HEIGHT + rows * (HEIGHT + ROW_GAP) + 4;
  const middle = (width - WIDTH) / 2;
  const us: Box = { x: middle, y: above + 2 };
  const placeOf = (index: number): Box => {
    const row = Math.floor(index / columns);
    const inRow = Math.min(columns, drawn.length - row * columns);
    const left = (width - (inRow * (WIDTH + GAP) - GAP)) / 2;
    return { x: left + (index % columns) * (WIDTH + GAP), y: us.y + (row + 1) * (HEIGHT + ROW_GAP) };
  };
  const summary = `${master === null ? "" : `${master.address} is the master, ${master.state}. `}${here} is a ${role}. ${replicas.length} replicas below it.`;
  return (
    <>
      <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`} role="img" aria-label={summary}>
        {master === null ? null : <Arrow from={{ x: middle, y: 2 }} to={us} health={master.health} />}
        {drawn.map((peer, index) => (
          <Arrow key={`${peer.address} ${index}`} from={us} to={placeOf(index)} health={peer.health} />
        ))}
        {master === null ? null : <PeerBox peer={master} at={{ x: middle, y: 2 }} />}
        <ServerBox at={us} health="here" lines={[here, `this server, ${role}`, `offset ${topology.offset}`]} part={null} />
        {drawn.map((peer, index) => (
          <PeerBox key={`${peer.address} ${index}`} peer={peer} at={placeOf(index)} />
        ))}
      </svg>
      {drawn.length < replicas.length ? <p class="soft">{replicas.length - drawn.length} more replicas are in the table below.</p> : null}
    </>
  );
}

function PeerBox({ peer, at }: { readonly peer: Peer; readonly at: Box }) {
  const { role, port, address, host, state, lagBytes, lagSeconds, work } = peer;
  const name = port === 0 ? `${host} (no port)` : address;
  const percent = work?.percent ?? null;
  const speed = work === null ? null : work.unit === "bytes" ? work.rate : work.bytesRate;
  const behind = [
    lagBytes === null ? null : `${bytes(lagBytes)} ${role === "master" ? "to apply" : "behind"}`,
    lagSeconds === null ? null : `${lagSeconds} s`,
  ].filter((part) => part !== null);
  const third =
    work === null
      ? behind.join(", ")
      : `${percent === null ? bytes(work.bytes ?? work.done) : `${percent.toFixed(0)}%`}${speed === null ? "" : `, ${bytes(Math.round(speed))}/s`}`;
  return <ServerBox at={at} health={peer.health} lines={[name, `${role}, ${state}`, third]} part={percent} />;
}

interface ServerBoxProps {
  readonly at: Box;
  readonly health: Peer["health"] | "here";
  readonly lines: readonly string[];
  /** Percent of a full synchronization. */
  readonly part: number | null;
}

/** Letters that fit into a box. */
const FITTING = 28;

function ServerBox({ at: { x, y }, health, lines, part }: ServerBoxProps) {
  return (
    <g transform={`translate(${x} ${y})`} class={`server ${health}`}>
      <title>{lines.join("\n")}</title>
      <rect width={WIDTH} height={HEIGHT} rx="8" />
      {lines.map((line, index) => (
        <text key={String(index)} x="14" y={25 + index * 21} class={index === 0 ? "name" : undefined}>
          {line.length > FITTING ? `${line.slice(0, FITTING - 1)}…` : line}
        </text>
      ))}
      {part === null ? null : <rect class="part" x="14" y={HEIGHT - 10} height="4" rx="2" width={((WIDTH - 28) * part) / 100} />}
    </g>
  );
}

function Arrow({ from, to, health }: { readonly from: Box; readonly to: Box; readonly health: Peer["health"] }) {
  const start = { x: from.x + WIDTH / 2, y: from.y + HEIGHT };
  const end = { x: to.x + WIDTH / 2, y: to.y };
  const turn = end.y - ROW_GAP / 2;
  return (
    <g class={`line ${health}`}>
      <path d={`M${start.x} ${start.y}V${turn}H${end.x}V${end.y - 6}`} />
      <path class="head" d={`M${end.x - 5} ${end.y - 8}L${end.x} ${end.y - 1}L${end.x + 5} ${end.y - 8}Z`} />
    </g>
  );
}
